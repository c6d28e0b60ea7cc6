"""What stands in the outbox goes out: begun in a commit, put, looked after where its end is not known, marked in another commit.

Wire delivery is at-least-once with the same bytes, the same name and the same control number. A process that dies between `begin`
and `mark` leaves an entry that is begun; whoever takes its place (`outbox.give_back`) looks at the partner before sending again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, BinaryIO, cast

from sqlalchemy import Connection

from edi_bridge.channel import Channel
from edi_bridge.clock import written
from edi_bridge.crashpoint import passing
from edi_bridge.database import Database
from edi_bridge.engine.stages import Stages
from edi_bridge.engine.entry_agreement import agreement_of, whose
from edi_bridge.fault import ChannelFault, ConfigFault, Fault, TerminalFault, TransientFault, UncertainFault
from edi_bridge.file_name import file_name
from edi_bridge.interchange import MessageType
from edi_bridge.partner import Agreement
from edi_bridge.rollout.stage import Departure, by_channel
from edi_bridge.store import alarm, outbox
from edi_bridge.store.archive import Archive
from edi_bridge.store.outbox import Entry
from edi_bridge.transport.contract import Presence, Together, Transport

FIRST_WAIT = 30.0  # seconds before the second try; each further one waits twice as long
LONGEST_WAIT = 3600.0
TRIES = 20  # about fourteen hours; then a person must look
IN_VAIN = 2  # attempts in succession that came to nothing, after which the partner is taken to be away
LEASE = 900.0  # seconds after which what is being sent would be looked after, had nobody given it back before
ENDINGS = {"edifact": ".edi", "x12": ".x12", "xml": ".xml", "csv": ".csv", "fixed": ".txt"}
ANSWERS = {"edifact": ("contrl", "aperak"), "x12": ("997", "999", "ta1", "824")}
Stored = tuple[bytes | None, str]  # what the row of an entry holds: bytes (None: in the archive), SHA-256
Note = Callable[[Connection], None]  # writes what became of an attempt
PUTS = ("put", "we_put", "url")  # the options that say where a channel puts
NEVER = "9999-12-31T00:00:00.000000Z"
TOGETHER = 16  # entries that share their commits …
PUT_TOGETHER = 64  # … and where a transport can put many for the cost of a few (`Together`), as long as they are small:
PUT_BYTES = 4_000_000


class Sent(Enum):
    """What became of one attempt."""

    SENT = "sent"
    AGAIN = "waiting"  # later
    UNCERTAIN = "uncertain"
    FAILED = "failed"
    TAKEN = "taken"  # by another process, or a person has changed it meanwhile


@dataclass(frozen=True, slots=True)
class Unnoted:
    """What became of entries and could not be written, because the database was away. It outlives a change of the home."""

    notes: list[Note] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class WhileOurs:
    """Bytes that go out only as long as it is ours to send them; then TransientFault, so that nothing is finished that another has
    taken over."""

    def __init__(self, content: BinaryIO, may: Callable[[], bool]):
        self._content, self._may = content, may

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        if not self._may():
            raise TransientFault("nobody can tell whether another daemon has taken over meanwhile")
        return self._content.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)


@dataclass(frozen=True, slots=True)
class Sending:
    """Sends entries of the outbox. `catalog` knows partners and channels; `unnoted` is what could not be written yet; `may`: whether it
    is still ours to send, asked while bytes go out."""

    database: Database
    archive: Archive
    catalog: Any
    clock: Callable[[], datetime]
    unnoted: Unnoted = field(default_factory=Unnoted)
    may: Callable[[], bool] = lambda: True

    def channel_of(self, entry: Entry) -> str:
        """By which channel an entry goes out; '' when none is agreed. The first attempt settles it."""
        if entry.channel:  # the agreement's, or the one of the first attempt
            return self._for_tests(entry, self.full_name(entry.partner, entry.channel))
        try:
            partner = self.catalog.partner_named(entry.partner)
        except ConfigFault:
            return ""
        name = (partner.answers_by if entry.kind == "answer" else "") or partner.send
        return self._for_tests(entry, self.full_name(entry.partner, name))

    def _for_tests(self, entry: Entry, name: str) -> str:
        """A test never leaves by a live channel: it goes by the partner's channel for tests, that of the same kind where there are
        several. '' when there is none."""
        known: Mapping[str, Channel] = self.catalog.channels
        if not entry.test or (name in known and known[name].test):
            return name
        tests = [one for one in known.values() if one.partner == entry.partner and one.test and any(one.options.get(key) for key in PUTS)]
        alike = [one for one in tests if name in known and one.kind == known[name].kind]
        return (alike or tests)[0].name if tests else ""

    def standing(self, entry: Entry) -> Departure:
        """What the stages say of an entry now: send, wait (paused), or refuse with the reason."""
        return Stages(self.catalog).of_entry(entry, lambda: self._types(entry))

    def _types(self, entry: Entry) -> list[MessageType]:
        """The messages in an entry, or those that it answers."""
        with self.database.read() as connection:
            return [MessageType(*one.split("/")) for one in outbox.types(connection, entry) if one.count("/") == 2]

    def hold(self, entry: Entry, why: str) -> None:
        """Its stage sends nothing of the kind any more: a person must decide."""
        with self.database.write() as connection:
            outbox.mark(connection, entry.id, "held", error=why)
            alarm.raise_(connection, "quarantine", f"outbox {entry.id}", f"{entry.name} {entry.control} for {entry.partner} is not sent: {why}", self._now())

    def full_name(self, partner: str, name: str) -> str:
        """`sftp` in a partner's file is `acme.sftp`; a channel of the company has no dot."""
        own = f"{partner}.{name}"
        return own if name and own in self.catalog.channels else name

    def no_channel(self, entry: Entry) -> None:
        """Nobody said by which way it goes: it waits, and somebody is told."""
        why = "no channel for tests is there (test: true), and tests leave by no other" if entry.test else "no channel for sending is agreed"
        with self.database.write() as connection:
            outbox.mark(connection, entry.id, "waiting", next_at=self._later(LONGEST_WAIT), error=why)
            alarm.raise_(connection, "sending_failed", f"partner {entry.partner}",
                         f"something for {entry.partner} waits, and {why}{'' if entry.test else ' (send: in its file)'}", self._now())

    def file_name(self, entry: Entry, channel: Channel) -> str:
        """What an entry is called at the partner, from its first attempt on: by the agreement's template, the channel's, or ours."""
        agreement = self._agreement(entry)
        ending = ENDINGS.get(entry.standard, ".edi")
        template = (agreement.names if agreement else "") or channel.options.get("names") or "{type}_{sender}_{control}_{number}" + ending
        moment = datetime.fromisoformat(entry.created_at)
        return file_name(template, {
            "type": entry.name.upper(), "sender": entry.sender, "receiver": entry.receiver, "control": entry.control,
            "time": moment.strftime("%Y%m%dT%H%M%SZ"), "account": channel.options.get("account") or "", "number": str(entry.id),
            "test": "T" if entry.test else "P"})

    def _agreement(self, entry: Entry) -> Agreement | None:
        try:
            partner = self.catalog.partner_named(entry.partner)
        except ConfigFault:  # taken out of the home since then: what is on its way goes it
            return None
        return agreement_of(partner, entry)

    def send(self, entry: Entry, transport: Transport, channel: Channel) -> Sent:
        """One attempt. What the transport says of the entry is noted; what it says of the whole way is raised, as ChannelFault or
        ConfigFault: then the entry waits as it did."""
        return self.send_together([entry], transport, channel)[0]

    def send_together(self, entries: Sequence[Entry], transport: Transport, channel: Channel) -> list[Sent]:
        """One attempt for each, in their order; what becomes of each. After two that came to nothing the others are left as they are:
        the partner is away.

        Where a transport lays many files down for the cost of a few (it can look for each of them, too), they are begun in one commit
        and marked in another. Elsewhere each is begun when the one before is through, in the commit that marks that one: whoever kills
        the program leaves one entry of which nobody knows. ChannelFault, ConfigFault as `send`; TransientFault when the database is
        away: what became of the entries is kept, and noted before anything else is sent (`catch_up`)."""
        self.catch_up()
        if any(by_channel(entry.test, channel.test) for entry in entries):
            return [self._failed(entry, f"it {wrong}") if (wrong := by_channel(entry.test, channel.test)) else
                    self.send_together([entry], transport, channel)[0] for entry in entries]
        group = isinstance(transport, Together) and len(entries) > 1
        return self._all_at_once(entries, transport, channel) if group else self._one_by_one(entries, transport, channel)

    def catch_up(self) -> None:
        """Note what became of entries while the database was away. TransientFault when it still is."""
        with self.unnoted.lock:
            while self.unnoted.notes:
                with self.database.write() as connection:
                    self.unnoted.notes[0](connection)
                self.unnoted.notes.pop(0)

    def _one_by_one(self, entries: Sequence[Entry], transport: Transport, channel: Channel) -> list[Sent]:
        became: list[Sent] = []
        put: list[Entry] = []
        try:
            for entry in entries:
                if self.unnoted.notes or not self.may() or became[-IN_VAIN:].count(Sent.AGAIN) == IN_VAIN:
                    became.append(Sent.AGAIN)
                    continue
                (begun,), contents = self._begin([entry], channel, put)
                became.append(Sent.TAKEN if begun is None else self._attempt(begun, contents[begun.id], transport, put, {}))
        finally:
            self._mark_sent(put)
        self.catch_up()
        return became

    def _all_at_once(self, entries: Sequence[Entry], transport: Transport, channel: Channel) -> list[Sent]:
        became: list[Sent] = []
        put: list[Entry] = []
        closed: Fault | None = None
        all_begun, contents = self._begin(entries, channel, [])
        tried = self._put_together([one for one in all_begun if one is not None and one.state == "sending"], contents, transport)
        for begun in all_begun:
            if begun is None:
                became.append(Sent.TAKEN)
            elif begun.id not in tried and (closed or became[-IN_VAIN:].count(Sent.AGAIN) == IN_VAIN):
                became.append(self._untried(begun, begun.error))
            else:
                try:
                    became.append(self._attempt(begun, contents[begun.id], transport, put, tried))
                except (ChannelFault, ConfigFault) as fault:
                    closed = fault
                    became.append(Sent.AGAIN)
        self._mark_sent(put)
        if closed is not None:
            raise closed
        self.catch_up()
        return became

    def _begin(self, entries: Sequence[Entry], channel: Channel, put: list[Entry]) -> tuple[list[Entry | None], dict[int, Stored]]:
        """Mark what was put before, and take these; None for one that another has, or that a person has changed meanwhile."""
        wanted = [(entry, entry.file_name or self.file_name(entry, channel)) for entry in entries]
        due, at = self._dues(put)
        with self.database.write() as connection:
            self._note_sent(connection, put, due, at)
            begun = outbox.begin(connection, wanted, channel.name, self._later(LEASE))
            contents = outbox.contents(connection, [one.id for one in begun if one is not None])
        if put:
            passing("sent_marked")
        put.clear()
        return begun, contents

    def _put_together(self, fresh: Sequence[Entry], contents: Mapping[int, Stored], transport: Transport) -> dict[int, Fault | None]:
        """How it went with each; None: well."""
        tried: dict[int, Fault | None] = {}
        if not isinstance(transport, Together):
            return tried
        with ExitStack() as opened:
            files = []
            for one in fresh:
                try:
                    files.append((one, opened.enter_context(outbox.opened(contents[one.id], self.archive, one.id))))
                except Fault as fault:
                    tried[one.id] = fault
            ends = transport.put_many([(one.file_name, content, one.size) for one, content in files])
            tried |= {one.id: end for (one, _), end in zip(files, ends, strict=True)}
        return tried

    def _attempt(self, begun: Entry, stored: Stored, transport: Transport, put: list[Entry], tried: Mapping[int, Fault | None]) -> Sent:
        """What goes out well is added to `put`, to be marked; everything else is marked at once. ChannelFault and ConfigFault after
        the entry was put back."""
        try:
            if begun.state == "uncertain" and (known := self._looked(begun, transport)) is not None:
                return known
            if begun.id not in tried:
                with outbox.opened(stored, self.archive, begun.id) as content:
                    transport.put(begun.file_name, cast(BinaryIO, WhileOurs(content, self.may)), begun.size)
            elif (end := tried[begun.id]) is not None:
                raise end
        except UncertainFault as fault:
            return self._uncertain(begun, transport, str(fault))
        except TransientFault as fault:
            return self._again(begun, str(fault))
        except (ChannelFault, ConfigFault) as fault:
            self._untried(begun, str(fault))
            raise
        except TerminalFault as fault:
            return self._failed(begun, str(fault))
        passing("sent")
        put.append(begun)
        return Sent.SENT

    def _untried(self, entry: Entry, why: str) -> Sent:
        """Nothing was tried with it, so it does not count as a try; the channel rests, not the entry."""
        state = "uncertain" if entry.state == "uncertain" else "waiting"
        self._mark(entry, state, error=why, tries=entry.tries - 1)
        return Sent.AGAIN

    def _looked(self, entry: Entry, transport: Transport) -> Sent | None:
        """What is known of an attempt whose end was not; None: it is not there, so it is sent now."""
        presence = transport.look(entry.file_name, entry.size)
        if presence is Presence.WHOLE:
            self._mark_sent([entry])
            return Sent.SENT
        return self._ask(entry) if presence is Presence.UNKNOWN else None

    def _uncertain(self, entry: Entry, transport: Transport, why: str) -> Sent:
        """Look at once; where that is not possible now, before the next attempt."""
        try:
            known = self._looked(entry, transport)
        except (TransientFault, TerminalFault, ConfigFault):
            known = None
            why = f"{why}; it could not be looked after either"
        if known is not None:
            return known
        self._mark(entry, "uncertain", next_at=self._later(self._wait(entry.tries)), error=why)
        return Sent.UNCERTAIN

    def _ask(self, entry: Entry) -> Sent:
        """Nobody but the partner can say: it is not sent again by itself."""
        sentence = (f"nobody can tell whether {entry.name} {entry.control} reached {entry.partner}: ask, then mark it as sent or"
                    " send it again (outbox resolve)")
        self._mark(entry, "uncertain", ("uncertain", sentence), next_at=NEVER, error="its end is not known, and the place cannot be looked at")
        return Sent.UNCERTAIN

    def _again(self, entry: Entry, why: str) -> Sent:
        if entry.tries >= TRIES:
            return self._ask(entry) if entry.state == "uncertain" else self._failed(entry, f"tried {entry.tries} times: {why}")
        state = "uncertain" if entry.state == "uncertain" else "waiting"
        self._mark(entry, state, next_at=self._later(self._wait(entry.tries)), error=why)
        return Sent.AGAIN

    def _failed(self, entry: Entry, why: str) -> Sent:
        self._mark(entry, "failed", ("sending_failed", f"{entry.name} {entry.control} cannot be sent to {entry.partner}: {why}"), error=why)
        return Sent.FAILED

    # --- what became of it, in the ledger ------------------------------------------------------------------------------

    def _mark(self, entry: Entry, state: str, rings: tuple[str, str] | None = None, **more: Any) -> None:
        """Note the end of an attempt, and ring: (kind, sentence)."""
        at = self._now()

        def note(connection: Connection) -> None:
            outbox.mark(connection, entry.id, state, begun=entry.tries, **more)
            if rings is not None:
                alarm.raise_(connection, rings[0], f"outbox {entry.id}", rings[1] + whose(self.catalog, entry), at)

        self._noted(note)

    def _mark_sent(self, entries: Sequence[Entry]) -> None:
        if entries:
            marked, (due, at) = list(entries), self._dues(entries)
            if self._noted(lambda connection: self._note_sent(connection, marked, due, at)):
                passing("sent_marked")

    def _noted(self, note: Note) -> bool:
        """Whether it stands in the ledger; else it is kept, since what is known of an attempt is not to be guessed again."""
        try:
            with self.database.write() as connection:
                note(connection)
        except TransientFault:
            self.unnoted.notes.append(note)
            return False
        return True

    def _dues(self, entries: Sequence[Entry]) -> tuple[list[tuple[int, str]], str]:
        """When each must be answered that was sent just now, and what time that is."""
        now = self.clock()
        return [(entry.id, self.due(entry, now)) for entry in entries], written(now)

    @staticmethod
    def _note_sent(connection: Connection, entries: Sequence[Entry], due: Sequence[tuple[int, str]], at: str) -> None:
        outbox.mark_sent(connection, due, at)
        for entry in entries:
            if entry.tries > 1:
                for kind in ("sending_failed", "uncertain"):
                    alarm.clear(connection, kind, f"outbox {entry.id}", at)

    def due(self, entry: Entry, sent: datetime) -> str:
        """When the first of its answers must be here, had it been sent then; '' when none is expected."""
        try:
            partner = self.catalog.partner_named(entry.partner)
        except ConfigFault:
            return ""
        if entry.kind != "document":
            return ""
        expecting = partner.expecting(self._agreement(entry))
        expected = [expecting[answer] for answer in ANSWERS.get(entry.standard, ()) if answer in expecting]
        return written(sent + timedelta(seconds=min(expected))) if expected else ""

    @staticmethod
    def _wait(tries: int) -> float:
        return float(min(FIRST_WAIT * 2 ** max(0, tries - 1), LONGEST_WAIT))

    def _now(self) -> str:
        return written(self.clock())

    def _later(self, seconds: float) -> str:
        return written(self.clock() + timedelta(seconds=seconds))


def groups(entries: Sequence[Entry], transport: Transport) -> Iterator[list[Entry]]:
    """Entries in the groups that share their commits (`Sending.send_together`), in their order."""
    most = PUT_TOGETHER if isinstance(transport, Together) else TOGETHER
    group: list[Entry] = []
    size = 0
    for entry in entries:
        if len(group) >= most or (len(group) >= TOGETHER and size + entry.size > PUT_BYTES):
            yield group
            group, size = [], 0
        group.append(entry)
        size += entry.size
    if group:
        yield group
