"""The path of a partner's bytes: syntax → guide → mapping → outcomes. Pure: no clock, no disk, no database.

    source ─► syntax.read ─► partner and agreement ─► guide: check ─► map: read ─► verdict ─► outcome
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol, cast

from edi_bridge import syntax
from edi_bridge.checking import Checks, checked_read
from edi_bridge.finding import Finding, Level, Verdict, found
from edi_bridge.finding_merge import beyond, merged
from edi_bridge.interchange import AnyMessage, Interchange, Message, MessageType, Part, Position
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.mapping.lookup import Get
from edi_bridge.partner import (
    Partner,
    action,
    condemns,
    envelope_verdict,
    rejected_groups,
    verdict,
)
from edi_bridge.rollout.stage import TABLE, is_test
from edi_bridge.syntax.limits import DEFAULT, Limits
from edi_bridge.syntax.source import Source


SEGMENTS = ("edifact", "x12")
LISTED = 10_000  # messages of an interchange
NOT_KEPT = frozenset({"message_too_large", "segment_too_large"})  # of such a message only the header is there


class Configuration(Protocol):
    """What the path needs to know; `catalog.Catalog` is one."""

    @property
    def judges_whole(self) -> bool:
        """Whether any partner wants interchanges judged as a whole."""

    def partner_of(self, interchange: Interchange) -> Partner | None:
        """Who sent it, by its envelope."""

    def partner_named(self, name: str) -> Partner:
        """The partner of that name; ConfigFault when there is none."""

    def is_ours(self, interchange: Interchange) -> bool:
        """Whether the receiver in the envelope is our own company."""

    def map_for(self, type: MessageType, partner: Partner | None) -> CompiledMap | None:
        """The agreed map, or the standard's own."""

    def maps_beside(self, type: MessageType) -> list[str]:
        """The maps for the same message in other releases."""

    def map_named(self, name: str) -> CompiledMap:
        """The map of that name; ConfigFault when there is none."""

    def sheet_map(self, first_line: bytes, partner: Partner | None) -> CompiledMap | None:
        """The map whose layout fits the first line of a CSV."""

    def checker_for(self, type: MessageType, partner: Partner | None) -> Checks | None:
        """What checks messages of this type as it is agreed; None where no guide is known."""

    def lookups_of(self, partner: Partner | None) -> Get:
        """The tables of the partner's keys and ours."""


@dataclass(frozen=True, slots=True)
class MessageOutcome:
    """What became of one message; `message` None: of what concerns the interchange as a whole (it comes last)."""

    interchange: Interchange
    message: AnyMessage | None
    map: str
    record_type: str
    records: list[dict[str, Any]]
    findings: list[Finding]
    verdict: Verdict
    partner: str = ""
    guide: str = ""  # what it was checked against; '' where none is known
    keep: bool = False  # what is posted of its interchange is posted together
    test: bool = False  # the agreements for tests ruled it


Read = tuple[Interchange, Partner | None, CompiledMap | None]  # who sent it, the map given by hand (or by the columns of a CSV)


@dataclass(frozen=True, slots=True)
class Held:
    """A small file of segments that was read into memory once, to be walked by `scanning` and by `inbound`."""

    read: tuple[tuple[Read, tuple[Part, ...]], ...]

    def walk(self) -> Iterator[Read]:
        """Each interchange, its parts from the first one on."""
        for one, parts in self.read:
            interchange = one[0]
            interchange.parts = iter(parts)
            for seen in (interchange.groups, interchange.group_trailers, interchange.strays):
                seen.clear()
            yield one

    def group_findings(self) -> list[Finding]:
        """What is wrong with groups, for `inbound`."""
        return [one for (interchange, _, _), _ in self.read for one in interchange.findings if one.level is Level.GROUP]


@dataclass(frozen=True, slots=True)
class Scanned:
    """An interchange whose envelope was read to the end. `findings` are those of the envelope, `messages` what the
    envelope says of each: (ordinal, type, reference, its findings). Of very many (LISTED) only the first of each type is listed:
    `left_out` says how many are not, so that an interchange of a gigabyte stays small in memory."""

    interchange: Interchange
    partner: str
    findings: list[Finding]
    verdict: Verdict
    messages: list[tuple[int, MessageType, str, list[Finding]]] = field(default_factory=list)
    left_out: int = 0

    @property
    def count(self) -> int:
        """How many messages there are."""
        return len(self.messages) + self.left_out


