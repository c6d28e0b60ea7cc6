"""Customer records (PARTIN, 816, 838, DEBMAS, CSV): the only ones that change what is on file.

Each creates an unknown customer and completes a known one, field by field: what the record does not say stays, unless
it says `replace`. `delete` makes a customer inactive; its orders and invoices stay. A record whose place identifier
differs while its entity identifier agrees (see `identity.match`) describes a branch: it becomes a location.
"""

from __future__ import annotations

from typing import Any

from msgspec import json
from sqlalchemy import delete, insert, select, update

from edi_bridge.crm.batch import Batch, Known, texts
from edi_bridge.crm.document import Document, Outcome, Record, Source
from edi_bridge.crm.identity import Match, name_key
from edi_bridge.crm.party import (
    ADDRESS,
    create,
    find,
    location,
    own_identifiers,
    put_contacts,
    put_identifiers,
)
from edi_bridge.crm.purpose import CUSTOMER_ACTS, NEVER, SUPPLIERS
from edi_bridge.record import from_json, normal, to_json

_PLAIN = ("name", "language", "currency", "website", "valid_from", "valid_to")
_ACCOUNT = ("iban", "bic", "account", "bank_code", "bank_name", "holder", "currency", "country")


def post_customer(batch: Batch, record: Record, source: Source) -> Outcome:
    """Create, complete or deactivate one customer; nothing is written when the record is refused."""
    outcome = Outcome()
    wanted = own_identifiers(record, source.partner)
    roles = {role.get("code", "") for role in record.get("roles", ())}
    if not batch.own.isdisjoint(wanted) or roles and roles <= NEVER:
        outcome.note(source, "own_party", "roles", record.get("name", ""))
        return outcome
    if not wanted:
        return outcome.refuse(source, "missing_number", "number", note="the customer has no number, identifier or name")
    found = find(batch, wanted)
    if found.conflict:
        return outcome.refuse(source, "conflicting_identifiers", "customer", note=found.conflict, state="held")
    if CUSTOMER_ACTS.get(record.get("action", "")) == "remove":
        return _remove(batch, record, source, outcome, found)
    fresh = found.customer is None
    known = create(batch, record, source.message) if fresh else batch.customers[found.customer or 0]
    put_identifiers(batch, known, found.add, source.message)
    if found.branch:
        place = location(batch, known, record, "branch", source.message, source.partner)
        put_identifiers(batch, known, found.branch, source.message, place)
    else:
        _put(batch, known, record, source, outcome, fresh, bool(found.add))
    outcome.documents.append(Document("customer", known.id, record.get("number", "") or wanted[0][1], known.id))
    return outcome


def _remove(batch: Batch, record: Record, source: Source, outcome: Outcome, found: Match) -> Outcome:
    if found.customer is None:
        outcome.note(source, "unknown_customer", "number", record.get("number", ""))
        return outcome
    batch.change("customer", found.customer, status="inactive", changed_by=source.message)
    batch.customers[found.customer].status = "inactive"
    outcome.documents.append(Document("customer", found.customer, record.get("number", ""), found.customer))
    return outcome


def _put(
    batch: Batch, known: Known, record: Record, source: Source, outcome: Outcome, fresh: bool, added: bool
) -> None:
    """Bring the customer's own rows to what the record says."""
    roles = {role.get("code", "") for role in record.get("roles", ())}
    supplier = bool(roles & SUPPLIERS)
    customer = bool(roles - SUPPLIERS - NEVER) or not supplier
    values: dict[str, Any] = {
        "is_customer": known.is_customer or customer,
        "is_supplier": known.is_supplier or supplier,
    }
    known.is_customer, known.is_supplier = values["is_customer"], values["is_supplier"]
    clean = {name: value for name, value in record.items() if name != "action"}
    if fresh:
        merged = clean
    else:
        batch.flush()
        table = batch.tables.customer
        text = batch.connection.execute(select(table.c.record).where(table.c.id == known.id)).scalar_one()
        before = _before(text)
        replaced = CUSTOMER_ACTS.get(record.get("action", "")) == "replace"
        merged = clean if replaced else {**before, **clean}
        if normal(merged) == normal(before) and not added and known.status == "active":
            outcome.note(source, "message_posted_before", "number", record.get("number", ""))
            return
        values.update({name: record[name] for name in _PLAIN if record.get(name)})
        _rename(batch, known, record.get("name", ""), source.message)
    values.update(record=to_json(merged).decode(), status="active", changed_by=source.message)
    known.status = "active"
    batch.change("customer", known.id, **values)
    _put_names(batch, known, record, source.message)
    _put_address(batch, known, merged, source.message)
    put_contacts(batch, known, record, source.message)
    _put_locations(batch, known, record, source)
    _put_accounts(batch, known, record, source.message)


