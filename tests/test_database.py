"""How a database is opened, and which faults its errors become."""

from __future__ import annotations

import os
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, Table, Text, insert, select, text

from edi_bridge import database as module
from edi_bridge.database import Database, Exact, connect, insert_rows, take_ids
from edi_bridge.fault import ConfigFault, TransientFault
from edi_bridge.store.tables import ledger


def test_sqlite_is_opened_for_durability(tmp_path: Path) -> None:
    opened = connect(tmp_path / "x.sqlite")
    with opened.write() as connection:
        values = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
        version = connection.exec_driver_sql("SELECT sqlite_version()").scalar_one()
    assert values == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}  # 2: FULL
    assert tuple(map(int, version.split("."))) >= (3, 51, 3) and not opened.note
    opened.close()


def test_an_old_sqlite_gets_the_rollback_journal_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlite3

    monkeypatch.setitem(sys.modules, "pysqlite3", None)
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 40, 1))
    opened = connect(tmp_path / "x.sqlite")
    with opened.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    assert "too old" in opened.note
    opened.close()


def test_a_held_lock_is_a_transient_fault_and_readers_go_on(tmp_path: Path) -> None:
    one, other = connect(tmp_path / "x.sqlite"), connect(tmp_path / "x.sqlite", patience=0.05)
    with one.write() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a)")
    with one.write() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        with pytest.raises(TransientFault, match="locked by another process"), other.write():
            pass
        with other.read() as reader:
            assert reader.exec_driver_sql("SELECT count(*) FROM t").scalar() == 0
    one.close()
    other.close()


def test_a_write_that_fails_leaves_nothing(database: Database) -> None:
    t = ledger().receipt
    values = {
        "sha256": "",
        "size": 0,
        "name": "",
        "channel": "",
        "received_at": "",
        "state": "",
        "partner": "",
        "map": "",
        "failure": "",
    }
    with pytest.raises(RuntimeError), database.write() as connection:
        connection.execute(insert(t).values(**values))
        raise RuntimeError
    with database.read() as connection:
        assert connection.execute(select(t)).all() == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://host/db", "neither a path nor"),
        ("/nowhere/at/all/x.sqlite", "the folder /nowhere/at/all does not exist"),
        ("", "neither a path"),
    ],
)
def test_what_cannot_be_opened_is_told(url: str, words: str) -> None:
    with pytest.raises(ConfigFault, match=words):
        connect(url)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.sqlite").write_text("UNB+UNOA:1+A+B" * 100)
    with pytest.raises(ConfigFault, match="not an SQLite database"), connect(tmp_path / "x.sqlite").read():
        pass


def test_a_server_that_does_not_answer_is_a_transient_fault_without_the_password() -> None:
    opened = connect("postgresql://user:secret@127.0.0.1:1/db")
    assert "secret" not in opened.name
    with pytest.raises(TransientFault, match="does not answer") as raised, opened.read():
        pass
    assert "secret" not in str(raised.value)


def test_a_database_that_does_not_exist_is_a_mistake_of_configuration(postgres_server: str) -> None:
    with pytest.raises(ConfigFault, match="does not exist"), connect(f"{postgres_server}/nothing").read():
        pass


def test_a_connection_that_the_server_ends_is_a_transient_fault(postgres_server: str, postgres_migrated: str) -> None:
    opened = connect(postgres_migrated)
    with pytest.raises(TransientFault, match="does not answer"), opened.write() as connection:
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
    with opened.read() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    opened.close()


@pytest.mark.parametrize(
    "digits", ["0.10", "12345678901234567890123456789012345.6789", "-0.000000000000000000000001", "100", "1E+3"]
)
def test_decimals_are_exact(database: Database, digits: str) -> None:
    table = Table("digits", MetaData(), Column("a", Exact), Column("b", Text))
    with database.write() as connection:
        connection.exec_driver_sql(
            "CREATE TEMPORARY TABLE digits (a %s, b text)" % ("text" if database.sqlite else "numeric")
        )
        connection.execute(insert(table).values(a=Decimal(digits), b="core"))
        insert_rows(connection, table, ("a", "b"), [(module.decimal_value(connection)(Decimal(digits)), "rows")])
        found = connection.execute(select(table.c.a)).scalars().all()
        connection.exec_driver_sql("DROP TABLE digits")
    assert found == [Decimal(digits)] * 2
    if "E" not in digits:
        assert [str(value) for value in found] == [format(Decimal(digits), "f")] * 2 or [
            str(value) for value in found
        ] == [str(Decimal(digits))] * 2


def test_row_numbers_are_given_once(database: Database) -> None:
    with database.write() as connection:
        first = take_ids(connection, ledger().receipt, 3)
        assert len({next(first) for _ in range(3)}) == 3
    assert database.read  # the connection is given back


def test_no_lane_but_the_three(database: Database) -> None:
    with pytest.raises(ValueError, match="no lane"), database.read("test_"):
        pass
    with database.read("staging_") as connection:
        assert module.lane_of(connection) == "staging_"


def test_a_file_that_is_made_is_for_its_owner_alone(tmp_path: Path) -> None:
    """What partners sent stands in it; the archive's folders are 0700 too. One that is there keeps what its owner gave it."""
    before = os.umask(0o022)
    try:
        for path in (tmp_path / "new.sqlite", tmp_path / "given.sqlite"):
            if path.name == "given.sqlite":
                path.touch(0o640)
            made = connect(path)
            with made.write() as connection:
                connection.execute(text("create table t (x integer)"))
                modes = {one.name: one.stat().st_mode & 0o777 for one in tmp_path.iterdir() if one.name.startswith(path.stem) and not one.name.endswith(".lock")}
            made.close()
            assert set(modes.values()) == {0o600 if path.stem == "new" else 0o640}, modes
    finally:
        os.umask(before)
