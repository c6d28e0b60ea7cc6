"""Scenarios that were played: one row for each, those of one `run` together. A run is whole: all scenarios of an agreement."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select

from edi_bridge.store.rollout_tables import rollout
from edi_bridge.store.tables import ledger

PASSED, FAILED = "passed", "failed"


@dataclass(frozen=True, slots=True)
class Played:
    """One scenario of a run. `details` says what was not as expected."""

    scenario: str
    passed: bool
    negative: bool
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an agreement's scenarios; `version`: the configuration that it was played with."""

    number: int
    at: str
    version: str
    played: tuple[Played, ...]

    @property
    def clean(self) -> bool:
        """Whether everything passed, with at least one scenario that plants a fault."""
        return all(one.passed for one in self.played) and any(one.negative for one in self.played)


def next_run(connection: Connection) -> int:
    """The number of the next run, of any partner: larger than that of any run before, whether it was kept or not. It may leave numbers
    out, as it also counts what came since."""
    kept = int(connection.execute(select(func.max(rollout().scenario_run.c.run))).scalar() or 0)
    came = int(connection.execute(select(func.max(ledger().receipt.c.id))).scalar() or 0)
    return max(kept, came) + 1


def save(connection: Connection, partner: str, direction: str, message: str, run: int, played: Sequence[Played], version: str, at: str) -> None:
    """Keep a whole run."""
    rows = [{"partner": partner, "direction": direction, "message": message, "scenario": one.scenario, "outcome": PASSED if one.passed else FAILED,
             "details": json.dumps(list(one.details)), "version": version, "at": at, "run": run, "negative": one.negative} for one in played]
    if rows:
        connection.execute(insert(rollout().scenario_run), rows)


def runs(connection: Connection, partner: str, direction: str, message: str) -> list[Run]:
    """The runs of an agreement, the newest first."""
    t = rollout().scenario_run
    query = select(t).where(t.c.partner == partner, t.c.direction == direction, t.c.message == message).order_by(t.c.run.desc(), t.c.id)
    made: dict[int, list[Any]] = {}
    for row in connection.execute(query):
        made.setdefault(row.run, []).append(row)
    return [Run(number, rows[0].at, rows[0].version, tuple(Played(row.scenario, row.outcome == PASSED, row.negative, tuple(json.loads(row.details)))
                                                           for row in rows)) for number, rows in made.items()]


def clean_runs(connection: Connection, partner: str, direction: str, message: str, version: str = "") -> int:
    """How many of the newest runs in succession were clean, all with this version of the configuration ('' : with any)."""
    count = 0
    for one in runs(connection, partner, direction, message):
        if not one.clean or (version and one.version != version):
            break
        count += 1
    return count
