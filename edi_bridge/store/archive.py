"""The raw bytes as they came, kept under their SHA-256 and never written again.

A blob is written under a temporary name, fsynced, renamed, and its folder fsynced: afterwards it is there whole, or
not at all. It is verified each time it is read, since a file altered on disk must not be taken for what a partner sent.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from edi_bridge.fault import TerminalFault, TransientFault

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Blob:
    """Where bytes stand in the archive: their SHA-256 (hexadecimal) and their number."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Archive:
    """A folder of blobs. `passing` is told each step (see `crashpoint`)."""

    folder: Path
    passing: Callable[[str], None] = lambda point: None

    def path(self, digest: str) -> Path:
        """The file of a blob: its name is made of our own digits only."""
        return self.folder / digest[:2] / digest

    def put(self, source: BinaryIO) -> Blob:
        """Copy a stream into the archive; when this returns the bytes are durable.

        TransientFault when the disk is full, read-only or failing: nothing is kept then. A failed fsync is not tried
        again on the same file, because the system may have dropped the pages it could not write.
        """
        incoming = self.folder / "incoming"
        try:
            _make_folder(self.folder)
            _make_folder(incoming)
            return self._put(source, incoming / uuid4().hex)
        except OSError as error:
            raise TransientFault(f"the archive {self.folder} cannot be written: {error.strerror or error}") from error

    def _put(self, source: BinaryIO, temporary: Path) -> Blob:
        digest, size = sha256(), 0
        try:
            with temporary.open("xb") as file:
                while chunk := source.read(CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    file.write(chunk)
                file.flush()
                self.passing("temp_written")
                os.fsync(file.fileno())
            self.passing("temp_synced")
            name = digest.hexdigest()
            target = self.path(name)
            if self._whole(name, size):
                return Blob(name, size)
            _make_folder(target.parent)
            temporary.chmod(0o400)
            temporary.rename(target)
            _sync_folder(target.parent)
            self.passing("archived")
            return Blob(name, size)
        finally:
            temporary.unlink(missing_ok=True)

    def _whole(self, digest: str, size: int) -> bool:
        """Whether the blob is there already; a damaged one is replaced by the bytes that have just come."""
        path = self.path(digest)
        return path.exists() and path.stat().st_size == size and _digest(path) == digest

    def open(self, digest: str) -> BinaryIO:
        """A blob for reading, verified. TerminalFault when it is missing or not what it was."""
        path = self.path(digest)
        try:
            if _digest(path) != digest:
                raise TerminalFault(f"the archived file {path} was altered: its SHA-256 is no longer its name")
            return path.open("rb")
        except FileNotFoundError:
            raise TerminalFault(f"the archived file {path} is missing") from None
        except OSError as error:
            raise TransientFault(f"the archived file {path} cannot be read: {error.strerror or error}") from error

    def sweep(self) -> int:
        """Remove what a killed process left half-written; how many. Only while nothing is being received."""
        left = list((self.folder / "incoming").glob("*"))
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _make_folder(path: Path) -> None:
    if not path.is_dir():
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    number = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
