"""What documents have in common: their content, their numbers, their links and what may come of a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sqlalchemy import Table, delete, select

from edi_bridge.crm.batch import Batch
from edi_bridge.crm.identity import Match, Sides
from edi_bridge.crm.party import Counterpart, counterpart_of
from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Position
from edi_bridge.record import from_json, normal, to_json

Record = Mapping[str, Any]

# What stands in an index may not be longer (PostgreSQL: about 2,700 bytes for all columns of an index together).
LONGEST = 400
_INDEXED = frozenset({
    "number", "release", "order_number", "document", "sscc", "name", "name_2", "search_name", "street", "city", "postcode",
    "gln", "duns",
    "vat", "tax_number", "registration", "sender_number", "receiver_number", "id", "id_scheme", "endpoint",
    "endpoint_scheme", "scheme", "value",
})  # fmt: skip


def overlong(part: Record, path: str = "") -> str:
    """The path of the first number, identifier or name that is too long to be found again by; '' when there is none."""
    for name, value in part.items():
        kind = value.__class__
        if kind is str:
            if len(value) > LONGEST and name in _INDEXED:
                return path + name
        elif kind is dict:
            if wrong := overlong(value, f"{path}{name}/"):
                return wrong
        elif kind is list and name != "notes":
            for nth, item in enumerate(value, 1):
                # Of a line only its order and what may become a location is looked at; its item numbers see `see_product`.
                if name == "lines":
                    if "order_number" not in item and "schedules" not in item:
                        continue
                    item = {field: item[field] for field in ("order_number", "schedules") if field in item}
                if item and (wrong := overlong(item, f"{path}{name}[{nth}]/")):
                    return wrong
    return ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a record comes from: its row in the ledger, the partner, the place for findings."""

    message: int
    partner: str
    position: Position = Position()


@dataclass(frozen=True, slots=True)
class Document:
    """What a record became: kind is customer, order, order_change, order_response, despatch_advice, invoice, credit_note,
    proforma or remittance."""

    kind: str
    id: int
    number: str
    customer: int


@dataclass(slots=True)
class Outcome:
    """What became of one record. `state`: posted, rejected, held for a person, or waiting for another document."""

    state: str = "posted"
    documents: list[Document] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    waits_for: list[Any] = field(default_factory=list)  # reference.BusinessKey

    def note(self, source: Source, kind: str, path: str = "", value: str = "", note: str = "") -> None:
        """Add a finding at the source's place; `path` is the record's field."""
        at = source.position
        place = Position(interchange=at.interchange, group=at.group, message=at.message, path=path or None)
        self.findings.append(found(kind, place, value, note))

    def refuse(
        self, source: Source, kind: str, path: str = "", value: str = "", note: str = "", state: str = "rejected"
    ) -> Outcome:
        """Add the finding that keeps the record from being posted."""
        self.note(source, kind, path, value, note)
        self.state = state
        return self


def judged(
    batch: Batch,
    record_type: str,
    record: Record,
    source: Source,
    outcome: Outcome,
    order_number: str | None = None,
    *,
    needs: str = "number",
) -> Counterpart | None:
    """The counterpart of a document, or None when the outcome is a refusal. `needs` is the number that it must have.

    A document that names no counterpart belongs to the customer of the order that it refers to (`order_number`), when
    the partner has exactly one of that number.
    """
    if not record.get(needs):
        outcome.refuse(source, "missing_number", needs)
        return None
    counterpart = counterpart_of(batch, record_type, record, source.partner)
    sides = counterpart.sides
    if sides.problem:
        outcome.refuse(source, "no_counterpart", note=sides.problem)
    elif counterpart.match.conflict:
        path = "buyer" if sides.direction == "sold" else "seller"
        outcome.refuse(source, "conflicting_identifiers", path, note=counterpart.match.conflict, state="held")
    elif order_number and not sides.stated:
        customers = batch.partner_orders.get((source.partner, sides.direction, order_number), set())
        if len(customers) == 1:
            batch.learn_customers(customers)
            return Counterpart(Sides(sides.direction, {}, stated=False), match=Match(next(iter(customers))))
        return counterpart
    else:
        return counterpart
    return None


def encoded(record: Record, parts: str = "lines") -> tuple[str, list[str], str]:
    """(the head as JSON, each line as JSON, the content's hash). `parts` is the field that holds the lines."""
    lines = [to_json(line) for line in record.get(parts, ())]
    head = to_json({name: value for name, value in record.items() if name != parts})
    digest = sha256(head)
    for line in lines:
        digest.update(b"\n")
        digest.update(line)
    return head.decode(), [line.decode() for line in lines], digest.hexdigest()


