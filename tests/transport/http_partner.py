"""A partner that speaks HTTP(S): a real server of the standard library in a thread, over folders that the tests look at."""

from __future__ import annotations

import datetime
import http.server
import ipaddress
import json
import os
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Authority:
    """Certificates for tests: an authority of our own and what it signs."""

    folder: Path
    ca: Path = field(init=False)

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lab authority")])
        made = self._build(self._name, self._key.public_key(), 3650).add_extension(x509.BasicConstraints(True, None), True)
        made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), False)
        made = made.add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)
        self.ca = self.folder / "authority.pem"
        self.ca.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def pem(self, name: str, days: int = 90) -> Path:
        """Certificate and key in one file."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._build(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key.public_key(), days)
        names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        made = made.add_extension(x509.SubjectAlternativeName(names), False).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False)
        path = self.folder / f"{name}.pem"
        path.write_bytes(
            made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        path.chmod(0o600)
        return path

    def _build(self, name: x509.Name, key: Any, days: int) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (x509.CertificateBuilder().subject_name(name).issuer_name(self._name).public_key(key).serial_number(x509.random_serial_number())
                .not_valid_before(now - datetime.timedelta(days=30)).not_valid_after(now + datetime.timedelta(days=days)))


class Partner:
    """`POST /in/NAME`, `HEAD /in/NAME`, `GET /out`, `GET` and `DELETE /out/NAME`. What it received stands in `requests`; the next
    answers to posts may be laid down in `answers` (None: hang up without a word)."""

    def __init__(self, out: Path, inbox: Path, token: str, pem: Path | None = None, clients: Path | None = None):
        self.out, self.inbox, self.token = out, inbox, token
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answers: list[Answer | None | Callable[[http.server.BaseHTTPRequestHandler], None]] = []
        self.connections = 0
        partner = self

        class Handler(_Handler):
            owner = partner

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda request, address: None  # type: ignore[method-assign]
        if pem:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pem)
            if clients:
                context.load_verify_locations(clients)
                context.verify_mode = ssl.CERT_REQUIRED
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.scheme = "https" if pem else "http"
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def at(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    owner: Partner
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.owner.connections += 1

    def log_message(self, *args: Any) -> None:
        pass

    def _answer(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if "Content-Length" not in (headers or {}):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _known(self) -> bool:
        if self.headers.get("Authorization") != f"Bearer {self.owner.token}":
            self._answer(401, {"WWW-Authenticate": "Bearer"}, b"who are you?")
            self.close_connection = True
            return False
        return True

    def _path(self, head: str, folder: Path) -> Path:
        return Path(os.fsdecode(os.fsencode(folder) + b"/" + unquote_to_bytes(self.path.removeprefix(head))))

    def do_POST(self) -> None:
        if not self._known():
            return
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        self.owner.requests.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        planned = self.owner.answers.pop(0) if self.owner.answers else (201, {}, b'{"ok": true}')
        if planned is None:
            self.close_connection = True
        elif callable(planned):
            planned(self)
        else:
            status, headers, said = planned
            if 200 <= status < 300 and self.path.startswith("/in/"):
                self._path("/in/", self.owner.inbox).write_bytes(body)
            self._answer(status, headers, said)

    do_PUT = do_POST

    def do_HEAD(self) -> None:
        if not self._known():
            return
        path = self._path("/in/", self.owner.inbox)
        if self.path.startswith("/in/") and path.is_file():
            self._answer(200, {"Content-Length": str(path.stat().st_size)})
        else:
            self._answer(404 if self.path.startswith("/in/") else 405)

    def do_GET(self) -> None:
        if not self._known():
            return
        if self.path == "/out":
            files = [entry for entry in os.scandir(self.owner.out) if entry.is_file(follow_symlinks=False)]
            listed = [{"name": entry.name, "size": entry.stat().st_size,
                       "modified": datetime.datetime.fromtimestamp(entry.stat().st_mtime, datetime.UTC).isoformat()} for entry in files]
            self._answer(200, {"Content-Type": "application/json"}, json.dumps(listed).encode())
            return
        path = self._path("/out/", self.owner.out)
        if not self.path.startswith("/out/") or not path.is_file():
            self._answer(404, {}, f"there is no {self.path}".encode())
            return
        self._answer(200, {}, path.read_bytes())

    def do_DELETE(self) -> None:
        if not self._known():
            return
        path = self._path("/out/", self.owner.out)
        there = path.is_file()
        if there:
            path.unlink()
        self._answer(204 if there else 404)
