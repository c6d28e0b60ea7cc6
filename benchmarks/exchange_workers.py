"""Workers over one PostgreSQL: what one posts in a second, and how much more two do.

    python -m benchmarks.exchange_workers                one worker, then two, on the same server
    python -m benchmarks.exchange_workers --workers 1    one alone

Everything is real: a PostgreSQL of our own on loopback with durable commits, `edi-bridge worker` as processes, each delivery in the
archive and its job in the transaction of its receipt. The deliveries of four partners become visible in one commit; the time runs
until the ledger has the last one done. The workers have posted some before, so that maps and guides are in their memory.

**What the processor allows.** A worker keeps a core busy, and PostgreSQL works for it on another. What all of them take of the
processor is measured, too, so that a machine with too few cores is not taken for workers that stand in each other's way: where one
worker and its database keep `u` cores busy, no number of workers can be more than cores ÷ `u` times as fast.
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
from dataclasses import dataclass
from functools import partial
from pathlib import Path
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
from edi_bridge.store import ledger as store
from edi_bridge.store.archive import Archive
from edi_bridge.store.tables import ledger
from tests.crash.own_postgres import OwnPostgres

LINES = 40
WARM = 128  # files before the clock runs, for each worker
SENDER = b"9251230000"  # of the generated interchanges, in ISA06 and GS02
PARTNERS = 4
PARTNER = """partner: retail{number}
identities: [{{id: "{id}", qualifier: "08", standard: x12}}]
acknowledge: {{"997": always}}
agreements: [{{message: x12/004010/850}}]
"""
ENDING = 30.0  # seconds
WANTED = 1.6  # times as fast with two workers, where the machine has the cores
SHARE = 0.8  # of what the cores allow, where it has not


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
        time.sleep(0.02)


def _workers(database: Database) -> int:
    with database.read() as connection:
        return workers(connection)


def _left(database: Database) -> int:
    with database.read() as connection:
        return store.count_unfinished(connection)


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


def measured(bench: Bench, server: OwnPostgres, count: int, name: str) -> Round:
    """One round with so many workers, in a home and a database of its own."""
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
                        for number, one in enumerate(singles(bench, bench.files + WARM * count, LINES))]
            with started(home, url, database, count) as running:
                deliver(engine, contents[bench.files:])
                wait(lambda: not _left(database), running, home)
                before = [processor(one.pid) for one in running], _children(server)
                deliver(engine, contents[: bench.files])
                begun = time.perf_counter()
                wait(lambda: not _left(database), running, home)
                wall = time.perf_counter() - begun
                spent = sum(processor(one.pid) for one in running) - sum(before[0])
                served = _children(server) - before[1]
            _proven(database, len(contents))
            return Round(bench.files, wall, spent, served)
        finally:
            database.close()


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


def figures(name: str, bench: Bench) -> Iterator[Figure]:
    """Files of one order each through one worker, and through two."""
    with _server(bench.folder) as server:
        rounds = [(measured(bench, server, 1, f"one{number}"), measured(bench, server, 2, f"two{number}")) for number in range(min(bench.rounds, 3))]
    one, two = (max((pair[which] for pair in rounds), key=lambda round_: round_.speed) for which in (0, 1))
    ratio = sorted(b.speed / a.speed for a, b in rounds)[len(rounds) // 2]
    cores = os.cpu_count() or 1
    allowed = cores / one.cores
    note = (f"{one.files} files of 40 lines, best of {len(rounds)}; ms of the processor each: worker {one.workers / one.files * 1000:.1f},"
            f" PostgreSQL {one.server / one.files * 1000:.1f}")
    yield Figure(name, "one worker over PostgreSQL: files of one order (40 lines) into the CRM and the outbox", one.speed, "files/s", note=note)
    yield Figure(name, "two workers, compared with one", ratio, "×", min(WANTED, SHARE * allowed),
                 note=f"{two.speed:.0f} files/s, median of {len(rounds)}; one and its database keep {one.cores:.1f} of {cores} cores busy, so that"
                      f" {allowed:.1f} × is the most; floor {WANTED}, or {SHARE:.0%} of that")


@contextmanager
def _server(folder: Path) -> Iterator[OwnPostgres]:
    """A PostgreSQL of our own; RuntimeError where none is installed."""
    try:
        server = OwnPostgres(folder)
    except pytest.fail.Exception as missing:
        raise RuntimeError(str(missing)) from None
    with server:
        yield server


def main() -> None:
    """Some rounds, told one by one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exchange_workers", description="Workers over one PostgreSQL.")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(options.folder, files=options.count)
    with _server(options.folder) as server:
        for number in range(options.rounds):
            for count in sorted({1, options.workers}):
                one = measured(bench, server, count, f"w{count}r{number}")
                print(f"{count} worker{'s' * (count > 1)}: {one.speed:.0f} files/s; ms of the processor each: workers {one.workers / one.files * 1000:.1f},"
                      f" PostgreSQL {one.server / one.files * 1000:.1f}; {one.cores:.2f} cores busy", flush=True)


if __name__ == "__main__":
    main()
