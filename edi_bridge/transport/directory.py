"""Folders of this machine (or mounted here) as a transport: claimed by rename, put by temporary name, fsync and rename.

Nothing follows a symbolic link, and every name is used relative to an opened folder, so none leads out of it.
"""

from __future__ import annotations

import datetime
import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO
from uuid import uuid4

from edi_bridge.channel import Channel
from edi_bridge.fault import Fault, TerminalFault, TransientFault, UncertainFault
from edi_bridge.secret import Secrets
from edi_bridge.transport.claiming import Claimed, Claims
from edi_bridge.transport.contract import Presence, Probe, RemoteFile
from edi_bridge.transport.settling import NAME_MAX, Settling, exact_name, numbered, sendable, shown, token, token_parts, wanted

CHUNK = 1 << 20
SYNCING = 8  # threads that make files durable at the same time
LOT = 8  # files that one of them takes at a time …
LOTS = 3  # … and how many of such are open at most, beside the one that is being written
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # O_NONBLOCK: a pipe laid there must not stop us


def open_(channel: Channel, secrets: Secrets, passing: Callable[[str], None]) -> DirectoryTransport:
    """The transport of a channel of kind `directory`."""
    return DirectoryTransport(channel, passing)


class DirectoryTransport:
    """A folder we fetch from, a folder we put into, or both."""

    reads_once = False

    def __init__(self, channel: Channel, passing: Callable[[str], None]):
        said = channel.options
        self._passing = passing
        self._get, self._put, self._done = (os.fsencode(said[key]) if said[key] else b"" for key in ("get", "put", "done"))
        self._after, self._upload = said["after"], said["upload"]
        self._patterns, self._temporary = said["pattern"], said["temporary"]
        self._claims = Claims(os.fsencode(said["claim"]) if said["claim"] else self._get + b"/.claimed")
        self._taken: dict[str, Claimed] = {}  # token → where the file stands now
        self._settling = Settling(said["settle"])
        self.notes: list[str] = []

    # --- in --------------------------------------------------------------------------------------------------------

    def listing(self) -> Iterator[RemoteFile]:
        """What waits, and what was claimed and never confirmed; the oldest first."""
        self.notes.clear()
        if not self._get:
            return
        files = self._settling.whole(self._look_round)
        self._passing("listed")
        yield from files

    def _look_round(self) -> list[RemoteFile]:
        found = []
        with _said(self._get):
            for claimed in self._claims.all():
                seen = _remote(claimed.name, os.stat(claimed.path, follow_symlinks=False))
                self._taken[seen.token] = claimed
                found.append(seen)
            with os.scandir(self._get) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):  # gone since the folder was read
                        state = entry.stat(follow_symlinks=False)
                        if stat.S_ISREG(state.st_mode) and wanted(shown(entry.name), self._patterns, self._temporary):
                            found.append(_remote(entry.name, state))
        return found

    def fetch(self, file: RemoteFile, into: BinaryIO) -> int:
        """Claim the file (unless it is to be kept there) and copy it. TransientFault when it is gone or still written."""
        name = exact_name(file)
        with _said(self._get, file.name):
            if self._after == "keep":
                return self._copy(self._get + b"/" + name, file, into)
            claimed = self._taken.get(file.token)
            if claimed is None:
                claimed = self._claim(name)
                self._taken[file.token] = claimed
            self._passing("claimed")
            return self._copy(claimed.path, file, into)

    def _claim(self, name: bytes) -> Claimed:
        try:
            with _folder(self._get) as inbox:
                return self._claims.claim(inbox, name)
        except OSError as error:
            if error.errno == errno.EXDEV:
                raise TransientFault("claim: must be on the file system of get:, since a file is claimed by a rename") from None
            raise

    def _copy(self, path: bytes, file: RemoteFile, into: BinaryIO) -> int:
        number = os.open(path, READ)
        with open(number, "rb", buffering=0) as source:
            before, count = os.fstat(number), 0
            if not stat.S_ISREG(before.st_mode):
                raise TransientFault(f"{file.name} is no file any more; it was left where it is")
            while chunk := source.read(CHUNK):
                into.write(chunk)
                count += len(chunk)
            after = os.fstat(number)
        if count != before.st_size or _sight(before) != _sight(after) or (file.token and _remote(token_parts(file)[0], after).token != file.token):
            raise TransientFault(f"{file.name} is still being written; it is taken when it has settled")
        return count

    def confirm(self, file: RemoteFile) -> None:
        """Delete, move or keep it. What was written again under its name in the meantime is another file, and stays."""
        if self._after == "keep" or not self._get:
            self._passing("confirmed")
            return
        with _said(self._get, file.name):
            claimed = self._taken.pop(file.token, None) or self._find(file)
            if claimed is not None:
                with suppress(FileNotFoundError):
                    if self._after == "delete":
                        os.unlink(claimed.path)
                    else:
                        self._move(claimed)
                self._claims.release(claimed)
                self._taken.pop(file.token, None)
        self._passing("confirmed")

    def _find(self, file: RemoteFile) -> Claimed | None:
        """Where the very file stands now: among the claims, else in the inbox; None when it is gone."""
        for claimed in self._claims.all():
            if _remote(claimed.name, os.stat(claimed.path, follow_symlinks=False)).token == file.token:
                return claimed
        name = exact_name(file)
        with suppress(FileNotFoundError), _folder(self._get) as inbox:
            if _remote(name, os.stat(name, dir_fd=inbox, follow_symlinks=False)).token == file.token:
                return self._claims.claim(inbox, name)
        return None

    def _move(self, claimed: Claimed) -> None:
        """Into `done`, under a name that is free there: it is reserved first, so that nothing is written over."""
        with _folder(self._done) as done:
            for name in numbered(claimed.name):
                try:
                    os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=done))
                    break
                except FileExistsError:
                    continue
            try:
                os.rename(claimed.path, name, dst_dir_fd=done)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    os.unlink(name, dir_fd=done)
                    raise
                self._carry(claimed, name, done)
            os.fsync(done)

    def _carry(self, claimed: Claimed, name: bytes, done: int) -> None:
        """To another file system: copied for good under a temporary name, then renamed over the reserved one."""
        temporary = name[: NAME_MAX - 5] + b".part"
        try:
            with open(os.open(claimed.path, READ), "rb") as source:
                _write(source, temporary, done)
            os.rename(temporary, name, src_dir_fd=done, dst_dir_fd=done)
        except OSError:
            for one in (temporary, name):
                with suppress(OSError):
                    os.unlink(one, dir_fd=done)
            raise
        os.unlink(claimed.path)

    # --- out -------------------------------------------------------------------------------------------------------

    def put(self, name: str, source: BinaryIO, size: int) -> None:
        """Lay a file down: temporary name, fsync, size compared, rename, fsync of the folder."""
        end = self.put_many([(name, source, size)])[0]
        if end is not None:
            raise end

    def put_many(self, files: Sequence[tuple[str, BinaryIO, int]]) -> list[Fault | None]:
        """The same for several: each is synced by another thread while the next is written, and the folder once for all."""
        ends: list[Fault | None] = []
        names: set[str] = set()
        for number, (name, _, _) in enumerate(files):
            if name in names:  # two of one name never stand under one temporary name
                ends += self._put_group(files[len(ends): number])
                names.clear()
            names.add(name)
        return ends + self._put_group(files[len(ends):])

    def _put_group(self, files: Sequence[tuple[str, BinaryIO, int]]) -> list[Fault | None]:
        ends: list[Fault | None] = [None] * len(files)
        written: list[tuple[int, Written]] = []
        try:
            with _said(self._put), _folder(self._put) as folder, ThreadPoolExecutor(SYNCING) as threads:
                syncing: list[Future[None]] = []
                begun = 0
                for number, (name, source, size) in enumerate(files):
                    try:
                        written.append((number, self._write(name, source, size, folder)))
                    except Fault as fault:
                        ends[number] = fault
                    if len(written) - begun >= LOT or (number == len(files) - 1 and len(written) > begun):
                        syncing.append(threads.submit(_sync_lot, [one for _, one in written[begun:]]))
                        begun = len(written)
                        wait(syncing[:-LOTS])  # so that few files are open
                wait(syncing)
                renamed = [number for number, one in written if self._renamed(one, folder, ends, number)]
                try:
                    if renamed:
                        os.fsync(folder)
                except OSError as error:
                    for number in renamed:
                        ends[number] = UncertainFault(
                            f"{files[number][0]} was put, and its folder could not be written for good: {error.strerror}")
        except TransientFault as fault:  # of the folder
            ends = [end or fault for end in ends]
        for end in ends:
            if end is None:
                self._passing("renamed")
        return ends

    def _write(self, name: str, source: BinaryIO, size: int, folder: int) -> Written:
        """The bytes under the temporary name, not yet durable."""
        raw, temporary = sendable(name, self._upload)
        self._passing("sending")
        with _said(self._put, name):
            there = _state(raw, folder)
            if there is not None and (there.st_size != size or not stat.S_ISREG(there.st_mode)):
                raise TransientFault(f"{name}: another file of this name waits in {shown(self._put)}; it was not written over")
            try:
                file, count = _begun(source, temporary, folder)
            except OSError:
                _gone(temporary, folder)
                raise
        if count != size:
            file.close()
            _gone(temporary, folder)
            raise TerminalFault(f"{name}: {size} bytes were to be put and {count} came; nothing was put")
        return Written(name, raw, temporary, file)

    def _renamed(self, one: Written, folder: int, ends: list[Fault | None], number: int) -> bool:
        """Give a file its name once its bytes are durable; else it is taken away, and its end says why."""
        try:
            with _said(self._put, one.name):
                if one.error is not None:
                    raise one.error
                self._passing("uploaded")
                os.rename(one.temporary, one.raw, src_dir_fd=folder, dst_dir_fd=folder)
        except TransientFault as fault:
            _gone(one.temporary, folder)
            ends[number] = fault
            return False
        return True

    def look(self, name: str, size: int) -> Presence:
        """What became of an uncertain put. A file of the name and another size is not ours, since ours are renamed whole."""
        raw, temporary = sendable(name, self._upload)
        with _said(self._put, name), _folder(self._put) as folder:
            there = _state(raw, folder)
            if there is not None:
                return Presence.WHOLE if stat.S_ISREG(there.st_mode) and there.st_size == size else Presence.UNKNOWN
            return Presence.PARTIAL if _state(temporary, folder) is not None else Presence.ABSENT

    # --- tests and end ---------------------------------------------------------------------------------------------

    def probes(self) -> Iterator[Probe]:
        """List, claim, put, read back and delete, with a file of our own."""
        try:
            if self._get:
                with _said(self._get):
                    count = len(os.listdir(self._get))
                yield Probe("list", True, f"{shown(self._get)}: {count} {'entry' if count == 1 else 'entries'}")
                if self._after != "keep":
                    with _said(self._get):
                        self._claims.try_()
                    yield Probe("claim", True, "files can be taken")
            if self._put:
                yield from self._try_put(f"edi-bridge-probe-{uuid4().hex}.tmp")
        except Fault as fault:
            yield Probe("folder", False, str(fault))
        finally:
            self.close()

    def _try_put(self, name: str) -> Iterator[Probe]:
        self._passing = lambda point: None
        content = b"A test of edi-bridge: it deletes this file.\r\n"
        self.put(name, BytesIO(content), len(content))
        yield Probe("put", True, f"{shown(self._put)}/{name}: {len(content)} bytes")
        with _said(self._put, name), _folder(self._put) as folder:
            with open(os.open(name, READ, dir_fd=folder), "rb") as file:
                yield Probe("get", file.read() == content, "read back")
            os.unlink(name, dir_fd=folder)
        yield Probe("delete", True, "deleted")

    def close(self) -> None:
        """Give the claims back that are not done."""
        with suppress(OSError):
            self._claims.close()
        self._taken.clear()


