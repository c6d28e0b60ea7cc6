"""What others have added to the same customers while a batch was made.

On PostgreSQL several processes post at once, and a batch has read long before it writes: what it adds to a customer that is on file
(a place, an address, a spelling, an identifier, a person) another may have added since. So just before it writes, it takes these
customers for itself until its commit, in the order of their numbers, reads again what they have, and leaves out what is there; its
documents then name the other's row. The lock is FOR NO KEY UPDATE: rows that only refer to a customer do not wait for it
(PostgreSQL's manual, 13.3.2). SQLite has one writer at a time, which has read within its turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from edi_bridge.crm.tables import tables
from edi_bridge.crm.written import COLUMNS
from edi_bridge.database import chunks, in_the_way

if TYPE_CHECKING:
    from edi_bridge.crm.batch import Batch

PLACE = "customer_location"
# By which columns an added row is known within its customer; it is looked for by the first of them.
ADDED: Mapping[str, tuple[str, ...]] = MappingProxyType({
    PLACE: ("key",),
    "customer_name": ("name",),
    "customer_address": ("kind",),
    "customer_identifier": ("value", "scheme"),
    "customer_contact": ("name", "location_id", "role", "phone", "fax", "email"),
})
# Where the columns that name a place stand in the rows that are written.
PLACES: Mapping[str, tuple[int, ...]] = MappingProxyType({
    name: found for name, columns in COLUMNS.items()
    if (found := tuple(at for at, column in enumerate(columns)
                       if any(key.target_fullname == f"{PLACE}.id" for key in getattr(tables(), name).c[column].foreign_keys)))
})


def leave_out(batch: Batch) -> None:
    """Take the customers to which the batch is about to add something, and drop from its rows what others have added since it read.

    TransientFault (the same again, at once) where another has changed a customer that the batch changes, too."""
    if batch.connection.dialect.name == "sqlite":
        return
    _in_one_order(batch.rows["customer_identifier"])
    taken = _take(batch)
    if not taken:
        return
    for name, known_by in ADDED.items():
        if not batch.rows[name]:
            continue
        there = _there(batch, name, known_by, taken)
        if name == PLACE:
            _name_theirs(batch, there)
        else:
            at = _at(name, known_by)
            batch.rows[name] = [row for row in batch.rows[name] if tuple(row[place] for place in at) not in there]


def _take(batch: Batch) -> list[int]:
    """The customers that were there before, locked."""
    changed = {row: int(values["changed_by"]) for name, row, values in batch.changes if name == "customer" and "changed_by" in values}
    wanted = {row[_at(name, ())[0]] for name in ADDED for row in batch.rows[name]}
    wanted |= {row for name, row, _ in batch.changes if name == "customer"}
    taken = sorted(customer for customer in wanted if not batch.customers[customer].fresh)
    c = batch.tables.customer.c
    for some in chunks(taken):
        locking = select(c.id, c.changed_by).where(c.id.in_(some)).order_by(c.id).with_for_update(key_share=True)
        for number, changed_by in batch.connection.execute(locking):
            if number in changed:
                if changed_by != batch.customers[number].changed_by:
                    raise in_the_way(f"it changed customer {number}")
                batch.customers[number].changed_by = changed[number]
    return taken


def _in_one_order(rows: list[tuple[Any, ...]]) -> None:
    """Customers by their first identifier, so that two batches that make the same ones do not wait for each other crosswise."""
    owner, *pair = _at("customer_identifier", ("scheme", "value"))
    first: dict[int, tuple[str, ...]] = {}
    for row in rows:
        first.setdefault(row[owner], tuple(row[at] for at in pair))
    rows.sort(key=lambda row: first[row[owner]])


def _at(name: str, known_by: Sequence[str]) -> tuple[int, ...]:
    """Where the customer and these columns stand in a row of a table."""
    return tuple(COLUMNS[name].index(column) for column in ("customer_id", *known_by))


def _there(batch: Batch, name: str, known_by: Sequence[str], taken: Sequence[int]) -> dict[tuple[Any, ...], int]:
    """What these customers have of what is to be added: customer and columns, with the number of the row (of the customer, where rows have none)."""
    at = _at(name, known_by)
    c = getattr(batch.tables, name).c
    columns = [c[column] for column in ("id" if "id" in c else "customer_id", "customer_id", *known_by)]
    return {tuple(row[1:]): row[0] for customers in chunks(taken) for some in chunks(sorted({row[at[1]] for row in batch.rows[name]}))
            for row in batch.connection.execute(select(*columns).where(c.customer_id.in_(customers), c[known_by[0]].in_(some)))}


def _name_theirs(batch: Batch, there: Mapping[tuple[Any, ...], int]) -> None:
    """Where another has put a place on file, its row stands for it in whatever the batch writes."""
    number, customer, key = COLUMNS[PLACE].index("id"), *_at(PLACE, ADDED[PLACE])
    theirs = {row[number]: there[row[customer], row[key]] for row in batch.rows[PLACE] if (row[customer], row[key]) in there}
    if not theirs:
        return
    batch.rows[PLACE] = [row for row in batch.rows[PLACE] if row[number] not in theirs]
    for (owner, known_by), row in there.items():
        batch.customers[owner].locations[known_by] = row
    for name, columns in PLACES.items():
        batch.rows[name] = [tuple(theirs.get(value, value) if at in columns else value for at, value in enumerate(row)) for row in batch.rows[name]]
    batch.changes = [(name, theirs.get(row, row) if name == PLACE else row, values) for name, row, values in batch.changes]
