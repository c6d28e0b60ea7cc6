"""The daemon with workers (`workers: true` of settings.yaml): it polls, answers and sends; what came in, workers post."""

from __future__ import annotations

import time
from dataclasses import dataclass

from edi_bridge.clock import Clock
from edi_bridge.daemon.logs import Troubles
from edi_bridge.database import Database
from edi_bridge.dispatch import workers
from edi_bridge.fault import Fault
from edi_bridge.store import alarm, ledger

LOOKED = 2.0  # seconds for which a count of what waits holds
LONELY = "no worker has given a sign of life: what comes in waits until one is started (edi-bridge worker)"


@dataclass(slots=True)
class HandingOver:
    """Watches what others do. `most`: receipts that wait, from which on nothing more is fetched."""

    database: Database
    clock: Clock
    troubles: Troubles
    most: int
    _until: float = 0.0
    _room: bool = True

    def room(self) -> bool:
        """Whether more may be fetched."""
        if time.monotonic() >= self._until:
            try:
                self._room = self.waiting() < self.most
            except Fault:  # told by whoever writes
                self._room = False
            self._until = time.monotonic() + LOOKED
        return self._room

    def waiting(self) -> int:
        """Receipts that are not through."""
        with self.database.read() as connection:
            return ledger.count_unfinished(connection)

    def look(self) -> None:
        """Ring when something waits and nobody is there to post it."""
        with self.database.write() as connection:
            if ledger.count_unfinished(connection) and not workers(connection):
                alarm.raise_(connection, "workers", "workers", LONELY, self.clock.text())
                self.troubles.note("workers", LONELY)
            else:
                alarm.clear(connection, "workers", "workers", self.clock.text())
                self.troubles.over("workers", "workers are there")
