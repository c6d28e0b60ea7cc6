"""What waits in the outbox for one channel goes out, in a thread of its own; a server that is away is not asked a hundred times."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from edi_bridge.channel import Channel
from edi_bridge.clock import Clock
from edi_bridge.crashpoint import passing
from edi_bridge.daemon.configuration import Configuration, Current
from edi_bridge.daemon.figures import Figures
from edi_bridge.daemon.logs import Troubles, log
from edi_bridge.database import Database
from edi_bridge.engine.guard import Failure, guarded
from edi_bridge.engine.sending import FIRST_WAIT, IN_VAIN, NEVER, Sent, groups
from edi_bridge.fault import ChannelFault, ConfigFault, Fault, UntrustedFault
from edi_bridge.partner import PRIORITY, in_turns
from edi_bridge.rollout.stage import REFUSE, SEND
from edi_bridge.secret import Secrets
from edi_bridge.store import alarm, outbox
from edi_bridge.store.outbox import Entry
from edi_bridge.transport import open_transport
from edi_bridge.transport.contract import Certified

VAIN = {Sent.AGAIN, Sent.UNCERTAIN}
ALARMING = 3  # rests in succession after which somebody is told
LONGEST_REST = 600.0
AT_ONCE = 500  # entries that are looked at together


@dataclass(slots=True)
class Resting:
    """Channels that are left alone, because nothing could be sent through them: until when (monotonic), and how often that was."""

    until: dict[str, float] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)

    def begin(self, channel: str) -> None:
        """Leave it alone, each time longer."""
        times = self.times[channel] = self.times.get(channel, 0) + 1
        self.until[channel] = time.monotonic() + float(min(LONGEST_REST, FIRST_WAIT * 2 ** min(times - 1, 10)))

    def over(self, channel: str) -> None:
        """It works."""
        self.until.pop(channel, None)
        self.times.pop(channel, None)

    def rests(self, channel: str) -> bool:
        """Whether it is to be left alone now."""
        return self.until.get(channel, 0.0) > time.monotonic()


@dataclass(frozen=True, slots=True)
class Delivering:
    """Sends through channels. `stopping`: whether nothing more may be sent; `saw` is told the certificate that a channel's server showed."""

    database: Database
    current: Current
    figures: Figures
    troubles: Troubles
    secrets: Secrets
    clock: Clock
    stopping: Callable[[], bool]
    saw: Callable[[str, bytes], None] = lambda channel, certificate: None
    resting: Resting = field(default_factory=Resting)
    well: set[str] = field(default_factory=set)  # channels of which no alarm can be open

    def due(self, busy: Collection[str] = ()) -> dict[str, list[Entry]]:
        """What is to go out now, by channel, without those that are busy or rest: urgent partners first, in turns. What has no way is
        noted and told."""
        self.current.now.sending.catch_up()
        limit, urgent = AT_ONCE, [name for name, priority in self.current.now.priorities.items() if priority < PRIORITY]
        while True:
            with self.database.read() as connection:
                entries = outbox.due(connection, self.clock.text(), limit)
                more = len(entries) == limit
                if more and urgent:  # they do not wait behind a flood of others
                    known = {entry.id for entry in entries}
                    entries += [entry for entry in outbox.due(connection, self.clock.text(), limit, urgent) if entry.id not in known]
            found = self._ways(in_turns(entries, lambda entry: entry.partner, self.current.now.priority), busy)
            if found or not more:
                return found
            limit *= 8  # the oldest all wait for channels that rest: behind them may stand something for others

    def _ways(self, entries: Sequence[Entry], busy: Collection[str]) -> dict[str, list[Entry]]:
        now = self.current.now
        found: dict[str, list[Entry]] = {}
        for entry in entries:
            name = now.sending.channel_of(entry)
            if name in busy or self.resting.rests(name):
                continue
            if name not in now.channels:
                now.sending.no_channel(entry)
                self.troubles.note(f"no way to {entry.partner}", f"something for {entry.partner} waits, and no channel is there for it",
                                   partner=entry.partner)
            elif now.channels[name].test and not entry.test:
                self._refuse(entry, now.channels[name])
            elif (standing := now.sending.standing(entry)).then != SEND:
                if standing.then == REFUSE and entry.state == "waiting":
                    now.sending.hold(entry, standing.reason)
            else:
                found.setdefault(name, []).append(entry)
        return found

    def _refuse(self, entry: Entry, channel: Channel) -> None:
        """Live traffic never leaves by a channel for tests."""
        sentence = f"{entry.name} {entry.control} for {entry.partner} is live, and {channel.name} is a channel for tests"
        with self.database.write() as connection:
            outbox.mark(connection, entry.id, "failed", error=sentence)
            alarm.raise_(connection, "sending_failed", f"outbox {entry.id}", sentence, self.clock.text())
        log.error("%s", sentence, extra={"entry": entry.id})

    def send(self, name: str, entries: Sequence[Entry]) -> int:
        """Send entries through a channel, one after the other; how many went out. Nothing is raised."""
        now = self.current.now
        channel = now.channels.get(name)
        if channel is None:  # taken out of the home a moment ago
            return 0
        try:
            result = guarded(lambda: self._send(now, channel, entries), tries=1)
        except Fault as fault:
            self._in_vain(channel, str(fault), fault)
            return 0
        if isinstance(result, Failure):
            log.error("a mistake of edi_bridge itself\n%s", result.text, extra={"channel": name})
            self._in_vain(channel, f"a mistake of edi_bridge itself: {result.text.strip().splitlines()[-1]}")
            self._give_back({one.id: one.tries + 1 for one in entries})
            return 0
        return result

    def _send(self, now: Configuration, channel: Channel, entries: Sequence[Entry]) -> int:
        transport = open_transport(channel, self.secrets, passing)
        count = 0
        try:
            for group in groups(entries, transport):
                if self.stopping():
                    break
                became = now.sending.send_together(group, transport, channel)
                for entry, one in zip(group, became, strict=True):
                    self._tell(channel, entry, one)
                count += became.count(Sent.SENT)
                if len(became) >= IN_VAIN and set(became[-IN_VAIN:]) <= VAIN or set(became) <= VAIN:
                    self._in_vain(channel, next((why for one in reversed(group) if (why := self._why(one))), ""))
                    return count
        finally:
            if isinstance(transport, Certified):
                self.saw(channel.name, transport.certificate)
            transport.close()
        if count:
            self._works(channel)
        return count

    def _tell(self, channel: Channel, entry: Entry, became: Sent) -> None:
        self.figures.count(self.figures.sent, became.value)
        about = {"channel": channel.name, "entry": entry.id, "partner": entry.partner}
        if became is Sent.SENT:
            log.info("%s %s sent", entry.name, entry.control, extra=about)
        elif became is Sent.FAILED:
            log.error("%s %s cannot be sent: %s", entry.name, entry.control, self._why(entry), extra=about)
        elif became in VAIN and (why := self._why(entry)):
            self.troubles.note(f"sending {channel.name}", f"{entry.name} {entry.control} was not sent, it is tried again: {why}", **about)

    def _why(self, entry: Entry) -> str:
        with self.database.read() as connection:
            now = outbox.get(connection, entry.id)
        return now.error if now else ""

    def _in_vain(self, channel: Channel, why: str, fault: Fault | None = None) -> None:
        """It rests. Somebody is told when that comes again, and at once where it does not help itself."""
        self.resting.begin(channel.name)
        self.well.discard(channel.name)
        self.troubles.note(f"sending {channel.name}", f"nothing can be sent: {why}", channel=channel.name)
        kind, subject = ("trust", f"channel {channel.name}") if isinstance(fault, UntrustedFault) else ("channel", f"sending {channel.name}")
        if isinstance(fault, ChannelFault | ConfigFault) or self.resting.times[channel.name] >= ALARMING:
            self._noted(lambda connection: alarm.raise_(connection, kind, subject, f"nothing can be sent through {channel.name}: {why}", self.clock.text()))

    def _works(self, channel: Channel) -> None:
        self.resting.over(channel.name)
        self.troubles.over(f"sending {channel.name}", "sends again", channel=channel.name)
        if channel.name not in self.well:  # also of what the last run had raised
            self._noted(lambda connection: [alarm.clear(connection, kind, f"{subject} {channel.name}", self.clock.text())
                                            for kind, subject in (("channel", "sending"), ("trust", "channel"))])
            self.well.add(channel.name)

    def _give_back(self, begun: Mapping[int, int]) -> None:
        """After a mistake of ours: nobody is sending them any more."""
        self._noted(lambda connection: outbox.give_back(connection, NEVER, begun))

    def _noted(self, work: Callable[[Connection], object]) -> None:
        try:
            with self.database.write() as connection:
                work(connection)
        except Fault as fault:
            self.troubles.note("ledger", f"the ledger cannot be written: {fault}")
