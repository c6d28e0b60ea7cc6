"""Whose turn it is where many partners wait: urgent ones come sooner and more often, and nobody waits for ever.

Each priority has a stride; the n-th thing of a partner comes at n strides. So a partner of priority 1 has two turns for each of
priority 2 and sixteen for one of priority 5, and what nobody else waits beside comes at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeVar

from edi_bridge.partner.values import PRIORITY

T = TypeVar("T")


def stride(priority: int = PRIORITY) -> int:
    """How far apart the turns of a partner are."""
    return int(2 ** (priority - 1))


def in_turns(things: Iterable[T], whose: Callable[[T], str], priority: Callable[[str], int]) -> list[T]:
    """Things in the order of their turns; those of one partner keep their order. `priority` is asked for the names that `whose` gives."""
    counts: Counter[str] = Counter()
    placed = []
    for place, one in enumerate(things):
        name = whose(one)
        counts[name] += 1
        urgency = priority(name)
        placed.append((counts[name] * stride(urgency), urgency, place, one))
    return [one for *_, one in sorted(placed, key=lambda each: each[:3])]