def held(source: bytes, catalog: Configuration, *, partner: str | None = None, map: str | None = None, limits: Limits = DEFAULT,
         test: bool | None = None) -> Held | None:
    """A small file, read once for both passes; None where its parts cannot outlive their turn (XML, tables)."""
    if syntax.detect(source[:syntax.FIRST]) not in SEGMENTS:
        return None
    read = tuple((one, tuple(one[0].parts)) for one in interchanges(source, catalog, partner, map, limits, test))
    return Held(read) if all(interchange.standard in SEGMENTS for (interchange, _, _), _ in read) else None


def scan(source: bytes | BinaryIO, catalog: Configuration, *, partner: str | None = None, map: str | None = None,
         limits: Limits = DEFAULT, step: Callable[..., Any] | None = None) -> Iterator[Scanned]:
    """The envelopes alone: nothing is mapped, memory holds one message at a time and a line for each."""
    return (one for one in scanning(source, catalog, partner=partner, map=map, limits=limits, step=step) if one is not None)


def scanning(source: bytes | BinaryIO | Held, catalog: Configuration, *, partner: str | None = None, map: str | None = None,
             limits: Limits = DEFAULT, breath: int = 0, test: bool | None = None,
             step: Callable[..., Any] | None = None) -> Iterator[Scanned | None]:
    """The same; `test` is what the channel says of it (True: it is for tests), for envelopes that have no flag of their own. After each `breath` messages it yields None, so that others get their turn while a large file is read.

    Only where a partner wants its interchanges judged as a whole, each message goes the whole path (`step`, as in `inbound`), so
    that an interchange with a message that condemns it is rejected before anything of it is posted.
    """
    step = step or translate
    for interchange, who, forced in interchanges(source, catalog, partner, map, limits, test):
        messages: list[tuple[int, MessageType, str, list[Finding]]] = []
        types: set[MessageType] = set()
        taken = left_out = 0
        guilty: MessageOutcome | None = None
        for message in interchange.messages:
            own, taken = _own_findings(interchange, message.ordinal, taken)
            if who is not None and who.judged_whole and guilty is None:
                outcome = step(interchange, message, own, who, forced, catalog)
                guilty = outcome if condemns(outcome.findings, who, message.type) else None
            if len(messages) < LISTED or message.type not in types:
                messages.append((message.ordinal, message.type, message.reference, own))
                types.add(message.type)
            else:
                left_out += 1
            if breath and not (len(messages) + left_out) % breath:
                yield None
        findings = _kept([*_envelope_findings(interchange), *_sender_findings(interchange, who, catalog)], who, None)
        if guilty is not None:
            findings.append(_suspended(guilty))
        yield Scanned(interchange, who.name if who else "", findings, envelope_verdict(findings, interchange.groups, who), messages, left_out)


def suspended(source: bytes | BinaryIO, catalog: Configuration, *, partner: str | None = None, map: str | None = None,
              limits: Limits = DEFAULT, step: Callable[..., Any] | None = None) -> frozenset[int]:
    """The ordinals of the interchanges that one of their messages condemns, by a dry pass over everything (`step`, as in `inbound`).

    Where no partner wants interchanges judged as a whole, nothing is read of the source."""
    if not catalog.judges_whole:
        return frozenset()
    return frozenset(one.interchange.ordinal for one in scan(source, catalog, partner=partner, map=map, limits=limits, step=step)
                     if any(finding.kind == "interchange_suspended" for finding in one.findings))


def inbound(source: bytes | BinaryIO | Held, catalog: Configuration, *, partner: str | None = None, map: str | None = None,
            limits: Limits = DEFAULT, step: Callable[..., Any] | None = None,
            suspended: Collection[int] = (), test: bool | None = None, groups: Collection[Finding] = ()) -> Iterator[Any]:
    """One outcome after another: each message's, then one for its interchange. Nothing is kept between them.

    `step` stands in for `translate` where a caller wants to run that somewhere else (another process) or wants only the
    check: what it gives for a message is yielded in the outcome's place. `suspended` are interchanges of which a dry pass
    (the function of that name) found that they are rejected as a whole, `groups` what `scanning` found wrong with groups: a
    trailer says so behind the messages; `test` is what the channel says of it (see `scanning`).
    """
    step = step or translate
    for interchange, who, forced in interchanges(source, catalog, partner, map, limits, test):
        taken = 0
        whole = interchange.ordinal in suspended
        gone = rejected_groups([one for one in groups if one.position.interchange == interchange.ordinal], who)
        for message in interchange.messages:
            own, taken = _own_findings(interchange, message.ordinal, taken)
            if whole:
                own.append(found("message_suspended", _start(message)))
            elif message.group is not None and message.group.ordinal in gone:
                own.append(found("message_suspended", _start(message), note=f"its group {message.group.reference} is rejected, and with it everything in it"))
            yield step(interchange, message, own, who, forced, catalog)
        findings = _kept([*_envelope_findings(interchange), *_sender_findings(interchange, who, catalog)], who, None)
        if whole:
            findings.append(found("interchange_suspended", Position(interchange=interchange.ordinal, offset=interchange.offset)))
        yield MessageOutcome(interchange, None, "", "", [], findings, verdict(findings, *(who.policies(None) if who else ())),
                             who.name if who else "", test=who is not None and who.testing)


