"""A clock that somebody sets while the daemon runs: noticed, told, and neither a flood of polls nor an end of them."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from daemon_case import Home, home, order, until  # noqa: F401

from edi_bridge import settings
from edi_bridge.clock import Clock, written
from edi_bridge.daemon import Daemon
from edi_bridge.daemon.polling import Polled
from edi_bridge.database import connect
from edi_bridge.secret import Secrets


class Settable(Clock):
    """The machine's clock, and a hand that sets it."""

    off = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + Settable.off

    def text(self) -> str:
        return written(self())


def count_polls(daemon: Daemon) -> list[str]:
    """The channels that are polled from now on, one entry a poll."""
    polled: list[str] = []
    real = daemon.polling

    class Counted:
        def poll(self, one: Polled) -> bool:
            polled.append(one.channel.name)
            return real.poll(one)

    daemon.polling = Counted()  # type: ignore[assignment]
    return polled


@pytest.mark.parametrize("days", [30, -30])
def test_polls_go_on_after_a_jump_and_are_not_made_up_for(home: Home, days: int) -> None:  # noqa: F811
    home.partner("nord", poll="every 1s")
    home.partner("west", poll="0 6 * * *")
    Settable.off = timedelta()
    database = connect(home.folder / "edi-bridge.sqlite")
    said = settings.load({}, home.folder)
    daemon = Daemon(settings.Settings(said.home, said.database, listen=""), database, Secrets(), Settable())
    thread = threading.Thread(target=daemon.run)
    thread.start()
    try:
        home.lies("nord", "1.edi", order("nord", "1"))
        until(lambda: home.answers("nord"))
        polled = count_polls(daemon)
        Settable.off = timedelta(days=days)
        until(lambda: [kind for (kind,) in home.rows("SELECT kind FROM alarm WHERE open = 'open'")] == ["clock"])
        ((sentence,),) = home.rows("SELECT sentence FROM alarm")
        assert ("forward" if days > 0 else "back") in sentence and "30 days" in sentence
        home.lies("nord", "2.edi", order("nord", "2"))
        until(lambda: len(home.answers("nord")) == 2)
        time.sleep(2)
        assert polled.count("west.folder") == (1 if days > 0 else 0), "thirty missed mornings are one poll"
        assert 2 <= polled.count("nord.folder") <= 15, polled
    finally:
        daemon.stop()
        thread.join(40)
        database.close()
    assert not thread.is_alive()
