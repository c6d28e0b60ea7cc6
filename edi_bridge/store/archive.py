"""The raw bytes as they came, kept under their SHA-256 and never written again.

A blob is written under a temporary name, fsynced, renamed, and its folder fsynced: afterwards it is there whole, or
not at all. It is verified each time it is read, since a file altered on disk must not be taken for what a partner sent.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import uuid4

from edi_bridge.fault import TerminalFault, TransientFault

CHUNK = 1 << 20
SYNCING = 8  # threads that make files and folders durable: the file system writes its journal once for several
LOT = 8  # files that one of them takes at a time …
LOTS = 3  # … and how many of such are open at most, beside the one that is being written


class ArchiveFault(TransientFault):
    """The archive cannot be written at the moment (full, read-only, failing): no file of any partner is to blame."""

    @classmethod
    def of(cls, folder: Path, error: OSError) -> ArchiveFault:
        """What the system said of it."""
        return cls(f"the archive {folder} cannot be written: {error.strerror or error}")


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
        return self.folder.joinpath(digest[:2], digest)

    def put(self, source: BinaryIO) -> Blob:
        """Copy a stream into the archive; when this returns the bytes are durable.

        TransientFault when the disk is full, read-only or failing: nothing is kept then. A failed fsync is not tried
        again on the same file, because the system may have dropped the pages it could not write.
        """
        return self.receive(lambda into: shutil.copyfileobj(source, into, CHUNK))

    def note(self, said: Mapping[str, Any]) -> Path:
        """Write down where bytes come from that will be received next, should the process die before they have a row in the
        ledger (`orphans`). Whoever wrote that row forgets the note."""
        try:
            path = self.incoming() / f"{uuid4().hex}.note"
            _write(path, json.dumps(said).encode())
            _sync_folder(path.parent)
        except OSError as error:
            raise ArchiveFault.of(self.folder, error) from error
        return path

    def incoming(self) -> Path:
        """The folder for bytes that have no name yet; it is made where it is not there."""
        incoming = self.folder / "incoming"
        _make_folder(self.folder)
        _make_folder(incoming)
        return incoming

    def receive(self, write: Callable[[BinaryIO], Any], note: Path | None = None) -> Blob:
        """The same for bytes that somebody writes into a stream, with the `note` of where they come from."""
        try:
            return self._receive(write, note.with_suffix("") if note else self.incoming() / uuid4().hex, note)
        except OSError as error:
            raise ArchiveFault.of(self.folder, error) from error

    def _receive(self, write: Callable[[BinaryIO], Any], temporary: Path, note: Path | None) -> Blob:
        try:
            with temporary.open("xb") as file:
                hashed = _Hashed(file, self.folder)
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

    def stage(self, write: Callable[[BinaryIO], Any], temporary: Path) -> tuple[BinaryIO, Blob]:
        """Bytes written and hashed, and not durable yet: the open file and what it will be."""
        with ExitStack() as undo:
            undo.callback(temporary.unlink, missing_ok=True)
            file = undo.enter_context(open(temporary, "xb", 0))  # noqa: SIM115: who syncs it closes it
            hashed = _Hashed(file, self.folder)
            write(cast(BinaryIO, hashed))
            os.fchmod(file.fileno(), 0o400)
            self.passing("temp_written")
            undo.pop_all()
        return file, Blob(hashed.digest.hexdigest(), hashed.size)

    def keep_all(self, staged: Sequence[tuple[Path, Blob]], threads: Executor) -> None:
        """Give synced files their names, and make those durable: each folder is synced once for all, several at a time."""
        folders = {self.folder: None}
        for temporary, blob in staged:
            target = self.path(blob.sha256)
            if target.parent not in folders:
                folders[target.parent] = None
                target.parent.mkdir(mode=0o700, exist_ok=True)
            if not self._whole(blob.sha256, blob.size):
                temporary.rename(target)
        for _ in threads.map(_sync_folder, folders):
            pass
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
        """Whether the blob is there already, which is marked as used again then (`remove_unused`); a damaged one is replaced by the bytes
        that have just come."""
        path = self.path(digest)
        try:
            if path.stat().st_size != size or _digest(path) != digest:
                return False
            os.utime(path)
            return True
        except FileNotFoundError:
            return False

    def content(self, digest: str) -> bytes:
        """The bytes of a small blob, read once and verified. Faults as `open`."""
        path = self.path(digest)
        with _reading(path):
            content = path.read_bytes()
            if sha256(content).hexdigest() != digest:
                raise TerminalFault(f"the archived file {path} was altered: its SHA-256 is no longer its name")
            return content

    def open(self, digest: str) -> BinaryIO:
        """A blob for reading, verified. TerminalFault when it is missing or not what it was."""
        path = self.path(digest)
        with _reading(path):
            if _digest(path) != digest:
                raise TerminalFault(f"the archived file {path} was altered: its SHA-256 is no longer its name")
            return path.open("rb")

    def remove(self, digest: str) -> None:
        """Take a blob away whose retention time is over. Only while nothing is being received: the same bytes may come again."""
        self.path(digest).unlink(missing_ok=True)

    def remove_unused(self, digest: str, since: float) -> bool:
        """The same beside everything else: a blob whose bytes came, or came again, after `since` (seconds since 1970) stays, because its row
        may not be in the ledger yet. Whether it is gone.

        Whoever finds a blob there that he would write marks it as used by its time (`_whole`), in whichever process: so it is moved aside
        first, and put back where that happened meanwhile; after that he does not find it, and writes it.
        """
        path = self.path(digest)
        aside = path.with_name(f"{digest}.aside")
        try:
            if path.stat().st_mtime >= since:
                return False
            path.rename(aside)
        except FileNotFoundError:
            aside.unlink(missing_ok=True)  # left by a process that was killed here
            return True
        if aside.stat().st_mtime >= since:
            aside.rename(path)
            return False
        aside.unlink()
        return True

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
    """Small files on their way into an archive together: some are synced by other threads while the next are written, and `keep`
    gives all of them their names. Before `keep` has returned none of them may have a row in the ledger. A context: what was not kept is
    gone at its end."""

    archive: Archive
    _folder: Path | None = None  # for temporary names, once it is needed
    _threads: ThreadPoolExecutor = field(default_factory=partial(ThreadPoolExecutor, SYNCING))
    _staged: list[tuple[Path, Blob]] = field(default_factory=list)
    _written: list[BinaryIO] = field(default_factory=list)  # and not yet on their way to the disk
    _syncing: list[Future[None]] = field(default_factory=list)

    def __enter__(self) -> Gathering:
        return self

    def __exit__(self, *_: object) -> None:
        self._forget()
        self._threads.shutdown()

    def receive(self, write: Callable[[BinaryIO], Any]) -> Blob:
        """Take the bytes that somebody writes into a stream. TransientFault as `Archive.put`."""
        try:
            self._folder = self._folder or self.archive.incoming()
            temporary = self._folder / uuid4().hex
            file, blob = self.archive.stage(write, temporary)
        except OSError as error:
            raise ArchiveFault.of(self.archive.folder, error) from error
        self._staged.append((temporary, blob))
        self._written.append(file)
        if len(self._written) >= LOT:
            self._sync()
        return blob

    def _sync(self) -> None:
        """Another thread syncs what is written; so many that few files are open."""
        if self._written:
            self._syncing.append(self._threads.submit(_synced, self._written))
            self._written = []
            wait(self._syncing[:-LOTS])

    def keep(self) -> None:
        """All of them durable, under their names. TransientFault: none of them counts as received."""
        try:
            self._sync()
            for one in self._syncing:
                one.result()
            self.archive.passing("temp_synced")
            self.archive.keep_all(self._staged, self._threads)
        except OSError as error:
            raise ArchiveFault.of(self.archive.folder, error) from error
        finally:
            self._forget()

    def _forget(self) -> None:
        for file in self._written:
            file.close()
        wait(self._syncing)
        for temporary, _ in self._staged:
            temporary.unlink(missing_ok=True)
        for kept in (self._staged, self._written, self._syncing):
            kept.clear()


def _synced(files: Sequence[BinaryIO]) -> None:
    with ExitStack() as opened:
        for file in files:
            opened.push(file)
        for file in files:
            os.fsync(file.fileno())


class _Hashed:
    """A file that is hashed and counted while it is written. Its own errors are faults at once, so that they are not taken for those of
    who reads the bytes elsewhere and writes them here."""

    def __init__(self, file: BinaryIO, folder: Path):
        self._file, self._folder = file, folder
        self.digest, self.size = sha256(), 0

    def write(self, chunk: bytes) -> int:
        """As a file's."""
        self.digest.update(chunk)
        self.size += len(chunk)
        rest = memoryview(chunk)
        try:
            while rest:  # a disk that is nearly full takes a part, and says nothing
                rest = rest[self._file.write(rest):]
        except OSError as error:
            raise ArchiveFault.of(self._folder, error) from None  # without a cause, which could be taken for a lost connection
        return len(chunk)


def _write(path: Path, content: bytes) -> None:
    """Replace a small file durably."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """The system's errors as faults."""
    try:
        yield
    except FileNotFoundError:
        raise TerminalFault(f"the archived file {path} is missing") from None
    except OSError as error:
        raise TransientFault(f"the archived file {path} cannot be read: {error.strerror or error}") from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return digest_of(file)


def digest_of(source: BinaryIO) -> str:
    """The SHA-256 of what is left of a stream."""
    digest = sha256()
    while chunk := source.read(CHUNK):
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
