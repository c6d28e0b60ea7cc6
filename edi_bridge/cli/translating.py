"""The work of `translate`: outcomes become pieces (JSON lines, findings in words, counts), which any process can
make."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast

from edi_bridge import pipeline
from edi_bridge.catalog import Catalog
from edi_bridge.cli import options, show, telling
from edi_bridge.cli.inputs import Input
from edi_bridge.fault import ConfigFault
from edi_bridge.finding import Verdict
from edi_bridge.pipeline import MessageOutcome
from edi_bridge.record import to_json

FLUSH = 128  # outcomes in a piece, at most
FLUSH_BYTES = 1_000_000  # of JSON, likewise


@dataclass(slots=True)
class Piece:
    """What became of some messages of one file, in order. `trouble` are problems of configuration, with their
    places."""

    file: str
    lines: bytes = b""
    told: list[telling.Told] = field(default_factory=list)
    untold: dict[str, int] = field(
        default_factory=dict
    )  # findings that were not put in words, by kind: beyond the limit
    messages: int = 0
    records: int = 0
    refused_messages: int = 0
    refused_interchanges: int = 0
    trouble: list[tuple[str, int, int, str]] = field(default_factory=list)
    last: bool = False  # nothing comes after it for this file


@dataclass(slots=True)
class Job:
    """What was asked for; the same in every process."""

    home: Path | None
    partner: str | None
    map: str | None
    all: bool
    limit: int
    catalog: Catalog = field(init=False)

    def prepare(self) -> None:
        """Open what was named, so that mistakes are told before anything is read. ConfigFault."""
        self.catalog = options.catalog_of(self.home)
        if self.partner:
            self.catalog.partner_named(self.partner)
        if self.map:
            self.catalog.map_named(self.map)


class Gathering:
    """Collects outcomes of one file into a piece."""

    __slots__ = ("job", "file", "piece", "_lines", "_count", "_size", "_counting")

    def __init__(self, job: Job, file: str):
        self.job = job
        self.file = file
        self._counting = telling.Counting(job.limit)
        self._begin()

    def _begin(self) -> None:
        self.piece = Piece(self.file)
        self._lines: list[bytes] = []
        self._count = self._size = 0

    def take(self, outcome: MessageOutcome) -> bool:
        """Add one; True when the piece is full."""
        piece = self.piece
        refused = outcome.verdict is Verdict.REJECTED
        if outcome.message is not None:
            piece.messages += 1
            piece.refused_messages += refused
        else:
            piece.refused_interchanges += refused
        if outcome.records and (not refused or self.job.all):
            for record in outcome.records:
                line = to_json(record)
                self._lines += (line, b"\n")
                self._size += len(line)
            piece.records += len(outcome.records)
        if outcome.findings:
            self._tell(outcome)
        self._count += 1
        return self._count >= FLUSH or self._size >= FLUSH_BYTES

    def _tell(self, outcome: MessageOutcome) -> None:
        policies = policies_of(self.job.catalog, outcome)
        for finding in outcome.findings:
            if not self._counting.wants(finding.kind):
                self.piece.untold[finding.kind] = self.piece.untold.get(finding.kind, 0) + 1
            elif told := telling.tell(self.file, finding, outcome.message, outcome.interchange, policies):
                self.piece.told.append(told)

    def give(self) -> Piece:
        """The piece, and begin the next."""
        piece = self.piece
        piece.lines = b"".join(self._lines)
        self._begin()
        return piece


def policies_of(catalog: Catalog, outcome: MessageOutcome) -> list[tuple[str, telling.Policy]]:
    """Whose word decides what a finding does: the agreement's, then the partner's."""
    if not outcome.partner:
        return []
    partner = catalog.partner_named(outcome.partner)
    agreement = partner.agreement(outcome.message.type) if outcome.message else None
    return [
        *([(f"{partner.name}, {agreement.message}", agreement.findings)] if agreement else []),
        (partner.name, partner.findings),
    ]


@contextmanager
def opened(one: Input, catalog: Catalog, partner: str | None, map: str | None,
           moved: Callable[[float], None] | None = None, step: Callable[..., Any] | None = None) -> Iterator[tuple[BinaryIO, frozenset[int]]]:
    """A file's bytes, and its interchanges that a dry pass (`step`, as in `pipeline.inbound`) found to be rejected as a whole.

    The dry pass is made only where a partner wants whole interchanges judged; standard input is kept for it meanwhile.
    """
    if not catalog.judges_whole:
        with one.open(moved) as source:
            yield source, frozenset()
        return
    with ExitStack() as stack:
        first = stack.enter_context(one.open())
        if one.path is None:
            kept = stack.enter_context(TemporaryFile())
            copyfileobj(first, kept)
            kept.seek(0)
            first = cast(BinaryIO, kept)
        suspended = pipeline.suspended(first, catalog, partner=partner, map=map, step=step)
        if one.path is None:
            first.seek(0)
            yield first, suspended
        else:
            yield stack.enter_context(one.open(moved)), suspended


def pieces(inputs: Sequence[Input], job: Job, jobs: int, moved: Callable[[float], None]) -> Iterator[Piece]:
    """Every file through the whole path, one after another."""
    for one in inputs:
        yield from file_pieces(one, job, moved)


def file_pieces(one: Input, job: Job, moved: Callable[[float], None] | None = None) -> Iterator[Piece]:
    """One file through the whole path; a mistake in a map ends this file only."""
    gathering = Gathering(job, one.name)
    try:
        with opened(one, job.catalog, job.partner, job.map, moved) as (source, suspended):
            for outcome in pipeline.inbound(source, job.catalog, partner=job.partner, map=job.map, suspended=suspended):
                if gathering.take(outcome):
                    yield gathering.give()
    except ConfigFault as fault:
        gathering.piece.trouble = fault.problems
    piece = gathering.give()
    piece.last = True
    yield piece


class Tally:
    """Counts the pieces and shows their findings as they come."""

    def __init__(self, limit: int):
        self.files = self.messages = self.records = self.refused_messages = self.refused_interchanges = 0
        self._counting = telling.Counting(limit)  # again: several processes have each counted for themselves
        self._troubles: set[tuple[str, int, int, str]] = set()

    def take(self, piece: Piece) -> None:
        """Count a piece and show what is to be said of it."""
        self.messages += piece.messages
        self.records += piece.records
        self.refused_messages += piece.refused_messages
        self.refused_interchanges += piece.refused_interchanges
        for told in piece.told:
            if self._counting.wants(told.kind):
                telling.note(told)
        for kind, count in piece.untold.items():
            self._counting.wants(kind, count)
        if piece.trouble:
            self._tell_trouble(piece)
        if piece.last:
            self._finish(piece.file)

    def _tell_trouble(self, piece: Piece) -> None:
        fresh = [one for one in piece.trouble if one not in self._troubles]
        self._troubles.update(fresh)
        if fresh:
            show.problems(ConfigFault(fresh))
        if any(one[0] != piece.file for one in piece.trouble):
            show.note(f"{show.clean(piece.file)}: not translated, because of the above")

    def _finish(self, file: str) -> None:
        self.files += 1
        for line in self._counting.hidden():
            show.note(f"{show.clean(file)}  {line}")

    @property
    def code(self) -> int:
        """The exit code: 2 for trouble with configuration or files, 1 when something was refused."""
        if self._troubles:
            return 2
        return 1 if self.refused_messages or self.refused_interchanges else 0

    def summary(self, seconds: float) -> str:
        """One line for the end."""
        refused: list[Any] = []
        if self.refused_messages:
            refused.append(show.number(self.refused_messages, "message"))
        if self.refused_interchanges:
            refused.append(show.number(self.refused_interchanges, "interchange"))
        parts = [
            show.number(self.files, "file"),
            show.number(self.messages, "message"),
            show.number(self.records, "record"),
            show.style(f"refused: {', '.join(refused)}", "red") if refused else "nothing refused",
        ]
        return " · ".join(parts) + f" · {seconds:.1f} s"
