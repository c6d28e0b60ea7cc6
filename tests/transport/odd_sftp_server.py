"""An SFTP server that misbehaves in one way: OpenSSH's own sftp-server behind a relay that changes, keeps back or adds packets.

Run by sshd as `python odd_sftp_server.py WAY`; packets are those of draft-ietf-secsh-filexfer-02, read here anew and not by the code
under test.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

PROGRAMS = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/libexec/sftp-server", "/usr/lib/ssh/sftp-server")
FXP_READ, FXP_WRITE, FXP_LSTAT, FXP_REMOVE, FXP_RENAME, FXP_EXTENDED = 5, 6, 7, 13, 18, 200
FXP_STATUS, FXP_NAME, FXP_ATTRS = 101, 104, 105
OK, FAILURE = 0, 4
HOSTILE = (b"../outside.edi", b"folder/inside.edi", b"/etc/passwd", b"a\0b.edi", b"", b"x" * 300 + b".edi")


def text(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def status(number: bytes, code: int, says: bytes = b"") -> bytes:
    return bytes([FXP_STATUS]) + number + struct.pack(">I", code) + text(says) + text(b"")


class Faithful:
    """Passes everything on. `to_server` and `to_client` send a packet; the others decide."""

    def __init__(self, to_server: Callable[[bytes], None], to_client: Callable[[bytes], None]):
        self.to_server, self.to_client = to_server, to_client

    def request(self, packet: bytes) -> None:
        self.to_server(packet)

    def answer(self, packet: bytes) -> None:
        self.to_client(packet)


class FailingWrite(Faithful):
    """The tenth write is refused, all others are done: the file has the right size and the wrong content."""

    count = 0

    def request(self, packet: bytes) -> None:
        if packet[0] == FXP_WRITE:
            self.count += 1
            if self.count == 10:
                self.to_client(status(packet[1:5], FAILURE, b"disk\r\n\x1b[2J trouble"))
                return
        self.to_server(packet)


class Silent(Faithful):
    """Never answers."""

    def request(self, packet: bytes) -> None:
        pass


def is_rename(packet: bytes) -> bool:
    return packet[0] == FXP_RENAME or (packet[0] == FXP_EXTENDED and b"posix-rename" in packet[:40])


class RenameUnanswered(Faithful):
    """Renames, and the connection ends before its answer."""

    def request(self, packet: bytes) -> None:
        self.ending = is_rename(packet)
        self.to_server(packet)

    def answer(self, packet: bytes) -> None:
        if getattr(self, "ending", False):
            os._exit(0)
        self.to_client(packet)


class RenameLost(Faithful):
    """The connection ends before the rename arrives."""

    def request(self, packet: bytes) -> None:
        if is_rename(packet):
            os._exit(0)
        self.to_server(packet)


class RenameHangs(Faithful):
    """The rename is done and never answered, and the connection stays open."""

    def request(self, packet: bytes) -> None:
        self.hanging = is_rename(packet)
        self.to_server(packet)

    def answer(self, packet: bytes) -> None:
        if not getattr(self, "hanging", False):
            self.to_client(packet)


class Talkative(Faithful):
    """A login script that prints something, as of an account whose shell greets."""

    def __init__(self, to_server: Callable[[bytes], None], to_client: Callable[[bytes], None]):
        super().__init__(to_server, to_client)
        sys.stdout.buffer.write(b"Welcome to ACME file transfer!\r\n")
        sys.stdout.buffer.flush()


class ShortReads(Faithful):
    """Answers a read with half of what was asked for, as the draft allows (6.4)."""

    def request(self, packet: bytes) -> None:
        if packet[0] == FXP_READ:
            (length,) = struct.unpack(">I", packet[-4:])
            packet = packet[:-4] + struct.pack(">I", max(1, length // 2 + 1))
        self.to_server(packet)


class Reordered(Faithful):
    """Answers out of order, as the draft allows (3): the last of those that came within 20 ms is first."""

    def __init__(self, to_server: Callable[[bytes], None], to_client: Callable[[bytes], None]):
        super().__init__(to_server, to_client)
        self.held: list[bytes] = []
        self.lock = threading.Lock()
        threading.Thread(target=self._let_go, daemon=True).start()

    def answer(self, packet: bytes) -> None:
        with self.lock:
            self.held.append(packet)

    def _let_go(self) -> None:
        while True:
            time.sleep(0.02)
            with self.lock:
                held, self.held = self.held, []
            for packet in reversed(held):
                self.to_client(packet)


class WrongSize(Faithful):
    """Says of each file that it has one byte less than it has, when asked by its name."""

    asked: set[bytes] = set()

    def request(self, packet: bytes) -> None:
        if packet[0] == FXP_LSTAT:
            self.asked.add(packet[1:5])
        self.to_server(packet)

    def answer(self, packet: bytes) -> None:
        if packet[0] == FXP_ATTRS and packet[1:5] in self.asked:
            (size,) = struct.unpack(">Q", packet[9:17])
            packet = packet[:9] + struct.pack(">Q", size - 1) + packet[17:]
        self.to_client(packet)


class Hostile(Faithful):
    """Lists names that no folder can hold, before the real ones."""

    told = False

    def answer(self, packet: bytes) -> None:
        if packet[0] == FXP_NAME and not self.told:
            self.told = True
            (count,) = struct.unpack(">I", packet[5:9])
            attributes = struct.pack(">IQI", 1 | 4, 3, 0o100644)
            more = b"".join(text(name) + text(b"-rw-r--r--") + attributes for name in HOSTILE)
            packet = packet[:5] + struct.pack(">I", count + len(HOSTILE)) + more + packet[9:]
        self.to_client(packet)


class Terse(Faithful):
    """Lists names without attributes, and statuses without words, as old servers do."""

    def answer(self, packet: bytes) -> None:
        if packet[0] == FXP_NAME:
            (count,), at, names = struct.unpack(">I", packet[5:9]), 9, []
            for _ in range(count):
                parts = []
                for _ in range(2):
                    (length,) = struct.unpack(">I", packet[at : at + 4])
                    parts.append(packet[at + 4 : at + 4 + length])
                    at += 4 + length
                at += 4 + 8 + 8 + 4 + 8  # flags, size, owners, mode, times: what OpenSSH sends
                names.append(text(parts[0]) + text(b"") + struct.pack(">I", 0))
            packet = packet[:9] + b"".join(names)
        elif packet[0] == FXP_STATUS:
            packet = packet[:9]
        self.to_client(packet)


class Trickle(Faithful):
    """Answers each read with a single byte, a tenth of a second apart: every step is in time, and the file never comes."""

    def request(self, packet: bytes) -> None:
        if packet[0] == FXP_READ:
            time.sleep(0.1)
            packet = packet[:-4] + struct.pack(">I", 1)
        self.to_server(packet)


class Endless(Faithful):
    """Tells the folder's names again and again, without an end."""

    def answer(self, packet: bytes) -> None:
        if packet[0] == FXP_NAME:
            self.seen = packet[5:]
        elif packet[0] == FXP_STATUS and hasattr(self, "seen"):
            packet = bytes([FXP_NAME]) + packet[1:5] + self.seen
        self.to_client(packet)


