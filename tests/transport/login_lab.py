"""An SSH server whose way of signing in a test chooses: password, keyboard-interactive, key and then password, or all too weak.

The passwords of this machine's users are not ours to set, so sshd cannot show these. paramiko's server side speaks SSH here, and
OpenSSH's sftp-server stands behind it.
"""

from __future__ import annotations

import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import paramiko
from odd_sftp_server import PROGRAMS

USER = "nordwind"


class Login(paramiko.ServerInterface):
    """What is accepted: `steps` are the kinds of login, all of them wanted, in this order."""

    def __init__(self, steps: tuple[str, ...], password: str, key: paramiko.PKey | None):
        self.left, self.password, self.key = list(steps), password, key

    def get_allowed_auths(self, username: str) -> str:
        return ",".join(self.left)

    def _done(self, step: str, good: bool) -> int:
        if not good or self.left[:1] != [step]:
            return paramiko.common.AUTH_FAILED
        self.left.pop(0)
        return paramiko.common.AUTH_PARTIALLY_SUCCESSFUL if self.left else paramiko.common.AUTH_SUCCESSFUL

    def check_auth_password(self, username: str, password: str) -> int:
        return self._done("password", (username, password) == (USER, self.password))

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return self._done("publickey", username == USER and key == self.key)

    def check_auth_interactive(self, username: str, submethods: str) -> Any:
        if self.left[:1] != ["keyboard-interactive"]:
            return paramiko.common.AUTH_FAILED
        return paramiko.server.InteractiveQuery("ACME", "Sign in", ("Your name:", True), ("Password:", False))

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        return self._done("keyboard-interactive", list(responses) == [USER, self.password])

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.common.OPEN_SUCCEEDED

    def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
        threading.Thread(target=serve, args=(channel,), daemon=True).start()
        return name == "sftp"


def serve(channel: paramiko.Channel) -> None:
    """OpenSSH's sftp-server on a channel."""
    program = next(one for one in PROGRAMS if Path(one).exists())
    with subprocess.Popen([program, "-l", "QUIET"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as server:
        assert server.stdin and server.stdout
        out = server.stdout

        def back() -> None:
            with suppress(OSError, EOFError, ValueError):  # ended meanwhile
                while block := out.read(65536):
                    channel.sendall(block)

        threading.Thread(target=back, daemon=True).start()
        with suppress(OSError, EOFError):
            while block := channel.recv(65536):
                left = memoryview(block)
                while left:
                    left = left[server.stdin.write(left) or 0 :]
        server.terminate()


class LoginLab:
    """Serves on `port`; each connection signs in anew. `only` narrows what the server is able to do (paramiko's security options)."""

    def __init__(self, host_key: paramiko.PKey, steps: tuple[str, ...], password: str = "", key: paramiko.PKey | None = None, window: int = 1 << 21,
                 **only: tuple[str, ...]):
        self._made = host_key, steps, password, key, window, only
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._lines: list[paramiko.Transport] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        host_key, steps, password, key, window, only = self._made
        with suppress(OSError):
            while True:
                wire, _ = self._listener.accept()
                line = paramiko.Transport(wire, default_window_size=window)
                line.add_server_key(host_key)
                for name, values in only.items():
                    setattr(line.get_security_options(), name, values)
                self._lines.append(line)
                with suppress(paramiko.SSHException, EOFError):
                    line.start_server(event=threading.Event(), server=Login(steps, password, key))

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for line in self._lines:
            line.close()