def translate(interchange: Interchange, message: AnyMessage, findings: Sequence[Finding], partner: Partner | None,
              forced: CompiledMap | None, catalog: Configuration) -> MessageOutcome:
    """One message held against its guide and read by its map. `findings` are what its envelope showed; `forced` is a map
    given by hand."""
    listed = [*findings, *_not_agreed(message, partner, forced)]
    chosen = forced if forced is not None else catalog.map_for(message.type, partner)
    checker = catalog.checker_for(message.type, partner)
    records: list[dict[str, Any]] = []
    more: list[Finding] = []
    faults: list[Finding] = []
    if any(one.kind in NOT_KEPT for one in findings):
        return _outcome(interchange, message, chosen, [], listed, partner, checker)
    if checker is not None and chosen is not None:
        records, faults, more = checked_read(checker, chosen, message)
    elif checker is not None:
        faults = checker.check(message)
    elif chosen is not None:
        records, more = chosen.read(message)
    if chosen is not None and chosen.lookups:
        records, missed = chosen.ours(message, records, catalog.lookups_of(partner), interchange.prepared)
        more = [*more, *missed]
    if chosen is None and message.type.is_answer:
        more = [found("answer_received", _start(message), str(message.type))]
    elif chosen is None:
        others = ", ".join(catalog.maps_beside(message.type))
        more = [found("no_map", _start(message), str(message.type),
                      f"there is no map for {message.type}" + (f", but for other releases: {others}" if others else ""))]
    if faults:
        policies = partner.policies(message.type) if partner else ()
        more = merged(_beyond_reader(faults, message, findings), more, lambda one: action(one.kind, policies).startswith("reject"))
    listed += more
    return _outcome(interchange, message, chosen, records, listed, partner, checker)


def check(interchange: Interchange, message: AnyMessage, findings: Sequence[Finding], partner: Partner | None,
          forced: CompiledMap | None, catalog: Configuration) -> MessageOutcome:
    """In the place of `translate`: one message held against its guide, no map asked."""
    checker = catalog.checker_for(message.type, partner)
    kept = not any(one.kind in NOT_KEPT for one in findings)
    faults = checker.check(message) if checker is not None and kept else []
    listed = [*findings, *_not_agreed(message, partner, forced), *_beyond_reader(faults, message, findings)]
    return _outcome(interchange, message, None, [], listed, partner, checker)


def _not_agreed(message: AnyMessage, partner: Partner | None, forced: CompiledMap | None) -> list[Finding]:
    """That nothing is agreed for this type, where a partner has agreements at all; a map given by hand is an agreement."""
    type = message.type
    if forced is not None or partner is None or not partner.agreements or type.is_answer or not (type.version and type.name):
        return []
    return [] if partner.agreement(type) else [found("no_agreement", _start(message), str(type))]


def _beyond_reader(faults: list[Finding], message: AnyMessage, findings: Sequence[Finding]) -> list[Finding]:
    """What the guide found and the reader did not say already; of a message that was cut off, not that its end is missing."""
    faults = beyond(findings, faults) if faults else []
    if faults and any(one.kind == "missing_message_trailer" for one in findings) and isinstance(message, Message):
        last = len(message.segments)
        faults = [one for one in faults if one.kind != "missing_segment" or (one.position.segment or 0) < last]
    return faults


