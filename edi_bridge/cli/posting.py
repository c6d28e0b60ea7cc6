"""The work of `post` (and of `demo`): files through the engine, watched, so that each finding can be told with its
line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from edi_bridge import pipeline
from edi_bridge.catalog import Catalog
from edi_bridge.cli import options, telling
from edi_bridge.cli.inputs import Input
from edi_bridge.cli.translating import policies_of
from edi_bridge.crm.identity import own_identities
from edi_bridge.database import Database
from edi_bridge.engine import Engine, ExchangeSummary, MessageReport, ReceiptSummary
from edi_bridge.finding import Finding, Verdict
from edi_bridge.interchange import Interchange
from edi_bridge.settings import Settings
from edi_bridge.store import lookup, version
from edi_bridge.store.archive import open_archive

DOCUMENTS = 200  # of an exchange that are remembered for the table; all stand in the CRM
UNUSED = 2000  # messages whose findings wait to be reported, at most
GOOD = ("done", "duplicate")
BAD = ("rejected", "held", "failed")


@dataclass(slots=True)
class Exchange:
    """What came in one interchange, and what became of it."""

    ordinal: int
    standard: str = ""
    partner: str = ""
    sender: str = ""
    control: str = ""
    types: list[str] = field(default_factory=list)
    state: str = ""
    outcome: str = ""
    verdict: str = ""
    original: int | None = None
    messages: dict[str, int] = field(default_factory=dict)
    documents: list[dict[str, Any]] = field(default_factory=list)
    id: int = 0
    reason: str = ""  # why a person must decide about it

    @property
    def refused(self) -> bool:
        """Whether anything of it is not in the CRM for a reason that somebody must look at."""
        return (
            self.state not in GOOD
            or self.verdict == Verdict.REJECTED.value
            or any(self.messages.get(state) for state in BAD)
        )


@dataclass(slots=True)
class Posted:
    """What became of one file. `trouble`: why it could not even be taken in; `failure`: the traceback of our own
    mistake."""

    file: str
    receipt: int = 0
    exchanges: list[Exchange] = field(default_factory=list)
    findings: list[telling.Told] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    failure: str = ""
    trouble: list[tuple[str, int, int, str]] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether anything in the file was refused, held or failed."""
        return bool(self.failure or not self.exchanges or any(one.refused for one in self.exchanges))

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        return {
            "file": self.file,
            "receipt": self.receipt,
            "refused": self.refused,
            "exchanges": [asdict(one) for one in self.exchanges],
            "findings": [one.as_json() for one in self.findings],
            "failure": self.failure,
            "trouble": [
                {"file": f, "line": line, "column": column, "sentence": text} for f, line, column, text in self.trouble
            ],
        }


class Watched:
    """`pipeline` as the engine walks it; keeps what is told of each message until the engine reports what became of
    it."""

    def __init__(self, catalog: Catalog, limit: int):
        self.catalog = catalog
        self.limit = limit
        self.begin("")

    def begin(self, file: str) -> None:
        """Another file."""
        self.file = file
        self.seen: dict[int, Exchange] = {}
        self.envelopes: dict[int, Interchange] = {}
        self._told: dict[tuple[int, int], list[tuple[Finding, telling.Told | None]]] = {}
        self._counting = telling.Counting(self.limit)

    def held(self, source: bytes, catalog: Any, *, partner: str | None = None, map: str | None = None,
             test: bool | None = None) -> pipeline.Held | None:
        """As the pipeline's."""
        return pipeline.held(source, catalog, partner=partner, map=map, test=test)

    def scanning(
        self, source: BinaryIO, catalog: Any, *, partner: str | None = None, map: str | None = None, breath: int = 0, test: bool | None = None
    ) -> Iterator[pipeline.Scanned | None]:
        """As the pipeline's."""
        for scanned in pipeline.scanning(source, catalog, partner=partner, map=map, breath=breath, test=test):
            if scanned is None:
                yield None
                continue
            head = scanned.interchange
            types = dict.fromkeys(f"{type_.name} {type_.version}".strip() for _, type_, _, _ in scanned.messages)
            self.seen[head.ordinal] = Exchange(
                head.ordinal, head.standard, scanned.partner, str(head.sender), head.control, list(types)[:5]
            )
            self.envelopes[head.ordinal] = head
            yield scanned

    def inbound(
        self, source: BinaryIO, catalog: Any, *, partner: str | None = None, map: str | None = None, suspended: Collection[int] = (),
        test: bool | None = None, groups: Collection[Finding] = (),
    ) -> Iterator[Any]:
        """As the pipeline's."""
        for outcome in pipeline.inbound(source, catalog, partner=partner, map=map, suspended=suspended, test=test, groups=groups):
            if outcome.message is not None and outcome.findings:
                self._remember(outcome)
            yield outcome

    def _remember(self, outcome: pipeline.MessageOutcome) -> None:
        assert outcome.message is not None
        policies = policies_of(self.catalog, outcome)
        made = [
            (finding, telling.tell(self.file, finding, outcome.message, outcome.interchange, policies))
            for finding in outcome.findings
            if self._counting.wants(finding.kind)
        ]
        if made:
            self._told[outcome.interchange.ordinal, outcome.message.ordinal] = made
            if len(self._told) > UNUSED:
                del self._told[next(iter(self._told))]

    def told(self, report: MessageReport) -> list[telling.Told]:
        """The findings of a reported message in words: those of the path with their line, those of the CRM with their
        place."""
        made = dict(self._told.pop((report.exchange, report.ordinal), ()))
        head = self.seen.get(report.exchange)
        listed = [
            made[one]
            if one in made
            else telling.tell(self.file, one, None, None, standard=head.standard if head else "")
            for one in report.findings
        ]
        return [one for one in listed if one]


