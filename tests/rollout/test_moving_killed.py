"""A move that is killed in the middle is without effect, or finished by the next command: never half done."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

PARTNER = 'partner: kiosk\nidentities: [{id: "9521200099997", qualifier: "14"}]\nstage: live\nagreements:\n  - {message: edifact/D96A/ORDERS}\n'


def edi(home: Path, *words: str, crash: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "EDI_BRIDGE_HOME": str(home), "EDI_BRIDGE_ACTOR": "ann", **({"EDI_BRIDGE_CRASH_AT": crash} if crash else {})}
    return subprocess.run([sys.executable, "-m", "edi_bridge.cli", *words], env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(("point", "done"), [("version_recorded", False), ("version_journal", True), ("version_file", True), ("version_activated", True)])
def test_a_killed_move_is_whole_or_nothing(tmp_path: Path, point: str, done: bool) -> None:
    home = tmp_path / "home"
    (home / "partners").mkdir(parents=True)
    (home / "partners" / "kiosk.yaml").write_text(PARTNER)
    edi(home, "run", "--once")
    killed = edi(home, "rollout", "pause", "kiosk", "--reason", "prices", crash=point)
    assert killed.returncode == -signal.SIGKILL
    edi(home, "run", "--once")
    stages = home / "partners" / "_stages.yaml"
    assert stages.exists() is done and (not done or "stage: paused" in stages.read_text())
    with sqlite3.connect(home / "edi-bridge.sqlite") as database:
        reasons = [row[0] for row in database.execute("SELECT reason FROM activation ORDER BY id")]
    assert [one for one in reasons if "prices" in one] == (["pause kiosk: in edifact/D96A/ORDERS: live → paused: prices"] if done else []), "told once"
