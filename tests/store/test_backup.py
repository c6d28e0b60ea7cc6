"""Backup, restore, move and check, with messages that went through the engine, on both databases."""

from __future__ import annotations

import io
import json
import shutil
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select, update

from edi_bridge.catalog import Catalog
from edi_bridge.cli.store import everything
from edi_bridge.crm.dump import dump
from edi_bridge.crm.identity import own_identities
from edi_bridge.database import Database, connect, upgrade
from edi_bridge.engine import Engine, Incoming, auditing
from edi_bridge.engine.sending import NEVER
from edi_bridge.fault import ConfigFault, TerminalFault
from edi_bridge.store import alarm, audit, backup, control_number, moving, outbox, restoring, standing
from edi_bridge.store.archive import Archive
from edi_bridge.store.tables import ledger

sys.path.insert(0, str(Path(__file__).parents[1] / "dispatch"))
from dispatch_case import change, interchange, make_home, order  # noqa: E402

AT = "2026-11-22T10:15:00.000000Z"
TABLES = everything().sorted_tables
OTHER = {"sqlite": "postgresql", "postgresql": "sqlite"}


@pytest.fixture(scope="session")
def migrated_template(postgres_server: str) -> str:
    """The name of a PostgreSQL database with all tables, to be copied; the URL of its server before it."""
    import psycopg

    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE backup_template TEMPLATE template0")
    made = connect(f"{postgres_server}/backup_template")
    upgrade(made)
    made.close()
    return postgres_server


@pytest.fixture
def empty(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Database]]:
    """A function that opens a new database of a kind, with tables and no rows."""
    made: list[Database] = []

    def new(kind: str) -> Database:
        if kind == "sqlite":
            path = tmp_path / f"new-{len(made)}.sqlite"
            shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
            made.append(connect(path, patience=5.0))
        else:
            import psycopg

            server, name = request.getfixturevalue("migrated_template"), f"b{uuid4().hex}"
            with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{name}" TEMPLATE backup_template'.encode())
            made.append(connect(f"{server}/{name}", patience=5.0))
        return made[-1]

    yield new
    for one in made:
        one.close()


@pytest.fixture
def engine(database: Database, tmp_path: Path) -> Engine:
    """A store with orders, changes, a duplicate, a refused interchange, answers, one delivery that is not posted yet."""
    home = make_home(tmp_path / "home")
    catalog = Catalog(home, check_receiver=True)
    made = Engine(database, Archive(home / "archive"), catalog, own=own_identities(catalog.own.parties), strict=True, answers=True)
    first = interchange("1", order("A-1", lines=3), order("A-2"))
    for content in (first, interchange("2", change("A-1", "C-1", 20)), first, interchange("3", ["ORDERS", "BGM+220+X+9"]), b"nothing"):
        made.post_file("ä \U0001f980.edi", io.BytesIO(content))
    made.receive([Incoming(made.archive.put(io.BytesIO(interchange("4", order("A-9")))), "later.edi")])
    with database.write() as connection:
        audit.write(connection, AT, "anna", "release", "exchange 1", "a reason")
        connection.execute(insert(ledger().queue).values(partner="acorn", key="k", map="m", record_type="order", record="{}", size=9, origin="o",
                                                         test=False, created_at=AT))
        connection.execute(update(ledger().receipt).values(worker="w", held_until="9"))
    return made


def dumped(database: Database) -> list[str]:
    with database.read() as connection:
        return list(dump(connection))


def picture(database: Database) -> dict[str, str]:
    """Every table as a hash made here, of what the driver gives: not by the code that is tested."""
    made = {}
    with database.read() as connection:
        for table in TABLES:
            rows = connection.execute(select(table).order_by(*table.primary_key.columns)).all()
            text = json.dumps([[v if isinstance(v, int | str | None) else v.hex() if isinstance(v, bytes) else str(v) for v in row] for row in rows])
            made[table.name] = sha256(text.encode()).hexdigest()
    return made


def backed_up(engine: Engine, folder: Path, at: str = AT) -> backup.Kept:
    return backup.write(engine.database, TABLES, engine.archive, folder, at)


@pytest.mark.parametrize("same", [True, False], ids=["same kind", "other kind"])
def test_a_backup_comes_back_in_either_database(engine: Engine, empty: Any, tmp_path: Path, same: bool) -> None:
    kept = backed_up(engine, tmp_path / "backups")
    assert kept.blobs == kept.fresh == 5 and not kept.gone and kept.file.name == "edi-bridge-20261122T101500Z.zip"
    kind = engine.database.engine.dialect.name
    target = empty(kind if same else OTHER[kind])
    with backup.open_backup(kept.file) as file:
        made = restoring.restore(target, file, AT, "anna", NEVER, 1000)
    assert made.rows == kept.rows > 40 and made.unfinished == 1
    assert dumped(target) == dumped(engine.database)
    other, mine = picture(target), picture(engine.database)
    assert {name for name in mine if mine[name] != other[name]} == {"outbox", "control_number", "receipt", "queue", "outgoing", "alarm", "audit"}
    fresh = Archive(tmp_path / "fresh")
    assert restoring.bring_blobs(made.contents, Archive(tmp_path / "backups" / "archive"), fresh) == (5, [])
    with target.read() as connection:
        account = auditing.check(connection, fresh)
    assert account.balanced, account.problems
    assert list(standing.problems(target, everything())) == []


