"""The parallel run: what came by EDI (or went), read again with the maps in force, held against what the old channel booked.

    archive ─► translate with today's map ─► key ┐
    the old channel's files, and what was told before ┴► compare ─► table `comparison`, places of what differs

Nothing is posted, and the CRM is not asked: what counts is what the map makes of the partner's bytes. Tests (the staging lane) and
what a person refused are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, select

from edi_bridge import pipeline, replaying, syntax
from edi_bridge.catalog import Catalog
from edi_bridge.database import Database
from edi_bridge.fault import ConfigFault
from edi_bridge.finding import Verdict
from edi_bridge.interchange import AnyMessage, MessageType
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.mapping.effective import rows as rules_of
from edi_bridge.partner import Agreement, Partner, action
from edi_bridge.proving import place
from edi_bridge.record import from_json, to_json, unnumbered
from edi_bridge.rollout.comparison import ONLY_HERE, ONLY_LEGACY, WHOLE, Difference, compare, key_of
from edi_bridge.rollout.legacy import Booked, Legacy, declared, plain, read
from edi_bridge.rollout.stage import STAGING
from edi_bridge.store import comparison as stored
from edi_bridge.store import outbox
from edi_bridge.store.archive import Archive
from edi_bridge.store.comparison import Lane, Result
from edi_bridge.store.tables import ledger

SLACK = 7  # days before the first one that is compared, in which the other half of a document may be
NOT_OURS = ("quarantined", "discarded", "duplicate")  # states of exchanges of which nothing counts as ours
LEFT = ("cancelled", "superseded")  # states of entries of the outbox that never went out


@dataclass(frozen=True, slots=True)
class Ours:
    """One document that came by EDI (or went): where it is, and what traces it. `exchange` is the entry of the outbox where it went."""

    day: str
    exchange: int
    source: str
    message: AnyMessage
    index: int  # of the record in its message
    record: dict[str, Any]
    compiled: CompiledMap
    on: str  # the day on which its lookups are asked


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that today's map or guide refuses: it can be held against nothing."""

    day: str
    source: str
    reasons: tuple[str, ...]


@dataclass(slots=True)
class Comparison:
    """What came of it, for one message and direction. `seen`: documents of ours; `booked`: of the old channel, `told` of them in this
    call; `unkeyed`: ours without a key."""

    lane: Lane
    map: str
    results: list[Result] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    unkeyed: list[str] = field(default_factory=list)
    seen: int = 0
    booked: int = 0
    told: int = 0


@dataclass(frozen=True, slots=True)
class Home:
    """What is read: a home's database, archive and catalogue; `version` names the configuration in force."""

    database: Database
    archive: Archive
    catalog: Catalog
    version: str = ""


def map_of(catalog: Catalog, partner: Partner, agreement: Agreement) -> CompiledMap:
    """The map that reads (and writes) what is agreed. ConfigFault where there is none."""
    made = catalog.map_named(agreement.map) if agreement.map else None
    if made is None:
        name = catalog.plain_map(agreement.message)
        made = catalog.map_named(name) if name else None
    if made is None:
        raise ConfigFault.at(agreement.file or partner.file, *agreement.mark, f"there is no map for {agreement.message}")
    return made


def legacy_of(catalog: Catalog, partner: Partner, agreement: Agreement) -> Legacy:
    """What is declared of the old channel (`rollout/legacy/PARTNER.yaml`); where nothing is, records in JSON, by their number."""
    record = map_of(catalog, partner, agreement).record
    block = catalog.legacy(partner.name)
    return plain(record) if block is None else declared(block, agreement.direction, agreement.message, record)


def compared(home: Home, partner: Partner, agreement: Agreement, files: Sequence[tuple[str, bytes]], now: str, *, since: str = "",
             keep: bool = True) -> Comparison:
    """Hold everything of a partner's message against the old channel: (name, bytes) of its files, and what was told before. `since`: only
    documents of this day or later. With `keep` the results stand in the database in the place of the former ones.

    ConfigFault with everything that is wrong in the files or their description."""
    legacy = legacy_of(home.catalog, partner, agreement)
    lane = Lane(partner.name, agreement.direction, agreement.message)
    made = Comparison(lane, map_of(home.catalog, partner, agreement).name)
    theirs, made.told = _booked(home, lane, legacy, files)
    found: dict[str, Result] = {}
    for one in documents(home, partner, agreement, _earlier(since)):
        if isinstance(one, Refused):
            made.refused += [one] if one.day >= since else []
            continue
        key = key_of(one.record, legacy.shape)
        if not key:
            made.unkeyed.append(one.source)
            continue
        before = found.get(key)
        result = _result(key, one, theirs.get(key), legacy, home.catalog.lookups_of(partner))
        found[key] = replace(result, documents=before.documents + 1, day=before.day) if before else result
    found |= {key: _missed(one, now) for key, one in theirs.items() if key not in found}
    with home.database.read() as connection:
        known = {one.key for one in stored.results(connection, lane.partner, lane.direction, lane.message) if one.day < since and one.legacy}
    made.results = [one for one in found.values() if one.day >= since and not (one.outcome == ONLY_LEGACY and one.key in known)]
    made.seen = sum(one.documents for one in made.results if one.exchange is not None)
    made.booked = sum(1 for one in made.results if one.legacy)
    if keep:
        with home.database.write() as connection:
            stored.save(connection, lane, made.results, home.version, now, since=since)
            made.results = stored.results(connection, lane.partner, lane.direction, lane.message, since=since)
    return made


