"""The test of an FTP connection, step by step, for a person who sets it up."""

from __future__ import annotations

import ftplib
import io
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from edi_bridge.fault import Fault, TransientFault
from edi_bridge.transport import certificate
from edi_bridge.transport.contract import Probe
from edi_bridge.transport.ftp_session import BROKEN, Session, refusal
from edi_bridge.transport.settling import shown

if TYPE_CHECKING:
    from edi_bridge.transport.ftps import FtpTransport

CONTENT = b"A test of edi-bridge: it deletes this file.\r\n"
SKEW = 60  # seconds by which clocks may differ without a word


def probes(transport: FtpTransport, session: Session, get: str, put: str, writing: bool = True) -> Iterator[Probe]:
    """Every step until one fails. `writing` False: nothing is put (into a network's mailbox every file is sent on)."""
    step = "connect"
    try:
        line = session.connect()
        under = line.sock.version() if isinstance(line.sock, ssl.SSLSocket) else "in clear: passwords and files can be read on the way"
        greeting = shown(session.greeting.encode("latin-1", "replace"))[:200]
        yield Probe("connect", True, f"{session.host}:{session.port}, {under}; {greeting}")
        if line.seen:
            one = certificate.read(line.seen)
            yield Probe("certificate", one.holds(certificate.now()), one.says(certificate.now()))
        step = "authenticate"
        session.sign_in()
        known = " ".join(sorted(session.features())) or "nothing beyond the oldest commands"
        yield Probe("authenticate", True, f"signed in; the server says it knows {known}")
        step = "list"
        for folder in dict.fromkeys(one for one in (get,) if one):
            yield _listed(transport, session, folder)
        step = "put"
        if put and writing:
            yield from _written(transport, session, put)
    except BROKEN as error:
        yield Probe(step, False, str(refusal(session, put or get, "", error)))
    except Fault as fault:
        yield Probe(step, False, str(fault))
        if step == "connect" and session.mode and not isinstance(fault, TransientFault):
            yield from _shown(session)


def _listed(transport: FtpTransport, session: Session, folder: str) -> Probe:
    session.ready()
    session.enter(folder)
    assert session.line is not None
    count = len(transport._entries(session.line, folder))
    return Probe("list", True, f"{folder}: {count} entries, by {transport._listing.upper()}")


def _written(transport: FtpTransport, session: Session, put: str) -> Iterator[Probe]:
    name = f"edi-bridge-probe-{uuid4().hex}.tmp"
    transport.put(name, io.BytesIO(CONTENT), len(CONTENT))
    line = session.ready()
    yield Probe("put", True, f"{put}/{name}: {len(CONTENT)} bytes")
    written = transport._time(line, name.encode())
    if written:
        ahead = (datetime.fromisoformat(written).astimezone(UTC) - certificate.now()).total_seconds()
        yield Probe("clock", abs(ahead) < SKEW, f"the server's clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} ours")
    try:
        back = b"".join(line.download("RETR " + name))
        yield Probe("get", back == CONTENT, "read back" if back == CONTENT else f"{len(back)} other bytes came back")
    except ftplib.error_perm as error:
        yield Probe("get", True, f"what we put cannot be read there, as in most mailboxes: {session.words(error)}")
    try:
        line.voidcmd("DELE " + name)
        yield Probe("delete", True, "deleted")
    except ftplib.error_perm as error:
        yield Probe("delete", False, f"{put}/{name} stays there, ask the partner to delete it: {session.words(error)}")


def _shown(session: Session) -> Iterator[Probe]:
    """The certificate that was refused, so that a person can compare it and pin it."""
    try:
        line = session.connect(checked=False)
        yield Probe("certificate", False, certificate.read(line.seen).says(certificate.now()))
    except Fault as fault:
        yield Probe("certificate", False, str(fault))
    finally:
        session.drop()
