"""Our own records into the outbox: the agreement's map and envelope, the guide's check, a number drawn in the same commit.

What the guide or the map refuses is told and nothing is drawn. Where an agreement wants several messages in one interchange
(`batch:`), a message is checked when it comes, waits in the ledger, and goes out with the others when there are enough of them
or the first has waited long enough.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from edi_bridge import completion, syntax
from edi_bridge.clock import written
from edi_bridge.crashpoint import passing
from edi_bridge.database import Database
from edi_bridge.fault import ConfigFault
from edi_bridge.finding import Finding
from edi_bridge.interchange import Address, MessageType
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.partner import Agreement, Partner
from edi_bridge.record import all_from_json, from_json, to_json
from edi_bridge.rollout.stage import DRY, REFUSE, SEND, Departure, leaving
from edi_bridge.store import alarm, control_number, laid_down, outbox, piloted, queue
from edi_bridge.store.archive import Archive
from edi_bridge.store.outbox import SentMessage
from edi_bridge.store.version import PINNED

if TYPE_CHECKING:
    from edi_bridge import outbound

Record = dict[str, Any]
SEGMENTS = ("edifact", "x12")


class Refused(Exception):
    """Leaves the transaction without a trace; what is wrong was collected."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a record goes to a partner: agreement, map, test or live, and what its stage says."""

    partner: Partner
    agreement: Agreement
    map: CompiledMap
    test: bool
    departure: Departure = Departure(SEND)

    @property
    def key(self) -> str:
        """What goes out together."""
        return f"{self.agreement.message} {'test' if self.test else 'live'}"

    @property
    def type(self) -> MessageType:
        """The message that is written."""
        return MessageType(*self.map.spec.message.split("/"))


