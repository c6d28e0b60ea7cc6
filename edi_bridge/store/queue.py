"""Records that wait for others of the same agreement, to go out with them in one interchange."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select

from edi_bridge.store.tables import ledger


@dataclass(frozen=True, slots=True)
class Queued:
    """One record (JSON), of about `size` bytes as a message."""

    id: int
    partner: str
    key: str
    record_type: str
    record: str
    size: int
    origin: str
    created_at: str


def add(connection: Connection, partner: str, key: str, map: str, record_type: str, record: str, size: int, origin: str, test: bool,
        at: str) -> int:
    """Let a record wait; its number. `key`: what goes out together."""
    t = ledger().queue
    made: int = connection.execute(insert(t).values(partner=partner, key=key, map=map, record_type=record_type, record=record, size=size,
                                                    origin=origin, test=test, created_at=at).returning(t.c.id)).scalar_one()
    return made


def subject(partner: str, key: str) -> str:
    """What goes out together, as alarms and the audit log name it."""
    return f"queue {partner} {key}"


def keys(connection: Connection, partner: str = "") -> list[tuple[str, str]]:
    """(partner, key) of all that waits."""
    t = ledger().queue
    query = select(t.c.partner, t.c.key).distinct().order_by(t.c.partner, t.c.key)
    rows = connection.execute(query.where(t.c.partner == partner) if partner else query)
    return [(row.partner, row.key) for row in rows]


def waiting(connection: Connection, partner: str, key: str) -> list[Queued]:
    """What waits, the oldest first; on PostgreSQL the rows are locked, so that two processes never send the same."""
    t = ledger().queue
    return _queued(connection, select(t).where(t.c.partner == partner, t.c.key == key).order_by(t.c.id).with_for_update())


def listing(connection: Connection, partner: str = "") -> list[Queued]:
    """All that waits, for a partner or for everybody, the oldest first."""
    t = ledger().queue
    query = select(t).order_by(t.c.id)
    return _queued(connection, query.where(t.c.partner == partner) if partner else query)


def one(connection: Connection, id: int) -> Queued | None:
    """What waits under this number, locked; None where nothing does."""
    t = ledger().queue
    return next(iter(_queued(connection, select(t).where(t.c.id == id).with_for_update())), None)


def _queued(connection: Connection, query: Select[Any]) -> list[Queued]:
    return [Queued(*(getattr(row, name) for name in Queued.__slots__)) for row in connection.execute(query)]


def left(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Which of them still wait."""
    t = ledger().queue
    return list(connection.execute(select(t.c.id).where(t.c.id.in_(ids)).order_by(t.c.id)).scalars())


def remove(connection: Connection, ids: Sequence[int]) -> None:
    """They wait no more."""
    t = ledger().queue
    connection.execute(delete(t).where(t.c.id.in_(ids)))