def _earlier(since: str) -> str:
    return (date.fromisoformat(since[:10]) - timedelta(days=SLACK)).isoformat() if since else ""


def _booked(home: Home, lane: Lane, legacy: Legacy, files: Sequence[tuple[str, bytes]]) -> tuple[dict[str, Booked], int]:
    """The old channel's documents by key: what was told before, and in its place what these files say."""
    with home.database.read() as connection:
        before = stored.booked(connection, lane)
    found = {}
    for day, text in before.values():
        record = from_json(text, legacy.shape.record)
        if key := key_of(record, legacy.shape):
            found[key] = Booked(key, day, record)
    told = {one.key: one for name, content in files for one in read(content, name, legacy)}
    return {**found, **told}, len(told)


def _result(key: str, one: Ours, theirs: Booked | None, legacy: Legacy, get: Any) -> Result:
    if theirs is None:
        return Result(key, one.day, ONLY_HERE, (Difference(WHOLE, "", one.source, None),), exchange=one.exchange)
    differences = compare(one.record, theirs.record, legacy.shape)
    return Result(key, one.day, "differs" if differences else "equal", tuple(_traced(one, differences, get)), exchange=one.exchange,
                  legacy=to_json(theirs.record).decode())


def _missed(theirs: Booked, now: str) -> Result:
    lines = sum(len(value) for value in theirs.record.values() if isinstance(value, list))
    return Result(theirs.key, theirs.day or now[:10], ONLY_LEGACY, (Difference(WHOLE, "", None, f"{lines} lines" if lines != 1 else "1 line"),),
                  documents=0, legacy=to_json(theirs.record).decode())


# --- where a value comes from -------------------------------------------------------------------------------------------------


def _traced(one: Ours, differences: Sequence[Difference], get: Any) -> Iterator[Difference]:
    """Each difference with the place in the message and the line of the map; where we have no value, the rule that should have made it."""
    if not differences:
        return
    traced = {each.path: each for each in one.compiled.trace(one.message, get, one.on) if each.record == one.index}
    rules: dict[str, Any] = {}
    for row in rules_of(one.compiled.plan, one.compiled.structure):
        if row.kind != "write":
            rules.setdefault(row.field, row)
    for each in differences:
        found = traced.get(each.path)
        if found is not None:
            where = f"{place(found.places[0].position)}{_byte(found.places[0].position)}" if found.places else found.how
            yield replace(each, where=f"{one.source}, {where}", rule=f"{found.origin.file}:{found.origin.line}")
        else:
            yield replace(each, where=one.source, rule=_rule(each, one, rules))


def _byte(position: Any) -> str:
    return "" if position.offset is None else f", byte {position.offset}"


def _rule(difference: Difference, one: Ours, rules: dict[str, Any]) -> str:
    """`mappings/order.acme.yaml:31 reads QTY[6063=21]/6060`: the rule that gave nothing; of what the map has no rule for, that."""
    names = [unnumbered(difference.path).lstrip("."), difference.field]
    if difference.field.startswith("items."):  # in packs
        names += [name for name in rules if name.endswith(f".{difference.field}")]
    row = next((rules[name] for name in names if name in rules), None)
    if row is None:
        return f"{one.compiled.name} has no rule for {difference.field}"
    return f"{row.origin.file}:{row.origin.line}" + (f" reads {row.paths[0]}" if row.paths else "")


# --- our side -----------------------------------------------------------------------------------------------------------------


def documents(home: Home, partner: Partner, agreement: Agreement, since: str = "") -> Iterator[Ours | Refused]:
    """What the archive holds of a partner's message from a day on, in the order in which it came (or went), read with the map in force."""
    return _came(home, partner, agreement, since) if agreement.direction == "in" else _went(home, partner, agreement, since)


