"""Messages that wait for the business document they refer to: a change for its order, an invoice for what it corrects.

A waiting message has its row in the ledger. When a document comes for which it waits, or when it has waited long enough, its row is
taken away and its exchange opened again: the message goes its whole way once more. Never while its delivery is still being posted:
whoever does that has passed the message already, and would close its exchange without it. It then goes on when that is through.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, insert, select, tuple_, update

from edi_bridge.store import ledger as receipts
from edi_bridge.store.tables import ledger

Place = tuple[int, int]  # exchange, ordinal of the message
CAME = ""  # the key of a wait that is over


@dataclass(frozen=True, slots=True)
class Wait:
    """For what a message waits (`order 4711`), since when and until when (ISO 8601, UTC)."""

    exchange: int
    ordinal: int
    key: str
    since: str
    due_at: str


def expired(connection: Connection, places: Sequence[Place], now: str) -> set[Place]:
    """Those of the messages that have waited long enough."""
    t = ledger().waiting
    if not places:
        return set()
    rows = connection.execute(select(t.c.exchange_id, t.c.ordinal).where(
        t.c.exchange_id.in_({exchange for exchange, _ in places}), t.c.due_at <= now).distinct())
    return {(row[0], row[1]) for row in rows} & set(places)


def note(connection: Connection, place: Place, keys: Iterable[str], since: str, due_at: str) -> None:
    """A message waits. The one that waited before keeps its time."""
    t = ledger().waiting
    mine = (t.c.exchange_id == place[0]) & (t.c.ordinal == place[1])
    before = connection.execute(select(t.c.since, t.c.due_at).where(mine)).first()
    connection.execute(delete(t).where(mine))
    began, until = (before.since, before.due_at) if before else (since, due_at)
    connection.execute(insert(t), [dict(exchange_id=place[0], ordinal=place[1], key=key, since=began, due_at=until) for key in keys])


def over(connection: Connection, places: Sequence[Place]) -> None:
    """They do not wait any more."""
    t = ledger().waiting
    if places:
        connection.execute(delete(t).where(tuple_(t.c.exchange_id, t.c.ordinal).in_(places)))


def wake(connection: Connection, keys: Sequence[str]) -> int:
    """Open the messages again that wait for one of these documents; how many. Those whose delivery is still in hand: it came."""
    t = ledger().waiting
    if not keys:
        return 0
    opened = _again(connection, t.c.key.in_(keys))
    connection.execute(update(t).where(t.c.key.in_(keys)).values(key=CAME))
    return opened


def wake_expired(connection: Connection, now: str) -> int:
    """Open those again that have waited long enough, or for whom something came while their delivery was in hand; how many."""
    t = ledger().waiting
    return _again(connection, (t.c.due_at <= now) | (t.c.key == CAME))


def next_due(connection: Connection) -> str | None:
    """When the next one has waited long enough; None when nothing waits."""
    t = ledger().waiting
    value: str | None = connection.execute(select(t.c.due_at).order_by(t.c.due_at).limit(1)).scalar()
    return value


def listing(connection: Connection, exchange: int | None = None) -> list[Wait]:
    """What waits, oldest first."""
    t = ledger().waiting
    query = select(t).order_by(t.c.id)
    rows = connection.execute(query if exchange is None else query.where(t.c.exchange_id == exchange))
    return [Wait(row.exchange_id, row.ordinal, row.key, row.since, row.due_at) for row in rows]


def _again(connection: Connection, which: ColumnElement[bool]) -> int:
    t = ledger()
    mine = (t.message.c.exchange_id == t.waiting.c.exchange_id) & (t.message.c.ordinal == t.waiting.c.ordinal)
    query = select(t.waiting.c.exchange_id, t.waiting.c.ordinal).distinct().join(t.message, mine).join(
        t.exchange, t.exchange.c.id == t.waiting.c.exchange_id).join(t.receipt, t.receipt.c.id == t.exchange.c.receipt_id)
    rows = connection.execute(query.where(which, t.message.c.state == "waiting", t.exchange.c.state != "open", t.receipt.c.state == "done"))
    places = [(row[0], row[1]) for row in rows]
    for exchange in {exchange for exchange, _ in places}:
        receipts.do_again(connection, exchange, [ordinal for one, ordinal in places if one == exchange])
    return len(places)
