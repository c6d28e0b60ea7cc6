"""Workers over one PostgreSQL, as processes of their own: nothing lost, nothing twice, taken over, in order."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dispatch_case import PARTNERS, change, interchange, make_home, order, start_worker, until
from sqlalchemy import func, select

from edi_bridge import dispatch
from edi_bridge.catalog import Catalog
from edi_bridge.crm.dump import dump
from edi_bridge.crm.identity import own_identities
from edi_bridge.crm.tables import tables
from edi_bridge.database import Database, connect, upgrade
from edi_bridge.dispatch.worker import Worker
from edi_bridge.engine import Engine, Incoming
from edi_bridge.fault import ConfigFault
from edi_bridge.store import conservation, waiting
from edi_bridge.store import ledger as receipts
from edi_bridge.store.archive import Archive
from edi_bridge.store.tables import ledger


@pytest.fixture
def url(new_postgres: Callable[[], str]) -> str:
    return new_postgres()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    made = connect(url, patience=5.0)
    upgrade(made)
    dispatch.install(made)
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
