"""The path of our own records to a partner: map → envelope → check → bytes. The mirror of `pipeline`, as pure as that.

    records ─► map.write ─► syntax.build ─► syntax.read ─► guide: check ─► composed: bytes, findings

What we send is read again and checked like what we receive; where anything rejects it, there are no bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from edi_bridge import syntax
from edi_bridge.checking import Checks
from edi_bridge.fault import ConfigFault
from edi_bridge.finding import Finding, Verdict, found
from edi_bridge.interchange import (
    Address,
    AnyMessage,
    Delimiters,
    Document,
    Interchange,
    Message,
    MessageType,
    Position,
)
from edi_bridge.leaving_out import Spot, in_other_words, left_out, without_incomplete
from edi_bridge.mapping.compile import CompiledMap, Record
from edi_bridge.mapping.lookup import NOTHING, Get
from edi_bridge.mapping.written_fields import SegmentFields
from edi_bridge.mapping.xml_fields import NO_CURRENCY, ElementFields
from edi_bridge.mapping.xml_whole import made_whole
from edi_bridge.partner import verdict
from edi_bridge.syntax.xml_header import headed

SPARE = {  # what stands in for a delimiter that the data holds, best first; no letter, digit or blank, none that EDI data likes
    "element": "*|^+!%\x1d", "component": ">:\\<@\x1f", "terminator": "~'\n\x1c", "repetition": "^*!`\x1e"}
X12 = Delimiters("*", ">", "~", "", "")
LEFT_OUT = "field_not_carried"
ROUNDS = 40  # of leaving out, which mostly takes two; a message that is not right by then is refused
UNKNOWN_TIME = "1970-01-01T00:00"  # stands in a heading of which nobody said when it was prepared
Again = tuple[Iterable[AnyMessage], list[Finding]]  # an interchange read again: its messages, what its reader found
X12_REPETITION = "00402"  # ISA11 is the repetition separator from here on (X12.5)


@dataclass(frozen=True, slots=True)
class Heading:
    """What the envelope says of one sending. `prepared` is ISO 8601; `control` numbers the interchange; `delimiters` None:
    the standard's own; `characters` error, replace or other_delimiter (what becomes of characters that cannot stand)."""

    sender: Address = Address()
    receiver: Address = Address()
    control: str = "1"
    prepared: str = UNKNOWN_TIME
    test: bool = False
    syntax: str = ""  # UNOC:3, 00401; '' : what the message's version asks for
    usage: str = ""  # EAN008; X231A1
    application: str = ""
    charset: str = ""
    delimiters: Delimiters | None = None
    line_breaks: bool = False
    characters: str = "error"
    lossy: bool = False  # leave out what the message cannot say, with a note; what the message needs is never left out
    group: str = ""  # GS06; '': the control number
    asks: bool = False  # for an acknowledgement: UNB 0031, ISA14
    una: bool | None = None  # whether UNA is written; None: where the delimiters are not the standard's


@dataclass(frozen=True, slots=True)
class Composed:
    """What came of it: one content, or one for each document of XML; none where a finding rejects it."""

    contents: list[bytes]
    findings: list[Finding] = field(default_factory=list)
    messages: int = 0
    extension: str = ".edi"


def heading(said: Mapping[str, Any], base: Heading = Heading(), standard: str = "edifact") -> Heading:
    """`base` as an agreement's `envelope:` wants it; delimiters that it does not name are the standard's own."""
    signs = said.get("delimiters")
    wanted = {key: said[key] for key in ("syntax", "usage", "application", "charset", "characters") if key in said}
    if "line_breaks" in said:
        wanted["line_breaks"] = bool(said["line_breaks"])
    wanted |= {key: said[name] for name, key in (("ask", "asks"), ("una", "una")) if name in said}
    if signs is not None:
        wanted["delimiters"] = replace(base.delimiters or (X12 if standard == "x12" else Delimiters()), **signs)
    return replace(base, **wanted)


