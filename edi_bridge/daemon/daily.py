"""What the daemon does once a day, in a thread of its own that may wait for the database."""

from __future__ import annotations

from dataclasses import dataclass

from edi_bridge.clock import Clock
from edi_bridge.daemon.logs import log
from edi_bridge.database import Database
from edi_bridge.store import audit


@dataclass(slots=True)
class Daily:
    """Looks each minute whether a day has begun."""

    database: Database
    clock: Clock
    _told: str = ""  # the day on which the head was told

    def look(self) -> None:
        """What is due. TransientFault when the database is away."""
        day = self.clock().date().isoformat()
        if day != self._told:
            self.tell_head()
            self._told = day

    def tell_head(self) -> None:
        """The head of the audit log into our own log, which its reader may keep elsewhere: `exchange audit --head` compares it."""
        with self.database.read() as connection:
            head = audit.head(connection)
        log.info("audit log: %d entr%s, head %s", head.count, "y" if head.count == 1 else "ies", head)
