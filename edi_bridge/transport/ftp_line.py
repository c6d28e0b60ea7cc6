"""The control and data connections of FTP, in clear or under TLS (RFC 959, 2428, 4217), on the standard library's ftplib.

What ftplib leaves to its users, and what is done here: names as bytes (the control connection is read as Latin-1, which keeps every
byte), TLS at once (implicit) or by AUTH TLS, a data connection that goes on with the control connection's TLS session (servers
require it: RFC 4217 says why), the pinned certificate checked on both, a deadline over everything, data counted.
"""

from __future__ import annotations

import ftplib
import select
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any, BinaryIO

from edi_bridge.transport import certificate

BLOCK = 1 << 16
MOST_LISTED = 100_000_000  # bytes of one listing: more is no listing
MOST_LINES = 2000  # of one answer
LINGER = 5.0  # seconds that we wait for the end of a data connection; the reply on the control connection counts


@dataclass(frozen=True, slots=True)
class Security:
    """How a connection is protected. `mode`: explicit or implicit; `pins`: fingerprints of the server's certificate."""

    context: ssl.SSLContext
    mode: str = "explicit"
    pins: tuple[str, ...] = ()


class Overdue(TimeoutError):
    """The deadline of a whole transfer is over."""


class FtpLine(ftplib.FTP):
    """One session with a server. Raises ftplib's errors, EOFError and OSError; TerminalFault for a certificate that is not pinned."""

    encoding = "latin-1"

    def __init__(self, timeout: float, security: Security | None = None, passive: bool = True):
        super().__init__(timeout=timeout, encoding="latin-1")
        self.security = security
        self.set_pasv(passive)
        self.until = float("inf")
        self.protected = False
        self.seen = b""  # the server's certificate, DER

    def reach(self, host: str, port: int) -> None:
        """Connect, and be under TLS before anything is said in clear that matters."""
        implicit = self.security is not None and self.security.mode == "implicit"
        if implicit:
            self.host = host
            self.sock = socket.create_connection((host, port), self.timeout)
            self.af = self.sock.family
            self._wrap_control()
            self.welcome = self.getresp()
        else:
            self.connect(host, port)
            if self.security is not None:
                self.voidcmd("AUTH TLS")
                self._wrap_control()

    def sign_in(self, user: str, password: str, account: str) -> None:
        """USER, PASS, ACCT where they are asked for (RFC 959 4.1.1); PBSZ and PROT P under TLS; TYPE I."""
        answer = self.sendcmd(f"USER {_wire(user)}")
        if answer[0] == "3":
            answer = self.sendcmd(f"PASS {_wire(password)}")
        if answer[0] == "3":
            answer = self.sendcmd(f"ACCT {_wire(account)}")
        if answer[0] != "2":
            raise ftplib.error_reply(answer)
        if self.security is not None:
            self.voidcmd("PBSZ 0")
            self.voidcmd("PROT P")
            self.protected = True
        self.voidcmd("TYPE I")

    def getline(self) -> str:
        """A line of the control connection, in time."""
        self.in_time()
        return super().getline()

    def getmultiline(self) -> str:
        """An answer of one or several lines (RFC 959 4.2). A server that never comes to the end of one is not listened to."""
        first = self.getline()
        if first[3:4] != "-":
            return first
        lines = [first]
        while len(lines) < MOST_LINES:
            lines.append(self.getline())
            if lines[-1][:3] == first[:3] and lines[-1][3:4] != "-":
                return "\n".join(lines)
        raise ftplib.error_proto(f"an answer of more than {MOST_LINES} lines")

    def in_time(self) -> None:
        """Overdue when the deadline is over."""
        if time.monotonic() > self.until:
            raise Overdue("the deadline is over")

    def features(self) -> frozenset[str]:
        """The words of FEAT (RFC 2389), in capitals; none when the server does not know it."""
        try:
            answer = self.sendcmd("FEAT")
        except ftplib.error_perm:
            return frozenset()
        return frozenset(line.split()[0].upper() for line in answer.splitlines()[1:-1] if line.strip())

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        """A data connection; under TLS it goes on with the session of the control connection and shows the same certificate."""
        plain, size = super().ntransfercmd(cmd, rest)
        if not self.protected or self.security is None:
            return plain, size
        with ExitStack() as failing:
            failing.callback(plain.close)
            assert isinstance(self.sock, ssl.SSLSocket)
            data = self.security.context.wrap_socket(plain, server_hostname=self.host, session=self.sock.session)
            failing.callback(data.close)
            certificate.check_pinned(data.getpeercert(True) or b"", self.security.pins, self.host)
            failing.pop_all()
        return data, size

    def download(self, command: str, start: int = 0) -> Iterator[bytes]:
        """The bytes that a command (RETR, LIST, MLSD, NLST) sends, from `start` on; then its reply, which must be good."""
        data = self.transfercmd(command, start or None)
        with data:
            while True:
                self.in_time()
                block = data.recv(BLOCK)
                if not block:
                    break
                yield block
            _end(data)
        self.voidresp()

    def upload(self, command: str, blocks: Iterator[bytes]) -> None:
        """Send bytes by a command (STOR); then its reply, which must be good. An error of the server comes before one of the line."""
        data = self.transfercmd(command)
        with data:
            try:
                for block in blocks:
                    self.in_time()
                    data.sendall(block)
            except OSError:
                with suppress(EOFError, OSError):
                    if self.sock is not None:
                        self.sock.settimeout(LINGER)
                    self.voidresp()  # 426, 452, 552: the server says why it hung up
                raise
            _end(data)
        self.voidresp()

    def listing(self, command: str) -> bytes:
        """What LIST, MLSD or NLST say, at most 100 MB."""
        parts, size = [], 0
        for block in self.download(command):
            parts.append(block)
            size += len(block)
            if size > MOST_LISTED:
                raise OSError(f"a listing of more than {MOST_LISTED} bytes")
        return b"".join(parts)

    def _wrap_control(self) -> None:
        security = self.security
        assert security is not None and self.sock is not None
        self.sock = security.context.wrap_socket(self.sock, server_hostname=self.host)
        self.file: Any = self.sock.makefile("r", encoding=self.encoding)  # what was said before TLS is forgotten
        self.seen = self.sock.getpeercert(True) or b""
        certificate.check_pinned(self.seen, security.pins, self.host)