def decoded(record_type: str, head: str, lines: Sequence[str], parts: str = "lines") -> dict[str, Any]:
    """The inverse of `encoded`."""
    joined = head[:-1] + ("" if head == "{}" else ",") + f'"{parts}":[' + ",".join(lines) + "]}" if lines else head
    return from_json(joined, record_type)


def same_record(record_type: str, ours: Sequence[str], theirs: Record) -> bool:
    """Whether a record says the same as one that is stored as JSON, apart from decimals' zeros and empty fields."""
    return any(normal(from_json(text, record_type)) == normal(dict(theirs)) for text in ours)


def stored(batch: Batch, record_type: str, head_table: Table, line_table: Table, number: int) -> dict[str, Any]:
    """The record of an order or invoice as the database has it now."""
    head = batch.connection.execute(select(head_table.c.record).where(head_table.c.id == number)).scalar_one()
    return decoded(record_type, head, stored_lines(batch, line_table, f"{record_type}_id", number))


def stored_lines(batch: Batch, table: Table, column: str, number: int) -> Sequence[str]:
    """The lines of a document as JSON; `column` names the document in the table."""
    query = select(table.c.record).where(table.c[column] == number).order_by(table.c.position)
    return batch.connection.execute(query).scalars().all()


def remove_parts(batch: Batch, column: str, number: int, tables: Sequence[Table]) -> None:
    """Delete the rows under a document, children first, so that they can be written anew."""
    for table in tables:
        batch.connection.execute(delete(table).where(table.c[column] == number))


def amount(line: Record) -> Decimal | None:
    """A line's net amount: as given, or quantity × price / price basis."""
    given = line.get("net_amount")
    if given is not None:
        return Decimal(given)
    quantity, price, basis = line.get("quantity"), line.get("net_price"), line.get("price_basis")
    if quantity is None or price is None:
        return None
    return quantity * price / basis if basis else Decimal(quantity * price)


def total_of(record: Record, lines: Sequence[Record]) -> Decimal | None:
    """What a document is worth: the first total given, or the sum of its lines when each has an amount."""
    totals = record.get("totals", {})
    for name in ("payable", "gross", "net", "lines"):
        if name in totals:
            return Decimal(totals[name])
    amounts = [amount(line) for line in lines]
    if not amounts or None in amounts:
        return None
    return sum((value for value in amounts if value is not None), Decimal(0))


def check_totals(record: Record, source: Source, outcome: Outcome) -> None:
    """Note it when the sum of the lines is not the total of the lines; a cent a line is rounding."""
    stated = record.get("totals", {}).get("lines")
    lines = record.get("lines", ())
    if stated is None or not lines or any("net_amount" not in line for line in lines):
        return
    sum_ = sum((line["net_amount"] for line in lines), Decimal(0))
    if abs(sum_ - stated) > Decimal("0.01") * len(lines):
        outcome.note(
            source,
            "totals_differ",
            "totals/lines",
            str(stated),
            f"the lines add up to {sum_}, the total of the lines says {stated}",
        )


_ALLOWANCE_TEXTS = ("kind", "code", "reason", "unit", "tax_category")


def allowance_row(batch: Batch, owner: int, line: int, position: int, part: Record, message: int) -> tuple[Any, ...]:
    """A row of order_allowance or invoice_allowance; line 0 is the head."""
    get, decimal = part.get, batch.decimal
    numbers = [
        None if (value := get(name)) is None else decimal(value)
        for name in ("percent", "amount", "base", "quantity", "tax_rate")
    ]
    return (owner, line, position, *[get(name, "") for name in _ALLOWANCE_TEXTS], *numbers, message)


def see_product(batch: Batch, customer: int, direction: str, line: Record, message: int) -> None:
    """Remember the product of a line: its GTIN, our number and the partner's."""
    get = line.get
    ours, theirs = ("seller_item", "buyer_item") if direction == "sold" else ("buyer_item", "seller_item")
    key = (customer, get("gtin", ""), get(ours, ""), get(theirs, ""))
    if key not in batch.products and 0 < len(key[1]) + len(key[2]) + len(key[3]) < LONGEST:
        batch.products[key] = (get("description", ""), message)


def link(
    batch: Batch, customer: int, relation: str, from_: tuple[str, int], to: tuple[str, str, int | None], message: int
) -> None:
    """Tie two documents; without the other's id it waits for it."""
    kind, number, other = to
    batch.rows["document_link"].append((customer, relation, *from_, kind, number, other, message))
    if other is None:
        batch.waiting.add((kind, number))


SIDE = {"sold": "receivable", "bought": "payable", "receivable": "receivable", "payable": "payable"}