def compose(records: Sequence[Record], compiled: CompiledMap, head: Heading, checker: Checks | None = None, get: Get = NOTHING,
            on: str = "") -> Composed:
    """The bytes to send for these records, all of the map's record type: one message for each, or one for all where the map
    says `records:`. Findings name the message by its number. ConfigFault where the envelope cannot be made as it is wanted.

    `get` are the partner's tables for a map's lookups, `on` the day on which they are asked: the heading's, unless it is said.
    """
    on = on or (head.prepared if head.prepared != UNKNOWN_TIME else "")
    keyed, missed = compiled.theirs(records, get, on, head.lossy)
    made = _composed(keyed, compiled, head, checker)
    if not missed:
        return made
    return _judged(replace(made, findings=[*(_left_out(one) if head.lossy else one for one in missed), *made.findings]))


def _composed(records: Sequence[Record], compiled: CompiledMap, head: Heading, checker: Checks | None) -> Composed:
    """The same of records that hold the partner's keys."""
    if not all(map(compiled.meant_for, records)):
        return Composed([], [compiled.refusal()])
    groups = [list(records)] if compiled.plan.records else [[record] for record in records]
    match compiled.standard:
        case "xml":
            made = _documents(groups, compiled, head)
        case "csv" | "fixed":
            made, checker = _sheet(groups, compiled, head.lossy), None  # no guide is known of columns: the map's layout says all
        case _:
            return _judged(_segments(groups, compiled, head, checker))
    if head.lossy:
        made = replace(made, findings=list(dict.fromkeys(_left_out(_asked_for(one)) for one in made.findings)))
    if checker is not None and made.contents and verdict(made.findings) is not Verdict.REJECTED:  # what it lacks is said: its schema says no more
        again = _read_again(made.contents, compiled, keep=head.lossy)
        faults = list(_checked(again, checker))
        if head.lossy and any(one.kind == "einvoice_rule" and verdict([one]) is Verdict.REJECTED for one in faults):
            made.findings.extend(_unclaimed(made.contents, again, compiled, faults))
            faults = list(_checked(_read_again(made.contents, compiled), checker))
        made.findings.extend(faults)
    return _judged(made)


CLAIMS = {"cii-d16b": "rsm:ExchangedDocumentContext/ram:GuidelineSpecifiedDocumentContextParameter"}  # where a map claims a profile


def _unclaimed(contents: list[bytes], again: Iterable[Again], compiled: CompiledMap, faults: Sequence[Finding]) -> Iterator[Finding]:
    """Take the claim out of documents that do not keep the rules of the profile they claim: they are good without it."""
    place = CLAIMS.get(compiled.spec.message.split("/")[1])
    broken = [one for one in faults if one.kind == "einvoice_rule"]
    for number, (messages, _) in enumerate(again if place else ()):
        xml = syntax.module("xml")
        root = next(one.root for one in messages if isinstance(one, Document))
        claim = root.find(place, compiled.structure.prefixes)
        if claim is not None:
            name = "".join(claim.itertext()).strip()
            claim.getparent().remove(claim)
            contents[number] = syntax.write(xml.build(root))
            note = f"the profile is not claimed, as the record does not keep its rules ({len(broken)}): {broken[0].note}"
            yield found(LEFT_OUT, Position(message=number + 1, path="profile"), name, note)


def _judged(made: Composed) -> Composed:
    """Without content where anything rejects it."""
    if verdict(made.findings) is Verdict.REJECTED:
        made.contents.clear()
    return made


def _left_out(finding: Finding) -> Finding:
    """A value that the message cannot say, as something that it does not carry."""
    return replace(finding, kind=LEFT_OUT) if finding.kind in ("cannot_write", "missing_lookup") else finding


_NO_CURRENCY = {NO_CURRENCY.format(field.replace("_", " ")): field for field in ("currency", "tax_currency")}


