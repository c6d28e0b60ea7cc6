"""Threads for polls or deliveries: few begin at once, so that a thousand partners do not fight for one processor, and whoever hangs
in a server's answer holds up nobody else."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

TOGETHER = 16  # that go on at the same time
SLOW = 2.0  # seconds after which one waits for somebody else, and does not count any more


@dataclass(slots=True)
class Crowd:
    """Work by name: each name is done once at a time, in the order in which it was added. The work raises nothing."""

    kind: str  # "poll": what the threads are called
    together: int = TOGETHER
    slow: float = SLOW
    _waiting: OrderedDict[str, Callable[[], object]] = field(default_factory=OrderedDict)
    _begun: dict[str, tuple[threading.Thread, float]] = field(default_factory=dict)  # what goes on, in which thread, since when
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, name: str, work: Callable[[], object]) -> None:
        """Do it as soon as there is room, unless it goes on or waits already. `look` begins it."""
        with self._lock:
            if name not in self._begun:
                self._waiting.setdefault(name, work)

    def look(self) -> None:
        """Begin what waits, as far as there is room. To be asked now and then: those that turned out to be slow make room."""
        while (thread := self._another()) is not None:
            thread.start()

    def drop(self, name: str | None = None) -> None:
        """Forget one that has not begun, or all of them."""
        with self._lock:
            if name is None:
                self._waiting.clear()
            else:
                self._waiting.pop(name, None)

    def busy(self) -> set[str]:
        """What goes on or waits."""
        with self._lock:
            return {*self._begun, *self._waiting}

    def goes_on(self, name: str) -> bool:
        """Whether it has begun and is not through."""
        with self._lock:
            return name in self._begun

    def threads(self) -> list[threading.Thread]:
        """Of what goes on."""
        with self._lock:
            return [thread for thread, _ in self._begun.values()]

    def _another(self) -> threading.Thread | None:
        """A thread for the next one; None where none waits, or there is no room."""
        with self._lock:
            now = time.monotonic()
            if not self._waiting or sum(now - since < self.slow for _, since in self._begun.values()) >= self.together:
                return None
            name, work = self._waiting.popitem(last=False)
            thread = threading.Thread(target=self._through, args=(name, work), name=f"edi-bridge {self.kind} {name}", daemon=True)
            self._begun[name] = (thread, now)
            return thread

    def _through(self, name: str, work: Callable[[], object]) -> None:
        try:
            work()
        finally:
            with self._lock:
                del self._begun[name]
            self.look()
