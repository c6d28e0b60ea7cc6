"""SFTP as a transport: fetched with resume, put under a temporary name with every write answered, size compared, renamed.

The connection is made when it is first needed and made anew after it dropped. What concerns one file is said with its name.
"""

from __future__ import annotations

import datetime
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, TypeVar
from uuid import uuid4

import paramiko

from edi_bridge.channel import Channel
from edi_bridge.fault import Fault, TerminalFault, TransientFault, UncertainFault
from edi_bridge.secret import Secrets
from edi_bridge.transport import sftp_login
from edi_bridge.transport.contract import UNKNOWN_SIZE, Presence, Probe, RemoteFile
from edi_bridge.transport.settling import Settling, exact_name, is_name, numbered, sendable, shown, token, wanted
from edi_bridge.transport.sftp_packets import BROKEN, FSYNC, POSIX_RENAME, READING, WRITING, Attributes, Code, Dropped, Entry, Refusal, Session, Stuck

RESUMES = 3  # how often a fetch goes on after its connection dropped
MOST = 100_000  # entries of a folder that are looked at; the others come when these are gone
UNSEEN = (Code.PERMISSION_DENIED, Code.UNSUPPORTED)  # a server that lets us write and not look
T = TypeVar("T")
NOTHING = Attributes(None, None, None)


def open_(channel: Channel, secrets: Secrets, passing: Callable[[str], None]) -> SftpTransport:
    """The transport of a channel of kind `sftp`; nothing is connected yet."""
    return SftpTransport(channel, secrets, passing)


@dataclass(slots=True)
class _Download:
    """How far a fetch has come, over all its connections."""

    into: BinaryIO
    done: int = 0
    first: Attributes | None = None


