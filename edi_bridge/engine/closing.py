"""The end of an exchange, in one transaction: its verdict, the answers with their numbers in the outbox, what answers in it said.

The answers are made of what the ledger decided. Nothing negative ever goes out for our own mistake: an exchange that failed is
answered when it was done again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from edi_bridge.ack.statement import Answer
from edi_bridge.answering import Collected, answered
from edi_bridge.crashpoint import passing
from edi_bridge.engine.guard import TRACEBACK, last_line
from edi_bridge.finding import Finding
from edi_bridge.interchange import Interchange
from edi_bridge.partner import Partner, acknowledging
from edi_bridge.store import alarm, control_number, identity, ledger, outbox
from edi_bridge.store.archive import Archive
from edi_bridge.store.control_number import Drawing
from edi_bridge.store.ledger import Exchange


@dataclass(frozen=True, slots=True)
class End:
    """An interchange whose last message was read: what its envelope shows now, and what was collected for its answers (None:
    nobody is answered)."""

    exchange: Exchange
    interchange: Interchange
    findings: list[Finding]
    partner: Partner | None
    collected: Collected | None
    answers: list[Answer] = field(default_factory=list)  # to what we sent


@dataclass(frozen=True, slots=True)
class Closing:
    """Closes exchanges. `prepared` gives the time that stands in answers (ISO 8601 to the minute), `now` the ledger's."""

    archive: Archive
    prepared: Callable[[], str]
    now: Callable[[], str]

    def close(self, connection: Connection, ends: Sequence[End]) -> None:
        """State, verdict and answers of exchanges that are still open."""
        states = ledger.close_all(connection, [end.exchange.id for end in ends])
        drawing = control_number.Drawing(connection, self.now())
        drawing.take(_circle(end.interchange) for end in ends if end.collected is not None and end.partner is not None)
        outgoing: list[outbox.Outgoing] = []
        for end in ends:
            self._close(connection, end, states[end.exchange.id][0], drawing, outgoing)
        drawing.write()
        if outgoing:
            outbox.add_all(connection, self.archive, outgoing, self.now())
            passing("outbox_written")

    def _close(self, connection: Connection, end: End, state: str, drawing: Drawing, outgoing: list[outbox.Outgoing]) -> None:
        subject = f"exchange {end.exchange.id}"
        if state == "done" and (end.exchange.released or end.exchange.closings):
            identity.own_number(connection, end.exchange.id, end.interchange, end.exchange.lane)
        if state == "failed":  # one of its messages
            self.fail(connection, end.exchange, "")
            return
        if state == "held":
            alarm.raise_(connection, "quarantine", subject, f"nothing of {subject} was posted: a person must decide", self.now())
        if end.collected is None or end.partner is None:
            return
        for sentence in self._answer(end, end.collected, end.partner, drawing, outgoing):
            alarm.raise_(connection, "unanswered", subject, f"{subject}: {sentence}", self.now())

    def fail(self, connection: Connection, exchange: Exchange, failure: str) -> None:
        """Close an exchange that our own mistake stopped (its traceback; '' where one of its messages has it), or a file of the home (where
        and what is wrong): no answer goes out."""
        if failure:
            ledger.close(connection, exchange.id, failure)
        subject = f"exchange {exchange.id}"
        what = "a mistake of edi_bridge itself" if not failure or failure.startswith(TRACEBACK) else last_line(failure)
        alarm.raise_(connection, "failed", subject, f"{subject} was stopped: {what}; it is tried again when it is replayed (edi-bridge exchange replay"
                     f" {exchange.id} --apply) or comes again", self.now())

    def _answer(self, end: End, collected: Collected, partner: Partner, drawing: Drawing, outgoing: list[outbox.Outgoing]) -> list[str]:
        """Make the answers; what a person must be told because no answer says it."""
        interchange, scope = end.interchange, _circle(end.interchange)

        def draw(kind: str) -> int:
            number = drawing.draw(scope, kind, partner.numbers)
            passing("number_drawn")
            return number

        made = answered(collected, end.findings, draw, self.prepared(), again=bool(end.exchange.closings))
        passing("ack_rendered")
        outgoing += [outbox.Outgoing(
            partner.name, "answer", answer.name, interchange.standard, interchange.receiver, interchange.sender, answer.control,
            answer.content, bool(interchange.test), partner.answers_by, exchange=end.exchange.id,
            origin=f"answers exchange {end.exchange.id}") for answer in made.answers]
        return made.told


def _circle(interchange: Interchange) -> str:
    """In which our numbers of the answers to an interchange are unique."""
    return control_number.scope(interchange.standard, interchange.receiver, interchange.sender, test=bool(interchange.test))


def collecting(interchange: Interchange, partner: Partner | None, prepared: str) -> Collected | None:
    """What takes in an interchange's messages for its answers; None where nothing can answer it."""
    if partner is None or interchange.standard not in ("edifact", "x12"):
        return None
    if all(when == "never" for when in _agreed(partner).values()):
        return None
    return Collected(interchange, partner, prepared)


def _agreed(partner: Partner) -> dict[str, Any]:
    """Which answers go out for anything at all."""
    said = acknowledging(partner)
    for agreement in partner.agreements:
        said |= {name: when for name, when in agreement.acknowledge.items() if when != "never"}
    return said
