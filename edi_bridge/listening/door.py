"""Who may post where: the doors of our server, each with hashes of what opens it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass

from starlette.requests import Request

from edi_bridge.channel import Channel
from edi_bridge.secret import Secrets
from edi_bridge.transport.certificate import normal as pinned


@dataclass(frozen=True, slots=True)
class Door:
    """How a partner signs in at one channel; what is kept here are hashes. `certificate` asks for a certificate of its own too."""

    channel: str
    basic: bytes = b""  # SHA-256 of user:password
    token: bytes = b""  # SHA-256 of the bearer token
    certificates: tuple[str, ...] = ()  # fingerprints of the client's own certificate
    most: int = 100_000_000


def door(channel: Channel, secrets: Secrets) -> Door:
    """The door of a channel of kind `http-in`. ConfigFault when a secret is not there."""
    options = channel.options
    basic = hashed(f"{options['user']}:{secrets.get(options['password'])}".encode()) if options["user"] else b""
    token = hashed(secrets.get(options["token"]).encode()) if options["token"] else bytes.fromhex(options["token_hash"] or "")
    return Door(channel.name, basic, token, tuple(map(pinned, options["client_certificate"])), options["most"])


def fits(one: Door, basic: bytes, token: bytes, shown: str) -> bool:
    """Whether hashes of what was shown open a door; each comparison takes the same time whether it fits or not."""
    by_password = bool(one.basic) and hmac.compare_digest(basic, one.basic)
    by_token = bool(one.token) and hmac.compare_digest(token, one.token)
    by_certificate = not one.certificates or shown in one.certificates
    return (by_password or by_token) and by_certificate


def credentials(request: Request) -> tuple[bytes, bytes]:
    """(user:password, token) of the Authorization header (RFC 7617, RFC 6750); b'' for what is not there."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return b"", value.strip().encode("latin-1")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True), b""
        except (binascii.Error, ValueError):
            return b"", b""
    return b"", b""


def hashed(value: bytes) -> bytes:
    """SHA-256: what is compared has one length, and no secret stays in memory in clear."""
    return hashlib.sha256(value).digest()
