"""Exchanges as people look for them: by partner, control number, document number, state, day, the text of a finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select

from edi_bridge.store.tables import ledger


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; '' for anything. `since` and `until` are days or moments (ISO 8601); `text` stands in a finding."""

    partner: str = ""
    control: str = ""
    document: str = ""
    state: str = ""
    since: str = ""
    until: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One exchange in a list."""

    id: int
    receipt: int
    ordinal: int
    received_at: str
    partner: str
    sender: str
    receiver: str
    standard: str
    control: str
    test: bool
    state: str
    outcome: str
    verdict: str
    reason: str
    failure: str
    messages: int
    name: str
    channel: str
    sha256: str
    original: int | None
    copy_of: int | None
    lane: str
    versions: str
    hold_until: str = ""
    size: int = 0
    states: Mapping[str, int] = field(default_factory=dict)
    documents: tuple[str, ...] = ()


def find(connection: Connection, wanted: Wanted, limit: int = 50, before: int = 0) -> list[Row]:
    """The newest first; `before` is the number of an exchange: only older ones (the next page)."""
    t = ledger()
    query = _chosen(wanted).order_by(t.exchange.c.id.desc()).limit(limit)
    if before:
        query = query.where(t.exchange.c.id < before)
    return _rows(connection, query)


def one(connection: Connection, id: int) -> Row | None:
    """An exchange by its number."""
    rows = _rows(connection, _chosen(Wanted()).where(ledger().exchange.c.id == id))
    return rows[0] if rows else None


def copies(connection: Connection, id: int) -> list[Row]:
    """What a person made of an exchange: edited copies, or its bytes tried again; the oldest first."""
    e = ledger().exchange
    return _rows(connection, _chosen(Wanted()).where(e.c.copy_of == id).order_by(e.c.id))


def of_receipt(connection: Connection, receipt: int) -> list[Row]:
    """The exchanges of a file, in its order."""
    e = ledger().exchange
    return _rows(connection, _chosen(Wanted()).where(e.c.receipt_id == receipt).order_by(e.c.ordinal))


def _chosen(wanted: Wanted) -> Select[Any]:
    t = ledger()
    e, r, m = t.exchange, t.receipt, t.message
    query = select(e, r.c.name, r.c.channel, r.c.sha256, r.c.size).join(r, r.c.id == e.c.receipt_id)
    if wanted.partner:
        query = query.where(or_(e.c.partner == wanted.partner, e.c.sender == wanted.partner))
    if wanted.control:
        bare = wanted.control.lstrip("0")
        query = query.where(or_(e.c.control == wanted.control, func.ltrim(e.c.control, "0") == bare) if bare else e.c.control == wanted.control)
    if wanted.state:
        query = query.where(or_(e.c.state == wanted.state, e.c.id.in_(select(m.c.exchange_id).where(m.c.state == wanted.state))))
    if wanted.since:
        query = query.where(e.c.received_at >= wanted.since)
    if wanted.until:
        query = query.where(e.c.received_at < wanted.until)
    if wanted.document:
        named = select(m.c.exchange_id).join(t.message_document, t.message_document.c.message_id == m.c.id)
        query = query.where(e.c.id.in_(named.where(t.message_document.c.number == wanted.document)))
    if wanted.text:
        f = t.finding
        like = f"%{wanted.text.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"
        said = or_(*(func.lower(column).like(func.lower(like), escape="!") for column in (f.c.kind, f.c.value, f.c.note)))
        query = query.where(e.c.id.in_(select(f.c.exchange_id).where(and_(f.c.exchange_id.is_not(None), said))))
    return query


def _rows(connection: Connection, query: Select[Any]) -> list[Row]:
    found = connection.execute(query).all()
    ids = [row.id for row in found]
    states, documents = _states(connection, ids), _documents(connection, ids)
    return [Row(row.id, row.receipt_id, row.ordinal, row.received_at, row.partner, f"{row.sender_qualifier}:{row.sender}".lstrip(":"),
                f"{row.receiver_qualifier}:{row.receiver}".lstrip(":"), row.standard, row.control, bool(row.test), row.state, row.outcome,
                row.verdict, row.reason, row.failure, row.messages, row.name, row.channel, row.sha256, row.original_id, row.copy_of,
                row.lane, row.versions, row.hold_until, row.size, states.get(row.id, {}), tuple(documents.get(row.id, ()))) for row in found]


def _states(connection: Connection, ids: list[int]) -> dict[int, dict[str, int]]:
    m = ledger().message
    made: dict[int, dict[str, int]] = {}
    for row in connection.execute(select(m.c.exchange_id, m.c.state, func.count()).where(m.c.exchange_id.in_(ids)).group_by(
            m.c.exchange_id, m.c.state)):
        made.setdefault(row[0], {})[row[1]] = row[2]
    return made


def _documents(connection: Connection, ids: list[int], most: int = 20) -> dict[int, list[str]]:
    t = ledger()
    made: dict[int, list[str]] = {}
    query = select(t.message.c.exchange_id, t.message_document.c.kind, t.message_document.c.number).join(
        t.message, t.message.c.id == t.message_document.c.message_id).where(t.message.c.exchange_id.in_(ids)).order_by(t.message_document.c.id)
    for row in connection.execute(query):
        listed = made.setdefault(row[0], [])
        if len(listed) < most:
            listed.append(f"{row[1].replace('_', ' ')} {row[2]}")
    return made


def messages(connection: Connection, exchange: int) -> list[Any]:
    """The messages of an exchange in their order (rows of the ledger)."""
    m = ledger().message
    return list(connection.execute(select(m).where(m.c.exchange_id == exchange).order_by(m.c.ordinal)))


def findings(connection: Connection, exchange: int) -> list[Any]:
    """What was found in an exchange (rows of the ledger), in the order of its messages."""
    t = ledger()
    query = select(t.finding, t.message.c.ordinal).join(t.message, t.message.c.id == t.finding.c.message_id, isouter=True)
    return list(connection.execute(query.where(t.finding.c.exchange_id == exchange).order_by(t.finding.c.id)))
