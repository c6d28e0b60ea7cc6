"""The daemon with a clock that a test sets: `python clock_daemon.py HOME HAND POLLED`. A process of its own, as every daemon is.

HAND is a file with the seconds by which the clock is off; each poll adds its channel's name to POLLED."""

from __future__ import annotations

import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edi_bridge import settings
from edi_bridge.clock import Clock, written
from edi_bridge.daemon import Daemon, logs
from edi_bridge.daemon.polling import Polled
from edi_bridge.database import connect
from edi_bridge.secret import Secrets

home, hand, log = map(Path, sys.argv[1:])


class Settable(Clock):
    """The machine's clock, and a hand that sets it."""

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(hand.read_text()))

    def text(self) -> str:
        return written(self())


class Counted:
    """The polls, written down."""

    def poll(self, one: Polled) -> bool:
        with log.open("a") as file:
            file.write(f"{one.channel.name}\n")
        return polling.poll(one)


said = settings.load({}, home)
logs.begin("json", sys.stderr)
daemon = Daemon(settings.Settings(said.home, said.database, listen=""), connect(home / "edi-bridge.sqlite"), Secrets(), Settable())
polling = daemon.rota.polling
daemon.rota.polling = Counted()  # type: ignore[assignment]
signal.signal(signal.SIGTERM, lambda *_: daemon.stop())
sys.exit(0 if daemon.run() else 1)
