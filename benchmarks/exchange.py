"""The exchange as it runs: files in a folder, fetched, posted to the CRM, answered, and the answers laid into a folder.

    python -m benchmarks.exchange small                 one round with where its time goes
    python -m benchmarks.exchange small --profile FILE  with a profile (cProfile)

Everything is what the daemon uses, in one thread and with full durability: `Fetching` over a directory channel, groups of receipts
that share their commits (`Engine.process`), acknowledgements in the outbox, `Sending` over a directory channel. What each round has
made is counted: files gone from the inbox, orders in the CRM, answers that another library can read.
"""

from __future__ import annotations

import argparse
import cProfile
import importlib
import os
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from benchmarks import generate, goods
from benchmarks.bench import SEED, Bench, Figure
from edi_bridge.catalog import Catalog
from edi_bridge.channel import Channel
from edi_bridge.clock import Clock
from edi_bridge.crm.identity import own_identities
from edi_bridge.crm.tables import tables
from edi_bridge.database import Database, connect, upgrade
from edi_bridge.engine import Engine
from edi_bridge.engine.fetching import Fetching
from edi_bridge.engine.sending import Sending, groups
from edi_bridge.secret import Secrets
from edi_bridge.store import outbox
from edi_bridge.store.archive import Archive
from edi_bridge.store.ledger import Receipt
from edi_bridge.store.tables import ledger
from edi_bridge.transport import open_transport
from edi_bridge.transport.contract import Transport

TOGETHER = 64  # receipts that share their commits, as in the daemon
OWN = """own: seller
identities:
  - {{id: "{seller}", qualifier: "14", standard: edifact}}
  - {{id: "123456789", qualifier: "01", standard: x12}}
parties:
  - {{scheme: gln, value: "{seller}"}}
  - {{scheme: gln, value: "{american}"}}
"""
PARTNER = """partner: retail
identities:
  - {{id: "{buyer}", qualifier: "14", standard: edifact}}
  - {{id: "9251230000", qualifier: "08", standard: x12}}
acknowledge: {{contrl: always, "997": always}}
send: folder
agreements:
  - {{message: x12/004010/850}}
  - {{message: edifact/D96A/ORDERS}}
channels:
  folder: {{kind: directory, get: {folder}/in, put: {folder}/out, settle: 0s, after: delete}}
"""


@dataclass(slots=True)
class Spent:
    """Seconds of the wall and of the processor, by what they were spent on."""

    wall: dict[str, float] = field(default_factory=dict)
    processor: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        """Count what the block takes."""
        wall, processor = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.wall[what] = self.wall.get(what, 0.0) + time.perf_counter() - wall
            self.processor[what] = self.processor.get(what, 0.0) + time.process_time() - processor


@dataclass(frozen=True, slots=True)
class Home:
    """A home with one partner, whose channel is a folder."""

    folder: Path
    database: Database
    engine: Engine
    fetching: Fetching
    sending: Sending
    channel: Channel
    transport: Transport

    def process(self, group: Sequence[tuple[Receipt, bool]], spent: Spent) -> int:
        """Post receipts that share their commits; how many messages were posted."""
        with spent.on("post"):
            return sum(exchange.messages.get("posted", 0) for summary in self.engine.process(group) if summary is not None
                       for exchange in summary.exchanges)

    def fetch_and_post(self, spent: Spent) -> int:
        """Everything that waits in the inbox; how many messages were posted."""
        waiting: list[tuple[Receipt, bool]] = []
        posted = 0
        polling = self.fetching.poll(self.channel, self.transport)
        while True:
            with spent.on("fetch"):
                taken = next(polling, None)
            if taken is None:
                break
            waiting += taken
            while len(waiting) >= TOGETHER:
                posted += self.process(waiting[:TOGETHER], spent)
                del waiting[:TOGETHER]
        return posted + self.process(waiting, spent) if waiting else posted

    def send(self, spent: Spent) -> int:
        """All that waits in the outbox; how many went out."""
        sent = 0
        with spent.on("send"):
            while True:
                with self.database.read() as connection:
                    entries = outbox.due(connection, self.engine.now(), 500)
                if not entries:
                    return sent
                for group in groups(entries, self.transport):
                    became = self.sending.send_together(group, self.transport, self.channel)
                    sent += sum(one.value == "sent" for one in became)

    def proven(self, orders: int, answers: int) -> None:
        """RuntimeError unless the inbox is empty, the CRM has the orders and the outgoing folder the answers."""
        left = [entry.name for entry in os.scandir(self.folder / "in") if entry.is_file()]
        with self.database.read() as connection:
            posted = connection.execute(select(func.count()).select_from(tables().sales_order)).scalar_one()
            done = connection.execute(select(func.count()).select_from(ledger().receipt).where(ledger().receipt.c.state == "done")).scalar_one()
        out = list((self.folder / "out").iterdir())
        if left or posted != orders or len(out) != answers or done != answers:
            raise RuntimeError(f"{len(left)} files left, {posted} of {orders} orders in the CRM, {done} receipts done, {len(out)} of {answers} answers")
        if not all(one.read_bytes()[:3] in (b"ISA", b"UNA", b"UNB") for one in out):
            raise RuntimeError("an answer is no interchange")


