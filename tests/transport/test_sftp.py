"""SFTP against a real OpenSSH server, by the battery of all transports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from battery import FetchBattery, NetworkBattery, Place, PutBattery
from lines import CutLine
from ssh_lab import Sshd, user

from edi_bridge.secret import Secrets


def place_on(sshd: Sshd, tmp_path: Path, server: str = "full", **options: Any) -> Place:
    folders = [tmp_path / name for name in ("out", "inbox", "done")]
    for folder in folders:
        folder.mkdir()
    out, inbox, done = folders
    secrets = Secrets(None, {"EDI_BRIDGE_SECRET_OURS": (sshd.folder.parent / "ours").read_text(), "EDI_BRIDGE_SECRET_WRONG": "wrong horse"})
    said = {"host": "127.0.0.1", "port": sshd.port(server), "user": user(), "key": "ours", "host_key": sshd.host_key, "timeout": "10s",
            "get": str(out), "put": str(inbox), **options}
    return Place("sftp", said, secrets, out, inbox, done, str(done))


@pytest.fixture
def place(sshd: Sshd, tmp_path: Path) -> Iterator[Place]:
    lines = []

    def cut(after: int, up: bool) -> dict[str, Any]:
        lines.append(CutLine(sshd.ports["full"], after, up=up))
        return {"port": lines[-1].port}

    made = place_on(sshd, tmp_path)
    made.cut = cut
    yield made
    made.close()
    for line in lines:
        line.close()
        assert line.left == 0, "the line was never cut: the test tried nothing"


class TestFetchingBySftp(FetchBattery):
    pass


class TestPuttingBySftp(PutBattery):
    pass


class TestTheNetworkOfSftp(NetworkBattery):
    wrong_login = {"key": None, "password": "wrong"}
