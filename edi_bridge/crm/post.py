"""Records into the CRM: up to 64 messages in the one transaction that the caller has opened.

A message of one new order or invoice is decided first and then collected; the rows of the whole batch are written at
the end, table by table. Everything else (several records, changes, customer records) runs in a savepoint of its own,
so that a message is posted whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from edi_bridge.crm.batch import Batch
from edi_bridge.crm.document import LONGEST, Document, Outcome, Record, Source, overlong
from edi_bridge.crm.identity import BOUGHT_FROM, LOCATIONS, SOLD_TO, Identifier, OwnIdentities, partner_identifier
from edi_bridge.crm.invoice import post_invoice
from edi_bridge.crm.master import post_customer
from edi_bridge.crm.order import post_order
from edi_bridge.crm.party import location_key, own_identifiers
from edi_bridge.crm.purpose import act_of
from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Position

POSTERS: dict[str, Callable[[Batch, Record, Source], Outcome]] = {
    "order": post_order,
    "invoice": post_invoice,
    "customer": post_customer,
}


@dataclass(frozen=True, slots=True)
class PostItem:
    """One accepted message: the number of its row in the ledger (which must be there), its partner and records.

    `position` is where its findings are said to be.
    """

    message_id: int
    partner: str
    record_type: str
    records: Sequence[Mapping[str, Any]]
    position: Position = Position()


@dataclass(frozen=True, slots=True)
class PostResult:
    """What became of one message. `state`: posted, held (a person must decide) or rejected; then nothing of it was
    written, and `documents` is empty."""

    message_id: int
    state: str
    documents: list[Document] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


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
            results.append(PostResult(item.message_id, outcome.state, outcome.documents, outcome.findings))
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
    """Whether everything is decided before anything is written: one order or invoice that changes nothing here."""
    if len(item.records) != 1 or item.record_type not in ("order", "invoice"):
        return False
    record = item.records[0]
    return act_of(record.get("purpose", ""), record.get("type", "")) in ("new", "copy", "test")


def _post(batch: Batch, item: PostItem, record: Record) -> Outcome:
    """Post one record, unless it carries a number or name that no index can hold."""
    source = Source(item.message_id, item.partner, item.position)
    if path := overlong(record):
        note = f"{path}: numbers, identifiers and names may have {LONGEST} characters"
        return Outcome().refuse(source, "invalid_value", path, note=note)
    return POSTERS[item.record_type](batch, record, source)


def _post_whole(batch: Batch, item: PostItem) -> PostResult:
    """Post all records of a message; the first that is refused decides for all (`on_record_error: message`)."""
    if item.record_type not in POSTERS:
        note = f"{item.record_type} records are not kept in the CRM yet"
        return PostResult(item.message_id, "rejected", [], [found("no_posting", item.position, item.record_type, note)])
    documents: list[Document] = []
    findings: list[Finding] = []
    state = "posted"
    for record in item.records:
        outcome = _post(batch, item, record)
        findings += outcome.findings
        documents += outcome.documents
        if outcome.state != "posted":
            state = outcome.state if state == "posted" else state
    return PostResult(item.message_id, state, documents if state == "posted" else [], findings)


def _prepare(batch: Batch, items: Sequence[PostItem]) -> None:
    """Read in a few queries what the records of the batch may need."""
    wanted: set[Identifier] = set()
    orders: set[str] = set()
    invoices: set[str] = set()
    places: set[tuple[tuple[Identifier, ...], str]] = set()
    for item in items:
        for record in item.records:
            if item.record_type == "customer":
                wanted.update(own_identifiers(record, item.partner))
                continue
            _collect(record, item.partner, wanted, places)
            wanted.add(partner_identifier(item.partner))
            mine = orders if item.record_type == "order" else invoices
            mine.update(
                text for text in (record.get("number"), record.get("order_number") if mine is orders else None) if text
            )
            if mine is invoices:
                orders.update(text for part in (record, *record.get("lines", ())) if (text := part.get("order_number")))
                invoices.update(part["number"] for part in record.get("corrects", ()) if part.get("number"))
    batch.learn_identifiers(wanted)
    known = {customer for customer in batch.owner.values() if customer}
    if known:
        batch.learn_locations(_places(batch, places))
    batch.learn_documents(orders, invoices)
    batch.learn_waiting(known | {key[0] for key in batch.orders}, orders | invoices)


def _collect(
    record: Record, partner: str, wanted: set[Identifier], places: set[tuple[tuple[Identifier, ...], str]]
) -> None:
    """The identifiers of those who may be the counterpart, and the keys of those who may be its locations."""
    mains: tuple[Identifier, ...] = ()
    for role in (*SOLD_TO, *BOUGHT_FROM):
        if role in record:
            pairs = own_identifiers(record[role], partner)
            mains += tuple(pairs)
            wanted.update(pairs)
    for roles in LOCATIONS.values():
        for role in roles:
            if role in record and (key := location_key(record[role], partner)):
                places.add((mains, key))


def _places(batch: Batch, places: Iterable[tuple[tuple[Identifier, ...], str]]) -> set[tuple[int, str]]:
    """Which customers' locations of which key to look for."""
    return {(customer, key) for pairs, key in places for pair in pairs if (customer := batch.owner.get(pair))}