def _asked_for(finding: Finding) -> Finding:
    """An amount is not left out for want of a currency: that one is asked for, once for all amounts of a message, in the writer's words."""
    field = next((field for note, field in _NO_CURRENCY.items() if finding.note.endswith(note)), "")
    if not field:
        return finding
    return found("required_missing", Position(message=finding.position.message, path=field),
                 note=f"{field}: the message needs it and the record does not have it")


def _read_again(contents: Iterable[bytes], compiled: CompiledMap, *, keep: bool = False) -> Iterable[Again]:
    """Each interchange of what was written, as the partner reads it. `keep`: it can be gone through more than once."""
    options: dict[str, Any] = {"allow_doctype": True} if compiled.standard == "xml" else {}  # the one that we write for cXML
    read: Iterator[Again] = ((one.messages, one.findings) for content in contents for one in syntax.read(content, **options))
    return [(list(messages), findings) for messages, findings in read] if keep else read


def _checked(again: Iterable[Again], checker: Checks) -> Iterator[Finding]:
    """What the guide says of it, and what the reader does not understand of it."""
    for messages, findings in again:
        for message in messages:
            yield from checker.check(message)
        yield from findings


def _written(groups: Sequence[list[Record]], compiled: CompiledMap, lossy: bool, findings: list[Finding],
             *how: Any) -> Iterator[tuple[int, Any]]:
    """(number, body) of each message; what a record cannot say goes to the findings with the message's number."""
    for number, group in enumerate(groups, 1):
        _, body, more, notes = _said(group, compiled, lossy, *how)
        findings += _of(number, [*more, *notes])
        yield number, body


def _of(number: int, findings: Iterable[Finding]) -> list[Finding]:
    """The findings of the message of this number."""
    return [replace(one, position=replace(one.position, message=number)) for one in findings]


def _said(group: Sequence[Record], compiled: CompiledMap, lossy: bool, *how: Any) -> tuple[list[Record], Any, list[Finding], list[Finding]]:
    """What is written of the records of one message: they, the body, what it cannot say, and what it says in another form: where
    something may be left out, a time of day that has no place goes without its zone or altogether."""
    body, findings = compiled.write(group, *how)
    days, notes = list(group), []
    while lossy:  # a time loses its zone first, then itself; a text its line breaks
        days, more = in_other_words(days, findings)
        if not more:
            break
        body, findings = compiled.write(days, *how)
        still = {one.position.path for one in findings}
        notes += [one for one in more if one.position.path not in still]
    return days, body, findings, notes


def _documents(groups: Sequence[list[Record]], compiled: CompiledMap, head: Heading) -> Composed:
    """A document for each record. Where what cannot be said may be left out, so may items of lists that lack what they need."""
    made = Composed([], extension=".xml")
    xml = syntax.module("xml")
    for number, group in enumerate(groups, 1):
        for _ in range(ROUNDS if head.lossy else 1):
            group, root, findings, notes = _said(group, compiled, head.lossy)
            group, gone = without_incomplete(group, findings) if head.lossy else (group, [])
            made.findings.extend(_of(number, [*notes, *gone]))
            if not gone:
                break
        made.findings.extend(_of(number, findings))
        if root is not None and not isinstance(root, list):
            made.findings.extend(made_whole(root, compiled.structure, ElementFields(root, compiled).inside))
            doctype = headed(root, compiled.structure, head.sender, head.receiver, _of_message(head.control, number), head.prepared,
                             head.test, head.application)
            made.contents.append(syntax.write(xml.build(root, doctype=doctype)))
    return replace(made, messages=len(made.contents))


def _of_message(control: str, number: int) -> str:
    """The control number of a document: the sending's, counted on."""
    return str(int(control) + number - 1) if control.isdigit() else control if number == 1 else f"{control}-{number}"