def test_what_must_not_be_believed_after_a_restore(engine: Engine, empty: Any, tmp_path: Path) -> None:
    kept = backed_up(engine, tmp_path / "backups")
    with engine.database.read() as connection:
        before = {(scope, kind): last for scope, kind, last, _ in control_number.all_of(connection)}
        waiting = [one.id for one in outbox.due(connection, AT)]
    assert before and waiting
    target = empty(engine.database.engine.dialect.name)
    with backup.open_backup(kept.file) as file:
        made = restoring.restore(target, file, AT, "anna", NEVER, 500)
    with target.read() as connection:
        assert {(scope, kind): last - 500 for scope, kind, last, _ in control_number.all_of(connection)} == before
        assert outbox.due(connection, "2030-01-01T00:00:00Z") == []  # nothing is sent by itself
        assert [one.id for one in outbox.listing(connection, states=["uncertain"])][::-1] == waiting == made.uncertain
        assert sorted(one.subject for one in alarm.listing(connection) if one.kind == "uncertain") == sorted(f"outbox {id}" for id in waiting)
        held = connection.execute(select(ledger().outgoing)).one()
        assert (held.partner, held.became, connection.execute(select(func.count()).select_from(ledger().queue)).scalar()) == ("acorn", "refused", 0)
        assert connection.execute(select(ledger().receipt.c.worker, ledger().receipt.c.held_until).distinct()).all() == [("", "")]
        last = list(audit.entries(connection))[-1]
        assert (last.actor, last.act) == ("anna", "restore") and json.loads(last.details)["ahead"] == 500
        assert audit.verify(connection) == ""
    again = Engine(target, engine.archive, engine.catalog, own=engine.own, strict=True, answers=True)
    (summary,) = again.resume()  # row numbers go on after those that were restored
    assert [dict(one.messages) for one in summary.exchanges] == [{"posted": 1}]


def test_a_backup_is_of_one_moment_while_others_write(engine: Engine, empty: Any, tmp_path: Path) -> None:
    ended = threading.Event()

    def post() -> None:
        number = 100
        while not ended.is_set():
            engine.post_file("x.edi", io.BytesIO(interchange(str(number), order(f"W-{number}"), order(f"V-{number}"))))
            number += 1

    writer = threading.Thread(target=post)
    writer.start()
    try:
        kept = [backed_up(engine, tmp_path / "backups", f"2026-11-22T10:15:{second:02}.000000Z") for second in range(3)]
    finally:
        ended.set()
        writer.join()
    assert sum(one.fresh for one in kept) == kept[-1].blobs >= 5  # each adds only what is new
    target = empty("sqlite")
    with backup.open_backup(kept[1].file) as file:
        restoring.restore(target, file, AT, "anna", NEVER)
    with target.read() as connection:
        account = auditing.check(connection, Archive(tmp_path / "backups" / "archive"))
    assert account.balanced, account.problems


def test_a_damaged_backup_is_refused_and_nothing_is_restored(engine: Engine, empty: Any, tmp_path: Path) -> None:
    kept = backed_up(engine, tmp_path / "backups")
    broken = tmp_path / "broken.zip"
    with zipfile.ZipFile(kept.file) as source, zipfile.ZipFile(broken, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content.replace(b"A-1", b"A-7") if name == "tables/sales_order.jsonl" else content)
    database = empty(engine.database.engine.dialect.name)
    with pytest.raises(TerminalFault, match="damaged: table sales_order"), backup.open_backup(broken) as file:
        restoring.restore(database, file, AT, "anna", NEVER)
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(ledger().receipt)).scalar() == 0
    (tmp_path / "no.zip").write_bytes(b"PK")
    with pytest.raises(ConfigFault, match="no backup"):
        backup.open_backup(tmp_path / "no.zip")


def test_a_backup_whose_noted_head_is_not_that_of_its_rows_is_not_restored(engine: Engine, empty: Any, tmp_path: Path) -> None:
    with engine.database.write() as connection:
        for reason in ("one", "two"):
            audit.write(connection, AT, "anna", "hold", "exchange 1", reason)
    kept, broken = backed_up(engine, tmp_path / "backups"), tmp_path / "broken.zip"
    assert kept.head.startswith("3:")
    with zipfile.ZipFile(kept.file) as source, zipfile.ZipFile(broken, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(kept.head.encode(), f"4:{'0' * 64}".encode()))
    database = empty(engine.database.engine.dialect.name)
    with pytest.raises(TerminalFault, match="has 3 entries, and 4 were noted in the backup's list of contents: its end was cut off"), backup.open_backup(broken) as file:
        restoring.restore(database, file, AT, "anna", NEVER)
    with backup.open_backup(kept.file) as file:
        restoring.restore(database, file, AT, "anna", NEVER)
    with database.read() as connection:
        assert audit.verify(connection, [audit.Head.read(kept.head)]) == ""
        later = audit.Head(5, "f" * 64, "the log of Monday")  # the restore itself is entry 4
        assert "5 were noted in the log of Monday: its end was cut off (entry 4 says that a backup was restored" in audit.verify(connection, [later])


