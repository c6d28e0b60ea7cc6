"""The shell around the path: bytes into the archive, interchanges into the ledger, records into the CRM, restartable.

One receipt goes through these commits, and a crash between any two of them is repaired by doing the rest again:

1. **received**: the bytes are durable in the archive, the receipt has its row;
2. **scanned**: a first pass over the archived bytes has decided each interchange's intake outcome and verdict, before
   anything is posted;
3. **batches** of at most 64 messages or 200 ms: ledger rows, CRM rows and content identities in one transaction; the
   unique (exchange, ordinal) makes a restart skip what is posted;
4. **closing**: each exchange gets its state and verdict.

A batch that fails because of our own mistake is rolled back and its messages are posted one by one, so that one bad
message never stops the rest; it alone becomes `failed`, with its traceback.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

from sqlalchemy import Connection

from edi_bridge.crashpoint import passing
from edi_bridge.crm.document import Document
from edi_bridge.crm.identity import OwnIdentities
from edi_bridge.crm.post import PostItem, post_batch
from edi_bridge.database import Database, is_conflict
from edi_bridge.fault import ConfigFault, Fault
from edi_bridge.finding import Finding, Verdict, found
from edi_bridge.interchange import Position
from edi_bridge.store import ledger, message
from edi_bridge.store.archive import Archive
from edi_bridge.store.draft import judge
from edi_bridge.store.ledger import Exchange, Receipt

BATCH_LINES = 10_000  # of one batch together, so that messages of many lines do not pile up
INTAKE_BATCH = 64
TRIES = 5  # of a piece of work in whose way another process stands
Result = TypeVar("Result")


class Line(Protocol):
    """The path as the engine walks it (`pipeline.py`)."""

    def scan(
        self, source: BinaryIO, catalog: Any, *, partner: str | None = None, map: str | None = None
    ) -> Iterator[Any]:
        """Each interchange with its envelope's findings and verdict, nothing mapped."""

    def inbound(
        self, source: BinaryIO, catalog: Any, *, partner: str | None = None, map: str | None = None
    ) -> Iterator[Any]:
        """Each message with its records, findings and verdict."""


@dataclass(frozen=True, slots=True)
class MessageReport:
    """What became of one message, told as soon as it is committed."""

    exchange: int  # ordinal in the receipt
    ordinal: int
    type: str
    reference: str
    state: str
    findings: list[Finding] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    offset: int = 0  # of the message in the source, in bytes


@dataclass(frozen=True, slots=True)
class ExchangeSummary:
    """What became of one interchange; `messages` counts by state, `original` is the exchange it repeats or contradicts,
    `findings` the first of its envelope."""

    id: int
    ordinal: int
    state: str
    outcome: str
    verdict: str
    original: int | None
    messages: Mapping[str, int]
    findings: Sequence[Finding] = ()


@dataclass(frozen=True, slots=True)
class ReceiptSummary:
    """What became of one delivery. `joined`: it went on with an earlier one of the same bytes. `failure`: the traceback
    of our own mistake. All findings stand in the ledger (`store.message.findings`)."""

    id: int
    name: str
    sha256: str
    size: int
    joined: bool
    exchanges: list[ExchangeSummary]
    findings: Sequence[Finding] = ()  # where the file has no interchange at all
    failure: str = ""

    @property
    def refused(self) -> bool:
        """Whether anything was not accepted."""
        good = ("done", "duplicate")
        return (
            bool(self.failure)
            or not self.exchanges
            or any(e.state not in good or e.verdict != Verdict.ACCEPTED.value for e in self.exchanges)
        )


@dataclass(slots=True)
class _Failure:
    """A mistake of ours: its traceback."""

    text: str


