"""`edi-bridge crm`: customers with their orders and what follows them, as people look at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.crm_columns import (
    ANSWER_COLUMNS,
    DEDUCTION_COLUMNS,
    DELIVERY_COLUMNS,
    DESPATCH_COLUMNS,
    INVOICE_COLUMNS,
    ITEM_COLUMNS,
    LINE_COLUMNS,
    LINK_COLUMNS,
    LISTS,
    OPTIONAL,
    ORDER_COLUMNS,
    PACK_COLUMNS,
    PAID_COLUMNS,
    PAYMENT_COLUMNS,
    PROGRESS_COLUMNS,
    REMITTANCE_COLUMNS,
    RESPONSE_COLUMNS,
    TAX_COLUMNS,
    WORDS,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

Row = dict[str, Any]
LANE = "edi_bridge.cli.crm.lane"
LANES = {"live": "", "staging": "staging_", "pilot": "pilot_"}
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


@click.group()
@click.option("--lane", type=click.Choice(["live", "staging", "pilot"]), default="live", show_default=True,
              help="staging: what came as a test.")
@click.pass_context
def crm(context: click.Context, lane: str) -> None:
    """Look at customers, orders and what follows them: responses, despatches, invoices, remittances.

    \b
    Examples:
      edi-bridge crm customers --search berlin
      edi-bridge crm customer 4012345000009
      edi-bridge crm order 4500012345 --json
      edi-bridge crm despatches --search 340123450000000014
    """
    context.meta[LANE] = lane


@contextmanager
def _connection(home: str | None, database: str | None) -> Iterator[Connection]:
    opened = options.open_database(options.settings_of(home, database), create=False)
    try:
        with opened.read(LANES[click.get_current_context().find_root().meta.get(LANE, "live")]) as connection:
            yield connection
    finally:
        opened.close()


def listing(name: str, sentence: str, rows_of: Callable[..., None], view: str = "") -> None:
    """A command that lists one kind of thing; `view` is its function in `followup_view`, else it is the customer view's."""

    @crm.command(name, help=f"{sentence}\n\n\b\nExample:\n  edi-bridge crm {name} --search 45", short_help=sentence)
    @search_option
    @limit_option
    @options.home_option
    @options.database_option
    @options.json_option
    def command(search: str | None, limit: int, home: str | None, database: str | None, as_json: bool) -> None:
        from edi_bridge.crm import customer_view, followup_view

        with _connection(home, database) as connection:
            list_of = getattr(followup_view, view) if view else getattr(customer_view, name)
            rows = list_of(connection, search=search, limit=limit)
        if as_json:
            options.print_json(rows)
        elif rows:
            rows_of(rows)
        else:
            show.note(f"no {name}" + (f" with {show.clean(search)}" if search else " yet"))


def single(name: str, sentence: str, print_one: Callable[[Row], None], view: str = "", plural: str = "") -> None:
    """A command that shows one thing; `view` as for `listing`."""

    @crm.command(name, help=f"{sentence}\n\n\b\nExample:\n  edi-bridge crm {name} 1", short_help=sentence)
    @click.argument("id", metavar="ID")
    @options.home_option
    @options.database_option
    @options.json_option
    def command(id: str, home: str | None, database: str | None, as_json: bool) -> None:
        from edi_bridge.crm import customer_view, followup_view

        with _connection(home, database) as connection:
            try:
                row = (getattr(followup_view, view) if view else getattr(customer_view, name))(connection, id)
            except ValueError as error:
                raise click.UsageError(str(error)) from None
        if row is None:
            raise click.UsageError(f"there is no {name} {show.clean(id)}; `edi-bridge crm {plural or name + 's'}` lists them")
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


def table_of(columns: Mapping[str, str]) -> Callable[[list[Row]], None]:
    """A printer of documents without their lines."""
    return lambda rows: _fields(columns, rows)