def _came(home: Home, partner: Partner, agreement: Agreement, since: str) -> Iterator[Ours | Refused]:
    for original in replaying.stored(home.database, home.archive, partner=partner.name, since=since):
        with home.database.read() as connection:
            facts = _facts(connection, list(original.exchanges.values()))
        for interchange, who, forced in replaying.interchanges(original, home.catalog):
            number = original.exchanges[interchange.ordinal]
            state, lane, outcome, day = facts[number]
            if state in NOT_OURS or outcome == "refused" or lane == STAGING or interchange.test or who is None or who.name != partner.name:
                interchange.drain()
                continue
            for message in interchange.messages:
                if not agreement.fits(message.type):
                    continue
                source = f"exchange {number} message {message.ordinal}"
                done = pipeline.translate(interchange, message, [], who, forced, home.catalog)
                if done.verdict is Verdict.REJECTED:
                    policies = partner.policies(message.type)
                    yield Refused(day, source, tuple(dict.fromkeys(
                        one.sentence() for one in done.findings if action(one.kind, policies).startswith("reject"))))
                    continue
                compiled = forced if forced is not None else home.catalog.map_for(message.type, who)
                assert compiled is not None, "it gave a verdict on records"
                for index, record in enumerate(done.records):
                    yield Ours(day, number, source, message, index, record, compiled, interchange.prepared)


def _facts(connection: Connection, exchanges: Sequence[int]) -> dict[int, tuple[str, str, str, str]]:
    """exchange → state, lane, intake outcome, the day on which it came (UTC)."""
    t = ledger()
    query = (select(t.exchange.c.id, t.exchange.c.state, t.exchange.c.lane, t.exchange.c.outcome, t.receipt.c.received_at)
             .join(t.receipt, t.receipt.c.id == t.exchange.c.receipt_id).where(t.exchange.c.id.in_(exchanges)))
    return {row.id: (row.state, row.lane, row.outcome, row.received_at[:10]) for row in connection.execute(query)}


def _went(home: Home, partner: Partner, agreement: Agreement, since: str) -> Iterator[Ours | Refused]:
    """What we wrote, read back as the partner reads it."""
    t = ledger().outbox
    query = (select(t.c.id, t.c.created_at).where(t.c.partner == partner.name, t.c.kind == "document", t.c.test.is_(False), t.c.state.not_in(LEFT),
                                                  t.c.created_at >= since).order_by(t.c.id))
    with home.database.read() as connection:
        entries = connection.execute(query).all()
    get = home.catalog.lookups_of(partner)
    for entry in entries:
        with home.database.read() as connection, outbox.open_content(connection, home.archive, entry.id) as source:
            content = source.read()
        for interchange in syntax.read(content, allow_doctype=True) if content[:1] == b"<" else syntax.read(content):
            for message in interchange.messages:
                if not agreement.fits(MessageType(message.type.standard, message.type.version, message.type.name), "out"):
                    continue
                compiled = home.catalog.map_for(message.type, partner, "out")
                if compiled is None:
                    continue
                records, _ = compiled.read(message)
                records, _ = compiled.ours(message, records, get, interchange.prepared)
                for index, record in enumerate(records):
                    yield Ours(entry.created_at[:10], entry.id, f"outbox {entry.id} message {message.ordinal}", message, index, record, compiled,
                               interchange.prepared)


def counted(results: Sequence[Result]) -> list[tuple[str, int, int, int, Difference]]:
    """(field, documents, values, explained values, one of them) of what differs, the most documents first."""
    made: dict[str, list[Any]] = {}
    for result in results:
        for difference, reason in zip(result.differences, result.reasons, strict=True):
            if difference.field == WHOLE:
                continue
            row = made.setdefault(difference.field, [set(), 0, 0, difference])
            row[0].add(result.key)
            row[1] += 1
            row[2] += bool(reason)
    listed = [(name, len(keys), values, explained, one) for name, (keys, values, explained, one) in made.items()]
    return sorted(listed, key=lambda row: (row[2] == row[1], -row[1], -row[2], row[0]))


def worst(results: Sequence[Result]) -> list[Result]:
    """What is not equal, the most unexplained differences first; documents that only one channel has before all."""
    return sorted((one for one in results if one.differences),
                  key=lambda one: (not one.unexplained, one.outcome not in (ONLY_HERE, ONLY_LEGACY), -len(one.unexplained), one.day, one.key))


def dumped(result: Result) -> dict[str, Any]:
    """A result for JSON."""
    return {"document": result.key, "day": result.day, "outcome": result.outcome, "exchange": result.exchange, "documents": result.documents,
            "differences": [{"field": one.field, "item": one.item, "path": one.path, "ours": one.ours, "theirs": one.theirs, "where": one.where,
                             "rule": one.rule, "explained": reason} for one, reason in zip(result.differences, result.reasons, strict=True)],
            "legacy": json.loads(result.legacy) if result.legacy else None}
