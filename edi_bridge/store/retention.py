"""What is removed when its time is over: bytes, findings, identities. What became of it stays, and what is held stays whole."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, func, select, update

from edi_bridge.store import audit
from edi_bridge.store.tables import ledger

FINISHED = ("done", "rejected", "duplicate", "discarded")
UNFINISHED = ("held", "waiting", "failed")  # messages that a person or another document still decides about


@dataclass(slots=True)
class Old:
    """Receipts whose time is over, the bytes that nothing else needs, and how many must stay."""

    receipts: list[int] = field(default_factory=list)
    blobs: list[str] = field(default_factory=list)
    kept: int = 0


def old(connection: Connection, before: str, today: str) -> Old:
    """What was received before a day and is finished; a legal hold lasts until the end of its day (`today` is ISO 8601)."""
    t = ledger()
    e, r = t.exchange, t.receipt
    made = Old()
    unfinished = select(t.message.c.exchange_id).where(t.message.c.state.in_(UNFINISHED))
    stays = select(e.c.receipt_id).where(e.c.state.not_in(FINISHED) | (e.c.hold_until >= today) | e.c.id.in_(unfinished))
    aged = (r.c.received_at < before) & (r.c.state != "purged")
    gone = aged & (r.c.state == "done") & r.c.id.not_in(stays)
    made.receipts = list(connection.execute(select(r.c.id).where(gone).order_by(r.c.id)).scalars())
    made.kept = int(connection.execute(select(func.count()).select_from(r).where(aged)).scalar_one()) - len(made.receipts)
    needed = select(r.c.sha256).where(r.c.id.not_in(select(r.c.id).where(gone)), r.c.state != "purged")
    frozen = select(t.outbox.c.sha256).where(t.outbox.c.content.is_(None))
    over = gone | (r.c.state == "purged")  # those before: a process that died then may have left their bytes
    made.blobs = list(connection.execute(select(r.c.sha256).where(over, r.c.sha256.not_in(needed), r.c.sha256.not_in(frozen)).distinct()).scalars())
    return made


def purge(connection: Connection, what: Old, at: str, actor: str, reason: str) -> None:
    """Take their rows of findings and identities away. The caller removes the bytes after the commit."""
    t = ledger()
    for start in range(0, len(what.receipts), 500):
        part = what.receipts[start: start + 500]
        exchanges = select(t.exchange.c.id).where(t.exchange.c.receipt_id.in_(part))
        connection.execute(delete(t.finding).where(t.finding.c.receipt_id.in_(part)))
        connection.execute(delete(t.identity).where(t.identity.c.exchange_id.in_(exchanges)))
        connection.execute(delete(t.seen).where(t.seen.c.receipt_id.in_(part)))
        connection.execute(update(t.receipt).where(t.receipt.c.id.in_(part)).values(state="purged"))
    audit.write(connection, at, actor, "purge", "archive", reason, {"receipts": len(what.receipts), "blobs": len(what.blobs)})


def hold(connection: Connection, exchange: int, until: str, at: str, actor: str, reason: str) -> bool:
    """Keep an exchange until a day ('' ends it); False when there is none."""
    e = ledger().exchange
    done = connection.execute(update(e).where(e.c.id == exchange).values(hold_until=until))
    if not done.rowcount:
        return False
    audit.write(connection, at, actor, "hold", f"exchange {exchange}", reason, {"until": until})
    return True