def _sight(state: os.stat_result) -> tuple[int, int]:
    return state.st_size, state.st_mtime_ns


def _remote(name: bytes, state: os.stat_result) -> RemoteFile:
    """A file as the contract has it. Its token says inode, size and time, so that a later file of the name is another one."""
    seconds, nanoseconds = divmod(state.st_mtime_ns, 1_000_000_000)
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return RemoteFile(shown(name), state.st_size, f"{moment}.{nanoseconds:09d}Z", token(name, state.st_ino, state.st_size, state.st_mtime_ns))


def _state(name: bytes, folder: int) -> os.stat_result | None:
    with suppress(FileNotFoundError):
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    return None


@dataclass(slots=True)
class Written:
    """A file under its temporary name. `file` is closed when it was synced; `error`: why it could not be."""

    name: str
    raw: bytes
    temporary: bytes
    file: BinaryIO
    error: OSError | None = None


def _sync_lot(lot: Sequence[Written]) -> None:
    for one in lot:
        try:
            _synced(one.file)
        except OSError as error:
            one.error = error


def _write(source: BinaryIO, name: bytes, folder: int) -> int:
    """Copy a stream into a new file that is durable when this returns; how many bytes."""
    file, count = _begun(source, name, folder)
    _synced(file)
    return count


def _synced(file: BinaryIO) -> None:
    with file:
        os.fsync(file.fileno())


