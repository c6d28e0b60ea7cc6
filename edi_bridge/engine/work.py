"""What is on its way through the engine: a receipt, and what the next commits will hold."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

from edi_bridge.ack.statement import Answer
from edi_bridge.answering import Collected
from edi_bridge.engine.closing import End
from edi_bridge.store.ledger import Exchange, Receipt

BATCH_LINES = 10_000  # of one batch together, so that messages of many lines do not pile up


class Line(Protocol):
    """The path as the engine walks it (`pipeline.py`)."""

    def scanning(
        self, source: BinaryIO, catalog: Any, *, partner: str | None = None, map: str | None = None, breath: int = 0, test: bool | None = None
    ) -> Iterator[Any]:
        """Each interchange with its envelope's findings and verdict, nothing mapped; None each `breath` messages."""

    def held(self, source: bytes, catalog: Any, *, partner: str | None = None, map: str | None = None, test: bool | None = None) -> Any:
        """A small file read once, as `scanning` and `inbound` take it; None: they read it each."""

    def inbound(
        self, source: BinaryIO, catalog: Any, *, partner: str | None = None, map: str | None = None, suspended: Any = (), test: bool | None = None,
        groups: Any = (),
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
    most: int = 64  # messages of one commit …
    seconds: float = 0.2  # … and of the processor

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

    @property
    def full(self) -> bool:
        """Whether the messages are committed before another one is added: so the last one of a group and its end go with the others."""
        return self.kept is None and (len(self.messages) >= self.most or self.lines >= BATCH_LINES or (
            bool(self.messages) and time.thread_time() - self.since >= self.seconds))

    @property
    def ended(self) -> bool:
        """Whether the ends are enough for a commit."""
        return len(self.ends) >= self.most

    def clear(self) -> None:
        """It is committed."""
        self.messages.clear()
        self.ends.clear()
        self.done.clear()
        self.lines = 0
