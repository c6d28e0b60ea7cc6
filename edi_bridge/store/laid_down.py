"""The table `outgoing`: the company's own programs insert rows (partner, type, message, test, record) and read what became of them.

    INSERT INTO outgoing (partner, type, message, record) VALUES ('acme', 'invoice', '', '{"number": "R-1", …}')

`message` says which of several agreements (INVOIC), '' where there is one; `record` is JSON. `done_at` is '' until the row was
taken; then `became` is taken or refused, and `note` says where it is or why not.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from edi_bridge.store.tables import ledger


@dataclass(frozen=True, slots=True)
class Laid:
    """One row that waits."""

    id: int
    partner: str
    type: str
    message: str
    test: bool | None
    record: str


def waiting(connection: Connection, limit: int) -> list[Laid]:
    """The rows that were not taken yet, the oldest first."""
    t = ledger().outgoing
    rows = connection.execute(select(t).where(t.c.done_at == "").order_by(t.c.id).limit(limit))
    return [Laid(*(getattr(row, name) for name in Laid.__slots__)) for row in rows]


def lock(connection: Connection, id: int) -> bool:
    """Hold a row until the transaction ends; False when another took it."""
    t = ledger().outgoing
    return connection.execute(select(t.c.id).where(t.c.id == id, t.c.done_at == "").with_for_update()).first() is not None


def done(connection: Connection, id: int, at: str, became: str, note: str) -> None:
    """Say what became of a row."""
    t = ledger().outgoing
    connection.execute(update(t).where(t.c.id == id).values(done_at=at, became=became, note=note))
