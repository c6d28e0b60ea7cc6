"""Orders: posted once, found again by their number, changed by what comes later.

| the purpose is | the order is not here | the order is here |
|---|---|---|
| new, copy | posted | same content: nothing changes (message_posted_before); other content: duplicate_document |
| change, cancel | kept, applied when the order comes (unknown_order) | applied |
| replace | posted (unknown_order) | replaced |
| test | test_document | test_document |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update

from edi_bridge.crm.batch import Batch, DocumentKey
from edi_bridge.crm.document import (
    Document,
    Outcome,
    Record,
    Source,
    allowance_row,
    check_totals,
    encoded,
    judged,
    same_record,
    see_product,
    stored,
    total_of,
)
from edi_bridge.crm.follow import order_came
from edi_bridge.crm.order_change import apply_change
from edi_bridge.crm.order_rows import line_row, write_line_parts
from edi_bridge.crm.party import Counterpart, locations_of, partner_itself, settle
from edi_bridge.crm.purpose import act_of
from edi_bridge.record import from_json, to_json


def post_order(batch: Batch, record: Record, source: Source) -> Outcome:
    """Post one order or order change; nothing is written when it is refused."""
    outcome = Outcome()
    act = act_of(record.get("purpose", ""), record.get("type", ""))
    if act == "test":
        return outcome.refuse(source, "test_document", "purpose")
    number = record.get("number", "")
    changes = act in ("change", "cancel", "replace")
    if changes:
        number = record.get("order_number") or number
        if number and not record.get("number"):  # many changes have no number of their own (X12 BCH05)
            record = {**record, "number": number}
    counterpart = judged(batch, "order", record, source, outcome, number if changes else None)
    if counterpart is None:
        return outcome
    check_totals(record, source, outcome)
    if changes and (before := _known_change(batch, source, counterpart, number, encoded(record)[2])):
        outcome.note(source, "message_posted_before", "number", record["number"])
        outcome.documents.append(Document("order_change", before[0], record["number"], before[1]))
        return outcome
    direction, release = counterpart.sides.direction, record.get("release", "")
    customer = counterpart.customer
    releases = batch.orders.get((customer, direction, number), {}) if customer else {}
    entry = releases.get(release)
    if entry is None and changes and len(releases) == 1 and (not release or "" in releases):
        entry = next(iter(releases.values()))  # where the order has no releases, that of a change counts changes (UBL SequenceNumberID)
    if entry is None:
        if act in ("change", "cancel"):
            return _wait(batch, record, source, outcome, counterpart, number, act)
        if act == "replace":
            outcome.note(source, "unknown_order", "order_number", number)
        return _draft(batch, record, source, outcome, counterpart, number)
    assert customer is not None
    if act in ("new", "copy") or act == "replace" and encoded(record)[2] == entry[1]:
        return _again(batch, record, source, outcome, entry, customer)
    return _apply(batch, record, source, outcome, (customer, direction, number), entry[0], act)


def _again(
    batch: Batch, record: Record, source: Source, outcome: Outcome, entry: tuple[int, str], customer: int
) -> Outcome:
    """An order whose number is here: the same content changes nothing, other content is refused."""
    number = entry[0]
    if encoded(record)[2] != entry[1] and not same_record("order", _versions(batch, number), record):
        return outcome.refuse(source, "duplicate_document", "number", record["number"])
    outcome.note(source, "message_posted_before", "number", record["number"])
    outcome.documents.append(Document("order", number, record["number"], customer))
    return outcome


def _versions(batch: Batch, order: int) -> list[str]:
    """The order as it is, and as it was before each change, as JSON."""
    batch.flush()
    t = batch.tables
    changes = t.order_change.c
    before = (
        batch.connection.execute(select(changes.before).where(changes.order_id == order, changes.state == "applied"))
        .scalars()
        .all()
    )
    return [to_json(stored(batch, "order", t.sales_order, t.order_line, order)).decode(), *before]


def _draft(
    batch: Batch, record: Record, source: Source, outcome: Outcome, counterpart: Counterpart, number: str
) -> Outcome:
    """Write a new order."""
    message = source.message
    customer = settle(batch, counterpart, message, source.partner)
    known = batch.customers[customer]
    delivered = locations_of(batch, counterpart, known, record, message, source.partner)
    head, lines, content = encoded(record)
    order = batch.new_id("sales_order")
    direction, release = counterpart.sides.direction, record.get("release", "")
    total = total_of(record, record.get("lines", ()))
    get = record.get
    batch.rows["sales_order"].append(
        (
            order,
            customer,
            direction,
            number,
            release,
            get("type", ""),
            get("purpose", ""),
            "open",
            get("issued_on", ""),
            get("requested_delivery", ""),
            get("currency", ""),
            delivered,
            None if total is None else batch.decimal(total),
            len(lines),
            source.partner,
            content,
            head,
            message,
            message,
        )
    )
    _write_lines(batch, order, customer, direction, record.get("lines", ()), lines, source)
    for position, part in enumerate(get("allowances", ()), 1):
        batch.rows["order_allowance"].append(allowance_row(batch, order, 0, position, part, message))
    batch.put_order(customer, direction, number, release, (order, content), source.partner)
    outcome.documents.append(Document("order", order, number, customer))
    key, takers = (customer, direction, number), (customer, partner_itself(batch, source.partner))
    if ("order", number) in batch.waiting:
        order_came(batch, key, order, release, takers)
    waited = [one for one in takers if (one, number) in batch.early]
    if waited:
        outcome.documents += changes_came(batch, key, waited, release, order, outcome)
    return outcome


def _write_lines(
    batch: Batch,
    order: int,
    customer: int,
    direction: str,
    lines: Sequence[Record],
    texts: Sequence[str],
    source: Source,
) -> None:
    """The rows of an order's lines with their schedules and allowances."""
    add = batch.rows["order_line"].append
    for position, (line, text) in enumerate(zip(lines, texts, strict=True), 1):
        add(line_row(batch, order, position, line, text, "", source.message))
        see_product(batch, customer, direction, line, source.message)
        if "schedules" in line or "allowances" in line:
            write_line_parts(batch, order, customer, position, line, source)