def _gone(name: bytes, folder: int) -> None:
    with suppress(OSError):
        os.unlink(name, dir_fd=folder)


def _begun(source: BinaryIO, name: bytes, folder: int) -> tuple[BinaryIO, int]:
    """Copy a stream into a new file, which is not durable yet; the open file and how many bytes it has. What has the name is removed,
    never written to: it may be a part of an earlier try, and also a link or a pipe that somebody laid there."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
    number = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666, dir_fd=folder)
    with ExitStack() as undo:
        file = undo.enter_context(open(number, "wb", buffering=0))
        while chunk := source.read(CHUNK):
            rest = memoryview(chunk)
            while rest:
                rest = rest[file.write(rest):]
        undo.pop_all()
    return file, os.fstat(number).st_size


@contextmanager
def _folder(path: bytes) -> Iterator[int]:
    """A folder, opened: what follows is done relative to it."""
    number = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield number
    finally:
        os.close(number)


@contextmanager
def _said(folder: bytes, name: str = "") -> Iterator[None]:
    """The system's errors as faults that say where."""
    where = shown(folder) + (f"/{name}" if name else "")
    try:
        yield
    except FileNotFoundError as error:
        raise TransientFault(f"{where}: is not there" + ("" if os.path.isdir(folder) else " (the folder is missing)")) from error
    except OSError as error:
        raise TransientFault(f"{where}: {error.strerror or error}") from error
