"""The ledger's messages: their rows, the identities of their contents, and what was found in them.

All functions work in the transaction that the caller has opened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import Connection, func, select, update

from edi_bridge.database import insert_rows, take_ids
from edi_bridge.finding import KINDS, Finding, Level, Verdict
from edi_bridge.interchange import Interchange, Position
from edi_bridge.rollout.stage import PILOT
from edi_bridge.store.tables import ledger


@dataclass(frozen=True, slots=True)
class MessageRow:
    """What the ledger keeps of a message."""

    exchange: int
    ordinal: int
    type: str
    reference: str
    state: str
    verdict: Verdict
    content: str
    map: str = ""
    map_hash: str = ""
    record_type: str = ""
    records: int = 0
    failure: str = ""
    lane: str = ""

    def held(self) -> MessageRow:
        """The same, kept for a person."""
        return replace(self, state="held", verdict=Verdict.REJECTED)


def content_scope(interchange: Interchange, type_: str, lane: str = "") -> str:
    """In which circle a message's content is unique: tests or production (a pilot's is no other), sender, receiver and message type."""
    sender, receiver = interchange.sender, interchange.receiver
    lane = "" if lane == PILOT else lane
    return json.dumps([*([lane] if lane else []), sender.qualifier, sender.id, receiver.qualifier, receiver.id, type_])


def content_owners(connection: Connection, scope: str, hashes: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Which of these contents came before: hash → (exchange, message ordinal)."""
    i = ledger().identity
    found: dict[str, tuple[int, int]] = {}
    for row in connection.execute(
        select(i.c.value, i.c.exchange_id, i.c.message).where(
            i.c.kind == "content", i.c.scope == scope, i.c.value.in_(hashes)
        )
    ):
        found[row.value] = (row.exchange_id, row.message)
    return found


def own_contents(connection: Connection, entries: Sequence[tuple[str, str, int, int]]) -> None:
    """Take the identities of posted contents: (scope, hash, exchange, ordinal)."""
    insert_rows(
        connection,
        ledger().identity,
        ("kind", "scope", "value", "exchange_id", "message"),
        [("content", *entry) for entry in entries],
    )


def posted(connection: Connection, places: Mapping[int, Sequence[int]]) -> Iterator[tuple[int, int, str, list[Finding]]]:
    """Which of these messages (exchange → ordinals) have their row already: (exchange, ordinal, state, what was found in it). It may
    tell of others of these exchanges, too."""
    m, f = ledger().message, ledger().finding
    ordinals = {ordinal for listed in places.values() for ordinal in listed}
    rows = connection.execute(select(m.c.id, m.c.exchange_id, m.c.ordinal, m.c.state)
                              .where(m.c.exchange_id.in_(places), m.c.ordinal.in_(ordinals))).all()
    findings: dict[int, list[Finding]] = {}
    if rows:
        for row in connection.execute(select(f).where(f.c.message_id.in_([row.id for row in rows])).order_by(f.c.id)):
            findings.setdefault(row.message_id, []).append(_finding(row))
    for row in rows:
        yield row.exchange_id, row.ordinal, row.state, findings.get(row.id, [])


def add_documents(connection: Connection, entries: Sequence[tuple[int, str, str]]) -> None:
    """Keep which business documents came in a message: (message, kind, number), to find it by them."""
    insert_rows(connection, ledger().message_document, ("message_id", "kind", "number"), entries)


_MESSAGE = (
    "id",
    "exchange_id",
    "ordinal",
    "type",
    "reference",
    "state",
    "verdict",
    "content",
    "map",
    "map_hash",
    "record_type",
    "records",
    "failure",
    "lane",
)


def add_messages(connection: Connection, rows: Sequence[MessageRow]) -> list[int]:
    """Write the rows of messages; their numbers in order. The unique (exchange, ordinal) is what makes posting once."""
    ids: list[int] = []
    numbers = take_ids(connection, ledger().message, len(rows))
    values = []
    for row in rows:
        ids.append(next(numbers))
        values.append(
            (
                ids[-1],
                row.exchange,
                row.ordinal,
                row.type,
                row.reference,
                row.state,
                row.verdict.value,
                row.content,
                row.map,
                row.map_hash,
                row.record_type,
                row.records,
                row.failure,
                row.lane,
            )
        )
    insert_rows(connection, ledger().message, _MESSAGE, values)
    return ids


