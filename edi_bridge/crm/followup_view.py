"""What people see of responses, despatch advices and remittances: plain dicts and lists, as in `customer_view`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, or_, select

from edi_bridge.crm.batch import chunks
from edi_bridge.crm.document import decoded
from edi_bridge.crm.tables import of
from edi_bridge.crm.view_query import Row, called, document, document_number, fetch, listed

_SHARED = "id number direction state issued_on"
_LISTED = {
    "order_response": f"{_SHARED} order_number release order_id outcome type expected currency total line_count partner",
    "despatch_advice": f"{_SHARED} shipped_on expected order_number delivery_note carrier pack_count item_count partner",
    "remittance": f"{_SHARED} paid_on value_date currency amount means trace item_count partner",
}


def order_responses(
    connection: Connection,
    *,
    customer: int | None = None,
    order: int | None = None,
    search: str | None = None,
    limit: int = 1000,
) -> list[Row]:
    """Responses, the newest first, without their lines. `search` is found in the number or the order's."""
    query, c = _query(connection, "order_response"), of(connection).order_response.c
    if order is not None:
        query = query.where(c.order_id == order)
    if search:
        query = query.where(or_(c.number.contains(search, autoescape=True), c.order_number.contains(search, autoescape=True)))
    return listed(connection, query, c, customer, None, limit)


def despatch_advices(
    connection: Connection,
    *,
    customer: int | None = None,
    order: int | None = None,
    search: str | None = None,
    limit: int = 1000,
) -> list[Row]:
    """Despatch advices, the newest first, without their packs. `search` is found in the number or an order's, or is the SSCC
    of a pack."""
    t = of(connection)
    query, c, item, pack = _query(connection, "despatch_advice"), t.despatch_advice.c, t.despatch_item.c, t.despatch_pack.c
    if order is not None:
        query = query.where(c.id.in_(select(item.despatch_id).where(item.order_id == order)))
    if search:
        query = query.where(
            or_(
                c.number.contains(search, autoescape=True),
                c.order_number.contains(search, autoescape=True),
                c.id.in_(select(item.despatch_id).where(item.order_number.contains(search, autoescape=True))),
                c.id.in_(select(pack.despatch_id).where(pack.sscc == search)),
            )
        )
    return listed(connection, query, c, customer, None, limit)


def remittances(
    connection: Connection,
    *,
    customer: int | None = None,
    invoice: int | None = None,
    search: str | None = None,
    limit: int = 1000,
) -> list[Row]:
    """Remittances, the newest first, without what they pay. `search` is found in the number or in that of a document that is
    paid."""
    t = of(connection)
    query, c, item = _query(connection, "remittance"), t.remittance.c, t.remittance_item.c
    if invoice is not None:
        query = query.where(c.id.in_(select(item.remittance_id).where(item.invoice_id == invoice)))
    if search:
        query = query.where(
            or_(
                c.number.contains(search, autoescape=True),
                c.trace.contains(search, autoescape=True),
                c.id.in_(select(item.remittance_id).where(item.document.contains(search, autoescape=True))),
            )
        )
    return listed(connection, query, c, customer, None, limit)


def _query(connection: Connection, kind: str) -> Any:
    t = of(connection)
    table = getattr(t, kind)
    columns: list[Any] = [table.c[name] for name in _LISTED[kind].split()]
    return select(*columns, table.c.customer_id, called(t.customer).label("customer")).join_from(table, t.customer)


def order_response(connection: Connection, key: int | str) -> Row | None:
    """A response by its number here or the partner's: the record with its lines, and what each line comes to. None when
    there is none, ValueError when several have the number."""
    t = of(connection)
    number = document_number(connection, t.order_response, key, "response")
    if number is None:
        return None
    head = fetch(connection, select(t.order_response).where(t.order_response.c.id == number))[0]
    lines = fetch(
        connection,
        select(t.response_line).where(t.response_line.c.response_id == number).order_by(t.response_line.c.position),
    )
    texts = [line.pop("record") for line in lines]
    schedules = fetch(
        connection,
        select(t.response_schedule)
        .where(t.response_schedule.c.response_id == number)
        .order_by(t.response_schedule.c.line, t.response_schedule.c.position),
    )
    return {
        **document(connection, "order_response", head, texts),
        "lines": [_without(line, "response_id", "message_id") for line in lines],
        "schedules": [_without(part, "response_id", "message_id") for part in schedules],
    }