def _sheet(groups: Sequence[list[Record]], compiled: CompiledMap, lossy: bool) -> Composed:
    findings: list[Finding] = []
    rows = [row for _, body in _written(groups, compiled, lossy, findings) for row in body]
    built = syntax.module("csv").build(compiled.layout(), rows)
    content = syntax.write(built)
    return Composed([content], [*findings, *built.findings], len(groups), ".csv" if compiled.standard == "csv" else ".txt")


def _segments(groups: Sequence[list[Record]], compiled: CompiledMap, head: Heading, checker: Checks | None) -> Composed:
    """The messages in one interchange. Where what cannot be said may be left out, so may what the guide refuses (`leaving_out`)."""
    delimiters, codec, wanted = _signs(compiled, head, groups)
    findings: list[Finding] = []
    policy = "replace" if head.characters == "replace" else "error"
    bodies = [body for _, body in _written(groups, compiled, head.lossy, findings, delimiters, codec, policy)]
    if head.lossy:
        findings = [_left_out(one) for one in findings]
    if verdict(findings) is Verdict.REJECTED:
        return Composed([], findings)
    whole: list[_Whole] = []
    for _ in range(ROUNDS):  # what is left out may leave something else alone
        built = _enclosed(bodies, compiled, replace(head, delimiters=delimiters, syntax=wanted), codec)
        content = syntax.write(built)
        again = _read_again([content], compiled, keep=head.lossy or any(one.kind == LEFT_OUT for one in findings))
        faults = list(_checked(again, checker)) if checker is not None else []
        whole = whole or ([_Whole.of(message, compiled) for messages, _ in again for message in messages] if head.lossy and faults else [])
        less = _less(bodies, faults, compiled, delimiters, whole) if head.lossy else []
        if not less:
            break
        findings += less
    if any(one.kind == LEFT_OUT for one in findings):
        faults += _lacking(again, compiled)
    return Composed([content], [*findings, *built.findings, *faults], len(bodies))


def _signs(compiled: CompiledMap, head: Heading, groups: Sequence[list[Record]]) -> tuple[Delimiters, str, str]:
    """The delimiters, Python's name of the character set, and the syntax that the envelope names."""
    standard, version, _ = compiled.spec.message.split("/")
    wanted = head.syntax or ("UNOC:3" if standard == "edifact" else version[:5])
    delimiters = head.delimiters or (Delimiters() if standard == "edifact" else X12)
    if standard == "x12" and wanted >= X12_REPETITION and not delimiters.repetition:
        delimiters = replace(delimiters, repetition="^")
    if head.characters == "other_delimiter":
        delimiters = _free(delimiters, groups)
    return delimiters, _codec(standard, wanted, head.charset), wanted


def _enclosed(bodies: Sequence[list[str]], compiled: CompiledMap, head: Heading, codec: str) -> Interchange:
    """The messages in their envelope; `head` names delimiters and syntax."""
    standard, version, name = compiled.spec.message.split("/")
    type = MessageType(standard, version, name, head.usage)
    module = syntax.module(standard)
    common: dict[str, Any] = {"sender": head.sender, "receiver": head.receiver, "control": head.control, "prepared": head.prepared,
                              "test": head.test, "delimiters": head.delimiters, "line_break": "\r\n" if head.line_breaks else "",
                              "acknowledge": head.asks}
    built: Interchange
    if standard == "edifact":
        built = module.build(**common, bodies=[(type, str(number), body) for number, body in enumerate(bodies, 1)], syntax=head.syntax,
                             application=head.application, encoding=head.charset or None, una=head.una)
        return built
    release = version + (head.usage if not head.usage.startswith("X") or version >= "005010" else "")
    group = (compiled.structure.kind, head.sender.internal or head.sender.id, head.receiver.internal or head.receiver.id,
             head.group or head.control.lstrip("0") or "1", release, [(type, f"{number:04}", body) for number, body in enumerate(bodies, 1)])
    built = module.build(**common, groups=[group], version=head.syntax, encoding=codec)
    return built