def test_a_store_with_rows_is_not_overwritten(engine: Engine, tmp_path: Path) -> None:
    kept, before = backed_up(engine, tmp_path / "backups"), picture(engine.database)
    with pytest.raises(ConfigFault, match="not empty"), backup.open_backup(kept.file) as file:
        restoring.restore(engine.database, file, AT, "anna", NEVER)
    assert picture(engine.database) == before


def test_bytes_that_the_archive_lost_are_told(engine: Engine, tmp_path: Path) -> None:
    with engine.database.read() as connection:
        lost, altered, *_ = backup.blobs_of(connection)
    engine.archive.remove(lost)
    engine.archive.path(altered).chmod(0o600)
    engine.archive.path(altered).write_bytes(b"other")
    assert backed_up(engine, tmp_path / "backups").gone == [lost, altered]


@pytest.mark.parametrize("way", ["there", "there and back"])
def test_everything_moves_to_the_other_kind_of_database(engine: Engine, empty: Any, way: str) -> None:
    source, kinds = engine.database, [OTHER[engine.database.engine.dialect.name]]
    kinds += [engine.database.engine.dialect.name] if way == "there and back" else []
    before, crm = picture(source), dumped(source)
    for kind in kinds:
        target = empty(kind)
        moving.move(source, target, TABLES, AT, "anna")
        with pytest.raises(ConfigFault, match="moved into another database"):
            upgrade(source)
        source = target
    after = picture(source)
    assert {name for name in before if before[name] != after[name]} == {"audit"} and dumped(source) == crm
    assert list(standing.problems(source, everything())) == []
    again = Engine(source, engine.archive, engine.catalog, own=engine.own, strict=True, answers=True)
    again.resume()
    again.post_file("x.edi", io.BytesIO(interchange("77", order("A-77"), order("A-78"))))  # its row numbers are new ones
    with source.read() as connection:
        account = auditing.check(connection, engine.archive)
        assert audit.verify(connection) == "" and account.balanced, account.problems


def test_a_move_that_was_stopped_before_the_mark_is_finished(engine: Engine, empty: Any) -> None:
    target = empty(OTHER[engine.database.engine.dialect.name])
    upgrade(target)
    with engine.database.read() as old, target.write() as new:
        assert moving._copied(old, new, TABLES, lambda table, rows: None)
    moving.move(engine.database, target, TABLES, AT, "anna")
    with pytest.raises(ConfigFault, match="moved into another"):
        upgrade(engine.database)


def test_a_move_into_a_database_with_other_rows_is_refused(engine: Engine, empty: Any) -> None:
    target = empty("sqlite")
    upgrade(target)
    with target.write() as connection:
        alarm.raise_(connection, "disk", "disk", "full", AT)
    with pytest.raises(ConfigFault, match="not empty"):
        moving.move(engine.database, target, TABLES, AT, "anna")
    assert upgrade(engine.database) is False  # nothing was marked


def test_what_postgresql_cannot_keep_stops_the_move_with_its_place(engine: Engine, empty: Any) -> None:
    if not engine.database.sqlite:
        pytest.skip("only SQLite keeps it")
    with engine.database.write() as connection:
        connection.execute(update(ledger().receipt).where(ledger().receipt.c.id == 2).values(name="a\0b"))
    target = empty("postgresql")
    with pytest.raises(ConfigFault, match="receipt 2, column name"):
        moving.move(engine.database, target, TABLES, AT, "anna")
    with target.read() as connection:
        assert connection.execute(select(func.count()).select_from(ledger().receipt)).scalar() == 0


def test_the_check_finds_what_was_planted(database: Database) -> None:
    assert list(standing.problems(database, everything())) == []
    with database.write() as connection:
        connection.exec_driver_sql("DROP INDEX ix_exchange_state")
        connection.exec_driver_sql("CREATE INDEX mine ON exchange (state)")  # somebody's own: not ours to judge
        connection.exec_driver_sql("ALTER TABLE alarm ADD COLUMN more TEXT")
    try:
        assert sorted(standing.problems(database, everything())) == [
            "table alarm: columns more is not known", "table exchange: indexes ix_exchange_state is missing"]
    finally:
        with database.write() as connection:
            connection.exec_driver_sql("DROP INDEX mine")
            connection.exec_driver_sql("CREATE INDEX ix_exchange_state ON exchange (state)")
            connection.exec_driver_sql("ALTER TABLE alarm DROP COLUMN more")
