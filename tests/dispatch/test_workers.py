"""Workers over one PostgreSQL, as processes of their own: nothing lost, nothing twice, taken over, in order."""

from __future__ import annotations

import io
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from dispatch_case import HANGS, PARTNERS, change, interchange, make_home, order, start_worker, until
from sqlalchemy import func, select

from edi_bridge import dispatch
from edi_bridge.catalog import Catalog
from edi_bridge.crm.dump import dump
from edi_bridge.crm.identity import own_identities
from edi_bridge.crm.tables import tables
from edi_bridge.database import Database, connect, upgrade
from edi_bridge.dispatch import lease, worker
from edi_bridge.dispatch.worker import Worker
from edi_bridge.engine import Engine, Incoming
from edi_bridge.fault import ConfigFault
from edi_bridge.store import conservation, waiting
from edi_bridge.store import ledger as receipts
from edi_bridge.store.archive import Archive
from edi_bridge.store.tables import ledger


@pytest.fixture(scope="module")
def prepared(postgres_server: str) -> str:
    """A database with the ledger's tables and those of the jobs, to be copied."""
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE prepared TEMPLATE template0")
    made = connect(f"{postgres_server}/prepared")
    upgrade(made)
    dispatch.install(made)
    made.close()
    return "prepared"


@pytest.fixture
def url(postgres_server: str, prepared: str) -> str:
    name = f"t{uuid4().hex}"
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{prepared}" STRATEGY file_copy')
    return f"{postgres_server}/{name}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    made = connect(url, patience=HANGS)
    yield made
    made.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path / "home")


@pytest.fixture
def engine(database: Database, home: Path) -> Engine:
    catalog = Catalog(home, check_receiver=True)
    return Engine(database, Archive(home / "archive"), catalog, own=own_identities(catalog.own.parties), strict=True, answers=True,
                  several=True, received=dispatch.defer)


@pytest.fixture
def workers() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for one in started:
        if one.poll() is None:
            one.kill()
        one.wait(10)


def receive(engine: Engine, *contents: bytes, partner: str = "") -> list[int]:
    taken = engine.receive([Incoming(engine.archive.put(io.BytesIO(one)), "x.edi", partner=partner) for one in contents])
    return [receipt.id for receipt, _ in taken]


def count(database: Database, table: Any, *where: Any) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one())


def jobs(database: Database, status: str = "todo") -> list[str]:
    with database.read() as connection:
        return list(connection.exec_driver_sql("SELECT queueing_lock FROM procrastinate_jobs WHERE status::text = %s ORDER BY id", (status,)).scalars())


def through(database: Database) -> bool:
    with database.read() as connection:
        return not receipts.count_unfinished(connection)


def balanced(engine: Engine) -> conservation.Account:
    with engine.database.read() as connection:
        account = conservation.check(connection, engine.archive)
    assert account.balanced, account.problems
    return account


def test_commit_1_and_its_job_are_one_transaction(engine: Engine, database: Database) -> None:
    ids = receive(engine, interchange("1", order("A-1")), interchange("2", order("A-2")))
    assert jobs(database) == [f"receipt {id}" for id in ids]
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        receipts.set_receipt(connection, ids[0], "done")
        with pytest.raises(ValueError):
            raise ValueError
        dispatch.defer(connection, ids)
        raise ZeroDivisionError
    assert jobs(database) == [f"receipt {id}" for id in ids]
    with database.write() as connection:
        assert dispatch.defer(connection, ids) == 0  # they have theirs


def test_a_worker_posts_answers_and_leaves_no_job(engine: Engine, database: Database) -> None:
    receive(engine, *(interchange(str(n), order(f"A-{n}")) for n in range(1, 6)))
    worker = Worker(database, lambda: engine)
    worker.run(once=True)
    assert worker.posted == 5 and through(database) and jobs(database) == jobs(database, "doing") == []
    assert count(database, tables().sales_order) == 5
    assert count(database, ledger().outbox, ledger().outbox.c.kind == "answer") == 5
    assert count(database, ledger().receipt, ledger().receipt.c.held_until != "") == 0
    assert balanced(engine).messages == {"posted": 5}


