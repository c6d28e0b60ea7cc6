"""Invoices, credit notes and proforma invoices; the orders and invoices they refer to.

A number is used once for each customer, side (receivable, payable) and kind. What 1225 says: a replacement or change
takes the place of the invoice that is here; a cancellation marks it; everything else is new.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import delete, update

from edi_bridge.crm.batch import Batch, DocumentKey
from edi_bridge.crm.document import (
    SIDE,
    Document,
    Outcome,
    Record,
    Source,
    allowance_row,
    check_totals,
    encoded,
    judged,
    link,
    remove_parts,
    same_record,
    see_product,
    stored,
)
from edi_bridge.crm.follow import invoice_came
from edi_bridge.crm.party import Counterpart, locations_of, settle
from edi_bridge.crm.purpose import act_of, invoice_kind
from edi_bridge.crm.reference import order_entry
from edi_bridge.record import to_json


def post_invoice(batch: Batch, record: Record, source: Source) -> Outcome:
    """Post one invoice; nothing is written when it is refused."""
    outcome = Outcome()
    act = act_of(record.get("purpose", ""), record.get("type", ""))
    if act == "test":
        return outcome.refuse(source, "test_document", "purpose")
    counterpart = judged(batch, "invoice", record, source, outcome, record.get("order_number"))
    if counterpart is None:
        return outcome
    check_totals(record, source, outcome)
    kind, side, number = invoice_kind(record.get("type", "")), SIDE[counterpart.sides.direction], record["number"]
    customer = counterpart.customer
    entry = batch.invoices.get((customer, side, number), {}).get(kind) if customer else None
    if entry is None:
        return _draft(batch, record, source, outcome, counterpart, kind, "cancelled" if act == "cancel" else "open")
    assert customer is not None
    document = Document(kind, entry[0], number, customer)
    if encoded(record)[2] == entry[1] or _same(batch, entry[0], record):
        outcome.note(source, "message_posted_before", "number", number)
    elif act == "cancel":
        batch.flush()
        batch.connection.execute(
            update(batch.tables.invoice)
            .where(batch.tables.invoice.c.id == entry[0])
            .values(state="cancelled", changed_by=source.message)
        )
    elif act in ("replace", "change"):
        _replace(batch, record, source, outcome, counterpart, document)
    else:
        return outcome.refuse(source, "duplicate_document", "number", number)
    outcome.documents.append(document)
    return outcome


def _same(batch: Batch, invoice: int, record: Record) -> bool:
    batch.flush()
    t = batch.tables
    return same_record(
        "invoice", [to_json(stored(batch, "invoice", t.invoice, t.invoice_line, invoice)).decode()], record
    )


def _draft(
    batch: Batch, record: Record, source: Source, outcome: Outcome, counterpart: Counterpart, kind: str, state: str
) -> Outcome:
    """Write a new invoice."""
    customer = settle(batch, counterpart, source.message, source.partner)
    locations_of(batch, counterpart, batch.customers[customer], record, source.message, source.partner)
    head, lines, content = encoded(record)
    invoice = batch.new_id("invoice")
    number, side = record["number"], SIDE[counterpart.sides.direction]
    get = record.get
    batch.rows["invoice"].append(
        (
            invoice,
            customer,
            side,
            kind,
            number,
            get("type", ""),
            get("purpose", ""),
            state,
            get("issued_on", ""),
            get("due_on", ""),
            get("currency", ""),
            *_totals(batch, record),
            len(lines),
            get("order_number", ""),
            source.partner,
            content,
            head,
            source.message,
            source.message,
        )
    )
    _write_parts(batch, invoice, customer, counterpart.sides.direction, record, lines, source)
    waited = ("invoice", number) in batch.waiting
    batch.put_invoice((customer, side, number), kind, (invoice, content), source.partner)
    _tie(batch, invoice, (customer, counterpart.sides.direction, number), record, source, outcome)
    if waited:
        invoice_came(batch, (customer, side, number), invoice, kind, source.partner)
    outcome.documents.append(Document(kind, invoice, number, customer))
    return outcome


def _totals(batch: Batch, record: Record) -> list[Any]:
    """Net, tax and payable as columns take them; the payable amount is the gross one where only that is given."""
    totals = record.get("totals", {})
    net = totals.get("net", totals.get("lines"))
    payable = totals.get("payable", totals.get("gross"))
    if payable is None and net is not None:
        payable = net + totals.get("tax", Decimal(0))
    return [None if value is None else batch.decimal(value) for value in (net, totals.get("tax"), payable)]


def _replace(
    batch: Batch, record: Record, source: Source, outcome: Outcome, counterpart: Counterpart, document: Document
) -> None:
    """Put a new version of an invoice in the place of the one that is here."""
    batch.flush()
    t = batch.tables
    remove_parts(batch, "invoice_id", document.id, (t.invoice_tax, t.invoice_allowance, t.invoice_line))
    batch.connection.execute(
        delete(t.document_link).where(
            t.document_link.c.from_kind == "invoice", t.document_link.c.from_id == document.id
        )
    )
    head, lines, content = encoded(record)
    net, tax, payable = [None if value is None else Decimal(value) for value in _totals(batch, record)]
    batch.connection.execute(
        update(t.invoice)
        .where(t.invoice.c.id == document.id)
        .values(
            state="changed",
            record=head,
            content=content,
            net=net,
            tax=tax,
            payable=payable,
            line_count=len(lines),
            changed_by=source.message,
            **{
                name: record.get(name, "")
                for name in ("type", "purpose", "issued_on", "due_on", "currency", "order_number")
            },
        )
    )
    direction = counterpart.sides.direction
    batch.invoices[document.customer, SIDE[direction], document.number][document.kind] = (document.id, content)
    _write_parts(batch, document.id, document.customer, direction, record, lines, source)
    _tie(batch, document.id, (document.customer, direction, document.number), record, source, outcome)


def _write_parts(
    batch: Batch, invoice: int, customer: int, direction: str, record: Record, texts: list[str], source: Source
) -> None:
    """The rows under an invoice: lines, taxes, allowances."""
    message, rows, decimal = source.message, batch.rows, batch.decimal
    for position, (line, text) in enumerate(zip(record.get("lines", ()), texts, strict=True), 1):
        get = line.get
        quantity, price, net = get("quantity"), get("net_price"), get("net_amount")
        rows["invoice_line"].append(
            (
                invoice,
                position,
                get("number", ""),
                get("gtin", ""),
                get("buyer_item", ""),
                get("seller_item", ""),
                get("description", ""),
                get("unit", ""),
                get("order_number", ""),
                get("order_line", ""),
                None if quantity is None else decimal(quantity),
                None if price is None else decimal(price),
                None if net is None else decimal(net),
                text,
                message,
            )
        )
        see_product(batch, customer, direction, line, message)
        if "taxes" in line or "allowances" in line:
            _write_taxes(batch, invoice, position, line, message)
    _write_taxes(batch, invoice, 0, record, message)


def _write_taxes(batch: Batch, invoice: int, line: int, part: Record, message: int) -> None:
    """Taxes and allowances of the head (line 0) or a line."""
    for position, tax in enumerate(part.get("taxes", ()), 1):
        get = tax.get
        numbers = [
            None if (value := get(name)) is None else batch.decimal(value) for name in ("rate", "base", "amount")
        ]
        batch.rows["invoice_tax"].append(
            (
                invoice,
                line,
                position,
                get("type", ""),
                get("category", ""),
                get("currency", ""),
                get("exemption", ""),
                *numbers,
                message,
            )
        )
    for position, allowance in enumerate(part.get("allowances", ()), 1):
        batch.rows["invoice_allowance"].append(allowance_row(batch, invoice, line, position, allowance, message))


def _tie(batch: Batch, invoice: int, key: DocumentKey, record: Record, source: Source, outcome: Outcome) -> None:
    """Tie an invoice to its orders and to the invoices it corrects; what is not here is kept as text."""
    customer, direction, _ = key
    numbers = dict.fromkeys(
        number for part in (record, *record.get("lines", ())) if (number := part.get("order_number"))
    )
    for number in numbers:
        entry = order_entry(batch, customer, direction, number)
        if entry is None:
            outcome.note(source, "unknown_order", "order_number", number)
        link(
            batch,
            customer,
            "order",
            ("invoice", invoice),
            ("order", number, entry[0] if entry else None),
            source.message,
        )
    for number in dict.fromkeys(part["number"] for part in record.get("corrects", ()) if part.get("number")):
        kinds = batch.invoices.get((customer, SIDE[direction], number), {})
        other = next((entry[0] for entry in kinds.values() if entry[0] != invoice), None)
        link(batch, customer, "corrects", ("invoice", invoice), ("invoice", number, other), source.message)
