"""What nobody was told yet is told, by each way that wants it; what could not be told stays, and is tried again, each time later."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from edi_bridge.alarming.declared import Ways
from edi_bridge.database import Database
from edi_bridge.fault import Fault
from edi_bridge.secret import Secrets
from edi_bridge.store import alarm
from edi_bridge.store.alarm import Alarm

FIRST_WAIT, LONGEST_WAIT = 30.0, 3600.0  # seconds after a failure; each one waits twice as long as the one before
AT_ONCE = 100  # alarms that are told in one round
FRESH = timedelta(days=1)  # what was over before, and is older, is of no interest to anybody any more


class Said(Protocol):
    """Where troubles are told, once each (`daemon.logs.Troubles`)."""

    def note(self, what: str, sentence: str) -> bool:
        """Something is wrong with `what`."""

    def over(self, what: str, sentence: str = "") -> bool:
        """It is well again."""


@dataclass(slots=True)
class Telling:
    """Tells people. `home` names this installation in what they read; `now` is the time as the ledger writes it."""

    ways: Ways
    database: Database
    secrets: Secrets
    home: str
    now: Callable[[], str]
    troubles: Said
    monotonic: Callable[[], float] = time.monotonic
    _told: dict[str, set[int]] = field(default_factory=lambda: {"mail": set(), "webhook": set()})  # by a way, while another has not
    _rest: dict[str, tuple[float, int]] = field(default_factory=dict)  # way → (not before, failures)

    def tell(self) -> int:
        """Tell what is untold; how many alarms are told by every way now. TransientFault when the database is away."""
        if self.ways == Ways():
            return 0
        with self.database.read() as connection:
            waiting = alarm.untold(connection)
        over = [one.id for one in waiting if self._stale(one)]
        waiting = [one for one in waiting if one.id not in over][:AT_ONCE]
        for way, send in (("mail", self._mail), ("webhook", self._webhook)):
            todo = [one for one in waiting if self._wants(way, one) and one.id not in self._told[way]]
            if todo and self._rest.get(way, (0.0, 0))[0] <= self.monotonic():
                self._attempt(way, send(todo))
        done = [one.id for one in waiting if all(not self._wants(way, one) or one.id in told for way, told in self._told.items())]
        if done or over:
            with self.database.write() as connection:
                alarm.told(connection, [*done, *over], self.now())
            for told in self._told.values():
                told.difference_update(done)
        return len(done)

    def _stale(self, one: Alarm) -> bool:
        if not one.cleared_at and not one.acknowledged_at:
            return False
        return datetime.fromisoformat(self.now()) - datetime.fromisoformat(one.raised_at) > FRESH

    def _wants(self, way: str, one: Alarm) -> bool:
        said = getattr(self.ways, way)
        return said is not None and (not said.kinds or one.kind in said.kinds)

    def _attempt(self, way: str, steps: Iterator[Sequence[int]]) -> None:
        what = f"alarms by {way}"
        try:
            for ids in steps:
                self._told[way].update(ids)
        except Fault as fault:
            failures = self._rest.get(way, (0.0, 0))[1] + 1
            self._rest[way] = (self.monotonic() + min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(failures - 1, 10)), failures)
            self.troubles.note(what, f"nobody is told by {way}, it is tried again: {fault}")
            return
        self._rest.pop(way, None)
        self.troubles.over(what, f"people are told by {way} again")

    def _mail(self, alarms: Sequence[Alarm]) -> Iterator[Sequence[int]]:
        """One mail for all, so that a bad night is not a hundred mails."""
        from edi_bridge.alarming.sending import PartlyRefused, send_mail  # loads long, and a daemon must soon be back at work

        assert self.ways.mail is not None
        try:
            send_mail(self.ways.mail, self.secrets, alarms, self.home)
        except PartlyRefused as refused:
            self.troubles.note("receivers of mails", str(refused))
        yield [one.id for one in alarms]

    def _webhook(self, alarms: Sequence[Alarm]) -> Iterator[Sequence[int]]:
        from edi_bridge.alarming.sending import send_post

        assert self.ways.webhook is not None
        for one in alarms:
            send_post(self.ways.webhook, self.secrets, one, self.home)
            yield [one.id]
