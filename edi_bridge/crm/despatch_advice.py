"""Despatch advices: packs in packs, their items, and the orders that they deliver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from edi_bridge.crm.batch import Batch, Entry
from edi_bridge.crm.document import Outcome, Record, Source, link
from edi_bridge.crm.followup import Place, Shape, post
from edi_bridge.crm.reference import order_entry, orders_named

Named = tuple[str, str]  # number and release of an order


def post_despatch(batch: Batch, record: Record, source: Source) -> Outcome:
    """Post one despatch advice; nothing is written when it is refused."""
    return post(batch, record, source, SHAPE)


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack with the order that holds in it. `position` counts from 1, `parent` is 0 for an outermost one."""

    position: int
    parent: int
    part: Record
    order: Named


@dataclass(slots=True)
class Contents:
    """A despatch advice as lists: packs, and items with the position of their pack and their order."""

    packs: list[Pack] = field(default_factory=list)
    items: list[tuple[int, Record, Named]] = field(default_factory=list)

    def add(self, part: Record, pack: int, order: Named) -> None:
        """Take in the items and packs of a part, depth first; what names no order has that of what holds it."""
        for item in part.get("items", ()):
            self.items.append((pack, item, _order_of(item, order)))
        for inner in part.get("packs", ()):
            known = Pack(len(self.packs) + 1, pack, inner, _order_of(inner, order))
            self.packs.append(known)
            self.add(inner, known.position, known.order)


def _order_of(part: Record, outer: Named) -> Named:
    number = part.get("order_number")
    return (number, part.get("release", "") or (outer[1] if number == outer[0] else "")) if number else outer


def contents(record: Record) -> Contents:
    """The packs and items of a despatch advice."""
    made = Contents()
    made.add(record, 0, (record.get("order_number", ""), ""))
    return made


def _head(batch: Batch, record: Record, place: Place) -> dict[str, Any]:
    get, weight = record.get, record.get("gross_weight")
    names = "type purpose issued_on shipped_on expected order_number delivery_note bill_of_lading carrier_reference"
    carrier = get("carrier", {})
    inside = contents(record)
    return {
        "deliver_to_id": place.delivered,
        "carrier": carrier.get("name", "") or carrier.get("id", ""),
        "gross_weight": None if weight is None else batch.decimal(weight),
        "pack_count": get("pack_count") or sum(pack.part.get("count", 1) for pack in inside.packs if not pack.parent),
        "item_count": len(inside.items),
        **{name: get(name, "") for name in (*names.split(), "transport_mode", "weight_unit")},
    }


def _write(batch: Batch, record: Record, _texts: Sequence[str], place: Place) -> None:
    """The rows of packs and items, and the ties to the orders."""
    message, inside = place.source.message, contents(record)
    orders: dict[Named, Entry | None] = {}
    for number, release in orders_named(record):
        entry = order_entry(batch, place.customer, place.direction, number, release)
        orders[number, release] = entry
        if entry is None:
            place.outcome.note(place.source, "unknown_order", "order_number", number)
    for number in dict.fromkeys(number for number, _ in orders):
        found = next((entry[0] for (text, _), entry in orders.items() if text == number and entry), None)
        link(batch, place.customer, "delivers", ("despatch_advice", place.id), ("order", number, found), message)
    for pack in inside.packs:
        get, weight = pack.part.get, pack.part.get("gross_weight")
        batch.rows["despatch_pack"].append(
            (
                place.id,
                pack.position,
                pack.parent,
                get("sscc", ""),
                get("level", ""),
                get("kind", ""),
                pack.order[0],
                get("tracking", ""),
                get("count", 1),
                None if weight is None else batch.decimal(weight),
                get("weight_unit", ""),
                message,
            )
        )
    for position, (in_pack, item, named) in enumerate(inside.items, 1):
        entry = orders.get(named) or next((one for (text, _), one in orders.items() if text == named[0]), None)
        _write_item(batch, place, (position, in_pack), item, named[0], entry)


def _write_item(
    batch: Batch, place: Place, at: tuple[int, int], item: Record, number: str, order: Entry | None
) -> None:
    """One item; `at`: its position and that of its pack."""
    get, message = item.get, place.source.message
    numbers: tuple[Decimal | None, ...] = (get("quantity"), get("ordered_quantity"))
    batch.rows["despatch_item"].append(
        (
            place.id,
            *at,
            order[0] if order else None,
            get("number", ""),
            number,
            get("order_line", ""),
            get("gtin", ""),
            get("buyer_item", ""),
            get("seller_item", ""),
            get("description", ""),
            get("unit", ""),
            get("batch", ""),
            get("best_before", ""),
            get("status", ""),
            *[None if value is None else batch.decimal(value) for value in numbers],
            message,
        )
    )
    if order and batch.lines_of(order[0]).find(item) is None:
        place.outcome.note(place.source, "unknown_order_line", "items", get("order_line", "") or get("number", ""))


def _first_order(record: Record) -> str | None:
    return next((number for number, _ in orders_named(record)), None)


SHAPE = Shape(
    "despatch_advice",
    "despatch_id",
    ("despatch_item", "despatch_pack"),
    None,
    lambda record, _content: (record["number"],),
    _first_order,
    _head,
    _write,
)
