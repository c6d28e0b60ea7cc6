"""The figures: what is run, against which peer, and which floor and aim the project has set itself.

Each function yields `Figure`s. What cannot run here (a library is missing, a map is not there) yields one that says so.
"""

from __future__ import annotations

import importlib
import io
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import generate, goods, lookups
from benchmarks.bench import SEED, Bench, Figure, Unguided, write
from benchmarks.exchange import whole
from benchmarks.measure import Times, Work, fsyncs, in_turns, process
from edi_bridge import outbound, pipeline, syntax
from edi_bridge.catalog import Catalog
from edi_bridge.crm.identity import own_identities
from edi_bridge.database import connect, upgrade
from edi_bridge.engine import Engine
from edi_bridge.finding import Verdict
from edi_bridge.interchange import Address, MessageType
from edi_bridge.store.archive import Archive

BASE_MEMORY = 150.0  # MB, plus ten times the largest message


def read_alone(content: bytes) -> Work:
    """Our reading: envelopes checked, every segment split."""
    def run() -> None:
        for interchange in syntax.read(io.BytesIO(content)):
            for message in interchange.messages:
                if hasattr(message, "segments"):
                    _ = message.segments
    return run


def to_records(content: bytes, catalog: Catalog, map: str | None = None) -> Work:
    """Reading, envelope checks, structure, map, records. That nothing is lost on the way is checked each time."""
    def run() -> None:
        messages = records = 0
        for outcome in pipeline.inbound(content, catalog, map=map):
            if outcome.message is not None:
                messages += 1
                records += len(outcome.records)
        if not records or records != messages:
            raise RuntimeError(f"{messages} messages gave {records} records")
    return run


def checked(content: bytes, catalog: Catalog, faulty: bool) -> Work:
    """Reading, every segment and element held against its guide, map, records. Each time: that a guide was there, that clean
    messages are clean and that each faulty one is rejected."""
    def run() -> None:
        for outcome in pipeline.inbound(content, catalog):
            if outcome.message is None:
                continue
            if not outcome.guide:
                raise RuntimeError(f"there is no guide for {outcome.message.type}")
            if (outcome.verdict is Verdict.REJECTED) is not faulty:
                said = "; ".join(one.sentence() for one in outcome.findings)
                raise RuntimeError(f"message {outcome.message.ordinal} is {outcome.verdict.value}: {said or 'nothing was found'}")
    return run


def check_alone(content: bytes, catalog: Catalog) -> Work:
    """Reading and checking, no map."""
    def run() -> None:
        for _ in pipeline.inbound(content, catalog, step=pipeline.check):
            pass
    return run


def peer_pydifact(content: bytes, charset: str = "latin-1") -> Work:
    """pydifact's parser, its segments thrown away: nothing is checked or mapped."""
    from pydifact.parser import Parser

    text = content.decode(charset)

    def run() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says once for each tag that it does not check it
            for _ in Parser().parse(text):
                pass
    return run


def peer_pyx12(content: bytes) -> Work:
    """pyx12's reader with its envelope checks: nothing is mapped."""
    from pyx12.x12file import X12Reader

    text = content.decode("ascii")

    def run() -> None:
        for _ in X12Reader(io.StringIO(text)):
            pass
    return run


@dataclass(frozen=True, slots=True)
class Segmented:
    """A segment format to compare: our speed's bounds and those of the ratio."""

    title: str
    kind: str
    peer: str
    make: Callable[[bytes], Work]
    part: bool  # the peer gets a slice
    speed: tuple[float | None, float | None] = (None, None)
    ratio: tuple[float | None, float | None] = (None, None)


SEGMENTED = {
    "orders": Segmented("ORDERS D.96A", "orders_d96a", "pydifact parsing", peer_pydifact, True, (9, 12), (18, 25)),
    "invoic": Segmented("INVOIC D.96A", "invoic_d96a", "pydifact parsing", peer_pydifact, True),
    "850": Segmented("850 004010", "x12_850", "pyx12 reading", peer_pyx12, False, (10, 14), (4, 6)),
    "810": Segmented("810 004010", "x12_810", "pyx12 reading", peer_pyx12, False),
}