def despatch_advice(connection: Connection, key: int | str) -> Row | None:
    """A despatch advice: the record, its packs and items as rows, and the orders it names with their numbers here."""
    t = of(connection)
    number = document_number(connection, t.despatch_advice, key, "despatch")
    if number is None:
        return None
    head = fetch(connection, select(t.despatch_advice).where(t.despatch_advice.c.id == number))[0]
    packs, items = (
        fetch(connection, select(table).where(table.c.despatch_id == number).order_by(table.c.position))
        for table in (t.despatch_pack, t.despatch_item)
    )
    return {
        **document(connection, "despatch_advice", head, []),
        "packs": [_without(pack, "despatch_id", "message_id") for pack in packs],
        "items": [_without(item, "despatch_id", "message_id") for item in items],
        "links": links(connection, "despatch_advice", number),
    }


def remittance(connection: Connection, key: int | str) -> Row | None:
    """A remittance: the record, its items and deductions as rows, and the documents that it settles."""
    t = of(connection)
    number = document_number(connection, t.remittance, key, "remittance")
    if number is None:
        return None
    head = fetch(connection, select(t.remittance).where(t.remittance.c.id == number))[0]
    items = fetch(
        connection,
        select(t.remittance_item).where(t.remittance_item.c.remittance_id == number).order_by(t.remittance_item.c.position),
    )
    texts = [item.pop("record") for item in items]
    d = t.remittance_deduction
    deductions = fetch(connection, select(d).where(d.c.remittance_id == number).order_by(d.c.item, d.c.position))
    return {
        **document(connection, "remittance", head, texts, "items"),
        "items": [_without(item, "remittance_id", "message_id") for item in items],
        "deductions": [_without(part, "remittance_id", "message_id") for part in deductions],
        "links": links(connection, "remittance", number),
    }


def payments_of(connection: Connection, invoice: int) -> list[Row]:
    """The items of remittances that settle an invoice, the oldest first."""
    t = of(connection)
    i, r = t.remittance_item.c, t.remittance.c
    query = (
        select(r.id, r.number, r.state, r.paid_on, r.issued_on, r.currency, i.amount, i.discount, i.deducted, i.record)
        .join_from(t.remittance_item, t.remittance)
        .where(i.invoice_id == invoice)
        .order_by(r.issued_on, r.id, i.position)
    )
    found = fetch(connection, query)
    for row in found:
        item = decoded("remittance_item", row.pop("record"), [])
        parts = [*item.get("deductions", ()), *(one for line in item.get("lines", ()) for one in line.get("deductions", ()))]
        row["currency"] = item.get("currency") or row["currency"]
        row["reasons"] = list(dict.fromkeys(part["reason"] for part in parts if "reason" in part))
    return found


def answers_to(connection: Connection, orders: Sequence[int]) -> dict[int, str]:
    """The outcome of the latest response to each order that has one."""
    c = of(connection).order_response.c
    found = []
    for some in chunks(orders):
        query = select(c.order_id, c.outcome, c.issued_on, c.id).where(c.order_id.in_(some), c.state != "cancelled")
        found += fetch(connection, query)
    found.sort(key=lambda row: (row["issued_on"][:10], row["id"]))
    return {row["order_id"]: row["outcome"] or "answered" for row in found}


def links(connection: Connection, kind: str, number: int) -> list[Row]:
    """The documents that a document refers to, here (`to_id`) or not."""
    c = of(connection).document_link.c
    return fetch(
        connection,
        select(c.relation, c.to_kind, c.to_number, c.to_id)
        .where(c.from_kind == kind, c.from_id == number)
        .order_by(c.id),
    )


def _without(row: Row, *names: str) -> Row:
    return {name: value for name, value in row.items() if name not in names}
