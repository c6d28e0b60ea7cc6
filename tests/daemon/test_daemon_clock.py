"""A clock that somebody sets while the daemon runs: noticed, told, and neither a flood of polls nor an end of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from daemon_case import Home, home, order  # noqa: F401

DAY = 86_400


@pytest.mark.parametrize("days", [30, -30])
def test_polls_go_on_after_a_jump_and_are_not_made_up_for(home: Home, tmp_path: Path, days: int) -> None:  # noqa: F811
    home.partner("nord", poll="every 1s")
    far = datetime.now(UTC) + timedelta(hours=12)
    home.partner("west", poll=f"{far.minute} {far.hour} * * *")
    hand, log = tmp_path / "hand", tmp_path / "polled"
    hand.write_text("0")
    daemon = home.start(command=[str(Path(__file__).with_name("clock_daemon.py")), str(home.folder), str(hand), str(log)])

    def polled(channel: str) -> int:
        return log.read_text().split().count(channel) if log.exists() else 0

    home.lies("nord", "1.edi", order("nord", "1"))
    daemon.until(lambda: home.answers("nord"))
    before = polled("nord.folder")
    (tmp_path / "set").write_text(str(days * DAY))
    (tmp_path / "set").rename(hand)
    ((sentence,),) = daemon.until(lambda: home.rows("SELECT sentence FROM alarm WHERE kind = 'clock' AND open = 'open'"))
    assert ("forward" if days > 0 else "back") in sentence and "30 days" in sentence
    home.lies("nord", "2.edi", order("nord", "2"))
    daemon.until(lambda: len(home.answers("nord")) == 2)
    daemon.until(lambda: polled("nord.folder") >= before + 3)
    assert polled("west.folder") == (1 if days > 0 else 0), "thirty missed days are one poll"
    seconds = daemon.lived()
    assert polled("nord.folder") <= seconds + 3, (log.read_text(), seconds)
    assert daemon.terminate() == 0
