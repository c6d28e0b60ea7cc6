"""Our mailbox at a network (VAN), over SFTP, FTPS or FTP: one account, behind which are many partners.

Who sent what is read from the envelope, never from the folder. What differs from a partner's own server: the network takes what we put
as soon as it sees it, so that a file which is not there may have arrived, and nothing is put a second time on a guess; some networks
take a file away when it is read, so that the fetched bytes are the only ones; and reports say later how far an interchange came
(`reports_channel`, `network_report`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import BinaryIO

from edi_bridge import file_name
from edi_bridge.channel import OPTIONS, Channel
from edi_bridge.fault import ChannelFault, TransientFault
from edi_bridge.secret import Secrets
from edi_bridge.transport.contract import Presence, Probe, RemoteFile, Transport

PORTS = {"sftp": 22}  # where a kind of channel must have one; ftp and ftps know theirs


def open_(channel: Channel, secrets: Secrets, passing: Callable[[str], None]) -> Mailbox:
    """The transport of a channel of kind `van`."""
    return Mailbox(channel, secrets, passing)


def over(channel: Channel, get: str | None, put: str | None) -> Channel:
    """The channel of the kind below the mailbox, with its folders. A mailbox that takes files away when they are read is not told to
    delete them."""
    kind, said = channel.options["over"], channel.options
    named = {"get": get, "put": put, "port": said["port"] or PORTS.get(kind)}
    options = {one.name: named[one.name] if one.name in named else said[one.name] for one in OPTIONS[kind]}
    return replace(channel, kind=kind, options=options | {"after": "keep" if said["reads_once"] else said["after"]})


def reports_channel(channel: Channel) -> Channel | None:
    """The mailbox of the network's reports as a channel of its own: polled like any other, its files read by `network_report` with
    the layout `channel.options["report"]`. None: the network gives none."""
    said = channel.options
    if not said["reports"]:
        return None
    return replace(channel, name=f"{channel.name}.reports",
                   options={**said, "we_get": said["reports"], "we_put": None, "reports": None, "pattern": said["report_pattern"]})


def name_there(channel: Channel, fields: Mapping[str, str]) -> str:
    """What a file of ours is called at the network, by `names:`. Fields are those of `file_name`; account and test are the channel's.
    The same fields give the same name, so that what is sent again is sent under the same name."""
    own = {"account": channel.options["account"] or "", "test": "T" if channel.test else "P"}
    return file_name.file_name(channel.options["names"], {**fields, **own})


class Mailbox:
    """A mailbox. `look` says ABSENT only where the network leaves files lying until the receiver has them (`takes_away: false`)."""

    def __init__(self, channel: Channel, secrets: Secrets, passing: Callable[[str], None]):
        from edi_bridge.transport import open_transport  # it opens this module: at the top each would wait for the other

        said = channel.options
        self._channel, self._passing = channel, passing
        def opened(get: str | None, put: str | None) -> Transport:
            return open_transport(over(channel, get, put), secrets, passing)

        self._open = opened
        self._inner = self._open(said["we_get"], said["we_put"])
        self._once: bool = said["reads_once"]

    @property
    def reads_once(self) -> bool:
        """Whether the network takes a file away when it is read."""
        return self._once

    @property
    def notes(self) -> list[str]:
        """Names that were passed over, and why."""
        return getattr(self._inner, "notes", [])

    @property
    def certificate(self) -> bytes:
        """What the server showed last (DER); b'' over SFTP."""
        return getattr(self._inner, "certificate", b"")

    def listing(self) -> Iterator[RemoteFile]:
        """What the network has for us, from whomever; the oldest first."""
        return self._inner.listing()

    def fetch(self, file: RemoteFile, into: BinaryIO) -> int:
        """Copy a file. Where reading takes it away and the line broke, it says that the network must be asked."""
        counted = _Counted(into)
        try:
            return self._inner.fetch(file, counted)  # type: ignore[arg-type]
        except TransientFault as fault:
            if self._once and counted.count:
                raise TransientFault(f"{fault}; {counted.count} bytes of it came, and the network may have taken it away: if it is "
                                     "not listed any more, ask the network to lay it down again", fault.wait) from fault
            raise

    def confirm(self, file: RemoteFile) -> None:
        """Delete or keep it; a mailbox that takes files away when they are read has done so."""
        self._inner.confirm(file)

    def put(self, name: str, source: BinaryIO, size: int) -> None:
        """Lay a file down for the network: temporary name, size compared, renamed."""
        if not self._channel.options["we_put"]:
            raise ChannelFault(f"channel {self._channel.name} has no we_put: nothing can be sent")
        self._inner.put(name, source, size)

    def look(self, name: str, size: int) -> Presence:
        """What became of an uncertain put. A file that is not there may have been taken: only a report, or a person, knows."""
        there = self._inner.look(name, size)
        said = self._channel.options
        if said["takes_away"] and (there is Presence.ABSENT or (there is Presence.PARTIAL and said["rename"] == "never")):
            return Presence.UNKNOWN
        return there

    def probes(self) -> Iterator[Probe]:
        """Connect, sign in, list what can be listed. Nothing is put: the network would send it on."""
        said, good = self._channel.options, True
        for folder in dict.fromkeys(one for one in (said["we_get"], said["reports"]) if one) or [said["we_put"]]:
            inner = self._open(folder, None)
            for probe in inner.probes():
                good = good and probe.good
                yield probe
            inner.close()
        if said["we_put"] and good:
            yield Probe("put", True, f"not tried: the network would take a test file from {said['we_put']} and send it on")

    def close(self) -> None:
        """End the connection."""
        self._inner.close()


class _Counted:
    """A stream that knows how much went through."""

    def __init__(self, into: BinaryIO):
        self._into = into
        self.count = 0

    def write(self, block: bytes) -> int:
        self.count += len(block)
        return self._into.write(block)

    def flush(self) -> None:
        self._into.flush()
