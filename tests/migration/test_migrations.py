"""The migrations make exactly the tables that the program defines, on both databases, and run all or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, Numeric, inspect

from edi_bridge import migrations
from edi_bridge.crm import tables as crm_tables
from edi_bridge.database import HEAD, LANES, Database, connect, current, new_metadata, upgrade
from edi_bridge.fault import ConfigFault
from edi_bridge.store import rollout_tables
from edi_bridge.store import tables as store_tables


def everything() -> MetaData:
    """All tables of the program."""
    metadata = new_metadata()
    store_tables.make(metadata)
    rollout_tables.make(metadata)
    for lane in LANES:
        crm_tables.make(metadata, lane)
    return metadata


def picture(connection: Connection) -> dict[str, Any]:
    """What the database itself says of its tables, the migration's own one left out."""
    seen = inspect(connection)
    tables = {}
    for table in sorted(set(seen.get_table_names()) - {"alembic_version"}):
        tables[table] = {
            "columns": [(c["name"], repr(c["type"]), c["nullable"], c["default"]) for c in seen.get_columns(table)],
            "key": (seen.get_pk_constraint(table)["name"], seen.get_pk_constraint(table)["constrained_columns"]),
            "unique": sorted((u["name"], tuple(u["column_names"])) for u in seen.get_unique_constraints(table)),
            "links": sorted(
                (f["name"], tuple(f["constrained_columns"]), f["referred_table"], tuple(f["referred_columns"]))
                for f in seen.get_foreign_keys(table)
            ),
            "indexes": sorted((i["name"], tuple(i["column_names"]), i["unique"]) for i in seen.get_indexes(table)),
        }
    return tables


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Any) -> Any:
    """A function that opens a new database without any table."""

    def make(name: str) -> Database:
        if request.param == "sqlite":
            return connect(tmp_path / name)
        return connect(request.getfixturevalue("new_postgres")())

    return make


def test_migrations_make_the_tables_that_the_program_defines(empty: Any) -> None:
    migrated, defined = empty("a.sqlite"), empty("b.sqlite")
    upgrade(migrated)
    with defined.write() as connection:
        everything().create_all(connection)
    with migrated.read() as one, defined.read() as other:
        assert picture(one) == picture(other)
        assert "order_line" in picture(one)
    migrated.close()
    defined.close()


def test_a_difference_would_be_seen(empty: Any) -> None:
    migrated, defined = empty("a.sqlite"), empty("b.sqlite")
    upgrade(migrated)
    with migrated.write() as connection:
        connection.exec_driver_sql("DROP INDEX ix_invoice_number")
    with defined.write() as connection:
        everything().create_all(connection)
    with migrated.read() as one, defined.read() as other:
        assert picture(one) != picture(other)
    migrated.close()
    defined.close()


def test_upgrading_again_does_nothing(empty: Any) -> None:
    database = empty("a.sqlite")
    assert upgrade(database) is True
    assert upgrade(database) is False
    with database.read() as connection:
        assert current(connection) == HEAD
    database.close()


def test_what_the_first_release_kept_is_there_after_each_later_step(empty: Any) -> None:
    database = empty("a.sqlite")
    with database.write() as connection:
        migrations.run(connection, "0001")
        names = set(inspect(connection).get_table_names())
        connection.execute(store_tables.ledger().receipt.insert().values(
            sha256="00", size=1, name="a.edi", channel="", received_at="2026-11-01T00:00:00Z", state="done", partner="", map="", failure=""))
    assert "lookup" not in names
    assert upgrade(database) is True
    with database.read() as connection:
        assert "lookup" in inspect(connection).get_table_names()
        assert connection.exec_driver_sql("SELECT name FROM receipt").scalar_one() == "a.edi"
    database.close()


def test_a_failed_upgrade_leaves_nothing_behind(empty: Any) -> None:
    database = empty("a.sqlite")
    with database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE invoice (id integer)")  # in the way of the migration
    with pytest.raises(Exception, match="invoice"):
        upgrade(database)
    with database.read() as connection:
        assert inspect(connection).get_table_names() == ["invoice"]
    database.close()


def test_a_database_of_a_newer_program_is_refused(empty: Any) -> None:
    database = empty("a.sqlite")
    upgrade(database)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigFault, match="newer edi_bridge"):
        upgrade(database)
    database.close()


def test_the_program_knows_the_newest_migration() -> None:
    assert migrations.scripts().get_current_head() == HEAD


def test_lanes_are_made_from_the_same_definition_under_a_prefix() -> None:
    live, staging = crm_tables.tables(""), crm_tables.tables("staging_")
    for name in live.__dataclass_fields__:
        assert getattr(staging, name).name == f"staging_{getattr(live, name).name}"
        assert [c.name for c in getattr(staging, name).columns] == [c.name for c in getattr(live, name).columns]


def test_each_lane_has_a_crm_of_its_own_and_the_ledger_is_shared(empty: Any) -> None:
    database = empty("a.sqlite")
    upgrade(database)
    with database.read() as connection:
        seen = inspect(connection)
        names = set(seen.get_table_names())
        links = {link["referred_table"] for link in seen.get_foreign_keys("staging_order_line")}
    assert {"sales_order", "staging_sales_order", "pilot_sales_order", "message"} <= names
    assert "staging_message" not in names and links == {"staging_sales_order", "message"}
    database.close()


def test_postgresql_keeps_decimals_without_a_fixed_scale(new_postgres: Any) -> None:
    database = connect(new_postgres())
    upgrade(database)
    with database.read() as connection:
        column = next(c for c in inspect(connection).get_columns("invoice") if c["name"] == "payable")
    assert isinstance(column["type"], Numeric) and column["type"].scale is None
    database.close()
