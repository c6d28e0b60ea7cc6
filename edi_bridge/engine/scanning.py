"""The first pass over a receipt: each of its interchanges gets its row and its intake outcome, before anything is posted."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection

from edi_bridge.crashpoint import passing
from edi_bridge.database import Database
from edi_bridge.engine.guard import Failure, guarded
from edi_bridge.engine.intake import Intake
from edi_bridge.engine.sameness import digests
from edi_bridge.engine.work import Line, Work
from edi_bridge.fault import ConfigFault
from edi_bridge.finding import found
from edi_bridge.store import ledger, message
from edi_bridge.store.archive import Archive
from edi_bridge.store.intake import Place, Uncompared

INTAKE_BATCH = 64
KEPT = 256 * 1024  # bytes of a receipt up to which it is kept between its passes; 64 such share their commits at most
HELD = 64 * 1024  # bytes of a receipt up to which not its bytes are kept but what was read of them, which is larger
BREATH = 500  # messages of a first pass after which others get their turn


@dataclass(frozen=True, slots=True)
class Scanning:
    """Scans receipts. `path`, `strict`: see `Engine`."""

    database: Database
    archive: Archive
    catalog: Any
    path: Line
    taking_in: Intake
    strict: bool

    def scan(self, works: Sequence[Work]) -> Iterator[None]:
        """Each receipt's interchanges get their rows and intake outcomes, together where there are many small ones."""
        todo = [work for work in works if work.receipt.state == "received"]
        if len(todo) > 1:
            together = guarded(lambda: self._scan_together(todo))
            if together is None:
                return
        for work in todo:
            yield from self._scan_one(work)

    def _scan_together(self, works: Sequence[Work]) -> None:
        """All in one commit; a ConfigFault or a mistake of ours is left to who scans them one by one."""
        seen = [(work, list(self._scanned(work))) for work in works]

        def rest(connection: Connection) -> None:
            for work, scanned in seen:
                if not scanned:
                    self._nothing_inside(connection, work)
            ledger.set_receipts(connection, [work.receipt.id for work in works], "scanned")

        for _ in self._intake([(work, one) for work, scanned in seen for one in scanned if one is not None], rest):
            pass
        passing("scanned")

    def _scan_one(self, work: Work) -> Iterator[None]:
        steps = self._steps(work)
        try:
            while True:
                step = guarded(lambda: next(steps, True), tries=1)
                if isinstance(step, Failure):
                    self._fail(work, step.text)
                    return
                if step is True:
                    return
                yield None
        except ConfigFault as fault:  # an option or a file of the home is wrong: tried again with the same bytes
            self._fail(work, str(fault))
            raise

    def _steps(self, work: Work) -> Iterator[None]:
        seen = 0
        pending: list[Any] = []
        for one in self._scanned(work):
            if one is None:
                yield None
                continue
            seen += 1
            pending.append(one)
            if len(pending) >= INTAKE_BATCH:
                yield from self._commit_intake(work, pending)
                pending = []
                yield None
        yield from self._commit_intake(work, pending, seen)
        passing("scanned")

    def _scanned(self, work: Work) -> Iterator[Any]:
        receipt = work.receipt
        if receipt.size <= HELD:
            content = self.archive.content(receipt.sha256)
            held = self.path.held(content, self.catalog, partner=receipt.partner or None, map=receipt.map or None, test=receipt.test)
            work.kept = content if held is None else held
        with self.source(work) as source:
            yield from self.path.scanning(source, self.catalog, partner=receipt.partner or None, map=receipt.map or None, breath=BREATH, test=receipt.test)

    def source(self, work: Work) -> AbstractContextManager[Any]:
        """The bytes of a receipt. A small one is read and verified once, and kept for its second pass."""
        if work.receipt.size > KEPT:
            return self.archive.open(work.receipt.sha256)
        if work.kept is None:
            work.kept = self.archive.content(work.receipt.sha256)
        return nullcontext(io.BytesIO(work.kept) if isinstance(work.kept, bytes) else work.kept)

    def _commit_intake(self, work: Work, scanned: Sequence[Any], seen: int | None = None) -> Iterator[None]:
        def rest(connection: Connection) -> None:
            if seen == 0:
                self._nothing_inside(connection, work)
            if seen is not None:
                ledger.set_receipt(connection, work.receipt.id, "scanned")

        yield from self._intake([(work, one) for one in scanned], rest)

    def _intake(self, scanned: Sequence[tuple[Work, Any]], rest: Callable[[Connection], None]) -> Iterator[None]:
        """Rows and outcomes, and the `rest`, in one commit. What says the same as another under its number is found before it: that may
        be much to read."""
        known: dict[Place, str] = {}

        def commit() -> set[Place]:
            try:
                with self.database.write() as connection:
                    self.taking_in.take_in(connection, [(work.receipt, one) for work, one in scanned], known)
                    rest(connection)
            except Uncompared as first:
                return first.places
            return set()

        while True:
            result = guarded(commit)
            if isinstance(result, Failure):
                raise RuntimeError(result.text)  # told by who scans
            if not result:
                return
            for file, places in groupby(sorted(result), key=itemgetter(0)):
                said = yield from digests(self.archive, file, [ordinal for _, ordinal in places])
                known |= {(file, ordinal): one for ordinal, one in said.items()}

    def _nothing_inside(self, connection: Connection, work: Work) -> None:
        kind = "unknown_format" if work.receipt.size else "empty_file"
        message.add_findings(connection, [(work.receipt.id, None, None, found(kind))])
        if self.strict:
            self.taking_in.nothing_inside(connection, work.receipt)

    def _fail(self, work: Work, failure: str) -> None:
        work.failure, work.stopped = failure, True
        with self.database.write() as connection:
            ledger.set_receipt(connection, work.receipt.id, "failed", failure)
            self.taking_in.failed(connection, work.receipt, failure)