def _fields(columns: Mapping[str, str], rows: list[Row], indent: int = 0, without: str = "") -> None:
    """Rows by a table of columns; `without` is the title of one that would say the same in every row."""
    shown = {
        title: field
        for title, field in columns.items()
        if title != without and (field not in OPTIONAL or any(row.get(field) not in (None, "", 0) for row in rows))
    }
    show.table(
        list(shown),
        [[_word(row.get(field)) if field in WORDS else row.get(field) for field in shown.values()] for row in rows],
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
    for title, shown in LISTS.items():
        _part(title, shown, row[title], "~customer")
    sums = [(name.replace("_", " "), money(amounts)) for name, amounts in row["totals"].items() if amounts]
    if sums:
        show.heading("totals")
        _pairs(sums)


def _order(row: Row) -> None:
    _head(f"order {row['number']}  ({row['id']}, {row['state']}, {row['direction']})")
    _document(row)
    lines = row["record"].get("lines", [])
    _part(show.number(len(lines), "line"), LINE_COLUMNS, lines)
    _part("changes", {"number": "number", "what": "act", "state": "state", "issued": "issued_on"}, row["changes"])
    if row["responses"] or row["despatches"] or row["invoices"]:
        _part("how far it is", PROGRESS_COLUMNS, [_progress(line) for line in row["progress"]])
    _part("responses", RESPONSE_COLUMNS, row["responses"], "~customer")
    _part("despatches", DESPATCH_COLUMNS, row["despatches"], "~customer")
    _part("invoices", {"id": "id", "number": "number", "kind": "kind"}, row["invoices"])


def _invoice(row: Row) -> None:
    _head(f"{_word(row['kind'])} {row['number']}  ({row['id']}, {row['state']}, {row['direction']})")
    _document(row)
    lines = row["record"].get("lines", [])
    _part(show.number(len(lines), "line"), {**LINE_COLUMNS, "order": "order_number"}, lines)
    _part("taxes", TAX_COLUMNS, row["record"].get("taxes", []))
    balance = row["balance"]
    if balance["payment"] not in ("", "unpaid"):
        show.heading("payment")
        amounts = [(name, balance[name]) for name in ("paid", "discount", "deducted", "open") if balance[name]]
        others = [("in other currencies", money(balance["other"]))] if balance["other"] else []
        _pairs([("state", balance["payment"]), *amounts, *others])
    payments = [{**one, "why": ", ".join(_word(reason) for reason in one["reasons"])} for one in row["payments"]]
    _part("remittances", PAYMENT_COLUMNS, payments)
    _links(row)


def _links(row: Row) -> None:
    _part("refers to", LINK_COLUMNS, [{**one, "here": _here(one["to_id"])} for one in row["links"]])


def _here(number: int | None) -> str:
    return "yes" if number else "not yet"


def _article(line: Row) -> str:
    """By what people know it: its description, else a number."""
    return str(next((line[name] for name in ("description", "gtin", "seller_item", "buyer_item") if line.get(name)), ""))


def _progress(line: Row) -> Row:
    others = [f"{name} {money({unit: value})}" for name, sums in line["other_units"].items() for unit, value in sums.items()]
    return {
        **line,
        "article": _article(line),
        "others": "; ".join(others),
        "status": line["status"] or ("cancelled by the buyer" if line["state"] == "cancelled" else ""),
    }


def _response(row: Row) -> None:
    _head(f"response {row['number'] or 'without a number'} to order {row['order_number']}  ({_what(row, 'order_id')})")
    _document(row)
    lines = [{**line, "article": _article(line)} for line in row["lines"]]
    _part(show.number(len(lines), "line"), ANSWER_COLUMNS, lines)
    parts = [{**part, "line": row["lines"][part["line"] - 1]["number"]} for part in row["schedules"]]
    _part("deliveries", DELIVERY_COLUMNS, parts)


def _what(row: Row, other: str = "") -> str:
    words = [str(row["id"]), row["state"], row["direction"]]
    return ", ".join([*words, *(["the order is not here yet"] if other and row[other] is None else [])])


def _despatch(row: Row) -> None:
    _head(f"despatch {row['number']}  ({_what(row)})")
    _document(row)
    places: dict[int, str] = {}  # 2.1: the first pack in the second
    inside: dict[int, int] = {}
    for pack in row["packs"]:
        outer, nth = places.get(pack["parent"], ""), inside.get(pack["parent"], 0) + 1
        inside[pack["parent"]] = nth
        places[pack["position"]] = f"{outer}.{nth}" if outer else str(nth)
    _part("packs", PACK_COLUMNS, [{**pack, "place": places[pack["position"]]} for pack in row["packs"]])
    items = [{**item, "article": _article(item), "pack": places.get(item["pack"], "")} for item in row["items"]]
    _part(show.number(len(items), "item"), ITEM_COLUMNS, items)
    _links(row)


def _remittance(row: Row) -> None:
    _head(f"remittance {row['number']}  ({_what(row)})")
    _document(row)
    sought = {link["to_number"] for link in row["links"]}
    items = [{**item, "here": _here(item["invoice_id"]) if item["document"] in sought else ""} for item in row["items"]]
    _part(show.number(len(items), "document"), PAID_COLUMNS, items)
    names = {0: "the payment", **dict(enumerate((item["document"] for item in row["items"]), 1))}
    _part("deductions", DEDUCTION_COLUMNS, [{**part, "from": names[part["item"]]} for part in row["deductions"]])


def _part(title: str, columns: Mapping[str, str], rows: list[Row], without: str = "") -> None:
    """A part of a view with its heading; nothing when it has no rows."""
    if rows:
        show.heading(title)
        _fields(columns, rows, 2, without)


def _document(row: Row) -> None:
    """The head of an order or invoice: what has a value, then parties and totals."""
    skip = {
        "key",
        "order_id",
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
        "content",
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


listing("customers", "Customers and suppliers, with their orders, invoices and sales.", customers_table)
single(
    "customer",
    "One customer: identifiers, addresses, contacts, documents, totals. ID is the number here or an identifier.",
    _customer,
)
listing("orders", "Orders, the newest first.", table_of(ORDER_COLUMNS))
single(
    "order",
    "One order: lines and how far they are, changes, responses, despatches, invoices. ID is the number here or the partner's.",
    _order,
)
listing("responses", "Responses to orders, the newest first.", table_of(RESPONSE_COLUMNS), "order_responses")
single(
    "response",
    "One response to an order, line by line. ID is the number here or the partner's.",
    _response,
    "order_response",
)
listing(
    "despatches",
    "Despatch advices, the newest first. TEXT is a number, an order's number or an SSCC.",
    table_of(DESPATCH_COLUMNS),
    "despatch_advices",
)
single(
    "despatch",
    "One despatch advice with its packs and items. ID is the number here or the partner's.",
    _despatch,
    "despatch_advice",
    "despatches",
)
listing("invoices", "Invoices and credit notes, the newest first.", table_of(INVOICE_COLUMNS))
single(
    "invoice",
    "One invoice or credit note: lines, taxes, what has been paid. ID is the number here or the partner's.",
    _invoice,
)
listing(
    "remittances",
    "Payments announced, the newest first. TEXT is a number, or that of a document paid.",
    table_of(REMITTANCE_COLUMNS),
    "remittances",
)
single(
    "remittance",
    "One payment: the documents it pays, discounts and deductions. ID is the number here or the partner's.",
    _remittance,
    "remittance",
)
