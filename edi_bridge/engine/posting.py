"""Receipts on their way through the engine: received, scanned, posted in batches, closed."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from sqlalchemy import Connection

from edi_bridge.ack.statement import Answer
from edi_bridge.answering import Collected
from edi_bridge.clock import written
from edi_bridge.crashpoint import passing
from edi_bridge.crm.identity import OwnIdentities
from edi_bridge.database import Database, in_lane
from edi_bridge.engine import batch, resuming
from edi_bridge.engine.closing import Closing, End, collecting
from edi_bridge.engine.guard import Failure, guarded
from edi_bridge.engine.intake import Intake
from edi_bridge.engine.network import Networks
from edi_bridge.engine.reconciling import Reconciling
from edi_bridge.engine.report import ExchangeSummary, MessageReport, ReceiptSummary
from edi_bridge.engine.stages import Stages
from edi_bridge.fault import ConfigFault
from edi_bridge.finding import found
from edi_bridge.partner import Agreement, Partner
from edi_bridge.rollout.stage import Arrival
from edi_bridge.store import ledger, message, outbox, version, waiting
from edi_bridge.store.archive import Archive
from edi_bridge.store.ledger import Exchange, Receipt
from edi_bridge.store.waiting import wake_expired

BATCH_LINES = 10_000  # of one batch together, so that messages of many lines do not pile up
INTAKE_BATCH = 64
KEPT = 256 * 1024  # bytes of a receipt up to which it is kept between its passes; 64 such share their commits at most
HELD = 64 * 1024  # bytes of a receipt up to which not its bytes are kept but what was read of them, which is larger
BREATH = 500  # messages of a first pass after which others get their turn
POISON = 2  # starts without an end after which nobody tries again by himself

Incoming = ledger.Delivery
OnMessage = Callable[[MessageReport], None] | None


class Line(Protocol):
    """The path as the engine walks it (`pipeline.py`)."""

    def scanning(
        self, source: BinaryIO, catalog: Any, *, partner: str | None = None, map: str | None = None, breath: int = 0, test: bool | None = None
    ) -> Iterator[Any]:
        """Each interchange with its envelope's findings and verdict, nothing mapped; None each `breath` messages."""

    def held(self, source: bytes, catalog: Any, *, partner: str | None = None, map: str | None = None, test: bool | None = None) -> Any:
        """A small file read once, as `scanning` and `inbound` take it; None: they read it each."""

    def inbound(
        self, source: BinaryIO, catalog: Any, *, partner: str | None = None, map: str | None = None, suspended: Any = (), test: bool | None = None
    ) -> Iterator[Any]:
        """Each message with its records, findings and verdict."""


@dataclass(slots=True)
class Work:
    """A receipt on its way. `broken`: from which interchange on the path broke, and the traceback."""

    receipt: Receipt
    joined: bool = False
    heard: dict[int, bool] = field(default_factory=dict)  # interchange → whether the stage of one of its messages has it answered
    open: dict[int, Exchange] = field(default_factory=dict)
    collected: dict[int, Collected | None] = field(default_factory=dict)
    answers: dict[int, list[Answer]] = field(default_factory=dict)  # what came in answers something that we sent
    broken: tuple[int, str] | None = None
    failure: str = ""
    stopped: bool = False  # nothing more happens to it now
    again: bool = False  # it was begun before without an end, and has not got any further since
    kept: Any = None  # the bytes of a small receipt, or what was read of them, until its second pass is over


@dataclass(slots=True)
class Waiting:
    """What the next commits will hold: messages with their work, ends of interchanges, receipts that are through."""

    messages: list[tuple[Work, Any]] = field(default_factory=list)
    ends: list[tuple[Work, End]] = field(default_factory=list)
    done: list[Work] = field(default_factory=list)
    lines: int = 0
    since: float = 0.0  # the processor's time when the first of these messages came: what others use of the machine cuts no batch

    @property
    def kept(self) -> tuple[int, int] | None:
        """The interchange whose messages must be posted together and alone; None: no such one is waiting."""
        if self.messages and self.messages[-1][1].keep:
            work, outcome = self.messages[-1]
            return work.receipt.id, outcome.interchange.ordinal
        return None

    def add(self, work: Work, outcome: Any) -> None:
        """One more message."""
        if not self.messages:
            self.since = time.thread_time()
        self.messages.append((work, outcome))
        self.lines += sum(len(record.get("lines", ())) + 1 for record in outcome.records)


