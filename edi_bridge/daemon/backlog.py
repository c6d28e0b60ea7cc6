"""Receipts that wait to be posted: who comes next, and whether there is room for more.

Partners take turns, so that ten thousand files of one do not keep another's waiting; small files go together, large ones alone.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from edi_bridge.store.ledger import Receipt

SMALL = 1_000_000  # bytes; larger ones are read alone
TOGETHER = 64  # small ones that share their commits
TOGETHER_BYTES = 4_000_000
MOST = 5_000  # waiting receipts from which on nothing more is fetched
MOST_BYTES = 4_000_000_000
REMEMBERED = 20_000
OPEN = ("received", "scanned")

One = tuple[Receipt, bool]


@dataclass(slots=True)
class Backlog:
    """What waits. Any thread may add; one takes. `alone`: receipts that are posted by themselves, because something was wrong when
    they were last begun. `elsewhere`: workers post, nothing waits here."""

    most: int = MOST
    alone: set[int] = field(default_factory=set)
    elsewhere: bool = False
    _small: OrderedDict[str, deque[One]] = field(default_factory=OrderedDict)
    _large: OrderedDict[str, deque[One]] = field(default_factory=OrderedDict)
    _sizes: dict[int, int] = field(default_factory=dict)  # of all that wait or are in hand
    _past: OrderedDict[int, None] = field(default_factory=OrderedDict)  # those that were here, the newest last
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self, taken: Iterable[One]) -> int:
        """Receipts after their commit 1; how many of them are new here. What is closed already needs nothing."""
        count = 0
        with self._changed:
            for receipt, joined in () if self.elsewhere else taken:
                if receipt.id in self._sizes or receipt.state not in OPEN or (not joined and receipt.id in self._past):
                    continue  # the ledger told of it before who received it did
                self._sizes[receipt.id] = receipt.size
                queues = self._large if receipt.size > SMALL else self._small
                queues.setdefault(receipt.partner or receipt.channel, deque()).append((receipt, joined))
                count += 1
            self._changed.notify_all()
        return count

    def room(self) -> bool:
        """Whether more may be fetched."""
        with self._changed:
            return len(self._sizes) < self.most and sum(self._sizes.values()) < MOST_BYTES

    def waiting(self) -> tuple[int, int]:
        """How many there are and their bytes, with those in hand."""
        with self._changed:
            return len(self._sizes), sum(self._sizes.values())

    def has_small(self) -> bool:
        """Whether a small one waits."""
        with self._changed:
            return bool(self._small)

    def group(self) -> list[One]:
        """Small ones to be posted together, the partners in turn; [] when none waits."""
        chosen: list[One] = []
        size = 0
        with self._changed:
            while self._small and len(chosen) < TOGETHER and size < TOGETHER_BYTES:
                key, waiting = next(iter(self._small.items()))
                if waiting[0][0].id in self.alone:
                    if chosen:
                        break
                    return [self._next(self._small, key)]
                one = self._next(self._small, key)
                chosen.append(one)
                size += one[0].size
        return chosen

    def large(self) -> One | None:
        """A large one, the partners in turn."""
        with self._changed:
            return self._next(self._large, next(iter(self._large))) if self._large else None

    @staticmethod
    def _next(queues: OrderedDict[str, deque[One]], key: str) -> One:
        one = queues[key].popleft()
        if queues[key]:
            queues.move_to_end(key)
        else:
            del queues[key]
        return one

    def done(self, ids: Iterable[int]) -> None:
        """They are through, or given back to the ledger."""
        with self._changed:
            for id in ids:
                self._sizes.pop(id, None)
                self.alone.discard(id)
                self._past[id] = None
            while len(self._past) > REMEMBERED:
                self._past.popitem(last=False)

    def wake(self) -> None:
        """Whoever waits looks again."""
        with self._changed:
            self._changed.notify_all()

    def wait(self, seconds: float, unless: Callable[[], bool] = lambda: False) -> None:
        """Until something is added, `wake` or so long; not at all where there is something."""
        with self._changed:
            if not self._small and not self._large and not unless():
                self._changed.wait(seconds)
