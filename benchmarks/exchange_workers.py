"""Workers over one PostgreSQL: what one posts in a second, and how much more two do.

    python -m benchmarks.exchange_workers                one worker, two over one database, and two that share nothing
    python -m benchmarks.exchange_workers --workers 3    three

Everything is real: a PostgreSQL of our own on loopback with durable commits, `edi-bridge worker` as processes, each delivery in the
archive and its job in the transaction of its receipt. The deliveries of four partners become visible in one commit; the time runs
until the ledger has the last one done, which is asked 20 times a second: more often would take the workers' processors. The workers
have posted some before, so that maps and guides are in their memory, and a round takes some seconds: the orders come from 8 customers
with 60 places each, and in its first second nearly every order puts one on file.

**What the machine allows.** Two processors of a virtual machine are seldom twice one: they share a core, its caches, the host. So two
workers with a server, a database and a home each, which share nothing, run in the same round: they cannot stand in each other's
way, and what they are faster than one is what the machine gives. All three begin on a signal, when everything is delivered.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import BinaryIO

import pytest
from sqlalchemy import func, select

from benchmarks import goods
from benchmarks.bench import SEED, Bench, Figure
from benchmarks.exchange import OWN, singles
from benchmarks.exchange_idle import processor
from edi_bridge.catalog import Catalog
from edi_bridge.clock import Clock
from edi_bridge.crm.identity import own_identities
from edi_bridge.crm.tables import tables
from edi_bridge.database import Database, connect, upgrade
from edi_bridge.dispatch import install, workers
from edi_bridge.dispatch.jobs import defer
from edi_bridge.engine import Engine, Incoming
from edi_bridge.store.archive import Archive
from edi_bridge.store.tables import ledger
from tests.crash.own_postgres import OwnPostgres

LINES = 40
WARM = 128  # files before the clock runs, for each worker
FILES = 4000  # that are timed
ASKED = 0.05  # seconds between two looks whether all are posted
SENDER = b"9251230000"  # of the generated interchanges, in ISA06 and GS02
PARTNERS = 4
PARTNER = """partner: retail{number}
identities: [{{id: "{id}", qualifier: "08", standard: x12}}]
acknowledge: {{"997": always}}
agreements: [{{message: x12/004010/850}}]
"""
ENDING = 30.0  # seconds
WANTED = 1.6  # times as fast with two workers, where the machine has the cores
SHARE = 0.9  # of what two that share nothing are, where it has not


@dataclass(frozen=True, slots=True)
class Round:
    """Files, seconds of the wall, and seconds of the processor that the workers and PostgreSQL took."""

    files: int
    wall: float
    workers: float
    server: float

    @property
    def speed(self) -> float:
        """Files a second."""
        return self.files / self.wall

    @property
    def cores(self) -> float:
        """How many were busy."""
        return (self.workers + self.server) / self.wall


def sender(number: int) -> bytes:
    """The address of a partner."""
    return SENDER[:-1] + b"%d" % (number + 1)


def make_home(folder: Path) -> Path:
    """A home with the partners."""
    (folder / "partners").mkdir(parents=True)
    market, american = goods.market(SEED), goods.market(SEED, american=True)
    (folder / "partners" / "_own.yaml").write_text(OWN.format(seller=market.seller.gln, american=american.seller.gln))
    for number in range(PARTNERS):
        (folder / "partners" / f"retail{number}.yaml").write_text(PARTNER.format(number=number, id=sender(number).decode()))
    return folder


@contextmanager
def started(home: Path, url: str, database: Database, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many workers, ready for jobs; ended in order afterwards."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("EDI_BRIDGE_")}
    command = [sys.executable, "-m", "edi_bridge.cli", "worker", "--home", str(home), "--database", url]
    with ExitStack() as ends, (home / "workers.log").open("ab") as log:
        made = []
        for _ in range(count):
            one = subprocess.Popen(command, stdout=log, stderr=log, env={**environ, "PYTHONPATH": str(Path(__file__).parent.parent)})
            ends.callback(one.wait, ENDING)
            ends.callback(one.send_signal, signal.SIGTERM)
            made.append(one)
        wait(lambda: _workers(database) == count, made, home)
        yield made


def wait(true: Callable[[], bool], running: Sequence[subprocess.Popen[bytes]], home: Path) -> None:
    """Until something is so; RuntimeError when a worker has ended."""
    while not true():
        if any(one.poll() is not None for one in running):
            raise RuntimeError(f"a worker ended: {(home / 'workers.log').read_text()[-300:]}")
        time.sleep(ASKED)


def _workers(database: Database) -> int:
    with database.read() as connection:
        return workers(connection)


def _into(content: bytes, into: BinaryIO) -> None:
    into.write(content)


def deliver(engine: Engine, contents: Sequence[bytes]) -> None:
    """All of them in the archive, then their receipts and jobs in one commit."""
    incoming = []
    with engine.archive.gathering() as gathering:
        for number, content in enumerate(contents):
            incoming.append(Incoming(gathering.receive(partial(_into, content)), f"order-{number}.edi"))
        gathering.keep()
    engine.receive(incoming)


@dataclass(frozen=True, slots=True)
class World:
    """A database with its home, the workers over it, and what is delivered to it."""

    server: OwnPostgres
    url: str
    database: Database
    home: Path
    engine: Engine
    warming: list[bytes]
    contents: list[bytes]
    running: list[subprocess.Popen[bytes]]

    def wait(self) -> None:
        """Until nothing is left to be posted. One plain connection asks: it is to cost nothing."""
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as plain:
            wait(lambda: plain.execute("SELECT FROM receipt WHERE state IN ('received', 'scanned') LIMIT 1").fetchone() is None,
                 self.running, self.home)


@contextmanager
def world(bench: Bench, server: OwnPostgres, count: int, name: str, files: int) -> Iterator[World]:
    """A database on this server, with so many workers that wait for jobs."""
    import psycopg

    with psycopg.connect(server.url, autocommit=True) as plain:
        plain.execute(f'CREATE DATABASE "{name}"')
    url = f"{server.url.rpartition('/')[0]}/{name}"
    with tempfile.TemporaryDirectory(dir=bench.folder) as made:
        home, database = make_home(Path(made) / "home"), connect(url)
        try:
            upgrade(database)
            install(database)
            catalog = Catalog(home, check_receiver=True)
            engine = Engine(database, Archive(home / "archive"), catalog, own=own_identities(catalog.own.parties), strict=True, answers=True,
                            clock=Clock(), several=True, received=defer)
            contents = [one.replace(SENDER, sender(number % PARTNERS))
                        for number, one in enumerate(singles(bench, files + WARM * count, LINES))]
            with started(home, url, database, count) as running:
                yield World(server, url, database, home, engine, contents[files:], contents[:files], running)
            _proven(database, len(contents))
        finally:
            database.close()


def measured(bench: Bench, servers: Sequence[OwnPostgres], count: int, name: str) -> Round:
    """One round: on each server a database, a home and so many workers of their own, and all files shared out among them."""
    with ExitStack() as ends:
        worlds = [ends.enter_context(world(bench, one, count, name, bench.files // len(servers))) for one in servers]
        for one in worlds:
            deliver(one.engine, one.warming)
        for one in worlds:
            one.wait()
        with halted(worlds):
            for one in worlds:
                deliver(one.engine, one.contents)
            before = _spent(worlds)
        begun = time.perf_counter()
        for one in worlds:
            one.wait()
        wall = time.perf_counter() - begun
        after = _spent(worlds)
        return Round(sum(len(one.contents) for one in worlds), wall, after[0] - before[0], after[1] - before[1])


@contextmanager
def halted(worlds: Sequence[World]) -> Iterator[None]:
    """The workers stand still, so that all of them begin at once."""
    running = [one for world in worlds for one in world.running]
    for one in running:
        one.send_signal(signal.SIGSTOP)
    yield
    for one in running:
        one.send_signal(signal.SIGCONT)


def _spent(worlds: Sequence[World]) -> tuple[float, float]:
    """Seconds of the processor that the workers and their databases have taken until now."""
    return (sum(processor(one.pid) for world in worlds for one in world.running), sum(_children(world.server) for world in worlds))


def _proven(database: Database, files: int) -> None:
    """RuntimeError unless each file has its order in the CRM and its answer in the outbox."""
    with database.read() as connection:
        orders, answers, done = (connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (
            tables().sales_order, ledger().outbox, ledger().receipt.select().where(ledger().receipt.c.state == "done").subquery()))
    if (orders, answers, done) != (files, files, files):
        raise RuntimeError(f"{orders} orders, {answers} answers, {done} receipts done of {files} files")


def _children(server: OwnPostgres) -> float:
    """The same of PostgreSQL: what it is, what serves connections now, and what did and has ended (cutime and cstime)."""
    assert server.process is not None
    main = server.process.pid
    own = Path(f"/proc/{main}/stat").read_text().rpartition(")")[2].split()
    total = processor(main) + (int(own[13]) + int(own[14])) / os.sysconf("SC_CLK_TCK")
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if int((place / "stat").read_text().rpartition(")")[2].split()[1]) == main:
                total += processor(int(place.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


def rounds(bench: Bench, count: int, repeat: int) -> Iterator[tuple[Round, Round, Round]]:
    """One worker, so many over one database, and so many that share nothing: each round on servers of its own."""
    with ExitStack() as ends:
        servers = [ends.enter_context(_server(bench.folder)) for _ in range(count)]
        for number in range(repeat):
            yield (measured(bench, servers[:1], 1, f"one{number}"), measured(bench, servers[:1], count, f"shared{number}"),
                   measured(bench, servers, 1, f"apart{number}"))


def figures(name: str, bench: Bench) -> Iterator[Figure]:
    """Files of one order each through one worker, and through two."""
    done = list(rounds(replace(bench, files=max(bench.files, FILES)), 2, bench.rounds))
    one, two = (max((each[which] for each in done), key=lambda round_: round_.speed) for which in (0, 1))
    ratio, apart = (median(each[which].speed / each[0].speed for each in done) for which in (1, 2))
    note = (f"{one.files} files of 40 lines, best of {len(done)}; ms of the processor each: worker {one.workers / one.files * 1000:.1f},"
            f" PostgreSQL {one.server / one.files * 1000:.1f}")
    yield Figure(name, "one worker over PostgreSQL: files of one order (40 lines) into the CRM and the outbox", one.speed, "files/s", note=note)
    yield Figure(name, "two workers, compared with one", ratio, "×", min(WANTED, SHARE * apart),
                 note=f"{two.speed:.0f} files/s, median of {len(done)}; two that share nothing, each with a server of its own, are {apart:.2f} × on"
                      f" these {os.cpu_count() or 1} cores: that is what the machine gives; floor {WANTED}, or {SHARE:.0%} of that")


@contextmanager
def _server(folder: Path) -> Iterator[OwnPostgres]:
    """A PostgreSQL of our own; RuntimeError where none is installed.

    Its autovacuum is off: a round is over before it would look at a database again, and what it finds in one that is seconds old,
    a hundred rows, makes plans for a hundred rows, which hold until the next look (a minute).
    """
    import psycopg

    try:
        server = OwnPostgres(folder)
    except pytest.fail.Exception as missing:
        raise RuntimeError(str(missing)) from None
    with server:
        with psycopg.connect(server.url, autocommit=True) as plain:
            plain.execute("ALTER SYSTEM SET autovacuum = off")
            plain.execute("SELECT pg_reload_conf()")
        yield server


def main() -> None:
    """Some rounds, told one by one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exchange_workers", description="Workers over one PostgreSQL.")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--count", type=int, default=FILES)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    names = ("one worker", f"{options.workers} workers over one database", f"{options.workers} workers that share nothing")
    ratios: list[tuple[float, float]] = []
    for each in rounds(Bench(options.folder, files=options.count), options.workers, options.rounds):
        for what, one in zip(names, each, strict=True):
            print(f"{what}: {one.speed:.0f} files/s; ms of the processor each: workers {one.workers / one.files * 1000:.1f},"
                  f" PostgreSQL {one.server / one.files * 1000:.1f}; {one.cores:.2f} cores busy", flush=True)
        ratios.append((each[1].speed / each[0].speed, each[2].speed / each[0].speed))
    shared, apart = (median(pair[which] for pair in ratios) for which in (0, 1))
    print(f"median of {len(ratios)}: {shared:.2f} × one over one database, {apart:.2f} × where they share nothing")


if __name__ == "__main__":
    main()
