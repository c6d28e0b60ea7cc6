"""docs/deploy: systemd itself reads the service file; the container has what the program needs beside Python."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICE = (ROOT / "docs" / "deploy" / "edi-bridge.service").read_text("utf-8")


def verified(text: str, folder: Path) -> list[str]:
    """What systemd has to say of a service file, with a program that is installed here."""
    (folder / "edi-bridge.service").write_text(text.replace("/opt/edi-bridge/bin/edi-bridge", sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(folder / "edi-bridge.service")], capture_output=True, text=True, timeout=60)
    return [line for line in (done.stdout + done.stderr).splitlines() if "edi-bridge.service" in line]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_knows_every_line_of_the_service(tmp_path: Path) -> None:
    assert verified(SERVICE, tmp_path) == []
    assert verified(SERVICE.replace("KillMode=mixed", "KillMode=kindly"), tmp_path) != []


def test_a_service_is_started_for_ever_but_with_a_wrong_configuration_and_a_spare_is_told_how() -> None:
    """A database that is away for a day must not end the tries; a second daemon ends with 2, as a wrong configuration does."""
    lines = SERVICE.splitlines()
    assert {"Restart=always", "StartLimitIntervalSec=0", "RestartPreventExitStatus=2"} <= set(lines)
    page = (ROOT / "docs" / "cluster.md").read_text("utf-8")
    assert "leaves with exit code 2" in page and "`RestartPreventExitStatus=` (empty" in page


def test_the_container_has_the_authorities_that_servers_are_held_against() -> None:
    """They are no dependency of python3, and an image of Debian has none."""
    runtime = (ROOT / "docs" / "deploy" / "Containerfile").read_text("utf-8").rpartition("FROM ")[2]
    assert "ca-certificates" in runtime