@dataclass(slots=True)
class _Whole:
    """A message as it was first written; `kept`: the segments that are left of it, by their number in it."""

    fields: SegmentFields
    kept: list[int]

    @classmethod
    def of(cls, message: AnyMessage, compiled: CompiledMap) -> _Whole:
        assert isinstance(message, Message)
        return cls(SegmentFields(message, compiled), list(range(1, len(message.segments) + 1)))

    def named(self, spots: Sequence[Spot]) -> list[str]:
        """The fields at spots of what is left."""
        return self.fields.at([(self.kept[segment - 1], element, component) for segment, element, component in spots])


def _less(bodies: list[list[str]], faults: Sequence[Finding], compiled: CompiledMap, delimiters: Delimiters,
          whole: Sequence[_Whole]) -> list[Finding]:
    """Take out of the messages what the guide refuses and what may be missing; what that was. Empty: nothing more can go."""
    findings: list[Finding] = []
    rejecting = [fault for fault in faults if verdict([fault]) is Verdict.REJECTED]
    for number in sorted({fault.position.message for fault in rejecting if fault.position.message}):
        own = [fault for fault in rejecting if fault.position.message == number]
        first = whole[number - 1]
        less = left_out(bodies[number - 1], own, compiled.structure, delimiters, bool(compiled.plan.records), first.named)
        bodies[number - 1] = less.body
        first.kept = [first.kept[0], *(first.kept[one - 1] for one in less.kept), first.kept[-1]]
        findings += less.findings
    return findings


def _lacking(again: Iterable[Again], compiled: CompiledMap) -> Iterator[Finding]:
    """What the map needs and does not find any more when it reads what was written."""
    for messages, _ in again:
        for message in messages:
            yield from (one for one in compiled.read(message)[1] if one.kind == "required_missing")


def _codec(standard: str, wanted: str, charset: str) -> str:
    from edi_bridge.syntax.charset import named, repertoire

    if charset:
        return named(charset).codec
    return repertoire(wanted.partition(":")[0]) if standard == "edifact" else "ascii"


def _free(delimiters: Delimiters, groups: Sequence[list[Record]]) -> Delimiters:
    """The same roles with characters that no text of the records holds; a release character makes that needless."""
    if delimiters.release:
        return delimiters
    held = set().union(*(_characters(record) for group in groups for record in group)) if groups else set()
    chosen: dict[str, str] = {}
    for role in ("element", "component", "terminator", "repetition"):
        own = getattr(delimiters, role)
        if not own:
            continue
        for sign in own + SPARE[role]:
            if sign not in held and sign not in chosen.values() and sign != delimiters.release:
                chosen[role] = sign
                break
        else:
            raise ConfigFault.at("", 0, 0, f"the data holds every character that could stand for the {role} separator")
    return replace(delimiters, **chosen)


def _characters(value: Any) -> set[str]:
    match value:
        case str():
            return set(value)
        case dict():
            return set().union(*map(_characters, value.values())) if value else set()
        case list():
            return set().union(*map(_characters, value)) if value else set()
    return set()


def not_carried(records: Sequence[Record], compiled: CompiledMap) -> list[str]:
    """The fields that these records have and the map's message cannot hold, as dotted paths."""
    carried = compiled.carries()
    held = {prefix for path in carried for prefix in _prefixes(path)}
    return sorted({path for record in records for path in _paths(record) if compiled.folded(path) not in held})


def _prefixes(path: str) -> Iterator[str]:
    steps = path.split(".")
    return (".".join(steps[:count]) for count in range(1, len(steps) + 1))


def _paths(record: Mapping[str, Any], before: str = "") -> Iterator[str]:
    """Every field with a value, the innermost only."""
    for name, value in record.items():
        path = before + name
        inner = [value] if isinstance(value, dict) else [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
        if inner:
            for one in inner:
                yield from _paths(one, path + ".")
        elif value not in (None, "", []):
            yield path
