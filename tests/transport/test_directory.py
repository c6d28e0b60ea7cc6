"""Folders of this machine, by the battery of all transports; and what only folders can do: claims of two processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from battery import FetchBattery, Place, PutBattery

from edi_bridge.secret import Secrets


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    folders = [tmp_path / name for name in ("out", "inbox", "done")]
    for folder in folders:
        folder.mkdir()
    out, inbox, done = folders
    made = Place("directory", {"get": str(out), "put": str(inbox)}, Secrets(), out, inbox, done, str(done))
    yield made
    made.close()


class TestFetchingFromAFolder(FetchBattery):
    pass


class TestPuttingIntoAFolder(PutBattery):
    pass
