"""Partners' keys and ours in the database: rows are added and never changed, so that what held when an exchange came can be asked
again. A later row of a key stands in for an earlier one from its own first day on (`mapping/lookup.py`).

All functions work in the transaction that the caller has opened. Times are handed in.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, inspect, select

from edi_bridge import settings
from edi_bridge.database import connect, insert_rows
from edi_bridge.mapping.lookup import Row
from edi_bridge.store.tables import ledger

VERSION = "lookups"  # under this name the versions pinned to an exchange hold the last row that was there


@dataclass(frozen=True, slots=True)
class Known:
    """A table in the database. `partner` '': for all; `rows` with those that later ones stand in for."""

    table: str
    partner: str
    keys: int
    rows: int
    changed: str


def known(connection: Connection) -> list[Known]:
    """Every table there is, by name."""
    t = ledger().lookup
    query = select(t.c.name, t.c.partner, func.count(t.c.theirs.distinct()), func.count(), func.max(t.c.recorded_at))
    listed = connection.execute(query.group_by(t.c.name, t.c.partner).order_by(t.c.name, t.c.partner))
    return [Known(*row) for row in listed]


def rows(connection: Connection, table: str, partner: str, upto: int | None = None) -> list[Row]:
    """The rows of a table in the order in which they were added; `upto`: as it was when that row was the last."""
    t = ledger().lookup
    query = select(t.c.id, t.c.theirs, t.c.ours, t.c.valid_from, t.c.valid_to, t.c.write).where(t.c.name == table, t.c.partner == partner)
    if upto is not None:
        query = query.where(t.c.id <= upto)
    return [Row(row.theirs, row.ours, row.valid_from, row.valid_to, row.write, f"row {row.id} of the database")
            for row in connection.execute(query.order_by(t.c.id))]


def add(connection: Connection, table: str, partner: str, new: Iterable[Row], recorded_at: str) -> int:
    """Add rows; how many. A row that says what the newest row of its key and first day says is left out, so that the same file
    may be imported again."""
    before = {(row.theirs, row.valid_from): row for row in rows(connection, table, partner)}
    listed = []
    for row in new:
        old = before.get((row.theirs, row.valid_from))
        if old is None or (old.ours, old.valid_to, old.write) != (row.ours, row.valid_to, row.write):
            before[row.theirs, row.valid_from] = row
            listed.append((table, partner, row.theirs, row.ours, row.valid_from, row.valid_to, row.write, recorded_at))
    columns = ("name", "partner", "theirs", "ours", "valid_from", "valid_to", "write", "recorded_at")
    insert_rows(connection, ledger().lookup, columns, listed)
    return len(listed)


def newest(connection: Connection) -> int:
    """The number of the last row of all tables; 0 when there is none."""
    return connection.execute(select(func.coalesce(func.max(ledger().lookup.c.id), 0))).scalar_one()


def of_home(home: Path, database: str | None, upto: int | None, table: str, partner: str) -> list[Row]:
    """The rows of a table in a home's database (or the one that is named); none where there is no database yet, or none with
    lookups. Nothing is created. TransientFault when a server does not answer."""
    url = settings.load(os.environ, home, database).database
    path = url.removeprefix("sqlite:///")
    if "://" not in path and not Path(path).exists():
        return []
    opened = connect(url)
    try:
        with opened.read() as connection:
            return rows(connection, table, partner, upto) if inspect(connection).has_table("lookup") else []
    finally:
        opened.close()


def pinned(connection: Connection, exchange: int) -> int | None:
    """The last row that was there when an exchange was taken in; None where it does not say so (an older edi_bridge took it in)."""
    t = ledger().exchange
    text = connection.execute(select(t.c.versions).where(t.c.id == exchange)).scalar()
    version = json.loads(text).get(VERSION) if text else None
    return int(version) if version is not None else None
