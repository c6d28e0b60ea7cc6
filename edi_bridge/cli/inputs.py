"""The files that a command is given: names, folders, `-`; opened one after another, trouble with one told and passed
over."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from edi_bridge.fault import ConfigFault


@dataclass(frozen=True, slots=True)
class Input:
    """One file to be read; `path` None is standard input. `size` is 0 where it is not known."""

    name: str
    path: Path | None
    size: int = 0

    @contextmanager
    def open(self, moved: Callable[[float], None] | None = None) -> Iterator[BinaryIO]:
        """The bytes. ConfigFault when the file cannot be read; `moved` is told how many bytes were read."""
        if self.path is None:
            yield cast(BinaryIO, _Reader(sys.stdin.buffer, self.name, moved))
            return
        try:
            file = self.path.open("rb")
        except OSError as error:
            raise _unreadable(self.name, error) from None
        with file:
            yield cast(BinaryIO, _Reader(file, self.name, moved))


class _Reader:
    """A file that tells how far it was read, and whose trouble is told from that of what is done with it."""

    def __init__(self, file: BinaryIO, name: str, moved: Callable[[float], None] | None):
        self._file = file
        self._name = name
        self._moved = moved

    def read(self, size: int = -1) -> bytes:
        """As a file's. ConfigFault when it cannot be read any further."""
        try:
            taken = self._file.read(size)
        except OSError as error:
            raise _unreadable(self._name, error) from None
        if self._moved:
            self._moved(len(taken))
        return taken


def _unreadable(name: str, error: OSError) -> ConfigFault:
    return ConfigFault.at(name, 0, 0, f"cannot be read: {error.strerror or error}")


def expand(names: Iterable[str]) -> list[Input]:
    """Every file that is meant, in order; a folder stands for the files in it and below, by name, without hidden
    ones."""
    listed: list[Input] = []
    for name in names:
        path = Path(name)
        if name == "-":
            listed.append(Input("(stdin)", None))
        elif path.is_dir():
            listed += _folder(path)
        else:
            listed.append(Input(name, path, _size(path)))
    return listed


def _folder(folder: Path) -> Iterator[Input]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for file in sorted(files):
            path = Path(root, file)
            if not file.startswith(".") and _regular(path):
                yield Input(str(path), path, _size(path))


def _regular(path: Path) -> bool:
    """Whether it is a plain file: a folder may hold pipes and sockets, which nobody named."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return True  # a dangling link: opening it says what is wrong


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
