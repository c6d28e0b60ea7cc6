"""Which business documents a record refers to: pure, so that whoever holds a message back can say what it waits for.

A key names a document as the partners do: kind, counterpart, number. `present` looks keys up in what a batch has read,
`existing` in the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from edi_bridge.crm.batch import Batch, Entry
from edi_bridge.crm.identity import Identifier, OwnIdentities, partner_identifier, sides
from edi_bridge.crm.party import own_identifiers
from edi_bridge.crm.purpose import PAID, act_of, invoice_kind

Record = Mapping[str, Any]
SIDE = {"sold": "receivable", "bought": "payable"}


@dataclass(frozen=True, slots=True)
class BusinessKey:
    """A document by what the partners call it.

    `kind`: order, invoice or credit_note. `direction`: sold or bought. `identifiers` are those of the counterpart, the
    strongest first; none where the document that refers to it names no counterpart: then any customer of `partner` is
    meant. `field` is where the record says the number.
    """

    kind: str
    direction: str
    number: str
    release: str = ""
    partner: str = ""
    identifiers: tuple[Identifier, ...] = ()
    field: str = "number"

    @property
    def waits_for(self) -> str:
        """The key as a text that `posted_key` gives too when the document is posted: `order 4500012345`.

        Two counterparts may use one number; then a message is tried in vain once and goes on waiting.
        """
        return f"{self.kind} {self.number}"


def posted_key(kind: str, number: str) -> str:
    """What messages wait for that can go on when this document (`Document.kind`, `Document.number`) is posted."""
    return f"{kind} {number}"


def references(record_type: str, record: Record, own: OwnIdentities, partner: str) -> list[BusinessKey]:
    """The documents that a record refers to, each once, in the order in which it names them; pure.

    A change, replacement or cancellation refers to its order; a response, despatch advice and invoice to the orders that
    they name (an invoice also to those it corrects), a cancelled one to itself; a remittance to the invoices and
    credit notes that it settles.
    """
    named = list(_named(record_type, record))
    if not named:  # most orders
        return []
    found = sides(record_type, record, own, partner)
    if found.problem:
        return []
    pairs = tuple(own_identifiers(found.party, partner)) if found.stated else ()
    keys = []
    for kind, number, release, field, party in named:
        theirs = tuple(own_identifiers(party, partner)) if party else pairs
        keys.append(BusinessKey(kind, found.direction, number, release, partner, theirs or pairs, field))
    return list(dict.fromkeys(keys))


Named = tuple[str, str, str, str, Any]  # kind, number, release, field, the document's own counterpart


def _named(record_type: str, record: Record) -> Iterator[Named]:
    act = act_of(record.get("purpose", ""), record.get("type", "") if record_type == "order" else "")
    number, release = record.get("number", ""), record.get("release", "")
    match record_type:
        case "order":
            if act in ("change", "cancel", "replace") and (text := record.get("order_number") or number):
                yield "order", text, release, "order_number", None
        case "order_response" | "despatch_advice":
            for text, own_release in orders_named(record):
                yield "order", text, own_release, "order_number", None
        case "invoice":
            for text, _ in orders_named(record):
                yield "order", text, "", "order_number", None
            for part in record.get("corrects", ()):
                if part.get("number"):
                    yield "invoice", part["number"], "", "corrects", None
            if act == "cancel" and number:
                yield invoice_kind(record.get("type", "")), number, "", "number", None
        case "remittance":
            for item in record.get("items", ()):
                kind, text = PAID.get(item.get("type", "")), item.get("document")
                if kind and text:
                    yield kind, text, "", "items/document", item.get("buyer")


def orders_named(record: Record) -> dict[tuple[str, str], None]:
    """(number, release) of each order that a document names: in its head, lines, packs and items."""
    named: dict[tuple[str, str], None] = {}

    def look(part: Record) -> None:
        if text := part.get("order_number"):
            named[text, part.get("release", "")] = None
        for field in ("lines", "packs", "items"):
            for inner in part.get(field, ()):
                look(inner)

    look(record)
    stated = {text for text, release in named if release}
    return {key: None for key in named if key[1] or key[0] not in stated}


def order_entry(batch: Batch, customer: int | None, direction: str, number: str, release: str = "") -> Entry | None:
    """The order of a customer by its number: that release, else the one without release; where no release is asked for,
    also the only one."""
    releases = batch.orders.get((customer, direction, number), {}) if customer else {}
    entry = releases.get(release) or releases.get("")
    return next(iter(releases.values())) if entry is None and not release and len(releases) == 1 else entry


def invoice_entry(batch: Batch, customer: int | None, key: BusinessKey) -> Entry | None:
    """The invoice or credit note that a key means: the customer's, or, of our own numbers, the only one of the partner."""
    side = SIDE[key.direction]
    kinds = batch.invoices.get((customer, side, key.number), {}) if customer else {}
    if key.field == "corrects":
        return next(iter(kinds.values()), None)
    if key.kind in kinds or side == "payable" or key.field == "number":
        return kinds.get(key.kind)
    others = batch.partner_invoices.get((key.partner, side, key.number), set())
    found = [entry for one in others if (entry := batch.invoices[one, side, key.number].get(key.kind))]
    return found[0] if len(found) == 1 else None


def owner_of(batch: Batch, key: BusinessKey) -> int | None:
    """The customer that a key means, as posting finds it; None when it is new."""
    for pair in key.identifiers:
        if customer := batch.owner.get(pair):
            return customer
    if key.identifiers:
        return None
    theirs = batch.partner_orders.get((key.partner, key.direction, key.number), set()) if key.kind == "order" else set()
    return next(iter(theirs)) if len(theirs) == 1 else batch.owner.get(partner_identifier(key.partner))


def present(batch: Batch, key: BusinessKey) -> bool:
    """Whether the document is here, as far as the batch has read (`Batch.learn_documents`, `learn_identifiers`)."""
    customer = owner_of(batch, key)
    if key.kind == "order":
        return order_entry(batch, customer, key.direction, key.number, key.release) is not None
    return invoice_entry(batch, customer, key) is not None


def existing(connection: Connection, keys: Iterable[BusinessKey]) -> set[BusinessKey]:
    """Those of the keys whose documents are in the CRM of the connection's lane; a few queries for all of them."""
    wanted = list(keys)
    batch = Batch(connection, frozenset())
    learn(batch, wanted)
    return {key for key in wanted if present(batch, key)}


def learn(batch: Batch, keys: Iterable[BusinessKey]) -> None:
    """Read what `present` asks for."""
    wanted = list(keys)
    pairs: set[Identifier] = {pair for key in wanted for pair in key.identifiers}
    batch.learn_identifiers(pairs | {partner_identifier(key.partner) for key in wanted})
    orders = {key.number for key in wanted if key.kind == "order"}
    batch.learn_documents(orders, {key.number for key in wanted if key.kind != "order"})
