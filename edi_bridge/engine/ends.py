"""What is collected of an interchange until its last message was read: for its answers, and what it answers itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
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
        ordinal = outcome.interchange.ordinal
        if ordinal not in work.collected:
            work.collected[ordinal] = self._collected(outcome)
        collected = work.collected[ordinal]
        if collected is not None:
            collected.add(outcome.message, list(findings))

    def _collected(self, outcome: Any) -> Collected | None:
        if not self.answers or not outcome.partner:
            return None
        return collecting(outcome.interchange, self.catalog.partner_named(outcome.partner).ruling(outcome.test), self.prepared())

    def end(self, work: Work, exchange: Exchange, outcome: Any) -> End:
        partner = self.catalog.partner_named(outcome.partner).ruling(outcome.test) if outcome.partner and self.answers else None
        ordinal = outcome.interchange.ordinal
        if partner is not None and not work.heard.pop(ordinal, self.stages.answers(partner)):
            partner = None  # no stage of its messages has it answered
        collected = work.collected.pop(ordinal, None) if ordinal in work.collected else self._collected(outcome)
        answers = [*work.answers.pop(ordinal, ()), *self.reconciling.strays(outcome.interchange)]
        return End(exchange, outcome.interchange, outcome.findings, partner, collected, answers)

    def complete(self, work: Work, end: End) -> End:
        """The end with what was collected of the messages that were posted with it."""
        if end.exchange.ordinal in work.collected:
            return replace(end, collected=work.collected.pop(end.exchange.ordinal))
        return end
