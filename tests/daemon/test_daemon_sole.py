"""One daemon for one database, from how many homes and machines ever: the second is refused, a dead one's work is taken over, and who
has lost its lock sends nothing on."""

from __future__ import annotations

import io
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from daemon_case import HANGS, Daemon, Home, home, make_home, order, until  # noqa: F401

from edi_bridge.daemon import Sole, sole
from edi_bridge.database import Database, connect, upgrade
from edi_bridge.engine.sending import WhileOurs
from edi_bridge.fault import ConfigFault, TransientFault

sys.path.insert(0, str(Path(__file__).parents[1] / "transport"))
from http_partner import Partner  # noqa: E402

SINCE = "2026-11-22T10:00:00Z"


@pytest.fixture
def url(new_postgres: Callable[[], str]) -> str:
    return new_postgres()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    made = connect(url)
    yield made
    made.close()


def end_sessions(url: str) -> None:
    """As a restart of the server, or an administrator, ends them."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                           " WHERE l.locktype = 'advisory' AND d.datname = current_database()")


def test_the_second_on_a_database_is_refused_and_told_who_is_there(database: Database, tmp_path: Path) -> None:
    with Sole(database, SINCE) as first:
        assert first.held()
        with pytest.raises(ConfigFault, match=r"runs on this database already \(.+:\d+:\w{6}, since 20.+Z\): one database has one daemon, and as many workers"):
            Sole(database, SINCE).__enter__()
    with Sole(database, SINCE) as second:
        assert second.held()


def test_two_homes_with_one_sqlite_file_have_one_daemon(tmp_path: Path) -> None:
    database = connect(tmp_path / "shared.sqlite")
    with Sole(database, SINCE), pytest.raises(ConfigFault, match=r"shared\.sqlite\.lock: .*process \d+.*one database has one daemon"):
        Sole(database, SINCE).__enter__()
    with Sole(database, SINCE):
        pass
    database.close()


def test_a_lost_lock_is_asked_for_again(database: Database, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sole, "ASKED", 0.05)
    told: list[str] = []
    with Sole(database, SINCE) as mine:
        watching = threading.Thread(target=mine.watch, args=(lambda why: told.append(f"lost {why}"), lambda: told.append("found"), told.append))
        watching.start()
        end_sessions(url)
        until(lambda: "found" in told)
        assert told[0].startswith("lost ") and mine.held()
        with pytest.raises(ConfigFault, match="one database has one daemon"):
            Sole(database, SINCE).__enter__()
    watching.join(HANGS)
    assert told[-1] == "found"


def test_who_lost_its_lock_to_another_ends_and_sends_nothing_on(database: Database, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sole, "ASKED", 1.0)
    monkeypatch.setattr(sole, "SURE", 2.0)
    monkeypatch.setattr(sole, "GHOST", HANGS)
    taken: list[str] = []
    with Sole(database, SINCE) as mine:
        sent = WhileOurs(io.BytesIO(b"UNB+1'UNZ+1'"), mine.held)
        assert sent.read(4) == b"UNB+"
        other = Sole(database, SINCE)
        waiting = threading.Thread(target=other.__enter__)
        waiting.start()
        time.sleep(0.3)  # it asks ten times a second
        assert not other.held()
        end_sessions(url)
        waiting.join(HANGS)
        watching = threading.Thread(target=mine.watch, args=(lambda why: None, lambda: None, taken.append))
        watching.start()
        watching.join(HANGS)
        assert len(taken) == 1 and "one database has one daemon" in taken[0]
        until(lambda: not mine.held())
        with pytest.raises(TransientFault, match="another daemon"):
            sent.read(4)
    other.__exit__(None, None, None)


def test_what_a_killed_daemon_was_sending_is_taken_over_by_another_home_within_thirty_seconds(
    home: Home, url: str, database: Database, tmp_path: Path, sqlite_template: Path  # noqa: F811
) -> None:
    upgrade(database)
    (tmp_path / "posted").mkdir()
    partner = Partner(tmp_path / "posted", tmp_path / "posted", "horse")
    other = make_home(tmp_path / "second", home.place, sqlite_template)
    way = f"  folder: {{kind: http, url: \"{partner.at}/in/{{name}}\", look: \"{partner.at}/in/{{name}}\", bearer: token}}\n"
    for one in (home, other):
        one.partner("nord", channels=f"  in: {{kind: directory, get: {home.out('nord')}, poll: every 1s, settle: 0s}}\n" + way)
    hangs = threading.Event()
    partner.answers = [lambda handler: hangs.wait(HANGS)]  # it reads all bytes and says nothing

    def start(one: Home) -> Daemon:
        return one.start(EDI_BRIDGE_DATABASE=url, EDI_BRIDGE_SECRET_TOKEN="horse", EDI_BRIDGE_ARCHIVE=str(tmp_path / "archive"))

    def states() -> list[str]:
        with psycopg.connect(url) as connection:
            return [row[0] for row in connection.execute("SELECT state FROM outbox ORDER BY id")]

    try:
        first = start(home).runs()
        for number in (1, 2, 3):
            home.lies("nord", f"{number}.edi", order("nord", str(number)))
        until(lambda: len(partner.requests) == 1 and len(states()) == 3)
        assert sorted(states()) == ["sending", "waiting", "waiting"]
        refused = start(other)
        assert refused.process.wait(HANGS) == 2 and "one database has one daemon" in refused.says()
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        second = start(other).runs()
        begun = time.monotonic()
        second.until(lambda: states().count("sent") == 2)
        assert states().count("sending") == 1 or time.monotonic() - begun > 12, "nobody knew yet that the other one does not go on"
        second.until(lambda: states() == ["sent"] * 3)
        assert time.monotonic() - begun < 30
        assert len(partner.requests) == 4 and len(list((tmp_path / "posted").iterdir())) == 3
        assert second.terminate() == 0
    finally:
        hangs.set()
        other.close()
        partner.close()