def _before(text: str) -> dict[str, Any]:
    """The record on file; a customer that came with a document has a party there: what fits a customer of it."""
    try:
        return from_json(text, "customer")
    except ValueError:
        from edi_bridge.record import fields_of

        kept = {
            name: value
            for name, value in json.decode(text).items()
            if name in fields_of("customer") and name != "number"
        }
        return from_json(to_json(kept), "customer")


def _rename(batch: Batch, known: Known, name: str, message: int) -> None:
    """A new name takes the place of the old one, which stays findable."""
    if not name or name == known.name:
        return
    table = batch.tables.customer_name
    batch.connection.execute(delete(table).where(table.c.customer_id == known.id, table.c.name == name))
    if known.name:
        batch.connection.execute(
            insert(table).values(customer_id=known.id, name=known.name, kind="former", message_id=message)
        )
    known.name = name
    known.names.add(name)


def _put_names(batch: Batch, known: Known, record: Record, message: int) -> None:
    for field, kind in (("name_2", "second"), ("search_name", "search")):
        name = record.get(field, "")
        if name and name not in known.names:
            known.names.add(name)
            batch.rows["customer_name"].append((known.id, name, kind, message))


def _put_address(batch: Batch, known: Known, merged: Record, message: int) -> None:
    values = texts(merged, *ADDRESS)
    if not any(values[1:-1]):
        return
    if "main" in known.addresses:
        table = batch.tables.customer_address
        batch.connection.execute(
            update(table)
            .where(table.c.customer_id == known.id, table.c.kind == "main")
            .values(**dict(zip(ADDRESS, values, strict=True)), message_id=message)
        )
    else:
        known.addresses.add("main")
        batch.rows["customer_address"].append((known.id, "main", *values, message))


def _put_locations(batch: Batch, known: Known, record: Record, source: Source) -> None:
    """Locations by their key; a known one takes the new name and address."""
    for part in record.get("locations", ()):
        before = dict(known.locations)
        number = location(batch, known, part, part.get("role", ""), source.message, source.partner)
        if number is None or number not in before.values() and name_key(part) and number not in _on_file(batch, number):
            continue
        batch.change(
            "customer_location",
            number,
            record=to_json(part).decode(),
            message_id=source.message,
            **{name: part[name] for name in ("role", "name", "name_2", *ADDRESS, "valid_from") if part.get(name)},
        )


def _on_file(batch: Batch, number: int) -> set[int]:
    table = batch.tables.customer_location
    return set(batch.connection.execute(select(table.c.id).where(table.c.id == number)).scalars())


def _put_accounts(batch: Batch, known: Known, record: Record, message: int) -> None:
    if not record.get("bank_accounts"):
        return
    batch.flush()
    table = batch.tables.customer_account
    there = {
        tuple(row)
        for row in batch.connection.execute(
            select(*[table.c[name] for name in _ACCOUNT]).where(table.c.customer_id == known.id)
        )
    }
    for account in record["bank_accounts"]:
        values = texts(account, *_ACCOUNT)
        if values not in there:
            there.add(values)
            batch.rows["customer_account"].append((known.id, *values, message))
