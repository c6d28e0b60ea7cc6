"""A worker: fetches jobs, holds receipts and takes them through the engine, until it is told to end.

    event loop       procrastinate's worker: its jobs, its heartbeat
    one thread       the engine (`_post`), a receipt or up to 64 small ones at a time
    one thread       renews the leases every 5 seconds, and sweeps
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from edi_bridge.database import Database
from edi_bridge.dispatch import jobs, lease
from edi_bridge.engine import Engine, ReceiptSummary
from edi_bridge.engine.guard import Failure, guarded
from edi_bridge.fault import ConfigFault, Fault, TerminalFault, TransientFault
from edi_bridge.store import ledger
from edi_bridge.store.ledger import Receipt
from edi_bridge.store.state import UNFINISHED

log = logging.getLogger("edi_bridge")

RENEWED = 5.0  # seconds between two renewals, sweeps and heartbeats
TURN = 2.0  # seconds of a large receipt after which small ones get their turn
AWAY = 2.0  # seconds after which a database that is away is asked again
END = object()


def named() -> str:
    """A name that no other worker has: machine, process, and something of chance."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:6]}"


@dataclass(slots=True)
class Worker:
    """`engine`: the engine to be used now, asked before each piece of work (files of the home may have changed). `told`: what is
    done with the summary of each receipt."""

    database: Database
    engine: Callable[[], Engine]
    told: Callable[[ReceiptSummary], None] = lambda summary: None
    strides: Callable[[], Mapping[str, int]] = dict  # how far apart the turns of partners are, by name
    name: str = field(default_factory=named)
    stopping: threading.Event = field(default_factory=threading.Event)
    posted: int = 0  # receipts that are through
    failed: int = 0
    _held: set[int] = field(default_factory=set)
    _lost: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _sure: float = field(default_factory=time.monotonic)  # when the leases were last known to hold
    _away: str = ""

    # --- its life ---------------------------------------------------------------------------------------------------

    def run(self, *, once: bool = False) -> None:
        """Until `stop`; with `once` until no job waits."""
        beating = threading.Thread(target=self._beat, name="edi-bridge leases", daemon=True)
        self._sweep()
        beating.start()
        try:
            asyncio.run(self._work(once))
        finally:
            self.stopping.set()
            beating.join(RENEWED)

    def stop(self) -> None:
        """End in good order: what is in hand is given back between two commits. From any thread."""
        self.stopping.set()

    async def _work(self, once: bool) -> None:
        """procrastinate's worker, begun anew when the database was away."""
        from procrastinate import exceptions

        while not self.stopping.is_set():
            try:
                await self._serve(once)
                if once:
                    return
            except (exceptions.ConnectorException, OSError) as error:
                self._note_away(f"the database does not answer: {str(error.__cause__ or error).strip().splitlines()[0]}")
                await asyncio.sleep(AWAY)

    async def _serve(self, once: bool) -> None:
        import procrastinate

        app = procrastinate.App(connector=procrastinate.PsycopgConnector(
            conninfo=self._conninfo(), min_size=1, max_size=4, kwargs={"application_name": "edi-bridge worker", "connect_timeout": 10,
                                                                          "options": "-c synchronous_commit=off"}))

        @app.task(name=jobs.TASK, queue=jobs.QUEUE)
        async def post(receipt: int) -> None:
            await asyncio.to_thread(self._post, receipt)

        async with app.open_async():
            serving = asyncio.create_task(app.run_worker_async(
                queues=[jobs.QUEUE], name=self.name, concurrency=1, wait=not once, delete_jobs="always", install_signal_handlers=False,
                fetch_job_polling_interval=RENEWED, update_heartbeat_interval=RENEWED, stalled_worker_timeout=2.0 * jobs.GONE))
            watching = asyncio.create_task(self._until_stopped())
            await asyncio.wait({serving, watching}, return_when=asyncio.FIRST_COMPLETED)
            watching.cancel()
            if not serving.done():
                serving.cancel()
            try:
                await serving
            except asyncio.CancelledError:
                if not self.stopping.is_set():
                    raise

    async def _until_stopped(self) -> None:
        while not self.stopping.is_set():
            await asyncio.sleep(0.1)

    def _conninfo(self) -> str:
        return self.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def _note_away(self, sentence: str) -> None:
        """Tell once that the database is away ('': that it is back)."""
        if sentence and not self._away:
            log.warning("%s; tried again until it does", sentence)
        elif self._away and not sentence:
            log.info("the database answers again")
        self._away = sentence

    # --- leases -----------------------------------------------------------------------------------------------------

    def _beat(self) -> None:
        while not self.stopping.wait(RENEWED):
            self._renew()
            self._sweep()
        while self._held and time.monotonic() - self._sure < lease.HELD:  # what is brought to its end is still ours
            time.sleep(0.5)
            if time.monotonic() - self._sure > RENEWED:
                self._renew()

    def _renew(self) -> None:
        with self._lock:
            held = set(self._held)
        try:
            if held:
                with self.database.write() as connection:
                    lease.need_not_last(connection)
                    still = lease.renew(connection, self.name, sorted(held))
                with self._lock:
                    self._lost |= (held - still) & self._held
            self._sure = time.monotonic()
            self._note_away("")
        except Fault as fault:
            self._note_away(str(fault))

    def _sweep(self) -> None:
        try:
            with self.database.write() as connection:
                lease.need_not_last(connection)
                found = jobs.sweep(connection, self.engine().now())
            if found:
                log.info("%d deliver%s that nobody had in hand", found, "y" if found == 1 else "ies")
        except TransientFault as fault:
            self._note_away(str(fault))

    def _ours(self, receipts: Sequence[Receipt]) -> bool:
        """Whether we may go on with them."""
        with self._lock:
            return not self._lost.intersection(one.id for one in receipts) and time.monotonic() - self._sure < lease.HELD

    def _claim(self, receipt: int | None) -> list[Receipt]:
        with self.database.write() as connection:
            lease.need_not_last(connection)
            taken = lease.claim(connection, self.name, receipt, self.strides())
        with self._lock:
            if not self._held:
                self._sure = time.monotonic()
            self._held |= {one.id for one in taken}
            self._lost -= {one.id for one in taken}
        return taken

    def _let_go(self, receipts: Sequence[Receipt], begun: Sequence[int] = ()) -> None:
        """They are nobody's again; the beginning of those that are `begun` and not through counts for nothing against them."""
        ids = [one.id for one in receipts]
        with self._lock:
            self._held -= set(ids)
            self._lost -= set(ids)
        with self.database.write() as connection:
            lease.need_not_last(connection)
            back = sorted(lease.renew(connection, self.name, begun)) if begun else []
            ledger.released(connection, back)
            lease.give_back(connection, self.name, ids)
            jobs.defer(connection, back)

    # --- work -------------------------------------------------------------------------------------------------------

    def _post(self, receipt: int) -> None:
        """What a job asks for. A fault that passes leaves the rest to the sweep."""
        if self.stopping.is_set():
            return
        try:
            taken = self._claim(receipt)
            if taken:
                self._through(taken)
        except TransientFault as fault:
            self._note_away(str(fault))
            self.stopping.wait(AWAY)

    def _through(self, taken: Sequence[Receipt]) -> None:
        """Take receipts through the engine. What is wrong with one of several is found by doing each alone."""
        left = {one.id for one in taken}
        try:
            wrong = self._steps(self.engine(), taken, left)
        except TransientFault:
            self._let_go_quietly(taken, sorted(left))
            raise
        if not wrong:
            self._let_go(taken, sorted(left))
            return
        with self.database.write() as connection:
            ledger.released(connection, sorted(left))
        if len(taken) == 1:
            self._refuse(taken[0], wrong)
            self._let_go(taken)
            return
        self._let_go([one for one in taken if one.id not in left])
        for one in ledger_rows(self.database, sorted(left)):
            self._through([one])

    def _let_go_quietly(self, taken: Sequence[Receipt], begun: Sequence[int]) -> None:
        """Where the database is away their time runs out instead."""
        try:
            self._let_go(taken, begun)
        except TransientFault as fault:
            self._note_away(str(fault))

    def _steps(self, engine: Engine, taken: Sequence[Receipt], left: set[int]) -> str:
        """Every step of the engine; what is through is taken out of `left`. What went wrong, '' when nothing did: then what is left
        was given up between two commits, because we are told to end or another has taken it."""
        steps: Any = engine.process([(one, True) for one in taken])
        since = time.monotonic()
        while True:
            try:
                step = guarded(lambda: next(steps, END), tries=1)
            except (ConfigFault, TerminalFault) as fault:
                return str(fault)
            if isinstance(step, Failure):
                return step.text
            if step is END:
                return ""
            if isinstance(step, ReceiptSummary):
                left.discard(step.id)
                self.posted += 1
                self.told(step)
            elif self.stopping.is_set() or not self._ours(taken):
                steps.close()
                return ""
            elif taken[0].size > lease.SMALL and time.monotonic() - since > TURN:
                self._small_ones()
                since = time.monotonic()

    def _small_ones(self) -> None:
        """In the middle of a large receipt: the small ones that wait."""
        if taken := self._claim(None):
            self._through(taken)

    def _refuse(self, receipt: Receipt, why: str) -> None:
        log.error("%s cannot be posted: %s", receipt.name, why.strip().splitlines()[-1], extra={"receipt": receipt.id})
        self.failed += 1
        with self.database.write() as connection:
            self.engine().stop(connection, receipt.id, why)


def ledger_rows(database: Database, receipts: Sequence[int]) -> list[Receipt]:
    """The receipts as they are now."""
    with database.read() as connection:
        return [one for one in ledger.by_ids(connection, receipts) if one.state in UNFINISHED]