class SftpTransport:
    """A folder we fetch from, a folder we put into, or both, on an SFTP server."""

    reads_once = False

    def __init__(self, channel: Channel, secrets: Secrets, passing: Callable[[str], None]):
        said = channel.options
        self._channel, self._secrets, self._passing = channel, secrets, passing
        self._get, self._put, self._done = ((said[key] or "").encode() for key in ("get", "put", "done"))
        self._settling = Settling(said["settle"])
        self._line: paramiko.Transport | None = None
        self._session: Session | None = None
        self.notes: list[str] = []

    # --- in --------------------------------------------------------------------------------------------------------

    def listing(self) -> Iterator[RemoteFile]:
        """What waits, the oldest first."""
        if not self._get:
            return
        files = self._settling.whole(lambda: self._twice(self._look_round))
        self._passing("listed")
        yield from files

    def _look_round(self) -> list[RemoteFile]:
        self.notes.clear()
        found = []
        with self._said(self._get) as session:
            for number, entry in enumerate(session.folder(self._get)):
                if number == MOST:
                    self.notes.append(f"{shown(self._get)} holds more than {MOST} entries; the others come when these are gone")
                    break
                if not is_name(entry.name):
                    self.notes.append(f"the server lists '{shown(entry.name)}', which is no name of a file in a folder; it was passed over")
                elif wanted(shown(entry.name), self._channel.options["pattern"], self._channel.options["temporary"]):
                    if (seen := self._file(session, entry)) is not None:
                        found.append(seen)
        return found

    def _file(self, session: Session, entry: Entry) -> RemoteFile | None:
        """A listed entry as a file; None for folders, links, pipes, and what is gone by now."""
        seen = entry.attributes
        if seen.mode is None or seen.size is None:  # seldom: the listing does not say what it is
            try:
                seen = session.lstat(self._get + b"/" + entry.name)
            except Refusal as refusal:
                if refusal.code != Code.NO_SUCH_FILE:
                    self.notes.append(f"the server does not say what {shown(entry.name)} is ({refusal.says}); it was passed over")
                return None
        ordinary = stat.S_ISREG(seen.mode) if seen.mode is not None else entry.longname[:1] in (b"-", b"")
        return _remote(entry.name, seen) if ordinary else None

    def fetch(self, file: RemoteFile, into: BinaryIO) -> int:
        """Copy a file, going on where a connection dropped. TransientFault when it is gone, or was written since it was listed."""
        load = _Download(into)
        deadline = time.monotonic() + self._channel.options["deadline"]
        for resume in range(RESUMES + 1):
            try:
                self._fetch(file, load, deadline)
                return load.done
            except Dropped:
                self.close()
                if resume == RESUMES:
                    raise
        raise AssertionError("the last try returns or raises")

    def _fetch(self, file: RemoteFile, load: _Download, deadline: float) -> None:
        name = exact_name(file)
        with self._said(self._get, file.name, deadline) as session:
            handle = session.open(self._get + b"/" + name, READING)
            now = _of_handle(session, handle)
            load.first = load.first or now
            if now != load.first or (file.token and now.size is not None and _remote(name, now).token != file.token):
                raise TransientFault(f"{file.name} was written since it was listed; it is taken when it has settled")
            size = now.size if now.size is not None else file.size
            end = size if size != UNKNOWN_SIZE else 1 << 62  # a server that says no size: up to its end
            for block in session.read(handle, load.done, end):
                load.into.write(block)
                load.done += len(block)
            more = any(True for _ in session.read(handle, load.done, load.done + 1))
            if more or (size != UNKNOWN_SIZE and load.done != size) or _of_handle(session, handle) != load.first:
                raise TransientFault(f"{file.name} is still being written; it is taken when it has settled")
            with suppress(Refusal):
                session.close(handle)

    def confirm(self, file: RemoteFile) -> None:
        """Delete, move or keep it. What was written again under its name in the meantime is another file, and stays."""
        name = exact_name(file)
        if self._get and self._channel.options["after"] != "keep":
            self._twice(lambda: self._take_away(file, name))
        self._passing("confirmed")

    def _take_away(self, file: RemoteFile, name: bytes) -> None:
        path = self._get + b"/" + name
        with self._said(self._get, file.name) as session:
            there = _there(session, path)
            if there is not None and file.token and there != NOTHING and _remote(name, there).token != file.token:
                self.notes.append(f"{file.name} was written again after it was fetched; the new one stays and is fetched")
            elif there is not None:
                try:
                    session.remove(path) if self._channel.options["after"] == "delete" else self._move(session, path, name)
                except Refusal as refusal:
                    if refusal.code != Code.NO_SUCH_FILE:
                        raise

    def _move(self, session: Session, path: bytes, name: bytes) -> None:
        """Into `done`, under a name that is free there."""
        for free in numbered(name):
            target = self._done + b"/" + free
            if _there(session, target) is None:
                session.rename(path, target)
                return

    # --- out -------------------------------------------------------------------------------------------------------

    def put(self, name: str, source: BinaryIO, size: int) -> None:
        """Lay a file down. Until the rename is asked for (rename: never: until it is opened) nothing can be there under its name."""
        never = self._channel.options["rename"] == "never"
        raw, temporary = sendable(name, "{name}" if never else self._channel.options["upload"])
        path, written = self._put + b"/" + raw, self._put + b"/" + temporary
        deadline = time.monotonic() + self._channel.options["deadline"]
        there = self._twice(lambda: self._present(path, name))
        if there is not None and there.size is not None and (there.size > size if never else there.size != size):
            raise TransientFault(f"{name}: another file of this name waits in {shown(self._put)}; it was not written over")
        self._passing("sending")
        with self._said(self._put, name, deadline) as session:
            with _uncertain(name, never):
                self._upload(session, written, name, source, size)
            self._passing("uploaded")
            if not never:
                self._rename(session, written, path, name, there is not None and there != NOTHING)
        self._passing("renamed")

    def _present(self, path: bytes, name: str) -> Attributes | None:
        with self._said(self._put, name) as session:
            return _there(session, path)

    def _upload(self, session: Session, path: bytes, name: str, source: BinaryIO, size: int) -> None:
        """Write the bytes and compare what the server says it has. What is refused is removed, as far as it can be."""
        handle = session.open(path, WRITING)
        try:
            count = session.write(handle, source)
            if FSYNC in session.extensions:
                with suppress(Refusal):  # a file system there that cannot
                    session.sync(handle)
            session.close(handle)
            if count != size:
                raise TerminalFault(f"{name}: {size} bytes were to be put and {count} came; nothing was put")
            there = _there(session, path)
            if there is None and self._channel.options["rename"] == "auto":
                raise TransientFault(f"{name}: the temporary file {shown(path)} is gone; somebody there takes files before they have their name")
            if there is not None and there.size not in (None, size):
                raise TransientFault(f"{name}: the server has {there.size} bytes of it, and {size} were written; nothing was put")
        except (Refusal, TerminalFault, TransientFault) as fault:
            if not isinstance(fault, Stuck):
                for undo in (lambda: session.close(handle), lambda: session.remove(path)):  # open, it would still fill a full disk
                    with suppress(Refusal, TransientFault):
                        undo()
            raise

    def _rename(self, session: Session, written: bytes, path: bytes, name: str, taken: bool) -> None:
        try:
            with _uncertain(name, True):
                if POSIX_RENAME in session.extensions:
                    session.posix_rename(written, path)
                    return
                if taken:  # of the same size: a put of ours that is done again. A plain rename would not go over it
                    session.remove(path)
                session.rename(written, path)
        except Refusal as refusal:
            with suppress(Refusal):
                session.remove(written)
            raise TransientFault(f"{name} was written to {shown(self._put)}, and the server refuses to rename it: {refusal.says}. It was removed "
                                 "there; if the server can never rename, say rename: never") from None

    def look(self, name: str, size: int) -> Presence:
        """What became of an uncertain put. Where we rename, a file of the name and another size is not ours."""
        never = self._channel.options["rename"] == "never"
        raw, temporary = sendable(name, "{name}" if never else self._channel.options["upload"])
        try:
            there, part = self._twice(lambda: self._sights(name, [self._put + b"/" + raw, self._put + b"/" + temporary]))
        except TransientFault as fault:
            if isinstance(fault.__cause__, Refusal) and fault.__cause__.code in UNSEEN:
                return Presence.UNKNOWN
            raise
        if there is None:
            return Presence.ABSENT if part is None else Presence.PARTIAL
        if there.size == size:
            return Presence.WHOLE
        return Presence.PARTIAL if never and there.size is not None and there.size < size else Presence.UNKNOWN

    def _sights(self, name: str, paths: list[bytes]) -> list[Attributes | None]:
        with self._said(self._put, name) as session:
            return [_seen(session, path) for path in paths]

    # --- tests and end ---------------------------------------------------------------------------------------------

    def probes(self) -> Iterator[Probe]:
        """Connect, sign in, list, put, read back, compare clocks, delete: with a file of our own. Ends at the first that fails."""
        step = "connect"
        try:
            keys = sftp_login.shown_keys(self._channel)
            yield Probe("connect", True, f"{self._channel.options['host']}:{self._channel.options['port']}")
            pins = sftp_login.pinned(self._channel.options["host_key"])
            step = "host key"
            if any(print_ in pins for _, print_ in keys):
                yield Probe(step, True, "; ".join(f"{print_} ({kind}){' pinned' if print_ in pins else ''}" for kind, print_ in keys))
                step = "authenticate"
            session = self._connected()  # with another host key: the refusal, which says what to do
            yield Probe(step, True, f"as {self._channel.options['user']}")
            if self._get:
                step = "list"
                with self._said(self._get) as session:
                    count = sum(1 for _ in session.folder(self._get))
                yield Probe(step, True, f"{shown(self._get)}: {count} {'entry' if count == 1 else 'entries'}")
            if self._put:
                yield from self._try_put(f"edi-bridge-probe-{uuid4().hex}.tmp")
        except Fault as fault:
            yield Probe(step, False, str(fault))
        finally:
            self.close()

    def _try_put(self, name: str) -> Iterator[Probe]:
        """Put, read back and delete a file of ours, whatever fails in between."""
        content, into, step = b"A test of edi-bridge: it deletes this file.\r\n", BytesIO(), "put"
        path = self._put + b"/" + name.encode()
        told, self._passing = self._passing, lambda point: None
        try:
            self.put(name, BytesIO(content), len(content))
            how = "straight" if self._channel.options["rename"] == "never" else "renamed"
            yield Probe(step, True, f"{shown(self._put)}/{name}: {len(content)} bytes, {how}")
            step = "get"
            with self._said(self._put, name) as session:
                there = session.lstat(path)
                into.writelines(session.read(session.open(path, READING), 0, len(content)))
            yield Probe(step, into.getvalue() == content, "read back")
            if there.modified is not None:  # the machine's own clock: this is what is compared, and nothing is kept of it
                skew = there.modified - int(time.time())
                yield Probe("clock", abs(skew) < 300, f"the server's clock is {abs(skew)} s {'ahead' if skew > 0 else 'behind'}" if skew else "the same time")
        except Fault as fault:
            yield Probe(step, False, str(fault))
        try:
            with self._said(self._put, name) as session:
                session.remove(path)
            yield Probe("delete", True, "deleted")
        except Fault as fault:
            yield Probe("delete", False, str(fault))
        self._passing = told

    def close(self) -> None:
        """End the connection."""
        line, self._line, self._session = self._line, None, None
        if line is not None:
            with suppress(*BROKEN):
                line.close()

    def _twice(self, act: Callable[[], T]) -> T:
        """What changes nothing when it is done again: once more where the connection had ended, as servers do with idle ones."""
        try:
            return act()
        except Dropped:
            return act()

    def _connected(self) -> Session:
        if self._session is None or self._line is None or not self._line.is_active():
            self.close()
            self._line = sftp_login.connect(self._channel, self._secrets)
            try:
                self._session = Session(sftp_login.open_sftp(self._line, self._channel), self._channel.options["timeout"])
            except TransientFault:
                self.close()
                raise
            sftp_login.watched(self._line, self._session, self._channel.options["timeout"])
        return self._session

    @contextmanager
    def _said(self, folder: bytes, name: str = "", deadline: float | None = None) -> Iterator[Session]:
        """A session for one act. Refusals become faults that say where; a connection on which something went wrong is ended."""
        session, in_step = self._connected(), False
        where = shown(folder) + (f"/{name}" if name else "")
        try:
            with session.within(deadline or time.monotonic() + self._channel.options["deadline"]):
                yield session
            in_step = True
        except Refusal as refusal:
            in_step = True
            raise TransientFault(f"{where}: {refusal.says}") from refusal
        except Dropped as fault:
            raise Dropped(f"{where}: {fault}") from None
        finally:
            if not in_step:  # an answer may be on its way still: nothing else is asked on this connection
                self.close()


