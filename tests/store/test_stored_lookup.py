"""Lookups in the database: rows are added, never changed, and the state of an earlier day can be asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert

from edi_bridge.database import Database, connect
from edi_bridge.mapping.lookup import Row
from edi_bridge.store import lookup
from edi_bridge.store.tables import ledger

AT = "2026-11-22T01:00:00Z"


def test_rows_come_back_in_the_order_in_which_they_were_added(database: Database) -> None:
    rows = [Row("4711", "A-100"), Row("4711", "A-101", "2026-12-01", "2026-12-31", True), Row("ä;'\"", "Ö", "2026-01-01"), Row("4712", "")]
    with database.write() as connection:
        assert lookup.add(connection, "items", "acme", rows, AT) == 4
        assert lookup.add(connection, "items", "", [Row("4711", "G")], AT) == 1
    with database.read() as connection:
        got = lookup.rows(connection, "items", "acme")
        assert [(row.theirs, row.ours, row.valid_from, row.valid_to, row.write) for row in got] == [
            (row.theirs, row.ours, row.valid_from, row.valid_to, row.write) for row in rows]
        assert [row.place for row in lookup.rows(connection, "items", "")] == [f"row {lookup.newest(connection)} of the database"]
        assert lookup.rows(connection, "places", "acme") == []


def test_what_is_there_already_is_not_added_again(database: Database) -> None:
    first, changed, back = Row("1", "A"), Row("1", "B"), Row("1", "A")
    with database.write() as connection:
        assert lookup.add(connection, "items", "", [first, first], AT) == 1
        assert lookup.add(connection, "items", "", [first], AT) == 0
        assert lookup.add(connection, "items", "", [changed, back, back], AT) == 2  # back again is a change of what holds
    with database.read() as connection:
        assert [row.ours for row in lookup.rows(connection, "items", "")] == ["A", "B", "A"]


def test_the_tables_as_they_were_can_be_asked_for(database: Database) -> None:
    with database.write() as connection:
        assert lookup.newest(connection) == 0
        lookup.add(connection, "items", "", [Row("1", "A")], AT)
        pin = lookup.newest(connection)
        lookup.add(connection, "items", "", [Row("1", "B"), Row("2", "C")], AT)
    with database.read() as connection:
        assert [row.ours for row in lookup.rows(connection, "items", "", upto=pin)] == ["A"]
        assert [row.ours for row in lookup.rows(connection, "items", "", upto=0)] == []
        assert len(lookup.rows(connection, "items", "")) == 3


def test_the_tables_are_listed_with_their_keys_and_rows(database: Database) -> None:
    with database.write() as connection:
        lookup.add(connection, "items", "acme", [Row("1", "A"), Row("1", "B", "2026-01-01"), Row("2", "C")], "2026-11-01T00:00:00Z")
        lookup.add(connection, "items", "acme", [Row("3", "D")], AT)
        lookup.add(connection, "branches", "", [Row("1", "A")], AT)
    with database.read() as connection:
        assert lookup.known(connection) == [lookup.Known("branches", "", 1, 1, AT), lookup.Known("items", "acme", 3, 4, AT)]


@pytest.mark.parametrize(("versions", "expected"), [('{"*": "x", "lookups": "17"}', 17), ('{"*": "x"}', None)])
def test_an_exchange_knows_the_rows_of_its_time(database: Database, versions: str, expected: int | None) -> None:
    t = ledger()
    texts = {column.name: "" for table in (t.receipt, t.exchange) for column in table.columns if str(column.type) == "TEXT"}
    with database.write() as connection:
        receipt = connection.execute(insert(t.receipt).values(
            size=1, **{name: text for name, text in texts.items() if name in t.receipt.c}).returning(t.receipt.c.id)).scalar_one()
        values = {**{name: text for name, text in texts.items() if name in t.exchange.c}, "versions": versions}
        made = connection.execute(insert(t.exchange).values(receipt_id=receipt, ordinal=1, **values).returning(t.exchange.c.id)).scalar_one()
        assert lookup.pinned(connection, made) == expected
        assert lookup.pinned(connection, made + 1) is None


def test_a_home_without_database_or_with_an_older_one_has_no_rows(tmp_path: Path) -> None:
    assert lookup.of_home(tmp_path, None, None, "items", "") == []
    assert not (tmp_path / "edi-bridge.sqlite").exists()
    older = connect(tmp_path / "edi-bridge.sqlite")
    with older.write() as connection:
        connection.exec_driver_sql("CREATE TABLE receipt (id integer)")
    older.close()
    assert lookup.of_home(tmp_path, None, None, "items", "") == []


def test_the_database_that_is_named_is_asked(database_url: str, tmp_path: Path) -> None:
    opened = connect(database_url)
    with opened.write() as connection:
        lookup.add(connection, "items", "acme", [Row("1", "A")], AT)
    opened.close()
    assert [row.ours for row in lookup.of_home(tmp_path, database_url, None, "items", "acme")] == ["A"]
