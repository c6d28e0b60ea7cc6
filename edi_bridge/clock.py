"""What time it is: the machine's, or one that `EDI_BRIDGE_CLOCK` sets; and whether the machine's clock jumped.

`EDI_BRIDGE_CLOCK=2026-11-22T10:00:00Z` starts there and goes on as time does; `…Z+60` lets a minute pass each second.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from edi_bridge.fault import ConfigFault

VARIABLE = "EDI_BRIDGE_CLOCK"
FORM = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)(?:\+(\d+(?:\.\d+)?))?")


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells the time (UTC). `start` None: the machine's clock; else it showed `start` when it was made, and `rate` of its seconds pass
    in one of ours."""

    start: datetime | None = None
    rate: float = 1.0
    made: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        """Now."""
        if self.start is None:
            return datetime.now(UTC)
        return self.start + timedelta(seconds=(time.monotonic() - self.made) * self.rate)

    def text(self) -> str:
        """Now, as the ledger writes it."""
        return written(self())


def written(moment: datetime) -> str:
    """ISO 8601 in UTC with microseconds, so that texts sort as times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def from_environment(environ: Mapping[str, str]) -> Clock:
    """The clock that the environment asks for. ConfigFault when that is no time."""
    said = environ.get(VARIABLE, "")
    if not said:
        return Clock()
    found = FORM.fullmatch(said)
    try:
        start = datetime.fromisoformat(found[1]) if found else None
    except ValueError:
        start = None
    if found is None or start is None:
        raise ConfigFault.at(VARIABLE, 0, 0, f"{said!r} is no time such as 2026-11-22T10:00:00Z or 2026-11-22T10:00:00Z+60")
    return Clock(start if start.tzinfo else start.replace(tzinfo=UTC), float(found[2] or 1))


@dataclass(slots=True)
class Steadiness:
    """Holds a clock against one that nobody can set, and notices when it jumps. `rate` as of the clock."""

    clock: Callable[[], datetime]
    rate: float = 1.0
    steady: Callable[[], float] = time.monotonic
    allowed: float = 5.0  # seconds between two looks that nobody needs to be told of (a clock that is being slewed)
    _before: tuple[datetime, float] | None = None

    def jump(self) -> float:
        """By how many seconds the clock jumped since the last look (negative: back); 0.0 when it did not."""
        now, steady = self.clock(), self.steady()
        before, self._before = self._before, (now, steady)
        if before is None:
            return 0.0
        off = (now - before[0]).total_seconds() - (steady - before[1]) * self.rate
        return off if abs(off) > self.allowed * max(1.0, self.rate) else 0.0
