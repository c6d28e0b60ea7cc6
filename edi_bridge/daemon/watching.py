"""What nobody notices by itself: answers that are overdue, partners that are silent, keys that end, a disk that fills."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from edi_bridge.alarming import Telling
from edi_bridge.clock import Clock, written
from edi_bridge.daemon.configuration import Current
from edi_bridge.daemon.expiring import Expiring
from edi_bridge.daemon.logs import Troubles, log
from edi_bridge.database import Database
from edi_bridge.engine import network
from edi_bridge.engine.entry_agreement import whose
from edi_bridge.engine.sending import LONGEST_WAIT, NEVER
from edi_bridge.fault import Fault
from edi_bridge.partner import Agreement, Partner, Silence
from edi_bridge.rollout.stage import may_follow
from edi_bridge.schedule import last_window
from edi_bridge.secret import Secrets
from edi_bridge.store import alarm, message, outbox, waiting

WATCH = "the live watch"  # who pauses, in the audit log
SCARCE = 5  # times the least room: from here on somebody is told


@dataclass(slots=True)
class Watching:
    """Looks round once a minute, in a thread that may wait for the database. `least_room`: bytes of disk below which nothing new is
    taken in."""

    home: Path
    database: Database
    current: Current
    secrets: Secrets
    troubles: Troubles
    clock: Clock
    least_room: int
    expiring: Expiring
    telling: Telling | None = None  # tells people of alarms, beside the log
    _told: int = -1  # the newest alarm that stood in the log
    _well: set[tuple[str, Silence, str]] = field(default_factory=set)  # windows in which something came

    def look(self) -> None:
        """Everything once. TransientFault when the database is away."""
        now = self.clock()
        with self.database.write() as connection:
            waiting.wake_expired(connection, written(now))
            self._overdue(connection, now)
            network.tell_overdue(connection, self.current.now.catalog, now, written(now))
            for partner in self.current.now.catalog.partners:
                for rule in partner.silence:
                    self._silence(connection, partner, rule, now)
            self._disk(connection, now)
            self.expiring.look(connection, self.current.now.catalog, now)
        self._traffic(now)
        self._tell()
        if self.telling is not None:
            self.telling.tell()

    def room(self) -> bool:
        """Whether the disk has room for new work; told once when it has not."""
        free = shutil.disk_usage(self.home).free
        if free < self.least_room:
            self.troubles.note("room", f"less than {_bytes(self.least_room)} of disk are left: nothing is taken in until there are more")
            return False
        self.troubles.over("room", "the disk has room again")
        return True

    def clock_jumped(self, seconds: float) -> None:
        """Tell of it."""
        sentence = f"the clock of this machine jumped {'forward' if seconds > 0 else 'back'} by {timedelta(seconds=abs(round(seconds)))}"
        log.warning("%s: polls are planned anew", sentence)
        with self.database.write() as connection:
            at = self.clock.text()
            alarm.clear(connection, "clock", "clock", at)
            alarm.raise_(connection, "clock", "clock", sentence, at)
            if seconds < 0:
                outbox.not_later(connection, written(self.clock() + timedelta(seconds=LONGEST_WAIT)), NEVER)

    # --- one by one -------------------------------------------------------------------------------------------------

    def _traffic(self, now: datetime) -> None:
        """What came has for the first time, and how much of it is refused."""
        from edi_bridge.onboarding import watching  # traces are made for it: a daemon must soon be back at work

        loaded = self.current.now
        for alert in watching.look(self.database, loaded.engine.archive, loaded.catalog, now):
            if alert.action == "pause" and may_follow(alert.agreement.stage, "paused"):
                self._pause(alert.partner.name, alert.agreement, alert.sentence)

    def _pause(self, partner: str, agreement: Agreement, why: str) -> None:
        """A rule of the agreement stops it; what comes is kept. Where that cannot be done now, the alarm stays, and a person does it."""
        from edi_bridge.onboarding.moving import Moving, Step

        try:
            Moving(self.home, self.database, WATCH, self.clock.text).move("pause", partner, [Step(partner, agreement, "paused")], why)
        except Fault as fault:
            self.troubles.note(f"pause {partner}", f"{partner} {agreement.direction} {agreement.message} was to be paused ({why}), and is not: {fault}",
                               partner=partner)

    def _overdue(self, connection: Connection, now: datetime) -> None:
        for entry in outbox.overdue(connection, written(now)):
            said = "has only said that it received" if entry.outcome == "received" else "has not answered"
            alarm.raise_(connection, "acknowledgement_overdue", f"outbox {entry.id}",
                         f"{entry.partner} {said} {entry.name} {entry.control}, sent {entry.sent_at[:16]}Z: due {entry.due_at[:16]}Z"
                         f"{whose(self.current.now.catalog, entry)}",
                         written(now))

    def _silence(self, connection: Connection, partner: Partner, rule: Silence, now: datetime) -> None:
        window = last_window(rule, now)
        if window is None:
            return
        key = (partner.name, rule, window.day.isoformat())
        if key in self._well:
            return
        about = f"{partner.name} {rule.message} by {rule.by} "
        subject, at = f"{about}{window.day}", written(now)
        came = any(rule.fits(one) for one in message.types_since(connection, partner.name, written(window.since)))
        for one in alarm.listing(connection):  # of earlier days: over, or this day's says it
            if one.kind == "silence" and one.subject.startswith(about) and (came or one.subject != subject):
                alarm.clear(connection, "silence", one.subject, at)
        if came:
            self._well = {one for one in self._well if one[:2] != key[:2]} | {key}
        elif window.by > now - timedelta(days=1):  # what was silent before anybody asked is not told
            alarm.raise_(connection, "silence", subject,
                         f"nothing of type {rule.message} came from {partner.name} on {window.day} by {rule.by} ({rule.zone})"
                         f"{partner.whose(one for one in partner.agreements if one.direction == 'in' and rule.fits(one.message))}", at)

    def _disk(self, connection: Connection, now: datetime) -> None:
        free = shutil.disk_usage(self.home).free
        if free < SCARCE * self.least_room:
            alarm.raise_(connection, "disk", "disk", f"{_bytes(free)} of disk are left for {self.home}", written(now))
        else:
            alarm.clear(connection, "disk", "disk", written(now))

    def _tell(self) -> None:
        """Each new alarm as a line of the log."""
        with self.database.read() as connection:
            listed = alarm.listing(connection)
        newest = max((one.id for one in listed), default=0)
        for one in reversed(listed):
            if one.id > self._told >= 0:
                log.warning("alarm (%s): %s", one.kind, one.sentence)
        if self._told < 0 and listed:
            log.warning("%d alarm%s open", len(listed), " is" if len(listed) == 1 else "s are")
        self._told = max(self._told, newest)


def guarded_look(watching: Watching) -> bool:
    """Look round; a database that is away is told once. Whether it was there."""
    try:
        watching.look()
    except Fault as fault:
        watching.troubles.note("watching", f"the ledger cannot be written: {fault}")
        return False
    watching.troubles.over("watching", "the ledger can be written again")
    return True


def _bytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
