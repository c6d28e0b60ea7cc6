"""What is collected of an interchange until its last message was read: for its answers, and what it answers itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edi_bridge.answering import Collected
from edi_bridge.engine.closing import End, collecting
from edi_bridge.engine.reconciling import Reconciling
from edi_bridge.engine.stages import Stages
from edi_bridge.engine.work import Work
from edi_bridge.store.ledger import Exchange


@dataclass(frozen=True, slots=True)
class Ends:
    """Collects. `answers`: whether anything is answered; `prepared` gives the time that stands in answers."""

    catalog: Any
    stages: Stages
    reconciling: Reconciling
    answers: bool
    prepared: Callable[[], str]

    def collect(self, work: Work, outcome: Any, findings: Any) -> None:
        """Take in what became of a message."""
        collected = self._of(work, outcome)
        if collected is not None:
            collected.add(outcome.message, list(findings))

    def _of(self, work: Work, outcome: Any) -> Collected | None:
        """What is collected of an outcome's interchange; it grows until the end is committed, over as many batches as there are."""
        ordinal = outcome.interchange.ordinal
        if ordinal not in work.collected:
            work.collected[ordinal] = None if not self.answers or not outcome.partner else collecting(
                outcome.interchange, self.catalog.partner_named(outcome.partner).ruling(outcome.test), self.prepared())
        return work.collected[ordinal]

    def end(self, work: Work, exchange: Exchange, outcome: Any) -> End:
        """The end of an interchange; the last of its messages may still wait for their commit."""
        partner = self.catalog.partner_named(outcome.partner).ruling(outcome.test) if outcome.partner and self.answers else None
        ordinal = outcome.interchange.ordinal
        if partner is not None and not work.heard.pop(ordinal, self.stages.answers(partner)):
            partner = None  # no stage of its messages has it answered
        answers = [*work.answers.pop(ordinal, ()), *self.reconciling.strays(outcome.interchange)]
        return End(exchange, outcome.interchange, outcome.findings, partner, self._of(work, outcome), answers)

    @staticmethod
    def complete(work: Work, end: End) -> End:
        """Its last messages are committed: nothing more is collected of it."""
        work.collected.pop(end.exchange.ordinal, None)
        return end
