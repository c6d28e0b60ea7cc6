"""The states of receipts, exchanges and messages, and the ways between them: one table, printed in `docs/ledger.md`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class State:
    """One state of one kind of row; `next` are the states that may follow."""

    of: str  # receipt, exchange, message
    name: str
    meaning: str
    next: tuple[str, ...] = ()


STATES = (
    State("receipt", "received", "the bytes are durable in the archive", ("scanned", "failed", "quarantined")),
    State("receipt", "scanned", "every interchange in it has its row and its intake outcome", ("done",)),
    State("receipt", "done", "every exchange in it is closed", ("scanned", "purged")),
    State("receipt", "purged", "its retention time is over: the bytes are gone, what became of it stays"),
    State("receipt", "quarantined", "the program stopped twice while it read it; a person must release or reject it", ("received", "done")),
    State("receipt", "failed", "its envelopes could not be read: our own mistake, or a file of the home or its bytes here are not as they must be; a person may release it", ("received",)),
    State(
        "exchange",
        "open",
        "its envelope is accepted; its messages are being posted",
        ("done", "rejected", "held", "failed"),
    ),
    State("exchange", "done", "closed: at least one message was posted or shadowed, or was here before, or waits for another document", ("open",)),
    State("exchange", "rejected", "closed: its envelope, or each of its messages, was refused; a person may try it again", ("open", "discarded")),
    State("exchange", "held", "closed: nothing was posted, and a person must decide about at least one message", ("open", "discarded")),
    State("exchange", "failed", "stopped by our own mistake, or because a file of the home or its bytes here are not as they must be; tried again when it is"
          " replayed, or when the same bytes come again", ("open", "discarded")),
    State("exchange", "duplicate", "the same came before; what became of the first holds"),
    State("exchange", "quarantined", "nothing of it is posted until a person decides: its reason says why", ("open", "discarded")),
    State("exchange", "discarded", "a person decided that nothing of it is posted"),
    State("message", "posted", "its records are in the CRM"),
    State("message", "shadowed", "a real copy beside the old channel: read and checked, never posted"),
    State("message", "reconciled", "it answers something that we sent"),
    State("message", "waiting", "it refers to a business document that is not here yet; it goes on when that comes, or after its time"),
    State("message", "rejected", "refused; its findings say why"),
    State(
        "message", "held", "kept for a person: its party is not clear, the same content came under another number, or its stage does not take it"
    ),
    State("message", "failed", "our own mistake; tried again when the same bytes come again"),
    State("message", "discarded", "a person decided that it is not posted, or has sent an edited copy of it its way"),
)

UNFINISHED = ("received", "scanned")  # states of a receipt that is not through

OUTCOMES = (
    ("new", "nothing of it was here"),
    ("again", "the same came before, in the same bytes or in others: nothing changes, the row points to the first"),
    ("retry", "the same bytes were refused before, by other maps or agreements: tried again"),
    ("conflict", "its control number came before with other content: quarantined"),
    ("refused", "its envelope is not acceptable; it uses up no control number"),
)

_BY_NAME = {(state.of, state.name): state for state in STATES}


def may_follow(of: str, before: str, after: str) -> bool:
    """Whether a row may go from one state to another."""
    return after in _BY_NAME[of, before].next


def as_markdown() -> str:
    """The tables as they stand in `docs/ledger.md`."""
    lines = ["| of | state | means | then |", "|---|---|---|---|"]
    lines += [f"| {state.of} | {state.name} | {state.meaning} | {', '.join(state.next) or '–'} |" for state in STATES]
    lines += ["", "| intake outcome | means |", "|---|---|"]
    lines += [f"| {name} | {meaning} |" for name, meaning in OUTCOMES]
    return "\n".join(lines)