def _outcome(interchange: Interchange, message: AnyMessage, chosen: CompiledMap | None, records: list[dict[str, Any]],
             findings: list[Finding], partner: Partner | None, checker: Checks | None) -> MessageOutcome:
    kept = sorted(_kept(findings, partner, message.type), key=_place)
    policies = partner.policies(message.type) if partner else ()
    own = [one for one in kept if one.kind != "message_suspended"]
    if len(own) < len(kept) and verdict(own, *policies) is Verdict.REJECTED:
        kept = own  # it is rejected for what is wrong with itself
    return MessageOutcome(interchange, message, chosen.name if chosen else "", chosen.record if chosen else "", records, kept,
                          verdict(kept, *policies), partner.name if partner else "", checker.key if checker is not None else "",
                          partner is not None and partner.errors.interchange == "keep", partner is not None and partner.testing)


def _place(finding: Finding) -> tuple[int, int, int]:
    """In the order of the message; what concerns it as a whole stands first."""
    where = finding.position
    return where.segment or where.line or 0, where.element or 0, where.component or 0


def _kept(findings: list[Finding], partner: Partner | None, type: MessageType | None) -> list[Finding]:
    """Without those that the agreement switches off."""
    if partner is None or not findings:
        return findings
    policies = partner.policies(type)
    return [one for one in findings if action(one.kind, policies) != "off"]


def _suspended(guilty: MessageOutcome) -> Finding:
    """Why an interchange is rejected as a whole."""
    message = guilty.message
    assert message is not None
    return found("interchange_suspended", Position(interchange=message.interchange, offset=guilty.interchange.offset),
                 note=f"message {message.ordinal} ({message.reference}) was rejected, and with it everything of its interchange, "
                      f"as it is agreed with {guilty.partner}")


def interchanges(source: bytes | BinaryIO | Held, catalog: Configuration, partner: str | None = None, map: str | None = None,
                 limits: Limits = DEFAULT, test: bool | None = None) -> Iterator[Read]:
    """Each interchange with the partner who sent it, as it rules a test or live traffic, and the map given by hand (or by the columns of
    a CSV). `test`: what the channel says."""
    if isinstance(source, Held):
        yield from source.walk()
        return
    named = catalog.partner_named(partner).ruling(bool(test)) if partner else None
    forced = catalog.map_named(map) if map else None
    stream = Source(io.BytesIO(source) if isinstance(source, bytes) else source, shared=True)
    options: dict[str, Any] = {"allow_doctype": named.allow_doctype if named else False}
    first = stream.peek(syntax.FIRST)
    sheet = forced if forced is not None and forced.standard in ("csv", "fixed") else None
    if sheet is None and forced is None and syntax.detect(first) in ("csv", "unknown"):
        forced = sheet = catalog.sheet_map(first, named)
    if sheet is not None:
        options["layout"] = sheet.layout()
        readers = syntax.module(sheet.standard).read(stream, charset=named.charset if named else None, limits=limits,
                                                     layout=options["layout"])
    else:
        readers = syntax.read(cast(BinaryIO, stream), charset=named.charset if named else None, limits=limits, **options)
    for interchange in readers:
        who = named or catalog.partner_of(interchange)
        yield interchange, who.ruling(is_test(interchange.test, test)) if who is not None else None, forced


def _own_findings(interchange: Interchange, ordinal: int, taken: int) -> tuple[list[Finding], int]:
    """What the reader found in one message, and up to where its findings were looked at. They stand in the order of the messages,
    those about the whole between them; of a file that is held those of later messages stand there already."""
    own: list[Finding] = []
    findings = interchange.findings
    while taken < len(findings) and (about := findings[taken].position.message or 0) <= ordinal:
        if about == ordinal:
            own.append(findings[taken])
        taken += 1
    return own, taken


def _envelope_findings(interchange: Interchange) -> list[Finding]:
    return [one for one in interchange.findings if one.position.message is None]


def _sender_findings(interchange: Interchange, partner: Partner | None, catalog: Configuration) -> list[Finding]:
    here = Position(interchange=interchange.ordinal, offset=interchange.offset)
    listed = []
    if partner is None and interchange.sender.id:
        listed.append(found("unknown_partner", here, str(interchange.sender)))
    elif partner is not None and interchange.test and partner.agreements and not any(one.test or TABLE[one.stage].tests for one in partner.agreements):
        listed.append(found("test_on_live", here))
    if interchange.receiver.id and not catalog.is_ours(interchange):
        listed.append(found("not_for_us", here, str(interchange.receiver)))
    return listed


def _start(message: AnyMessage) -> Position:
    return Position(interchange=message.interchange, group=message.group.ordinal if message.group else None,
                    message=message.ordinal, offset=message.offset)