WAYS: dict[str, type[Faithful]] = {
    "failing-write": FailingWrite, "silent": Silent, "rename-unanswered": RenameUnanswered, "rename-lost": RenameLost,
    "rename-hangs": RenameHangs, "talkative": Talkative, "short-reads": ShortReads, "reordered": Reordered, "wrong-size": WrongSize,
    "hostile": Hostile, "terse": Terse, "trickle": Trickle, "endless": Endless,
}


def main(way: str) -> None:
    program = next(one for one in PROGRAMS if Path(one).exists())
    server = subprocess.Popen([program, "-l", "QUIET"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert server.stdin and server.stdout
    lock = threading.Lock()
    server_in, server_out = server.stdin, os.fdopen(os.dup(server.stdout.fileno()), "rb")

    def to_server(packet: bytes) -> None:
        left = memoryview(struct.pack(">I", len(packet)) + packet)
        while left:
            left = left[server_in.write(left) or 0 :]

    def to_client(packet: bytes) -> None:
        with lock:
            sys.stdout.buffer.write(struct.pack(">I", len(packet)) + packet)
            sys.stdout.buffer.flush()

    relay = WAYS[way](to_server, to_client)

    def answers() -> None:
        while length := server_out.read(4):
            relay.answer(server_out.read(struct.unpack(">I", length)[0]))
        os._exit(0)

    threading.Thread(target=answers, daemon=True).start()
    while length := sys.stdin.buffer.read(4):
        relay.request(sys.stdin.buffer.read(struct.unpack(">I", length)[0]))
    server_in.close()
    server.wait()


if __name__ == "__main__":
    main(sys.argv[1])