def segmented(name: str, bench: Bench) -> Iterator[Figure]:
    """Read and map, the guides left aside, against a peer that only parses, and against our own reading."""
    one = SEGMENTED[name]
    content = bench.bytes(one.kind, megabytes=bench.megabytes)
    theirs = bench.bytes(one.kind, megabytes=bench.slice_megabytes) if one.part else content
    size, part = len(content) / 1e6, len(theirs) / 1e6
    times = in_turns({"map": (size, to_records(content, bench.unguided)), "read": (size, read_alone(content)),
                      "peer": (part, one.make(theirs))}, bench.rounds)
    note = f"{size:.1f} MB, best of {bench.rounds}"
    yield Figure(name, f"{one.title}: read, check the envelopes, map to records", times.speed("map"), "MB/s", *one.speed, note=note)
    where = f"{times.speed('peer'):.2f} MB/s" + (f" on {part:.1f} MB" if one.part else "")
    yield Figure(name, f"{one.title}: compared with {one.peer} alone", times.ratio("map", "peer"), "×", *one.ratio,
                 peer=one.peer, note=f"{where}; median of {bench.rounds}")
    yield Figure(name, f"{one.title}: our reading and splitting alone", times.speed("read"), "MB/s", note=note)


def check(name: str, bench: Bench) -> Iterator[Figure]:
    """Everything checked against its guide and mapped, in one process; and a file in which every message is faulty."""
    for key in ("orders", "850"):
        one = SEGMENTED[key]
        clean = bench.bytes(one.kind, megabytes=bench.megabytes)
        theirs = bench.bytes(one.kind, megabytes=bench.slice_megabytes) if one.part else clean
        faulty = bench.bytes(one.kind, megabytes=bench.megabytes, faulty=True)
        times = in_turns({
            "clean": (len(clean) / 1e6, checked(clean, bench.catalog, False)),
            "faulty": (len(faulty) / 1e6, checked(faulty, bench.catalog, True)),
            "alone": (len(clean) / 1e6, check_alone(clean, bench.catalog)),
            "peer": (len(theirs) / 1e6, one.make(theirs)),
        }, bench.rounds)
        note = f"{len(clean) / 1e6:.1f} MB, best of {bench.rounds}"
        yield Figure(name, f"{one.title}: read, check against the guide, map", times.speed("clean"), "MB/s", 6, 12, note=note)
        yield Figure(name, f"{one.title}: the same, every message faulty", times.speed("faulty"), "MB/s", 2, 4,
                     note=f"{note}; a third of what is asked of clean files")
        yield Figure(name, f"{one.title}: faulty compared with clean", times.ratio("faulty", "clean"), "×", note=f"median of {bench.rounds}")
        yield Figure(name, f"{one.title}: read and check, no map", times.speed("alone"), "MB/s", note=note)
        yield Figure(name, f"{one.title}: check and map compared with {one.peer} alone", times.ratio("clean", "peer"), "×",
                     peer=one.peer, note=f"{times.speed('peer'):.2f} MB/s; it checks and maps nothing")


def ubl(name: str, bench: Bench) -> Iterator[Figure]:
    """UBL orders against lxml and compiled XPath in code written by hand for these documents."""
    peer = importlib.import_module("benchmarks.peer_ubl_xpath")
    content = bench.bytes("ubl_order", megabytes=bench.megabytes)
    documents = list(generate.ubl_order(seed=SEED, size=int(bench.megabytes * 1_000_000)))
    size = sum(map(len, documents)) / 1e6

    def one_by_one() -> None:
        for document in documents:
            for outcome in pipeline.inbound(document, bench.catalog):
                if outcome.message is not None and not outcome.records:
                    raise RuntimeError("no record")

    times = in_turns({"file": (size, to_records(content, bench.catalog)), "documents": (size, one_by_one),
                      "peer": (size, lambda: [peer.map_order(document) for document in documents])}, bench.rounds)
    note = f"{len(documents)} documents, {size:.1f} MB"
    yield Figure(name, "UBL Order: one file of many documents to records", times.speed("file"), "MB/s", note=note)
    for key, title in (("file", "one file of many"), ("documents", "each document alone")):
        yield Figure(name, f"UBL Order: {title}, compared with lxml + XPath", times.ratio(key, "peer"), "×", 0.6,
                     peer="lxml parse + compiled XPath", note=f"{times.speed('peer'):.1f} MB/s; median of {bench.rounds}")


def translate(name: str, bench: Bench) -> Iterator[Figure]:
    """The command as a process of its own, JSON lines into a file: a large one, or only its start would be measured."""
    source = bench.file("orders_d96a", megabytes=max(bench.megabytes, 10))
    theirs = bench.bytes("orders_d96a", megabytes=bench.slice_megabytes)
    size = source.stat().st_size / 1e6
    runs = []

    def run() -> None:
        runs.append(process([*COMMAND, "translate", source], bench.folder / "translate.jsonl"))
        if runs[-1].code:
            raise RuntimeError(f"exit code {runs[-1].code}: {runs[-1].complaint}")

    run()  # its modules are compiled now
    runs.clear()
    rounds = min(bench.rounds, 3)
    times = in_turns({"ours": (size, run), "peer": (len(theirs) / 1e6, peer_pydifact(theirs))}, rounds)
    times = Times({**times.seconds, "ours": [run.processor for run in runs]}, times.amount)
    yield Figure(name, "edi-bridge translate: whole process, JSON out", times.speed("ours"), "MB/s", 6, 10,
                 note=f"{size:.1f} MB of ORDERS, best of {rounds}, peak {max(run.megabytes for run in runs):.0f} MB")
    yield Figure(name, "edi-bridge translate: compared with pydifact parsing", times.ratio("ours", "peer"), "×",
                 peer="pydifact parsing", note="its import not counted")


