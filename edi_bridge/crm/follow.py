"""A document has come that others wait for: what named its number is tied to it.

Each reference stands in `document_link` by number, so one look there says who waits. What has the other's id in rows of
its own as well (a response's head, a despatch advice's items, a remittance's items) gets it here. A document that named
no counterpart stands under its partner and moves to the customer of the order that it belongs to.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Table, and_, select, update

from edi_bridge.crm.batch import FOLLOWUPS, Batch, DocumentKey
from edi_bridge.crm.document import SIDE
from edi_bridge.crm.purpose import PAID

PAYS = {"invoice": "pays", "credit_note": "offsets"}  # the relation of a remittance to what it pays; by kind
_KEYS = {"invoice": ("customer_id", "direction", "kind", "number"), **{name: keys for name, (keys, _) in FOLLOWUPS.items()}}


def order_came(batch: Batch, key: DocumentKey, order: int, release: str, takers: Collection[int | None]) -> None:
    """Tie what waits for an order: documents of `takers` (its customer, and the partner itself) on the same side."""
    for row in _waiting(batch, "order", key):
        head = _head(batch, row.from_kind, row.from_id)
        if row.customer_id not in takers or SIDE[head.direction] != SIDE[key[1]]:
            continue
        if row.from_kind == "order_response" and release and head.release not in ("", release):
            continue
        _tie(batch, row, order)
        if row.from_kind == "order_response":
            responses = batch.tables.order_response
            batch.connection.execute(update(responses).where(responses.c.id == head.id).values(order_id=order))
        elif row.from_kind == "despatch_advice":
            items = batch.tables.despatch_item
            batch.connection.execute(
                update(items)
                .where(and_(items.c.despatch_id == head.id, items.c.order_number == key[2]))
                .values(order_id=order)
            )
        if head.customer_id != key[0]:
            _move(batch, row.from_kind, head, key[0])


def invoice_came(batch: Batch, key: DocumentKey, invoice: int, kind: str, partner: str) -> None:
    """Tie what waits for an invoice: corrections of its customer, and payments.

    Who pays may be another than the customer (a central payer), and our own numbers are ours: a payment from the same
    partner is enough where the invoice is a receivable. Nothing pays a proforma invoice.
    """
    for row in _waiting(batch, "invoice", key):
        head = _head(batch, row.from_kind, row.from_id)
        own = row.customer_id == key[0]
        if SIDE[head.direction] != key[1]:
            continue
        if row.from_kind == "invoice" and own and head.id != invoice:
            _tie(batch, row, invoice)
        elif row.relation == PAYS.get(kind) and (own or key[1] == "receivable" and head.partner == partner):
            items = batch.tables.remittance_item
            batch.connection.execute(
                update(items)
                .where(
                    items.c.remittance_id == head.id,
                    items.c.document == key[2],
                    items.c.type.in_([type_ for type_, paid in PAID.items() if paid == kind]),
                )
                .values(invoice_id=invoice)
            )
            _tie(batch, row, invoice)


def _waiting(batch: Batch, kind: str, key: DocumentKey) -> Sequence[Any]:
    """The links that wait for a number."""
    batch.flush()
    t = batch.tables.document_link
    return batch.connection.execute(
        select(t.c.id, t.c.customer_id, t.c.relation, t.c.from_kind, t.c.from_id)
        .where(t.c.to_number == key[2], t.c.to_kind == kind, t.c.to_id.is_(None))
        .order_by(t.c.id)
    ).all()


def _head(batch: Batch, kind: str, number: int) -> Any:
    """The columns of a document's head that say whose it is."""
    table: Table = getattr(batch.tables, kind)
    names = dict.fromkeys(("id", "partner", "release", *_KEYS[kind]))
    columns = [table.c[name] for name in names if name in table.c]
    return batch.connection.execute(select(*columns).where(table.c.id == number)).one()


def _tie(batch: Batch, row: Any, other: int) -> None:
    table = batch.tables.document_link
    batch.connection.execute(update(table).where(table.c.id == row.id).values(to_id=other))


def _move(batch: Batch, kind: str, head: Any, customer: int) -> None:
    """Give a document to another customer, unless that one has a document of the same number."""
    table: Table = getattr(batch.tables, kind)
    same = [table.c[name] == (customer if name == "customer_id" else getattr(head, name)) for name in _KEYS[kind]]
    if batch.connection.execute(select(table.c.id).where(*same)).first():
        return
    batch.connection.execute(update(table).where(table.c.id == head.id).values(customer_id=customer))
    links = batch.tables.document_link
    batch.connection.execute(
        update(links).where(links.c.from_kind == kind, links.c.from_id == head.id).values(customer_id=customer)
    )
    if kind in batch.followups:
        known = batch.followups[kind]
        rest = tuple(getattr(head, name) for name in _KEYS[kind][1:])
        if entry := known.pop((head.customer_id, *rest), None):
            known[customer, *rest] = entry
    elif entry := batch.invoices.get((head.customer_id, head.direction, head.number), {}).pop(head.kind, None):
        batch.put_invoice((customer, head.direction, head.number), head.kind, entry, head.partner)