class Engine:
    """Posts what comes in. It holds no state between receipts but what it was given.

    `catalog` is handed to the path untouched; `versions` (map and agreement hashes) are pinned to each exchange; `own` are our
    identities; `path` is `pipeline` unless given. `strict`: what no partner or agreement stands for is quarantined, as it must be
    when nobody looks on; else the standard's own maps read it. `answers`: acknowledgements go to the outbox. `several`: other
    processes post into the same ledger; `received` is told the receipts of commit 1, within it.
    """

    def __init__(
        self,
        database: Database,
        archive: Archive,
        catalog: Any,
        *,
        own: OwnIdentities = frozenset(),
        versions: Mapping[str, str] | None = None,
        same_content: str = "hold",
        batch_messages: int = 64,
        batch_milliseconds: int = 200,
        path: Line | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        strict: bool = False,
        answers: bool = False,
        several: bool = False,
        received: Callable[[Connection, Sequence[int]], object] | None = None,
    ):
        self.database = database
        self.archive = archive
        self.catalog = catalog
        self.own = own
        self.versions = dict(versions or {})
        self.same_content = same_content
        self.batch_messages = batch_messages
        self.batch_seconds = batch_milliseconds / 1000
        self.clock = clock
        self.strict = strict
        self.answers = answers
        self.several = several
        self.received = received
        if path is None:
            from edi_bridge import pipeline

            path = pipeline
        self.path: Line = path
        self.closing = Closing(archive, lambda: clock().strftime("%Y-%m-%dT%H:%M"), self.now)
        self.reconciling = Reconciling(catalog, self.now)
        self.stages = Stages(catalog)
        self.taking_in = Intake(catalog, self.stages, self.versions, strict, self.now)
        self.networks = Networks(database, archive, catalog, clock, self.now)
        self._together: dict[int, frozenset[int]] = {}
        self.rules = batch.Rules(self.versions, own, self._holds, self._patience, self.now, self._later, several, self._together,
                                 self._arrival)

    def now(self) -> str:
        """The time, as the ledger writes it."""
        return written(self.clock())

    def _later(self, seconds: float) -> str:
        return written(self.clock() + timedelta(seconds=seconds))

    def _holds(self, outcome: Any) -> bool:
        """Whether a message whose content came before under another number is held for a person."""
        partner, agreement = self._agreed(outcome)
        said = (agreement.same_content if agreement else "") or (partner.same_content if partner else "") or self.same_content
        return said == "hold"

    def _patience(self, outcome: Any) -> float:
        """How long a message waits for the document it refers to, in seconds: changes of orders as long as the partner says, others
        where their agreement says so; where nobody is strict, everything is posted and tied later."""
        partner, agreement = self._agreed(outcome) if self.strict else (None, None)
        if partner is None:
            return 0.0
        if agreement is not None and agreement.wait is not None:
            return agreement.wait
        return partner.wait if outcome.record_type == "order" else 0.0

    def _arrival(self, receipt: Receipt, exchange: Exchange, outcome: Any) -> Arrival:
        """Where a message goes by its stage."""
        return self.stages.of_message(outcome.partner, outcome.message.type, outcome.interchange.test, receipt.test, released=exchange.released)

    def _agreed(self, outcome: Any) -> tuple[Partner | None, Agreement | None]:
        if not outcome.partner or not self.strict:
            return None, None
        partner = self.catalog.partner_named(outcome.partner).ruling(outcome.test)
        return partner, partner.agreement(outcome.message.type)

    # taking in

    def receive(self, incoming: Sequence[Incoming], noted: Callable[[Connection, list[tuple[Receipt, bool]]], None] | None = None,
                ) -> list[tuple[Receipt, bool]]:
        """Commit 1: a row for each delivery (and whether it joins an unfinished earlier one of the same bytes). After it the
        transport may confirm. What `noted` writes stands in the same commit."""
        with self.database.write() as connection:
            taken = ledger.receive_all(connection, incoming, self.now())
            if self.received is not None:
                self.received(connection, [receipt.id for receipt, _ in taken])
            if noted is not None:
                noted(connection, taken)
        passing("receipt_committed")
        return taken

    def post_file(
        self,
        name: str,
        source: BinaryIO | Path,
        *,
        channel: str = "",
        partner: str | None = None,
        map: str | None = None,
        on_message: OnMessage = None,
    ) -> ReceiptSummary:
        """Take a file in and post it: everything from the archive to the closing.

        `name` is the partner's name for it, kept as text. `on_message` is told each message once it is committed.
        Raises TransientFault when archive or database do not let us go on: doing it again goes on where it stopped.
        """
        if isinstance(source, Path):
            with source.open("rb") as file:
                blob = self.archive.put(file)
        else:
            blob = self.archive.put(source)
        taken = self.receive([Incoming(blob, name, channel, partner or "", map or "")])
        return self._last(self.process(taken, on_message))

    def resume(self, on_message: OnMessage = None) -> list[ReceiptSummary]:
        """Finish what a stopped or killed process left, and what waited while it was paused."""
        if self.strict and self.catalog is not None:
            resuming.go_on(self.database, self.archive, self.catalog, self.now)
        with self.database.read() as connection:
            left = ledger.unfinished(connection)
        return [self._last(self.process([(receipt, True)], on_message)) for receipt in left]

    @staticmethod
    def _last(steps: Iterator[ReceiptSummary | None]) -> ReceiptSummary:
        summary = next(one for one in steps if one is not None)
        for _ in steps:
            pass
        return summary

    def process(self, taken: Sequence[tuple[Receipt, bool]], on_message: OnMessage = None) -> Iterator[ReceiptSummary | None]:
        """Everything behind commit 1, for receipts that share their commits. Yields None between two commits, and each receipt's
        summary when it is through. ConfigFault where an option or a file of the home is wrong: the same bytes are tried again."""
        reports = [one for one in taken if self.networks.is_report(one[0])]
        for receipt, joined in reports:  # of a network: they speak of what we sent, and hold no message
            yield self.networks.take(receipt, joined)
        if reports and len(reports) == len(taken):
            return
        taken = [one for one in taken if one not in reports]
        works = [Work(receipt, joined) for receipt, joined in taken]
        self._together |= dict.fromkeys((receipt.id for receipt, _ in taken), frozenset(receipt.id for receipt, _ in taken))
        try:
            yield from self._through(works, on_message)
        finally:
            for work in works:
                self._together.pop(work.receipt.id, None)

    def _through(self, works: Sequence[Work], on_message: OnMessage) -> Iterator[ReceiptSummary | None]:
        self._begin(works)
        yield from self._scan_all([work for work in works if not work.stopped])
        waiting = Waiting()
        with self.database.read() as connection:
            exchanges = ledger.exchanges_of(connection, [work.receipt.id for work in works if not work.stopped])
        begun = [one.id for work in works if work.receipt.state != "received" for one in exchanges.get(work.receipt.id, ()) if one.state == "open"]
        if begun:
            with self.database.write() as connection:
                version.gone_on(connection, begun, self.versions)
        for work in works:
            if work.stopped:
                continue
            work.open = {e.ordinal: e for e in exchanges.pop(work.receipt.id, ()) if e.state == "open"}
            for full in self._walk(work, waiting):
                if full:
                    self._flush(waiting, on_message)
                    yield None
            work.kept = None
            waiting.done.append(work)
        self._flush(waiting, on_message)
        yield from self._summaries(works)

    def _begin(self, works: Sequence[Work]) -> None:
        """Count the start, so that a file that stops the program again and again is noticed."""
        with self.database.write() as connection:
            starts = ledger.started_all(connection, [work.receipt.id for work in works])
            for work in works:
                work.again = starts[work.receipt.id] > 1
                if starts[work.receipt.id] > POISON:
                    self.taking_in.poisoned(connection, work.receipt)
                    work.stopped = True

    # the first pass

    def _scan_all(self, works: Sequence[Work]) -> Iterator[None]:
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
        with self.database.write() as connection:
            self._intake(connection, [(work, one) for work, scanned in seen for one in scanned if one is not None])
            for work, scanned in seen:
                if not scanned:
                    self._nothing_inside(connection, work)
            ledger.set_receipts(connection, [work.receipt.id for work in works], "scanned")
        passing("scanned")

    def _scan_one(self, work: Work) -> Iterator[None]:
        steps = self._scan(work)
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

    def _scan(self, work: Work) -> Iterator[None]:
        seen = 0
        pending: list[Any] = []
        for one in self._scanned(work):
            if one is None:
                yield None
                continue
            seen += 1
            pending.append(one)
            if len(pending) >= INTAKE_BATCH:
                self._commit_intake(work, pending)
                pending = []
                yield None
        self._commit_intake(work, pending, seen)
        passing("scanned")

    def _scanned(self, work: Work) -> Iterator[Any]:
        receipt = work.receipt
        if receipt.size <= HELD:
            content = self.archive.content(receipt.sha256)
            held = self.path.held(content, self.catalog, partner=receipt.partner or None, map=receipt.map or None, test=receipt.test)
            work.kept = content if held is None else held
        with self._source(work) as source:
            yield from self.path.scanning(source, self.catalog, partner=receipt.partner or None, map=receipt.map or None, breath=BREATH, test=receipt.test)

    def _source(self, work: Work) -> AbstractContextManager[Any]:
        """The bytes of a receipt. A small one is read and verified once, and kept for its second pass."""
        if work.receipt.size > KEPT:
            return self.archive.open(work.receipt.sha256)
        if work.kept is None:
            work.kept = self.archive.content(work.receipt.sha256)
        return nullcontext(io.BytesIO(work.kept) if isinstance(work.kept, bytes) else work.kept)

    def _commit_intake(self, work: Work, scanned: Sequence[Any], seen: int | None = None) -> None:
        def commit() -> None:
            with self.database.write() as connection:
                self._intake(connection, [(work, one) for one in scanned])
                if seen == 0:
                    self._nothing_inside(connection, work)
                if seen is not None:
                    ledger.set_receipt(connection, work.receipt.id, "scanned")

        result = guarded(commit)
        if isinstance(result, Failure):
            raise RuntimeError(result.text)  # told by who scans

    def _intake(self, connection: Connection, scanned: Sequence[tuple[Work, Any]]) -> None:
        self.taking_in.take_in(connection, [(work.receipt, one) for work, one in scanned])

    def _nothing_inside(self, connection: Connection, work: Work) -> None:
        kind = "unknown_format" if work.receipt.size else "empty_file"
        message.add_findings(connection, [(work.receipt.id, None, None, found(kind))])
        if self.strict:
            self.taking_in.nothing_inside(connection, work.receipt)

    def _fail(self, work: Work, failure: str) -> None:
        work.failure, work.stopped = failure, True
        with self.database.write() as connection:
            ledger.set_receipt(connection, work.receipt.id, "failed", failure)
            self.taking_in.failed(connection, work.receipt)

    # the second pass

    def _walk(self, work: Work, waiting: Waiting) -> Iterator[bool]:
        """Put the messages and ends of a receipt's open exchanges into `waiting`; True each time that it is full.

        A consumer that was told so continues with an empty one: it is the same object, emptied.
        """
        if not work.open:
            return
        receipt, at = work.receipt, min(work.open)
        suspended = [e.ordinal for e in work.open.values() if e.outcome == "refused"]
        with self._source(work) as source:
            outcomes = iter(self.path.inbound(source, self.catalog, partner=receipt.partner or None, map=receipt.map or None,
                                              suspended=self._suspended(receipt, suspended), test=receipt.test))
            while True:
                outcome = guarded(lambda: next(outcomes, None), tries=1)
                if isinstance(outcome, Failure):
                    work.broken = (at, outcome.text)
                    break
                if outcome is None:
                    break
                passing("parsed")
                at = outcome.interchange.ordinal
                exchange = work.open.get(at)
                if exchange is None:
                    continue
                if outcome.message is None:
                    if len(waiting.ends) >= self.batch_messages:
                        yield True
                    waiting.ends.append((work, self._end(work, exchange, outcome)))
                    if waiting.kept:
                        yield True
                    continue
                if not outcome.message.type.is_answer:
                    work.heard[at] = work.heard.get(at, False) or self._arrival(receipt, exchange, outcome).acknowledged
                if exchange.outcome == "refused":
                    self._collect(work, outcome, outcome.findings)
                    continue
                if outcome.message.type.is_answer and outcome.interchange.standard in ("edifact", "x12"):
                    work.answers.setdefault(at, []).append(self.reconciling.read(outcome.message, outcome.interchange))
                if self._full(waiting):
                    yield True
                apart = (waiting.kept or (outcome.keep and waiting.messages)) and waiting.kept != (receipt.id, at)
                if apart:
                    yield True
                waiting.add(work, outcome)
                passing("mapped")

    def _full(self, waiting: Waiting) -> bool:
        """Whether what waits is committed before anything more is added: so the last message of a group and its end go with the others."""
        return waiting.kept is None and (len(waiting.messages) >= self.batch_messages or waiting.lines >= BATCH_LINES or (
            bool(waiting.messages) and time.thread_time() - waiting.since >= self.batch_seconds))

    def _suspended(self, receipt: Receipt, refused: Sequence[int]) -> frozenset[int]:
        """Of the refused interchanges those that one of their messages condemned."""
        if not refused:
            return frozenset()
        with self.database.read() as connection:
            ids = {e.id: e.ordinal for e in ledger.exchanges(connection, receipt.id) if e.ordinal in refused}
            return frozenset(ordinal for id, ordinal in ids.items()
                             if any(one.kind == "interchange_suspended" for one in message.envelope_findings(connection, receipt.id, id)))

    def _collect(self, work: Work, outcome: Any, findings: Any) -> None:
        ordinal = outcome.interchange.ordinal
        if ordinal not in work.collected:
            work.collected[ordinal] = self._collected(outcome)
        collected = work.collected[ordinal]
        if collected is not None:
            collected.add(outcome.message, list(findings))

    def _collected(self, outcome: Any) -> Collected | None:
        if not self.answers or not outcome.partner:
            return None
        return collecting(outcome.interchange, self.catalog.partner_named(outcome.partner).ruling(outcome.test), self.closing.prepared())

    def _end(self, work: Work, exchange: Exchange, outcome: Any) -> End:
        partner = self.catalog.partner_named(outcome.partner).ruling(outcome.test) if outcome.partner and self.answers else None
        ordinal = outcome.interchange.ordinal
        if partner is not None and not work.heard.pop(ordinal, self.stages.answers(partner)):
            partner = None  # no stage of its messages has it answered
        collected = work.collected.pop(ordinal, None) if ordinal in work.collected else self._collected(outcome)
        answers = [*work.answers.pop(ordinal, ()), *self.reconciling.strays(outcome.interchange)]
        return End(exchange, outcome.interchange, outcome.findings, partner, collected, answers)

    # commits

    def _flush(self, waiting: Waiting, on_message: OnMessage) -> None:
        """The messages in one commit, then the ends and finished receipts in another."""
        if waiting.messages:
            self._post(waiting.messages, on_message)
        closing = [(work, self._complete(work, end)) for work, end in waiting.ends]
        self._close(closing, waiting.done)
        waiting.messages.clear()
        waiting.ends.clear()
        waiting.done.clear()
        waiting.lines = 0

    def _complete(self, work: Work, end: End) -> End:
        """The end with what was collected of the messages that were posted with it."""
        if end.exchange.ordinal in work.collected:
            return replace(end, collected=work.collected.pop(end.exchange.ordinal))
        return end

    def _post(self, items: Sequence[tuple[Work, Any]], on_message: OnMessage) -> None:
        """Post a batch in one transaction; when that fails by our mistake, each message in its own (kept ones fail together)."""
        result = guarded(lambda: self._transact(items))
        if isinstance(result, Failure):
            if len(items) > 1 and not items[0][1].keep:
                for item in items:
                    self._post([item], on_message)
                return
            result = self._transact(items, result.text)
        passing("batch_committed")
        for (work, outcome), posted in zip(items, result, strict=True):
            if posted.fresh or not work.open[outcome.interchange.ordinal].closings:  # what was closed before was answered
                self._collect(work, outcome, posted.findings)
            if on_message and posted.fresh:
                on_message(posted.report(outcome))

    def _transact(self, items: Sequence[tuple[Work, Any]], failure: str = "") -> list[batch.Posted]:
        whole = [(work.receipt, work.open[outcome.interchange.ordinal], outcome) for work, outcome in items]
        posted: list[batch.Posted] = []
        with self.database.write() as connection:
            passing("tx_begun")
            for lane, part in groupby(whole, key=lambda item: self._arrival(*item).lane):  # one transaction, whatever the stages say
                posted += batch.write(in_lane(connection, lane), list(part), self.rules, failure)
            further = {work.receipt.id: work for (work, _), one in zip(items, posted, strict=True) if one.fresh and work.again}
            ledger.got_further(connection, list(further))
            passing("crm_written")
        for work in further.values():
            work.again = False
        return posted

    def _close(self, ends: Sequence[tuple[Work, End]], done: Sequence[Work]) -> None:
        """Close exchanges and receipts in one transaction, each alone where our own mistake stops them together."""
        for work in done:  # what a broken path never reached
            if work.broken:
                left = [(ordinal, exchange) for ordinal, exchange in sorted(work.open.items()) if ordinal >= work.broken[0]]
                self._close_failed(left, work.broken[1])
        result = guarded(lambda: self._closed(ends, done))
        if isinstance(result, Failure):
            for one in ends:
                alone = guarded(partial(self._closed, [one], []))
                if isinstance(alone, Failure):
                    self._close_failed([(one[1].exchange.ordinal, one[1].exchange)], alone.text)
            self._closed([], done)
        passing("committed")

    def _closed(self, ends: Sequence[tuple[Work, End]], done: Sequence[Work]) -> None:
        with self.database.write() as connection:
            passing("closing_begun")
            still = ledger.lock_exchanges(connection, sorted(end.exchange.id for _, end in ends))
            open_ = [end for _, end in ends if end.exchange.id in still]
            for end in open_:
                self.reconciling.note(connection, end.exchange.id, end.answers)
            self.closing.close(connection, open_)
            ledger.done(connection, [work.receipt.id for work in done])
            if self.several:
                waiting.wake(connection, [batch.turn(work.receipt.id) for work in done])
            wake_expired(connection, self.now())  # what came before its order in this very batch or file

    def _close_failed(self, exchanges: Sequence[tuple[int, Exchange]], failure: str) -> None:
        with self.database.write() as connection:
            still = ledger.lock_exchanges(connection, sorted(exchange.id for _, exchange in exchanges))
            for _, exchange in exchanges:
                if exchange.id in still:
                    self.closing.fail(connection, exchange, failure)

    def _summaries(self, works: Sequence[Work]) -> Iterator[ReceiptSummary]:
        """What became of each receipt, read for all of them together."""
        ids = [work.receipt.id for work in works]
        with self.database.read() as connection:
            exchanges, counts = ledger.exchanges_of(connection, ids), message.counts_of(connection, ids)
            answers, told = outbox.answers_of(connection, ids), message.with_envelope_findings(connection, ids)
            findings = {(receipt, exchange): message.envelope_findings(connection, receipt, exchange) for receipt, exchange in told}
        for work in works:
            one = work.receipt
            rows = [ExchangeSummary(e.id, e.ordinal, e.state, e.outcome, e.verdict, e.original, counts.get(e.id, {}),
                                    findings.get((one.id, e.id), []), answers.get(e.id, []))
                    for e in exchanges[one.id]]
            failure = work.failure or (work.broken[1] if work.broken else "")
            yield ReceiptSummary(one.id, one.name, one.sha256, one.size, work.joined, rows, findings.get((one.id, None), []), failure)
