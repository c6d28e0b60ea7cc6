"""What a server shows of itself before anybody signs in: its host keys, or its certificate. Nothing of ours is said."""

from __future__ import annotations

import contextlib
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from edi_bridge.channel import Channel
from edi_bridge.fault import ConfigFault, TransientFault
from edi_bridge.secret import Secrets
from edi_bridge.transport import certificate

OPTION = {"sftp": "host_key", "ftps": "certificate", "http": "certificate"}  # kind → where it is pinned


@dataclass(frozen=True, slots=True)
class Offered:
    """A key or certificate: its fingerprint (`SHA256:…`) and what a person compares."""

    fingerprint: str
    says: str


def pinnable(channel: Channel) -> str:
    """The option that pins the server of a channel; '' where nothing is pinned."""
    kind = channel.options["over"] if channel.kind == "van" else channel.kind
    if kind == "http" and not any(str(channel.options[key] or "").startswith("https") for key in ("url", "list")):
        return ""
    return OPTION.get(kind, "")


def offered(channel: Channel, secrets: Secrets) -> list[Offered]:
    """What the server of a channel shows now. TransientFault when it is away; ConfigFault for a channel that pins nothing."""
    if not pinnable(channel):
        raise channel.fault(f"a channel of kind {channel.kind} pins no key and no certificate")
    if channel.kind == "van":
        from edi_bridge.transport.van import over

        channel = over(channel, channel.options["we_get"], channel.options["we_put"])
    if channel.kind == "sftp":
        from edi_bridge.transport.sftp_login import shown_keys

        return [Offered(print_, name) for name, print_ in shown_keys(channel)]
    der = _of_ftps(channel, secrets) if channel.kind == "ftps" else _of_https(channel)
    one = certificate.read(der)
    return [Offered(one.fingerprint, one.says(certificate.now()))]


def _of_ftps(channel: Channel, secrets: Secrets) -> bytes:
    from edi_bridge.transport.ftp_session import Session

    session = Session(channel, secrets)
    try:
        return session.connect(checked=False).seen
    finally:
        session.drop()


def _of_https(channel: Channel) -> bytes:
    said = channel.options
    parts = urlsplit(next(address for key in ("url", "list") if (address := str(said[key] or "")).startswith("https")))
    host = parts.hostname or ""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((host, parts.port or 443), said["timeout"]) as wire, contextlib.closing(
                context.wrap_socket(wire, server_hostname=host)) as line:
            return line.getpeercert(True) or b""
    except (OSError, ssl.SSLError) as error:
        raise TransientFault(f"{host} does not show its certificate: {error.strerror or error}") from None
    except ValueError as error:
        raise ConfigFault.at(channel.file, *channel.mark, str(error)) from None
