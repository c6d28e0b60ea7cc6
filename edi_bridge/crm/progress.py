"""How far an order is, line by line: ordered, confirmed, shipped, invoiced, paid.

Worked out when it is looked at, from the documents tied to the order. Of several responses the latest that speaks of a line
holds. Quantities are added where units are equal or one is missing; others stand in `other_units`.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select

from edi_bridge.crm.balance import SETTLED, balances
from edi_bridge.crm.line_match import ITEMS, LineIndex
from edi_bridge.crm.purpose import ADDED, AGREED, CHANGES_ONLY, ORDER_STATUS
from edi_bridge.crm.tables import of
from edi_bridge.crm.view_query import Row, fetch

ZERO = Decimal(0)
COUNTED = ("shipped", "invoiced", "credited", "paid", "part_paid")


def progress(connection: Connection, order: int) -> list[Row]:
    """One row a line of the order, by position; then those that the seller added or that the order does not have.

    `state` is the order's own (`cancelled`, ''), `status` what the seller says: accepted, changed, backordered, cancelled,
    held, proposed, added, not in the order, or '' (nothing yet). `ordered`, `confirmed` and `backordered` are None where
    nothing is said; `shipped`, `invoiced`, `credited`, `paid` and `part_paid` count from zero.
    """
    t = of(connection)
    c = t.order_line.c
    names = ("position", "number", "state", *ITEMS, "description", "unit", "quantity", "net_price")
    columns: list[Any] = [c[name] for name in names]
    lines, index = [], LineIndex()
    for row in fetch(connection, select(*columns).where(c.order_id == order).order_by(c.position)):
        index.add(row["position"], row["number"], *[row[name] for name in ITEMS])
        lines.append(_line(row))
    by_position = {row["position"]: row for row in lines}
    extra: dict[str, Row] = {}
    for response in _responses(connection, order):
        _answer(connection, response, index, by_position, extra)
    for item in _shipped(connection, order):
        at = index.find(item)
        if at is not None and item["quantity"] is not None:
            line = by_position[at]
            _count(line, "shipped", item["quantity"], item["unit"])
            line["shipped_on"] = max(line["shipped_on"], item["shipped_on"])
    for part in _invoiced(connection, order):
        at = index.find(part)
        if at is not None and part["quantity"] is not None:
            for name in part["counts_as"]:
                _count(by_position[at], name, part["quantity"], part["unit"])
    return [*lines, *extra.values()]


def _line(row: Row) -> Row:
    """A line of which nothing is said yet."""
    return {
        **{name: row[name] for name in ("position", "number", "state", *ITEMS, "description", "unit")},
        "ordered": row["quantity"],
        "price": row["net_price"],
        "status": "",
        "confirmed": None,
        "backordered": None,
        "confirmed_on": "",
        "ship_on": "",
        "confirmed_price": None,
        "reason": "",
        **dict.fromkeys(COUNTED, ZERO),
        "shipped_on": "",
        "other_units": {},
    }


def _count(row: Row, name: str, quantity: Decimal, unit: str) -> None:
    if unit and row["unit"] and unit != row["unit"]:
        others = row["other_units"].setdefault(name, {})
        others[unit] = others.get(unit, ZERO) + quantity
    else:
        row[name] += quantity


# what the seller says


def _responses(connection: Connection, order: int) -> list[Row]:
    """The responses that hold, the latest last."""
    t = of(connection).order_response
    query = select(t.c.id, t.c.issued_on, t.c.outcome, t.c.type, t.c.expected).where(
        t.c.order_id == order, t.c.state != "cancelled"
    )
    return sorted(fetch(connection, query), key=lambda row: (row["issued_on"][:10], row["id"]))


def _answer(
    connection: Connection, response: Row, index: LineIndex, lines: dict[int, Row], extra: dict[str, Row]
) -> None:
    """Put what a response says into the lines."""
    t = of(connection).response_line
    said = fetch(connection, select(t).where(t.c.response_id == response["id"]).order_by(t.c.position))
    named = set()
    for line in said:
        at = None if line["outcome"] in ADDED else index.find(line, echo=True)
        if at is None:
            row = _line({**line, "state": "", "quantity": None, "net_price": None})
            status = "added" if line["outcome"] in ADDED else "not in the order"
            extra[line["number"] or f"{response['id']}/{line['position']}"] = _promise(row, line, response) | {"status": status}
        else:
            named.add(at)
            if line["status"]:
                _promise(lines[at], line, response)
    status = ORDER_STATUS.get(response["outcome"], "")
    if said and response["type"] in CHANGES_ONLY:
        status = status or "accepted"
    for position, row in lines.items():
        if status and position not in named and row["state"] != "cancelled":
            row["status"] = status
            row["confirmed"] = row["ordered"] if status in AGREED else ZERO
            row["backordered"] = None
            row["confirmed_on"] = response["expected"] if status in AGREED else ""


def _promise(row: Row, line: Row, response: Row) -> Row:
    """What one line of a response says."""
    agreed, later = line["confirmed"], line["backordered"]
    if agreed is None and line["status"] in AGREED and row["ordered"] is not None:
        agreed = row["ordered"] - (later or ZERO)
    in_time = response["expected"] if line["status"] in AGREED else ""
    row.update(
        status=line["status"],
        confirmed=agreed,
        backordered=later,
        confirmed_on=line["confirmed_on"] or ("" if line["ship_on"] else in_time),
        ship_on=line["ship_on"],
        confirmed_price=line["net_price"],
        reason=line["reason"],
    )
    return row


# what was delivered and invoiced


def _shipped(connection: Connection, order: int) -> list[Row]:
    t = of(connection)
    i, d = t.despatch_item.c, t.despatch_advice.c
    return fetch(
        connection,
        select(i.order_line, i.gtin, i.buyer_item, i.seller_item, i.quantity, i.unit, d.shipped_on)
        .join_from(t.despatch_item, t.despatch_advice)
        .where(i.order_id == order, d.state != "cancelled"),
    )


def _invoiced(connection: Connection, order: int) -> Iterator[Row]:
    """Lines of the order's invoices with the columns in which their quantities count."""
    t = of(connection)
    i, link, line = t.invoice.c, t.document_link.c, t.invoice_line.c
    heads = fetch(
        connection,
        select(i.id, i.kind, i.order_number, link.to_number)
        .join_from(t.document_link, t.invoice, i.id == link.from_id)
        .where(link.to_kind == "order", link.to_id == order, link.from_kind == "invoice", i.state != "cancelled")
        .where(i.kind != "proforma"),
    )
    known = balances(connection, (head["id"] for head in heads))
    for head in heads:
        columns: list[Any] = [line[name] for name in ("order_number", "order_line", "quantity", "unit", *ITEMS)]
        counts_as = _counts_as(head["kind"], known[head["id"]]["payment"])
        for row in fetch(connection, select(*columns).where(line.invoice_id == head["id"])):
            if (row["order_number"] or head["order_number"]) == head["to_number"]:
                yield {**row, "counts_as": counts_as}


def _counts_as(kind: str, payment: str) -> tuple[str, ...]:
    if kind == "credit_note":
        return ("credited",)
    if payment in SETTLED:
        return ("invoiced", "paid")
    return ("invoiced", "part_paid") if payment == "part paid" else ("invoiced",)
