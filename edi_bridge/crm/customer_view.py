"""What people see of the CRM: plain dicts and lists, ready for JSON and tables.

Sums are made here in exact decimals, by currency. Only receivables count as sales; a credit note is subtracted, a
proforma invoice and anything cancelled is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Select, Table, func, select

from edi_bridge.crm.balance import balances, open_amounts
from edi_bridge.crm.followup_view import (
    answers_to,
    despatch_advices,
    links,
    order_responses,
    payments_of,
    remittances,
)
from edi_bridge.crm.progress import progress
from edi_bridge.crm.tables import of
from edi_bridge.crm.view_query import Row, counts, document, fetch, grouped, has, head_of, listed

_ORDERS = "id number release direction state type issued_on requested_delivery currency total line_count partner"
_INVOICES = "id number kind direction state type issued_on due_on currency net tax payable order_number line_count partner"
SIGN = {"invoice": 1, "credit_note": -1}


def customers(connection: Connection, search: str | None = None, *, limit: int = 1000) -> list[Row]:
    """Customers and suppliers by name, each with its city, identifiers, number of orders and invoices, sales.

    `search` is found anywhere in a name, identifier or city, in any case.
    """
    t = of(connection)
    query = select(
        t.customer.c.id, t.customer.c.name, t.customer.c.is_customer, t.customer.c.is_supplier, t.customer.c.status
    )
    if search:
        query = query.where(t.customer.c.id.in_(_matching(connection, search)))
    rows = fetch(connection, query.order_by(func.lower(t.customer.c.name), t.customer.c.id).limit(limit))
    ids = [row["id"] for row in rows]
    cities = {
        row["customer_id"]: row
        for row in fetch(
            connection,
            select(t.customer_address).where(
                t.customer_address.c.customer_id.in_(ids), t.customer_address.c.kind == "main"
            ),
        )
    }
    named = grouped(
        fetch(
            connection,
            select(t.customer_identifier.c.customer_id, t.customer_identifier.c.scheme, t.customer_identifier.c.value)
            .where(t.customer_identifier.c.customer_id.in_(ids), t.customer_identifier.c.location_id.is_(None))
            .order_by(t.customer_identifier.c.id),
        ),
        "customer_id",
    )
    orders = counts(connection, t.sales_order, ids)
    sold = grouped(fetch(connection, _amounts(connection).where(t.invoice.c.customer_id.in_(ids))), "customer_id")
    for row in rows:
        address = cities.get(row["id"], {})
        row["city"], row["country"] = address.get("city", ""), address.get("country", "")
        row["identifiers"] = [{"scheme": i["scheme"], "value": i["value"]} for i in named.get(row["id"], ())]
        row["orders"] = orders.get(row["id"], 0)
        row["invoices"] = len(sold.get(row["id"], ()))
        row["sales"] = _sales(sold.get(row["id"], ()))
    return rows


def _matching(connection: Connection, search: str) -> Any:
    t = of(connection)
    escaped = search.lower().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")

    def has(column: Any) -> Any:
        return func.lower(column).like(f"%{escaped}%", escape="\\")

    parts = (
        select(t.customer.c.id).where(has(t.customer.c.name)),
        select(t.customer_name.c.customer_id).where(has(t.customer_name.c.name)),
        select(t.customer_identifier.c.customer_id).where(has(t.customer_identifier.c.value)),
        select(t.customer_address.c.customer_id).where(has(t.customer_address.c.city)),
    )
    return parts[0].union(*parts[1:])


def customer(connection: Connection, key: int | str) -> Row | None:
    """The one view of a customer, by its number here or an identifier (`4012345000009`, `gln:4012345000009`), or None:
    identifiers, names, addresses, contacts, locations, accounts, orders, responses, despatches, invoices, remittances,
    products and totals."""
    t = of(connection)
    number = _customer_number(connection, str(key))
    if number is None:
        return None
    head = fetch(connection, select(t.customer).where(t.customer.c.id == number))[0]
    head.pop("record")

    def under(table: Table, *order: str) -> list[Row]:
        found = fetch(
            connection, select(table).where(table.c.customer_id == number).order_by(*[table.c[name] for name in order])
        )
        return [
            {
                name: value
                for name, value in row.items()
                if name not in ("customer_id", "record", "message_id") and value not in ("", None)
            }
            for row in found
        ]

    return {
        **head,
        "identifiers": under(t.customer_identifier, "id"),
        "names": under(t.customer_name, "name"),
        "addresses": under(t.customer_address, "kind"),
        "contacts": under(t.customer_contact, "id"),
        "locations": under(t.customer_location, "id"),
        "accounts": under(t.customer_account, "id"),
        "products": under(t.product, "id"),
        "orders": orders(connection, customer=number),
        "responses": order_responses(connection, customer=number),
        "despatches": despatch_advices(connection, customer=number),
        "invoices": invoices(connection, customer=number),
        "remittances": remittances(connection, customer=number),
        "totals": totals(connection, number),
    }


def _customer_number(connection: Connection, key: str) -> int | None:
    t = of(connection)
    if (
        key.isdigit()
        and key == str(int(key))
        and len(key) < 10
        and connection.execute(select(t.customer.c.id).where(t.customer.c.id == int(key))).first()
    ):
        return int(key)
    scheme, _, value = key.rpartition(":")
    query = select(t.customer_identifier.c.customer_id).where(t.customer_identifier.c.value == value).distinct()
    if scheme:
        query = query.where(t.customer_identifier.c.scheme == scheme)
    found = connection.execute(query.limit(2)).scalars().all()
    return found[0] if len(found) == 1 else None


def totals(connection: Connection, customer: int | None = None) -> Row:
    """Sales (receivables) and purchases (payables) by currency and what of them is open; open orders by currency, sold ones
    only."""
    t = of(connection)
    amounts, sold = (
        _amounts(connection),
        select(t.sales_order.c.currency, t.sales_order.c.total).where(
            t.sales_order.c.direction == "sold", t.sales_order.c.state != "cancelled"
        ),
    )
    if customer is not None:
        amounts, sold = (
            amounts.where(t.invoice.c.customer_id == customer),
            sold.where(t.sales_order.c.customer_id == customer),
        )
    rows = fetch(connection, amounts)
    return {
        "sales": _sales(rows),
        "purchases": _sales(rows, "payable"),
        **{f"open_{side}": sums for side, sums in open_amounts(connection, customer).items()},
        "ordered": _sum((row["currency"], row["total"]) for row in fetch(connection, sold) if row["total"] is not None),
    }


def _amounts(connection: Connection) -> Select[Any]:
    c = of(connection).invoice.c
    return select(c.customer_id, c.direction, c.kind, c.state, c.currency, c.payable)


def _sales(rows: Iterable[Row], side: str = "receivable") -> dict[str, Decimal]:
    return _sum(
        (row["currency"], SIGN[row["kind"]] * row["payable"])
        for row in rows
        if row["direction"] == side
        and row["kind"] in SIGN
        and row["state"] != "cancelled"
        and row["payable"] is not None
    )


def _sum(pairs: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for currency, value in pairs:
        sums[currency] = sums.get(currency, Decimal(0)) + value
    return dict(sorted(sums.items()))


def orders(
    connection: Connection, *, customer: int | None = None, search: str | None = None, limit: int = 1000
) -> list[Row]:
    """Orders, the newest first, without their lines; `answer` is what the latest response says. `search` is found anywhere
    in the number."""
    t = of(connection).sales_order
    rows = listed(connection, t, _ORDERS, customer, limit, has(search, t.c.number))
    answers = answers_to(connection, [row["id"] for row in rows])
    return [{**row, "answer": answers.get(row["id"], "")} for row in rows]


def invoices(
    connection: Connection, *, customer: int | None = None, search: str | None = None, limit: int = 1000
) -> list[Row]:
    """Invoices and credit notes, the newest first, without their lines; `payment` and `open` as `balance.balances` gives
    them."""
    t = of(connection).invoice
    rows = listed(connection, t, _INVOICES, customer, limit, has(search, t.c.number))
    known = balances(connection, (row["id"] for row in rows))
    return [{**row, **{name: known[row["id"]][name] for name in ("open", "payment")}} for row in rows]


def order(connection: Connection, key: int | str) -> Row | None:
    """An order by its number here or, when that is clear, the partner's number: the record with its lines, how far each
    of them is (`progress.progress`), changes, the documents tied to it, and the message it came from. None when there is
    none, ValueError when several are."""
    t = of(connection)
    head = head_of(connection, t.sales_order, key, "order")
    if head is None:
        return None
    number = head["id"]
    lines = fetch(
        connection,
        select(t.order_line.c.position, t.order_line.c.state, t.order_line.c.message_id, t.order_line.c.record)
        .where(t.order_line.c.order_id == number)
        .order_by(t.order_line.c.position),
    )
    changes = fetch(
        connection,
        select(
            t.order_change.c.id,
            t.order_change.c.number,
            t.order_change.c.act,
            t.order_change.c.state,
            t.order_change.c.issued_on,
            t.order_change.c.message_id,
        )
        .where(t.order_change.c.order_id == number)
        .order_by(t.order_change.c.id),
    )
    tied = fetch(
        connection,
        select(t.document_link.c.relation, t.invoice.c.id, t.invoice.c.kind, t.invoice.c.number)
        .join_from(t.document_link, t.invoice, t.invoice.c.id == t.document_link.c.from_id)
        .where(
            t.document_link.c.to_kind == "order",
            t.document_link.c.to_id == number,
            t.document_link.c.from_kind == "invoice",
        )
        .order_by(t.document_link.c.id),
    )
    return {
        **document(connection, "order", head, [line.pop("record") for line in lines]),
        "line_states": lines,
        "changes": changes,
        "progress": progress(connection, number),
        "responses": order_responses(connection, order=number),
        "despatches": despatch_advices(connection, order=number),
        "invoices": tied,
    }


def invoice(connection: Connection, key: int | str) -> Row | None:
    """An invoice or credit note, as `order` gives orders; `links` are the documents it refers to, here or not; `balance`
    and `payments` say what has been paid."""
    t = of(connection)
    head = head_of(connection, t.invoice, key, "invoice")
    if head is None:
        return None
    number = head["id"]
    lines = (
        connection.execute(
            select(t.invoice_line.c.record)
            .where(t.invoice_line.c.invoice_id == number)
            .order_by(t.invoice_line.c.position)
        )
        .scalars()
        .all()
    )
    return {
        **document(connection, "invoice", head, list(lines)),
        "links": links(connection, "invoice", number),
        "balance": balances(connection, [number])[number],
        "payments": payments_of(connection, number),
    }
