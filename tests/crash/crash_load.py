"""Partners that keep sending, a daemon that is killed at random instants, and what must have come of it, known beforehand."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field

from crash_world import AGREED, KILLED, World, edifact, order, purchase, x12


@dataclass
class Load:
    """Everything random comes from `seed`. `sent`: what a partner expects an answer for; `good`: orders that must be in the CRM."""

    world: World
    seed: int
    most: float = 0.9  # seconds that a daemon lives at most
    count: int = 0
    sent: Counter[str] = field(default_factory=Counter)
    good: set[str] = field(default_factory=lambda: {"PO-0"})
    changed: set[str] = field(default_factory=set)
    before: list[tuple[str, str]] = field(default_factory=list)  # files that may come again: content, control number

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.sent["899"] = 1

    def more(self, files: int) -> None:
        """Partners lay files down."""
        laid: dict[str, str] = {}
        for _ in range(files):
            self.count += 1
            kind = self.random.choices(("orders", "purchases", "again", "change", "faulty"), (8, 6, 2, 2, 2))[0]
            if kind == "again" and not self.before:
                kind = "orders"
            name = f"{'lakes' if kind == 'purchases' else 'nord'}/{self.count}.edi"
            laid[name] = getattr(self, f"_{kind}")(str(10_000 + self.count))
        self.world.lay(laid)

    def _orders(self, control: str) -> str:
        numbers = [f"N{control}-{place}" for place in range(1, self.random.randint(1, 4) + 1)]
        self.good |= set(numbers)
        self.sent[control] += 1
        content = edifact(control, *[order(str(place), number, self.random.randint(1, 5)) for place, number in enumerate(numbers, 1)])
        self.before.append((content, control))
        return content

    def _purchases(self, control: str) -> str:
        numbers = [f"L{control}-{place}" for place in (1, 2)]
        self.good |= set(numbers)
        self.sent[control] += 1
        return x12(int(control), "PO", *map(purchase, numbers))

    def _again(self, control: str) -> str:
        content, first = self.random.choice(self.before)
        self.sent[first] += 1
        return content

    def _change(self, control: str) -> str:
        """The change stands before its order, each in an interchange of its own, in one file."""
        number, later = f"C{control}", f"9{control}"
        self.good.add(number)
        self.changed.add(number)
        self.sent[control] += 1
        self.sent[later] += 1
        return edifact(control, order("1", number, change=f"CH{control}")) + edifact(later, order("1", number, 2))

    def _faulty(self, control: str) -> str:
        self.good.add(f"F{control}")
        self.sent[control] += 1
        return edifact(control, order("1", f"X{control}", quantity="4x8"), order("2", f"F{control}"))

    def killed(self, times: int) -> None:
        """So many daemons come and are killed."""
        for _ in range(times):
            self.more(self.random.randint(2, 12))
            daemon = self.world.daemon()
            time.sleep(self.random.uniform(0.02, self.most))
            assert daemon.poll() is None, f"it ended with {daemon.poll()}: {self.world.says()[-3000:]}"
            daemon.kill()
            assert daemon.wait() == KILLED
            self.world.nothing_lost()

    def done(self) -> None:
        """Idle, and everything is where it belongs."""
        self.world.idle(12)
        self.world.whole()
        assert set(self.world.orders()) == self.good, set(self.world.orders()) ^ self.good
        changes = Counter(self.world.rows("SELECT order_number, state FROM order_change"))
        assert changes == Counter({(number, "applied"): 1 for number in self.changed})
        answers = Counter(one.about.lstrip("0") for name in AGREED for one in self.world.got(name) if one.about)
        assert answers.keys() == self.sent.keys(), answers.keys() ^ self.sent.keys()
        assert all(answers[about] <= count for about, count in self.sent.items()), "an answer without a question"
