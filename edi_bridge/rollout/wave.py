"""Waves of the roll-out: who goes live with whom, by the business's priority and by readiness, as many at once as can be looked after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Candidate:
    """A partner who is to go live: `priority` 1 is first, `ready` how many of the steps are over, `months` until it pays (None: never)."""

    name: str
    priority: int = 3
    ready: int = 0
    score: float = 0.0
    months: float | None = None
    live: bool = False


@dataclass(frozen=True, slots=True)
class Wave:
    """Partners who go live together, from a day on."""

    number: int
    start: date
    partners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """How a partner of a wave stands."""

    partner: str
    stage: str
    ready: int
    messages: int
    rejected: int
    acknowledged: str
    differing: int
    missing: str = ""


def order(candidates: Iterable[Candidate]) -> list[Candidate]:
    """In which order they go: by priority, then the readiest, then where it pays first, then the highest score."""
    return sorted(candidates, key=lambda one: (one.priority, -one.ready, one.months if one.months is not None else 1e9, -one.score, one.name))


def plan(candidates: Iterable[Candidate], capacity: int, start: date, days: int, first: int = 1) -> list[Wave]:
    """Waves of at most `capacity` partners, each `days` after the one before. Who is live already is in none."""
    waiting = [one for one in order(candidates) if not one.live]
    return [Wave(first + number, start + timedelta(days=number * days), tuple(one.name for one in waiting[at:at + capacity]))
            for number, at in enumerate(range(0, len(waiting), capacity))]
