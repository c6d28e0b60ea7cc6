"""The one thread that posts: receipts and our own records in turns, none of them for long while others wait.

The engine's work is a generator that stops between two commits. Small receipts come first and together; after each group of them
the large ones get a turn, one partner after another, so that a file of a gigabyte keeps nobody waiting and is not kept waiting
for ever either.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from edi_bridge.daemon.backlog import Backlog, One
from edi_bridge.daemon.configuration import Current
from edi_bridge.daemon.figures import Figures
from edi_bridge.daemon.logs import Troubles, log
from edi_bridge.database import Database
from edi_bridge.engine import Engine, ReceiptSummary
from edi_bridge.engine.guard import Failure, guarded
from edi_bridge.fault import ConfigFault, Fault, TerminalFault, TransientFault
from edi_bridge.store import ledger

TURN = 2.0  # seconds of a large receipt after which another one gets its turn
LARGE_AT_ONCE = 4  # large ones that take turns; each keeps a little memory
IDLE = 0.5
ENDING = 10.0  # seconds that what was begun may take when the program ends
LEAST_PAUSE = 1.0
END = object()

Steps = Iterator[Any]


@dataclass(slots=True)
class Running:
    """Receipts that are being posted together."""

    engine: Engine
    receipts: list[One]
    steps: Steps
    done: set[int] = field(default_factory=set)

    def left(self) -> list[int]:
        """Those that are not through."""
        return [receipt.id for receipt, _ in self.receipts if receipt.id not in self.done]


@dataclass(slots=True)
class Job:
    """Other work that must not run beside posting (it uses the same maps); `over` is set when it is done or has failed."""

    steps: Steps
    over: threading.Event = field(default_factory=threading.Event)
    trouble: Fault | None = None

    def wait(self) -> None:
        """Until it is over. In short turns: the main thread waits too (`run --once`), and obeys signals only when it looks up."""
        while not self.over.wait(1.0):
            pass


class Posting:
    """Runs in a thread of its own until `stopping` is set. `closed` is called when exchanges were closed: answers may wait."""

    def __init__(self, database: Database, current: Current, backlog: Backlog, figures: Figures, troubles: Troubles,
                 stopping: threading.Event, closed: Callable[[], None]):
        self._database, self._current, self._backlog = database, current, backlog
        self._figures, self._troubles, self._stopping, self._closed = figures, troubles, stopping, closed
        self._large: deque[Running] = deque()
        self._jobs: deque[Job] = deque()
        self._begun: list[int] = []  # begun and ended by a fault: that beginning does not count against them
        self._pause = 0.0
        self._look = self._busy = self._posted = self._ended = False

    # --- what others call -------------------------------------------------------------------------------------------

    def submit(self, steps: Steps) -> Job:
        """Other work to be done in turns with the receipts; over at once, with its trouble, when nothing is done any more."""
        job = Job(steps)
        self._jobs.append(job)
        if self._ended:  # nobody would ever take it
            self._give_up_jobs()
        self._backlog.wake()
        return job

    def reload(self) -> int:
        """What the ledger knows as unfinished and nobody has in hand; how many. Only before the thread runs, or in it."""
        with self._database.read() as connection:
            left, suspects = ledger.unfinished(connection), ledger.suspects(connection)
        known = {id for running in self._large for id in running.left()}
        self._backlog.alone |= suspects - known - set(self._begun)
        return self._backlog.add([(receipt, True) for receipt in left])

    def look(self) -> None:
        """Ask the ledger what is unfinished at the next turn."""
        self._look = True

    def idle(self) -> bool:
        """Whether nothing is left to be done."""
        return not (self._busy or self._posted or self._large or self._jobs or self._look or self._pause or self._backlog.waiting()[0])

    def run(self) -> None:
        """Until the end."""
        while not self._stopping.is_set():
            self._busy = True
            worked = self._guarded_turn()
            if not worked and self._posted:  # what was posted may have woken what waited for it
                self._posted, self._look = False, True
                continue
            self._busy = False
            if not worked:
                self._backlog.wait(IDLE, lambda: bool(self._jobs) or self._look)
        self._end()

    # --- turns ------------------------------------------------------------------------------------------------------

    def _guarded_turn(self) -> bool:
        """A turn; what stops it (a database that is away) is told once, and tried again after a while."""
        if time.monotonic() < self._pause:
            self._stopping.wait(min(LEAST_PAUSE, self._pause - time.monotonic()))
            return True
        result = guarded(self._turn, tries=1) if not self._pause else self._again()
        if isinstance(result, Failure):  # a mistake of ours outside of any receipt
            self._troubles.note("posting", f"a mistake of edi_bridge itself: {result.text.strip().splitlines()[-1]}\n{result.text}")
            self._pause = time.monotonic() + LEAST_PAUSE
            return True
        return result

    def _again(self) -> bool | Failure:
        """After a pause: what the fault left is taken from the ledger again."""
        self._pause = 0.0
        try:
            self._give_back(self._begun)
            self.reload()
        except TransientFault as fault:
            self._wait(fault)
            return True
        self._begun.clear()
        result = guarded(self._turn, tries=1)
        if not self._pause and not isinstance(result, Failure):  # reading goes well also while nothing can be written
            self._troubles.over("posting", "posting goes on")
        return result

    def _turn(self) -> bool:
        try:
            if self._look:
                self._look = False
                self.reload()
            return self._small_turn() | self._job_turn() | self._large_turn()
        except TransientFault as fault:
            self._wait(fault)
            return True

    def _wait(self, fault: TransientFault) -> None:
        self._troubles.note("posting", f"posting waits: {fault}")
        self._pause = time.monotonic() + max(LEAST_PAUSE, fault.wait)

    def _small_turn(self) -> bool:
        group = self._backlog.group()
        if not group:
            return False
        running = self._start(group)
        begun = time.monotonic()
        while self._step(running):
            if time.monotonic() - begun > TURN:  # many small ones can be much: others first
                self._large.append(running)
                break
        return True

    def _large_turn(self) -> bool:
        if len(self._large) < LARGE_AT_ONCE and (one := self._backlog.large()) is not None:
            self._large.append(self._start([one]))
        if not self._large:
            return False
        running = self._large[0]
        until = time.monotonic() + TURN
        while (more := self._step(running)) and time.monotonic() < until and not self._wanted_by_others():
            pass
        if not more:
            self._large.remove(running)
        elif time.monotonic() >= until or len(self._large) > 1:
            self._large.rotate(-1)
        return True

    def _wanted_by_others(self) -> bool:
        return self._backlog.has_small() or bool(self._jobs) or self._stopping.is_set()

    def _job_turn(self) -> bool:
        """A step of each of the other works."""
        for _ in range(len(self._jobs)):
            job = self._jobs.popleft()
            try:
                step = guarded(lambda job=job: next(job.steps, END), tries=1)  # type: ignore[misc]
            except Fault as fault:
                job.trouble, step = fault, END
            if isinstance(step, Failure):
                job.trouble, step = TerminalFault(step.text), END
            if step is END:
                job.over.set()
            else:
                self._jobs.append(job)
        return bool(self._jobs)

    # --- one step ---------------------------------------------------------------------------------------------------

    def _start(self, group: Sequence[One]) -> Running:
        engine = self._current.now.engine
        return Running(engine, list(group), engine.process(group))

    def _step(self, running: Running) -> bool:
        """One step of receipts; False when they are through, or were stopped by a fault (which is seen to)."""
        try:
            step = guarded(lambda: next(running.steps, END), tries=1)
        except TransientFault as fault:
            self._interrupted(running)
            raise fault
        except (ConfigFault, TerminalFault) as fault:
            self._refused(running, str(fault))
            return False
        if isinstance(step, Failure):
            self._refused(running, step.text)
            return False
        if step is END:
            self._backlog.done(running.left())
            self._posted = True
            self._closed()
            return False
        if isinstance(step, ReceiptSummary):
            self._through(running, step)
        return True

    def _through(self, running: Running, summary: ReceiptSummary) -> None:
        running.done.add(summary.id)
        self._backlog.done([summary.id])
        self._figures.posted(summary)
        tell(summary)

    def _interrupted(self, running: Running) -> None:
        """A fault that passes: what was begun is begun again from the ledger."""
        left = running.left()
        self._begun += left
        self._backlog.done(left)
        if running in self._large:
            self._large.remove(running)

    def _refused(self, running: Running, why: str) -> None:
        """Something that does not pass by itself: of several receipts each is done alone, a single one has failed."""
        self._interrupted(running)
        left = running.left()
        self._begun = [id for id in self._begun if id not in left]
        with self._database.write() as connection:
            ledger.released(connection, left)
            states = {one.id: one for one in ledger.unfinished(connection) if one.id in left}
            if len(running.receipts) == 1:
                for id in states:
                    running.engine.stop(connection, id, why)
        if len(running.receipts) == 1:
            log.error("%s cannot be posted: %s", running.receipts[0][0].name, why.strip().splitlines()[-1], extra={"receipt": left[0] if left else ""})
            self._figures.failed()
            return
        self._backlog.alone.update(states)
        self._backlog.add([(receipt, True) for receipt in states.values()])

    # --- the end ----------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        """What is nearly through is brought to its end; what takes longer is given back to the ledger, between two commits."""
        until = time.monotonic() + ENDING
        for running in self._large:
            while time.monotonic() < until and len(running.receipts) > 1 and self._ended_step(running):
                pass
            running.steps.close()  # type: ignore[attr-defined]
            self._begun += running.left()
        self._ended = True  # before the jobs are looked at: who submits one now looks at them himself
        self._give_up_jobs()
        try:
            self._give_back(self._begun)
        except Fault as fault:
            log.warning("what was begun could not be given back: %s", fault)

    def _give_up_jobs(self) -> None:
        with suppress(IndexError):
            while True:
                job = self._jobs.popleft()
                job.trouble = TransientFault("the program ends")
                job.over.set()

    def _ended_step(self, running: Running) -> bool:
        try:
            return self._step(running)
        except Fault:
            return False

    def _give_back(self, ids: Sequence[int]) -> None:
        if ids:
            with self._database.write() as connection:
                ledger.released(connection, ids)


def tell(summary: ReceiptSummary) -> None:
    """A line for each exchange of a receipt, or for one that has none."""
    if summary.reported is not None:
        log.info("the report %s says %d thing%s of what we sent", summary.name, summary.reported, "" if summary.reported == 1 else "s",
                 extra={"receipt": summary.id})
    elif not summary.exchanges:
        log.warning("nothing in %s can be read as a message", summary.name, extra={"receipt": summary.id})
    for one in summary.exchanges:
        counts = ", ".join(f"{count:,} {state}" for state, count in one.messages.items()) or "no messages"
        good = one.state in ("done", "duplicate") and one.verdict != "rejected"
        log.log(20 if good else 30, "%s is %s%s: %s", summary.name, one.state, f" ({one.outcome})" if one.outcome not in ("", "new") else "",
                counts, extra={"receipt": summary.id, "exchange": one.id})
