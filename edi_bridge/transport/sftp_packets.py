"""SFTP version 3, packet by packet, over a channel of SSH (draft-ietf-secsh-filexfer-02, which OpenSSH and nearly all servers speak).

paramiko has an SFTP client, and it is not used: it takes no note of a failed write among pipelined ones, reads no file whose name is
not UTF-8 reliably, forgets which extensions the server named, and waits for some answers without a limit. Here every request has
its answer read, names are bytes, and no wait is longer than the channel's `timeout` and the deadline in force.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import BinaryIO, NamedTuple, Protocol

import paramiko

from edi_bridge.fault import TransientFault

BLOCK = 32768  # bytes of a read or write: every server takes it (draft 3: "all servers SHOULD support packets of at least 34000 bytes")
WINDOW = 64  # requests under way at once, as OpenSSH's own client
LARGEST = 1 << 20  # of an answer; OpenSSH's are 256 KB at most
POSIX_RENAME, FSYNC = b"posix-rename@openssh.com", b"fsync@openssh.com"  # OpenSSH PROTOCOL 4.3 and 4.6


class Kind(IntEnum):
    """Types of packets (draft section 3)."""

    INIT, VERSION, OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT = 1, 2, 3, 4, 5, 6, 7, 8
    OPENDIR, READDIR, REMOVE, RENAME = 11, 12, 13, 18
    STATUS, HANDLE, DATA, NAME, ATTRS, EXTENDED = 101, 102, 103, 104, 105, 200


class Code(IntEnum):
    """What a status says (draft section 7)."""

    OK, EOF, NO_SUCH_FILE, PERMISSION_DENIED, FAILURE, BAD_MESSAGE, NO_CONNECTION, CONNECTION_LOST, UNSUPPORTED = range(9)


READING, WRITING = 0x01, 0x02 | 0x08 | 0x10  # READ; WRITE, CREAT and TRUNC (draft 6.3)


class Refusal(Exception):
    """The server's word that it does not do something. Never leaves this package: `sftp` makes a fault or an answer of it."""

    def __init__(self, code: int, says: str):
        self.code, self.says = code, says
        super().__init__(says)


class Stuck(TransientFault):
    """The line is of no more use: too late, or silent."""


BROKEN = (OSError, EOFError, paramiko.SSHException)  # what paramiko raises where the line is cut
ENDED = "the server ended the connection"


class Dropped(Stuck):
    """The connection ended in the middle; where nothing was changed there, it can be gone on with over a new one."""


class Attributes(NamedTuple):
    """What a server says of a file; None where it does not."""

    size: int | None
    mode: int | None
    modified: int | None  # seconds since 1970, UTC


class Entry(NamedTuple):
    """A name in a folder. `longname` is a line as of `ls -l`."""

    name: bytes
    longname: bytes
    attributes: Attributes


class Pipe(Protocol):
    """A channel of SSH as it is used here."""

    def settimeout(self, timeout: float) -> None: ...

    def recv(self, nbytes: int) -> bytes: ...

    def sendall(self, s: bytes) -> None: ...


@dataclass(slots=True)
class _Answer:
    """A packet that came, read from its front."""

    kind: int
    body: bytes
    at: int = 0

    def number(self) -> int:
        return int.from_bytes(self._take(4), "big")

    def long(self) -> int:
        return int.from_bytes(self._take(8), "big")

    def text(self) -> bytes:
        return self._take(self.number())

    def _take(self, count: int) -> bytes:
        taken = self.body[self.at : self.at + count]
        if len(taken) != count:
            raise TransientFault("the server's answer ends too early: it does not speak SFTP version 3")
        self.at += count
        return taken

    def attributes(self) -> Attributes:
        """Draft section 5: what is there is said by flags."""
        flags = self.number()
        size = self.long() if flags & 1 else None
        if flags & 2:
            self._take(8)  # user and group
        mode = self.number() if flags & 4 else None
        modified = None
        if flags & 8:
            self.number()  # when it was last read
            modified = self.number()
        for _ in range(self.number() if flags & 0x80000000 else 0):
            self.text(), self.text()
        return Attributes(size, mode, modified)