def test_what_a_killed_worker_had_in_hand_is_taken_over_within_30_seconds(
    engine: Engine, database: Database, home: Path, url: str, workers: list[subprocess.Popen[bytes]]
) -> None:
    ids = receive(engine, *(interchange(str(n), order(f"A-{n}")) for n in range(1, 21)))
    pause = home / "go"
    workers.append(start_worker(home, url, EDI_BRIDGE_PAUSE_AT="closing_begun", EDI_BRIDGE_PAUSE_FILE=str(pause)))
    held = ledger().receipt.c.worker
    until(lambda: count(database, ledger().receipt, held != "") == 20 and count(database, ledger().message) > 0)
    workers.append(start_worker(home, url))
    time.sleep(7)  # the first renews its lease: the second gets nothing
    assert count(database, ledger().receipt, ledger().receipt.c.starts == 1) == 20 and not through(database)
    workers[0].send_signal(signal.SIGKILL)
    left = (ledger().receipt.c.starts == 1, ledger().receipt.c.state.in_(("received", "scanned")))
    assert until(lambda: not count(database, ledger().receipt, *left), 30) > 1  # somebody else has begun with each
    until(lambda: through(database))
    assert count(database, tables().sales_order) == 20 and balanced(engine).messages == {"posted": 20}
    outbox = ledger().outbox.c
    with database.read() as connection:
        answers = connection.execute(select(outbox.exchange_id, outbox.control)).all()
    assert len(answers) == len({one.exchange_id for one in answers}) == len({one.control for one in answers}) == len(ids)


def test_a_worker_that_is_told_to_end_gives_back_what_it_has(
    engine: Engine, database: Database, home: Path, url: str, workers: list[subprocess.Popen[bytes]]
) -> None:
    (big,) = receive(engine, interchange("1", *(order(f"A-{n}", lines=200) for n in range(1, 250))))
    workers.append(start_worker(home, url))
    until(lambda: count(database, ledger().message) > 0)
    begun = time.monotonic()
    workers[0].send_signal(signal.SIGTERM)
    assert workers[0].wait(HANGS) == 0 and time.monotonic() - begun < 30
    assert count(database, ledger().receipt, ledger().receipt.c.held_until != "") == 0
    assert count(database, ledger().receipt, ledger().receipt.c.starts == 0) == 1  # an end in order does not count against it
    assert jobs(database) == [f"receipt {big}"]
    Worker(database, lambda: engine).run(once=True)
    assert count(database, tables().sales_order) == 249 and balanced(engine).messages == {"posted": 249}


def test_small_deliveries_pass_a_large_one(engine: Engine, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "TURN", 0.1)
    large = interchange("1", *(order(f"A-{n}", lines=200) for n in range(1, 200)), sender=PARTNERS["birch"])
    assert len(large) > lease.SMALL
    receive(engine, large)
    receive(engine, interchange("2", order("B-1")))
    seen: list[tuple[int, int]] = []  # (receipt, messages that were posted by then)
    Worker(database, lambda: engine, lambda summary: seen.append((summary.id, count(database, ledger().message)))).run(once=True)
    assert seen[0][1] < 200 == seen[1][1]


def test_a_file_that_stops_two_workers_is_put_aside_and_its_neighbours_are_posted(
    engine: Engine, database: Database, home: Path, url: str, workers: list[subprocess.Popen[bytes]]
) -> None:
    ids = receive(engine, interchange("1", order("A-1")), interchange("2", order("A-2")))
    with database.write() as connection:  # it stopped two already
        connection.execute(ledger().receipt.update().where(ledger().receipt.c.id == ids[0]).values(starts=2))
    Worker(database, lambda: engine).run(once=True)
    with database.read() as connection:
        states = {one.id: one.state for one in receipts.by_ids(connection, ids)}
    assert states == {ids[0]: "quarantined", ids[1]: "done"}


def test_what_has_no_job_is_found_by_the_sweep(engine: Engine, database: Database) -> None:
    receive(engine, interchange("1", order("A-1")))
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM procrastinate_jobs")
        assert dispatch.sweep(connection, engine.now()) == 1
        assert dispatch.sweep(connection, engine.now()) == 0


