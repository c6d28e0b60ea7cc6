"""How much of a pilot's limits is used: documents that passed, by day. Counted in the transaction that lets them pass.

A pilot is one stay of an agreement in its stage: `since` tells it from the one before.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from edi_bridge.database import dialect_of
from edi_bridge.partner import Agreement
from edi_bridge.rollout.stage import beyond
from edi_bridge.store.rollout_tables import rollout


@dataclass(frozen=True, slots=True)
class Used:
    """Documents that passed: in all, and on the day."""

    total: int = 0
    today: int = 0


def used(connection: Connection, partner: str, agreement: Agreement, now: str) -> Used:
    """What an agreement's pilot has used up to now (ISO 8601, UTC; a day is one of UTC)."""
    t = rollout().piloted
    mine = (t.c.partner == partner) & (t.c.direction == agreement.direction) & (t.c.message == agreement.message) & (t.c.since == agreement.since)
    total = connection.execute(select(func.coalesce(func.sum(t.c.documents), 0)).where(mine)).scalar_one()
    today = connection.execute(select(func.coalesce(func.sum(t.c.documents), 0)).where(mine, t.c.day == now[:10])).scalar_one()
    return Used(int(total), int(today))


def admit(connection: Connection, partner: str, agreement: Agreement, documents: int, now: str) -> str:
    """Let documents pass and count them, or say why a person must decide. Those that wait to be approved are counted, those beyond a
    limit are not. On PostgreSQL the row of the day is locked until the transaction ends, so that no limit is passed by two at once."""
    t = rollout().piloted
    key = {"partner": partner, "direction": agreement.direction, "message": agreement.message, "since": agreement.since, "day": now[:10]}
    dialect = dialect_of(connection)
    connection.execute(dialect.insert(t).values(**key, documents=0).on_conflict_do_nothing())
    mine = [t.c[name] == value for name, value in key.items()]
    connection.execute(select(t.c.id).where(*mine).with_for_update())
    before, limits = used(connection, partner, agreement, now), agreement.limits
    waits = beyond(before.total, before.today, limits.documents, limits.daily, limits.approve, documents)
    approval = beyond(before.total, before.today, limits.documents, limits.daily, 0, documents) == ""
    if approval:
        connection.execute(update(t).where(*mine).values(documents=t.c.documents + documents))
    return waits