class Session:
    """SFTP on an open channel. One request after another, except reads and writes of one file, which run WINDOW ahead."""

    def __init__(self, pipe: Pipe, timeout: float):
        self._pipe, self._timeout = pipe, timeout
        self._deadline = float("inf")
        self._came = bytearray()
        self._last = 0
        self.writing_since = float("inf")  # when the write began that is under way (see `sftp_login.watched`)
        self._abandoned: set[int] = set()  # requests whose answers nobody waits for any more
        self._write(bytes([Kind.INIT]) + struct.pack(">I", 3))
        hello = self._receive()
        if hello.kind != Kind.VERSION or (version := hello.number()) < 3:
            raise TransientFault("the server does not speak SFTP version 3" + (f", but {version}" if hello.kind == Kind.VERSION else ""))
        self.extensions: dict[bytes, bytes] = {}
        while hello.at < len(hello.body):
            name = hello.text()
            self.extensions[name] = hello.text()

    @contextmanager
    def within(self, deadline: float) -> Iterator[None]:
        """What is done inside must be done before a moment of `time.monotonic`."""
        before, self._deadline = self._deadline, min(deadline, self._deadline)
        try:
            yield
        finally:
            self._deadline = before

    # --- files -----------------------------------------------------------------------------------------------------

    def open(self, path: bytes, flags: int) -> bytes:
        """A handle of a file (READING or WRITING)."""
        return self._handle(Kind.OPEN, path, flags, 0)  # no attributes: the server's umask decides

    def close(self, handle: bytes) -> None:
        """Close a handle; servers with delayed writes or quotas may refuse only here."""
        self._done(Kind.CLOSE, handle)

    def lstat(self, path: bytes) -> Attributes:
        """What stands under a path; a link is itself."""
        return self._attributes(Kind.LSTAT, path)

    def fstat(self, handle: bytes) -> Attributes:
        """What an open file is like now."""
        return self._attributes(Kind.FSTAT, handle)

    def remove(self, path: bytes) -> None:
        """Delete a file."""
        self._done(Kind.REMOVE, path)

    def rename(self, old: bytes, new: bytes) -> None:
        """Rename; draft 6.5: it is an error when the new name is there."""
        self._done(Kind.RENAME, old, new)

    def posix_rename(self, old: bytes, new: bytes) -> None:
        """Rename at one stroke over whatever has the name, where the server names this extension."""
        self._done(Kind.EXTENDED, POSIX_RENAME, old, new)

    def sync(self, handle: bytes) -> None:
        """Have an open file written to disk, where the server names this extension."""
        self._done(Kind.EXTENDED, FSYNC, handle)

    def folder(self, path: bytes) -> Iterator[Entry]:
        """Everything in a folder but itself and the one above."""
        handle = self._handle(Kind.OPENDIR, path)
        try:
            while True:
                answer = self._ask(Kind.READDIR, handle)
                if answer.kind != Kind.NAME:
                    code, says = _status(answer)
                    if code == Code.EOF:
                        return
                    raise Refusal(code, says)
                for _ in range(answer.number()):
                    entry = Entry(answer.text(), answer.text(), answer.attributes())
                    if entry.name not in (b".", b".."):
                        yield entry
        finally:
            self._abandoned.add(self._send(Kind.CLOSE, handle))

    def read(self, handle: bytes, start: int, size: int) -> Iterator[bytes]:
        """The bytes from `start` up to `size` in order, WINDOW requests ahead. Ends early where the file does."""
        asked, due, end = start, start, size
        pending: dict[int, tuple[int, int]] = {}
        ready: dict[int, bytes] = {}
        refused: Refusal | None = None
        try:
            while due < end:
                while asked < end and len(pending) < WINDOW and asked - due < 2 * WINDOW * BLOCK:
                    pending[self._send(Kind.READ, handle, asked.to_bytes(8, "big"), min(BLOCK, end - asked))] = (asked, min(BLOCK, end - asked))
                    asked += min(BLOCK, end - asked)
                number, answer = self._answer(pending)
                offset, length = pending.pop(number)
                block = answer.text() if answer.kind == Kind.DATA else b""
                if len(block) > length or (answer.kind == Kind.DATA and not block):
                    raise TransientFault("the server answers a read with more or less than was asked for")
                if not block:
                    code, says = _status(answer)
                    refused, end = (refused if code == Code.EOF else Refusal(code, says)), min(end, offset)
                    continue
                if len(block) < length:  # a short answer is allowed: the rest is asked for again
                    offset_left, left = offset + len(block), length - len(block)
                    pending[self._send(Kind.READ, handle, offset_left.to_bytes(8, "big"), left)] = (offset_left, left)
                ready[offset] = block
                while due in ready:
                    block = ready.pop(due)
                    due += len(block)
                    yield block
            if refused is not None:
                raise refused
        finally:
            self._abandoned |= pending.keys()

    def write(self, handle: bytes, source: BinaryIO) -> int:
        """Write a stream from the file's beginning; how many bytes. Every answer is read; the first refusal is raised after the last."""
        offset, pending, more = 0, set[int](), True
        refused: Refusal | None = None
        while more or pending:
            while more and not refused and len(pending) < WINDOW:
                block = source.read(BLOCK)
                if not block:
                    more = False
                    break
                pending.add(self._send(Kind.WRITE, handle, offset.to_bytes(8, "big"), block))
                offset += len(block)
            if not pending:
                break
            number, answer = self._answer(pending)
            pending.remove(number)
            code, says = _status(answer)
            if code != Code.OK:
                refused = refused or Refusal(code, says)
        if refused:
            raise refused
        return offset

    # --- packets ---------------------------------------------------------------------------------------------------

    def _handle(self, kind: Kind, *parts: bytes | int) -> bytes:
        answer = self._ask(kind, *parts)
        if answer.kind != Kind.HANDLE:
            raise Refusal(*_status(answer))
        return answer.text()

    def _attributes(self, kind: Kind, what: bytes) -> Attributes:
        answer = self._ask(kind, what)
        if answer.kind != Kind.ATTRS:
            raise Refusal(*_status(answer))
        return answer.attributes()

    def _done(self, kind: Kind, *parts: bytes | int) -> None:
        code, says = _status(self._ask(kind, *parts))
        if code != Code.OK:
            raise Refusal(code, says)

    def _ask(self, kind: Kind, *parts: bytes | int) -> _Answer:
        return self._answer({self._send(kind, *parts)})[1]

    def _send(self, kind: Kind, *parts: bytes | int) -> int:
        """Send a request; its number. Texts go with their length, an offset of eight bytes (READ, WRITE) without."""
        self._last = self._last % 0xFFFFFFFF + 1
        packet = bytearray([kind]) + struct.pack(">I", self._last)
        for place, part in enumerate(parts):
            if isinstance(part, int):
                packet += struct.pack(">I", part)
            elif place == 1 and kind in (Kind.READ, Kind.WRITE):
                packet += part
            else:
                packet += struct.pack(">I", len(part)) + part
        self._write(bytes(packet))
        return self._last

    def _answer(self, awaited: Container[int]) -> tuple[int, _Answer]:
        """The next answer to one of the requests that are awaited, with its number."""
        while True:
            answer = self._receive()
            number = answer.number()
            if number in awaited:
                return number, answer
            if number not in self._abandoned:
                raise TransientFault("the server answers what was not asked")
            self._abandoned.discard(number)

    def _receive(self) -> _Answer:
        length = int.from_bytes(self._read(4), "big")
        if not 1 <= length <= LARGEST:
            raise TransientFault("what the server sends is no SFTP (a login script that prints something?)")
        packet = self._read(length)
        return _Answer(packet[0], packet[1:])

    def _read(self, count: int) -> bytes:
        while len(self._came) < count:
            self._limit()
            try:
                block = self._pipe.recv(65536)
            except TimeoutError:
                self._limit()
                raise Stuck(f"the server has not answered for {self._timeout:g} s") from None
            except BROKEN:  # who receives tells the server how much more it may send, which is writing
                raise Dropped(ENDED) from None
            if not block:
                raise Dropped(ENDED)
            self._came += block
        taken = bytes(self._came[:count])
        del self._came[:count]
        return taken

    def _write(self, packet: bytes) -> None:
        self._limit()
        begun = self.writing_since = time.monotonic()
        try:
            self._pipe.sendall(struct.pack(">I", len(packet)) + packet)
        except BROKEN:
            self._limit()
            if time.monotonic() - begun >= self._timeout:
                raise Stuck(f"the server has taken nothing for {self._timeout:g} s") from None
            raise Dropped(ENDED) from None
        finally:
            self.writing_since = float("inf")

    def _limit(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise Stuck("it took longer than deadline: allows")
        self._pipe.settimeout(min(self._timeout, left))


def _status(answer: _Answer) -> tuple[int, str]:
    """Code and words of a status. Some servers send no words; then the code's name stands for them."""
    if answer.kind != Kind.STATUS:
        raise TransientFault(f"the server answers with a packet of type {answer.kind}, which is no answer to what was asked")
    code = answer.number()
    says = answer.text().decode("utf-8", "backslashreplace") if answer.at < len(answer.body) else ""
    name = Code(code).name.lower().replace("_", " ") if code in Code.__members__.values() else f"code {code}"
    return code, " ".join("".join(sign if sign.isprintable() else " " for sign in says).split())[:200] or name
