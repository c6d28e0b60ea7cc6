"""What people said of the rollout: who does a step until when, evidence with its file, and what need not be passed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from edi_bridge.rollout.gate import Waiver
from edi_bridge.rollout.steps import Said
from edi_bridge.store.rollout_tables import rollout

MEASURED = "edi-bridge"  # the owner of evidence that the program itself measured


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact: `name` of a `step`, its value, who says so, of which day, with which file (by its SHA-256 in the archive)."""

    partner: str
    step: str
    name: str
    value: str
    owner: str
    day: str
    file_name: str = ""
    sha256: str = ""
    note: str = ""
    at: str = ""

    @property
    def stated(self) -> bool:
        """Whether a person says so, and not a measurement."""
        return self.owner != MEASURED


def words_of(connection: Connection, partner: str) -> dict[str, Said]:
    """What was said of each step of a partner ('' the programme)."""
    t = rollout().rollout_step
    return {row.step: Said(row.owner, row.due, row.note) for row in connection.execute(select(t).where(t.c.partner == partner))}


def say(connection: Connection, partner: str, step: str, said: Said, now: str) -> None:
    """Put down who does a step; what was said before is replaced."""
    t = rollout().rollout_step
    values = {"owner": said.owner, "due": said.due, "note": said.note, "changed_at": now}
    if not connection.execute(update(t).where(t.c.partner == partner, t.c.step == step).values(**values)).rowcount:
        connection.execute(insert(t).values(partner=partner, step=step, **values))


def state(connection: Connection, facts: Sequence[Evidence]) -> None:
    """Keep evidence; what stood under the same name before stays as history."""
    if facts:
        connection.execute(insert(rollout().rollout_evidence), [{name: getattr(one, name) for name in Evidence.__slots__} for one in facts])


def evidence(connection: Connection, partner: str | None = None, step: str = "") -> list[Evidence]:
    """All of a partner ('' the programme, None everybody), the oldest first."""
    t = rollout().rollout_evidence
    query = select(t).order_by(t.c.id)
    query = query if partner is None else query.where(t.c.partner == partner)
    query = query.where(t.c.step == step) if step else query
    return [_evidence(row) for row in connection.execute(query)]


def newest(facts: Sequence[Evidence]) -> dict[tuple[str, str], Evidence]:
    """The one that holds of each (step, name)."""
    return {(one.step, one.name): one for one in facts}


def waive(connection: Connection, one: Waiver) -> None:
    """Note that something need not be passed for a time."""
    connection.execute(insert(rollout().rollout_waiver).values({name: getattr(one, name) for name in Waiver.__slots__}))


def waivers(connection: Connection, partner: str) -> list[Waiver]:
    """What holds for a partner, its own and everybody's, the newest first."""
    t = rollout().rollout_waiver
    rows = connection.execute(select(t).where(t.c.partner.in_(("", partner))).order_by(t.c.id.desc()))
    return [Waiver(**{name: getattr(row, name) for name in Waiver.__slots__}) for row in rows]


def _evidence(row: Any) -> Evidence:
    return Evidence(**{name: getattr(row, name) for name in Evidence.__slots__})