def _end(data: socket.socket) -> None:
    """Close a data connection so that the server gets all of it: our goodbye, the end of what we send, then what it still says.

    To close with something unread (a TLS 1.3 server sends tickets at any time) would reset the connection, and the server would lose
    what it has not read yet. Servers that never say goodbye themselves are many: what they got, they say in their reply.
    """
    until = time.monotonic() + LINGER
    with suppress(OSError):
        if isinstance(data, ssl.SSLSocket):
            _goodbye(data, until)
        data.shutdown(socket.SHUT_WR)
        data.settimeout(1.0)
        while data.recv(4096) and time.monotonic() < until:
            pass


def _goodbye(data: ssl.SSLSocket, until: float) -> None:
    """Send the end of TLS (close_notify, RFC 8446 6.1) without waiting for the other side's."""
    data.settimeout(0)
    while True:
        try:
            data.unwrap()
            return
        except ssl.SSLWantReadError:
            return
        except ssl.SSLWantWriteError:
            if not select.select([], [data], [], max(0.0, until - time.monotonic()))[1]:
                return


def _wire(text: str) -> str:
    """Text as it is written to the control connection: its UTF-8 bytes as Latin-1. ValueError (of ftplib) for a line break."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def blocks(source: BinaryIO, size: int) -> Iterator[bytes]:
    """The blocks of a stream, `size` bytes in all and not one more or less. ValueError says how many there are."""
    left = size
    while block := source.read(BLOCK):
        if len(block) > left:
            raise ValueError(f"at least {size - left + len(block)}")
        left -= len(block)
        yield block
    if left:
        raise ValueError(str(size - left))
