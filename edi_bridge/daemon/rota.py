"""Which channels are polled, when each is due, and the threads that poll them."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from edi_bridge.channel import Channel
from edi_bridge.clock import Clock
from edi_bridge.daemon.crowd import Crowd
from edi_bridge.daemon.logs import Troubles
from edi_bridge.daemon.polling import Polled, Polling
from edi_bridge.fault import ConfigFault
from edi_bridge.schedule import first_poll

ONE_SESSION = ("van",)  # kinds whose servers seldom let one account sign in twice: polls and deliveries take turns


@dataclass(slots=True)
class Rota:
    """The channels that are polled, by name; each has one poll at a time."""

    polling: Polling
    clock: Clock
    troubles: Troubles
    _channels: dict[str, Polled] = field(default_factory=dict)
    _crowd: Crowd = field(default_factory=lambda: Crowd("poll"))

    def __len__(self) -> int:
        return len(self._channels)

    def plan(self, channel: Channel, next_at: str = "") -> None:
        """Poll a channel from now on, first at the time that was kept of it."""
        planned = datetime.fromisoformat(next_at) if next_at else None
        try:
            self._channels[channel.name] = Polled(channel, first_poll(channel, self.clock(), planned))
        except ConfigFault as fault:
            self.troubles.note(f"channel {channel.name}", str(fault), channel=channel.name)

    def become(self, channels: Iterable[Channel]) -> None:
        """Poll these from now on, and no others. What goes on is brought to its end."""
        wanted = {channel.name: channel for channel in channels}
        for name, one in list(self._channels.items()):
            if wanted.get(name) != one.channel:
                del self._channels[name]
                self._crowd.drop(name)
                if not self._crowd.goes_on(name):
                    one.close()
        for name, channel in wanted.items():
            if name not in self._channels:
                self.plan(channel)

    def clock_jumped(self) -> None:
        """Nothing is due later than from now on."""
        for one in self._channels.values():
            one.due = min(one.due, first_poll(one.channel, self.clock(), None))

    def poll_due(self, sending: Collection[str]) -> None:
        """Ask for a poll of what is due, and of whose account nothing is being sent."""
        now = self.clock()
        for one in list(self._channels.values()):
            if one.due <= now and not (one.channel.kind in ONE_SESSION and one.channel.name in sending):
                self._crowd.add(one.channel.name, partial(self.polling.poll, one))

    def poll_all(self) -> None:
        """Ask for a poll of each, due or not."""
        for one in self._channels.values():
            self._crowd.add(one.channel.name, partial(self.polling.poll, one))

    def look(self) -> None:
        """Begin what was asked for, as far as there is room."""
        self._crowd.look()

    def idle(self) -> bool:
        """Whether no poll goes on or waits."""
        return not self._crowd.busy()

    def signed_in(self) -> set[str]:
        """The channels that are being polled and let nobody sign in twice."""
        return {name for name in self._crowd.busy() if name in self._channels and self._channels[name].channel.kind in ONE_SESSION}

    def failing(self) -> list[str]:
        """The channels whose last poll failed."""
        return sorted(one.channel.name for one in self._channels.values() if one.failures)

    def end(self) -> list[threading.Thread]:
        """Begin no more polls; the threads of those that go on."""
        self._crowd.drop()
        return self._crowd.threads()

    def close(self) -> None:
        """End the connections that nobody uses."""
        for one in self._channels.values():
            if not self._crowd.goes_on(one.channel.name):
                one.close()