class Poster:
    """Posts files one after another into one CRM."""

    def __init__(self, settings: Settings, database: Database, *, limit: int = 20):
        with database.read() as connection:
            last = lookup.newest(connection)
        force = options.in_force(settings, database)
        self.catalog = options.catalog_of(settings.home, check_receiver=True, database=settings.database, lookups=last, root=force.root)
        self.watched = Watched(self.catalog, limit)
        self.limit = limit
        self.engine = Engine(
            database,
            open_archive(settings.archive, settings.home),
            self.catalog,
            own=own_identities(self.catalog.own.parties),
            versions={**self.catalog.versions(), lookup.VERSION: str(last), version.PINNED: force.version.hash},
            same_content=settings.same_content,
            batch_messages=settings.batch_messages,
            batch_milliseconds=settings.batch_milliseconds,
            path=self.watched,
        )

    def post(
        self,
        one: Input,
        *,
        partner: str | None = None,
        map: str | None = None,
        moved: Callable[[float], None] | None = None,
    ) -> Posted:
        """One file, to its end. ConfigFault when it cannot be read; TransientFault when nothing can be posted at the
        moment."""
        watched, posted, counting = self.watched, Posted(one.name), telling.Counting(self.limit)
        watched.begin(one.name)
        documents: dict[int, list[dict[str, Any]]] = {}

        def on_message(report: MessageReport) -> None:
            listed = documents.setdefault(report.exchange, [])
            listed += [asdict(document) for document in report.documents[: max(0, DOCUMENTS - len(listed))]]
            posted.findings += [told for told in watched.told(report) if counting.wants(told.kind)]

        with one.open(moved) as source:
            summary = self.engine.post_file(
                Path(one.name).name, source, partner=partner, map=map, on_message=on_message
            )
        self._finish(posted, summary, documents, counting)
        return posted

    def _finish(
        self,
        posted: Posted,
        summary: ReceiptSummary,
        documents: dict[int, list[dict[str, Any]]],
        counting: telling.Counting,
    ) -> None:
        for finding in summary.findings:
            if (told := telling.tell(posted.file, finding, None, None)) and counting.wants(told.kind):
                posted.findings.append(told)
        for exchange in summary.exchanges:
            posted.exchanges.append(self._exchange(exchange, documents.get(exchange.ordinal, [])))
            head = self.watched.envelopes.get(exchange.ordinal)
            for finding in exchange.findings:
                if (told := telling.tell(posted.file, finding, None, head)) and counting.wants(told.kind):
                    posted.findings.append(told)
        posted.receipt, posted.failure, posted.hidden = summary.id, summary.failure, counting.hidden()

    def _exchange(self, summary: ExchangeSummary, documents: list[dict[str, Any]]) -> Exchange:
        made = self.watched.seen.get(summary.ordinal) or Exchange(summary.ordinal)
        made.id, made.state, made.outcome, made.verdict, made.original, made.reason = (
            summary.id,
            summary.state,
            summary.outcome,
            summary.verdict,
            summary.original,
            summary.reason,
        )
        made.messages, made.documents = dict(summary.messages), documents
        return made
