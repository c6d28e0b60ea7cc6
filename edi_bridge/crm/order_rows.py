"""The rows under an order: lines, schedules, allowances."""

from __future__ import annotations

from typing import Any

from edi_bridge.crm.batch import Batch
from edi_bridge.crm.document import Record, Source, allowance_row
from edi_bridge.crm.party import location


def line_row(
    batch: Batch, order: int, position: int, line: Record, text: str, state: str, message: int
) -> tuple[Any, ...]:
    """A row of order_line."""
    get, decimal = line.get, batch.decimal
    quantity, price, net = get("quantity"), get("net_price"), get("net_amount")
    return (
        order,
        position,
        get("number", ""),
        state,
        get("gtin", ""),
        get("buyer_item", ""),
        get("seller_item", ""),
        get("description", ""),
        get("unit", ""),
        get("requested_delivery", ""),
        None if quantity is None else decimal(quantity),
        None if price is None else decimal(price),
        None if net is None else decimal(net),
        text,
        message,
    )


def write_line_parts(batch: Batch, order: int, customer: int, position: int, line: Record, source: Source) -> None:
    """The rows of a line's schedules and allowances."""
    known = batch.customers[customer]
    for nth, part in enumerate(line.get("schedules", ()), 1):
        party = part.get("deliver_to")
        place = location(batch, known, party, "deliver_to", source.message, source.partner) if party else None
        quantity = part.get("quantity")
        batch.rows["order_schedule"].append(
            (
                order,
                position,
                nth,
                place,
                part.get("location", ""),
                part.get("unit", ""),
                part.get("date", "") or part.get("earliest", ""),
                None if quantity is None else batch.decimal(quantity),
                source.message,
            )
        )
    for nth, part in enumerate(line.get("allowances", ()), 1):
        batch.rows["order_allowance"].append(allowance_row(batch, order, position, nth, part, source.message))
