"""The raw bytes as they came, kept under their SHA-256 and never written again.

A blob is written under a temporary name, fsynced, renamed, and its folder fsynced: afterwards it is there whole, or
not at all. It is verified each time it is read, since a file altered on disk must not be taken for what a partner sent.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import uuid4

from edi_bridge.fault import TerminalFault, TransientFault

CHUNK = 1 << 20
SYNCING = 8  # files that are made durable at the same time: the file system writes its journal once for several


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
        return self.receive(lambda into: shutil.copyfileobj(source, into, CHUNK))

    def note(self, said: Mapping[str, Any]) -> Path:
        """Write down where bytes come from that will be received next, should the process die before they have a row in the
        ledger (`orphans`). Whoever wrote that row forgets the note."""
        path = self._incoming() / f"{uuid4().hex}.note"
        _write(path, json.dumps(said).encode())
        _sync_folder(path.parent)
        return path

    def _incoming(self) -> Path:
        incoming = self.folder / "incoming"
        _make_folder(self.folder)
        _make_folder(incoming)
        return incoming

    def receive(self, write: Callable[[BinaryIO], Any], note: Path | None = None) -> Blob:
        """The same for bytes that somebody writes into a stream, with the `note` of where they come from."""
        try:
            return self._receive(write, note.with_suffix("") if note else self._incoming() / uuid4().hex, note)
        except OSError as error:
            raise TransientFault(f"the archive {self.folder} cannot be written: {error.strerror or error}") from error

    def _receive(self, write: Callable[[BinaryIO], Any], temporary: Path, note: Path | None) -> Blob:
        try:
            with temporary.open("xb") as file:
                hashed = _Hashed(file)
                write(cast(BinaryIO, hashed))
                file.flush()
                self.passing("temp_written")
                os.fsync(file.fileno())
            self.passing("temp_synced")
            blob = Blob(hashed.digest.hexdigest(), hashed.size)
            if note is not None:
                _write(note, json.dumps({**json.loads(note.read_bytes()), "sha256": blob.sha256, "size": blob.size}).encode())
            self._keep(temporary, blob)
            return blob
        finally:
            temporary.unlink(missing_ok=True)

    def gathering(self) -> Gathering:
        """For many small files that become durable together."""
        return Gathering(self)

    def stage(self, write: Callable[[BinaryIO], Any]) -> tuple[BinaryIO, Path, Blob]:
        """Bytes written and hashed, and not durable yet: the open file, its temporary name, what it will be."""
        temporary = self._incoming() / uuid4().hex
        with ExitStack() as undo:
            undo.callback(temporary.unlink, missing_ok=True)
            file = undo.enter_context(temporary.open("xb"))
            hashed = _Hashed(file)
            write(cast(BinaryIO, hashed))
            file.flush()
            self.passing("temp_written")
            undo.pop_all()
        return file, temporary, Blob(hashed.digest.hexdigest(), hashed.size)

    def keep_all(self, staged: Sequence[tuple[Path, Blob]]) -> None:
        """Give synced files their names, and make those durable: each folder is synced once for all."""
        folders = {self.folder: None}
        for temporary, blob in staged:
            target = self.path(blob.sha256)
            folders[target.parent] = None
            if not self._whole(blob.sha256, blob.size):
                target.parent.mkdir(mode=0o700, exist_ok=True)
                temporary.chmod(0o400)
                temporary.rename(target)
        for folder in folders:
            _sync_folder(folder)
        self.passing("archived")

    def has(self, digest: str) -> bool:
        """Whether a blob is there; it is not read."""
        return self.path(digest).exists()

    def digests(self) -> Iterator[str]:
        """The SHA-256 of every blob, in order."""
        for folder in sorted(self.folder.glob("[0-9a-f][0-9a-f]")):
            yield from sorted(path.name for path in folder.iterdir() if len(path.name) == 64)

    def _keep(self, temporary: Path, blob: Blob) -> None:
        target = self.path(blob.sha256)
        if self._whole(blob.sha256, blob.size):
            _sync_folder(target.parent)  # a process that was killed may have renamed it there and come no further
            _sync_folder(self.folder)
            return
        _make_folder(target.parent)
        temporary.chmod(0o400)
        temporary.rename(target)
        _sync_folder(target.parent)
        self.passing("archived")

    @staticmethod
    def forget(note: Path) -> None:
        """What was received with it has its row in the ledger, or never came."""
        note.unlink(missing_ok=True)

    def orphans(self) -> Iterator[tuple[Path, dict[str, Any], Blob | None]]:
        """What a process that died had fetched and not yet written into the ledger: (its note, what that says, the bytes; None:
        they had not come). Only while nothing is being received."""
        for beside in sorted((self.folder / "incoming").glob("*.note")):
            try:
                said = json.loads(beside.read_bytes())
            except ValueError:  # died while the note itself was written: nothing had been fetched
                beside.unlink(missing_ok=True)
                continue
            left = beside.with_suffix("")
            blob = Blob(said["sha256"], said["size"]) if "sha256" in said and self.has(said["sha256"]) else None
            if blob is None and left.exists() and left.stat().st_size:
                with left.open("rb") as file:
                    blob = self.put(file)
            left.unlink(missing_ok=True)
            yield beside, said, blob

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

    def remove(self, digest: str) -> None:
        """Take a blob away whose retention time is over."""
        self.path(digest).unlink(missing_ok=True)

    def sweep(self, before: float = float("inf")) -> int:
        """Remove what a killed process left half-written and nobody has touched since `before` (seconds since 1970); how many. Without
        `before` only while nothing is being received."""
        left = [path for path in (self.folder / "incoming").glob("*") if path.suffix != ".note" and not path.with_suffix(".note").exists()]
        count = 0
        for path in left:
            try:
                if path.stat().st_mtime < before:
                    path.unlink()
                    count += 1
            except FileNotFoundError:  # whoever wrote it is through
                continue
        return count


def open_archive(where: Path | str, home: Path, passing: Callable[[str], None] = lambda point: None) -> Archive:
    """The archive in a folder, or at the URL of an fsspec file system (`s3://bucket/prefix`); bytes on their way to a URL stand in
    the home's folder `archive` first. ConfigFault when a package that the URL needs is not installed."""
    if isinstance(where, Path):
        return Archive(where, passing)
    from edi_bridge.store.object_archive import ObjectArchive  # fsspec is loaded only where it is used

    return ObjectArchive.at(where, home / "archive", passing)