def post(name: str, bench: Bench) -> Iterator[Figure]:
    """A file of orders into a fresh SQLite, archive and ledger included, every commit durable."""
    source = bench.file("orders_d96a", messages=bench.orders)
    own = own_identities([("gln", goods.market(SEED).seller.gln)])

    def run() -> None:
        with tempfile.TemporaryDirectory(dir=bench.folder) as home:
            database = connect(Path(home) / "edi-bridge.sqlite")
            upgrade(database)
            engine = Engine(database, Archive(Path(home) / "archive"), bench.catalog, own=own)
            start = time.perf_counter()
            summary = engine.post_file(source.name, source)
            spent.append(time.perf_counter() - start)
            database.close()
        posted = sum(exchange.messages.get("posted", 0) for exchange in summary.exchanges)
        if posted != bench.orders:
            raise RuntimeError(f"{posted} of {bench.orders} orders were posted: {summary.failure or summary.exchanges}")

    spent: list[float] = []
    for _ in range(min(bench.rounds, 3)):
        run()
    yield Figure(name, "post into SQLite, synchronous=FULL, end to end", bench.orders / min(spent), "orders/s", 400, 900,
                 note=f"{bench.orders} orders of 40 lines, best of {len(spent)}")


def memory(name: str, bench: Bench) -> Iterator[Figure]:
    """Peak memory of whole processes: it must not grow with the interchange, only with its largest message."""
    for megabytes in bench.memory:
        source = bench.file("orders_d96a", megabytes=megabytes)
        for title, command in (("inbound", LIBRARY), ("translate", [*COMMAND, "translate"])):
            run = process([*command, source], bench.folder / "memory.out")
            if run.code:
                yield Figure(name, f"{title}: {megabytes} MB interchange", None, note=run.complaint)
                continue
            yield Figure(name, f"{title}: peak memory on a {megabytes} MB interchange", run.megabytes, "MB", BASE_MEMORY, most=True,
                         note=f"{run.seconds:.1f} s")


