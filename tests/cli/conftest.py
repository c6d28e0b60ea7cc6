"""The command line run as people run it: in this process, where only output and exit code matter (most tests), or in
one of
its own."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_case import ORDER, Run, environment

from edi_bridge import cli


@pytest.fixture
def edi(tmp_path: Path) -> Iterator[Run]:
    """`edi("translate", path)` runs the command in tmp_path, without a process of its own."""
    before = Path.cwd()
    thresholds = gc.get_threshold()

    def run(*args: str | Path, stdin: bytes = b"", **more: str) -> subprocess.CompletedProcess[bytes]:
        words = [str(arg) for arg in args]
        streams = [
            io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", errors="backslashreplace")
            for content in (stdin, b"", b"")
        ]
        saved, kept = (sys.stdin, sys.stdout, sys.stderr), dict(os.environ)
        os.environ.clear()
        os.environ.update(environment(**more))
        os.chdir(tmp_path)
        sys.stdin, sys.stdout, sys.stderr = streams
        try:
            code = cli.run(words)
        finally:
            sys.stdin, sys.stdout, sys.stderr = saved
            os.environ.clear()
            os.environ.update(kept)
            os.chdir(before)
            gc.unfreeze()
            gc.set_threshold(*thresholds)
        out, errors = (_content(stream) for stream in streams[1:])
        return subprocess.CompletedProcess(words, code, out, errors)

    yield run


def _content(stream: io.TextIOWrapper) -> bytes:
    with contextlib.suppress(ValueError):
        stream.flush()
    raw = stream.detach()
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue()


@pytest.fixture
def process(tmp_path: Path) -> Run:
    """The same in a process of its own."""

    def run(*args: str | Path, stdin: bytes = b"", **more: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "edi_bridge.cli", *map(str, args)],
            input=stdin,
            capture_output=True,
            cwd=tmp_path,
            env=environment(**more),
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def order(tmp_path: Path) -> Path:
    """A small order that is in order."""
    path = tmp_path / "order.edi"
    path.write_bytes(ORDER)
    return path
