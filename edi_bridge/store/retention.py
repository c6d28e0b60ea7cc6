"""What is removed when its time is over: bytes, findings, identities. What became of it stays, and what is held stays whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sqlalchemy import Connection, Select, delete, func, or_, select, update

from edi_bridge.store import audit
from edi_bridge.store.tables import ledger

NO_LIMITS: Mapping[str, str] = MappingProxyType({})
FINISHED = ("done", "rejected", "duplicate", "discarded")
UNFINISHED = ("held", "waiting", "failed")  # messages that a person or another document still decides about


@dataclass(slots=True)
class Old:
    """Receipts whose time is over, the bytes that nothing else needs, and how many must stay."""

    receipts: list[int] = field(default_factory=list)
    blobs: list[str] = field(default_factory=list)
    kept: int = 0


def old(connection: Connection, before: str, today: str, limits: Mapping[str, str] = NO_LIMITS) -> Old:
    """What was received before a day and is finished; a legal hold lasts until the end of its day (`today` is ISO 8601). `limits`: the day
    of partners (by name) that are kept for another time than the others. A file with exchanges of several is kept for the longest."""
    t = ledger()
    e, r = t.exchange, t.receipt
    made = Old()
    unfinished = select(t.message.c.exchange_id).where(t.message.c.state.in_(UNFINISHED))
    stays = select(e.c.receipt_id).where(e.c.state.not_in(FINISHED) | (e.c.hold_until >= today) | e.c.id.in_(unfinished))
    aged = (r.c.received_at < max([before, *limits.values()])) & (r.c.state != "purged") & r.c.id.not_in(_young(before, limits))
    gone = aged & (r.c.state == "done") & r.c.id.not_in(stays)
    made.receipts = list(connection.execute(select(r.c.id).where(gone).order_by(r.c.id)).scalars())
    made.kept = int(connection.execute(select(func.count()).select_from(r).where(aged)).scalar_one()) - len(made.receipts)
    needed = select(r.c.sha256).where(r.c.id.not_in(select(r.c.id).where(gone)), r.c.state != "purged")
    frozen = select(t.outbox.c.sha256).where(t.outbox.c.content.is_(None))
    over = gone | (r.c.state == "purged")  # those before: a process that died then may have left their bytes
    made.blobs = list(connection.execute(select(r.c.sha256).where(over, r.c.sha256.not_in(needed), r.c.sha256.not_in(frozen)).distinct()).scalars())
    return made


def _young(before: str, limits: Mapping[str, str]) -> Select[tuple[int]]:
    """The receipts whose time is not over, as far as partners have times of their own."""
    e, r = ledger().exchange, ledger().receipt
    days: dict[str, list[str]] = {}
    for partner, day in limits.items():
        days.setdefault(day, []).append(partner)
    mine = select(r.c.id).join(e, e.c.receipt_id == r.c.id, isouter=True)
    whose = func.coalesce(e.c.partner, r.c.partner)
    return mine.where(or_(whose.not_in(list(limits)) & (r.c.received_at >= before),
                          *(whose.in_(partners) & (r.c.received_at >= day) for day, partners in days.items())))


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
