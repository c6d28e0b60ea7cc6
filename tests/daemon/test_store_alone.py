"""`store restore` and `store move` beside real daemons and workers on the databases concerned, started from the same and from another home."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from daemon_case import HANGS, Home, environment, home, make_home, order, until  # noqa: F401

sys.path.insert(0, str(Path(__file__).parents[1] / "dispatch"))
from dispatch_case import start_worker  # noqa: E402


def store(home: Home, *words: str | Path) -> tuple[int, str]:  # noqa: F811
    """`edi-bridge store …` on a home: exit code and all that it says."""
    done = subprocess.run([sys.executable, "-m", "edi_bridge.cli", "store", *map(str, words), "--home", str(home.folder)], env=environment(),
                          capture_output=True, timeout=HANGS, check=False)
    return done.returncode, (done.stdout + done.stderr).decode()


@pytest.fixture
def other(home: Home, tmp_path: Path, sqlite_template: Path) -> Home:  # noqa: F811
    """Another home, whose partners' folders are those of the first."""
    return make_home(tmp_path / "other", home.place, sqlite_template)


@pytest.fixture
def backup(home: Home, tmp_path: Path) -> Path:  # noqa: F811
    """A backup of the first home, after it took an order in."""
    home.partner("nord")
    home.lies("nord", "1.edi", order("nord", "1"))
    assert home.command("run", "--once", "--listen", "") == 0
    code, says = store(home, "backup", tmp_path / "backups")
    assert code == 0, says
    return next((tmp_path / "backups").glob("*.zip"))


def test_beside_a_daemon_of_another_home_nothing_of_an_sqlite_database_is_restored_or_moved(
    home: Home, other: Home, backup: Path, tmp_path: Path  # noqa: F811
) -> None:
    theirs = home.folder / "edi-bridge.sqlite"
    daemon = home.start().runs()
    for words in (("move", "--to", tmp_path / "new.sqlite", "--database", theirs), ("move", "--to", theirs), ("restore", backup, "--database", theirs)):
        code, says = store(other, *words)
        assert code == 2 and f"a daemon works on sqlite:///{theirs} (process {daemon.process.pid}, since " in says and "stop it first" in says, says
    assert "runs here already" in store(home, "move", "--to", tmp_path / "new.sqlite")[1]
    assert not (tmp_path / "new.sqlite").exists(), "nothing was even begun"
    second = other.start("--database", str(theirs))  # the file stands in the first one's home, whose daemon holds more than its home
    assert second.process.wait(HANGS) == 2 and "one database has one daemon" in second.says()
    assert daemon.terminate() == 0
    code, says = store(other, "move", "--to", tmp_path / "new.sqlite", "--database", theirs)
    assert code == 0 and "rows moved" in says, says
    assert "is the database that everything is in" in store(other, "move", "--to", other.folder / "edi-bridge.sqlite")[1]


def test_a_restore_keeps_daemons_away_from_its_database_until_it_ends(home: Home, other: Home, backup: Path, tmp_path: Path) -> None:  # noqa: F811
    """The restore stands still (the folder of its blobs is a queue that nobody fills), and a daemon of another home begins."""
    target = tmp_path / "restored.sqlite"
    (blob,) = (path for path in (backup.parent / "archive").rglob("*") if len(path.name) == 64)
    blob.unlink()
    os.mkfifo(blob)
    restoring = subprocess.Popen([sys.executable, "-m", "edi_bridge.cli", "store", "restore", str(backup), "--home", str(other.folder), "--database", str(target)],
                                 env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        until(lambda: (tmp_path / "restored.sqlite.lock").exists())
        late = home.start("--database", str(target))
        assert late.process.wait(HANGS) == 2 and f"process {restoring.pid}" in late.says()
        blob.open("wb").close()  # it goes on: these are not the bytes, which it tells
        assert restoring.wait(HANGS) == 1 and b"lacking: the bytes" in restoring.stdout.read()  # type: ignore[union-attr]
        assert target.exists()
    finally:
        restoring.kill()
        restoring.wait()
        restoring.stdout.close()  # type: ignore[union-attr]


def test_beside_a_daemon_or_worker_of_another_home_nothing_of_a_postgresql_database_is_restored_or_moved(
    home: Home, other: Home, backup: Path, new_postgres: Callable[[], str], tmp_path: Path  # noqa: F811
) -> None:
    url = new_postgres()
    shown = url.replace("postgresql:", "postgresql+psycopg:")
    (home.folder / "settings.yaml").write_text("workers: true\n")
    daemon = home.start(EDI_BRIDGE_DATABASE=url).runs()
    code, says = store(other, "move", "--to", url)
    assert code == 2 and f"a daemon works on {shown} (" in says and f":{daemon.process.pid}:" in says, says
    assert daemon.terminate() == 0

    worker = start_worker(home.folder, url)
    try:
        def alive() -> int:
            with psycopg.connect(url) as connection:
                return connection.execute("SELECT count(*) FROM procrastinate_workers").fetchone()[0]  # type: ignore[index]

        until(lambda: alive() == 1)
        for words in (("move", "--to", tmp_path / "new.sqlite", "--database", url), ("restore", backup, "--database", url)):
            code, says = store(other, *words)
            assert code == 2 and f"1 worker is at work on {shown}" in says and "stop it" in says, says
        worker.terminate()
        assert worker.wait(HANGS) == 0
        until(lambda: alive() == 0)
    finally:
        worker.kill()
        worker.wait()
    code, says = store(other, "move", "--to", tmp_path / "new.sqlite", "--database", url)
    assert code == 0 and "rows moved" in says, says
