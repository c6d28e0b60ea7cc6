"""A home with two partners in folders, what they send in a day, and runs of the program over it that can be killed.

The observer's side: the program is only ever started as a process (`launcher.py` makes that quick); what it did is read by raw SQL and
from files (`observer.py`). Nothing of edi_bridge is imported here.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import observer

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
CLI = ROOT / "cli.py"
OURS, NORD, LAKES = "9521200034004", "9521200077018", "5550142070"
START = "2026-11-22T10:00:00Z"
LATER = "2026-11-22T10:30:00Z"  # every lease of a killed process is over
KILLED = -signal.SIGKILL
OWN = f"""\
own: us
identities:
  - {{id: "{OURS}", qualifier: "14", standard: edifact}}
  - {{id: "NORDWINDUS", qualifier: "ZZ", standard: x12}}
parties:
  - {{scheme: gln, value: "{OURS}"}}
"""
AGREED = {
    "nord": f"""\
identities:
  - {{id: "{NORD}", qualifier: "14"}}
acknowledge: {{contrl: always}}
agreements:
  - {{message: edifact/D96A/ORDERS}}
  - {{message: edifact/D96A/ORDCHG, wait: 2d}}
""",
    "lakes": f"""\
identities:
  - {{id: "{LAKES}", qualifier: "12", standard: x12}}
acknowledge: {{"997": always}}
expect: {{"997": 1d}}
agreements:
  - {{message: x12/004010/850}}
  - {{message: x12/004010/810, direction: out}}
