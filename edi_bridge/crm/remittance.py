"""Remittances: what a payment pays, what is taken off it, and the invoices that it settles.

Amounts are signed as the message has them: what is paid is positive, a credit note that is taken off is negative; a
deduction is negative (X12 ADX01, EDIFACT AJT with MOA). `deducted` of an item is what its deductions take off, positive.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from edi_bridge.crm.batch import Batch
from edi_bridge.crm.document import Outcome, Record, Source, link
from edi_bridge.crm.follow import PAYS
from edi_bridge.crm.followup import Place, Shape, post
from edi_bridge.crm.identity import Identifier
from edi_bridge.crm.party import own_identifiers
from edi_bridge.crm.purpose import PAID
from edi_bridge.crm.reference import BusinessKey, invoice_entry, owner_of


def post_remittance(batch: Batch, record: Record, source: Source) -> Outcome:
    """Post one remittance; nothing is written when it is refused."""
    return post(batch, record, source, SHAPE)


def _head(batch: Batch, record: Record, _place: Place) -> dict[str, Any]:
    get, amount = record.get, record.get("amount")
    names = "purpose handling issued_on paid_on value_date currency means trace"
    return {
        "amount": None if amount is None else batch.decimal(amount),
        "item_count": len(get("items", ())),
        **{name: get(name, "") for name in names.split()},
    }


def _write(batch: Batch, record: Record, texts: Sequence[str], place: Place) -> None:
    """The rows of items and deductions, and the ties to what is paid."""
    tied: set[tuple[str, str]] = set()
    for position, (item, text) in enumerate(zip(record.get("items", ()), texts, strict=True), 1):
        _write_item(batch, place, position, item, text, tied)
        _write_deductions(batch, place, position, _deductions(item))
    _write_deductions(batch, place, 0, (("", part) for part in record.get("deductions", ())))
    _check_amount(record, place)


def _write_item(batch: Batch, place: Place, position: int, item: Record, text: str, tied: set[tuple[str, str]]) -> None:
    get, message = item.get, place.source.message
    taken = [part["amount"] for _, part in _deductions(item) if "amount" in part]
    numbers = (get("amount"), get("gross"), get("discount"), -sum(taken, Decimal(0)) if taken else None)
    names = ("document", "type", "action", "date", "currency", "order_number")
    batch.rows["remittance_item"].append(
        (
            place.id,
            position,
            _tie(batch, place, item, tied),
            *[get(name, "") for name in names],
            *[None if value is None else batch.decimal(value) for value in numbers],
            text,
            message,
        )
    )


def _tie(batch: Batch, place: Place, item: Record, tied: set[tuple[str, str]]) -> int | None:
    """The invoice or credit note that an item settles; it waits for one that is not here."""
    kind, number = PAID.get(item.get("type", "")), item.get("document")
    if not kind or not number:
        return None
    pairs: tuple[Identifier, ...] = ()
    if "buyer" in item:  # the branch or member for which a central payer pays
        pairs = tuple(own_identifiers(item["buyer"], place.source.partner))
        batch.learn_identifiers(pairs)
    key = BusinessKey(kind, place.direction, number, "", place.source.partner, pairs, "items/document")
    customer = (owner_of(batch, key) if pairs else None) or place.customer
    entry = invoice_entry(batch, customer, key)
    if entry is None:
        place.outcome.note(place.source, "unknown_invoice", "items/document", number)
    if (kind, number) not in tied:
        tied.add((kind, number))
        target = ("invoice", number, entry[0] if entry else None)
        link(batch, customer, PAYS[kind], ("remittance", place.id), target, place.source.message)
    return entry[0] if entry else None


def _deductions(item: Record) -> Iterator[tuple[str, Record]]:
    """(number of the invoice's line or '', deduction) of an item and of its lines."""
    for part in item.get("deductions", ()):
        yield part.get("line", ""), part
    for line in item.get("lines", ()):
        for part in line.get("deductions", ()):
            yield line.get("number", ""), part


def _write_deductions(batch: Batch, place: Place, item: int, parts: Iterator[tuple[str, Record]] | Any) -> None:
    for position, (line, part) in enumerate(parts, 1):
        get, amount = part.get, part.get("amount")
        batch.rows["remittance_deduction"].append(
            (
                place.id,
                item,
                position,
                line,
                get("reason", ""),
                get("document", ""),
                get("type", ""),
                None if amount is None else batch.decimal(amount),
                place.source.message,
            )
        )


def _check_amount(record: Record, place: Place) -> None:
    """Note it when items and deductions do not add up to what is paid; items in other currencies cannot be added."""
    stated, items = record.get("amount"), record.get("items", ())
    if stated is None or not items or any("amount" not in item for item in items):
        return
    if any(item.get("currency", record.get("currency")) != record.get("currency") for item in items):
        return
    parts = [item["amount"] for item in items]
    parts += [part["amount"] for part in record.get("deductions", ()) if "amount" in part]
    sum_ = sum(parts, Decimal(0))
    if abs(sum_ - stated) > Decimal("0.01"):
        place.outcome.note(
            place.source,
            "totals_differ",
            "amount",
            str(stated),
            f"the items and deductions add up to {sum_}, the payment says {stated}",
        )


SHAPE = Shape(
    "remittance",
    "remittance_id",
    ("remittance_deduction", "remittance_item"),
    ("items", "remittance_item"),
    lambda record, _content: (record["number"],),
    lambda _record: None,
    _head,
    _write,
)
