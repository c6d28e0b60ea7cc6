"""Certificates of servers: their fingerprint, until when they hold, and a pinned one in place of an authority."""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from edi_bridge.fault import ConfigFault, TerminalFault, UntrustedFault

SOON = 30  # days before its end from which a certificate is told as ending soon


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a person wants to know of a certificate. `fingerprint` as in a channel (`SHA256:…`); times are UTC."""

    fingerprint: str
    subject: str
    issuer: str
    begins: datetime
    ends: datetime

    def says(self, now: datetime) -> str:
        """Its owner, who vouches for it, its fingerprint and until when it holds, on one line."""
        days = (self.ends - now).days
        left = f"ended {self.ends:%Y-%m-%d}" if self.ends <= now else f"until {self.ends:%Y-%m-%d} ({days} days)"
        return f"{self.subject}, by {'itself' if self.issuer == self.subject else self.issuer}, {left}, {self.fingerprint}"

    def holds(self, now: datetime) -> bool:
        """Whether its time has begun and has not ended."""
        return self.begins <= now < self.ends


def fingerprint(der: bytes) -> str:
    """`SHA256:` and the SHA-256 of a certificate's DER bytes in base64 without padding, as OpenSSH writes those of host keys."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode("ascii").rstrip("=")


def read(der: bytes) -> Certificate:
    """A certificate from its DER bytes (RFC 5280). TerminalFault when it is none."""
    from cryptography import x509  # loads long, and a daemon must soon be back at work

    try:
        one = x509.load_der_x509_certificate(der)
        return Certificate(fingerprint(der), one.subject.rfc4514_string(), one.issuer.rfc4514_string(),
                           one.not_valid_before_utc, one.not_valid_after_utc)
    except ValueError as error:
        raise TerminalFault(f"the server's certificate cannot be read: {error}") from None


def normal(pin: str) -> str:
    """A pinned fingerprint in our form; hexadecimal with or without colons is understood too (`openssl x509 -fingerprint`)."""
    text = pin.strip()
    text = text[7:] if text[:7].lower() in ("sha256:", "sha256=") else text
    if len(digits := text.replace(":", "")) == 64:
        try:
            return "SHA256:" + base64.b64encode(bytes.fromhex(digits)).decode("ascii").rstrip("=")
        except ValueError:
            pass
    return "SHA256:" + text.rstrip("=")


def check_pinned(der: bytes, pins: Sequence[str], host: str) -> None:
    """UntrustedFault when a server's certificate is none of those that are pinned; both fingerprints are told."""
    shown = fingerprint(der)
    if pins and shown not in [normal(pin) for pin in pins]:
        raise UntrustedFault(f"{host} shows another certificate than the one that is pinned: {shown} instead of {' or '.join(pins)}; "
                             "ask the partner, then pin the new one")


def client_context(ca: str, pins: Sequence[str], mine: str = "") -> ssl.SSLContext:
    """How we look at a server's certificate: by the authorities in `ca` (a PEM file; '' the system's), and where certificates are
    pinned and no `ca` is named, by the pins alone, which the caller must then check (`check_pinned`). `mine` is our own
    certificate and key in one PEM file. TLS 1.2 or newer. ConfigFault when a file cannot be used."""
    try:
        context = ssl.create_default_context(cafile=ca or None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigFault.at(ca, 0, 0, f"is no file with certificates of authorities (PEM): {error}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if pins and not ca:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if mine:
        try:
            context.load_cert_chain(mine)
        except (OSError, ssl.SSLError):  # what OpenSSL says of a key may hold parts of it
            raise ConfigFault.at(mine, 0, 0, "does not hold a certificate and its key (PEM), unencrypted, that fit together") from None
    return context


def now() -> datetime:
    """This moment, UTC: certificates are held against the real time, never against a test's clock."""
    return datetime.now(UTC)