""",
}
INVOICE = {
    "number": "R-1", "type": "invoice", "purpose": "original", "issued_on": "2026-11-20", "currency": "USD", "order_number": "GL-1",
    "buyer": {"name": "Great Lakes Supply Co", "duns": "078451299"}, "seller": {"name": "Nordwind Handel GmbH", "gln": OURS},
    "lines": [{"number": "1", "seller_item": "NW-3001", "quantity": "48", "unit": "EA", "net_price": "6.40", "net_amount": "307.20"}],
    "totals": {"net": "307.20", "gross": "307.20", "line_count": 1},
}


# --- what partners send: ISO 9735 and X12.5/X12.6 by hand -----------------------------------------------------------------

def edifact(control: str, *messages: str) -> str:
    return f"UNB+UNOC:3+{NORD}:14+{OURS}:14+261122:0915+{control}'" + "".join(messages) + f"UNZ+{len(messages)}+{control}'"


def order(reference: str, number: str, lines: int = 1, quantity: str = "48", change: str = "") -> str:
    """An ORDERS D.96A, or (with the number of a `change`) an ORDCHG that cancels line 1 of it."""
    body = [f"BGM+{'230' if change else '220'}+{change or number}+{'4' if change else '9'}'", "DTM+137:20261120:102'"]
    body += [f"RFF+ON:{number}'"] if change else []
    body += [f"NAD+BY+{NORD}::9'", f"NAD+SU+{OURS}::9'"]
    for line in range(1, lines + 1):
        body += [f"LIN+{line}+{'2' if change else ''}+9521200002119:EN'", f"QTY+21:{0 if change else quantity}'", "PRI+AAA:3.19'"]
    body += ["UNS+S'", f"CNT+2:{lines}'"]
    name = "ORDCHG" if change else "ORDERS"
    return f"UNH+{reference}+{name}:D:96A:UN:EAN008'" + "".join(body) + f"UNT+{len(body) + 2}+{reference}'"


def x12(control: int, kind: str, *sets: list[str]) -> str:
    """An interchange with one group; each transaction set is given without ST and SE."""
    head = f"ISA*00*          *00*          *12*{LAKES:<15}*ZZ*NORDWINDUS     *261122*0915*U*00401*{control:09}*0*P*>~"
    text = f"{head}GS*{kind}*{LAKES}*NORDWINDUS*20261122*0915*{control}*X*004010~"
    name = {"PO": "850", "FA": "997"}[kind]
    for number, body in enumerate(sets, 1):
        text += "".join(f"{one}~" for one in [f"ST*{name}*{number:04}", *body, f"SE*{len(body) + 2}*{number:04}"])
    return f"{text}GE*{len(sets)}*{control}~IEA*1*{control:09}~"


def purchase(number: str, quantity: str = "60") -> list[str]:
    return [f"BEG*00*NE*{number}**20261121", "N1*BY*Great Lakes Supply Co*1*078451299", "N1*SE*Nordwind Handel GmbH*92*V-20417",
            f"PO1*1*{quantity}*EA*12.9**IN*GL10442*VN*NW-3001", "CTT*1"]


def functional(group: str) -> list[str]:
    return [f"AK1*IN*{group}", "AK2*810*0001", "AK5*A", "AK9*A*1*1*1"]


EARLY = edifact("899", order("1", "PO-0"))  # came, was posted and answered before the day begins
ORDER_LAST = edifact("902", order("1", "PO-CHANGED", 2))
DAY = {  # file → content, in the order in which they were laid down
    "nord/1-many.edi": edifact("900", order("1", "PO-1", 3), order("2", "PO-2", quantity="4x8"), order("3", "PO-3"))
    + edifact("901", order("1", "PO-4")) + "\r\n" + edifact("904", order("1", "PO-5"), order("2", "PO-6")),
    "nord/2-change.edi": edifact("903", order("1", "PO-CHANGED", change="CH-1")),
    "nord/3-order.edi": ORDER_LAST,
    "nord/4-again.edi": ORDER_LAST,
    "nord/5-wrong-trailer.edi": edifact("905", order("1", "PO-7")).replace("UNZ+1+905", "UNZ+3+905"),
    "nord/6-early-again.edi": EARLY,
    "lakes/1-purchases.x12": x12(700, "PO", purchase("GL-1"), purchase("GL-2", "6O"), purchase("GL-3")) + x12(701, "PO", purchase("GL-4")),
    "lakes/2-answer.x12": x12(702, "FA", functional("1")),
}
ANSWERED = ["899", "900", "901", "902", "903", "904", "905", "700", "701"]
POSTED = ["GL-1", "GL-3", "GL-4", "PO-0", "PO-1", "PO-3", "PO-4", "PO-5", "PO-6", "PO-CHANGED"]  # by hand: the others are faulty
TWICE = {"899", "902"}  # they come twice, so their answer may go out again


@dataclass
class Launcher:
    """The process that starts runs quickly; see `launcher.py`."""

    process: subprocess.Popen[str] = field(default_factory=lambda: subprocess.Popen(
        [sys.executable, str(HERE / "launcher.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))

    def ask(self, **request: Any) -> Any:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


@dataclass
class Run:
    """A run that goes on."""

    launcher: Launcher
    pid: int

    def wait(self, seconds: float = 240.0) -> int:
        end = time.monotonic() + seconds
        while (status := self.poll()) is None:
            if time.monotonic() > end:
                self.kill(signal.SIGUSR1)  # writes into its log where each thread stands
                time.sleep(0.5)
                self.kill()
                raise AssertionError(f"it did not end within {seconds:.0f} s: see its log")
            time.sleep(0.01)
        return status

    def poll(self) -> int | None:
        status: int | None = self.launcher.ask(poll=self.pid)["status"]
        return status

    def kill(self, number: int = signal.SIGKILL) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


@dataclass
class World:
    """A home, its partners' folders, its database. `script`: what is run (another one plants a mistake)."""

    place: Path
    launcher: Launcher
    database: str = ""
    script: Path = CLI
    laid: dict[str, bytes] = field(default_factory=dict)  # every file that a partner ever laid down
    more: dict[str, str] = field(default_factory=dict)  # for the environment of each run

    @property
    def home(self) -> Path:
        return self.place / "home"

    @property
    def store(self) -> observer.Store:
        return observer.Store(self.database or str(self.home / "edi-bridge.sqlite"))

    # --- building --------------------------------------------------------------------------------------------------

    def build(self, channel: str = "{{kind: directory, get: {out}, put: {into}, poll: every 1s, settle: 0s}}") -> World:
        """Folders and files of the home; nothing has come yet."""
        (self.home / "partners").mkdir(parents=True, exist_ok=True)
        (self.home / "partners" / "_own.yaml").write_text(OWN)
        for name, agreed in AGREED.items():
            for end in ("out", "in", "took"):
                (self.place / name / end).mkdir(parents=True, exist_ok=True)
            said = channel.format(out=self.place / name / "out", into=self.place / name / "in")
            (self.home / "partners" / f"{name}.yaml").write_text(f"partner: {name}\n{agreed}send: folder\nchannels:\n  folder: {said}\n")
        (self.home / "settings.yaml").write_text("least_room: 1MB\n")
        return self

    def copy(self, place: Path, database: str = "") -> World:
        """The same again elsewhere, with all that happened; on PostgreSQL the copy of the database is made by who calls."""
        made = World(place, self.launcher, database, self.script, dict(self.laid))
        made.build()
        if (self.home / "archive").exists():
            shutil.copytree(self.home / "archive", made.home / "archive", dirs_exist_ok=True)
        if not database:
            with contextlib.closing(sqlite3.connect(self.store.url)) as before, contextlib.closing(sqlite3.connect(made.store.url)) as after:
                before.backup(after)  # with what stands in the write-ahead log only
        for name in AGREED:
            shutil.copytree(self.place / name / "in", made.place / name / "took", dirs_exist_ok=True)  # the partner took them
        return made

    def lay(self, files: dict[str, str]) -> None:
        """Partners lay files down, each a second younger than the one before."""
        for number, (name, content) in enumerate(files.items()):
            partner, _, file = name.partition("/")
            part, path = self.place / partner / "out" / f"{file}.part", self.place / partner / "out" / file
            part.write_bytes(content.encode("latin-1"))
            os.utime(part, (1_795_000_000 + number,) * 2)
            part.rename(path)
            self.laid[f"{name} {len(self.laid)}"] = content.encode("latin-1")

    def wish(self, name: str, record: dict[str, Any]) -> None:
        """Our own programs lay a record down in outgoing/."""
        folder = self.home / "outgoing" / "lakes"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.part").write_text(json.dumps(record))
        (folder / f"{name}.part").rename(folder / name)

    # --- running ---------------------------------------------------------------------------------------------------

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EDI_BRIDGE_")}
        said = {"PYTHONPATH": str(ROOT), "EDI_BRIDGE_CLOCK": START, **({"EDI_BRIDGE_DATABASE": self.database} if self.database else {})}
        return {**kept, **said, **self.more, **more}

    def start(self, *arguments: str, **more: str) -> Run:
        """The command line as a process."""
        said = self.launcher.ask(run=list(arguments), env=self.environment(**more), log=str(self.place / "log"), script=str(self.script))
        return Run(self.launcher, said["pid"])

    def once(self, **more: str) -> int:
        """One round of everything; the exit code, KILLED when it was killed."""
        return self.start("run", "--once", "--home", str(self.home), "--listen", "", **more).wait()

    def daemon(self, **more: str) -> Run:
        return self.start("run", "--home", str(self.home), "--listen", "", **more)

    def command(self, *arguments: str) -> tuple[int, str]:
        """Another command; its exit code and what it said."""
        log = self.place / "log"
        before = log.stat().st_size if log.exists() else 0
        code = self.start(*arguments, "--home", str(self.home)).wait()
        return code, log.read_bytes()[before:].decode(errors="replace")

    def says(self) -> str:
        log = self.place / "log"
        return log.read_text(errors="replace") if log.exists() else ""

    def idle(self, rounds: int = 6) -> int:
        """Run until nothing is left to be done; how many rounds it took. What a person must decide because the program stopped twice
        in it is released, as that person would."""
        for number in range(1, rounds + 1):
            code = self.once(EDI_BRIDGE_CLOCK=LATER.replace(":30:", f":{30 + number}:"))
            assert code in (0, 1), f"exit {code}: {self.says()[-3000:]}"
            poisoned = self.rows("SELECT id FROM receipt WHERE state = 'quarantined' AND starts > 2")
            for (receipt,) in poisoned:
                code, said = self.command("exchange", "release", str(receipt), "--receipt", "--reason", "a test killed it")
                assert code in (0, 1), said  # 1: something of it still waits, for the next round
            if not poisoned and not self.open():
                return number
        raise AssertionError(f"still open after {rounds} rounds: {self.open()}\n{self.says()[-3000:]}")

    def open(self) -> list[Any]:
        return [*self.rows("SELECT 'receipt', id, state FROM receipt WHERE state NOT IN ('done', 'quarantined')"),
                *self.rows("SELECT 'exchange', id, state FROM exchange WHERE state = 'open'"),
                *self.rows("SELECT 'outbox', id, state FROM outbox WHERE state NOT IN ('sent')"),
                *[("file", 0, one.name) for one in self.waiting()]]

    # --- looking ---------------------------------------------------------------------------------------------------

    def rows(self, statement: str, *values: Any) -> list[Any]:
        return self.store.rows(statement, *values)

    def waiting(self) -> list[Path]:
        """Files that a partner still sees, or that are claimed and not confirmed; and our own records."""
        folders = [self.place / name / "out" for name in AGREED] + [self.home / "outgoing" / name for name in AGREED]
        return [path for folder in folders for path in folder.rglob("*") if path.is_file() and not path.name.endswith((".lock", ".part"))]

    def got(self, partner: str) -> list[observer.Said]:
        """What a partner got, read whole."""
        paths = [path for end in ("took", "in") for path in sorted((self.place / partner / end).iterdir())]
        return [observer.said(path.read_bytes()) for path in paths if not path.name.endswith(".part")]

    def archived(self) -> set[str]:
        """What lies whole in the archive: the hash of every file under its name."""
        folder = self.home / "archive"
        return {path.name for path in folder.glob("??/*") if sha256(path.read_bytes()).hexdigest() == path.name}

    # --- what must hold --------------------------------------------------------------------------------------------

    def nothing_lost(self) -> None:
        """At any instant: what a partner no longer sees is durable, and what a partner got stands in the ledger."""
        waiting: dict[str, int] = defaultdict(int)
        for path in self.waiting():
            waiting[sha256(path.read_bytes()).hexdigest()] += 1
        archived, known = self.archived(), {row[0] for row in self.rows("SELECT sha256 FROM receipt")}
        laid: dict[str, int] = defaultdict(int)
        for content in self.laid.values():
            laid[sha256(content).hexdigest()] += 1
        for digest, count in laid.items():
            if waiting[digest] < count:  # at least one of these files was confirmed
                assert digest in archived, f"a file was confirmed and is not in the archive: {digest}"
                assert digest in known, f"a file was confirmed and has no receipt: {digest}"
        assert known <= archived, "a receipt without its bytes"
        frozen = {row[0] for row in self.rows("SELECT sha256 FROM outbox WHERE state IN ('sending', 'uncertain', 'sent')")}
        for name in AGREED:
            for one in self.got(name):
                assert sha256(one.content).hexdigest() in frozen, f"{name} got {one.control}, and no commit says so"

    def whole(self) -> None:
        """At the end: nothing lost, nothing doubled, everything answered once."""
        self.nothing_lost()
        assert self.open() == []
        assert not (wrong := observer.conservation(self.store)), "; ".join(wrong)
        assert {row[0] for row in self.rows("SELECT DISTINCT state FROM receipt")} == {"done"}
        code, said = self.command("exchange", "audit", "--json")
        assert code == 0, said
        self.numbers_unique()

    def numbers_unique(self) -> None:
        """Each of our numbers names one content, none is missing; each interchange that came has one answer, whose repeats are equal."""
        by_number: dict[tuple[str, str, str], set[bytes]] = defaultdict(set)
        by_question: dict[tuple[str, str], set[bytes]] = defaultdict(set)
        for name in AGREED:
            for one in self.got(name):
                by_number[one.standard, one.receiver, one.control].add(one.content)
                if one.about:
                    by_question[one.standard, one.about].add(one.content)
        assert all(len(contents) == 1 for contents in by_number.values()), "a number was used twice"
        assert all(len(contents) == 1 for contents in by_question.values()), "an interchange has two different answers"
        numbers: dict[tuple[str, str], list[int]] = defaultdict(list)
        for standard, receiver, control in by_number:
            numbers[standard, receiver].append(int(control))
        for scope, used in numbers.items():
            assert sorted(used) == list(range(1, len(used) + 1)), f"numbers of {scope} were lost: {sorted(used)}"

    def each_answered(self) -> None:
        """Every interchange was answered; more than once only where it came more than once."""
        counts = Counter(one.about.lstrip("0") for name in AGREED for one in self.got(name) if one.about)
        assert sorted(counts) == sorted(ANSWERED), f"answered: {sorted(counts)}"
        assert counts["899"] == 2 and all(count == 1 for about, count in counts.items() if about not in TWICE), counts

    def day_done(self) -> None:
        """The day's gate: whole, each answered, and in the CRM the orders that a person would expect there."""
        self.whole()
        self.each_answered()
        assert self.orders() == POSTED, f"the CRM holds other orders: {self.orders()}"
        assert self.rows("SELECT state FROM order_change") == [("applied",)], self.rows("SELECT state FROM order_change")
        assert self.rows("SELECT outcome FROM outbox WHERE kind = 'document' AND control = '1'") == [("accepted",)]

    def orders_of(self, partner: str) -> set[str]:
        return {row[0] for row in self.rows("SELECT number FROM sales_order WHERE partner = ?", partner)}

    def orders(self) -> list[str]:
        return sorted(row[0] for row in self.rows("SELECT number FROM sales_order"))

    def state(self) -> dict[str, list[str]]:
        """All that must be equal to a run without faults."""
        return {"crm": observer.dump(self.store), "ledger": observer.ledger(self.store),
                "answers": sorted({one.about for name in AGREED for one in self.got(name) if one.about}),
                "documents": sorted({one.content.decode("latin-1") for one in self.got("lakes") if not one.about}),
                "outcomes": sorted(map(str, self.rows("SELECT kind, outcome FROM outbox WHERE kind = 'document' ORDER BY control")))}


def eventually(what: Callable[[], Any], seconds: float = 30.0, says: Callable[[], str] = lambda: "it never happened") -> Any:
    """Wait until something is so; its value."""
    end = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < end, says()
        time.sleep(0.02)
    return value
