"""One daemon for one home: a lock that ends with its process, however that ends."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from edi_bridge.fault import ConfigFault, TransientFault

NAME = "run.lock"


class HomeLock:
    """Held while it is entered. ConfigFault (who holds it, since when) when another process has it: `refused` says what that means."""

    def __init__(self, home: Path, since: str, name: str = NAME, refused: str = "edi-bridge runs here already ({who}): one home has one daemon"):
        self.path = home / name
        self._since, self._says = since, refused
        self._file: int | None = None

    def __enter__(self) -> HomeLock:
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise TransientFault(f"{self.path} cannot be written: {error.strerror}") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            said = holder(self.path)
            os.close(self._file)
            self._file = None
            who = f"process {said['pid']}, since {said['since']}" if said else "another process"
            raise ConfigFault.at(str(self.path), 0, 0, self._says.format(who=who)) from None
        with suppress(OSError):  # a full disk: it is held all the same, only nobody is told by whom
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, json.dumps({"pid": os.getpid(), "since": self._since}).encode(), 0)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def holder(path: Path) -> dict[str, Any]:
    """What the holder of a lock wrote into it: pid and since; nothing when it says nothing that can be read."""
    try:
        said = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) and {"pid", "since"} <= said.keys() else {}
