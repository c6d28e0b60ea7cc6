"""Plants faults in a clean message, at random places that a seed decides."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache

from tests.mutation import element_faults, segment_faults
from tests.mutation.bases import BASES
from tests.mutation.field import Fault, Field, base

Planter = Callable[[Field], Fault | None]
PLANTERS: tuple[Planter, ...] = (*element_faults.PLANTERS, *segment_faults.PLANTERS)
AT_ONCE = 10


def field(key: str, seed: object) -> Field:
    """A fresh copy of the clean sample of a message type."""
    return Field(base(key, *BASES[key]), random.Random(f"{key} {seed}"))


def single(key: str, planter: Planter, seed: int) -> tuple[Field, list[Fault]] | None:
    """A message with one fault; None when it has no place for this kind."""
    made = field(key, f"{planter.__name__} {seed}")
    fault = planter(made)
    return None if fault is None else (made, [fault])


def singles(key: str, count: int, start: int = 0) -> Iterator[tuple[Field, list[Fault]]]:
    """`count` messages with one fault each, every kind that fits in turn."""
    fitting = fitting_planters(key)
    made, seed = 0, start
    while made < count:
        for planter in fitting:
            one = single(key, planter, seed)
            if one is not None and made < count:
                made += 1
                yield one
        seed += 1


@cache
def fitting_planters(key: str) -> tuple[Planter, ...]:
    """The kinds of fault that the sample of a message type has a place for."""
    return tuple(planter for planter in PLANTERS if any(single(key, planter, seed) for seed in range(4)))


def many(key: str, seed: int, count: int = AT_ONCE) -> tuple[Field, list[Fault]]:
    """A message with several faults of different kinds at distinct places; fewer when it is too short for them."""
    made = field(key, f"many {seed}")
    order = list(segment_faults.PLANTERS)
    made.random.shuffle(order)
    faults = [fault for planter in order[:count // 3] if (fault := planter(made)) is not None]  # these need neighbours of their own
    _leave_totals(faults)
    inside = list(element_faults.PLANTERS)
    made.random.shuffle(inside)
    for planter in inside * 2:
        if len(faults) >= count:
            break
        fault = planter(made)
        if fault is not None:
            faults.append(fault)
    return made, faults


def _leave_totals(faults: list[Fault]) -> None:
    """Where a segment is missing or unknown it may be the one that a total counts or a node hangs on: then a total that does not
    fit, or a parent that is not there, need not be told."""
    kinds = {kind for fault in faults for one in fault.expected for way in (one, *one.ways) for kind in way.kinds}
    if not kinds & {"missing_segment", "unknown_segment"}:
        return
    for fault in faults:
        if fault.name in ("wrong_total", "hierarchy orphan"):
            fault.tolerated += fault.expected
            fault.expected = []
