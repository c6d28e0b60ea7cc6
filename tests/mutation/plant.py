"""Plants faults in a clean message, at random places that a seed decides."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache

from tests.mutation import element_faults, segment_faults
from tests.mutation.bases import BASES
from tests.mutation.field import COUNTED, FRAME, Fault, Field, base

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
    """A message with several faults of different kinds at distinct places; fewer when it is too short for them.

    Up to two of them concern the order of segments, and never such that one change would explain both, or that one may be read as
    the beginning of a line that is missing: then another of the two may be in order inside that line."""
    for attempt in range(20):
        made = field(key, f"many {seed} {attempt}")
        faults = _planted(made, segment_faults.ORDER, 2)
        if len(faults) < 2 or not (segment_faults.one_change_explains(made, faults) or any(map(_opens_another, faults))):
            break
    faults += _planted(made, segment_faults.OTHERS, 2)
    faults += _planted(made, element_faults.PLANTERS * 2, count - len(faults))
    _leave_totals(faults)
    return made, faults


def _opens_another(fault: Fault) -> bool:
    """Whether a fault may be read as a missing line, node or section that was not planted so."""
    return any(way.tag in FRAME and way.tag != one.tag for one in fault.expected for way in one.ways)


def _planted(made: Field, planters: tuple[Planter, ...], count: int) -> list[Fault]:
    """Up to `count` faults of the planters in a random order."""
    order = list(planters)
    made.random.shuffle(order)
    faults: list[Fault] = []
    for planter in order:
        fault = planter(made) if len(faults) < count else None
        if fault is not None:
            faults.append(fault)
    return faults


def _leave_totals(faults: list[Fault]) -> None:
    """Where a segment is missing or unknown it may be the one that a total counts or a node hangs on, and a quantity that is
    no number cannot be added: then a total that does not fit, or a parent that is not there, need not be told."""
    kinds = {kind for fault in faults for one in fault.expected for way in (one, *one.ways) for kind in way.kinds}
    lost = bool(kinds & {"missing_segment", "unknown_segment"})
    spoilt = any(item.tag in COUNTED for fault in faults for one in fault.expected for item in one.at)
    for fault in faults:
        if (fault.name == "wrong_total" and (lost or spoilt)) or (fault.name == "hierarchy orphan" and lost):
            fault.tolerated += fault.expected
            fault.expected = []
