"""A real OpenSSH server on loopback, run as whoever runs the tests: one sshd with a port for each kind of partner.

Debian: openssh-server (sshd, sftp-server) and openssh-client (ssh-keygen). Nothing of the machine is changed: keys, the list of
allowed keys and the configuration stand in the tests' own folder.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from lines import closed_port
from odd_sftp_server import WAYS

MISSING = "OpenSSH's sshd and ssh-keygen were not found: install the Debian package openssh-server"
SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")

# What runs on each port (sftp-server(8): -P names requests that are refused), and servers that misbehave in one way each.
SERVERS = {
    "full": "internal-sftp",
    "plain": "internal-sftp -P posix-rename,fsync",  # knows no extension for renaming: the rename of the draft alone
    "fixed": "internal-sftp -P posix-rename,rename,fsync",  # cannot rename at all
    "blind": "internal-sftp -P lstat,stat,opendir,readdir",  # lets us write and not look
    "reading": "internal-sftp -R",  # nothing may be written
    "odd": f"{sys.executable} {Path(__file__).with_name('odd_sftp_server.py')} `cat {{folder}}/way`",  # one of WAYS, as `Sshd.port` says
}


def user() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def make_key(path: Path, kind: str = "ed25519", *options: str, phrase: str = "") -> str:
    """A private key by ssh-keygen; its text."""
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", phrase, "-f", str(path), *options], check=True, capture_output=True)
    return path.read_text()


def fingerprint(public: Path) -> str:
    """As ssh-keygen says it: the oracle for our own."""
    return subprocess.run(["ssh-keygen", "-l", "-E", "sha256", "-f", str(public)], check=True, capture_output=True, text=True).stdout.split()[1]


class Sshd:
    """A running sshd; `ports` by the names of SERVERS."""

    def __init__(self, folder: Path, host_keys: tuple[str, ...] = ("ed25519", "ecdsa", "rsa"), more: str = ""):
        if SSHD is None or shutil.which("ssh-keygen") is None:
            pytest.fail(MISSING, pytrace=False)
        self.folder = folder
        folder.mkdir()
        for kind in host_keys:
            make_key(folder / f"host_{kind}", kind)
        self.allowed = folder / "allowed"
        self.allowed.touch(0o600)
        self.ports = {name: closed_port() for name in SERVERS}
        self.host_key = fingerprint(folder / f"host_{host_keys[0]}.pub")
        lines = [
            *(f"Port {port}" for port in self.ports.values()), "ListenAddress 127.0.0.1", "UsePAM no", "StrictModes no", "PermitRootLogin yes",
            "PasswordAuthentication yes", "KbdInteractiveAuthentication no", "LogLevel ERROR", "MaxStartups 100:30:200", f"AuthorizedKeysFile {self.allowed}",
            f"PidFile {folder}/pid", *(f"HostKey {folder}/host_{kind}" for kind in host_keys), "Subsystem sftp internal-sftp", more,
            *(f"Match LocalPort {self.ports[name]}\n  ForceCommand {command.format(folder=folder)}" for name, command in SERVERS.items()),
        ]
        (folder / "config").write_text("\n".join(lines) + "\n")
        if os.getuid() == 0:
            os.makedirs("/run/sshd", 0o755, exist_ok=True)  # sshd wants it there when it is root (privilege separation)
        self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(folder / "config")], stderr=(folder / "log").open("wb"))
        self._await()

    def _await(self) -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.ports["full"]), 1) as one:
                if one.recv(4) == b"SSH-":
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        pytest.fail(f"sshd does not start: {(self.folder / 'log').read_text()}", pytrace=False)

    def port(self, server: str) -> int:
        """The port of a server; a way to misbehave holds until the next one is asked for (an sshd has few ports)."""
        if server in WAYS:
            (self.folder / "way").write_text(server)
            return self.ports["odd"]
        return self.ports[server]

    def allow(self, private: Path) -> None:
        with self.allowed.open("a") as file:
            file.write(private.with_suffix(".pub").read_text() if private.suffix else Path(f"{private}.pub").read_text())

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def serving(folder: Path) -> Iterator[Sshd]:
    """A server that knows the key `ours` of the folder."""
    server = Sshd(folder / "server")
    make_key(folder / "ours")
    server.allow(folder / "ours")
    try:
        yield server
    finally:
        server.close()