@dataclass(slots=True)
class Submitted:
    """What became of records: the entries of the outbox, those that wait for others to go with, and what was found. Nothing is
    sent where something rejects it."""

    entries: list[int] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether nothing goes out."""
        return not self.entries and not self.waiting


@dataclass(frozen=True, slots=True)
class Writing:
    """Writes records for partners. `versions`: the hash of each map, kept with what it wrote.

    `stuck`: what waits in the queue and can go out by this configuration no more; it is not composed again and again. Another
    configuration has another `Writing`."""

    database: Database
    archive: Archive
    catalog: Any
    clock: Callable[[], datetime]
    versions: dict[str, str] = field(default_factory=dict)
    stuck: set[int] = field(default_factory=set)

    def way(self, partner: str, record_type: str, message: str = "", *, test: bool | None = None) -> Way:
        """The agreement for sending records of a type; `message` (edifact/D96A/INVOIC, or INVOIC) says which of several.

        ConfigFault when none is agreed, when several are and nobody says which, or when its stage sends nothing of the kind. `test`
        None: the stage says whether it is a test.
        """
        known = self.catalog.partner_named(partner)
        found = []
        for one in known.agreements:
            if one.direction != "out" or (message and message not in (one.message, one.message.rpartition("/")[2])):
                continue
            departure = leaving(one.stage, test, tests_only=one.test, former=one.former)
            who = known.ruling(departure.test or one.test)
            written = self.catalog.map_named(one.map) if one.map else self.catalog.map_for(MessageType(*one.message.split("/")), who, "out")
            if written is not None and written.record == record_type:
                found.append(Way(who, one, written, departure.test, departure))
        closed = [way for way in found if way.departure.then == REFUSE]
        if len(found) > len(closed):
            found = [way for way in found if way.departure.then != REFUSE]
        elif closed:
            raise ConfigFault.at(known.file, 0, 0, f"{closed[0].agreement.message} for {partner}: {closed[0].departure.reason}")
        if len(found) != 1:
            what = f"records of type {record_type}" + (f" as {message}" if message else "")
            several = ", ".join(way.agreement.message for way in found)
            raise ConfigFault.at(known.file, 0, 0, f"nothing is agreed with {partner} for sending {what} (agreements: direction: out)" if not found
                                 else f"{what} can go to {partner} as {several}: say which")
        return found[0]

    def record_types(self, partner: str) -> list[str]:
        """The types of records for whose sending anything is agreed with a partner."""
        who = self.catalog.partner_named(partner)
        maps = [self.catalog.map_named(one.map) if one.map else self.catalog.map_for(MessageType(*one.message.split("/")), who.ruling(one.test), "out")
                for one in who.agreements if one.direction == "out"]
        return sorted({one.record for one in maps if one is not None})

    def check(self, way: Way, records: Sequence[Record]) -> tuple[bool, list[Finding]]:
        """Whether records can be written for a partner, and what was found; nothing is kept and no number is drawn."""
        composed = self._composed(way, records, "1", "1")
        return bool(composed.contents), composed.findings

    def submit(self, way: Way, records: Sequence[Record], origin: str) -> Submitted:
        """Records to a partner: into the outbox at once, or into the queue of those that go out together. `origin`: whose wish it
        is (a file of `outgoing/`, a person)."""
        passing("record_taken")
        made = Submitted()
        groups = [list(records)] if way.map.plan.records else [[one] for one in records]
        for group in groups:
            try:
                with self.database.write() as connection:
                    if self._batched(way):
                        made.waiting.append(self._queue(connection, way, group, origin, made.findings))
                    else:
                        made.entries += self._compose(connection, way, group, [origin], made.findings)
            except Refused:
                continue
        if made.waiting:
            made.entries += self.flush(way.partner.name)
            with self.database.read() as connection:
                made.waiting = queue.left(connection, made.waiting)
        return made

    def take_laid_down(self, limit: int = 100) -> list[tuple[int, Submitted]]:
        """What the company's own programs laid into the table `outgoing`: (row, what became of it), the oldest first.

        A row and its entry of the outbox are one commit, so that none is sent twice. A row that cannot be sent is marked and says why.
        """
        made = []
        with self.database.read() as connection:
            rows = laid_down.waiting(connection, limit)
        for row in rows:
            made.append((row.id, self._take(row)))
        for partner in dict.fromkeys(row.partner for row in rows):
            self.flush(partner)
        return made

    def _take(self, row: laid_down.Laid) -> Submitted:
        became = Submitted()
        try:
            way = self.way(row.partner, row.type, row.message, test=row.test)
            records = [from_json(row.record.encode(), row.type)]
            with self.database.write() as connection:
                if not laid_down.lock(connection, row.id):
                    return became
                if self._batched(way):
                    became.waiting.append(self._queue(connection, way, records, f"outgoing {row.id}", became.findings))
                else:
                    became.entries += self._compose(connection, way, records, [f"outgoing {row.id}"], became.findings)
                laid_down.done(connection, row.id, self._now(), "taken", ", ".join(f"outbox {entry}" for entry in became.entries))
        except (Refused, ConfigFault, ValueError) as error:
            note = "; ".join(finding.sentence() for finding in became.findings) or str(error)
            became.entries, became.waiting = [], []
            with self.database.write() as connection:
                laid_down.done(connection, row.id, self._now(), "refused", note[:2000])
                alarm.raise_(connection, "refused", f"outgoing {row.id}", f"outgoing {row.id} for {row.partner} is not sent: {note[:300]}", self._now())
        return became

    @staticmethod
    def _batched(way: Way) -> bool:
        return way.agreement.batch.count > 1 and way.map.standard in SEGMENTS and way.departure.then != DRY

    def _queue(self, connection: Connection, way: Way, group: Sequence[Record], origin: str, findings: list[Finding]) -> int:
        composed = self._composed(way, group, "1", "1")
        findings += composed.findings
        if not composed.contents:
            raise Refused
        text = to_json(group[0] if len(group) == 1 else list(group)).decode()
        return queue.add(connection, way.partner.name, way.key, way.map.spec.name, way.map.record, text, sum(map(len, composed.contents)),
                         origin, way.test, self._now())

    def flush(self, partner: str = "", *, everything: bool = False) -> list[int]:
        """Compose what waited long enough, or is enough; the new entries of the outbox."""
        made: list[int] = []
        with self.database.read() as connection:
            keys = queue.keys(connection, partner)
        for name, key in keys:
            message, _, kind = key.partition(" ")
            while (entries := self._flush(name, message, kind == "test", everything)) is not None:
                made += entries
        return made

    def _flush(self, partner: str, message: str, test: bool, everything: bool) -> list[int] | None:
        """The entries of one interchange out of the queue; [] where all that was chosen is stuck, None where nothing goes now."""
        with self.database.write() as connection:
            key = f"{message} {'test' if test else 'live'}"
            subject = queue.subject(partner, key)
            rows = queue.waiting(connection, partner, key)
            free = [row for row in rows if row.id not in self.stuck]
            if not free:
                return None
            try:
                way = self.way(partner, free[0].record_type, message, test=test)
            except ConfigFault as fault:  # its stage or its agreement is another by now: it stays, and keeps nobody else waiting
                alarm.raise_(connection, "refused", subject, f"{len(rows)} for {partner} ({key}) wait and cannot go out: {fault}", self._now())
                return None
            if way.departure.then != SEND:  # paused
                return None
            if not (chosen := self._enough(way, free, everything)):
                return None
            entries, stuck, why = self._as_many_as_go(connection, way, chosen)
            self.stuck.update(stuck)
            if stuck:
                alarm.raise_(connection, "refused", subject, f"{len(stuck)} of {len(chosen)} for {partner} ({key}) cannot go"
                             f" out any more, and wait until map or agreement are put right: {why}", self._now())
            elif len(free) == len(rows):
                alarm.clear(connection, "refused", subject, self._now())
            return entries

    def _as_many_as_go(self, connection: Connection, way: Way, rows: Sequence[Any]) -> tuple[list[int], list[int], str]:
        """The entries of those that can go out, the numbers of those that cannot, and what is wrong with the first of these: they were good
        when they came, a map or an agreement is another by now."""
        stuck: list[int] = []
        why = ""
        while rows:
            try:
                with connection.begin_nested():
                    return self._out_of_queue(connection, way, rows), stuck, why
            except Refused:
                bad, reason = self._not_good(way, rows)
                stuck, why = stuck + bad, why or reason
                rows = [row for row in rows if row.id not in bad]
        return [], stuck, why

    def _out_of_queue(self, connection: Connection, way: Way, rows: Sequence[Any]) -> list[int]:
        records = [record for row in rows for record in all_from_json(row.record, row.record_type)]
        entries = self._compose(connection, way, records, [row.origin for row in rows], [])
        queue.remove(connection, [row.id for row in rows])
        return entries

    def _not_good(self, way: Way, rows: Sequence[Any]) -> tuple[list[int], str]:
        """Those that cannot go out even by themselves, and what is wrong with the first; all where they cannot together."""
        bad, why = [], ""
        for row in rows:
            composed = self._composed(way, all_from_json(row.record, row.record_type), "1", "1")
            if not composed.contents:
                bad.append(row.id)
                why = why or next((one.sentence() for one in composed.findings), "the guide refuses it")
        return (bad, why) if bad else ([row.id for row in rows], "together they make no interchange that the guide lets pass")

    def _enough(self, way: Way, rows: Sequence[Any], everything: bool) -> Sequence[Any]:
        """Those that go out now; none while they are too few and the first has not waited long enough."""
        batch = way.agreement.batch
        size, count = 0, 0
        for row in rows:
            if count and (count >= batch.count or size + row.size > batch.size):
                break
            size, count = size + row.size, count + 1
        full = count >= batch.count or count < len(rows)
        late = datetime.fromisoformat(rows[0].created_at) + timedelta(seconds=batch.wait) <= self.clock()
        return rows[:count] if full or late or everything else ()

    def _compose(self, connection: Connection, way: Way, records: Sequence[Record], origins: Sequence[str],
                 findings: list[Finding]) -> list[int]:
        """Number, bytes, entry. Refused where anything rejects it."""
        ours, theirs = self._addresses(way)
        control, group = "", ""
        dry = way.departure.then == DRY
        if way.map.standard != "csv" and way.map.standard != "fixed" and not dry:
            scope = control_number.scope(way.map.standard, ours, theirs, test=way.test)
            control = str(control_number.draw(connection, scope, "interchange", way.partner.numbers, self._now()))
            if way.map.standard == "x12":
                group = str(control_number.draw(connection, scope, "group", way.partner.numbers, self._now()))
        passing("number_drawn")
        composed = self._composed(way, records, control or "1", group or "1")
        findings += composed.findings
        if not composed.contents:
            raise Refused
        passing("rendered")
        made: list[int] = []
        waits = piloted.admit(connection, way.partner.name, way.agreement, len(records), self._now()) if way.departure.limited else ""
        state = "shadowed" if dry else "held" if waits else "waiting"
        for number, content in enumerate(composed.contents, 1):
            part = records if len(composed.contents) == 1 else [records[number - 1]]
            entry = outbox.Outgoing(
                way.partner.name, "document", way.type.name, way.map.standard, ours, theirs, control, content, way.test,
                way.agreement.channel, origin=", ".join(dict.fromkeys(origins))[:500], version=self.versions.get(PINNED, ""), state=state, error=waits,
                messages=self._messages(way, content, part, origins))
            made.append(outbox.add(connection, self.archive, entry, self._now()))
            if waits:
                alarm.raise_(connection, "quarantine", f"outbox {made[-1]}", f"outbox {made[-1]} for {way.partner.name} waits for a person: {waits}"
                             " (edi-bridge outbox retry, or cancel)", self._now())
        passing("bytes_stored")
        return made

    def _composed(self, way: Way, records: Sequence[Record], control: str, group: str) -> outbound.Composed:
        from edi_bridge import outbound  # loads long, and a daemon must soon be back at work

        prepared = self.clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M")
        ours, theirs = self._addresses(way)
        base = outbound.Heading(ours, theirs, control or "1", prepared, way.test, group=group)
        head = outbound.heading(way.partner.enveloping(way.agreement), base, way.map.standard)
        whole = []
        for record in records:
            record, _ = completion.completed(record, way.map.record)
            record, _ = completion.headed(record, way.map.record, control or "1", prepared, way.map.standard == "x12")
            whole.append(record)
        checker = self.catalog.checker_for(replace(way.type, usage=head.usage), way.partner, "out")
        return outbound.compose(whole, way.map, head, checker, self.catalog.lookups_of(way.partner))

    def _addresses(self, way: Way) -> tuple[Address, Address]:
        found = []
        for who, identity in (("our own company", self.catalog.own.identity(way.map.standard)),
                              (way.partner.name, way.partner.identity(way.map.standard))):
            if identity is None and way.map.standard in SEGMENTS:
                raise ConfigFault.at(way.partner.file, 0, 0, f"{who} has no address for {way.map.standard} (identities:)")
            found.append(identity.address if identity else Address())
        return found[0], found[1]

    def _messages(self, way: Way, content: bytes, records: Sequence[Record], origins: Sequence[str]) -> list[SentMessage]:
        """What is remembered of each message, so that an answer finds it and leads back to the record."""
        name = way.map.spec.name
        common = {"map": name, "map_hash": self.versions.get(name, ""), "record_type": way.map.record}
        texts = [to_json(record).decode() for record in records]
        if way.map.plan.records:
            texts = ["[" + ",".join(texts) + "]"]
        rows = [{**common, "record": text, "origin": origin} for text, origin in
                zip(texts, origins if len(origins) == len(texts) else [origins[0]] * len(texts), strict=True)]
        if way.map.standard not in SEGMENTS:
            return [SentMessage(ordinal, "", str(way.type), document=str(record.get("number") or ""), **row)
                    for ordinal, (row, record) in enumerate(zip(rows, records, strict=False), 1)]
        from edi_bridge import explaining  # loads long, and a daemon must soon be back at work

        sent, _ = explaining.sent_interchange(next(syntax.read(io.BytesIO(content))))
        return [SentMessage(ordinal, message.reference, str(way.type), group.control, group.kind, message.document, **row)
                for ordinal, ((group, message), row) in enumerate(zip(sent.messages(), rows, strict=True), 1)]

    def _now(self) -> str:
        return written(self.clock())
