"""Bad lines, real ones on loopback: a relay that cuts a connection after so many bytes, a server that never says a word."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress


NARROW = 65536  # bytes that a relay's end may hold: what lies in buffers has left its sender and was carried by nobody


class CutLine:
    """Relays to a port on this machine. The first `cuts` connections that have carried `after` bytes (one way: `up` is from us to
    the server) are shut down (`hard`: reset, so that who writes on is told); later ones are left alone. `at`: where it listens."""

    def __init__(self, port: int, after: int, *, up: bool = False, cuts: int = 1, at: tuple[str, int] = ("127.0.0.1", 0),
                 hard: bool = False):
        self.target, self.after, self.up, self.left = port, after, up, cuts
        self.connections = 0
        self._hard = hard
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(at)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)  # what it accepts has it too
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                ours, _ = self._listener.accept()
                theirs = socket.socket()
                theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)
                theirs.connect(("127.0.0.1", self.target))
                self.connections += 1
                self._open += [ours, theirs]
                for source, sink, counted in ((ours, theirs, self.up), (theirs, ours, not self.up)):
                    threading.Thread(target=self._carry, args=(source, sink, counted), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        carried = 0
        with suppress(OSError):
            while block := source.recv(16384):
                if counted and self.left and carried + len(block) > self.after:
                    with self._lock:
                        cut, self.left = self.left > 0, self.left - 1
                    if cut:
                        sink.sendall(block[: self.after - carried])
                        if self._hard:
                            self._reset(source, sink)
                        break
                carried += len(block)
                sink.sendall(block)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _reset(self, *ends: socket.socket) -> None:
        """Close them so that who writes on is told (RST) and does not write into the void."""
        for one in ends:
            with suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def close(self) -> None:
        for one in [self._listener, *self._open]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


class Silent:
    """A server that accepts and never answers; `says` is what it says first (then nothing more)."""

    def __init__(self, says: bytes = b""):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._says = says
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                one, _ = self._listener.accept()
                self._open.append(one)
                one.sendall(self._says)

    def close(self) -> None:
        for one in [self._listener, *self._open]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
