"""Customers and suppliers: found, created, completed; their locations.

Documents only fill what is empty and add what is new (another spelling of the name, a contact, an identifier); what
is on file is changed by a customer record alone (`master.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edi_bridge.crm.batch import Batch, Known, texts
from edi_bridge.crm.identity import (
    LOCATIONS,
    Identifier,
    Match,
    Party,
    Sides,
    identifiers,
    match,
    name_key,
    partner_identifier,
    sides,
)
from edi_bridge.record import to_json

ADDRESS = ("department", "street", "street_2", "building", "city", "region", "postcode", "po_box", "country")


@dataclass(frozen=True, slots=True)
class Counterpart:
    """The customer or supplier of a document, before anything is written."""

    sides: Sides
    identifiers: tuple[Identifier, ...] = ()
    match: Match = Match(None)

    @property
    def customer(self) -> int | None:
        """Its number, None for a new one."""
        return self.match.customer


def own_identifiers(party: Party, partner: str) -> list[Identifier]:
    """What a counterpart is matched by: its identifiers, or its name and place within the partner where it has none."""
    found = identifiers(party, partner)
    if found:
        return found
    key = name_key(party)
    return [(f"partner:{partner}:name" if partner else "name", key)] if key else []


def counterpart_of(batch: Batch, record_type: str, record: Mapping[str, Any], partner: str) -> Counterpart:
    """Direction and customer of a document; nothing is changed."""
    found = sides(record_type, record, batch.own, partner)
    if found.problem:
        return Counterpart(found)
    wanted = own_identifiers(found.party, partner)
    return Counterpart(found, tuple(wanted), find(batch, wanted))


def partner_itself(batch: Batch, partner: str) -> int | None:
    """The customer that stands for a partner whose documents named no counterpart."""
    return batch.owner.get(partner_identifier(partner))


def find(batch: Batch, wanted: list[Identifier]) -> Match:
    """Match identifiers against what is on file and what this batch has added."""
    batch.learn_identifiers(wanted)
    owner = {pair: customer for pair in wanted if (customer := batch.owner[pair]) is not None}
    return match(wanted, owner, lambda customer: batch.customers[customer].identifiers)


def settle(batch: Batch, counterpart: Counterpart, message: int, partner: str) -> int:
    """Create the customer or complete it from what the document says; gives its number."""
    party, found = counterpart.sides.party, counterpart.match
    known = batch.customers[found.customer] if found.customer else create(batch, party, message)
    put_identifiers(batch, known, found.add, message)
    flag = "is_customer" if counterpart.sides.direction == "sold" else "is_supplier"
    if not getattr(known, flag):
        setattr(known, flag, True)
        batch.change("customer", known.id, **{flag: True})
    if found.branch:
        place = location(batch, known, party, "branch", message, partner)
        put_identifiers(batch, known, found.branch, message, place)
    complete(batch, known, party, message)
    return known.id


def create(batch: Batch, party: Party, message: int) -> Known:
    """A new customer with the name that the party has; its flags, address and contacts come with `settle`."""
    known = Known(batch.new_id("customer"), party.get("name", ""), fresh=True)
    known.names.add(known.name)
    batch.customers[known.id] = known
    batch.rows["customer"].append(
        (
            known.id,
            False,
            False,
            known.name,
            "active",
            *texts(party, "language", "currency", "website"),
            *texts(party, "valid_from", "valid_to"),
            to_json(party).decode(),
            message,
            message,
        )
    )
    return known


def put_identifiers(
    batch: Batch, known: Known, pairs: tuple[Identifier, ...], message: int, place: int | None = None
) -> None:
    """Put identifiers on file, for the customer as a whole or for one of its places."""
    for pair in pairs:
        batch.rows["customer_identifier"].append((known.id, *pair, place, message))
        batch.owner[pair] = known.id
        if place is None:
            known.identifiers.setdefault(pair[0], set()).add(pair[1])


def complete(batch: Batch, known: Known, party: Party, message: int) -> None:
    """Fill what is empty and add what is new: name, other spellings, address, contacts."""
    name = party.get("name", "")
    if name and not known.name:
        known.name = name
        batch.change("customer", known.id, name=name, changed_by=message)
        known.names.add(name)
    elif name and name not in known.names:
        known.names.add(name)
        batch.rows["customer_name"].append((known.id, name, "seen", message))
    if "main" not in known.addresses and any(party.get(field) for field in ADDRESS[1:-1]):
        known.addresses.add("main")
        batch.rows["customer_address"].append((known.id, "main", *texts(party, *ADDRESS), message))
    put_contacts(batch, known, party, message)


def put_contacts(batch: Batch, known: Known, party: Party, message: int, place: int | None = None) -> None:
    """Add the contacts that are not on file."""
    for contact in party.get("contacts", ()):
        entry = (place, *texts(contact, "role", "name", "phone", "fax", "email"))
        if entry not in known.contacts and any(entry[2:]):
            known.contacts.add(entry)
            batch.rows["customer_contact"].append((known.id, *entry, message))


def location_key(party: Party, partner: str) -> str:
    """What a location is recognised by within its customer; '' when there is nothing."""
    found = [pair for pair in identifiers(party, partner) if pair[0] not in ("own", "vat")] or identifiers(
        party, partner
    )
    if found:
        return ":".join(found[0])
    key = name_key(party)
    return f"name:{key}" if key else ""


def location(batch: Batch, known: Known, party: Party, role: str, message: int, partner: str) -> int | None:
    """The number of a customer's location, created when it is new; None when nothing identifies it."""
    key = location_key(party, partner)
    if not key:
        return None
    batch.learn_locations([(known.id, key)])
    number = known.locations[key]
    if number is None:
        number = known.locations[key] = batch.new_id("customer_location")
        batch.rows["customer_location"].append(
            (
                number,
                known.id,
                key,
                party.get("role", role),
                *texts(party, "name", "name_2", *ADDRESS, "valid_from"),
                to_json(party).decode(),
                message,
            )
        )
    put_contacts(batch, known, party, message, number)
    return number


def locations_of(
    batch: Batch, counterpart: Counterpart, known: Known, record: Mapping[str, Any], message: int, partner: str
) -> int | None:
    """Create the document's locations (deliver_to and others); gives that of `deliver_to`.

    A party that is ourselves or the counterpart itself is no location.
    """
    delivered: int | None = None
    for role in LOCATIONS[counterpart.sides.direction]:
        party = record.get(role)
        if party and party is not counterpart.sides.party and not _same(batch, counterpart, known, party, partner):
            number = location(batch, known, party, role, message, partner)
            if role == "deliver_to":
                delivered = number
    return delivered


def _same(batch: Batch, counterpart: Counterpart, known: Known, party: Party, partner: str) -> bool:
    pairs = identifiers(party, partner)
    if not pairs:
        return name_key(party) == name_key(counterpart.sides.party)
    if not batch.own.isdisjoint(pairs):
        return True
    # The VAT number is the company's on each of its places; another place identifier tells them apart.
    places = [pair for pair in pairs if pair[0] not in ("own", "vat")] or pairs
    return any(pair in counterpart.identifiers or pair[1] in known.identifiers.get(pair[0], ()) for pair in places)