# changes


def _change_row(
    number: int,
    key: DocumentKey,
    record: Record,
    order: int | None,
    act: str,
    state: str,
    before: str,
    content: str,
    message: int,
) -> tuple[Any, ...]:
    customer, direction, order_number = key
    get = record.get
    return (
        number,
        customer,
        direction,
        order_number,
        get("release", ""),
        order,
        get("number", ""),
        get("type", ""),
        get("purpose", ""),
        act,
        state,
        get("issued_on", ""),
        content,
        to_json(dict(record)).decode(),
        before,
        message,
    )


def _wait(
    batch: Batch, record: Record, source: Source, outcome: Outcome, counterpart: Counterpart, number: str, act: str
) -> Outcome:
    """Keep a change whose order is not here; it is applied when the order comes."""
    content = encoded(record)[2]
    customer = settle(batch, counterpart, source.message, source.partner)
    change = batch.new_id("order_change")
    key = (customer, counterpart.sides.direction, number)
    batch.rows["order_change"].append(
        _change_row(change, key, record, None, act, "waiting", "", content, source.message)
    )
    batch.early.add((customer, number))
    outcome.note(source, "unknown_order", "order_number", number)
    outcome.documents.append(Document("order_change", change, record["number"], customer))
    return outcome


def _known_change(
    batch: Batch, source: Source, counterpart: Counterpart, number: str, content: str
) -> tuple[int, int] | None:
    """(change, its customer) when this very change came before; one that names no counterpart may have found any
    customer of its partner who has an order of that number."""
    customers = {counterpart.customer}
    if not counterpart.sides.stated:
        customers |= batch.partner_orders.get((source.partner, counterpart.sides.direction, number), set())
        customers.add(partner_itself(batch, source.partner))
    ids = [customer for customer in customers if customer is not None]
    if not ids:
        return None
    batch.flush()
    c = batch.tables.order_change.c
    row = batch.connection.execute(
        select(c.id, c.customer_id).where(c.customer_id.in_(ids), c.order_number == number, c.content == content)
    ).first()
    return (row.id, row.customer_id) if row else None


def _apply(
    batch: Batch, record: Record, source: Source, outcome: Outcome, key: DocumentKey, order: int, act: str
) -> Outcome:
    """Apply a change to an order that is here."""
    content = encoded(record)[2]
    change = batch.new_id("order_change")
    was = apply_change(batch, order, key, record, act, source, outcome)
    batch.order_lines.pop(order, None)
    batch.rows["order_change"].append(
        _change_row(change, key, record, order, act, "applied", was, content, source.message)
    )
    outcome.documents.append(Document("order_change", change, record["number"], key[0]))
    return outcome


def changes_came(
    batch: Batch, key: DocumentKey, customers: Sequence[int | None], release: str, order: int, outcome: Outcome
) -> list[Document]:
    """The order has come: apply the changes that came before it, in the order in which they came.

    A change that named no counterpart waits under the partner itself and is found there. Where the order has no release,
    that of a change counts changes (UBL SequenceNumberID).
    """
    table = batch.tables.order_change
    c = table.c
    meant = [c.release.in_((release, ""))] if release else []
    rows = batch.connection.execute(
        select(c.id, c.record, c.act, c.message_id)
        .where(
            c.customer_id.in_([one for one in customers if one is not None]),
            c.direction == key[1],
            c.order_number == key[2],
            c.order_id.is_(None),
            *meant,
        )
        .order_by(c.id)
    ).all()
    documents = []
    for row in rows:
        batch.flush()
        record = from_json(row.record, "order")
        was = apply_change(batch, order, key, record, row.act, Source(row.message_id, ""), outcome)
        batch.order_lines.pop(order, None)
        batch.connection.execute(
            update(table).where(c.id == row.id).values(order_id=order, customer_id=key[0], state="applied", before=was)
        )
        documents.append(Document("order_change", row.id, record["number"], key[0]))
    return documents
