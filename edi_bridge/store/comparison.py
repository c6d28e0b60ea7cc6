"""What the comparison with the old channel found: one row for each business document, and what people ticked off.

The old channel's side is kept with each row, so that the same documents are compared again when a map was changed. The outcome of a
row is always the one with what is ticked off now.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from edi_bridge.database import chunks
from edi_bridge.rollout import comparison as rules
from edi_bridge.rollout.comparison import ONLY_LEGACY, Clean, Difference, Explanation
from edi_bridge.store.rollout_tables import rollout


@dataclass(frozen=True, slots=True)
class Result:
    """One document. `day` is when it came here, else the old channel's; `exchange` the one it came in (direction out: the entry of
    the outbox), None where nothing came; `documents` how many of ours have this key; `legacy` the old channel's record (JSON, '' : it
    has none); `reasons` those of its explained differences, in their order ('': unexplained)."""

    key: str
    day: str
    outcome: str
    differences: tuple[Difference, ...] = ()
    reasons: tuple[str, ...] = ()
    exchange: int | None = None
    documents: int = 1
    legacy: str = ""
    version: str = ""
    at: str = ""

    @property
    def unexplained(self) -> list[Difference]:
        """The differences that nobody has explained."""
        return [one for one, reason in zip(self.differences, self.reasons, strict=True) if not reason]


@dataclass(frozen=True, slots=True)
class Lane:
    """What is compared: partner's file name, `in` or `out`, message (`edifact/D96A/ORDERS`)."""

    partner: str
    direction: str
    message: str
    columns: tuple[str, ...] = field(default=("partner", "direction", "message"), repr=False)

    def of(self, table: Any) -> list[Any]:
        """The conditions on a table; '' stands for any."""
        return [table.c[name] == value for name in self.columns if (value := getattr(self, name))]

    def values(self) -> dict[str, str]:
        """For a row."""
        return {name: getattr(self, name) for name in self.columns}


def save(connection: Connection, lane: Lane, results: Sequence[Result], version: str, at: str, *, since: str = "") -> None:
    """Put the results of a comparison in the place of the former ones from a day on ('' : all) and of those of the same keys."""
    t = rollout().comparison
    connection.execute(delete(t).where(*lane.of(t), t.c.day >= since))
    for some in chunks([one.key for one in results]):
        connection.execute(delete(t).where(*lane.of(t), t.c.key.in_(some)))
    known = explanations(connection, lane.partner, lane.direction, lane.message)
    rows = [{**lane.values(), "key": one.key, "day": one.day, "outcome": rules.judged(_raw(one), one.differences, one.key, one.day, known)[0],
             "differences": json.dumps([asdict(each) for each in one.differences]), "version": version, "at": at, "exchange_id": one.exchange,
             "documents": one.documents, "legacy": one.legacy} for one in results]
    for some_rows in chunks(rows):
        connection.execute(insert(t), some_rows)


def _raw(one: Result) -> str:
    """The outcome as it would be if nothing were ticked off."""
    whole = next((each for each in one.differences if each.field == rules.WHOLE), None)
    if whole is None:
        return rules.DIFFERS if one.differences else rules.EQUAL
    return ONLY_LEGACY if whole.ours is None else rules.ONLY_HERE


def results(connection: Connection, partner: str, direction: str = "", message: str = "", *, since: str = "") -> list[Result]:
    """What is known now, by day and key; '' stands for any direction and message."""
    t = rollout().comparison
    lane = Lane(partner, direction, message)
    known: dict[tuple[str, str], list[Explanation]] = {}
    made = []
    for row in connection.execute(select(t).where(*lane.of(t), t.c.day >= since).order_by(t.c.day, t.c.key)):
        place = (row.direction, row.message)
        if place not in known:
            known[place] = explanations(connection, partner, *place)
        differences = tuple(Difference(**one) for one in json.loads(row.differences))
        bare = Result(row.key, row.day, row.outcome, differences)
        outcome, reasons = rules.judged(_raw(bare), differences, row.key, row.day, known[place])
        made.append(Result(row.key, row.day, outcome, differences, tuple(reasons), row.exchange_id, row.documents, row.legacy, row.version, row.at))
    return made


def lanes(connection: Connection, partner: str) -> list[Lane]:
    """What was ever compared of a partner."""
    t = rollout().comparison
    rows = connection.execute(select(t.c.direction, t.c.message).where(t.c.partner == partner).distinct().order_by(t.c.direction, t.c.message))
    return [Lane(partner, row.direction, row.message) for row in rows]


def booked(connection: Connection, lane: Lane) -> dict[str, tuple[str, str]]:
    """What the old channel has, as far as we were told: key → (day, record as JSON)."""
    t = rollout().comparison
    query = select(t.c.key, t.c.day, t.c.legacy).where(*lane.of(t), t.c.legacy != "")
    return {row.key: (row.day, row.legacy) for row in connection.execute(query)}


def clean_run(connection: Connection, partner: str, direction: str, message: str) -> Clean:
    """The run of days without an unexplained difference, up to the newest, of one message (or '' for all)."""
    return run_of(results(connection, partner, direction, message))


def run_of(compared: Iterable[Result]) -> Clean:
    """The same of results that are at hand."""
    return rules.clean((one.day, one.outcome, one.key, [each.field for each in one.unexplained]) for one in compared)


# --- ticked off -----------------------------------------------------------------------------------------------------------


def explanations(connection: Connection, partner: str, direction: str = "", message: str = "") -> list[Explanation]:
    """What was ticked off, in its order; what was said of all directions and messages ('') holds for each."""
    t = rollout().explained
    query = select(t).where(t.c.partner == partner)
    if direction:
        query = query.where(t.c.direction.in_((direction, "")))
    if message:
        query = query.where(t.c.message.in_((message, "")))
    return [Explanation(row.key, row.field, row.reason, row.actor, row.until, row.id) for row in connection.execute(query.order_by(t.c.id))]


def explain(connection: Connection, lane: Lane, one: Explanation, at: str) -> int:
    """Tick a difference off; its number. The outcomes of what it covers are those with it from now on."""
    t = rollout().explained
    made = connection.execute(insert(t).values(**lane.values(), key=one.key, field=one.field, reason=one.reason, actor=one.actor, at=at,
                                               until=one.until)).inserted_primary_key
    _judge_again(connection, lane.partner)
    return int(made[0]) if made else 0


def withdraw(connection: Connection, partner: str, id: int) -> Explanation | None:
    """Take back what was ticked off; None when there is no such number."""
    t = rollout().explained
    row = connection.execute(select(t).where(t.c.id == id, t.c.partner == partner)).first()
    if row is None:
        return None
    connection.execute(delete(t).where(t.c.id == id))
    _judge_again(connection, partner)
    return Explanation(row.key, row.field, row.reason, row.actor, row.until, row.id)


def _judge_again(connection: Connection, partner: str) -> None:
    t = rollout().comparison
    for lane in lanes(connection, partner):
        stored = {row.key: row.outcome for row in connection.execute(select(t.c.key, t.c.outcome).where(*lane.of(t)))}
        changed = _changed(results(connection, *lane.values().values()), stored)
        for key, outcome in changed:
            connection.execute(update(t).where(*lane.of(t), t.c.key == key).values(outcome=outcome))


def _changed(now: Iterable[Result], stored: dict[str, str]) -> list[tuple[str, str]]:
    return [(one.key, one.outcome) for one in now if stored.get(one.key) != one.outcome]
