"""Whether a database stands as the program defines it, and whether it is sound in itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, MetaData, create_engine, inspect

from edi_bridge.database import HEAD, MOVED, Database, current

FOREIGN = ("alembic_version", "procrastinate_")  # tables beside ours; how their names begin


def problems(database: Database, metadata: MetaData) -> Iterator[str]:
    """A sentence for each thing that is wrong: another state, tables that are not as `metadata` defines them, damage, broken links."""
    with database.read() as connection:
        there = current(connection)
    if there == MOVED:
        yield f"everything in {database.name} was moved into another database"
        return
    if there != HEAD:
        yield f"its tables are of state {there or 'none'}, the program's of {HEAD}: edi-bridge store upgrade"
        return
    with database.read() as connection:
        yield from _differences(picture(connection), defined(connection, metadata))
        if database.sqlite:
            yield from (f"SQLite says: {row[0]}" for row in connection.exec_driver_sql("PRAGMA integrity_check(20)") if row[0] != "ok")
            for table, row, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(20):
                yield f"{table} {row} names a row of {parent} that is not there"


def picture(connection: Connection, schema: str | None = None) -> dict[str, dict[str, Any]]:
    """What the database itself says of our tables."""
    seen = inspect(connection)
    tables: dict[str, dict[str, Any]] = {}
    for name in sorted(one for one in seen.get_table_names(schema) if not one.startswith(FOREIGN)):
        tables[name] = {
            "columns": {c["name"]: (repr(c["type"]), c["nullable"], _default(c["default"], schema)) for c in seen.get_columns(name, schema)},
            "key": tuple(seen.get_pk_constraint(name, schema)["constrained_columns"]),
            "unique": {str(u["name"]): tuple(u["column_names"]) for u in seen.get_unique_constraints(name, schema)},
            "links": {str(f["name"]): (tuple(f["constrained_columns"]), f["referred_table"], tuple(f["referred_columns"]))
                      for f in seen.get_foreign_keys(name, schema)},
            "indexes": {str(i["name"]): (tuple(i["column_names"]), bool(i["unique"])) for i in seen.get_indexes(name, schema)},
        }
    return tables


def _default(value: str | None, schema: str | None) -> str | None:
    """A default without the name of the schema in it."""
    return value.replace(f'"{schema}".', "").replace(f"{schema}.", "") if value and schema else value


def defined(connection: Connection, metadata: MetaData) -> dict[str, dict[str, Any]]:
    """The same of tables made from `metadata`: for SQLite in memory, for PostgreSQL in a schema that is gone again afterwards."""
    if connection.dialect.name == "sqlite":
        engine = create_engine("sqlite://")
        try:
            with engine.begin() as other:
                metadata.create_all(other)
                return picture(other)
        finally:
            engine.dispose()
    name = f"edi_bridge_{uuid4().hex[:12]}"
    place = connection.begin_nested() if connection.in_transaction() else connection.begin()
    try:
        connection.exec_driver_sql(f'CREATE SCHEMA "{name}"')
        connection.exec_driver_sql(f'SET LOCAL search_path TO "{name}"')
        made = connection.execution_options(schema_translate_map={None: name})
        metadata.create_all(made)
        return picture(connection, name)
    finally:
        place.rollback()
        connection.execution_options(schema_translate_map=None)


def _differences(there: dict[str, dict[str, Any]], wanted: dict[str, dict[str, Any]]) -> Iterator[str]:
    """What is missing or other. What somebody added for himself (a table, an index) is not ours to judge."""
    for table, parts in wanted.items():
        if table not in there:
            yield f"table {table} is missing"
            continue
        for part, value in parts.items():
            found = there[table][part]
            if isinstance(value, dict):
                for name, one in value.items():
                    if found.get(name) != one:
                        yield f"table {table}: {part} {name} is {'missing' if name not in found else f'{found[name]} and not {one}'}"
                if part in ("columns", "unique"):
                    yield from (f"table {table}: {part} {name} is not known" for name in found if name not in value)
            elif found != value:
                yield f"table {table}: its {part} is {found} and not {value}"
