"""Receipts on their way through the engine: received, scanned (`scanning`), walked (`walking`), posted in batches and closed
(`committing`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection

from edi_bridge.clock import written
from edi_bridge.crashpoint import passing
from edi_bridge.crm.identity import OwnIdentities
from edi_bridge.database import Database
from edi_bridge.engine import batch, resuming, speaking
from edi_bridge.engine.closing import Closing
from edi_bridge.engine.committing import Committing, OnMessage
from edi_bridge.engine.ends import Ends
from edi_bridge.engine.intake import Intake
from edi_bridge.engine.network import Networks
from edi_bridge.engine.reconciling import Reconciling
from edi_bridge.engine.report import ExchangeSummary, ReceiptSummary
from edi_bridge.engine.scanning import Scanning
from edi_bridge.engine.stages import Stages
from edi_bridge.engine.walking import Walking
from edi_bridge.engine.work import Line, Waiting, Work
from edi_bridge.partner import Agreement, Partner
from edi_bridge.rollout.stage import HOLD, POST, Arrival
from edi_bridge.store import ledger, message, outbox, version
from edi_bridge.store.archive import Archive
from edi_bridge.store.ledger import Exchange, Receipt

POISON = 2  # starts without an end after which nobody tries again by himself

Incoming = ledger.Delivery


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
        self.scanning = Scanning(database, archive, catalog, path, self.taking_in, strict)
        ends = Ends(catalog, self.stages, self.reconciling, answers, self.closing.prepared)
        self.walking = Walking(database, catalog, path, ends, self.scanning.source, self._staged)
        self.committing = Committing(database, self.rules, ends, self.closing, self._staged)

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

    def _staged(self, receipt: Receipt, exchange: Exchange, outcome: Any) -> Arrival:
        """Where a message goes by its stage."""
        return self.stages.of_message(outcome.partner, outcome.message.type, outcome.interchange.test, receipt.test, released=exchange.released)

    def _arrival(self, receipt: Receipt, exchange: Exchange, outcome: Any) -> Arrival:
        """Where it goes in the end: it is held where its sender may not speak for whom it names, in the lane and answered as its stage says."""
        arrival = self._staged(receipt, exchange, outcome)
        if self.strict and arrival.then == POST and outcome.partner and outcome.records and not exchange.released:
            reason = speaking.why_not(outcome.partner, outcome.records, outcome.record_type, self._owners)
            if reason:
                return Arrival(HOLD, arrival.lane, acknowledged=arrival.acknowledged, reason=reason)
        return arrival

    @cached_property
    def _owners(self) -> speaking.Owners:
        """Whose identifiers partners' files name; a changed home has another engine."""
        return speaking.owners(self.catalog.partners)

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

    def stop(self, connection: Connection, receipt: int, why: str) -> None:
        """Note that a receipt cannot be posted, because of a file of the home or its bytes in the archive: what is open in it waits for a
        replay; where its interchanges are not known yet, the receipt itself for a release."""
        for one in ledger.by_ids(connection, [receipt]):
            if one.state == "scanned":
                for exchange in ledger.exchanges(connection, receipt):
                    if exchange.state == "open":
                        self.closing.fail(connection, exchange, why)
                ledger.set_receipt(connection, receipt, "done")
            elif one.state == "received":
                ledger.set_receipt(connection, receipt, "failed", why)
                self.taking_in.failed(connection, one, why)

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
        yield from self.scanning.scan([work for work in works if not work.stopped])
        waiting = Waiting(most=self.batch_messages, seconds=self.batch_seconds)
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
            for full in self.walking.walk(work, waiting):
                if full:
                    self.committing.flush(waiting, on_message)
                    yield None
            work.kept = None
            waiting.done.append(work)
        self.committing.flush(waiting, on_message)
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
                                    findings.get((one.id, e.id), []), answers.get(e.id, []), e.reason)
                    for e in exchanges[one.id]]
            failure = work.failure or (work.broken[1] if work.broken else "")
            yield ReceiptSummary(one.id, one.name, one.sha256, one.size, work.joined, rows, findings.get((one.id, None), []), failure)
