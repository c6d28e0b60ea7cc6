"""Records into the CRM: up to 64 messages in the one transaction that the caller has opened.

A message of one new document is decided first and then collected; the rows of the whole batch are written at the end,
table by table. Everything else (several records, changes, customer records) runs in a savepoint of its own, so that a
message is posted whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from edi_bridge.crm.batch import Batch
from edi_bridge.crm.despatch_advice import post_despatch
from edi_bridge.crm.document import LONGEST, Document, Outcome, Record, Source, overlong
from edi_bridge.crm.identity import (
    BOUGHT_FROM,
    LOCATIONS,
    SOLD_TO,
    Identifier,
    OwnIdentities,
    partner_identifier,
)
from edi_bridge.crm.invoice import post_invoice
from edi_bridge.crm.master import post_customer
from edi_bridge.crm.order import post_order
from edi_bridge.crm.order_response import post_response
from edi_bridge.crm.party import location_key, own_identifiers
from edi_bridge.crm.purpose import act_of
from edi_bridge.crm.reference import BusinessKey, orders_named, present, references
from edi_bridge.crm.remittance import post_remittance
from edi_bridge.finding import Finding
from edi_bridge.interchange import Position

POSTERS: dict[str, Callable[[Batch, Record, Source], Outcome]] = {
    "order": post_order,
    "order_response": post_response,
    "despatch_advice": post_despatch,
    "invoice": post_invoice,
    "remittance": post_remittance,
    "customer": post_customer,
}
MISSING = ("post", "wait")


@dataclass(frozen=True, slots=True)
class PostItem:
    """One accepted message: the number of its row in the ledger (which must be there), its partner and records.

    `position` is where its findings are said to be. `missing` says what is done when a document that the message refers
    to is not here: `post` it all the same, to be tied when the other comes, or `wait`: nothing is written, and the result
    says for what.
    """

    message_id: int
    partner: str
    record_type: str
    records: Sequence[Mapping[str, Any]]
    position: Position = Position()
    missing: str = "post"


@dataclass(frozen=True, slots=True)
class PostResult:
    """What became of one message. `state`: posted, waiting (for `waits_for`), held (a person must decide) or rejected;
    if it is not posted nothing of it was written, and `documents` is empty.

    The findings of a waiting message are what is to be said when it has waited too long; trying again costs nothing.
    """

    message_id: int
    state: str
    documents: list[Document] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    waits_for: tuple[BusinessKey, ...] = ()


def post_batch(connection: Connection, items: Sequence[PostItem], own: OwnIdentities) -> list[PostResult]:
    """Post messages in order; one result for each. The caller commits.

    Raises whatever the database raises; then the caller rolls back and nothing of the batch is posted.
    """
    batch = Batch(connection, own)
    _prepare(batch, items)
    results = []
    for number, item in enumerate(items):
        if _simple(item):
            outcome = _post(batch, item, item.records[0])
            waits_for = tuple(outcome.waits_for)
            results.append(PostResult(item.message_id, outcome.state, outcome.documents, outcome.findings, waits_for))
            continue
        batch.flush()
        savepoint = connection.begin_nested()
        result = _post_whole(batch, item)
        results.append(result)
        if result.state == "posted":
            batch.flush()
            savepoint.commit()
        else:
            batch.discard()
            savepoint.rollback()
            _prepare(batch, items[number + 1 :])
    batch.flush()
    return results


def _simple(item: PostItem) -> bool:
    """Whether everything is decided before anything is written: one document that changes nothing here."""
    if len(item.records) != 1 or item.record_type == "customer":
        return False
    record = item.records[0]
    type_ = record.get("type", "") if item.record_type == "order" else ""
    return act_of(record.get("purpose", ""), type_) in ("new", "copy", "test")


def _post(batch: Batch, item: PostItem, record: Record) -> Outcome:
    """Post one record, unless it carries a number or name that no index can hold, or is to wait."""
    source = Source(item.message_id, item.partner, item.position)
    if path := overlong(record):
        note = f"{path}: numbers, identifiers and names may have {LONGEST} characters"
        return Outcome().refuse(source, "invalid_value", path, note=note)
    if item.missing == "wait" and (outcome := _waiting(batch, item, record, source)):
        return outcome
    return POSTERS[item.record_type](batch, record, source)


def _waiting(batch: Batch, item: PostItem, record: Record, source: Source) -> Outcome | None:
    """The outcome of a record that refers to documents that are not here; None when all are."""
    outcome = Outcome("waiting")
    for key in references(item.record_type, record, batch.own, item.partner):
        if not present(batch, key):
            outcome.note(source, "unknown_order" if key.kind == "order" else "unknown_invoice", key.field, key.number)
            outcome.waits_for.append(key)
    return outcome if outcome.waits_for else None


def _post_whole(batch: Batch, item: PostItem) -> PostResult:
    """Post all records of a message; the first that is refused decides for all (`on_record_error: message`)."""
    documents: list[Document] = []
    findings: list[Finding] = []
    waits_for: dict[BusinessKey, None] = {}
    state = "posted"
    for record in item.records:
        outcome = _post(batch, item, record)
        findings += outcome.findings
        documents += outcome.documents
        waits_for.update(dict.fromkeys(outcome.waits_for))
        if outcome.state != "posted" and state in ("posted", "waiting"):  # a refusal is final, waiting is not
            state = outcome.state
    return PostResult(
        item.message_id,
        state,
        documents if state == "posted" else [],
        findings,
        tuple(waits_for) if state == "waiting" else (),
    )


def _prepare(batch: Batch, items: Sequence[PostItem]) -> None:
    """Read in a few queries what the records of the batch may need."""
    wanted = _Wanted()
    for item in items:
        for record in item.records:
            if item.record_type == "customer":
                wanted.identifiers.update(own_identifiers(record, item.partner))
                continue
            _collect(record, item.partner, wanted)
            wanted.identifiers.add(partner_identifier(item.partner))
            wanted.documents(item, record)
    batch.learn_identifiers(wanted.identifiers)
    known = {customer for customer in batch.owner.values() if customer}
    if known:
        batch.learn_locations(_places(batch, wanted.places))
    batch.learn_documents(wanted.orders, wanted.invoices)
    for table, numbers in wanted.followups.items():
        batch.learn_followups(table, numbers)
    if wanted.answered:
        orders = [
            entry[0]
            for (_, _, number), releases in batch.orders.items()
            if number in wanted.answered
            for entry in releases.values()
        ]
        batch.learn_lines(orders)
    if wanted.new_orders or wanted.new_invoices:
        customers = known | {key[0] for key in batch.orders}
        batch.learn_waiting(customers, wanted.new_orders, wanted.new_invoices)


@dataclass(slots=True)
class _Wanted:
    """What the records of a batch may need."""

    identifiers: set[Identifier] = field(default_factory=set)
    places: set[tuple[tuple[Identifier, ...], str]] = field(default_factory=set)
    orders: set[str] = field(default_factory=set)
    invoices: set[str] = field(default_factory=set)
    new_orders: set[str] = field(default_factory=set)  # what comes, and may be waited for
    new_invoices: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)  # orders whose lines are compared
    followups: dict[str, set[str]] = field(default_factory=dict)  # by table

    def documents(self, item: PostItem, record: Record) -> None:
        """The numbers that a record has and names."""
        number, type_ = record.get("number"), item.record_type
        numbers = {number} if number else set()
        match type_:
            case "order":
                numbers |= {text for text in [record.get("order_number")] if text}
                self.orders |= numbers
                self.new_orders |= numbers
            case "invoice":
                self.invoices |= numbers
                self.new_invoices |= numbers
                self.orders.update(text for part in (record, *record.get("lines", ())) if (text := part.get("order_number")))
                self.invoices.update(part["number"] for part in record.get("corrects", ()) if part.get("number"))
            case "remittance":
                self.followups.setdefault(type_, set()).update(numbers)
                for part in record.get("items", ()):
                    if text := part.get("document"):
                        self.invoices.add(text)
                    if "buyer" in part:
                        self.identifiers.update(own_identifiers(part["buyer"], item.partner))
            case _:
                named = {text for text, _ in orders_named(record)}
                self.orders |= named
                self.answered |= named
                self.followups.setdefault(type_, set()).update(named if type_ == "order_response" else numbers)


def _collect(record: Record, partner: str, wanted: _Wanted) -> None:
    """The identifiers of those who may be the counterpart, and the keys of those who may be its locations."""
    mains: tuple[Identifier, ...] = ()
    for role in (*SOLD_TO, *BOUGHT_FROM):
        if role in record:
            pairs = own_identifiers(record[role], partner)
            mains += tuple(pairs)
            wanted.identifiers.update(pairs)
    for roles in LOCATIONS.values():
        for role in roles:
            if role in record and (key := location_key(record[role], partner)):
                wanted.places.add((mains, key))


def _places(batch: Batch, places: Iterable[tuple[tuple[Identifier, ...], str]]) -> set[tuple[int, str]]:
    """Which customers' locations of which key to look for."""
    return {(customer, key) for pairs, key in places for pair in pairs if (customer := batch.owner.get(pair))}
