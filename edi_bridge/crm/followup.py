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

from edi_bridge.crm.batch import FOLLOWUPS, Batch, Entry
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
from edi_bridge.crm.written import COLUMNS
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
        _draft(batch, _Coming(record, source, outcome, counterpart, shape, head, lines, content), state)
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
        _replace(batch, _Coming(record, source, outcome, counterpart, shape, head, lines, content), document)
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


@dataclass(frozen=True, slots=True)
class _Coming:
    """A document that is written: its record, encoded as the rows keep it, and whose it is."""

    record: Record
    source: Source
    outcome: Outcome
    counterpart: Counterpart
    shape: Shape
    head: str
    lines: list[str]
    content: str

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from the others of its customer and direction."""
        return self.shape.key(self.record, self.content)

    def place(self, batch: Batch, number: int, customer: int) -> Place:
        """Where it is written; its locations are made where they are new."""
        source, counterpart = self.source, self.counterpart
        delivered = locations_of(batch, counterpart, batch.customers[customer], self.record, source.message, source.partner)
        return Place(number, customer, counterpart.sides.direction, delivered, source, self.outcome)

    def columns(self, batch: Batch, place: Place) -> dict[str, Any]:
        """What its head says, and by what it is known."""
        known = dict(zip(FOLLOWUPS[self.shape.table][0][2:], self.key, strict=True))
        return {**known, **self.shape.head(batch, self.record, place), "record": self.head, "content": self.content}


def _draft(batch: Batch, new: _Coming, state: str) -> None:
    """Write a new document."""
    shape, source = new.shape, new.source
    customer = settle(batch, new.counterpart, source.message, source.partner)
    place = new.place(batch, batch.new_id(shape.table), customer)
    values = {
        "id": place.id,
        "customer_id": customer,
        "direction": place.direction,
        "state": state,
        "partner": source.partner,
        "message_id": source.message,
        "changed_by": source.message,
        **new.columns(batch, place),
    }
    batch.rows[shape.table].append(tuple([values[name] for name in COLUMNS[shape.table]]))
    shape.write(batch, new.record, new.lines, place)
    batch.followups[shape.table][customer, place.direction, *new.key] = (place.id, new.content)
    number = new.record.get("number") or new.record[shape.needs]
    new.outcome.documents.append(Document(shape.table, place.id, number, customer))


def _replace(batch: Batch, new: _Coming, document: Document) -> None:
    """Put a new version of a document in the place of the one that is here."""
    batch.flush()
    t, shape = batch.tables, new.shape
    remove_parts(batch, shape.column, document.id, [getattr(t, part) for part in shape.parts])
    links = t.document_link
    batch.connection.execute(
        delete(links).where(links.c.from_kind == shape.table, links.c.from_id == document.id)
    )
    batch.learn_customers([document.customer])
    place = new.place(batch, document.id, document.customer)
    batch.flush()  # a location that is new must be there before the head names it
    table: Table = getattr(t, shape.table)
    values = new.columns(batch, place)
    batch.connection.execute(
        update(table).where(table.c.id == document.id).values(**values, state="changed", changed_by=new.source.message)
    )
    shape.write(batch, new.record, new.lines, place)
    known_keys = batch.followups[shape.table]
    for key in [key for key, entry in known_keys.items() if entry[0] == document.id]:
        del known_keys[key]
    known_keys[document.customer, place.direction, *new.key] = (document.id, new.content)
