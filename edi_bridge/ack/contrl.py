"""CONTRL, the syntax and service report: findings → UCI, UCF, UCM, UCS and UCD.

Syntax 1 to 3 are answered by CONTRL D:3, syntax 4 by CONTRL 4:1 (ISO 9735-4). What the standard asks for, and what follows:

- 0083 is 4 (this level and all below rejected), 7 (acknowledged, and what is below unless it is rejected explicitly) or 8 (the
  interchange was received). What is not reported is acknowledged, so only rejected messages and their groups are reported.
- Each segment carries one error (0085): the first that was found at its level. There is no "accepted with errors": a message
  that is accepted is not reported at all, what was found in it goes to people.
- 0096 counts segments from UNH = 1; of a missing segment it is the number of the last one before it. 0098 counts the tag as
  1, so the first element is 2; 0104 and 0136 count from 1.
- 0020, S002, S003, 0048 and 0062, S009 are copied as they were received. Where a value that must be copied is missing or cannot
  stand there, there is no legal CONTRL: the error is told by other means (`obstacle`).
- It is never sent for an interchange that holds nothing but CONTRL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from edi_bridge.ack.subject import (
    SEPARATOR,
    GroupLine,
    Line,
    at,
    elements,
    legal,
    of_message,
    segment,
)
from edi_bridge.finding import KINDS, Finding, Level, Verdict
from edi_bridge.interchange import Interchange, Message, MessageType, Position

REJECTED, ACKNOWLEDGED, RECEIVED = "4", "7", "8"  # 0083
UNSPECIFIED = "18"  # 0085
UCS_MOST, UCD_MOST = 999, 99
S009 = (6, 3, 3, 2, 6), (6, 3, 3, 3, 6, 6, 6)  # the lengths of its components in syntax 1 to 3 and in 4: 0065, 0052, 0054, 0051 …
MANDATORY = 4  # of them
MISSING = ("missing_segment", "too_few_repeats", "too_few_group_repeats")

# the service segment that is at fault (0013, 0135) where the finding's place does not name it
SERVICE = {"bad_service_string": "UNA", "bad_header": "UNB", "syntax_unsupported": "UNB", "unknown_partner": "UNB",
           "not_for_us": "UNB", "duplicate_interchange": "UNB", "test_on_live": "UNB", "character_set_unsupported": "UNB",
           "missing_trailer": "UNZ", "interchange_reference_mismatch": "UNZ", "interchange_count_mismatch": "UNZ",
           "missing_group_trailer": "UNE", "group_reference_mismatch": "UNE", "group_count_mismatch": "UNE",
           "bad_group_header": "UNG", "duplicate_group_reference": "UNG", "unknown_group_kind": "UNG",
           "missing_message_trailer": "UNT", "message_reference_mismatch": "UNT", "segment_count_mismatch": "UNT",
           "bad_message_header": "UNH", "duplicate_message_reference": "UNH", "unknown_message_type": "UNH", "no_map": "UNH",
           "no_agreement": "UNH", "message_too_large": "", "message_suspended": ""}

# ISO 9735-4, 0135: which service segments each level of the answer may name
OF_LEVEL = {Level.INTERCHANGE: ("UNA", "UNB", "UNZ"), Level.GROUP: ("UNG", "UNE"), Level.MESSAGE: ("UNH", "UNT")}

# the composites of the service segments: 0104 counts components, a stand-alone element has none (ISO 9735-4, note to S011)
COMPOSITES = {"UNB": (1, 2, 3, 4, 6), "UNG": (2, 3, 4, 7), "UNH": (2, 4, 5, 6, 7)}

# the element at fault where the finding's place does not name it: kind → (element after the tag, component or 0)
PLACES = {"not_for_us": (3, 0), "unknown_partner": (2, 0), "duplicate_interchange": (5, 0), "test_on_live": (11, 0),
          "character_set_unsupported": (1, 1), "no_map": (2, 0), "unknown_message_type": (2, 0), "no_agreement": (2, 0)}


def message_type(interchange: Interchange) -> MessageType:
    """Which CONTRL answers it: D:3 for syntax 1 to 3, 4:1 for syntax 4."""
    return MessageType("edifact", "41" if version(interchange) == "4" else "D3", "CONTRL")


def version(interchange: Interchange) -> str:
    """The syntax version that is answered; 3 where the header does not say a known one."""
    said = interchange.syntax.partition(":")[2][:1]
    return said if said in ("1", "2", "3", "4") else "3"


def obstacle(interchange: Interchange) -> str:
    """Why no CONTRL can be written for it, in a sentence; '' when one can."""
    if not interchange.header.startswith("UNB"):
        return "it is a dialogue (UIB)" if interchange.header.startswith("UIB") else "it has no header (UNB)"
    for name, value, most in (("sender (S002)", interchange.sender.id, 35), ("recipient (S003)", interchange.receiver.id, 35),
                              ("reference (0020)", interchange.control, 14)):
        if not legal(value, most):
            return f"its {name} is {'not a value of the standard' if value else 'missing'}, and a CONTRL must carry it"
    routing = 35 if version(interchange) == "4" else 14
    for name, address in (("sender's", interchange.sender), ("recipient's", interchange.receiver)):
        for part, value, most in (("qualifier (0007)", address.qualifier, 4), ("internal address", address.internal, routing)):
            if value and not legal(value, most):
                return f"the {name} {part} is not a value of the standard, and a CONTRL must carry it"
    return ""


def line(message: Message, header: Sequence[Sequence[str]], findings: Sequence[Finding], verdict: Verdict,
         interchange: Interchange) -> Line:
    """What CONTRL will say of a message whose UNH is `header`; `findings` are those that count, of its syntax only."""
    fault: tuple[str, ...] = ()
    notes: list[str] = []
    if verdict is Verdict.REJECTED:
        whole = next((one for one in findings if of_message(one) and one.kind != "message_suspended"), None)
        if whole is not None:
            fault = _fault(whole, Level.MESSAGE, interchange)
        notes = list(_notes(findings, message, interchange))
    identifier = tuple(header[2][:len(S009[version(interchange) == "4"])]) if len(header) > 2 else ()
    return Line(message.ordinal, message.reference, identifier, message.group.ordinal if message.group else 0, verdict, fault,
                SEPARATOR.join(notes))


def unnameable(line: Line, interchange: Interchange) -> bool:
    """Whether a rejected message cannot be named in a UCM: 0062 and S009 are copied from its UNH."""
    if not legal(line.reference, 14) or len(line.identifier) < MANDATORY:
        return True
    lengths = S009[version(interchange) == "4"]
    return not all(legal(one, most) or (not one and number >= MANDATORY)
                   for number, (one, most) in enumerate(zip(line.identifier, lengths, strict=False)))


def receipt(interchange: Interchange) -> list[str]:
    """That the interchange was received, and no more: UCI with 0083 = 8."""
    return [_uci(interchange, (RECEIVED,))]


def report(interchange: Interchange, verdict: Verdict, findings: Sequence[Finding], lines: Iterable[Line],
           groups: Sequence[GroupLine]) -> list[str]:
    """The segments between UNH and UNT. `findings` are those on the interchange and its header and trailer, `lines` the rejected
    messages; `verdict` is that on the whole interchange."""
    below = list(_below(interchange, lines, groups, condemned=verdict is Verdict.REJECTED))
    answer: tuple[str | tuple[str, ...], ...] = (ACKNOWLEDGED,)
    if verdict is Verdict.REJECTED:
        guilty = next(iter(findings), None)
        fault = _fault(guilty, Level.INTERCHANGE, interchange) if guilty else () if below else (UNSPECIFIED,)
        answer = (REJECTED, *_placed(fault))
    return [_uci(interchange, answer), *below]


def _below(interchange: Interchange, lines: Iterable[Line], groups: Sequence[GroupLine], *, condemned: bool) -> Iterator[str]:
    """What is reported of groups and messages: where the interchange is rejected itself (`condemned`), only the faulty ones."""
    of_group: dict[int, list[Line]] = {}
    for one in lines:
        if one.verdict is Verdict.REJECTED:
            of_group.setdefault(one.group, []).append(one)
    for one in of_group.get(0, ()):
        yield from _ucm(one, interchange)
    for group in groups:
        inside = of_group.get(group.group.ordinal, ())
        if inside or group.findings or (group.verdict is Verdict.REJECTED and not condemned):
            yield _ucf(group, interchange)
            for one in inside:
                yield from _ucm(one, interchange)


def _uci(interchange: Interchange, answer: Sequence[str | Sequence[str]]) -> str:
    sender, receiver = interchange.sender, interchange.receiver
    return segment(interchange, "UCI", interchange.control, (sender.id, sender.qualifier, sender.internal),
                   (receiver.id, receiver.qualifier, receiver.internal), *answer)


def _ucf(line: GroupLine, interchange: Interchange) -> str:
    rows = elements(line.group.header, interchange.delimiters)
    answer: tuple[str | tuple[str, ...], ...] = (ACKNOWLEDGED,)
    if line.verdict is Verdict.REJECTED:
        answer = (REJECTED, *(_placed(_fault(line.findings[0], Level.GROUP, interchange)) if line.findings else ()))
    sender, receiver = (rows[number][:2] if number < len(rows) else [""] for number in (2, 3))
    return segment(interchange, "UCF", at(rows, 5), sender, receiver, *answer)


def _ucm(line: Line, interchange: Interchange) -> list[str]:
    return [segment(interchange, "UCM", line.reference, line.identifier, REJECTED, *_placed(line.fault)), *line.segments]


def group_obstacle(line: GroupLine, interchange: Interchange) -> str:
    """Why a group cannot be named in a UCF: 0048, S006 and S007 are copied from its UNG. '' when it can."""
    rows = elements(line.group.header, interchange.delimiters)
    for name, value, most in (("reference (0048)", at(rows, 5), 14), ("sender (S006)", at(rows, 2), 35),
                              ("recipient (S007)", at(rows, 3), 35)):
        if not legal(value, most) and not (version(interchange) == "4" and not value and "0048" not in name):
            return f"the {name} of group {line.group.ordinal} is {'not a value of the standard' if value else 'missing'}"
    if any(one and not legal(one, 4) for row in rows[2:4] for one in row[1:]):
        return f"a qualifier (0007) of group {line.group.ordinal} is not a value of the standard"
    return ""


def _fault(finding: Finding, level: Level, interchange: Interchange) -> tuple[str, ...]:
    """(0085, service segment, 0098, 0104) of a finding on a header, a trailer or what they hold together."""
    code = KINDS[finding.kind].syntax_error(version(interchange)) or UNSPECIFIED
    place = finding.position
    lost = finding.kind.startswith("missing_")  # its place is where that was noticed
    tag = place.tag if place.tag in OF_LEVEL[level] and not lost else SERVICE.get(finding.kind, "")
    if tag not in OF_LEVEL[level]:
        return (code,)
    element, component = (place.element, place.component) if place.tag == tag and place.element else PLACES.get(finding.kind, (0, 0))
    if not element or tag == "UNA":
        return (code, tag)
    return (code, tag, str(element + 1), str(component)) if component and element in COMPOSITES.get(tag, ()) else (code, tag, str(element + 1))


def _placed(fault: tuple[str, ...]) -> tuple[str | tuple[str, ...], ...]:
    """`_fault` as elements: S011 is a composite."""
    return (*fault[:2], fault[2:]) if len(fault) > 2 else fault


def _notes(findings: Sequence[Finding], message: Message, interchange: Interchange) -> Iterator[str]:
    """UCS and UCD: each faulty segment once with what is wrong with its elements, each fault of a whole segment for itself."""
    inside = sorted((one for one in findings if not of_message(one)), key=_number)
    written, last, noted = 0, 0, 0
    for finding in inside:
        number, place = _number(finding), finding.position
        code = KINDS[finding.kind].syntax_error(version(interchange)) or UNSPECIFIED
        if place.element is None:
            if written < UCS_MOST:
                yield segment(interchange, "UCS", str(number), code)
            written, last = written + 1, 0  # what follows in this segment needs its own UCS: this one has its error
            continue
        if number != last:
            if written < UCS_MOST:
                yield segment(interchange, "UCS", str(number))
            written, last, noted = written + 1, number, 0
        if written <= UCS_MOST and noted < UCD_MOST:
            yield segment(interchange, "UCD", code, _s011(finding, message, interchange))
        noted += 1


def _number(finding: Finding) -> int:
    """0096: the segment's number, or that of the last one before a missing one."""
    number = finding.position.segment or 1
    return max(number - 1, 1) if finding.kind in MISSING and finding.position.element is None else number


def _s011(finding: Finding, message: Message, interchange: Interchange) -> tuple[str, ...]:
    """0098, 0104 and, in syntax 4, 0136, of which a place has one at most (ISO 9735-4: D4 of 0104 and 0136).

    0104 is for components alone. Who reads bytes counts the only value of an element as its component 1; where no guide has said
    that it is one (`id`), the element is named."""
    place = finding.position
    element = str((place.element or 0) + 1)
    if place.component and not _stands_alone(place, message):
        return (element, str(place.component))
    if place.repetition and version(interchange) == "4":
        return (element, "", str(place.repetition))
    return (element,)


def _stands_alone(place: Position, message: Message) -> bool:
    """Whether a component 1 is the only value of its element and nothing says that the element is a composite."""
    if place.component != 1 or place.id or not 0 < (place.segment or 0) <= len(message.segments):
        return False
    return not message.value(place.segment or 0, place.element or 0, 2)