@dataclass(slots=True)
class Gathering:
    """Small files on their way into an archive together: each is synced by another thread while the next is written, and `keep` gives
    all of them their names. Before `keep` has returned none of them may have a row in the ledger. A context: what was not kept is gone
    at its end."""

    archive: Archive
    _threads: ThreadPoolExecutor = field(default_factory=partial(ThreadPoolExecutor, SYNCING))
    _staged: list[tuple[Path, Blob, Future[None]]] = field(default_factory=list)

    def __enter__(self) -> Gathering:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()
        self._forget()

    def receive(self, write: Callable[[BinaryIO], Any]) -> Blob:
        """Take the bytes that somebody writes into a stream. TransientFault as `Archive.put`."""
        try:
            file, temporary, blob = self.archive.stage(write)
            if len(self._staged) >= SYNCING:
                wait([self._staged[-SYNCING][2]])  # so that few files are open
        except OSError as error:
            raise self._fault(error) from error
        self._staged.append((temporary, blob, self._threads.submit(_synced, file)))
        return blob

    def keep(self) -> None:
        """All of them durable, under their names. TransientFault: none of them counts as received."""
        try:
            for _, _, done in self._staged:
                done.result()
            self.archive.passing("temp_synced")
            self.archive.keep_all([(temporary, blob) for temporary, blob, _ in self._staged])
        except OSError as error:
            raise self._fault(error) from error
        finally:
            self._forget()

    def _forget(self) -> None:
        for temporary, _, done in self._staged:
            wait([done])
            temporary.unlink(missing_ok=True)
        self._staged.clear()

    def _fault(self, error: OSError) -> TransientFault:
        return TransientFault(f"the archive {self.archive.folder} cannot be written: {error.strerror or error}")


def _synced(file: BinaryIO) -> None:
    with file:
        os.fsync(file.fileno())


class _Hashed:
    """A file that is hashed and counted while it is written."""

    def __init__(self, file: BinaryIO):
        self._file = file
        self.digest, self.size = sha256(), 0

    def write(self, chunk: bytes) -> int:
        """As a file's."""
        self.digest.update(chunk)
        self.size += len(chunk)
        return self._file.write(chunk)


def _write(path: Path, content: bytes) -> None:
    """Replace a small file durably."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


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
