"""What a change, replacement or cancellation does to an order that is here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, update

from edi_bridge.crm.batch import Batch, DocumentKey
from edi_bridge.crm.document import (
    Outcome,
    Record,
    Source,
    allowance_row,
    remove_parts,
    see_product,
    stored,
    total_of,
)
from edi_bridge.crm.order_rows import line_row, write_line_parts
from edi_bridge.crm.purpose import ADDS, line_act
from edi_bridge.record import to_json

# Fields of a change that say which document it is, not what the order is to become.
_OF_THE_CHANGE = {"number", "type", "order_type", "purpose", "order_number", "order_date", "release", "lines"}


def apply_change(
    batch: Batch, order: int, key: DocumentKey, record: Record, act: str, source: Source, outcome: Outcome
) -> str:
    """Change the rows of an order; gives its record as it was before, as JSON."""
    batch.flush()
    t = batch.tables
    # On PostgreSQL another transaction may be changing the same order: wait for it, then read.
    batch.connection.execute(select(t.sales_order.c.id).where(t.sales_order.c.id == order).with_for_update())
    was = stored(batch, "order", t.sales_order, t.order_line, order)
    new_values: dict[str, Any] = {"changed_by": source.message, "state": "cancelled" if act == "cancel" else "changed"}
    if act != "cancel":
        rows = batch.connection.execute(
            select(t.order_line.c.state, t.order_line.c.message_id)
            .where(t.order_line.c.order_id == order)
            .order_by(t.order_line.c.position)
        ).all()
        old = [(line, row.state, row.message_id) for line, row in zip(was.get("lines", ()), rows, strict=True)]
        if act == "replace":
            head, lines = dict(record), _replacing_lines(record, source)
            head.pop("release", None)
            head.update({name: was[name] for name in ("number", "release") if name in was})
        else:
            head = {**was, **{name: value for name, value in record.items() if name not in _OF_THE_CHANGE}}
            lines = _changed_lines(old, record, source, outcome)
        head.pop("lines", None)
        new_values.update(_rewrite(batch, order, key, head, lines, source))
    batch.connection.execute(update(t.sales_order).where(t.sales_order.c.id == order).values(**new_values))
    return to_json(was).decode()


Line = tuple[Record, str, int]  # the line, its state ('' or cancelled), the message it came from


def _replacing_lines(record: Record, source: Source) -> list[Line]:
    """The lines of an order that replaces the one before. A line that it takes out itself (UBL OrderChange, LineStatusCode 2 of
    UNCL 1229 or Cancelled of the OASIS list; ORDCHG, LIN 1229 2) stays to be seen and counts no longer."""
    return [
        (line, "cancelled" if line_act(line.get("action", ""), record.get("purpose", "")) == "cancel" else "", source.message)
        for line in record.get("lines", ())
    ]


def _changed_lines(old: Sequence[Line], record: Record, source: Source, outcome: Outcome) -> list[Line]:
    """The lines after a change: each is found by its number, or by its item numbers where it has none."""
    lines = list(old)
    for line in record.get("lines", ()):
        action = line.get("action", "")
        act = line_act(action, record.get("purpose", ""))
        clean = {name: value for name, value in line.items() if name != "action"}
        at = _line_at(lines, line)
        if at is None:
            if action not in ADDS or act == "cancel":
                outcome.note(source, "unknown_order_line", "lines", line.get("number", ""))
            if act in ("set", "replace"):
                lines.append((clean, "", source.message))
        elif act == "cancel":
            lines[at] = (lines[at][0], "cancelled", source.message)
        elif act in ("set", "replace"):
            lines[at] = ({**lines[at][0], **clean} if act == "set" else clean, "", source.message)
    return lines


def _line_at(lines: Sequence[Line], wanted: Record) -> int | None:
    for name in ("number",) if wanted.get("number") else ("gtin", "seller_item", "buyer_item"):
        if wanted.get(name):
            return next((at for at, (line, _, _) in enumerate(lines) if line.get(name) == wanted[name]), None)
    return None


def _rewrite(
    batch: Batch, order: int, key: DocumentKey, head: Mapping[str, Any], lines: Sequence[Line], source: Source
) -> dict[str, Any]:
    """Write the lines of an order anew; gives the new values of its head row."""
    t = batch.tables
    remove_parts(batch, "order_id", order, (t.order_schedule, t.order_allowance, t.order_line))
    batch.learn_customers([key[0]])
    for position, (line, state, message) in enumerate(lines, 1):
        origin = Source(message, source.partner, source.position)
        batch.rows["order_line"].append(
            line_row(batch, order, position, line, to_json(dict(line)).decode(), state, message)
        )
        write_line_parts(batch, order, key[0], position, line, origin)
        see_product(batch, key[0], key[1], line, message)
    for position, part in enumerate(head.get("allowances", ()), 1):
        batch.rows["order_allowance"].append(allowance_row(batch, order, 0, position, part, source.message))
    active = [line for line, state, _ in lines if not state]
    return {
        "record": to_json(dict(head)).decode(),
        "total": total_of(head, active),
        "line_count": len(active),
        **{name: head.get(name, "") for name in ("type", "purpose", "issued_on", "requested_delivery", "currency")},
    }
