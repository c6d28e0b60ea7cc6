"""Whether anything was lost: every message that came is somewhere, and what the ledger says is there is there.

    received = posted + staged + piloted + reconciled + shadowed + waiting + quarantined + rejected + duplicate + discarded + failed + open

counted in messages, then in records. Read from the ledger alone, so that it holds whoever wrote it; then the archive's bytes, the
frozen bytes of the outbox, and the chain of the audit log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, func, select

from edi_bridge.fault import TerminalFault
from edi_bridge.rollout.stage import LIVE, PILOT, STAGING
from edi_bridge.store import audit
from edi_bridge.store.archive import Archive
from edi_bridge.store.tables import ledger

CATEGORIES = ("posted", "staged", "piloted", "reconciled", "shadowed", "waiting", "quarantined", "rejected", "duplicate", "discarded", "failed", "open")
OF_MESSAGE = {"reconciled": "reconciled", "waiting": "waiting", "held": "quarantined", "rejected": "rejected",
              "failed": "failed", "discarded": "discarded", "shadowed": "shadowed"}
OF_LANE = {LIVE: "posted", STAGING: "staged", PILOT: "piloted"}
OF_EXCHANGE = {"duplicate": "duplicate", "quarantined": "quarantined", "discarded": "discarded", "failed": "failed", "open": "open"}


@dataclass(slots=True)
class Account:
    """What came and where it is: messages and records by category, deliveries by state, and every sentence about something wrong."""

    received: int = 0
    messages: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)
    deliveries: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    head: audit.Head = audit.Head(0, "")  # of the audit log

    @property
    def balanced(self) -> bool:
        """Whether everything that came is accounted for, and nothing is wrong."""
        return not self.problems and self.received == sum(self.messages.values())


def account(connection: Connection) -> Account:
    """Count what the ledger holds."""
    t = ledger()
    made = Account()
    for state, count in connection.execute(select(t.receipt.c.state, func.count()).group_by(t.receipt.c.state)):
        made.deliveries[state] = count
    e, m = t.exchange, t.message
    states = select(m.c.exchange_id, m.c.state, m.c.lane, func.count().label("count"), func.sum(m.c.records).label("records")).group_by(
        m.c.exchange_id, m.c.state, m.c.lane).subquery()
    query = select(e.c.id, e.c.state, e.c.outcome, e.c.messages, states.c.state.label("of"), states.c.lane, states.c.count, states.c.records)
    rows = connection.execute(query.join(states, states.c.exchange_id == e.c.id, isouter=True).order_by(e.c.id))
    for exchange in _together(rows):
        _count(made, *exchange)
    return made


def _together(rows: Any) -> Iterator[tuple[Any, list[tuple[str, int, int]]]]:
    """Each exchange with the counts of its messages by category."""
    head, parts = None, []
    for row in rows:
        if head is not None and row.id != head.id:
            yield head, parts
            parts = []
        head = row
        if row.of is not None:
            category = OF_LANE[row.lane] if row.of == "posted" else OF_MESSAGE[row.of]
            parts.append((category, row.count, row.records or 0))
    if head is not None:
        yield head, parts


def _count(made: Account, exchange: Any, parts: list[tuple[str, int, int]]) -> None:
    made.received += exchange.messages
    rowed = 0
    for category, count, records in parts:
        made.messages[category] += count
        made.records[category] += records
        rowed += count
    rest = exchange.messages - rowed
    if rest == 0:
        return
    category = OF_EXCHANGE.get(exchange.state) or ("rejected" if exchange.outcome == "refused" else "")
    if category and rest > 0:
        made.messages[category] += rest
        return
    made.problems.append(f"exchange {exchange.id} ({exchange.state}) came with {exchange.messages} messages, and {rowed} have their row")


def documents(connection: Connection) -> Iterator[str]:
    """Posted messages of which no business document is known (a customer's record may take something away and be none)."""
    t = ledger()
    known = select(t.message_document.c.message_id)
    query = select(t.message.c.id, t.message.c.exchange_id, t.message.c.ordinal).where(
        t.message.c.state == "posted", t.message.c.records > 0, t.message.c.record_type != "customer", t.message.c.id.not_in(known)).order_by(t.message.c.id)
    for row in connection.execute(query):
        yield f"message {row.ordinal} of exchange {row.exchange_id} is posted, and no document of it is in the CRM"


def torn(connection: Connection) -> Iterator[str]:
    """Rows whose other half is gone: somebody removed something, or a part of a backup was brought back."""
    t = ledger()
    e, m = t.exchange, t.message
    for row in connection.execute(select(m.c.exchange_id, func.count().label("count")).where(m.c.exchange_id.not_in(select(e.c.id))).group_by(
            m.c.exchange_id).order_by(m.c.exchange_id)):
        yield f"exchange {row.exchange_id} is missing, and {row.count} of its messages are there"
    for row in connection.execute(select(e.c.id, e.c.receipt_id).where(e.c.receipt_id.not_in(select(t.receipt.c.id))).order_by(e.c.id)):
        yield f"receipt {row.receipt_id} is missing, and exchange {row.id} came in it"
    places = select(e.c.receipt_id, func.count().label("known"), func.max(e.c.ordinal).label("last")).group_by(e.c.receipt_id).subquery()
    for row in connection.execute(select(places).where(places.c.known != places.c.last).order_by(places.c.receipt_id)):
        yield f"receipt {row.receipt_id} held at least {row.last} interchanges, and {row.known} have their row"
    known = select(t.finding.c.receipt_id).where(t.finding.c.exchange_id.is_(None))
    reports = select(t.network_report.c.receipt_id)
    empty = select(t.receipt.c.id).where(t.receipt.c.state == "done", t.receipt.c.id.not_in(select(e.c.receipt_id)), t.receipt.c.id.not_in(known),
                                         t.receipt.c.id.not_in(reports))
    for row in connection.execute(empty.order_by(t.receipt.c.id)):
        yield f"receipt {row.id} is done, and nothing says what was in it"
    sent = t.sent_message
    for row in connection.execute(select(sent.c.outbox_id).where(sent.c.outbox_id.not_in(select(t.outbox.c.id))).distinct().order_by(sent.c.outbox_id)):
        yield f"entry {row.outbox_id} of the outbox is missing, and its messages are there"


def contents(connection: Connection, archive: Archive) -> Iterator[str]:
    """Bytes that are missing or were altered: those that came, and those that go out."""
    t = ledger()
    for row in connection.execute(select(t.receipt.c.sha256, func.min(t.receipt.c.id).label("id")).where(
            t.receipt.c.state != "purged").group_by(t.receipt.c.sha256).order_by(func.min(t.receipt.c.id))):
        try:
            archive.open(row.sha256).close()
        except TerminalFault as fault:
            yield f"receipt {row.id}: {fault}"
    for sent in connection.execute(select(t.outbox.c.id, t.outbox.c.sha256, t.outbox.c.content).order_by(t.outbox.c.id)):
        try:
            if sent.content is None:
                archive.open(sent.sha256).close()
            elif sha256(sent.content).hexdigest() != sent.sha256:
                yield f"outbox {sent.id}: its bytes are no longer those that were frozen"
        except TerminalFault as fault:
            yield f"outbox {sent.id}: {fault}"


def check(connection: Connection, archive: Archive | None, heads: Sequence[audit.Head] = ()) -> Account:
    """The whole audit; without an archive its bytes are not looked at. `heads` of the audit log that were noted earlier must stand in it."""
    made = account(connection)
    made.problems += torn(connection)
    made.problems += documents(connection)
    if archive is not None:
        made.problems += contents(connection, archive)
    made.head = audit.head(connection)
    if broken := audit.verify(connection, heads):
        made.problems.append(broken)
    return made
