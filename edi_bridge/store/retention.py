"""What is removed when its time is over: bytes, findings, identities. What became of it stays, and what is held stays whole.

A person removes it all at once while no daemon runs (`old`, `purge`). The daemon does it beside the traffic (`due`, `purge_some`): a few
receipts in a transaction, and bytes that came again lately stay (`Archive.remove_unused`), since their new row may not be there yet.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, func, or_, select, update

from edi_bridge.database import chunks
from edi_bridge.store import audit
from edi_bridge.store.archive import Archive
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


def limits_of(classes: Mapping[str, int], partners: Iterable[tuple[str, str]], today: date) -> dict[str, str]:
    """The day before which what came is removed, of each partner (name, class) whose class says for how many days it is kept."""
    return {name: (today - timedelta(days=classes[kept])).isoformat() for name, kept in partners if kept in classes}


def old(connection: Connection, before: str, today: str, limits: Mapping[str, str] = NO_LIMITS) -> Old:
    """What was received before a day and is finished; a legal hold lasts until the end of its day (`today` is ISO 8601). `limits`: the day
    of partners (by name) that are kept for another time than the others. A file with exchanges of several is kept for the longest."""
    t = ledger()
    r = t.receipt
    made = Old()
    aged = _aged(before, limits)
    gone = aged & _finished(today)
    made.receipts = list(connection.execute(select(r.c.id).where(gone).order_by(r.c.id)).scalars())
    made.kept = int(connection.execute(select(func.count()).select_from(r).where(aged)).scalar_one()) - len(made.receipts)
    needed = select(r.c.sha256).where(r.c.id.not_in(select(r.c.id).where(gone)), r.c.state != "purged")
    frozen = select(t.outbox.c.sha256).where(t.outbox.c.content.is_(None))
    over = gone | (r.c.state == "purged")  # those before: a process that died then may have left their bytes
    made.blobs = list(connection.execute(select(r.c.sha256).where(over, r.c.sha256.not_in(needed), r.c.sha256.not_in(frozen)).distinct()).scalars())
    return made


def due(connection: Connection, today: str, limits: Mapping[str, str], most: int, after: int = 0) -> tuple[list[int], int]:
    """Of the next `most` receipts that are old enough for anybody, by their numbers `after` one: those whose time is over and which are
    finished, of partners with a time of their own (`limits`); and the last one that was looked at, 0 when there are no more."""
    r = ledger().receipt
    looked = select(r.c.id).where(r.c.id > after, r.c.state == "done", r.c.received_at < max(limits.values())).order_by(r.c.id).limit(most)
    page = list(connection.execute(looked).scalars())
    if not page:
        return [], 0
    found = select(r.c.id).where(r.c.id.in_(page), _aged("", limits, page), _finished(today, page)).order_by(r.c.id)
    return list(connection.execute(found).scalars()), page[-1]


def purge_some(connection: Connection, archive: Archive, ids: Sequence[int], today: str, limits: Mapping[str, str], at: str, actor: str, reason: str,
               since: float, seconds: float) -> tuple[Old, list[int]]:
    """Purge a few receipts, their bytes too, and say which were not looked at because the time was up. What is not due any more (a
    legal hold was set, its partner's time is another now) stays, and so does what came again after `since` (seconds since 1970)."""
    t = ledger()
    r, until, done = t.receipt, time.monotonic() + seconds, Old()
    connection.execute(select(t.exchange.c.id).where(t.exchange.c.receipt_id.in_(ids)).with_for_update()).all()  # a hold comes before, or after
    rows = connection.execute(select(r.c.id, r.c.sha256).where(r.c.id.in_(ids), _aged("", limits, ids), _finished(today, ids)).order_by(r.c.id)).all()
    digests = {row.sha256 for row in rows}
    others = select(r.c.sha256).where(r.c.sha256.in_(digests), r.c.id.not_in([row.id for row in rows]), r.c.state != "purged")
    needed = set(connection.execute(others.union(select(t.outbox.c.sha256).where(t.outbox.c.sha256.in_(digests), t.outbox.c.content.is_(None)))).scalars())
    removed: dict[str, bool] = {}
    left: list[int] = []
    for row in rows:
        if row.sha256 not in removed and row.sha256 not in needed:
            if time.monotonic() > until and removed:
                left.append(row.id)
                continue
            removed[row.sha256] = archive.remove_unused(row.sha256, since)
        if removed.get(row.sha256, True):
            done.receipts.append(row.id)
    done.blobs = [digest for digest, gone in removed.items() if gone]
    done.kept = len(ids) - len(done.receipts) - len(left)
    if done.receipts:
        purge(connection, done, at, actor, reason)
    return done, left


def _aged(before: str, limits: Mapping[str, str], ids: Sequence[int] = ()) -> ColumnElement[bool]:
    """Receipts whose time is over; `ids`: only those are asked about."""
    r = ledger().receipt
    young = _young(before, limits)
    return (r.c.received_at < max([before, *limits.values()])) & (r.c.state != "purged") & r.c.id.not_in(young.where(r.c.id.in_(ids)) if ids else young)


def _finished(today: str, ids: Sequence[int] = ()) -> ColumnElement[bool]:
    """Receipts of which nobody decides any more, and which no legal hold keeps; `ids`: only those are asked about."""
    t = ledger()
    e, m = t.exchange, t.message
    unfinished: Select[Any] = select(m.c.exchange_id).where(m.c.state.in_(UNFINISHED))
    if ids:
        unfinished = unfinished.where(m.c.exchange_id.in_(select(e.c.id).where(e.c.receipt_id.in_(ids))))
    stays = select(e.c.receipt_id).where(e.c.state.not_in(FINISHED) | (e.c.hold_until >= today) | e.c.id.in_(unfinished))
    return (t.receipt.c.state == "done") & t.receipt.c.id.not_in(stays.where(e.c.receipt_id.in_(ids)) if ids else stays)


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
    for part in chunks(what.receipts):
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
