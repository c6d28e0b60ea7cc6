"""Real FTP servers on loopback: vsftpd (no MLSD; it insists on the reuse of TLS sessions) and pyftpdlib (MLSD), and certificates."""

from __future__ import annotations

import getpass
import os
import random
import shutil
import socket
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from lines import CutLine

from edi_bridge.transport import certificate

PASSWORD = "correct horse 7"
USER = "nordwind"
ANONYMOUS = "anonymous"  # vsftpd takes an anonymous user with a password from a list, which needs no account of the system


def make_certificate(path: Path, *, names: tuple[str, ...] = ("localhost", "127.0.0.1", "127.0.0.2"), days: tuple[int, int] = (-1, 30),
                     by: Path | None = None) -> str:
    """A key and a certificate (by itself, or by the authority in the PEM file `by`) in one PEM file; its fingerprint."""
    key = ec.generate_private_key(ec.SECP256R1())
    owner = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, path.stem)])
    issuer, signer = owner, key
    if by is not None:
        issuer = x509.load_pem_x509_certificate(by.read_bytes()).subject
        signer = serialization.load_pem_private_key(by.read_bytes(), None)  # type: ignore[assignment]
    now = datetime.now(UTC)
    others = [x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names]
    made = (x509.CertificateBuilder().subject_name(owner).issuer_name(issuer).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now + timedelta(days[0])).not_valid_after(now + timedelta(days[1]))
            .add_extension(x509.SubjectAlternativeName(others), False)
            .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), True).sign(signer, hashes.SHA256()))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    path.chmod(0o600)
    return certificate.fingerprint(made.public_bytes(serialization.Encoding.DER))


def free_port() -> int:
    """A port that nobody has on 127.0.0.1 and on 127.0.0.2 (where lines that are cut stand), below those that the system gives to
    outgoing connections: a server binds its data port only when it needs it, and nobody must have taken it by then."""
    while True:
        port = random.SystemRandom().randrange(15_000, 32_000)
        try:
            for address in ("127.0.0.1", "127.0.0.2"):
                with socket.socket() as probe:
                    probe.bind((address, port))
        except OSError:
            continue
        return port


class Vsftpd:
    """A vsftpd on loopback, for anonymous users with a password, in a folder of its own. `port`: that of a server which it replaces."""

    user = ANONYMOUS

    def __init__(self, folder: Path, pem: Path | None, *, port: int = 0, **more: str):
        program = shutil.which("vsftpd") or "/usr/sbin/vsftpd"
        if not os.path.exists(program):
            pytest.fail("vsftpd is not here: apt-get install vsftpd")
        self.folder = folder
        self.port, self.data = port or free_port(), free_port()
        root, empty = folder / "root", folder / "empty"
        root.mkdir(parents=True)
        empty.mkdir()
        (folder / "passwords").write_text(PASSWORD + "\n")
        said = {
            "listen": "YES", "listen_address": "127.0.0.1", "listen_port": str(self.port), "background": "NO", "run_as_launching_user": "YES",
            "anonymous_enable": "YES", "local_enable": "NO", "write_enable": "YES", "anon_upload_enable": "YES", "anon_mkdir_write_enable": "YES",
            "anon_other_write_enable": "YES", "anon_world_readable_only": "NO", "anon_umask": "022", "anon_root": str(root),
            "ftp_username": getpass.getuser(), "secure_email_list_enable": "YES", "email_password_file": str(folder / "passwords"),
            "secure_chroot_dir": str(empty), "allow_writeable_chroot": "YES", "seccomp_sandbox": "NO", "force_dot_files": "YES",
            "connect_from_port_20": "NO", "xferlog_enable": "NO", "pasv_min_port": str(self.data), "pasv_max_port": str(self.data),
            "delay_failed_login": "0", "max_login_fails": "1",
        }
        if pem is not None:
            said |= {"ssl_enable": "YES", "allow_anon_ssl": "YES", "force_anon_logins_ssl": "YES", "force_anon_data_ssl": "YES",
                     "require_ssl_reuse": "YES", "ssl_ciphers": "HIGH", "rsa_cert_file": str(pem), "rsa_private_key_file": str(pem)}
        (folder / "vsftpd.conf").write_text("".join(f"{key}={value}\n" for key, value in (said | more).items()))
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen([program, str(folder / "vsftpd.conf")], stdout=log, stderr=log)
        wait_for(self.port, lambda: (folder / "log").read_text())

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


class Pyftpd:
    """A pyftpdlib on loopback. `handler` are attributes of its class of sessions (what a test wants of the server)."""

    user = USER

    def __init__(self, folder: Path, pem: Path | None, *, permissions: str = "elradfmwMT", implicit: bool = False, dtp: type | None = None,
                 base: type | None = None, **handler: Any):
        from pyftpdlib.authorizers import DummyAuthorizer
        from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
        from pyftpdlib.servers import FTPServer

        self.port, self.data = free_port(), free_port()
        self.authorizer = DummyAuthorizer()
        self.authorizer.add_user(USER, PASSWORD, str(folder), perm=permissions)
        secure: dict[str, Any] = {} if pem is None else {
            "certfile": str(pem), "tls_control_required": True, "tls_data_required": True, "ssl_context": None}
        dtp_of: dict[str, Any] = {} if dtp is None else {"dtp_handler": dtp}
        base = base or (FTPHandler if pem is None else _implicit() if implicit else TLS_FTPHandler)
        own = type("Handler", (base,), {"authorizer": self.authorizer, "passive_ports": [self.data], "auth_failed_timeout": 0.01,
                                        "banner": "lab", **secure, **dtp_of, **handler})
        self._server = FTPServer(("127.0.0.1", self.port), own)
        self._going = True
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while self._going:
            self._server.serve_forever(timeout=0.02, blocking=False)

    def close(self) -> None:
        self._going = False
        self._thread.join()
        self._server.close_all()


def _implicit() -> type:
    from pyftpdlib.handlers import TLS_FTPHandler

    class Implicit(TLS_FTPHandler):  # type: ignore[misc]
        """TLS at once, as on port 990."""

        def handle(self) -> None:
            self.secure_connection(self.ssl_context)

        def handle_ssl_established(self) -> None:
            TLS_FTPHandler.handle(self)

    return Implicit


class CutFtp:
    """Lines to a server's control and data port on 127.0.0.2; the data line is cut once after so many bytes."""

    def __init__(self, server: Vsftpd | Pyftpd, after: int, up: bool):
        self.control = CutLine(server.port, -1, cuts=0, at=("127.0.0.2", server.port))
        self.data = CutLine(server.data, after, up=up, at=("127.0.0.2", server.data), hard=True)
        self.options = {"host": "127.0.0.2", "port": server.port}

    def close(self) -> None:
        self.control.close()
        self.data.close()


def wait_for(port: int, why: Any, seconds: float = 10.0) -> None:
    """Until something listens there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail(f"no server on port {port}: {why()}")
