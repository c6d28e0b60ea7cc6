"""Killed in the middle of an activation, at every point: the former version or the new one is in force, whole, and the next start
finishes what was begun. What is in force is read from the database by sqlite3, what lies in the home from its files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import version_case as case

ROOT = Path(__file__).parents[2]
OLD = {**case.FILES, "lookups/gone.csv": "theirs,ours\nZ,9\n"}
NEW = {**case.FILES, "partners/north.yaml": case.NORTH.replace("Stores", "Group"), "lookups/items.csv": "theirs,ours\nA,2\n",
       "lookups/fresh.csv": "theirs,ours\nN,1\n"}
EDITED = {**NEW, "lookups/fresh.csv": "theirs,ours\nN,2\n"}  # lies in the home, and nobody activated it
POINTS = ["version_recorded", "version_journal", "version_file", "version_file:4", "version_activated"]


def eb(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EDI_BRIDGE_")}
    env = {**kept, "PYTHONPATH": str(ROOT), "EDI_BRIDGE_HOME": str(home), "EDI_BRIDGE_ACTOR": "ann", **more}
    return subprocess.run([sys.executable, "-m", "edi_bridge.cli", *words], env=env, capture_output=True, text=True, timeout=120)


def lay(home: Path, files: dict[str, str]) -> None:
    for name in case.lies(home).keys() - files.keys():
        (home / name).unlink()
    case.make_home(home, files)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which OLD was in force, then NEW, and EDITED lies there; people activate."""
    home = case.make_home(tmp_path_factory.mktemp("prepared"), OLD)
    assert eb(home, "catalog", "activate", "--reason", "old").returncode == 0
    lay(home, NEW)
    (home / "settings.yaml").write_text("activate: explicit\n")
    assert eb(home, "catalog", "activate", "--reason", "new").returncode == 0
    lay(home, EDITED)
    (home / "settings.yaml").write_text("activate: explicit\n")
    return home


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_point_the_former_or_the_new_version_holds_and_the_next_start_finishes(prepared: Path, tmp_path: Path, point: str) -> None:
    home = tmp_path / "home"
    subprocess.run(["cp", "-a", str(prepared), str(home)], check=True)
    killed = eb(home, "catalog", "activate", "former", "--reason", "back", EDI_BRIDGE_CRASH_AT=point)
    assert killed.returncode == -signal.SIGKILL, f"{point} was not passed\n{killed.stderr}"
    assert case.in_force(home) == case.hashed(NEW if point != "version_activated" else OLD)
    after = eb(home, "send", "-", "--partner", "north")  # any command that works by what is in force; there is nothing to send
    assert after.returncode == 2 and "nothing is agreed" in after.stderr + after.stdout, after.stderr
    begun = point != "version_recorded"  # before the journal nothing was begun
    assert case.in_force(home) == case.hashed(OLD if begun else NEW)
    assert case.lies(home) == (OLD if begun else EDITED)
    assert not (home / ".versions" / "journal.json").exists()
    reasons = [row[0] for row in case.rows(home, "SELECT reason FROM activation ORDER BY id")]
    assert reasons == ["old", "new", *["back"] * begun], "once, however often it was begun"
    kept = {row[0] for row in case.rows(home, "SELECT sha256 FROM version_file")}
    assert set(case.hashed(EDITED).values()) <= kept, "what lay in the home is in the store of versions"


def test_a_daemon_waits_while_files_are_put_back_and_takes_the_version_whole(prepared: Path, tmp_path: Path) -> None:
    """While the files are half written every process goes on with the former version; nobody activates the mixture."""
    home = tmp_path / "home"
    subprocess.run(["cp", "-a", str(prepared), str(home)], check=True)
    (home / "settings.yaml").write_text("activate: automatic\n")
    go = tmp_path / "go"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EDI_BRIDGE_")}
    env = {**kept, "PYTHONPATH": str(ROOT), "EDI_BRIDGE_HOME": str(home), "EDI_BRIDGE_PAUSE_AT": "version_file", "EDI_BRIDGE_PAUSE_FILE": str(go)}
    activating = subprocess.Popen([sys.executable, "-m", "edi_bridge.cli", "catalog", "activate", "former", "--reason", "back"], env=env)
    try:
        journal = home / ".versions" / "journal.json"
        while not journal.exists() or case.lies(home) in (EDITED, OLD):
            assert activating.poll() is None
        half = case.lies(home)
        assert half not in (OLD, NEW, EDITED)
        waiting = eb(home, "send", "-", "--partner", "north")
        assert waiting.returncode == 3 and "another process is changing the files" in waiting.stderr
        assert case.in_force(home) == case.hashed(NEW)
    finally:
        go.touch()
        assert activating.wait(60) == 0
    assert case.in_force(home) == case.hashed(OLD) and case.lies(home) == OLD
    assert case.hashed(half) not in [dict(json.loads(row[0])) for row in case.rows(home, "SELECT files FROM version")]