def set_message(connection: Connection, message: int, state: str, verdict: Verdict) -> None:
    """Note what posting made of a message."""
    m = ledger().message
    connection.execute(update(m).where(m.c.id == message).values(state=state, verdict=verdict.value))


def message_counts(connection: Connection, exchange: int) -> dict[str, int]:
    """How many messages of an exchange are in each state."""
    m = ledger().message
    rows = connection.execute(select(m.c.state, func.count()).where(m.c.exchange_id == exchange).group_by(m.c.state))
    return {row[0]: row[1] for row in rows}


def counts_of(connection: Connection, receipts: Sequence[int]) -> dict[int, dict[str, int]]:
    """The same for every exchange of some receipts at once: exchange → state → how many."""
    m, x = ledger().message, ledger().exchange
    query = (select(m.c.exchange_id, m.c.state, func.count()).join(x, x.c.id == m.c.exchange_id).where(x.c.receipt_id.in_(receipts))
             .group_by(m.c.exchange_id, m.c.state))
    made: dict[int, dict[str, int]] = {}
    for exchange, state, count in connection.execute(query):
        made.setdefault(exchange, {})[state] = count
    return made


def with_envelope_findings(connection: Connection, receipts: Sequence[int]) -> set[tuple[int, int | None]]:
    """Where anything was found in envelopes: (receipt, exchange), None for a receipt without exchanges."""
    f = ledger().finding
    query = select(f.c.receipt_id, f.c.exchange_id).distinct().where(f.c.receipt_id.in_(receipts), f.c.message_id.is_(None))
    return {(row[0], row[1]) for row in connection.execute(query)}


def types_since(connection: Connection, partner: str, since: str) -> set[str]:
    """The types (`edifact/D96A/ORDERS`) of all messages that came from a partner since then, whatever became of them."""
    x, m = ledger().exchange, ledger().message
    before = select(x.c.id).where(x.c.received_at < since).order_by(x.c.id.desc()).limit(1).scalar_subquery()
    query = (select(m.c.type).distinct().join(x, x.c.id == m.c.exchange_id)
             .where(x.c.id > func.coalesce(before, 0), x.c.partner == partner, x.c.received_at >= since))
    return set(connection.execute(query).scalars())


def add_findings(connection: Connection, entries: Sequence[tuple[int, int | None, int | None, Finding]]) -> None:
    """Keep findings: (receipt, exchange, message, finding); None where it belongs to the whole."""
    rows = [
        (receipt, exchange, message, finding.kind, finding.value, finding.note, _place_text(finding.position))
        for receipt, exchange, message, finding in entries
    ]
    insert_rows(
        connection,
        ledger().finding,
        ("receipt_id", "exchange_id", "message_id", "kind", "value", "note", "position"),
        rows,
    )


_PLACE = tuple(field.name for field in fields(Position))


def _place_text(position: Position) -> str:
    known = {name: value for name in _PLACE if (value := getattr(position, name)) is not None}
    return json.dumps(known)


def findings(connection: Connection, receipt: int) -> Iterator[tuple[int | None, int | None, Finding]]:
    """What was found in a receipt, in the order in which it was found: (exchange, message, finding)."""
    f = ledger().finding
    for row in connection.execute(select(f).where(f.c.receipt_id == receipt).order_by(f.c.id)):
        yield row.exchange_id, row.message_id, _finding(row)


def envelope_findings(connection: Connection, receipt: int, exchange: int | None, limit: int = 100) -> list[Finding]:
    """The first findings of an exchange's envelope, or of the receipt where it has no exchange."""
    f = ledger().finding
    where = f.c.exchange_id.is_(None) if exchange is None else f.c.exchange_id == exchange
    rows = connection.execute(
        select(f).where(f.c.receipt_id == receipt, where, f.c.message_id.is_(None)).order_by(f.c.id).limit(limit)
    )
    return [_finding(row) for row in rows]


def group_findings(connection: Connection, receipt: int) -> list[Finding]:
    """What was found in the headers and trailers of a receipt's groups."""
    f = ledger().finding
    kinds = [kind.name for kind in KINDS.values() if kind.level is Level.GROUP]
    rows = connection.execute(select(f).where(f.c.receipt_id == receipt, f.c.message_id.is_(None), f.c.kind.in_(kinds)).order_by(f.c.id))
    return [_finding(row) for row in rows]


def _finding(row: Any) -> Finding:
    return Finding(row.kind, Position(**json.loads(row.position)), row.value, row.note)
