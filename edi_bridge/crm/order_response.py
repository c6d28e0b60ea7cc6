"""Order responses: what the seller says of each line of an order.

Ours to a customer, or a supplier's to us. What holds for a line of the order is worked out when it is looked at
(`progress.py`), since the next response or a change of the order may alter it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from edi_bridge.crm.batch import Batch, Entry
from edi_bridge.crm.document import Outcome, Record, Source, link, total_of
from edi_bridge.crm.followup import Place, Shape, post
from edi_bridge.crm.purpose import ADDED, AGREED, line_status
from edi_bridge.crm.reference import order_entry


def post_response(batch: Batch, record: Record, source: Source) -> Outcome:
    """Post one order response; nothing is written when it is refused."""
    return post(batch, record, source, SHAPE)


def _key(record: Record, content: str) -> tuple[str, str]:
    """A response is known by its order, release and number; many have no number of their own (X12 BAK08), then each is
    another one."""
    release, number = record.get("release", ""), record.get("number", "")
    return (record["order_number"], f"{release}/{number}" if number else content)


def _latest(batch: Batch, record: Record, customer: int, direction: str) -> Entry | None:
    """The last response to the order that is not cancelled, for one without a number."""
    if record.get("number"):
        return None
    batch.flush()
    c = batch.tables.order_response.c
    row = batch.connection.execute(
        select(c.id, c.content)
        .where(
            c.customer_id == customer,
            c.direction == direction,
            c.order_number == record["order_number"],
            c.release == record.get("release", ""),
            c.state != "cancelled",
        )
        .order_by(c.id.desc())
        .limit(1)
    ).first()
    return (row.id, row.content) if row else None


def _head(batch: Batch, record: Record, place: Place) -> dict[str, Any]:
    get, lines = record.get, record.get("lines", ())
    order = _order(batch, record, place)
    total = total_of(record, lines)
    return {
        "order_id": order[0] if order else None,
        "total": None if total is None else batch.decimal(total),
        "line_count": len(lines),
        **{name: get(name, "") for name in ("release", "number", "outcome", "type", "purpose", "issued_on", "expected")},
        "currency": get("currency", ""),
    }


def _order(batch: Batch, record: Record, place: Place) -> Entry | None:
    return order_entry(batch, place.customer, place.direction, record["order_number"], record.get("release", ""))


def _write(batch: Batch, record: Record, texts: Sequence[str], place: Place) -> None:
    """The rows of the lines, and the tie to the order."""
    source, order, number = place.source, _order(batch, record, place), record["order_number"]
    if order is None:
        place.outcome.note(source, "unknown_order", "order_number", number)
    target = ("order", number, order[0] if order else None)
    link(batch, place.customer, "answers", ("order_response", place.id), target, source.message)
    lines = record.get("lines", ())
    known = batch.lines_of(order[0]) if order and lines else None
    for position, (line, text) in enumerate(zip(lines, texts, strict=True), 1):
        if known is not None and line.get("outcome") not in ADDED and known.find(line, echo=True) is None:
            named = line.get("order_line") or line.get("number", "")
            place.outcome.note(source, "unknown_order_line", "lines", named)
        _write_line(batch, place, position, line, text, record.get("outcome", ""))


def _write_line(batch: Batch, place: Place, position: int, line: Record, text: str, of_order: str) -> None:
    get, message = line.get, place.source.message
    status, confirmed, backordered = promised(line, of_order)
    deliveries = list(_deliveries(line))
    numbers = (get("ordered_quantity"), confirmed, backordered, get("net_price"), get("net_amount"))
    batch.rows["response_line"].append(
        (
            place.id,
            position,
            get("number", ""),
            get("order_line", ""),
            get("outcome", ""),
            status,
            get("gtin", ""),
            get("buyer_item", ""),
            get("seller_item", ""),
            get("description", ""),
            get("unit", "") or get("ordered_unit", ""),
            get("date", "") or next((day for _, _, day, _, _ in deliveries if day), ""),
            get("ship_on", "") or next((day for _, _, _, day, _ in deliveries if day), ""),
            get("reason", ""),
            *[None if value is None else batch.decimal(value) for value in numbers],
            text,
            message,
        )
    )
    for nth, (outcome, unit, date, ship_on, quantity) in enumerate(deliveries, 1):
        amount = None if quantity is None else batch.decimal(quantity)
        batch.rows["response_schedule"].append((place.id, position, nth, outcome, unit, date, ship_on, amount, message))


def _deliveries(line: Record) -> Iterator[tuple[str, str, str, str, Decimal | None]]:
    """(outcome, unit, date, day of shipment, quantity) of each part of a line that comes on a day of its own."""
    for part in line.get("splits", ()):
        yield part.get("outcome", ""), part.get("unit", ""), part.get("date", ""), part.get("ship_on", ""), part.get("quantity")
    for part in line.get("schedules", ()):
        date = part.get("date", "") or part.get("earliest", "")
        yield "", part.get("unit", ""), date, part.get("ship_on", ""), part.get("quantity")


def promised(line: Record, of_order: str = "") -> tuple[str, Decimal | None, Decimal | None]:
    """(status, quantity that is agreed, quantity on back order) of a line; None for a quantity that is not said.

    A line on hold or refused promises nothing, whatever quantity it repeats. Splits add to what their outcome says; what a
    partly back-ordered line (X12 668 BP) does not deliver is on back order.
    """
    status = line_status(line.get("outcome", ""), of_order)
    ordered, quantity = line.get("ordered_quantity"), line.get("quantity")
    if quantity is None:
        parts = [part["quantity"] for part in line.get("schedules", ()) if "quantity" in part]
        quantity = sum(parts, Decimal(0)) if parts else ordered
    agreed = quantity if status in AGREED else Decimal(0) if status else None
    later = quantity if status == "backordered" else None
    for part in line.get("splits", ()):
        of_part, some = line_status(part.get("outcome", "")), part.get("quantity")
        if some is None:
            continue
        if of_part in AGREED and agreed is not None:
            agreed += some
        elif of_part == "backordered":
            later = (later or Decimal(0)) + some
    if line.get("outcome") == "partly_backordered" and later is None and ordered is not None and agreed is not None:
        later = ordered - agreed
    if status == "backordered" and agreed:
        status = "changed"
    return status, agreed, later


SHAPE = Shape(
    "order_response",
    "response_id",
    ("response_schedule", "response_line"),
    ("lines", "response_line"),
    _key,
    lambda record: record.get("order_number"),
    _head,
    _write,
    needs="order_number",
    latest=_latest,
)
