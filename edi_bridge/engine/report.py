"""What the engine tells: what became of a message, an interchange, a delivery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edi_bridge.crm.document import Document
from edi_bridge.finding import Finding, Verdict


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
    `findings` the first of its envelope, `answers` the entries of the outbox that answer it, `reason` why a person must decide."""

    id: int
    ordinal: int
    state: str
    outcome: str
    verdict: str
    original: int | None
    messages: Mapping[str, int]
    findings: Sequence[Finding] = ()
    answers: Sequence[int] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptSummary:
    """What became of one delivery. `joined`: it went on with an earlier one of the same bytes. `failure`: the traceback
    of our own mistake. `reported`: it is a network's report that says so many things (None: it is none). All findings stand in the
    ledger (`store.message.findings`)."""

    id: int
    name: str
    sha256: str
    size: int
    joined: bool
    exchanges: list[ExchangeSummary]
    findings: Sequence[Finding] = ()  # where the file has no interchange at all
    failure: str = ""
    reported: int | None = None

    @property
    def refused(self) -> bool:
        """Whether anything was not accepted."""
        if self.reported is not None:
            return bool(self.failure)
        good = ("done", "duplicate")
        return (
            bool(self.failure)
            or not self.exchanges
            or any(e.state not in good or e.verdict != Verdict.ACCEPTED.value for e in self.exchanges)
        )
