"""What follows an order or invoice (response, despatch advice, remittance): posted once, replaced, cancelled.

| the purpose is | its number is not here | its number is here |
|---|---|---|
| new, copy | posted | same content: nothing changes (message_posted_before); other content: duplicate_document |
| change, replace | posted | takes its place |
| cancel | posted as cancelled | marked as cancelled |
| test | test_document | test_document |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, delete, select, update

from edi_bridge.crm.batch import COLUMNS, FOLLOWUPS, Batch, Entry
from edi_bridge.crm.document import (
    Document,
    Outcome,
    Record,
    Source,
    decoded,
    encoded,
    judged,
    remove_parts,
    same_record,
    stored_lines,
)
from edi_bridge.crm.party import Counterpart, locations_of, settle
from edi_bridge.crm.purpose import act_of
from edi_bridge.record import to_json


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document is being written: its row, its customer, what the rows need to know of where they come from."""

    id: int
    customer: int
    direction: str
    delivered: int | None
    source: Source
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Shape:
    """How one kind of document is kept.

    `table` is also the record's name; `column` names the document in the tables of its `parts` (children first). `lines`:
    (field, table) of what is kept row by row, None where the head holds the whole record. `needs`: the number without
    which it is refused. `key`: what tells it from others of its customer and direction, from record and content hash.
    `order`: the order whose customer it belongs to where it names no counterpart. `latest` finds what a replacement or
    cancellation without a number means.
    """

    table: str
    column: str
    parts: tuple[str, ...]
    lines: tuple[str, str] | None
    key: Callable[[Record, str], tuple[str, ...]]
    order: Callable[[Record], str | None]
    head: Callable[[Batch, Record, Place], dict[str, Any]]
    write: Callable[[Batch, Record, Sequence[str], Place], None]
    needs: str = "number"
    latest: Callable[[Batch, Record, int, str], Entry | None] | None = None

    @property
    def field(self) -> str:
        """The record's field that is kept row by row; one that no record has where there is none."""
        return self.lines[0] if self.lines else ""


def post(batch: Batch, record: Record, source: Source, shape: Shape) -> Outcome:
    """Post one document; nothing is written when it is refused."""
    outcome = Outcome()
    act = act_of(record.get("purpose", ""), "")
    if act == "test":
        return outcome.refuse(source, "test_document", "purpose")
    counterpart = judged(batch, shape.table, record, source, outcome, shape.order(record), needs=shape.needs)
    if counterpart is None:
        return outcome
    head, lines, content = encoded(record, shape.field)
    customer, direction = counterpart.customer, counterpart.sides.direction
    key = (customer, direction, *shape.key(record, content))
    entry = batch.followups[shape.table].get(key) if customer else None
    if entry is None and customer and shape.latest and act in ("replace", "change", "cancel"):
        entry = shape.latest(batch, record, customer, direction)
    number = record.get("number") or record[shape.needs]
    if entry is None or customer is None:
        state = "cancelled" if act == "cancel" else "valid"
        _draft(batch, record, source, outcome, counterpart, shape, (head, lines, content), state)
        return outcome
    document = Document(shape.table, entry[0], number, customer)
    if content == entry[1] or _same(batch, entry[0], record, shape):
        outcome.note(source, "message_posted_before", "number", number)
    elif act == "cancel":
        batch.flush()
        table: Table = getattr(batch.tables, shape.table)
        batch.connection.execute(
            update(table).where(table.c.id == entry[0]).values(state="cancelled", changed_by=source.message)
        )
    elif act in ("replace", "change"):
        _replace(batch, record, source, outcome, counterpart, shape, (head, lines, content), document)
    else:
        return outcome.refuse(source, "duplicate_document", "number", number)
    outcome.documents.append(document)
    return outcome


def _same(batch: Batch, number: int, record: Record, shape: Shape) -> bool:
    batch.flush()
    t: Table = getattr(batch.tables, shape.table)
    head = batch.connection.execute(select(t.c.record).where(t.c.id == number)).scalar_one()
    lines = stored_lines(batch, getattr(batch.tables, shape.lines[1]), shape.column, number) if shape.lines else ()
    whole = decoded(shape.table, head, lines, shape.field)
    return same_record(shape.table, [to_json(whole).decode()], record)


Encoded = tuple[str, list[str], str]


def _named(shape: Shape, record: Record, content: str) -> dict[str, str]:
    """The columns by which the document is known."""
    return dict(zip(FOLLOWUPS[shape.table][0][2:], shape.key(record, content), strict=True))


def _draft(
    batch: Batch,
    record: Record,
    source: Source,
    outcome: Outcome,
    counterpart: Counterpart,
    shape: Shape,
    text: Encoded,
    state: str,
) -> None:
    """Write a new document."""
    head, lines, content = text
    customer = settle(batch, counterpart, source.message, source.partner)
    delivered = locations_of(batch, counterpart, batch.customers[customer], record, source.message, source.partner)
    number, direction = batch.new_id(shape.table), counterpart.sides.direction
    place = Place(number, customer, direction, delivered, source, outcome)
    values = {
        "id": number,
        "customer_id": customer,
        "direction": direction,
        "state": state,
        "partner": source.partner,
        "content": content,
        "record": head,
        "message_id": source.message,
        "changed_by": source.message,
        **_named(shape, record, content),
        **shape.head(batch, record, place),
    }
    batch.rows[shape.table].append(tuple([values[name] for name in COLUMNS[shape.table]]))
    shape.write(batch, record, lines, place)
    batch.followups[shape.table][customer, direction, *shape.key(record, content)] = (number, content)
    outcome.documents.append(Document(shape.table, number, record.get("number") or record[shape.needs], customer))


def _replace(
    batch: Batch,
    record: Record,
    source: Source,
    outcome: Outcome,
    counterpart: Counterpart,
    shape: Shape,
    text: Encoded,
    document: Document,
) -> None:
    """Put a new version of a document in the place of the one that is here."""
    batch.flush()
    t, direction = batch.tables, counterpart.sides.direction
    remove_parts(batch, shape.column, document.id, [getattr(t, part) for part in shape.parts])
    links = t.document_link
    batch.connection.execute(
        delete(links).where(links.c.from_kind == shape.table, links.c.from_id == document.id)
    )
    batch.learn_customers([document.customer])
    known = batch.customers[document.customer]
    delivered = locations_of(batch, counterpart, known, record, source.message, source.partner)
    batch.flush()  # a location that is new must be there before the head names it
    place = Place(document.id, document.customer, direction, delivered, source, outcome)
    head, lines, content = text
    table: Table = getattr(t, shape.table)
    values = {**_named(shape, record, content), **shape.head(batch, record, place), "record": head, "content": content}
    batch.connection.execute(
        update(table).where(table.c.id == document.id).values(**values, state="changed", changed_by=source.message)
    )
    shape.write(batch, record, lines, place)
    known_keys = batch.followups[shape.table]
    for key in [key for key, entry in known_keys.items() if entry[0] == document.id]:
        del known_keys[key]
    known_keys[document.customer, direction, *shape.key(record, content)] = (document.id, content)
