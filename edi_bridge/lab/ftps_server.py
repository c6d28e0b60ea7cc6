"""The network's FTPS server (pyftpdlib; explicit TLS, RFC 4217), over the same mailboxes. Needs the extra `lab`."""

from __future__ import annotations

import errno
import ipaddress
import logging
import os
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edi_bridge.fault import ConfigFault
from edi_bridge.lab.network import Network
from edi_bridge.transport.certificate import fingerprint, now

try:
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.filesystems import AbstractedFS, FilesystemError
    from pyftpdlib.handlers import TLS_FTPHandler
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer
except ImportError:
    raise ConfigFault.at("", 0, 0, "FTPS needs pyftpdlib and pyOpenSSL: pip install 'edi-bridge[lab]'") from None

RIGHTS = {"in": "elradfw", "out": "elrdf", "reports": "elrdf", "done": "elrdf"}  # pyftpdlib's letters: list, read, delete, rename, write …
DAYS = 365


def certificate(folder: Path) -> tuple[Path, str]:
    """The server's certificate and key in one file, made once (mode 0600) and kept; and its fingerprint."""
    path = folder / "ftps.pem"
    if not path.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "edi-bridge lab")])
        made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(now() - timedelta(hours=1)).not_valid_after(now() + timedelta(days=DAYS))
                .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
                .sign(key, hashes.SHA256()))
        pem = made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
    der = x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(serialization.Encoding.DER)
    return path, fingerprint(der)


class FtpsServer:
    """Listens on loopback until it is stopped. `port` 0: any free one."""

    def __init__(self, network: Network, folder: Path, host: str = "127.0.0.1", port: int = 0):
        logger = logging.getLogger("pyftpdlib")
        logger.setLevel(logging.CRITICAL)
        if not logger.handlers:  # where nobody has any it makes one at its first look, on stderr and with a line for each later one
            logger.addHandler(logging.NullHandler())
        pem, self.fingerprint = certificate(folder)
        people = DummyAuthorizer()
        for account in network.accounts.values():
            home = network.box(account.name)
            people.add_user(account.name, account.password, str(home), perm="el")
            for part, rights in RIGHTS.items():
                people.override_perm(account.name, str(home / part), rights, recursive=True)
        speaks = type("_Speaks", (_Connection,), {
            "authorizer": people, "certfile": str(pem), "network": network, "abstracted_fs": _Files, "banner": "A network in a box.",
            "tls_control_required": True, "tls_data_required": True, "use_sendfile": False})
        self._server = FTPServer((host, port), speaks, ioloop=IOLoop())
        self.port: int = self._server.address[1]
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="lab-ftps", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End all connections."""
        self._stopped.set()
        self._thread.join(5)

    def _serve(self) -> None:
        while not self._stopped.is_set():
            self._server.serve_forever(timeout=0.1, blocking=False)
        self._server.close_all()


class _Connection(TLS_FTPHandler):  # type: ignore[misc]
    """Tells the network what was read and written."""

    network: Network

    def on_file_received(self, file: str) -> None:
        self.network.written(Path(file), whole=True)

    def on_incomplete_file_received(self, file: str) -> None:
        self.network.written(Path(file), whole=False)

    def on_file_sent(self, file: str) -> None:
        self.network.read(self.username, Path(file))


class _Files(AbstractedFS):  # type: ignore[misc]
    """An account's folders, with the switches that act on them."""

    def open(self, filename: str, mode: str) -> Any:
        network, account = self.cmd_channel.network, self.cmd_channel.username
        file = super().open(filename, mode)
        if "r" not in mode or "+" in mode:
            network.opened(Path(filename))
        return _Open(file, self.cmd_channel, account, network.switches.strikes("disconnect", account))

    def rename(self, src: str, dst: str) -> None:
        network, account = self.cmd_channel.network, self.cmd_channel.username
        if network.switches.strikes("rename_fails", account):
            network.note("rename refused", account=account, name=Path(src).name)
            raise FilesystemError("Renaming is refused")
        if Path(src).parent != Path(dst).parent and Path(dst).parent.name != "done":
            raise FilesystemError("Only within a folder, or into done")
        super().rename(src, dst)
        network.renamed(Path(src), Path(dst))

    def remove(self, path: str) -> None:
        super().remove(path)
        self.cmd_channel.network.removed(Path(path))


class _Open:
    """An open file; with `cut` the connection ends in the middle of it."""

    def __init__(self, file: Any, connection: Any, account: str, cut: bool):
        self._file, self._connection, self._account, self._cut = file, connection, account, cut
        self._left = os.fstat(file.fileno()).st_size // 2

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, count: int = -1) -> Any:
        if not self._cut:
            return self._file.read(count)
        block = self._file.read(min(count, self._left) if count >= 0 else self._left)
        self._left -= len(block)
        if not block:
            self._hang_up()
        return block

    def write(self, block: bytes) -> int:
        if self._connection.network.switches.strikes("full", self._account):
            self._connection.network.note("quota used up", account=self._account, name=Path(self._file.name).name)
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
        if self._cut:
            self._file.write(block[:len(block) // 2])
            self._file.flush()
            self._hang_up()
        else:
            self._file.write(block)
        return len(block)

    def _hang_up(self) -> None:
        self._connection.network.note("disconnected", account=self._account, name=Path(self._file.name).name)
        if self._connection.data_channel is not None:
            self._connection.data_channel.transfer_finished = False
        self._connection.close()
