"""Customers that are live, brought into the CRM of tests or of a pilot when a document there names one.

A lane reads what is live and writes in itself alone: the live customer with its identifiers, addresses and people is copied once; what a
test or a pilot then adds to it stays in the lane.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert, select

from edi_bridge.crm.identity import Identifier
from edi_bridge.crm.tables import CrmTables, tables
from edi_bridge.database import chunks, lane_of

if TYPE_CHECKING:
    from edi_bridge.crm.batch import Batch

PARTS = ("customer_name", "customer_address", "customer_identifier", "customer_contact", "customer_account")


def brought(batch: Batch, missing: Collection[Identifier]) -> dict[Identifier, int]:
    """Those of the identifiers that live customers have, each with the number of the copy in the batch's lane."""
    if not lane_of(batch.connection) or not missing:
        return {}
    live = tables("")
    found = _owners(batch.connection, live, missing)
    copies: dict[int, int] = {}
    for customer in sorted(set(found.values())):
        pairs = _identifiers(batch.connection, live, customer)
        here = _owners(batch.connection, batch.tables, pairs)
        if not here:
            copies[customer] = _copied(batch, live, customer)
            continue
        copies[customer] = min(here.values())
        for scheme, value in sorted(pairs - here.keys()):  # it got another identifier since it was copied
            _put(batch, "customer_identifier", {"customer_id": copies[customer], "scheme": scheme, "value": value, "location_id": None,
                                                "message_id": _message(batch.connection, live, customer)})
    return {pair: copies[customer] for pair, customer in found.items()}


def _owners(connection: Connection, of: CrmTables, pairs: Collection[Identifier]) -> dict[Identifier, int]:
    i, wanted = of.customer_identifier.c, set(pairs)
    made: dict[Identifier, int] = {}
    for some in chunks(sorted({value for _, value in wanted})):
        for scheme, value, customer in connection.execute(select(i.scheme, i.value, i.customer_id).where(i.value.in_(some))):
            if (scheme, value) in wanted:
                made[scheme, value] = customer
    return made


def _identifiers(connection: Connection, live: CrmTables, customer: int) -> set[Identifier]:
    i = live.customer_identifier.c
    return {(row[0], row[1]) for row in connection.execute(select(i.scheme, i.value).where(i.customer_id == customer))}


def _message(connection: Connection, live: CrmTables, customer: int) -> int:
    return int(connection.execute(select(live.customer.c.message_id).where(live.customer.c.id == customer)).scalar_one())


def _copied(batch: Batch, live: CrmTables, customer: int) -> int:
    number = batch.new_id("customer")
    whole = batch.connection.execute(select(live.customer).where(live.customer.c.id == customer)).one()
    _put(batch, "customer", {**whole._mapping, "id": number})
    places: dict[int | None, int | None] = {None: None}
    where = live.customer_location
    for row in batch.connection.execute(select(where).where(where.c.customer_id == customer).order_by(where.c.id)).all():
        places[row.id] = batch.new_id("customer_location")
        _put(batch, "customer_location", {**row._mapping, "id": places[row.id], "customer_id": number})
    for part in PARTS:
        table = getattr(live, part)
        for row in batch.connection.execute(select(table).where(table.c.customer_id == customer)).all():
            values = {name: value for name, value in row._mapping.items() if name != "id"}
            if "location_id" in values:
                values["location_id"] = places[values["location_id"]]
            _put(batch, part, {**values, "customer_id": number})
    return number


def _put(batch: Batch, table: str, values: dict[str, Any]) -> None:
    batch.connection.execute(insert(getattr(batch.tables, table)).values(**values))
