"""A home with partners that are folders, the daemon over it as a process of its own, and what can be seen of it from outside:
files at the partners, rows of the database (read by sqlite3, never through the program), its log, its pages over HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

try:  # the program's SQLite: two of them in one process (a test may open the database through the program, too) do not see each
    from pysqlite3 import dbapi2 as sqlite3  # other's locks, and one truncates what the other has mapped (sqlite.org/howtocorrupt.html 2.2.1)
except ImportError:
    import sqlite3  # type: ignore[no-redef]

ROOT = Path(__file__).parents[2]
OURS = "9521200034004"
GLNS = {"nord": "9521200077018", "west": "9521200077025", "kontor": "9521200077032", "quiet": "9521200077049"}
OWN = f"""\
own: us
identities:
  - {{id: "{OURS}", qualifier: "14"}}
parties:
  - {{scheme: gln, value: "{OURS}"}}
"""


def order(partner: str, control: str, number: str = "", lines: int = 1) -> bytes:
    """An interchange with one ORDERS D.96A of a partner (ISO 9735 UNB … UNZ; UNT counts UNH to UNT)."""
    return interchange(partner, control, [message(partner, "1", number or f"PO{control}", lines)])


def message(partner: str, reference: str, number: str, lines: int = 1) -> str:
    gln = GLNS[partner]
    body = "".join(f"LIN+{n}++9521200002119:EN'QTY+21:48'PRI+AAA:3.19'" for n in range(1, lines + 1))
    return (f"UNH+{reference}+ORDERS:D:96A:UN:EAN008'BGM+220+{number}+9'DTM+137:20261102:102'NAD+BY+{gln}::9'NAD+SU+{OURS}::9'"
            f"{body}UNS+S'CNT+2:{lines}'UNT+{8 + 3 * lines}+{reference}'")


def interchange(partner: str, control: str, messages: list[str]) -> bytes:
    head = f"UNB+UNOC:3+{GLNS[partner]}:14+{OURS}:14+261102:0815+{control}'"
    return (head + "".join(messages) + f"UNZ+{len(messages)}+{control}'").encode()


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EDI_BRIDGE_")}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


HANGS = 120.0  # seconds after which something will never happen: a machine that does ten other things must come there before


def until(what: Callable[[], Any], seconds: float = HANGS, says: Callable[[], object] = lambda: "it never happened") -> Any:
    """Wait until something is so; its value."""
    end = time.monotonic() + seconds
    while True:
        if value := what():
            return value
        assert time.monotonic() < end, says()
        time.sleep(0.03)


@dataclass
class Home:
    """A home; each partner in it is a folder `out` (what it has for us) and `in` (what it gets from us)."""

    folder: Path
    place: Path
    daemons: list[Daemon] = field(default_factory=list)
    log: Path | None = None  # where the daemons' logs stand, if not in the home

    def partner(self, name: str, text: str = "", channels: str = "", poll: str = "every 1s") -> None:
        """A partner with a channel over its two folders (or the given ones), whose orders we take and who gets a CONTRL for each."""
        own = (f"  folder: {{kind: directory, get: {self.out(name)}, put: {self.inbox(name)}, poll: {poll}, settle: 0s}}\n"
               if not channels else channels)
        for one in (self.out(name), self.inbox(name)):
            one.mkdir(parents=True, exist_ok=True)
        agreements = "" if "agreements:" in text else "agreements:\n  - {message: edifact/D96A/ORDERS}\n"
        (self.folder / "partners" / f"{name}.yaml").write_text(
            f'partner: {name}\nidentities:\n  - {{id: "{GLNS[name]}", qualifier: "14"}}\nacknowledge: {{contrl: always}}\nsend: folder\n'
            f"{agreements}channels:\n{own}{text}")

    def out(self, name: str) -> Path:
        return self.place / name / "out"

    def inbox(self, name: str) -> Path:
        return self.place / name / "in"

    def secret(self, name: str, text: str) -> None:
        place = self.folder / "secrets"
        place.mkdir(exist_ok=True)
        (place / name).write_text(text)
        (place / name).chmod(0o600)

    def lies(self, name: str, file: str, content: bytes) -> None:
        """A partner lays a file down as good partners do: under another name first."""
        part = self.out(name) / f"{file}.part"
        part.write_bytes(content)
        part.rename(self.out(name) / file)

    def answers(self, name: str) -> list[str]:
        return sorted(path.read_text() for path in self.inbox(name).iterdir() if not path.name.endswith(".part"))

    def rows(self, statement: str, *values: Any) -> list[Any]:
        path = self.folder / "edi-bridge.sqlite"
        if not path.exists():
            return []
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
            return connection.execute(statement, values).fetchall()

    def orders(self) -> set[str]:
        """The numbers of the orders in the CRM."""
        return {row[0] for row in self.rows("SELECT number FROM sales_order")}

    def start(self, *options: str, listen: bool = False, command: Sequence[str] = (), **more: str) -> Daemon:
        """The daemon as a person starts it; or another Python `command`."""
        arguments = [*command] or ["-m", "edi_bridge.cli", "run", "--home", str(self.folder), "--log", "json", *(() if listen else ("--listen", "")), *options]
        path = (self.log or self.folder) / f"log{len(self.daemons)}"
        with path.open("wb") as log:
            made = Daemon(self, subprocess.Popen([sys.executable, *arguments], env=environment(**more), stdout=subprocess.PIPE, stderr=log), path)
        self.daemons.append(made)
        return made

    def command(self, *arguments: str) -> int:
        """Another command on this home, as a person gives it; its exit code."""
        return subprocess.run([sys.executable, "-m", "edi_bridge.cli", *arguments, "--home", str(self.folder)], env=environment(),
                              stdout=subprocess.DEVNULL, timeout=HANGS).returncode

    def close(self) -> None:
        for one in self.daemons:
            one.kill()


@dataclass
class Daemon:
    home: Home
    process: subprocess.Popen[bytes]
    path: Path
    begun: float = field(default_factory=time.monotonic)

    def lived(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self.begun

    def log(self) -> list[dict[str, Any]]:
        """Its lines; each must be JSON, whatever a partner's server or file is called."""
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def says(self) -> str:
        return self.path.read_text()

    def until(self, what: Callable[[], Any], seconds: float = HANGS) -> Any:
        def still() -> Any:
            assert self.process.poll() is None or what(), self.says()
            return what()

        return until(still, seconds, self.says)

    def runs(self) -> Daemon:
        self.until(lambda: "edi-bridge runs" in self.says())
        return self

    def terminate(self, seconds: float = 30.0) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def got(address: str, **headers: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def make_home(folder: Path, place: Path, template: Path) -> Home:
    """A home over partners' folders in `place`."""
    for name in ("partners", "mappings", "outgoing"):
        (folder / name).mkdir(parents=True)
    (folder / "partners" / "_own.yaml").write_text(OWN)
    shutil.copyfile(template, folder / "edi-bridge.sqlite")
    place.mkdir(exist_ok=True)
    return Home(folder, place)


@pytest.fixture
def home(tmp_path: Path, sqlite_template: Path) -> Iterator[Home]:
    made = make_home(tmp_path / "home", tmp_path / "place", sqlite_template)
    yield made
    made.close()
