"""What the last daemon was sending when it ended: looked after at the partner, once nobody can be sending it any more."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from edi_bridge.daemon.logs import log
from edi_bridge.daemon.sole import FENCE
from edi_bridge.database import Database
from edi_bridge.engine.sending import NEVER
from edi_bridge.store import outbox


@dataclass(slots=True)
class Inherited:
    """On SQLite that is at the start, since the lock ended with whoever held it; on PostgreSQL `FENCE` seconds after it (`sole`)."""

    database: Database
    begun: dict[int, int] = field(default_factory=dict)  # entry of the outbox → number of the attempt
    since: float = 0.0

    def begin(self) -> None:
        """At the start, before anything is sent."""
        self.since = time.monotonic()
        with self.database.write() as connection:
            self.begun = outbox.in_hand(connection, NEVER)
        if self.database.sqlite:
            self._give_back()

    def due(self) -> bool:
        """Whether nobody can be sending it any more."""
        return time.monotonic() - self.since >= FENCE

    def look(self) -> None:
        """Have it looked after when that is due."""
        if self.begun and self.due():
            self._give_back()

    def left(self) -> bool:
        """Whether something of it is as it was."""
        if not self.begun:
            return False
        with self.database.read() as connection:
            now = outbox.in_hand(connection, NEVER)
        return any(now.get(id) == tries for id, tries in self.begun.items())

    def _give_back(self) -> None:
        with self.database.write() as connection:
            count = outbox.give_back(connection, NEVER, self.begun)
        self.begun = {}
        if count:
            log.info("%d entr%s of the outbox that the last run was sending", count, "y" if count == 1 else "ies")