@contextmanager
def home(folder: Path) -> Iterator[Home]:
    """A fresh home below `folder`, gone afterwards."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        place = Path(made)
        for name in ("partners", "in", "out"):
            (place / name).mkdir()
        market, american = goods.market(SEED), goods.market(SEED, american=True)
        (place / "partners" / "_own.yaml").write_text(OWN.format(seller=market.seller.gln, american=american.seller.gln))
        (place / "partners" / "retail.yaml").write_text(PARTNER.format(buyer=market.buyers[0].gln, folder=place))
        database = connect(place / "edi-bridge.sqlite")
        upgrade(database)
        catalog, archive, clock = Catalog(place, check_receiver=True), Archive(place / "archive"), Clock()
        engine = Engine(database, archive, catalog, own=own_identities(catalog.own.parties), strict=True, answers=True, clock=clock,
                        versions=catalog.versions())
        channel = catalog.channels["retail.folder"]
        transport = open_transport(channel, Secrets(place / "secrets", {}), lambda point: None)
        try:
            yield Home(place, database, engine, Fetching(engine, database), Sending(database, archive, catalog, clock), channel, transport)
        finally:
            transport.close()
            database.close()


def singles(bench: Bench, count: int, lines: int) -> Iterator[bytes]:
    """850s of one order each, every one in an interchange of its own with numbers of its own."""
    text = bench.bytes("x12_850", messages=count, lines=lines).decode("latin-1")
    before, *bodies = text[:text.index("~GE*") + 1].split("~ST*")
    isa, gs = before.split("~")
    for number, body in enumerate(bodies, 1):
        head, control = isa.split("*"), f"{number:09d}"
        head[13] = control
        group = gs.split("*")
        group[6] = str(number)
        yield f"{'*'.join(head)}~{'*'.join(group)}~ST*{body.rstrip('~')}~GE*1*{number}~IEA*1*{control}~".encode("latin-1")


def small(bench: Bench, made: Home, lines: int) -> tuple[Spent, int]:
    """Files of one order each through everything; what it took, and how many. The first one, which loads the maps, is not counted."""
    first, *contents = singles(bench, bench.files + 1, lines)
    _warm(made, first)
    for number, content in enumerate(contents):
        (made.folder / "in" / f"order-{number:06d}.edi").write_bytes(content)
    spent = Spent()
    posted = made.fetch_and_post(spent)
    sent = made.send(spent)
    made.proven(posted + 1, sent + 1)
    if posted != len(contents) or sent != len(contents):
        raise RuntimeError(f"{posted} posted and {sent} answered of {len(contents)} files")
    return spent, len(contents)


def _warm(made: Home, content: bytes) -> None:
    """One file through everything: a daemon has its maps and guides in memory."""
    (made.folder / "in" / "first.edi").write_bytes(content)
    if (made.fetch_and_post(Spent()), made.send(Spent())) != (1, 1):
        raise RuntimeError("the first file was not posted and answered")


def large(bench: Bench, made: Home) -> tuple[Spent, int]:
    """An interchange of many orders of 40 lines; what it took, and how many orders."""
    _warm(made, b"".join(generate.orders_d96a(1, 40, SEED)).replace(b"4500000001", b"4400000000").replace(b"+000001", b"+000009"))
    os.link(bench.file("orders_d96a", messages=bench.orders), made.folder / "in" / "orders.edi")
    spent = Spent()
    posted = made.fetch_and_post(spent)
    made.proven(posted + 1, made.send(spent) + 1)
    if posted != bench.orders:
        raise RuntimeError(f"{posted} of {bench.orders} orders were posted")
    return spent, posted


def exchange(name: str, bench: Bench) -> Iterator[Figure]:
    """Folder → archive → ledger and CRM → answer → folder, in one thread, every commit durable."""
    rounds = min(bench.rounds, 3)
    for title, lines, floor, aim in (("files of one order (5 lines)", 5, 150, 300), ("files of one order (40 lines)", 40, 150, 300),
                                     ("an interchange of orders of 40 lines", 0, 300, 700)):
        best: tuple[float, float, Spent, int] | None = None
        for _ in range(rounds):
            with home(bench.folder) as made:
                spent, count = small(bench, made, lines) if lines else large(bench, made)
            wall = sum(spent.wall.values())
            if best is None or wall < best[0]:
                best = (wall, sum(spent.processor.values()), spent, count)
        assert best is not None
        wall, processor, spent, count = best
        parts = ", ".join(f"{what} {seconds / count * 1000:.1f}" for what, seconds in spent.wall.items())
        unit = "files/s" if lines else "orders/s"
        note = f"{count}, best of {rounds}; ms each: {parts}; processor {processor / count * 1000:.1f}"
        yield Figure(name, f"folder → CRM → answer → folder: {title}", count / wall, unit, floor, aim, note=note)


def whole(name: str, bench: Bench) -> Iterator[Figure]:
    """The exchange in one thread, workers over PostgreSQL, and the daemon with nothing to do."""
    yield from exchange(name, bench)
    for module, missing in (("exchange_workers", "two workers over PostgreSQL, compared with one"), ("exchange_idle", "the daemon with nothing to do")):
        try:
            yield from importlib.import_module(f"benchmarks.{module}").figures(name, bench)
        except (ImportError, RuntimeError) as error:
            yield Figure(name, missing, None, note=str(error))


def main() -> None:
    """One round, told in parts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exchange", description="One round of the exchange.")
    parser.add_argument("kind", choices=["small", "large"])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--lines", type=int, default=40)
    parser.add_argument("--profile", type=Path, metavar="FILE")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(options.folder, files=options.count, orders=options.count)
    profile = cProfile.Profile() if options.profile else None
    with home(options.folder) as made:
        if profile:
            profile.enable()
        spent, count = small(bench, made, options.lines) if options.kind == "small" else large(bench, made)
        if profile:
            profile.disable()
            profile.dump_stats(options.profile)
    for what in spent.wall:
        print(f"{what:6} {spent.wall[what] / count * 1000:7.2f} ms each, of the processor {spent.processor[what] / count * 1000:7.2f}")
    wall, processor = sum(spent.wall.values()), sum(spent.processor.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(f"{count} in {wall:.2f} s: {count / wall:.0f}/s; {count / processor:.0f}/s of the processor; most memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