def one_message(name: str, bench: Bench) -> Iterator[Figure]:
    """One message of many lines, as lean as the limit of 500,000 segments a message asks for, and the largest full one."""
    lean = bench.folder / f"lean-{bench.many_lines}-{bench.generator}"
    if not lean.exists():
        write(lean, _lean(bench.many_lines))
    full = bench.file("orders_d96a", messages=1, lines=bench.many_lines * 2 // 5)
    for source, title in ((lean, f"{bench.many_lines:,} lines of 2 segments"), (full, f"{bench.many_lines * 2 // 5:,} full lines")):
        size = source.stat().st_size / 1e6
        for mode, command in (("inbound", LIBRARY), ("translate", [*COMMAND, "translate"])):
            run = process([*command, source], bench.folder / "memory.out")
            yield Figure(name, f"{mode}: peak memory on one message of {title}", None if run.code else run.megabytes, "MB",
                         BASE_MEMORY + 10 * size, most=True,
                         note=run.complaint if run.code else f"{size:.1f} MB, {run.seconds:.1f} s")


def _lean(lines: int) -> Iterator[bytes]:
    """An ORDERS whose lines have an article and a quantity and nothing else."""
    shop = goods.market(SEED)
    yield (f"UNA:+.? 'UNB+UNOC:3+{shop.buyers[0].gln}:14+{shop.seller.gln}:14+240115:0930+1'UNH+1+ORDERS:D:96A:UN:EAN008'"
           f"BGM+220+4500000001+9'DTM+137:20240115:102'NAD+BY+{shop.buyers[0].gln}::9'NAD+SU+{shop.seller.gln}::9'").encode()
    for line in range(1, lines + 1):
        product = shop.products[line * 7 % len(shop.products)]
        yield f"LIN+{line}++{product.gtin}:EN'QTY+21:{line % 199 + 1}'".encode()
    yield f"UNS+S'CNT+2:{lines}'UNT+{lines * 2 + 8}+1'UNZ+1+1'".encode()


def write_records(name: str, bench: Bench) -> Iterator[Figure]:
    """Records to the bytes that go out: map, envelope, counts; and what it costs to have traced a map before."""
    for key in ("orders", "850"):
        one = SEGMENTED[key]
        outcomes = list(pipeline.inbound(bench.bytes(one.kind, megabytes=bench.megabytes), bench.unguided))
        compiled = bench.unguided.map_named(next(outcome.map for outcome in outcomes if outcome.map))
        records = [record for outcome in outcomes for record in outcome.records]
        head = outbound.Heading(Address("9521200034004", "14"), Address("9521200038118", "14"), "1", "2026-11-21T10:00")
        checker = bench.catalog.checker_for(MessageType(*compiled.spec.message.split("/")), None)
        made = outbound.compose(records, compiled, head, checker)
        if not made.contents:
            raise RuntimeError(f"{one.title} could not be written: {made.findings[0].sentence()}")
        size = len(made.contents[0]) / 1e6
        times = in_turns({"write": (size, lambda r=records, c=compiled, h=head: outbound.compose(r, c, h)),
                          "check": (size, lambda r=records, c=compiled, h=head, k=checker: outbound.compose(r, c, h, k))}, bench.rounds)
        note = f"{len(records)} records, {size:.1f} MB written, best of {bench.rounds}"
        yield Figure(name, f"{one.title}: records to bytes, envelope and counts", times.speed("write"), "MB/s", 5, 8, note=note)
        yield Figure(name, f"{one.title}: the same, read again and held against the guide", times.speed("check"), "MB/s", note=note)
    yield from _traced(name, bench)


def _traced(name: str, bench: Bench) -> Iterator[Figure]:
    """Reading with a map that was traced before, against one that never was: they must be as fast."""
    content = bench.bytes("orders_d96a", megabytes=bench.megabytes)
    never, once = Unguided(), Unguided()
    for outcome in pipeline.inbound(bench.bytes("orders_d96a", messages=1), once):
        if outcome.message is not None:
            once.map_named(outcome.map).trace(outcome.message)
    work = {"never": (1.0, to_records(content, never)), "once": (1.0, to_records(content, once))}
    times = in_turns(work, max(bench.rounds, 5))
    yield Figure(name, "reading with a map that was traced before, compared with one that never was", times.ratio("once", "never"), "×", 0.9,
                 note=f"{len(content) / 1e6:.1f} MB of ORDERS, median of {max(bench.rounds, 5)}")


def lookup(name: str, bench: Bench) -> Iterator[Figure]:
    """A map that looks up the article of each line: every key known, and none."""
    content = bench.bytes("orders_d96a", megabytes=min(bench.megabytes, 2))
    size = len(content) / 1e6
    known, unknown = lookups.catalogs(bench.folder / "lookups")
    times = in_turns({"known": (size, to_records(content, known, lookups.MAP)), "unknown": (size, to_records(content, unknown, lookups.MAP))},
                     min(bench.rounds, 3))
    note = f"{size:.1f} MB, best of {min(bench.rounds, 3)}"
    yield Figure(name, "ORDERS D.96A: read, map, the article of each line looked up", times.speed("known"), "MB/s", note=note)
    yield Figure(name, "ORDERS D.96A: the same, no article known: each key reported with its place", times.speed("unknown"), "MB/s", note=note)


COMMAND = [sys.executable, "-c", "import sys; from edi_bridge.cli import main; sys.exit(main())"]
COUNT = """import sys
from edi_bridge import pipeline
from edi_bridge.catalog import Catalog
with open(sys.argv[1], "rb") as file:
    count = sum(len(one.records) for one in pipeline.inbound(file, Catalog()))
sys.exit(not count)
"""
LIBRARY = [sys.executable, "-c", COUNT]

FIGURES: dict[str, Callable[[str, Bench], Iterator[Figure]]] = {
    **dict.fromkeys(SEGMENTED, segmented), "check": check, "write": write_records, "lookup": lookup, "ubl": ubl, "translate": translate, "post": post, "memory": memory,
    "one-message": one_message, "exchange": whole,
}


def measured(name: str, bench: Bench) -> Iterator[Figure]:
    """The figures of one name, each with the disk's fsyncs a second at that time; a reason where they could not be had."""
    disk = fsyncs(bench.folder)
    try:
        for figure in FIGURES[name](name, bench):
            yield replace(figure, fsyncs=disk)
    except (ImportError, RuntimeError) as error:
        yield Figure(name, FIGURES[name].__doc__.splitlines()[0].rstrip("."), None, note=str(error), fsyncs=disk)  # type: ignore[union-attr]
