"""Once a day: what is older than the class of its partner says is removed, beside the traffic, a few receipts at a time.

Partners without a class, whose exchanges may be kept for ever, are left to people (`edi-bridge exchange purge`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from edi_bridge.clock import Clock
from edi_bridge.daemon.configuration import Current
from edi_bridge.daemon.logs import log
from edi_bridge.database import Database
from edi_bridge.settings import OFF
from edi_bridge.store import retention
from edi_bridge.store.archive import Archive

WHO = "the daily purge"  # in the audit log
NOTE = ".purged"  # of the home: the day on which it was done last, also for `run --once` every few minutes
PAGE = 500  # receipts that are looked at together
AT_ONCE = 50  # and removed in one transaction …
SECONDS = 0.2  # … which begins nothing more after so long
BREATH = 4  # times as long as a transaction took, others have the database before the next one
GRACE = 86_400.0  # seconds in which bytes that came (again) stay: their row is in the ledger long before


@dataclass(slots=True)
class Purging:
    """`when` is a time of day (UTC), or `off`; `wait` sleeps for seconds and says whether the work must end."""

    when: str
    home: Path
    database: Database
    current: Current
    archive: Archive
    clock: Clock
    wait: Callable[[float], bool]
    _done: str = ""

    def look(self) -> None:
        """Do it where it is due. TransientFault when database or archive are away; what was removed by then is."""
        now = self.clock()
        day = now.date().isoformat()
        if self.when == OFF or f"{now:%H:%M}" < self.when or day in (self._done, self._noted()):
            return
        known = self.current.now.catalog
        limits = retention.limits_of(known.own.retention, ((one.name, one.retention) for one in known.partners), now.date())
        if limits and not self._purge(limits, now.date()):
            return
        self._done = day
        (self.home / NOTE).write_text(day)

    def _noted(self) -> str:
        try:
            return (self.home / NOTE).read_text().strip()
        except OSError:
            return ""

    def _purge(self, limits: dict[str, str], today: date) -> bool:
        """Whether it came to its end."""
        day, after, removed, kept = today.isoformat(), 0, 0, 0
        while True:
            with self.database.read() as connection:
                waits, after = retention.due(connection, day, limits, PAGE, after)
            if not after or self.wait(0.0):
                break
            while waits:
                batch, waits = waits[:AT_ONCE], waits[AT_ONCE:]
                begun = time.monotonic()
                with self.database.write() as connection:
                    done, left = retention.purge_some(connection, self.archive, batch, day, limits, self.clock.text(), WHO,
                                                      "retention of their partners' classes", time.time() - GRACE, SECONDS)
                waits = left + waits
                removed, kept = removed + len(done.receipts), kept + done.kept
                if self.wait(BREATH * (time.monotonic() - begun)):
                    self._tell(removed, kept)
                    return False
        self._tell(removed, kept)
        return not after

    @staticmethod
    def _tell(removed: int, kept: int) -> None:
        if removed or kept:
            log.info("%d file%s removed whose retention time is over%s", removed, " was" if removed == 1 else "s were",
                     f"; {kept} stay until tomorrow, since their bytes came again lately or a hold was set" if kept else "")
