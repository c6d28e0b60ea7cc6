"""From one database into another, SQLite or PostgreSQL, in either direction: every row, or nothing.

The old one is locked while it is read, and marked when the new one is complete, so that no program goes on with it and gives a
number out twice. Whoever is stopped in between calls it again: a new database that holds the same is recognised, and only the
mark is set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, Table

from edi_bridge.database import HEAD, MOVED, Database, current, upgrade
from edi_bridge.fault import ConfigFault, TerminalFault
from edi_bridge.store import audit
from edi_bridge.store.tabular import Sum, counted, fill, rows_of, set_sequences, shape_of, sum_of, tables_with_rows


def move(source: Database, target: Database, tables: Sequence[Table], at: str, actor: str,
         told: Callable[[str, int], None] = lambda table, rows: None) -> int:
    """Move everything; how many rows. `told` hears of each table. ConfigFault when the new database is not empty, and holds other
    things than the old one; TerminalFault when what was written is not what was read: then nothing was changed."""
    upgrade(target)
    with source.write() as old:
        if current(old) != HEAD:
            raise ConfigFault.at("database", 0, 0, "bring its tables to the newest state first: edi-bridge store upgrade")
        _lock(old, tables)
        with target.write() as new:
            rows = _copied(old, new, tables, told)
            if rows is None:
                rows = _same(old, new, tables)
            else:
                audit.write(new, at, actor, "move", "store", f"from {source.name}", {"rows": rows})
        audit.write(old, at, actor, "move", "store", f"to {target.name}", {"rows": rows})
        old.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{MOVED}'")
    return rows


def _lock(connection: Connection, tables: Sequence[Table]) -> None:
    """Nobody writes while it is read; on SQLite the transaction itself is the lock."""
    if connection.dialect.name == "postgresql":
        names = ", ".join(f'"{table.name}"' for table in tables)
        connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")


def _copied(old: Connection, new: Connection, tables: Sequence[Table], told: Callable[[str, int], None]) -> int | None:
    """The number of rows; None when the new database is not empty."""
    if tables_with_rows(new, tables):
        return None
    if new.dialect.name == "sqlite":
        new.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    count = 0
    for table in tables:
        read = Sum()
        fill(new, table, shape_of(table), counted(rows_of(old, table), read))
        written = sum_of(new, table)
        if written != read:
            raise TerminalFault(f"table {table.name}: {read.rows} rows were read, and the {written.rows} that were written are not the same: nothing was moved")
        count += read.rows
        told(table.name, read.rows)
    set_sequences(new, tables)
    return count


def _same(old: Connection, new: Connection, tables: Sequence[Table]) -> int:
    """The number of rows, when the new database holds what the old one does (its own note of the move apart)."""
    rows = 0
    for table in tables:
        mine, theirs = sum_of(old, table), sum_of(new, table)
        if mine != theirs and table.name != "audit":
            raise ConfigFault.at("database", 0, 0, f"the new database is not empty and holds other things (table {table.name}): nothing was done")
        rows += mine.rows
    return rows
