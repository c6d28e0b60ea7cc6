"""A file that cannot be posted for a reason that is not the partner's: it waits, somebody is told what is wrong, and when that is put
right a person lets it go on."""

from __future__ import annotations

from pathlib import Path

import pytest
from daemon_case import Home, home, interchange, message, order  # noqa: F401


def archived(home: Home) -> Path:
    """The one blob of the archive."""
    (blob,) = [path for path in (home.folder / "archive").rglob("*") if path.is_file() and len(path.name) == 64]
    return blob


@pytest.mark.parametrize(("at", "big", "receipt", "exchange", "command"), [
    ("receipt_committed", False, "failed", None, ("exchange", "release", "1", "--receipt")),  # nothing of it was read yet
    ("scanned", True, "done", "failed", ("exchange", "replay", "1", "--apply")),  # its interchange is known: more than is kept between two passes
])
def test_bytes_that_were_damaged_here_stop_a_file_until_a_person_lets_it_go_on(home: Home, at: str, big: bool, receipt: str, exchange: str | None,
                                                                               command: tuple[str, ...]) -> None:
    home.partner("nord")
    content = interchange("nord", "1", [message("nord", str(n), f"A{n}", 60) for n in range(1, 121)]) if big else order("nord", "1", "A1")
    go = home.place / "go"
    daemon = home.start(EDI_BRIDGE_PAUSE_AT=at, EDI_BRIDGE_PAUSE_FILE=str(go)).runs()
    home.lies("nord", "a.edi", content)
    daemon.until(lambda: home.rows("SELECT 1 FROM receipt WHERE state = ?", "scanned" if big else "received"))
    blob = archived(home)
    blob.chmod(0o600)
    blob.write_bytes(content.replace(b"+21:48", b"+21:49"))
    go.touch()
    daemon.until(lambda: home.rows("SELECT 1 FROM alarm WHERE kind = 'failed'"))
    assert home.rows("SELECT state FROM receipt") == [(receipt,)]
    assert home.rows("SELECT state FROM exchange") == ([(exchange,)] if exchange else [])
    ((told,),) = home.rows("SELECT sentence FROM alarm WHERE kind = 'failed'")
    assert "SHA-256" in told and f"edi-bridge {' '.join(command[:2])} 1" in told  # what is wrong, and how it goes on
    assert not home.answers("nord") and not home.orders()  # nothing negative goes out for damage here
    blob.write_bytes(content)
    assert home.command(*command, "--reason", "from the backup") == 0
    daemon.until(lambda: len(home.orders()) == (120 if big else 1))
    daemon.until(lambda: home.answers("nord"))
    assert not home.rows("SELECT 1 FROM alarm WHERE kind = 'failed' AND cleared_at = ''")
    assert home.command("exchange", "audit") == 0
