"""The second pass over a receipt: its messages and the ends of its interchanges, put together for the next commits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from edi_bridge.crashpoint import passing
from edi_bridge.database import Database
from edi_bridge.engine.ends import Ends
from edi_bridge.engine.guard import Failure, guarded
from edi_bridge.engine.work import Line, Waiting, Work
from edi_bridge.finding import Finding
from edi_bridge.rollout.stage import Arrival
from edi_bridge.store import ledger, message
from edi_bridge.store.ledger import Exchange, Receipt


@dataclass(frozen=True, slots=True)
class Walking:
    """Walks receipts. `source` opens one; `arrival` says where a message goes by its stage."""

    database: Database
    catalog: Any
    path: Line
    ends: Ends
    source: Callable[[Work], AbstractContextManager[Any]]
    arrival: Callable[[Receipt, Exchange, Any], Arrival]

    def walk(self, work: Work, waiting: Waiting) -> Iterator[bool]:
        """Put the messages and ends of a receipt's open exchanges into `waiting`; True each time that it is full.

        A consumer that was told so continues with an empty one: it is the same object, emptied.
        """
        if not work.open:
            return
        receipt, at = work.receipt, min(work.open)
        suspended = [e.ordinal for e in work.open.values() if e.outcome == "refused"]
        with self.source(work) as source:
            outcomes = iter(self.path.inbound(source, self.catalog, partner=receipt.partner or None, map=receipt.map or None,
                                              suspended=self._suspended(receipt, suspended), test=receipt.test, groups=self._groups(work)))
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
                    if waiting.ended:
                        yield True
                    waiting.ends.append((work, self.ends.end(work, exchange, outcome)))
                    if waiting.kept:
                        yield True
                    continue
                if not outcome.message.type.is_answer:
                    work.heard[at] = work.heard.get(at, False) or self.arrival(receipt, exchange, outcome).acknowledged
                if exchange.outcome == "refused":
                    self.ends.collect(work, outcome, outcome.findings)
                    continue
                if outcome.message.type.is_answer and outcome.interchange.standard in ("edifact", "x12"):
                    work.answers.setdefault(at, []).append(self.ends.reconciling.read(outcome.message, outcome.interchange))
                if waiting.full:
                    yield True
                apart = (waiting.kept or (outcome.keep and waiting.messages)) and waiting.kept != (receipt.id, at)
                if apart:
                    yield True
                waiting.add(work, outcome)
                passing("mapped")

    def _suspended(self, receipt: Receipt, refused: Sequence[int]) -> frozenset[int]:
        """Of the refused interchanges those that one of their messages condemned."""
        if not refused:
            return frozenset()
        with self.database.read() as connection:
            ids = {e.id: e.ordinal for e in ledger.exchanges(connection, receipt.id) if e.ordinal in refused}
            return frozenset(ordinal for id, ordinal in ids.items()
                             if any(one.kind == "interchange_suspended" for one in message.envelope_findings(connection, receipt.id, id)))

    def _groups(self, work: Work) -> list[Finding]:
        """What the first pass found wrong with groups; they are in hand where all that it read is still held."""
        if work.kept is not None and not isinstance(work.kept, bytes):
            held: list[Finding] = work.kept.group_findings()
            return held
        with self.database.read() as connection:
            return message.group_findings(connection, work.receipt.id)
