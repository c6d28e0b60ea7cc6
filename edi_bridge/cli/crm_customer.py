"""Customers and suppliers as `edi-bridge crm` shows them: their list, and one with all that belongs to it."""

from __future__ import annotations

from edi_bridge.cli import show
from edi_bridge.cli.crm_columns import LISTS
from edi_bridge.cli.crm_parts import Row, head, money, pairs, part


def customers_table(rows: list[Row]) -> None:
    """Customers and suppliers."""
    show.table(
        ("id", "~name", "~identifiers", "~city", "country", ">orders", ">invoices", "~sales"),
        [
            (
                row["id"],
                row["name"] or "(no name)",
                " ".join(f"{one['scheme']}:{one['value']}" for one in row["identifiers"][:3]),
                row["city"],
                row["country"],
                row["orders"],
                row["invoices"],
                money(row["sales"]),
            )
            for row in rows
        ],
    )


def customer(row: Row) -> None:
    """One customer or supplier: identifiers, what is known of it, documents, totals."""
    roles = [word for word, flag in (("customer", row["is_customer"]), ("supplier", row["is_supplier"])) if flag]
    head(f"{row['name'] or '(no name)'}  ({row['id']}, {' and '.join(roles) or 'party'}, {row['status'] or 'active'})")
    pairs([(one["scheme"], one["value"]) for one in row["identifiers"]])
    for title, columns in (
        ("addresses", ("kind", "street", "postcode", "city", "country")),
        ("contacts", ("role", "name", "phone", "email")),
        ("locations", ("number", "name", "city", "country")),
        ("accounts", ("iban", "bic", "holder")),
        ("products", ("gtin", "buyer_item", "seller_item", "description")),
    ):
        rows = row[title]
        used = [column for column in columns if any(column in one for one in rows)]
        if rows and used:
            show.heading(title)
            show.table(used, [[one.get(column) for column in used] for one in rows], indent=2)
    for title, shown in LISTS.items():
        part(title, shown, row[title], "~customer")
    sums = [(name.replace("_", " "), money(amounts)) for name, amounts in row["totals"].items() if amounts]
    if sums:
        show.heading("totals")
        pairs(sums)
