"""One poll of one channel, in a thread of its own, so that a server that hangs delays nobody else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO

from edi_bridge.channel import Channel
from edi_bridge.clock import Clock, written
from edi_bridge.crashpoint import passing
from edi_bridge.daemon.backlog import Backlog
from edi_bridge.daemon.configuration import Configuration, Current
from edi_bridge.daemon.figures import Figures
from edi_bridge.daemon.logs import Troubles, log
from edi_bridge.database import Database
from edi_bridge.engine import Incoming
from edi_bridge.engine.guard import Failure, guarded
from edi_bridge.fault import ConfigFault, Fault, TerminalFault, TransientFault, UntrustedFault
from edi_bridge.schedule import after_failure, interval, next_poll
from edi_bridge.secret import Secrets
from edi_bridge.store import alarm, channel_state
from edi_bridge.transport import open_transport
from edi_bridge.transport.contract import Certified, Transport

if TYPE_CHECKING:
    from edi_bridge.listening import Taken

KEPT_OPEN = 30.0  # seconds between polls up to which a connection stays open
ALARMING = 3  # failures in succession after which somebody is told
NOTES = 500  # that are remembered, so that each is told once


@dataclass(slots=True)
class Polled:
    """A channel between its polls. `due` is when it is polled next; `transport` is open where polls follow each other closely."""

    channel: Channel
    due: datetime
    transport: Transport | None = None
    failures: int = 0
    notes: set[str] = field(default_factory=set)
    rings: bool | None = None  # whether an alarm of it may be open; None: of the last run

    def close(self) -> None:
        """End the connection."""
        if self.transport is not None:
            self.transport.close()
            self.transport = None


@dataclass(frozen=True, slots=True)
class Polling:
    """Polls channels. `wanted`: whether anything may be fetched now (there is room, and the program does not end); `saw` is told the
    certificate that a channel's server showed."""

    database: Database
    current: Current
    backlog: Backlog
    figures: Figures
    troubles: Troubles
    secrets: Secrets
    clock: Clock
    wanted: Callable[[], bool]
    saw: Callable[[str, bytes], None] = lambda channel, certificate: None

    def poll(self, one: Polled) -> bool:
        """Fetch what waits, note how it went, and when it is next. Whether it went well; nothing is raised."""
        name, now = one.channel.name, self.clock()
        fresh = one.transport is None
        fault = self._fetched(one)
        if isinstance(fault, TransientFault) and not fresh:  # a connection that was kept open has died meanwhile: once more
            fault = self._fetched(one)
        one.failures = one.failures + 1 if fault is not None else 0
        try:
            one.due = after_failure(one.channel, now, one.failures) if fault is not None else next_poll(one.channel, now)
        except ConfigFault as wrong:  # its time zone
            fault, one.due = fault or wrong, datetime.max.replace(tzinfo=now.tzinfo)
        if fault is None:
            self.troubles.over(f"channel {name}", "works again", channel=name)
        elif self.wanted() or not isinstance(fault, TransientFault):
            self.figures.count(self.figures.failures, name)
            self.troubles.note(f"channel {name}", str(fault), channel=name)
        self._note(one, now, fault)
        return fault is None

    def _fetched(self, one: Polled) -> Fault | None:
        """What went wrong; None when all was fetched."""
        fault: Fault | None = None
        try:
            result = guarded(lambda: self._fetch(one), tries=1)
            if isinstance(result, Failure):
                fault = TerminalFault(f"a mistake of edi_bridge itself: {result.text.strip().splitlines()[-1]}")
                log.error("a mistake of edi_bridge itself\n%s", result.text, extra={"channel": one.channel.name})
        except Fault as raised:
            fault = raised
        every = interval(one.channel)
        if fault is not None or every is None or every > KEPT_OPEN:
            one.close()
        return fault

    def _fetch(self, one: Polled) -> None:
        if one.transport is None:
            one.transport = open_transport(one.channel, self.secrets, passing)
        name, count = one.channel.name, 0
        for taken in self.current.now.fetching.poll(one.channel, one.transport, self.wanted):
            self.figures.received(name, len(taken))
            self.backlog.add(taken)
            count += len(taken)
        if isinstance(one.transport, Certified):
            self.saw(name, one.transport.certificate)
        if count:
            log.info("%d file%s taken", count, "" if count == 1 else "s", extra={"channel": name})
        for note in one.transport.notes:
            if note not in one.notes:
                if len(one.notes) >= NOTES:
                    one.notes.clear()
                one.notes.add(note)
                log.warning("%s", note, extra={"channel": name})

    def _note(self, one: Polled, now: datetime, fault: Fault | None) -> None:
        """In the ledger. A failure that somebody must look at rings; a fault that helps itself rings when it goes on."""
        name, at = one.channel.name, written(now)
        sentence = str(fault) if fault is not None else ""
        try:
            with self.database.write() as connection:
                failures = channel_state.polled(connection, name, at, written(one.due), sentence[:1000])
                if fault is not None and (failures >= ALARMING or not isinstance(fault, TransientFault)):
                    kind = "trust" if isinstance(fault, UntrustedFault) else "channel"
                    alarm.raise_(connection, kind, f"channel {name}", f"{name} fails: {sentence}", at)
                elif fault is None and one.rings is not False:
                    for kind in ("channel", "trust"):
                        alarm.clear(connection, kind, f"channel {name}", at)
            one.rings = fault is not None
        except TransientFault as away:
            self.troubles.note("ledger", f"the ledger cannot be written: {away}")
            return
        self.troubles.over("ledger", "the ledger can be written again")

    def take(self, channel: str, name: str, stream: BinaryIO) -> Taken:
        """What a partner posts to us: durable, with its receipt, when this returns. TransientFault when nothing can be taken now."""
        from edi_bridge.listening import Taken

        if not self.wanted():
            raise TransientFault("too much is waiting", wait=30)
        now: Configuration = self.current.now
        said = now.catalog.channel_named(channel)
        blob = now.engine.archive.put(stream)
        taken = now.engine.receive([Incoming(blob, name or "post", channel, said.partner, "", "", said.test or None)])
        with self.database.write() as connection:
            channel_state.received(connection, channel, self.clock.text())
        self.figures.received(channel, 1)
        self.backlog.add(taken)
        receipt, joined = taken[0]
        return Taken(str(receipt.id), blob.sha256, "again" if joined else "new")