def test_only_one_worker_gets_a_receipt(engine: Engine, database: Database) -> None:
    (first, second) = receive(engine, interchange("1", order("A-1")), interchange("2", order("A-2")))
    with database.write() as connection:
        assert [one.id for one in dispatch.claim(connection, "one", first)] == [first, second]
        with database.write() as other:
            assert dispatch.claim(other, "two", first) == [] == dispatch.claim(other, "two")
    with database.write() as connection:
        assert dispatch.claim(connection, "two", second) == []
        assert dispatch.renew(connection, "two", [first]) == set() and dispatch.renew(connection, "one", [first]) == {first}
        dispatch.give_back(connection, "one", [first])
        assert [one.id for one in dispatch.claim(connection, "two", first)] == [first]


def test_partners_take_turns(engine: Engine, database: Database) -> None:
    many = receive(engine, *(interchange(str(n), order(f"A-{n}")) for n in range(1, 101)), partner="acorn")
    (other,) = receive(engine, interchange("1", order("B-1"), sender=PARTNERS["birch"]), partner="birch")
    with database.write() as connection:
        assert other in [one.id for one in dispatch.claim(connection, "one", many[0])]


def quantity(database: Database) -> list[str]:
    t = tables().order_line.c
    with database.read() as connection:
        return [str(one) for one in connection.execute(select(t.quantity)).scalars()]


def test_changes_of_one_order_keep_their_order_whoever_is_faster(engine: Engine, database: Database) -> None:
    first = receive(engine, interchange("1", order("A-1")))
    Worker(database, lambda: engine).run(once=True)
    earlier, later, stranger = receive(engine, interchange("2", change("A-1", "C-1", 20)), interchange("3", change("A-1", "C-2", 30)),
                                       interchange("4", order("A-2", 7)))
    with database.write() as connection:  # another worker has the earlier change in hand, and is slow
        connection.exec_driver_sql("UPDATE receipt SET worker = 'slow', held_until = '9999' WHERE id = %s", (earlier,))
    Worker(database, lambda: engine).run(once=True)
    with database.read() as connection:
        assert [one.key for one in waiting.listing(connection)] == [f"receipt {earlier}"]
    assert quantity(database) == ["12", "7"]  # the later change waits, the other order has passed
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE receipt SET worker = '', held_until = '' WHERE id = %s", (earlier,))
    for _ in range(2):  # the change that waited is found by the sweep
        Worker(database, lambda: engine).run(once=True)
    assert sorted(quantity(database)) == ["30", "7"] and through(database) and balanced(engine).messages == {"posted": 4}
    assert first and later and stranger


def test_two_workers_end_where_one_daemon_ends(
    engine: Engine, database: Database, home: Path, url: str, workers: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    content = [interchange(f"{n}", order(f"A-{n}"), change(f"A-{n - 1}", f"C-{n}", n) if n > 1 else order("A-0")) for n in range(1, 61)]
    alone = connect(tmp_path / "alone.sqlite")
    upgrade(alone)
    single = Engine(alone, Archive(tmp_path / "alone"), engine.catalog, own=engine.own, strict=True, answers=True)
    for _ in single.process(single.receive([Incoming(single.archive.put(io.BytesIO(one)), "x.edi") for one in content])):
        pass
    single.resume()
    for start in range(0, 60, 10):
        receive(engine, *content[start: start + 10])
    workers += [start_worker(home, url), start_worker(home, url)]
    until(lambda: through(database))
    with database.read() as connection, alone.read() as other:
        assert list(dump(connection)) == list(dump(other))
    assert balanced(engine).messages == {"posted": 120}
    alone.close()


def test_sqlite_and_foreign_versions_are_refused(database: Database, tmp_path: Path) -> None:
    small = connect(tmp_path / "a.sqlite")
    upgrade(small)
    with pytest.raises(ConfigFault, match="need PostgreSQL"):
        dispatch.install(small)
    small.close()
    assert dispatch.install(database) is False
    with database.write() as connection:
        connection.exec_driver_sql("COMMENT ON TABLE procrastinate_jobs IS 'procrastinate 2.0.0'")
    with pytest.raises(ConfigFault, match="are of 2.0.0"):
        dispatch.install(database)
