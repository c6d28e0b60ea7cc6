"""A network in a box for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lab_case import THEM, US, Lab

from edi_bridge.lab.account import accounts, spelled
from edi_bridge.lab.van import Van


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    """Starts networks; ends them after the test."""
    running: list[Lab] = []

    def start(**more: Any) -> Lab:
        folder = more.pop("folder", tmp_path)
        van = Van(folder, accounts(folder, [spelled(US), spelled(THEM)]), **more)
        van.start()
        running.append(Lab(van))
        return running[-1]

    yield start
    for lab in running:
        for client in lab.clients:
            client.close()
        lab.van.stop()


@pytest.fixture
def lab(start: Callable[..., Lab]) -> Lab:
    return start()
