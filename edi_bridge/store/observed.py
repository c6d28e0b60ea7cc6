"""What was seen of a partner's messages for the first time, and what a person accepted by name: codes, qualifiers, segments, rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from edi_bridge.store.rollout_tables import rollout

KINDS = ("rule", "unread", "segment", "qualifier", "code")


@dataclass(frozen=True, slots=True)
class Observed:
    """One thing of a partner's messages: `kind` of KINDS, its `place` (the field of a rule, a path, a tag) and `value` ('' where the place
    says all). `exchange` is the first that had it; None: nothing had it yet, a person accepted it beforehand."""

    partner: str
    direction: str
    message: str
    kind: str
    place: str
    value: str = ""
    stage: str = ""
    first_at: str = ""
    accepted_by: str = ""
    accepted_at: str = ""
    exchange: int | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What makes it the same thing."""
        return self.partner, self.direction, self.message, self.kind, self.place, self.value


def of(connection: Connection, partner: str, direction: str = "", message: str = "", kinds: Sequence[str] = KINDS) -> list[Observed]:
    """What is known of a partner; '' stands for any."""
    t = rollout().observed
    query = select(t).where(t.c.partner == partner, t.c.kind.in_(kinds)).order_by(t.c.id)
    for column, value in ((t.c.direction, direction), (t.c.message, message)):
        query = query.where(column == value) if value else query
    return [_observed(row) for row in connection.execute(query)]


def add(connection: Connection, seen: Iterable[Observed]) -> list[Observed]:
    """Note what was not known yet; those that are new."""
    t = rollout().observed
    new: list[Observed] = []
    known: dict[tuple[str, str, str], set[tuple[str, ...]]] = {}
    for one in seen:
        lane = (one.partner, one.direction, one.message)
        if lane not in known:
            known[lane] = {other.key for other in of(connection, *lane)}
        if one.key not in known[lane]:
            known[lane].add(one.key)
            new.append(one)
    if new:
        connection.execute(insert(t), [
            {**{name: getattr(one, name) for name in Observed.__slots__ if name != "exchange"}, "exchange_id": one.exchange} for one in new])
    return new


def accept(connection: Connection, one: Observed, actor: str, now: str) -> None:
    """Say that a person knows of it; noted where it was not."""
    t = rollout().observed
    changed = connection.execute(update(t).where(*(t.c[name] == getattr(one, name) for name in ("partner", "direction", "message", "kind", "place", "value")))
                                 .values(accepted_by=actor, accepted_at=now))
    if not changed.rowcount:
        connection.execute(insert(t).values(partner=one.partner, direction=one.direction, message=one.message, kind=one.kind, place=one.place,
                                            value=one.value, stage=one.stage, first_at="", accepted_by=actor, accepted_at=now))


def last_looked(connection: Connection, name: str) -> int:
    """The last exchange that one who looks through the ledger has seen; 0 before the first."""
    t = rollout().watched
    return connection.execute(select(t.c.last).where(t.c.name == name)).scalar() or 0


def set_last_looked(connection: Connection, name: str, last: int) -> None:
    """Note how far one who looks through the ledger has come."""
    t = rollout().watched
    if not connection.execute(update(t).where(t.c.name == name).values(last=last)).rowcount:
        connection.execute(insert(t).values(name=name, last=last))


def _observed(row: Any) -> Observed:
    return Observed(**{name: getattr(row, name) for name in Observed.__slots__ if name != "exchange"}, exchange=row.exchange_id)
