"""What people see of responses, despatch advices and remittances: plain dicts and lists, as in `customer_view`."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, select

from edi_bridge.crm.document import decoded
from edi_bridge.crm.tables import of
from edi_bridge.crm.view_query import Row, document, fetch, has, head_of, listed, parts_of
from edi_bridge.database import chunks

_SHARED = "id number direction state issued_on"
_LISTED = {
    "order_response": f"{_SHARED} order_number release order_id outcome type expected currency total line_count partner",
    "despatch_advice": f"{_SHARED} shipped_on expected order_number delivery_note carrier pack_count item_count partner",
    "remittance": f"{_SHARED} paid_on value_date currency amount means trace item_count partner",
}


def order_responses(connection: Connection, *, customer: int | None = None, order: int | None = None, search: str | None = None,
                    limit: int = 1000) -> list[Row]:
    """Responses, the newest first, without their lines. `search` is found in the number or the order's."""
    c = of(connection).order_response.c
    return _listed(connection, "order_response", customer, limit, None if order is None else c.order_id == order,
                   has(search, c.number, c.order_number))


def despatch_advices(connection: Connection, *, customer: int | None = None, order: int | None = None, search: str | None = None,
                     limit: int = 1000) -> list[Row]:
    """Despatch advices, the newest first, without their packs. `search` is found in the number or an order's, or is the SSCC
    of a pack."""
    t = of(connection)
    c, item, pack = t.despatch_advice.c, t.despatch_item.c, t.despatch_pack.c
    of_order = None if order is None else c.id.in_(select(item.despatch_id).where(item.order_id == order))
    inside = [c.id.in_(select(item.despatch_id).where(item.order_number.contains(search, autoescape=True))),
              c.id.in_(select(pack.despatch_id).where(pack.sscc == search))] if search else []
    return _listed(connection, "despatch_advice", customer, limit, of_order, has(search, c.number, c.order_number, beside=inside))


def remittances(connection: Connection, *, customer: int | None = None, invoice: int | None = None, search: str | None = None,
                limit: int = 1000) -> list[Row]:
    """Remittances, the newest first, without what they pay. `search` is found in the number or in that of a document that is
    paid."""
    t = of(connection)
    c, item = t.remittance.c, t.remittance_item.c
    of_invoice = None if invoice is None else c.id.in_(select(item.remittance_id).where(item.invoice_id == invoice))
    inside = [c.id.in_(select(item.remittance_id).where(item.document.contains(search, autoescape=True)))] if search else []
    return _listed(connection, "remittance", customer, limit, of_invoice, has(search, c.number, c.trace, beside=inside))


def _listed(connection: Connection, kind: str, customer: int | None, limit: int, *where: ColumnElement[bool] | None) -> list[Row]:
    return listed(connection, getattr(of(connection), kind), _LISTED[kind], customer, limit, *where)


def order_response(connection: Connection, key: int | str) -> Row | None:
    """A response by its number here or the partner's: the record with its lines, and what each line comes to. None when
    there is none, ValueError when several have the number."""
    t = of(connection)
    head = head_of(connection, t.order_response, key, "response")
    if head is None:
        return None
    lines = parts_of(connection, t.response_line, "response_id", head["id"])
    texts = [line.pop("record") for line in lines]
    return {
        **document(connection, "order_response", head, texts),
        "lines": lines,
        "schedules": parts_of(connection, t.response_schedule, "response_id", head["id"], "line position"),
    }


def despatch_advice(connection: Connection, key: int | str) -> Row | None:
    """A despatch advice: the record, its packs and items as rows, and the orders it names with their numbers here."""
    t = of(connection)
    head = head_of(connection, t.despatch_advice, key, "despatch")
    if head is None:
        return None
    return {
        **document(connection, "despatch_advice", head, []),
        "packs": parts_of(connection, t.despatch_pack, "despatch_id", head["id"]),
        "items": parts_of(connection, t.despatch_item, "despatch_id", head["id"]),
        "links": links(connection, "despatch_advice", head["id"]),
    }


def remittance(connection: Connection, key: int | str) -> Row | None:
    """A remittance: the record, its items and deductions as rows, and the documents that it settles."""
    t = of(connection)
    head = head_of(connection, t.remittance, key, "remittance")
    if head is None:
        return None
    items = parts_of(connection, t.remittance_item, "remittance_id", head["id"])
    texts = [item.pop("record") for item in items]
    return {
        **document(connection, "remittance", head, texts, "items"),
        "items": items,
        "deductions": parts_of(connection, t.remittance_deduction, "remittance_id", head["id"], "item position"),
        "links": links(connection, "remittance", head["id"]),
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
