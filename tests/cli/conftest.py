"""The command line run in a process of its own, as people run it; and in this process, where only the output matters."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cli_case import ORDER, Run, environment


@pytest.fixture
def edi(tmp_path: Path) -> Run:
    """`edi("translate", path)` runs the command in tmp_path."""

    def run(*args: str | Path, stdin: bytes = b"", **more: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([sys.executable, "-m", "edi_bridge.cli", *map(str, args)], input=stdin, capture_output=True, cwd=tmp_path,
                              env=environment(**more), timeout=60, check=False)

    return run


@pytest.fixture
def order(tmp_path: Path) -> Path:
    """A small order that is in order."""
    path = tmp_path / "order.edi"
    path.write_bytes(ORDER)
    return path