@contextmanager
def _uncertain(name: str, possible: bool) -> Iterator[None]:
    """Where no answer comes to what may have put the file under its name, that is not known."""
    try:
        yield
    except TransientFault as fault:
        if possible:
            raise UncertainFault(f"whether {name} is there is not known: {fault}") from None
        raise


def _of_handle(session: Session, handle: bytes) -> Attributes:
    try:
        return session.fstat(handle)
    except Refusal:
        return NOTHING


def _there(session: Session, path: bytes) -> Attributes | None:
    """What stands under a path; None: nothing; without attributes where we may not look."""
    try:
        return session.lstat(path)
    except Refusal as refusal:
        if refusal.code == Code.NO_SUCH_FILE:
            return None
        if refusal.code in UNSEEN:
            return NOTHING
        raise


def _seen(session: Session, path: bytes) -> Attributes | None:
    """What stands under a path; None: nothing. Refusal where we may not look."""
    try:
        return session.lstat(path)
    except Refusal as refusal:
        if refusal.code == Code.NO_SUCH_FILE:
            return None
        raise


def _remote(name: bytes, seen: Attributes) -> RemoteFile:
    """A file as the contract has it. Its token says size and time, so that a later file of the name is another one."""
    modified = "" if seen.modified is None else datetime.datetime.fromtimestamp(seen.modified, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    size = UNKNOWN_SIZE if seen.size is None else seen.size
    return RemoteFile(shown(name), size, modified, token(name, size, modified))
