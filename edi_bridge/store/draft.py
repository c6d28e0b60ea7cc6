"""What the ledger is to keep of each message, decided before the CRM is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from edi_bridge.finding import Finding, Verdict, found
from edi_bridge.interchange import Position
from edi_bridge.rollout.stage import HOLD, POST, SHADOW, Arrival
from edi_bridge.store.content import content_hash
from edi_bridge.store.ledger import Exchange
from edi_bridge.store.message import MessageRow, content_owners, content_scope


LIVE = Arrival(POST)
STATES = {POST: "posted", SHADOW: "shadowed", HOLD: "held"}


@dataclass(slots=True)
class Draft:
    """A message on its way: its row to be, the path's outcome, its findings; whether its content came before."""

    row: MessageRow
    outcome: Any  # pipeline.MessageOutcome
    scope: str
    findings: list[Finding]
    content_known: bool = False
    holds: bool = True  # where its content came before

    @property
    def partner(self) -> str:
        """The partner's name, or the sender's address while nobody knows it."""
        return self.outcome.partner or str(self.outcome.interchange.sender)

    @property
    def position(self) -> Position:
        """Where findings about the message as a whole stand."""
        return Position(interchange=self.outcome.interchange.ordinal, message=self.row.ordinal)


def judge(
    connection: Connection,
    outcomes: Sequence[tuple[Exchange, Any]],
    *,
    versions: Mapping[str, str],
    hold_repeated: Callable[[Any], bool],
    failure: str = "",
    arrivals: Sequence[Arrival] = (),
) -> list[Draft]:
    """Each message's row: posted (the CRM may still refuse it), rejected, held because its content came before, or
    failed (with the traceback `failure`). What answers something that we sent is `reconciled`. `outcomes`: each with its
    exchange; where a person released that, nothing is held because it came before. `arrivals`: what the stage of each says (none: all
    are posted live); what it does not take is held, a shadow's copy is shadowed."""
    drafts = []
    for (exchange, outcome), arrival in zip(outcomes, arrivals or [LIVE] * len(outcomes), strict=True):
        message, interchange = outcome.message, outcome.interchange
        state = "failed" if failure else "rejected" if outcome.verdict is Verdict.REJECTED else "posted"
        if state == "posted" and message.type.is_answer and not outcome.map:
            state = "reconciled"
        elif state == "posted":
            state = STATES[arrival.then]
        row = MessageRow(
            exchange.id,
            message.ordinal,
            str(message.type),
            message.reference,
            state,
            outcome.verdict,
            content_hash(message),
            outcome.map,
            versions.get(outcome.map, ""),
            outcome.record_type,
            len(outcome.records),
            failure or (arrival.reason if state == "held" else ""),
            arrival.lane,
        )
        row = row.held() if state == "held" else row
        drafts.append(Draft(row, outcome, content_scope(interchange, row.type, row.lane), list(outcome.findings),
                            holds=not exchange.released and hold_repeated(outcome)))
    _mark_repeated(connection, drafts)
    return drafts


def _mark_repeated(connection: Connection, drafts: Sequence[Draft]) -> None:
    """Find messages whose content came before in another message; hold them or only remember it."""
    by_scope: dict[str, list[Draft]] = {}
    for draft in drafts:
        if draft.row.state == "posted":
            by_scope.setdefault(draft.scope, []).append(draft)
    for scope, group in by_scope.items():
        owners = content_owners(connection, scope, [draft.row.content for draft in group])
        for draft in group:
            me = (draft.row.exchange, draft.row.ordinal)
            owner = owners.setdefault(draft.row.content, me)
            draft.content_known = owner != me
            if draft.content_known and draft.holds:
                draft.row = draft.row.held()
                note = f"the same content came before in message {owner[1]} of exchange {owner[0]}"
                draft.findings.append(found("same_content", draft.position, note=note))
