"""`edi-bridge crm`: customers with their orders and what follows them, as people look at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import click

from edi_bridge.cli import crm_customer, crm_document, options, show
from edi_bridge.cli.crm_columns import DESPATCH_COLUMNS, INVOICE_COLUMNS, ORDER_COLUMNS, REMITTANCE_COLUMNS, RESPONSE_COLUMNS
from edi_bridge.cli.crm_parts import Row, fields

if TYPE_CHECKING:
    from sqlalchemy import Connection

LANE = "edi_bridge.cli.crm.lane"
LANES = {"live": "", "staging": "staging_", "pilot": "pilot_"}
search_option = click.option("--search", metavar="TEXT", help="Only those in which the text is found.")
limit_option = click.option("--limit", metavar="N", type=click.IntRange(1), default=1000, show_default=True, help="At most so many.")


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


listing("customers", "Customers and suppliers, with their orders, invoices and sales.", crm_customer.customers_table)
single("customer", "One customer: identifiers, addresses, contacts, documents, totals. ID is the number here or an identifier.",
       crm_customer.customer)
listing("orders", "Orders, the newest first.", partial(fields, ORDER_COLUMNS))
single("order",
       "One order: lines and how far they are, changes, responses, despatches, invoices. ID is the number here or the partner's.",
       crm_document.order)
listing("responses", "Responses to orders, the newest first.", partial(fields, RESPONSE_COLUMNS), "order_responses")
single("response", "One response to an order, line by line. ID is the number here or the partner's.",
       crm_document.response, "order_response")
listing("despatches", "Despatch advices, the newest first. TEXT is a number, an order's number or an SSCC.",
        partial(fields, DESPATCH_COLUMNS), "despatch_advices")
single("despatch", "One despatch advice with its packs and items. ID is the number here or the partner's.",
       crm_document.despatch, "despatch_advice", "despatches")
listing("invoices", "Invoices and credit notes, the newest first.", partial(fields, INVOICE_COLUMNS))
single("invoice", "One invoice or credit note: lines, taxes, what has been paid. ID is the number here or the partner's.",
       crm_document.invoice)
listing("remittances", "Payments announced, the newest first. TEXT is a number, or that of a document paid.",
        partial(fields, REMITTANCE_COLUMNS), "remittances")
single("remittance", "One payment: the documents it pays, discounts and deductions. ID is the number here or the partner's.",
       crm_document.remittance, "remittance")
