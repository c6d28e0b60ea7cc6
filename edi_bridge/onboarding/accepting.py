"""The documents that a pilot kept: accepted into the live CRM, keyed by business document, or discarded.

Each document keeps its row in the ledger: it moves from the pilot's lane to the live one. What the old channel booked is skipped by its
key, told by the live CRM itself or by a list.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from edi_bridge import pipeline
from edi_bridge.crm.identity import own_identities
from edi_bridge.crm.post import PostItem, PostResult, post_batch
from edi_bridge.crm.reference import posted_key
from edi_bridge.database import Database
from edi_bridge.interchange import MessageType, Position
from edi_bridge.partner import Agreement
from edi_bridge.rollout.stage import LIVE, PILOT
from edi_bridge.store import audit, message, waiting
from edi_bridge.store.archive import Archive
from edi_bridge.store.tables import ledger

BOOKED = ("duplicate_document", "message_posted_before")  # what posting says of a document that is in the live CRM


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of one message that a pilot kept: accepted, booked (the old channel had it), held (a person must look), discarded."""

    exchange: int
    ordinal: int
    type: str
    documents: tuple[str, ...]
    became: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Row:
    message: int
    exchange: int
    ordinal: int
    type: str
    receipt: int
    sha256: str
    place: int
    told: str
    map: str
    documents: tuple[str, ...]


def kept(connection: Connection, partner: str, agreements: Sequence[Agreement], exchanges: Collection[int] = ()) -> list[_Row]:
    """The messages in the pilot's lane, in the order in which they came."""
    t = ledger()
    m, e, r = t.message, t.exchange, t.receipt
    query = select(m.c.id, m.c.exchange_id, m.c.ordinal, m.c.type, r.c.id.label("receipt"), r.c.sha256, e.c.ordinal.label("place"),
                   r.c.partner.label("told"), r.c.map).join(e, e.c.id == m.c.exchange_id).join(r, r.c.id == e.c.receipt_id)
    query = query.where(e.c.partner == partner, m.c.lane == PILOT, m.c.state == "posted").order_by(m.c.exchange_id, m.c.ordinal)
    if exchanges:
        query = query.where(e.c.id.in_(list(exchanges)))
    rows = [row for row in connection.execute(query) if row.type.count("/") == 2
            and any(one.direction == "in" and one.fits(MessageType(*row.type.split("/"))) for one in agreements)]
    d = t.message_document
    numbers: dict[int, list[str]] = {}
    ids = [row.id for row in rows]
    for first in range(0, len(ids), 500):
        for found in connection.execute(select(d.c.message_id, d.c.number).where(d.c.message_id.in_(ids[first: first + 500])).order_by(d.c.id)):
            numbers.setdefault(found.message_id, []).append(found.number)
    return [_Row(*row[:6], row.place, row.told, row.map, tuple(numbers.get(row.id, ()))) for row in rows]


