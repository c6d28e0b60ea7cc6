"""What has been paid of an invoice, and what is open.

A discount that the payer took counts as settled. A deduction (damaged goods, a price that was not agreed) stays open until
a credit note settles it; `deducted` says how much of what is open the payer has explained. Payments in another currency
than the invoice's are shown beside and not added.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select

from edi_bridge.crm.tables import of
from edi_bridge.crm.view_query import Row, fetch
from edi_bridge.database import chunks

ZERO = Decimal(0)
SETTLED = frozenset({"paid", "overpaid", "short paid"})


def balances(connection: Connection, invoices: Iterable[int]) -> dict[int, Row]:
    """By invoice: payable, paid, discount, deducted, other (by currency), open (None where the amount is not known), and
    `payment`: unpaid, part paid, short paid (what is open is what was deducted), paid or overpaid.

    Of a credit note `paid` is what the payer has taken off for it.
    """
    t = of(connection)
    found: dict[int, Row] = {}
    for some in chunks(sorted(set(invoices))):
        heads = select(t.invoice.c.id, t.invoice.c.kind, t.invoice.c.currency, t.invoice.c.payable, t.invoice.c.state)
        for row in fetch(connection, heads.where(t.invoice.c.id.in_(some))):
            found[row["id"]] = {**row, "paid": ZERO, "discount": ZERO, "deducted": ZERO, "other": {}}
        i, r = t.remittance_item.c, t.remittance.c
        query = (
            select(i.invoice_id, i.amount, i.discount, i.deducted, i.currency, r.currency.label("of_payment"))
            .join_from(t.remittance_item, t.remittance)
            .where(i.invoice_id.in_(some), r.state != "cancelled")
            .order_by(i.remittance_id, i.position)
        )
        for item in fetch(connection, query):
            _add(found[item["invoice_id"]], item)
    return {number: _balance(row) for number, row in found.items()}


def _add(invoice: Row, item: Row) -> None:
    """Count a payment."""
    currency = item["currency"] or item["of_payment"]
    amount = item["amount"] or ZERO
    if invoice["kind"] == "credit_note":
        amount = abs(amount)  # taken off: negative in most messages, without a sign in some
    if currency and invoice["currency"] and currency != invoice["currency"]:
        invoice["other"][currency] = invoice["other"].get(currency, ZERO) + amount
        return
    invoice["paid"] += amount
    invoice["discount"] += item["discount"] or ZERO
    invoice["deducted"] += item["deducted"] or ZERO


def _balance(row: Row) -> Row:
    names = ("payable", "paid", "discount", "deducted", "other")
    if row["payable"] is None or row["state"] == "cancelled":
        return {**{name: row[name] for name in names}, "open": None, "payment": ""}
    rest = row["payable"] - row["paid"] - row["discount"]
    return {**{name: row[name] for name in names}, "open": rest, "payment": _payment(row, rest)}


def _payment(row: Row, rest: Decimal) -> str:
    """In a word."""
    if rest == 0:
        return "paid"
    if rest < 0:
        return "overpaid"
    if not row["paid"] and not row["discount"] and not row["deducted"]:
        return "unpaid"
    return "short paid" if rest == row["deducted"] else "part paid"


def open_amounts(connection: Connection, customer: int | None = None) -> dict[str, dict[str, Decimal]]:
    """What is open by side (receivable, payable) and currency: invoices less credit notes, proforma and cancelled ones left
    out."""
    i = of(connection).invoice.c
    query = select(i.id, i.direction, i.kind, i.currency).where(i.kind != "proforma", i.state != "cancelled")
    if customer is not None:
        query = query.where(i.customer_id == customer)
    heads = fetch(connection, query)
    known = balances(connection, (row["id"] for row in heads))
    sums: dict[str, dict[str, Any]] = {"receivable": {}, "payable": {}}
    for row in heads:
        rest = known[row["id"]]["open"]
        if rest:
            side = sums[row["direction"]]
            side[row["currency"]] = side.get(row["currency"], ZERO) + (-rest if row["kind"] == "credit_note" else rest)
    return {side: dict(sorted(amounts.items())) for side, amounts in sums.items()}
