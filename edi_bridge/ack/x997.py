"""997 and 999: what became of one functional group and of each transaction set in it (X12.20, X12.61).

Both have the same shape: AK1 · for each set AK2, its faulty segments (AK3/IK3) with their faulty elements (AK4/IK4), AK5/IK5 ·
AK9. A 999 has code lists of its own, which also know an implementation guide, and CTX: here the number of the business document.

- AK501/IK501 is A, E (accepted, errors were noted) or R; AK502 to AK506 hold up to five codes, each once.
- AK901 is A, E, R or P (some sets were rejected); AK902 is what GE01 counts, AK903 what was received, AK904 what was accepted.
- A position counts from ST = 1; that of a missing segment is the one where it should have stood. Elements count from 1.
- AK404 copies the bad value only where it is legal in its own place: 1 to 99 printable ASCII characters, no delimiter.
- From 005010 on AK103 names the group's version and AK203 the implementation convention of ST03.
- Neither is answered by a 997 or 999.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from edi_bridge.ack.subject import (
    SEPARATOR,
    GroupLine,
    Line,
    at,
    document,
    elements,
    fits,
    is_business,
    of_message,
    segment,
)
from edi_bridge.finding import KINDS, Finding, Level, Verdict
from edi_bridge.interchange import Interchange, Message, MessageType

NEWER = "005010"  # from this release on there is a 999, AK103, AK203 and the place of a repetition
SETS = {Verdict.ACCEPTED: "A", Verdict.WITH_ERRORS: "E", Verdict.REJECTED: "R"}  # 717
IN_ERROR, AGAINST_GUIDE = IN_SEGMENTS = "5", "I5"  # 718 and 618; 618 only
HAS_FAULTY_ELEMENTS = "8"  # 720 and 620
CODES_MOST, ELEMENTS_MOST, SEGMENTS_MOST = 5, 99, 10_000  # the last is ours: nobody reads more
HIPAA_999 = "X231A1"  # the implementation guide of the 999 that answers groups with one of theirs


@dataclass(frozen=True, slots=True)
class Form:
    """What distinguishes the two: their segments, and the data elements of their codes."""

    name: str
    segment: str
    element: str
    trailer: str
    set_code: str
    segment_code: str
    element_code: str


FORMS = {"997": Form("997", "AK3", "AK4", "AK5", "718", "720", "723"), "999": Form("999", "IK3", "IK4", "IK5", "618", "620", "621")}


def message_type(name: str, version: str) -> MessageType:
    """The set that answers a group of `version` (GS08, as it stands).

    It is the very version of the group, an industry's (004010VICS) included. An X12 implementation guide (005010X222A1) however
    is one of the set answered: a 999 follows the guide for 999s, 005010X231A1, a 997 none.
    """
    release, usage = version[:6], version[6:]
    if re.match(r"X\d{3}", usage):
        usage = HIPAA_999 if name == "999" else ""
    return MessageType("x12", release, name, usage)


def obstacle(group: GroupLine, interchange: Interchange) -> str:
    """Why a group cannot be answered, in a sentence; '' when it can."""
    rows = elements(group.group.header, interchange.delimiters)
    ordinal = group.group.ordinal
    control = at(rows, 6).strip()
    if not fits(at(rows, 1).strip(), 2, interchange.delimiters, 2):
        return f"GS01 of group {ordinal} is no functional identifier, and the answer must carry it"
    if not (control.isascii() and control.isdigit() and len(control) <= 9):
        return f"GS06 of group {ordinal} is no control number, and the answer must carry it"
    for name, value in (("GS02", group.group.sender), ("GS03", group.group.receiver)):
        if not fits(value, 15, interchange.delimiters) or any(char in value for char in interchange.delimiters.released()):
            return f"{name} of group {ordinal} is no address to answer to"
    if not re.fullmatch(r"[0-9A-Z]{6,12}", group.group.version, re.ASCII):
        return f"GS08 of group {ordinal} names no version to answer in"
    return ""


def line(message: Message, header: Sequence[Sequence[str]], findings: Sequence[Finding], verdict: Verdict,
         interchange: Interchange, name: str) -> Line:
    """What a 997 or 999 (`name`) will say of a set whose ST is `header`; `findings` are those that count, of its syntax only."""
    form, release = FORMS[name], message.group.version[:6] if message.group else ""
    counted = [one for one in findings if not is_business(one)]
    noted = list(_notes(message, counted, interchange, form, release))
    codes = [_set_code(one, form, release) for one in counted]
    codes.sort(key=IN_SEGMENTS.__contains__)  # what is wrong with the set itself first: there is room for five
    fault = tuple(dict.fromkeys(code for code in codes if code))[:CODES_MOST]
    return Line(message.ordinal, at(header, 2).strip(), _identifier(at(header, 1), at(header, 3)), message.group.ordinal if message.group else 0,
                verdict, fault, SEPARATOR.join(noted))


@lru_cache(maxsize=64)
def _identifier(kind: str, convention: str) -> tuple[str, str]:
    """ST01 and ST03, one pair for all sets that share them."""
    return kind, convention


def _set_code(finding: Finding, form: Form, release: str) -> str:
    """AK502/IK502 for one finding: its own code, or that segments are in error, against the standard or against the guide."""
    kind = KINDS[finding.kind]
    if kind.level is Level.MESSAGE:
        return kind.code(form.set_code, release)
    code = kind.code(form.element_code if kind.level is Level.ELEMENT else form.segment_code, release)
    return AGAINST_GUIDE if code.startswith("I") else IN_ERROR


def report(interchange: Interchange, group: GroupLine, lines: Sequence[Line], name: str) -> list[str]:
    """The segments between ST and SE for one group; `lines` are its sets, also those that cannot be named."""
    form, header = FORMS[name], elements(group.group.header, interchange.delimiters)
    newer = group.group.version >= NEWER
    made = [segment(interchange, "AK1", at(header, 1).strip(), at(header, 6).strip(), group.group.version if newer else "")]
    accepted = 0
    for one in lines:
        condemned = group.verdict is Verdict.REJECTED
        verdict = Verdict.REJECTED if condemned else one.verdict
        accepted += verdict is not Verdict.REJECTED
        if not fits(one.identifier[0], 3, interchange.delimiters, 3) or not fits(one.reference, 9, interchange.delimiters):
            continue  # AK2 must carry both: ST was not complete, which its person is told
        convention = one.identifier[1] if newer and fits(one.identifier[1], 35, interchange.delimiters) else ""
        made.append(segment(interchange, "AK2", one.identifier[0], one.reference, convention))
        made += one.segments
        made.append(segment(interchange, form.trailer, SETS[verdict], *(one.fault if verdict is not Verdict.ACCEPTED else ())))
    made.append(_ak9(interchange, group, lines, accepted))
    return made


def _ak9(interchange: Interchange, group: GroupLine, lines: Sequence[Line], accepted: int) -> str:
    received, counted = len(lines), group.counted.strip()
    if not (counted.isascii() and counted.isdigit() and len(counted) <= 6):
        counted = str(received)
    elif not any(one.kind == "group_count_mismatch" for one in group.findings):
        received = int(counted)  # sets that are too large to be read are no lines, but they were received
    codes = [code for one in group.findings if (code := KINDS[one.kind].code("716", group.group.version[:6]))]
    noted = group.verdict is Verdict.WITH_ERRORS or any(one.verdict is Verdict.WITH_ERRORS for one in lines)
    if group.verdict is Verdict.REJECTED or (received and not accepted):
        verdict = "R"
    elif accepted < received:
        verdict = "P"
    else:
        verdict = "E" if noted else "A"
    return segment(interchange, "AK9", verdict, counted, str(received), str(accepted), *dict.fromkeys(codes[:CODES_MOST]))


def _notes(message: Message, findings: Sequence[Finding], interchange: Interchange, form: Form, release: str) -> Iterator[str]:
    """AK3 and AK4 (IK3, CTX, IK4): a faulty segment once with what is wrong with its elements, each fault of a whole segment
    for itself."""
    context = None
    last: tuple[int, str] | None = None
    segments = noted = 0
    for finding in sorted((one for one in findings if not of_message(one)), key=lambda one: one.position.segment or 0):
        place = finding.position
        number, tag = place.segment or 0, _tag(finding)
        inside = place.element is not None
        if not inside or (number, tag) != last:
            if segments == SEGMENTS_MOST or not tag or number > 999_999:
                continue
            segments, last, noted = segments + 1, (number, tag) if inside else None, 0
            code = HAS_FAULTY_ELEMENTS if inside else KINDS[finding.kind].code(form.segment_code, release)
            yield segment(interchange, form.segment, tag, str(number), _loop(place.path or ""), code)
            if form.name == "999":
                context = _context(message, interchange) if context is None else context
                if context:
                    yield context
        if inside and noted < ELEMENTS_MOST and (place.element or 0) <= 99:
            noted += 1
            yield _element(finding, interchange, form, release)


def _element(finding: Finding, interchange: Interchange, form: Form, release: str) -> str:
    place = finding.position
    where = [str(place.element), str(place.component or ""), str(place.repetition or "") if release >= NEWER else ""]
    number = place.id if place.id and place.id.isdigit() and len(place.id) <= 4 else ""
    code = KINDS[finding.kind].code(form.element_code, release) or "7"
    return segment(interchange, form.element, where, number, code, _copy(finding.value, interchange))


def _copy(value: str, interchange: Interchange) -> str:
    """The bad value where it may stand in AK404, '' where it would be an error itself."""
    value = value.rstrip()
    return value if fits(value, 99, interchange.delimiters) else ""


def _tag(finding: Finding) -> str:
    """AK301: two or three letters and digits; '' where the segment's tag is none."""
    tag = finding.position.tag or ""
    return tag if re.fullmatch(r"[A-Z0-9]{2,3}", tag, re.ASCII) else ""


def _loop(path: str) -> str:
    """AK303: the innermost loop of `{PO1}/{PID}/PID/02`, whose name is its first segment's tag."""
    loops = re.findall(r"\{([^}]*)\}", path)
    return loops[-1] if loops and len(loops[-1]) <= 4 else ""


def _context(message: Message, interchange: Interchange) -> str:
    """CTX of a 999: which business document it is, by the element that numbers it; '' where that is not known or not legal."""
    named = document(message)
    if not fits(named.number, 35, interchange.delimiters):
        return ""
    return segment(interchange, "CTX", (f"{named.tag}{named.element:02}", named.number))