@dataclass(frozen=True, slots=True)
class Accepting:
    """Accepts and discards what the pilots of a home kept."""

    database: Database
    archive: Archive
    catalog: Any
    actor: str
    now: Callable[[], str]

    def accept(self, partner: str, agreements: Sequence[Agreement], reason: str, booked: Collection[str] = (), exchanges: Collection[int] = ()) -> list[Kept]:
        """Post what is kept into the live CRM, message by message in their order, each interchange in a transaction of its own: whoever
        is killed leaves a whole number of them done. `booked`: numbers of documents that the old channel booked."""
        with self.database.read() as connection:
            rows = kept(connection, partner, agreements, exchanges)
        own = own_identities(self.catalog.own.parties)
        made: list[Kept] = []
        for exchange in dict.fromkeys(row.exchange for row in rows):
            mine = [row for row in rows if row.exchange == exchange]
            outcomes = self._read(mine[0])
            with self.database.write() as connection:
                part = [self._accepted(connection, partner, row, outcomes.get(row.ordinal), booked, own) for row in self._still(connection, mine)]
                if part:
                    audit.write(connection, self.now(), self.actor, "accept", f"exchange {exchange}", reason,
                                {"documents": [[*one.documents, one.became] for one in part]})
            made += part
        return made

    def _read(self, row: _Row) -> Mapping[int, Any]:
        """The messages of an interchange as today's maps read them, by their place."""
        with self.archive.open(row.sha256) as source:
            return {outcome.message.ordinal: outcome for outcome in pipeline.inbound(source, self.catalog, partner=row.told or None, map=row.map or None)
                    if outcome.interchange.ordinal == row.place and outcome.message is not None}

    @staticmethod
    def _still(connection: Connection, rows: Sequence[_Row]) -> list[_Row]:
        m = ledger().message
        ids = select(m.c.id).where(m.c.id.in_([row.message for row in rows]), m.c.lane == PILOT, m.c.state == "posted").with_for_update()
        here = set(connection.execute(ids).scalars())
        return [row for row in rows if row.message in here]

    def _accepted(self, connection: Connection, partner: str, row: _Row, outcome: Any, booked: Collection[str], own: Any) -> Kept:
        m = ledger().message
        mine = m.c.id == row.message
        if outcome is None or not outcome.records:
            return Kept(row.exchange, row.ordinal, row.type, row.documents, "held", "today's map reads nothing in it")
        numbers = tuple(str(record["number"]) for record in outcome.records if record.get("number"))
        if numbers and all(number in booked for number in numbers):
            connection.execute(update(m).where(mine).values(state="discarded"))
            return Kept(row.exchange, row.ordinal, row.type, row.documents, "booked", "it stands in the list of what the old channel booked")
        savepoint = connection.begin_nested()
        result = post_batch(connection, [PostItem(row.message, partner, outcome.record_type, outcome.records, Position(message=row.ordinal))], own)[0]
        kinds = {finding.kind for finding in result.findings}
        if result.state != "posted" or kinds.intersection(BOOKED):
            savepoint.rollback()
            return self._not_posted(connection, row, result, kinds, mine)
        savepoint.commit()
        connection.execute(update(m).where(mine).values(lane=LIVE))
        message.add_findings(connection, [(row.receipt, row.exchange, row.message, finding) for finding in result.findings])
        waiting.wake(connection, [posted_key(document.kind, document.number) for document in result.documents])
        return Kept(row.exchange, row.ordinal, row.type, row.documents, "accepted")

    @staticmethod
    def _not_posted(connection: Connection, row: _Row, result: PostResult, kinds: Collection[str], mine: Any) -> Kept:
        if "duplicate_document" in kinds or "message_posted_before" in kinds:
            connection.execute(update(ledger().message).where(mine).values(state="discarded"))
            other = ", with other content" if "duplicate_document" in kinds else ""
            return Kept(row.exchange, row.ordinal, row.type, row.documents, "booked", f"it is in the live CRM already{other}")
        why = "; ".join(finding.sentence() for finding in result.findings) or result.state
        return Kept(row.exchange, row.ordinal, row.type, row.documents, "held", why)

    def discard(self, partner: str, agreements: Sequence[Agreement], reason: str, exchanges: Collection[int] = ()) -> list[Kept]:
        """Decide that what is kept is not posted live; it stays in the pilot's lane, marked in the ledger."""
        m = ledger().message
        with self.database.write() as connection:
            rows = kept(connection, partner, agreements, exchanges)
            for row in rows:
                connection.execute(update(m).where(m.c.id == row.message).values(state="discarded"))
            made = [Kept(row.exchange, row.ordinal, row.type, row.documents, "discarded") for row in rows]
            if made:
                audit.write(connection, self.now(), self.actor, "discard", f"partner {partner}", reason,
                            {"documents": [[one.exchange, *one.documents] for one in made]})
        return made