class Engine:
    """Posts what comes in. It holds no state between receipts but what it was given.

    `catalog` is handed to the path untouched; `versions` (map and agreement hashes) are pinned to each exchange;
    `own` are our identities; `path` is `pipeline` unless given.
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
        if path is None:
            from edi_bridge import pipeline

            path = pipeline
        self.path: Line = path

    def post_file(
        self,
        name: str,
        source: BinaryIO | Path,
        *,
        channel: str = "",
        partner: str | None = None,
        map: str | None = None,
        on_message: Callable[[MessageReport], None] | None = None,
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
        with self.database.write() as connection:
            now = self.clock().astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
            receipt, joined = ledger.receive(connection, blob, name, now, channel, partner or "", map or "")
        passing("receipt_committed")
        return self._process(receipt, joined, on_message)

    def resume(self, on_message: Callable[[MessageReport], None] | None = None) -> list[ReceiptSummary]:
        """Finish what a stopped or killed process left."""
        with self.database.read() as connection:
            left = ledger.unfinished(connection)
        return [self._process(receipt, True, on_message) for receipt in left]

    def _process(
        self, receipt: Receipt, joined: bool, on_message: Callable[[MessageReport], None] | None
    ) -> ReceiptSummary:
        if receipt.state == "received":
            try:
                failed = _guarded(lambda: self._scan(receipt))
            except ConfigFault as fault:  # an option or a file of the home is wrong: tried again with the same bytes
                self._fail(receipt, str(fault))
                raise
            if isinstance(failed, _Failure):
                self._fail(receipt, failed.text)
                return self._summary(receipt, joined, failed.text)
        with self.database.read() as connection:
            open_ = {e.ordinal: e for e in ledger.exchanges(connection, receipt.id) if e.state == "open"}
        broken: tuple[int, str] | None = None
        if open_:
            broken = self._post_messages(receipt, open_, on_message)
        self._close(receipt, open_, broken)
        return self._summary(receipt, joined, broken[1] if broken else "")

    def _fail(self, receipt: Receipt, failure: str) -> None:
        with self.database.write() as connection:
            ledger.set_receipt(connection, receipt.id, "failed", failure)

    # the first pass

    def _scan(self, receipt: Receipt) -> None:
        """Give each interchange its row and intake outcome; at the end the receipt is scanned."""
        waiting: list[Any] = []
        seen = 0
        with self.archive.open(receipt.sha256) as source:
            for scanned in self.path.scan(
                source, self.catalog, partner=receipt.partner or None, map=receipt.map or None
            ):
                waiting.append(scanned)
                seen += 1
                if len(waiting) >= INTAKE_BATCH:
                    self._take_in(receipt, waiting)
                    waiting = []
        with self.database.write() as connection:
            self._intake(connection, receipt, waiting)
            if not seen:
                kind = "unknown_format" if receipt.size else "empty_file"
                message.add_findings(connection, receipt.id, [(None, None, found(kind))])
            ledger.set_receipt(connection, receipt.id, "scanned")
        passing("scanned")

    def _take_in(self, receipt: Receipt, scanned: Sequence[Any]) -> None:
        with self.database.write() as connection:
            self._intake(connection, receipt, scanned)

    def _intake(self, connection: Connection, receipt: Receipt, scanned: Sequence[Any]) -> None:
        there = ledger.taken_in(connection, receipt.id, [one.interchange.ordinal for one in scanned])
        entries: list[tuple[int | None, int | None, Finding]] = []
        for one in scanned:
            interchange = one.interchange
            if interchange.ordinal in there:
                continue
            types = [str(listed[1]) for listed in one.messages[:1]]
            exchange = ledger.intake(
                connection,
                receipt,
                interchange,
                getattr(one, "partner", "") or receipt.partner,
                one.verdict,
                types,
                self.versions,
            )
            found_ = list(one.findings)
            if exchange.outcome == "conflict":
                found_.append(
                    found(
                        "duplicate_interchange",
                        Position(interchange=interchange.ordinal, offset=interchange.offset),
                        interchange.control,
                        f"control number {interchange.control} came before with other content, "
                        f"in exchange {exchange.original}",
                    )
                )
            if exchange.outcome != "again":
                entries += [(exchange.id, None, finding) for finding in found_]
        message.add_findings(connection, receipt.id, entries)

    # the second pass

    def _post_messages(
        self, receipt: Receipt, open_: Mapping[int, Exchange], on_message: Callable[[MessageReport], None] | None
    ) -> tuple[int, str] | None:
        """Post the messages of the open exchanges; (ordinal of the exchange, traceback) where the path itself broke."""
        waiting: list[Any] = []  # of one interchange only, where it is kept together
        lines, since, at = 0, time.monotonic(), min(open_)
        broken: tuple[int, str] | None = None
        with self.archive.open(receipt.sha256) as source:
            outcomes = iter(
                self.path.inbound(source, self.catalog, partner=receipt.partner or None, map=receipt.map or None)
            )
            while True:
                outcome = _guarded(lambda: next(outcomes, None), tries=1)
                if isinstance(outcome, _Failure):
                    broken = (at, outcome.text)
                    break
                if outcome is None:
                    break
                kept = bool(waiting) and waiting[-1].keep
                if kept and outcome.interchange.ordinal != at:
                    self._post(receipt, open_, waiting, on_message)
                    waiting, lines, since = [], 0, time.monotonic()
                at = outcome.interchange.ordinal
                if (
                    at not in open_ or outcome.message is None
                ):  # what concerns the interchange was kept by the first pass
                    continue
                if outcome.keep and waiting and not waiting[-1].keep:
                    self._post(receipt, open_, waiting, on_message)
                    waiting, lines, since = [], 0, time.monotonic()
                waiting.append(outcome)
                lines += sum(len(record.get("lines", ())) + 1 for record in outcome.records)
                if not outcome.keep and (
                    len(waiting) >= self.batch_messages
                    or lines >= BATCH_LINES
                    or time.monotonic() - since >= self.batch_seconds
                ):
                    self._post(receipt, open_, waiting, on_message)
                    waiting, lines, since = [], 0, time.monotonic()
        if waiting:
            self._post(receipt, open_, waiting, on_message)
        return broken

    def _post(
        self,
        receipt: Receipt,
        open_: Mapping[int, Exchange],
        outcomes: Sequence[Any],
        on_message: Callable[[MessageReport], None] | None,
    ) -> None:
        """Post a batch in one transaction; when that fails by our mistake, each message in its own (kept ones fail together)."""
        result = _guarded(lambda: self._transact(receipt, open_, outcomes))
        if isinstance(result, _Failure):
            if len(outcomes) > 1 and not outcomes[0].keep:
                for outcome in outcomes:
                    self._post(receipt, open_, [outcome], on_message)
                return
            failure = result.text
            result = self._transact(receipt, open_, outcomes, failure)
        passing("batch_committed")
        if on_message:
            for report in result:
                on_message(report)

    def _transact(
        self, receipt: Receipt, open_: Mapping[int, Exchange], outcomes: Sequence[Any], failure: str = ""
    ) -> list[MessageReport]:
        with self.database.write() as connection:
            passing("tx_begun")
            reports = self._write(connection, receipt, open_, outcomes, failure)
            passing("crm_written")
        return reports

    def _write(
        self,
        connection: Connection,
        receipt: Receipt,
        open_: Mapping[int, Exchange],
        outcomes: Sequence[Any],
        failure: str,
    ) -> list[MessageReport]:
        """Ledger and CRM rows of a batch, inside its transaction; what has its row already is left out."""
        todo = self._not_posted(connection, open_, outcomes)
        entries: list[tuple[int | None, int | None, Finding]] = []
        numbers = {ordinal: exchange.id for ordinal, exchange in open_.items()}
        hold = self.same_content == "hold"
        drafts = judge(connection, numbers, todo, versions=self.versions, hold_repeated=hold, failure=failure)
        ids = message.add_messages(connection, [draft.row for draft in drafts])
        items = [
            PostItem(number, draft.partner, draft.row.record_type, draft.outcome.records, draft.position)
            for number, draft in zip(ids, drafts, strict=True)
            if draft.row.state == "posted"
        ]
        results = {result.message_id: result for result in post_batch(connection, items, self.own)} if items else {}
        reports, contents = [], []
        for number, draft in zip(ids, drafts, strict=True):
            row, result = draft.row, results.get(number)
            state, findings, documents = row.state, draft.findings, list[Document]()
            if result:
                state, documents = result.state, result.documents
                findings = [*findings, *result.findings]
                if state != "posted":
                    message.set_message(connection, number, state, Verdict.REJECTED)
                elif not draft.content_known:
                    contents.append((draft.scope, row.content, row.exchange, row.ordinal))
            entries += [(row.exchange, number, finding) for finding in findings]
            reports.append(
                MessageReport(
                    draft.outcome.interchange.ordinal,
                    row.ordinal,
                    row.type,
                    row.reference,
                    state,
                    findings,
                    documents,
                    draft.outcome.message.offset,
                )
            )
        message.own_contents(connection, contents)
        message.add_findings(connection, receipt.id, entries)
        return reports

    def _not_posted(self, connection: Connection, open_: Mapping[int, Exchange], outcomes: Sequence[Any]) -> list[Any]:
        by_exchange: dict[int, list[int]] = {}
        for outcome in outcomes:
            by_exchange.setdefault(open_[outcome.interchange.ordinal].id, []).append(outcome.message.ordinal)
        still = ledger.lock_exchanges(connection, sorted(by_exchange))
        done = {
            exchange: message.posted_ordinals(connection, exchange, min(ordinals), max(ordinals))
            for exchange, ordinals in by_exchange.items()
        }
        return [
            outcome
            for outcome in outcomes
            if (exchange := open_[outcome.interchange.ordinal].id) in still
            and outcome.message.ordinal not in done[exchange]
        ]

    # the end

    def _close(self, receipt: Receipt, open_: Mapping[int, Exchange], broken: tuple[int, str] | None) -> None:
        """Close what is open: one transaction for the whole receipt."""
        with self.database.write() as connection:
            passing("closing_begun")
            still = ledger.lock_exchanges(connection, sorted(exchange.id for exchange in open_.values()))
            for ordinal, exchange in sorted(open_.items()):
                if exchange.id in still:
                    ledger.close(connection, exchange.id, broken[1] if broken and ordinal >= broken[0] else "")
            ledger.set_receipt(connection, receipt.id, "done")
        passing("committed")

    def _summary(self, receipt: Receipt, joined: bool, failure: str) -> ReceiptSummary:
        with self.database.read() as connection:
            rows = [
                ExchangeSummary(
                    e.id,
                    e.ordinal,
                    e.state,
                    e.outcome,
                    e.verdict,
                    e.original,
                    message.message_counts(connection, e.id),
                    message.envelope_findings(connection, receipt.id, e.id),
                )
                for e in ledger.exchanges(connection, receipt.id)
            ]
            whole = message.envelope_findings(connection, receipt.id, None)
        return ReceiptSummary(receipt.id, receipt.name, receipt.sha256, receipt.size, joined, rows, whole, failure)


def _guarded(work: Callable[[], Result], tries: int = TRIES) -> Result | _Failure:
    """Do a piece of work that may be done again; the one place where an exception that is no fault is caught.

    It is our own mistake then, kept with its traceback. Where another process was in the way (it took the same
    identity, customer or order first) the work is done again and finds what the other has written.
    """
    for left in reversed(range(tries)):
        try:
            return work()
        except Exception as error:
            if is_conflict(error) and left:
                continue
            if isinstance(error, Fault):
                raise
            failure = _Failure(traceback.format_exc())
            break
    return failure
