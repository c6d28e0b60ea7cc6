"""Certificates that end: our own, which we show to partners and to who posts to us, and those that partners' servers show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from edi_bridge.catalog import Catalog
from edi_bridge.channel import Channel
from edi_bridge.clock import written
from edi_bridge.daemon.logs import Troubles
from edi_bridge.fault import ConfigFault, Fault
from edi_bridge.secret import Secrets
from edi_bridge.store import alarm
from edi_bridge.transport import certificate


@dataclass(slots=True)
class Expiring:
    """`files`: the certificates of our own server; `days` before its end each of all is told."""

    secrets: Secrets
    troubles: Troubles
    files: tuple[Path, ...]
    days: int
    _servers: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)  # channel → what its server showed, until when that holds
    _day: str = ""

    def saw(self, channel: str, shown: bytes) -> None:
        """The certificate (DER, b'' none) that the server of a channel showed. From any thread."""
        if shown and self._servers.get(channel, (b"",))[0] != shown:
            try:
                self._servers[channel] = (shown, certificate.read(shown).ends)
            except Fault as fault:
                self.troubles.note(f"certificate of {channel}", str(fault), channel=channel)
                return
            self._day = ""

    def look(self, connection: Connection, catalog: Catalog, now: datetime) -> None:
        """Once a day, and when a server showed another one."""
        day = now.date().isoformat()
        if self._day == day:
            return
        self._day = day
        known = dict(self._ends(catalog))
        for subject, ends in known.items():
            if ends < now + timedelta(days=self.days):
                verb = "ended" if ends < now else "ends"
                alarm.raise_(connection, "expiry", subject, f"the {subject} {verb} on {ends:%Y-%m-%d}", written(now))
            else:
                alarm.clear(connection, "expiry", subject, written(now))
        waiting = {_of_server(name) for name in catalog.channels if name not in self._servers}  # not seen yet since the start
        for one in alarm.listing(connection):
            if one.kind == "expiry" and one.subject not in known and one.subject not in waiting:
                alarm.clear(connection, "expiry", one.subject, written(now))

    def _ends(self, catalog: Catalog) -> Iterator[tuple[str, datetime]]:
        for channel in catalog.channels.values():
            name = channel.options.get("client_certificate")
            if isinstance(name, str) and (ends := self._end_of_secret(channel, name)) is not None:
                yield f"certificate {name} of {channel.name}", ends
            if channel.name in self._servers:
                yield _of_server(channel.name), self._servers[channel.name][1]
        for path in self.files:
            if (ends := end_of(path.read_bytes() if path.is_file() else b"")) is not None:
                yield f"certificate {path.name} of our server", ends

    def _end_of_secret(self, channel: Channel, name: str) -> datetime | None:
        try:
            return end_of(self.secrets.get(name).encode())
        except ConfigFault as fault:  # told by the channel as well, when it is used
            self.troubles.note(f"secret {name}", str(fault), channel=channel.name)
            return None


def _of_server(channel: str) -> str:
    return f"certificate of the server of {channel}"


def end_of(pem: bytes) -> datetime | None:
    """Until when all certificates of a PEM text hold (a chain ends with its first one); None where there is none."""
    from cryptography import x509  # loads long, and a daemon must soon be back at work

    try:
        return min((one.not_valid_after_utc for one in x509.load_pem_x509_certificates(pem)), default=None)
    except ValueError:
        return None
