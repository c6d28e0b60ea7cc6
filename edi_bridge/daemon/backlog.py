"""Receipts that wait to be posted: who comes next, and whether there is room for more.

Partners take turns, urgent ones more often, so that ten thousand files of one do not keep another's waiting; small files go together,
large ones alone.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from edi_bridge.partner import PRIORITY, stride
from edi_bridge.store.ledger import Receipt
from edi_bridge.store.state import UNFINISHED

SMALL = 1_000_000  # bytes; larger ones are read alone
TOGETHER = 64  # small ones that share their commits
TOGETHER_BYTES = 4_000_000
MOST = 5_000  # waiting receipts from which on nothing more is fetched
MOST_BYTES = 4_000_000_000
REMEMBERED = 20_000

One = tuple[Receipt, bool]


@dataclass(slots=True)
class Turns:
    """What waits, by whom it is from; whose turn it is (`partner.turns`). Who comes anew begins where the others are."""

    _waiting: dict[str, deque[One]] = field(default_factory=dict)
    _at: dict[str, tuple[int, int]] = field(default_factory=dict)  # when each has his turn, and which of several at that time
    _time: int = 0
    _count: int = 0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, name: str, one: One, priority: int) -> None:
        """One more of somebody."""
        if name not in self._waiting:
            self._waiting[name] = deque()
            self._turn(name, self._time, priority)
        self._waiting[name].append(one)

    def next(self) -> One:
        """Whose turn it is; it stays there."""
        return self._waiting[self._name()][0]

    def take(self, priority: Callable[[str], int]) -> One:
        """Whose turn it is."""
        name = self._name()
        one = self._waiting[name].popleft()
        self._time = self._at[name][0]
        if self._waiting[name]:
            self._turn(name, self._time, priority(name))
        else:
            del self._waiting[name], self._at[name]
        return one

    def _name(self) -> str:
        return min(self._at, key=self._at.__getitem__)

    def _turn(self, name: str, since: int, priority: int) -> None:
        self._count += 1
        self._at[name] = (since + stride(priority), self._count)


@dataclass(slots=True)
class Backlog:
    """What waits. Any thread may add; one takes. `alone`: receipts that are posted by themselves, because something was wrong when
    they were last begun. `elsewhere`: workers post, nothing waits here. `priority`: of a partner by name (1 is first, 5 last)."""

    most: int = MOST
    alone: set[int] = field(default_factory=set)
    elsewhere: bool = False
    priority: Callable[[str], int] = lambda name: PRIORITY
    _small: Turns = field(default_factory=Turns)
    _large: Turns = field(default_factory=Turns)
    _sizes: dict[int, int] = field(default_factory=dict)  # of all that wait or are in hand
    _past: OrderedDict[int, None] = field(default_factory=OrderedDict)  # those that were here, the newest last
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self, taken: Iterable[One]) -> int:
        """Receipts after their commit 1; how many of them are new here. What is closed already needs nothing."""
        count = 0
        with self._changed:
            for receipt, joined in () if self.elsewhere else taken:
                if receipt.id in self._sizes or receipt.state not in UNFINISHED or (not joined and receipt.id in self._past):
                    continue  # the ledger told of it before who received it did
                self._sizes[receipt.id] = receipt.size
                queues = self._large if receipt.size > SMALL else self._small
                name = receipt.partner or receipt.channel
                queues.add(name, (receipt, joined), self.priority(name))
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
                if self._small.next()[0].id in self.alone:
                    if chosen:
                        break
                    return [self._small.take(self.priority)]
                one = self._small.take(self.priority)
                chosen.append(one)
                size += one[0].size
        return chosen

    def large(self) -> One | None:
        """A large one, the partners in turn."""
        with self._changed:
            return self._large.take(self.priority) if self._large else None

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
