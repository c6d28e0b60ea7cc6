"""The path of a partner's bytes: syntax → structure → mapping → outcomes. Pure: no clock, no disk, no database.

    source ─► syntax.read ─► partner and agreement ─► map ─► map.read ─► verdict ─► outcome
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol, cast

from edi_bridge import syntax
from edi_bridge.finding import Finding, Verdict, found
from edi_bridge.interchange import AnyMessage, Interchange, MessageType, Position
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.partner import Partner, verdict
from edi_bridge.syntax.limits import DEFAULT, Limits
from edi_bridge.syntax.source import Source


class Configuration(Protocol):
    """What the path needs to know; `catalog.Catalog` is one."""

    def partner_of(self, interchange: Interchange) -> Partner | None:
        """Who sent it, by its envelope."""

    def partner_named(self, name: str) -> Partner:
        """The partner of that name; ConfigFault when there is none."""

    def is_ours(self, interchange: Interchange) -> bool:
        """Whether the receiver in the envelope is our own company."""

    def map_for(self, type: MessageType, partner: Partner | None) -> CompiledMap | None:
        """The agreed map, or the standard's own."""

    def map_named(self, name: str) -> CompiledMap:
        """The map of that name; ConfigFault when there is none."""

    def sheet_map(self, first_line: bytes, partner: Partner | None) -> CompiledMap | None:
        """The map whose layout fits the first line of a CSV."""


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


@dataclass(frozen=True, slots=True)
class Scanned:
    """An interchange whose envelope was read to the end. `findings` are those of the envelope, `messages` what the
    envelope says of each: (ordinal, type, reference, its findings)."""

    interchange: Interchange
    partner: str
    findings: list[Finding]
    verdict: Verdict
    messages: list[tuple[int, MessageType, str, list[Finding]]] = field(default_factory=list)


def scan(source: bytes | BinaryIO, catalog: Configuration, *, partner: str | None = None, map: str | None = None,
         limits: Limits = DEFAULT) -> Iterator[Scanned]:
    """The envelopes alone: nothing is mapped, memory holds one message at a time and a line for each."""
    for interchange, who, _ in interchanges(source, catalog, partner, map, limits):
        messages = []
        taken = 0
        for message in interchange.messages:
            own, taken = _own_findings(interchange, message.ordinal, taken)
            messages.append((message.ordinal, message.type, message.reference, own))
        findings = [*_envelope_findings(interchange), *_sender_findings(interchange, who, catalog)]
        yield Scanned(interchange, who.name if who else "", findings, verdict(findings, who.findings if who else {}), messages)


def inbound(source: bytes | BinaryIO, catalog: Configuration, *, partner: str | None = None, map: str | None = None,
            limits: Limits = DEFAULT, step: Callable[..., Any] | None = None) -> Iterator[Any]:
    """One outcome after another: each message's, then one for its interchange. Nothing is kept between them.

    `step` stands in for `translate` where a caller wants to run that somewhere else (another process): what it
    gives for a message is yielded in the outcome's place.
    """
    step = step or translate
    for interchange, who, forced in interchanges(source, catalog, partner, map, limits):
        taken = 0
        for message in interchange.messages:
            own, taken = _own_findings(interchange, message.ordinal, taken)
            yield step(interchange, message, own, who, forced, catalog)
        findings = [*_envelope_findings(interchange), *_sender_findings(interchange, who, catalog)]
        yield MessageOutcome(interchange, None, "", "", [], findings, verdict(findings, who.findings if who else {}),
                             who.name if who else "")


def translate(interchange: Interchange, message: AnyMessage, findings: Sequence[Finding], partner: Partner | None,
              forced: CompiledMap | None, catalog: Configuration) -> MessageOutcome:
    """One message through its map. `findings` are what its envelope showed; `forced` is a map given by hand."""
    listed = list(findings)
    chosen = forced if forced is not None else catalog.map_for(message.type, partner)
    records: list[dict[str, Any]] = []
    if chosen is None:
        listed.append(found("no_map", _start(message), str(message.type), f"there is no map for {message.type}"))
    else:
        records, more = chosen.read(message)
        listed += more
    agreement = partner.agreement(message.type) if partner else None
    policies = [one.findings for one in (agreement, partner) if one is not None]
    return MessageOutcome(interchange, message, chosen.name if chosen else "", chosen.record if chosen else "", records,
                          listed, verdict(listed, *policies), partner.name if partner else "")


def interchanges(source: bytes | BinaryIO, catalog: Configuration, partner: str | None = None, map: str | None = None,
                 limits: Limits = DEFAULT) -> Iterator[tuple[Interchange, Partner | None, CompiledMap | None]]:
    """Each interchange with the partner who sent it and the map given by hand (or by the columns of a CSV)."""
    named = catalog.partner_named(partner) if partner else None
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
        yield interchange, named or catalog.partner_of(interchange), forced


def _own_findings(interchange: Interchange, ordinal: int, taken: int) -> tuple[list[Finding], int]:
    """What the reader found in one message since the last look, and how far that look went."""
    fresh = interchange.findings[taken:]
    return [one for one in fresh if one.position.message == ordinal], taken + len(fresh)


def _envelope_findings(interchange: Interchange) -> list[Finding]:
    return [one for one in interchange.findings if one.position.message is None]


def _sender_findings(interchange: Interchange, partner: Partner | None, catalog: Configuration) -> list[Finding]:
    here = Position(interchange=interchange.ordinal, offset=interchange.offset)
    listed = []
    if partner is None and interchange.sender.id:
        listed.append(found("unknown_partner", here, str(interchange.sender)))
    if interchange.receiver.id and not catalog.is_ours(interchange):
        listed.append(found("not_for_us", here, str(interchange.receiver)))
    return listed


def _start(message: AnyMessage) -> Position:
    return Position(interchange=message.interchange, group=message.group.ordinal if message.group else None,
                    message=message.ordinal, offset=message.offset)
