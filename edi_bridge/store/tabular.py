"""Tables as rows of plain values, one way for both databases: to be written into a backup, copied, counted and hashed.

A value is JSON: numbers, texts, true and false; a decimal is its digits as text, bytes are base64. The same row is the same text
whichever database it stands in, so that the SHA-256 over a table's rows in the order of their keys tells whether two are equal.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sqlalchemy import Boolean, Connection, LargeBinary, Table, select, text

from edi_bridge.database import Exact, insert_rows
from edi_bridge.fault import ConfigFault

AT_ONCE = 500
Row = list[Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """A table as a backup describes it: its name, and each column with its kind (plain, decimal, bytes, truth)."""

    table: str
    columns: tuple[str, ...]
    kinds: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For the list of contents."""
        return {"table": self.table, "columns": list(self.columns), "kinds": list(self.kinds)}


@dataclass(slots=True)
class Sum:
    """What a table holds: how many rows, and the SHA-256 over them."""

    rows: int = 0
    digest: str = ""


def shape_of(table: Table) -> Shape:
    """The shape of a table that the program defines."""
    return Shape(table.name, tuple(column.name for column in table.columns), tuple(_kind(column.type) for column in table.columns))


def _kind(type_: Any) -> str:
    if isinstance(type_, Exact):
        return "decimal"
    if isinstance(type_, LargeBinary):
        return "bytes"
    return "truth" if isinstance(type_, Boolean) else "plain"


def rows_of(connection: Connection, table: Table, shape: Shape | None = None) -> Iterator[Row]:
    """Every row as JSON values, in the order of its key; `shape` where `table` was only read from a database."""
    shape = shape or shape_of(table)
    kinds = shape.kinds
    query = select(*(table.c[name] for name in shape.columns)).order_by(*table.primary_key.columns)
    with connection.execute(query.execution_options(yield_per=AT_ONCE)) as result:
        for row in result:
            yield [plain(kind, value) for kind, value in zip(kinds, row, strict=True)]


def plain(kind: str, value: Any) -> Any:
    """A value of a column as JSON."""
    if value is None:
        return None
    if kind == "decimal":
        value = Decimal(value)
        return format(value if value else abs(value), "f")  # no exponent, no -0: as PostgreSQL keeps it
    if kind == "bytes":
        return base64.b64encode(value).decode()
    return value


def _bound(kind: str, value: Any, sqlite: bool) -> Any:
    """A JSON value as the driver takes it."""
    if value is None:
        return None
    if kind == "decimal":
        return value if sqlite else Decimal(value)
    if kind == "bytes":
        return base64.b64decode(value)
    return bool(value) if kind == "truth" else value


def line_of(row: Row) -> bytes:
    """A row as a line of JSON."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def counted(rows: Iterable[Row], into: Sum) -> Iterator[Row]:
    """The same rows; when all have passed, `into` says what they were."""
    hashed = sha256()
    for row in rows:
        hashed.update(line_of(row))
        into.rows += 1
        yield row
    into.digest = hashed.hexdigest()


def sum_of(connection: Connection, table: Table, shape: Shape | None = None) -> Sum:
    """What a table holds."""
    made = Sum()
    for _ in counted(rows_of(connection, table, shape), made):
        pass
    return made


def fill(connection: Connection, table: Table, shape: Shape, rows: Iterable[Row]) -> None:
    """Write rows into an empty table. Links between its own rows need no order. ConfigFault for a text that the database cannot keep."""
    sqlite = connection.dialect.name == "sqlite"
    part: list[tuple[Any, ...]] = []
    own = _own_links(table)
    later: list[tuple[Any, dict[str, Any]]] = []
    key = shape.columns.index("id") if "id" in shape.columns else -1
    for row in rows:
        if not sqlite:
            _writable(shape, row)
            row, links = _without(shape, row, own)
            if links:
                later.append((row[key], links))
        part.append(tuple(_bound(kind, value, sqlite) for kind, value in zip(shape.kinds, row, strict=True)))
        if len(part) >= AT_ONCE:
            insert_rows(connection, table, shape.columns, part)
            part = []
    insert_rows(connection, table, shape.columns, part)
    for id, links in later:
        connection.execute(table.update().where(table.c.id == id).values(**links))


def _own_links(table: Table) -> list[str]:
    """Columns that name another row of the same table."""
    return [column.name for column in table.columns if any(link.column.table is table for link in column.foreign_keys)]


def _without(shape: Shape, row: Row, own: Sequence[str]) -> tuple[Row, dict[str, Any]]:
    """A row without its links to rows that may come later, and these."""
    places = {name: shape.columns.index(name) for name in own if name in shape.columns}
    links = {name: row[place] for name, place in places.items() if row[place] is not None}
    if not links:
        return row, {}
    return [None if number in places.values() else value for number, value in enumerate(row)], links


def _writable(shape: Shape, row: Row) -> None:
    for name, value in zip(shape.columns, row, strict=True):
        if isinstance(value, str) and "\0" in value:
            raise ConfigFault.at("database", 0, 0, f"PostgreSQL keeps no NUL in texts: {shape.table} {row[0]}, column {name}")


def set_sequences(connection: Connection, tables: Sequence[Table]) -> None:
    """The next row numbers of PostgreSQL come after those that were written; SQLite counts by itself."""
    if connection.dialect.name == "sqlite":
        return
    for table in tables:
        if "id" in table.c:
            connection.execute(text(
                f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', 'id'), greatest(1, (SELECT coalesce(max(id), 0) FROM \"{table.name}\")),"
                f" EXISTS (SELECT 1 FROM \"{table.name}\"))"))


def tables_with_rows(connection: Connection, tables: Sequence[Table]) -> list[str]:
    """The names of those that are not empty."""
    return [table.name for table in tables if connection.execute(select(1).select_from(table).limit(1)).first() is not None]
