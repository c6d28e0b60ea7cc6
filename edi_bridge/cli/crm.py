"""`edi-bridge crm`: customers with their orders and invoices, as people look at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show

if TYPE_CHECKING:
    from sqlalchemy import Connection

Row = dict[str, Any]
search_option = click.option("--search", metavar="TEXT", help="Only those in which the text is found.")
limit_option = click.option(
    "--limit", metavar="N", type=click.IntRange(1), default=1000, show_default=True, help="At most so many."
)
PARTY_ROLES = (
    "buyer",
    "seller",
    "deliver_to",
    "ship_from",
    "invoicee",
    "payer",
    "payee",
    "ordered_by",
    "ultimate",
    "carrier",
)
# title of a column (see show.table) → the field it shows
ORDER_COLUMNS = {
    "id": "id", "order": "number", "~customer": "customer", "state": "state", "issued": "issued_on",
    "delivery": "requested_delivery", ">lines": "line_count", ">total": "total", "currency": "currency",
}  # fmt: skip
INVOICE_COLUMNS = {
    "id": "id", "number": "number", "kind": "kind", "~customer": "customer", "issued": "issued_on", "due": "due_on",
    "order": "order_number", ">net": "net", ">tax": "tax", ">payable": "payable", "currency": "currency",
}  # fmt: skip
LINE_COLUMNS = {
    ">line": "number", "gtin": "gtin", "their item": "buyer_item", "our item": "seller_item",
    "~description": "description", ">quantity": "quantity", "unit": "unit", ">price": "net_price",
    ">amount": "net_amount",
}  # fmt: skip
TAX_COLUMNS = {"type": "type", "category": "category", ">rate": "rate", ">base": "base", ">amount": "amount"}


@click.group()
def crm() -> None:
    """Look at customers, orders and invoices of the CRM.

    \b
    Examples:
      edi-bridge crm customers --search berlin
      edi-bridge crm customer 4012345000009
      edi-bridge crm order 4500012345 --json
    """


@contextmanager
def _connection(home: str | None, database: str | None) -> Iterator[Connection]:
    opened = options.open_database(options.settings_of(home, database), create=False)
    try:
        with opened.read() as connection:
            yield connection
    finally:
        opened.close()


def listing(name: str, sentence: str, rows_of: Callable[..., None], kind: str) -> None:
    """A command that lists one kind of thing."""

    @crm.command(name, help=f"{sentence}\n\n\b\nExample:\n  edi-bridge crm {name} --search 45", short_help=sentence)
    @search_option
    @limit_option
    @options.home_option
    @options.database_option
    @options.json_option
    def command(search: str | None, limit: int, home: str | None, database: str | None, as_json: bool) -> None:
        from edi_bridge.crm import customer_view

        with _connection(home, database) as connection:
            rows = getattr(customer_view, name)(connection, search=search, limit=limit)
        if as_json:
            options.print_json(rows)
        elif rows:
            rows_of(rows)
        else:
            show.note(f"no {kind}" + (f" with {show.clean(search)}" if search else " yet"))


def single(name: str, sentence: str, print_one: Callable[[Row], None]) -> None:
    """A command that shows one thing."""

    @crm.command(name, help=f"{sentence}\n\n\b\nExample:\n  edi-bridge crm {name} 1", short_help=sentence)
    @click.argument("id", metavar="ID")
    @options.home_option
    @options.database_option
    @options.json_option
    def command(id: str, home: str | None, database: str | None, as_json: bool) -> None:
        from edi_bridge.crm import customer_view

        with _connection(home, database) as connection:
            try:
                row = getattr(customer_view, name)(connection, id)
            except ValueError as error:
                raise click.UsageError(str(error)) from None
        if row is None:
            raise click.UsageError(f"there is no {name} {show.clean(id)}; `edi-bridge crm {name}s` lists them")
        if as_json:
            options.print_json(row)
        else:
            print_one(row)


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


def orders_table(rows: list[Row]) -> None:
    """Orders without their lines."""
    _fields(ORDER_COLUMNS, rows)


def invoices_table(rows: list[Row]) -> None:
    """Invoices and credit notes without their lines."""
    _fields(INVOICE_COLUMNS, rows)


def _fields(columns: Mapping[str, str], rows: list[Row], indent: int = 0, without: str = "") -> None:
    """Rows by a table of columns; `without` is the title of one that would say the same in every row."""
    shown = {title: field for title, field in columns.items() if title != without}
    show.table(
        list(shown),
        [[_word(row.get(field)) if field == "kind" else row.get(field) for field in shown.values()] for row in rows],
        indent=indent,
    )


def _word(code: Any) -> str:
    """`credit note`."""
    return str(code or "").replace("_", " ")


def money(sums: Mapping[str, Any]) -> str:
    """`1,200.00 EUR, 80 USD`."""
    return ", ".join(f"{value:,} {currency}".strip() for currency, value in sums.items())


def _customer(row: Row) -> None:
    roles = [word for word, flag in (("customer", row["is_customer"]), ("supplier", row["is_supplier"])) if flag]
    _head(f"{row['name'] or '(no name)'}  ({row['id']}, {' and '.join(roles) or 'party'}, {row['status'] or 'active'})")
    _pairs([(one["scheme"], one["value"]) for one in row["identifiers"]])
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
    _part("orders", ORDER_COLUMNS, row["orders"], "~customer")
    _part("invoices", INVOICE_COLUMNS, row["invoices"], "~customer")
    sums = [(name, money(row["totals"][name])) for name in ("ordered", "sales", "purchases") if row["totals"][name]]
    if sums:
        show.heading("totals")
        _pairs(sums)


def _order(row: Row) -> None:
    _head(f"order {row['number']}  ({row['id']}, {row['state']}, {row['direction']})")
    _document(row)
    lines = row["record"].get("lines", [])
    _part(show.number(len(lines), "line"), LINE_COLUMNS, lines)
    _part("changes", {"number": "number", "what": "act", "state": "state", "issued": "issued_on"}, row["changes"])
    _part("invoices", {"id": "id", "number": "number", "kind": "kind"}, row["invoices"])


def _invoice(row: Row) -> None:
    _head(f"{_word(row['kind'])} {row['number']}  ({row['id']}, {row['state']}, {row['direction']})")
    _document(row)
    lines = row["record"].get("lines", [])
    _part(show.number(len(lines), "line"), {**LINE_COLUMNS, "order": "order_number"}, lines)
    _part("taxes", TAX_COLUMNS, row["record"].get("taxes", []))
    links = [{**one, "here": "yes" if one["to_id"] else "not yet"} for one in row["links"]]
    _part("refers to", {"how": "relation", "what": "to_kind", "number": "to_number", "here": "here"}, links)


def _part(title: str, columns: Mapping[str, str], rows: list[Row], without: str = "") -> None:
    """A part of a view with its heading; nothing when it has no rows."""
    if rows:
        show.heading(title)
        _fields(columns, rows, 2, without)


def _document(row: Row) -> None:
    """The head of an order or invoice: what has a value, then parties and totals."""
    skip = {
        "id",
        "number",
        "state",
        "direction",
        "kind",
        "record",
        "lines",
        "customer_id",
        "message_id",
        "line_states",
        "changes",
        "invoices",
        "links",
        "customer",
        "changed_by",
        "deliver_to_id",
    }
    _pairs(
        [("customer", f"{row['customer']} ({row['customer_id']})")]
        + [
            (name.replace("_", " "), value)
            for name, value in row.items()
            if name not in skip and value not in (None, "") and _plain(value)
        ]
    )
    parties = [(role.replace("_", " "), _party(row["record"][role])) for role in PARTY_ROLES if role in row["record"]]
    if parties:
        show.heading("parties")
        _pairs(parties)
    totals = row["record"].get("totals", {})
    if totals:
        show.heading("totals")
        _pairs([(name.replace("_", " "), value) for name, value in totals.items()])


def _plain(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _party(party: Row) -> str:
    names = [party.get(name) for name in ("name", "street", "postcode", "city", "country")]
    ids = [f"{name}:{party[name]}" for name in ("gln", "duns", "vat", "id") if name in party]
    return ", ".join(str(one) for one in [*names, *ids] if one)


def _head(text: str) -> None:
    import sys

    print(show.style(show.clean(text), "bold", sys.stdout))


def _pairs(pairs: list[tuple[str, Any]]) -> None:
    """Name and value, one a line."""
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        print(f"  {name:<{width}}  {show.cell(value)}")


listing("customers", "Customers and suppliers, with their orders, invoices and sales.", customers_table, "customers")
single(
    "customer",
    "One customer: identifiers, addresses, contacts, orders, invoices, totals. ID is the number here or an identifier.",
    _customer,
)
listing("orders", "Orders, the newest first.", orders_table, "orders")
single("order", "One order with its lines, changes and invoices. ID is the number here or the partner's.", _order)
listing("invoices", "Invoices and credit notes, the newest first.", invoices_table, "invoices")
single(
    "invoice", "One invoice or credit note with its lines and taxes. ID is the number here or the partner's.", _invoice
)
