"""What became of an interchange in the staging lane: state, findings, rows of the CRM, what it is tied to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update

from edi_bridge.crm.tables import tables
from edi_bridge.database import Database
from edi_bridge.engine import MessageReport, ReceiptSummary
from edi_bridge.finding import Finding
from edi_bridge.rollout import scenario as scenarios
from edi_bridge.rollout.scenario import Expectation
from edi_bridge.rollout.stage import STAGING
from edi_bridge.store import alarm, message
from edi_bridge.store.tables import ledger

HEADS = {"order_line": ("sales_order", "order_id"), "invoice_line": ("invoice", "invoice_id"), "despatch_item": ("despatch_advice", "despatch_id"),
         "remittance_item": ("remittance", "remittance_id"), "response_line": ("order_response", "response_id"),
         "invoice_tax": ("invoice", "invoice_id"), "despatch_pack": ("despatch_advice", "despatch_id")}  # table → whose rows it belongs to


@dataclass(frozen=True, slots=True)
class Became:
    """What became of one interchange. `messages`: its rows in the ledger; `rows`: table → how many rows of the CRM came of them;
    `tied`: kinds of documents that they are tied to."""

    exchange: int
    state: str
    findings: tuple[Finding, ...]
    messages: tuple[int, ...]
    failure: str = ""
    lane: str = ""
    reason: str = ""  # why a person must decide
    database: Database | None = None

    def count(self, table: str) -> int:
        """Rows of a table of the staging lane that came of its messages."""
        assert self.database is not None
        crm = tables(STAGING)
        with self.database.read(STAGING) as connection:
            if table in HEADS:
                head, column = HEADS[table]
                heads = select(getattr(crm, head).c.id).where(getattr(crm, head).c.message_id.in_(self.messages))
                query = select(func.count()).select_from(getattr(crm, table)).where(getattr(crm, table).c[column].in_(heads))
            else:
                query = select(func.count()).select_from(getattr(crm, table)).where(getattr(crm, table).c.message_id.in_(self.messages))
            return int(connection.execute(query).scalar() or 0)

    def value(self, table: str, column: str) -> str:
        """The value in the first row that came of it; '' where there is none."""
        assert self.database is not None
        t = getattr(tables(STAGING), table)
        with self.database.read(STAGING) as connection:
            found = connection.execute(select(t.c[column]).where(t.c.message_id.in_(self.messages)).order_by(t.c.id)).scalar()
        return "" if found is None else str(found)

    def tied(self) -> set[str]:
        """The kinds of documents that it is tied to."""
        assert self.database is not None
        t = tables(STAGING).document_link
        with self.database.read(STAGING) as connection:
            rows = connection.execute(select(t.c.to_kind).where(t.c.message_id.in_(self.messages), t.c.to_id.is_not(None)))
            return {row.to_kind for row in rows}


def became(database: Database, summary: ReceiptSummary, reports: Sequence[MessageReport]) -> Became:
    """What became of the (one) interchange of a receipt; of the same bytes again, what became of the first."""
    if not summary.exchanges:
        return Became(0, scenarios.REFUSED, tuple(summary.findings), (), summary.failure, database=database)
    one = summary.exchanges[0]
    t = ledger()
    with database.read() as connection:
        rows = connection.execute(select(t.message.c.id, t.message.c.state).where(t.message.c.exchange_id == one.id).order_by(t.message.c.ordinal)).all()
        lane, reason = connection.execute(select(t.exchange.c.lane, t.exchange.c.reason).where(t.exchange.c.id == one.id)).one()
        findings = [found for _, _, found in message.findings(connection, summary.id)]
    listed = [*findings, *(found for report in reports for found in report.findings)]
    return Became(one.id, _state(one, [row.state for row in rows]), tuple(dict.fromkeys(listed)), tuple(row.id for row in rows),
                  summary.failure, lane or "", reason or "", database)


def _state(one: Any, states: Sequence[str]) -> str:
    """In the words of scenarios."""
    if one.state == "duplicate":
        return scenarios.DUPLICATE
    if one.state == "quarantined":
        return scenarios.QUARANTINED
    if one.outcome == "refused":
        return scenarios.REFUSED
    if one.state == "failed":
        return "failed"
    if states and all(state == states[0] for state in states):
        return states[0]
    return ", ".join(dict.fromkeys(states)) or one.state


def troubles(one: Became, expect: Expectation, words: Callable[[Any], Any], hint: str = "") -> Iterator[str]:
    """What is not as it must be. `words` fills in texts of the expectation; `hint`: why documents may not be tied."""
    kinds = {found.kind for found in one.findings}
    if one.state != expect.state:
        why = "; ".join(dict.fromkeys(found.sentence() for found in one.findings)) or one.reason or one.failure.strip().rpartition("\n")[2]
        yield f"it must be {expect.state}, and it is {one.state}" + (f": {why}" if why else "")
    for kind in expect.findings:
        if kind not in kinds:
            yield f"the finding {kind} must be there; found: {', '.join(sorted(kinds)) or 'nothing'}"
    if one.state in (scenarios.POSTED, scenarios.REJECTED, scenarios.WAITING) and one.lane != STAGING:
        yield f"it must stand in the staging lane, and it stands in {one.lane or 'live'}"
    if one.state != scenarios.POSTED:
        return
    for name, wanted in expect.crm.items():
        table, _, column = name.partition(".")
        got: Any = one.value(table, column) if column else one.count(table)
        if str(got) != str(words(wanted)):
            yield f"{STAGING}{name} must hold {words(wanted)}{'' if column else ' rows of it'}, and holds {got}"
    if expect.tied and (lacking := set(expect.tied) - one.tied()):
        yield f"it must be tied to the {' and the '.join(sorted(lacking))} before it, and is not{hint}"


def discard(database: Database, one: Became, why: str, now: str) -> None:
    """Nobody decides about a planted fault: what waits for a person is discarded, its alarms are over."""
    t = ledger()
    subject = f"exchange {one.exchange}"
    with database.write() as connection:
        waits = (t.exchange.c.id == one.exchange) & t.exchange.c.state.in_(("quarantined", "held"))
        connection.execute(update(t.exchange).where(waits).values(state="discarded", reason=why))
        connection.execute(update(t.message).where(t.message.c.exchange_id == one.exchange, t.message.c.state == "held").values(state="discarded"))
        for kind in ("quarantine", "unanswered", "failed"):
            alarm.clear(connection, kind, subject, now)
