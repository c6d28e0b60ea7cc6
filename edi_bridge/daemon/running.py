"""The life of the daemon: repaired at its start, in rounds while it runs, ended in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from edi_bridge.alarming import Telling, declared
from edi_bridge.clock import Clock, Steadiness
from edi_bridge.daemon.backlog import Backlog
from edi_bridge.daemon.configuration import Configuration, Current, Loading
from edi_bridge.daemon.crowd import Crowd
from edi_bridge.daemon.daily import Daily
from edi_bridge.daemon.delivering import Delivering
from edi_bridge.daemon.expiring import Expiring
from edi_bridge.daemon.figures import Figures, Watched
from edi_bridge.daemon.handing_over import HandingOver
from edi_bridge.daemon.inheriting import Inherited
from edi_bridge.daemon.logs import Troubles, log
from edi_bridge.daemon.outgoing import Outgoing
from edi_bridge.daemon.polling import Polling
from edi_bridge.daemon.posting import Posting
from edi_bridge.daemon.purging import Purging
from edi_bridge.daemon.rota import Rota
from edi_bridge.daemon.sole import Sole
from edi_bridge.daemon.summary import Summary
from edi_bridge.daemon.watching import Watching, guarded_look
from edi_bridge.database import Database
from edi_bridge.dispatch import install
from edi_bridge.engine.guard import Failure, guarded
from edi_bridge.engine.resuming import go_on
from edi_bridge.fault import Fault, TransientFault
from edi_bridge.secret import Secrets
from edi_bridge.settings import Settings
from edi_bridge.store import alarm, channel_state, outbox
from edi_bridge.store.outbox import Entry

ROUND, LEAST = 0.5, 0.05  # seconds between two rounds: at most, and where a rehearsal's clock runs faster
FILES, FOLDERS, LEDGER, WATCH, SWEEP = 2.0, 1.0, 15.0, 60.0, 3600.0  # seconds between two looks
SOON = 5.0  # the same after one that the database did not let through
OLD = 60.0  # seconds after which a half-written file of the archive is nobody's
PATIENCE = 25.0  # seconds in which everything must have ended
AWAKE = 1.0  # seconds after which the main thread looks up: a signal that another thread got wakes nobody, and is obeyed only by this one
POLLS = 8.0  # seconds for polls: what was fetched and not committed by then is still at the partner, or noted


class Daemon:
    """One for a home (`HomeLock`) and for a database (`Sole`). ConfigFault when the home cannot be used."""

    def __init__(self, settings: Settings, database: Database, secrets: Secrets, clock: Clock, sole: Sole | None = None):
        self.settings, self.database, self.secrets, self.clock, self.sole = settings, database, secrets, clock, sole
        self._taken = ""
        self.inherited = Inherited(database)
        if settings.workers:
            install(database)
        self.stopping = threading.Event()
        self.troubles, self.figures, self.backlog = Troubles(), Figures(), Backlog(settings.most_waiting, elsewhere=settings.workers)
        self.handing = HandingOver(database, clock, self.troubles, settings.most_waiting) if settings.workers else None
        loading = Loading(settings, database, clock, lenient=True, may_send=self._held)
        self.current = Current(loading, loading.load())
        self.backlog.priority = lambda name: self.current.now.priority(name)
        self.archive = loading.archive
        self.posting = Posting(database, self.current, self.backlog, self.figures, self.troubles, self.stopping, self._look_for_answers)
        ways = declared(settings.alarms, str(settings.file), settings.home)
        telling = Telling(ways, database, secrets, str(settings.home), clock.text, self.troubles)
        expiring = Expiring(secrets, self.troubles, self._certificates(), settings.expiry_days)
        self.watching = Watching(settings.home, database, self.current, secrets, self.troubles, clock, settings.least_room, expiring, telling)
        self.daily = Daily(database, clock)
        self.purging = Purging(settings.purge, settings.home, database, self.current, self.archive, clock, self._over)
        self.polling = Polling(database, self.current, self.backlog, self.figures, self.troubles, secrets, clock, self._wanted, expiring.saw)
        self.delivering = Delivering(database, self.current, self.figures, self.troubles, secrets, clock,
                                     lambda: self.stopping.is_set() or not self._held(), expiring.saw)
        self.outgoing = Outgoing(settings.home / "outgoing", database, self.current, self.posting, self.figures, self.troubles,
                                 self.stopping.is_set)
        self.rota = Rota(self.polling, clock, self.troubles)
        self._known = self.current.now.channels
        self._sends = Crowd("send")  # by the names of channels
        self._answers = threading.Event()
        self._files_waited: bool | None = None
        self._steady = Steadiness(clock, clock.rate)

    # --- for ever ---------------------------------------------------------------------------------------------------

    def run(self) -> bool:
        """Until `stopping` is set (by a signal). Whether everything ended in order. TransientFault when another daemon has taken the
        database over."""
        self._repair()
        self._thread("lock", self._watch_lock)
        threads = [self._thread(name, work) for name, work in (("posting", self.posting.run), ("rounds", self._rounds),
                                                               ("outgoing", self._outgoing), ("watching", self._watching),
                                                               ("daily", self._daily))]
        good = False
        try:
            with self._served():
                polled, waiting = len(self.rota), self.backlog.waiting()[0]
                log.info("edi-bridge runs: %d channel%s polled, %d receipt%s to be posted", polled, " is" if polled == 1 else "s are",
                         waiting, " is" if waiting == 1 else "s are")
                while not self.stopping.wait(AWAKE):
                    pass
                log.info("edi-bridge ends: what is in hand is finished, or given back")
                self._wake()
        finally:  # also where it cannot listen
            self.stop()
            self._wake()
            good = self._ended(threads)
        if self._taken:
            raise TransientFault(self._taken)
        return good

    def stop(self) -> None:
        """End in good order. From any thread; not from a signal handler, which may have interrupted who waits for it."""
        self.stopping.set()

    def _wake(self) -> None:
        self._answers.set()
        self.backlog.wake()

    def _repair(self) -> None:
        """What the last daemon left, however it ended."""
        taken = self.current.now.fetching.recover()
        if taken:
            log.info("%d file%s that the last run had fetched and not stored", len(taken), "" if len(taken) == 1 else "s")
        self._sweep()
        self.inherited.begin()
        self._go_on()
        self.posting.reload()
        self._tell_files()
        with self.database.read() as connection:
            known = {one.name: one for one in channel_state.all_of(connection)}
        for channel in self.current.now.polled():
            self.rota.plan(channel, known[channel.name].next_at if channel.name in known else "")

    def _sweep(self) -> None:
        removed = self.archive.sweep(time.time() - OLD)
        if removed:
            log.info("%d half-written file%s removed from the archive", removed, " was" if removed == 1 else "s were")

    @staticmethod
    def _thread(name: str, work: Callable[[], object]) -> threading.Thread:
        thread = threading.Thread(target=work, name=f"edi-bridge {name}", daemon=True)
        thread.start()
        return thread

    def _ended(self, threads: list[threading.Thread]) -> bool:
        begun = time.monotonic()
        self._sends.drop()
        threads = [*threads, *self.rota.end(), *self._sends.threads()]
        for thread in threads:
            patience = POLLS if " poll " in thread.name else PATIENCE
            thread.join(max(0.0, begun + patience - time.monotonic()))
        left = [thread.name for thread in threads if thread.is_alive()]
        self.rota.close()
        if left:
            log.warning("not waited for any longer: %s; the next start goes on with it", ", ".join(left))
        log.info("edi-bridge has ended")
        return not left

    # --- one daemon of a database ------------------------------------------------------------------------------------

    def _held(self) -> bool:
        """Whether we are the daemon of this database for sure."""
        return self.sole is None or self.sole.held()

    def _watch_lock(self) -> None:
        if self.sole is not None:
            self.sole.watch(lambda why: self.troubles.note("lock", f"nothing is fetched or sent until it is sure that no other daemon runs: {why}"),
                            lambda: self.troubles.over("lock", "this is the database's daemon again"), self._taken_over)

    def _taken_over(self, who: str) -> None:
        self._taken = f"while the database was not there for us, another daemon took over: {who}"
        log.error("%s", self._taken)
        self.stop()
        self._wake()

    # --- rounds -----------------------------------------------------------------------------------------------------

    def _rounds(self) -> None:
        looks = (("files", self._refresh, FILES), ("backlog", self.handing.look if self.handing else self.posting.look, LEDGER),
                 ("sweeping", self._sweep, SWEEP))
        next_at = [time.monotonic() + every for _, _, every in looks]
        while not self.stopping.is_set():
            self._guarded("database", self._round, "the database answers again")
            for number, (what, look, every) in enumerate(looks):
                if time.monotonic() >= next_at[number]:
                    next_at[number] = time.monotonic() + every
                    self._guarded(what, look)
            self._answers.wait(max(LEAST, ROUND / max(1.0, self.clock.rate)))
            self._answers.clear()

    def _guarded(self, what: str, work: Callable[[], object], over: str = "") -> None:
        """What must never end the daemon: a fault is told once, a mistake of ours with its place; and when it is `over`."""
        try:
            result = guarded(work, tries=1)
        except Fault as fault:
            self.troubles.note(what, str(fault))
            return
        if isinstance(result, Failure):
            self.troubles.note(what, f"a mistake of edi_bridge itself: {result.text}")
        else:
            self.troubles.over(what, over)

    def _round(self) -> None:
        """Threads for what is due."""
        jump = self._steady.jump()
        if jump:
            self.rota.clock_jumped()
            self.watching.clock_jumped(jump)
        self.inherited.look()
        if self._wanted():
            self.rota.poll_due(self._sends.busy())
        self.rota.look()
        taken = self._sends.busy() | self.rota.signed_in()
        if self._held():
            self._send(self.delivering.due(taken))

    def _send(self, due: Mapping[str, Sequence[Entry]]) -> None:
        """What is due goes out; when it is through there may be more."""
        for name, entries in due.items():
            self._sends.add(name, partial(self._sent, name, entries))
        self._sends.look()

    def _sent(self, name: str, entries: Sequence[Entry]) -> None:
        self.delivering.send(name, entries)
        self._answers.set()

    def _wanted(self) -> bool:
        """Whether anything new may be taken in."""
        return not self.stopping.is_set() and self._held() and (self.handing or self.backlog).room() and self.watching.room()

    def _look_for_answers(self) -> None:
        self._answers.set()

    # --- the home changes -------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Load what changed of the home; what is wrong with it is told, and the old state holds."""
        changed = self.current.refresh()
        self._tell_files()
        if not changed:
            return
        self._apply(self.current.now)
        self._go_on()
        log.info("partners, maps or lookups were changed: the new state holds (version %s)", self.current.now.force.version.short)

    def _go_on(self) -> None:
        """What waited while its agreement was paused, and is paused no more."""
        opened = [exchange for exchange, why in go_on(self.database, self.archive, self.current.now.catalog, self.clock.text) if not why]
        if opened:
            log.info("%d exchange%s that waited while paused go on", len(opened), "" if len(opened) == 1 else "s")
            (self.handing.look if self.handing else self.posting.look)()

    def _tell_files(self) -> None:
        """That files of the home are not in force, once; and once when all are."""
        what, sentence = "configuration", self.current.waiting
        if sentence:
            if self.troubles.note(what, sentence):
                with self.database.write() as connection:
                    alarm.raise_(connection, what, "home", sentence[:2000], self.clock.text())
        elif self.troubles.over(what) or self._files_waited is None:  # also what the last run told
            with self.database.write() as connection:
                alarm.clear(connection, what, "home", self.clock.text())
        self._files_waited = bool(sentence)

    def _apply(self, now: Configuration) -> None:
        """Channels that are new, other or gone. One that is another now need not rest any longer."""
        for name, said in now.channels.items():
            if self._known.get(name) != said:
                self.delivering.resting.over(name)
        self._known = now.channels
        self.rota.become(now.polled())

    # --- the other threads ------------------------------------------------------------------------------------------

    def _outgoing(self) -> None:
        first = True
        while not self.stopping.is_set():
            self.outgoing.poll(first)
            first = False
            flush = self.posting.submit(self._flushing())
            flush.wait()
            if flush.trouble is not None and not self.stopping.is_set():
                self.troubles.note("batches", f"records that wait for others cannot go out: {flush.trouble}")
            self.stopping.wait(FOLDERS)

    def _flushing(self) -> Iterator[None]:
        """Records that waited long enough for others go out."""
        if self.current.now.writing.flush():
            self._answers.set()
        yield

    def _watching(self) -> None:
        while not self.stopping.is_set():
            well = guarded_look(self.watching)
            self.stopping.wait((WATCH if well else SOON) / max(1.0, self.clock.rate))

    def _daily(self) -> None:
        while not self.stopping.is_set():
            self._guarded("daily", self.daily.look)
            if self._held():
                self._guarded("purging", self.purging.look, "what is older than its retention time can be removed again")
            self.stopping.wait(WATCH / max(1.0, self.clock.rate))
        self._guarded("daily", self.daily.tell_head)

    def _over(self, seconds: float) -> bool:
        """Wait; whether nothing more may be begun."""
        return self.stopping.wait(seconds) or not self._held()

    # --- our own server ---------------------------------------------------------------------------------------------

    def _certificates(self) -> tuple[Path, ...]:
        return (self.settings.listen_certificate,) if self.settings.listen_certificate else ()

    @contextmanager
    def _served(self) -> Iterator[None]:
        """While it runs, partners can post and health and figures can be asked for."""
        said = self.settings
        if not said.listen:
            yield
            return
        from edi_bridge.listening import Listening, Tls, door  # loads long: posting has begun by now

        watched = Watched(self.database, self.backlog, self.figures, self.troubles, self.clock)
        doors = [door(one, self.secrets) for one in self.current.now.channels.values() if one.served]
        host, _, port = said.listen.rpartition(":")
        tls = Tls(said.listen_certificate, said.listen_key, said.listen_authorities) if said.listen_certificate and said.listen_key else None
        spool = said.home / "spool"
        spool.mkdir(mode=0o700, exist_ok=True)
        token = self.secrets.get(said.metrics_token) if said.metrics_token else ""
        with Listening(doors, self.polling.take, watched.health, watched.metrics, spool=spool, host=host.strip("[]"), port=int(port), tls=tls,
                       metrics_token=token) as server:
            log.info("listens at %s: /health, /metrics%s", server.address, f", {len(doors)} places for posts" if doors else "")
            yield

    # --- once -------------------------------------------------------------------------------------------------------

    def once(self, patience: float = 3600.0) -> Summary:
        """Poll every channel once, post, answer, send what is due, look at the deadlines."""
        self._repair()
        self._thread("lock", self._watch_lock)
        thread = self._thread("posting", self.posting.run)
        if self._wanted():
            self.rota.poll_all()
            self.rota.look()
        self.outgoing.poll(True)
        self.posting.submit(self._flushing()).wait()
        self._until(lambda: self.rota.idle() and self.posting.idle(), patience)
        guarded_look(self.watching)  # what has waited long enough goes its way
        self.posting.look()
        self._until(self.posting.idle, patience)
        if self.handing:
            self._until(lambda: not self.handing or not self.handing.waiting(), patience)
        self._deliver_once(patience)
        if self.inherited.left():
            self._until(self.inherited.due, patience)
            self.inherited.look()
            self._deliver_once(patience)
        self._guarded("daily", self.daily.look)
        self._guarded("purging", self.purging.look)
        self.stop()
        self._wake()
        self._ended([thread])
        return self._summary()

    def _deliver_once(self, patience: float) -> None:
        while not self.stopping.is_set() and (due := self.delivering.due()):
            self._send(due)
            self._until(lambda: not self._sends.busy(), patience)

    def _until(self, over: Callable[[], bool], patience: float) -> None:
        until = time.monotonic() + patience
        while not over() and not self.stopping.is_set() and time.monotonic() < until:
            self.rota.look()
            self._sends.look()
            time.sleep(0.02)

    def _summary(self) -> Summary:
        told = self.figures
        with self.database.read() as connection:
            states = outbox.counts(connection)
        failing = self.rota.failing()
        failing += sorted({what.removeprefix("sending ") for what in self.troubles.all() if what.startswith("sending ")} - set(failing))
        return Summary(sum(told.receipts.values()), dict(told.messages), told.sent["sent"], told.refused + told.records["refused"], failing,
                       sum(states.get(state, 0) for state in outbox.OPEN))
