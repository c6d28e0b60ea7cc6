"""Plays docs/onboarding.md: its commands over a home, its files, and what happens meanwhile at the partners, who are an independent
trading partner (mock-edi) behind a real OpenSSH server and a mailbox network.

A page is told from top to bottom: ```console blocks are run (lines below a command must be printed, `# exit N` is its code), ```yaml, csv or json
blocks with a name are written into the home, `<!-- meanwhile: … -->` lets the partners act, `<!-- the day: … -->` sets the clock.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paramiko
from ssh_lab import Sshd, user

from edi_bridge import cli
from edi_bridge.lab.van import Van

PIECE = re.compile(r"^```(\w+)(?: ([^\n]+))?\n(.*?)^```|^<!-- (meanwhile|the day): ([^\n]+) -->$", re.MULTILINE | re.DOTALL)
SKUS = (("WIDGET-001", "12.50"), ("GEAR-100", "8.90"))


@dataclass
class World:
    """The home, and the partners behind their servers."""

    home: Path
    sshd: Sshd
    van: Van
    mock: Any
    days: int = 0  # on which real orders came
    numbers: dict[str, int] = field(default_factory=lambda: {"lakes": 1000, "nord": 2000})
    orders: dict[str, list[dict[str, str]]] = field(default_factory=lambda: {"lakes": [], "nord": []})

    def words(self) -> dict[str, str]:
        """What the page calls otherwise, because everybody's servers are elsewhere."""
        assert self.van.sftp is not None
        return {"host: sftp.lakes.example, user: northwind": f"host: 127.0.0.1, port: {self.sshd.ports['full']}, user: {user()}", "SHA256:lakes": self.sshd.host_key,
                "host: mailbox.tradenet.example, user: nw01": f"host: 127.0.0.1, port: {self.van.sftp.port}, user: we", "SHA256:tradenet": self.van.fingerprint,
                "/lakes/": f"{self.home.parent}/lakes/"}

    # what the partners do

    def buy(self, partner: str, count: int, *, test: bool = False) -> list[str]:
        """The partner orders: interchanges of the independent trading partner, as it writes them."""
        us, dialect = {"lakes": ("NORTHWIND", "X12"), "nord": ("NORDISK", "EDIFACT")}[partner]
        made_known = {"id": us, "name": us.title(), "qualifier": "ZZ" if dialect == "X12" else "14", "dialect": dialect,
                      "version": "004010" if dialect == "X12" else "D:96A:UN", "role": "supplier"}
        if self.mock.request("POST", "/_mock/partners", made_known).status not in (201, 409):  # 409: it knows us already
            raise AssertionError(us)
        self.mock.expect("PATCH", f"/_mock/partners/{us}", {"test": test})
        made = []
        for _ in range(count):
            self.numbers[partner] += 1
            number = str(4500000000 + self.numbers[partner])
            quantity = 10 + self.numbers[partner] % 7
            lines = [{"sku": sku, "quantity": str(quantity * (at + 1)), "uom": "EA", "price": price} for at, (sku, price) in enumerate(SKUS)]
            self.mock.expect("POST", "/_mock/purchase", {"partner": us, "po_number": number, "requested_on": "2026-12-15", "lines": lines}, status=201)
            self.orders[partner] += [{"number": number, "line": str(at + 1), "item": line["sku"], "quantity": line["quantity"], "price": line["price"]}
                                     for at, line in enumerate(lines)]
        self.mock.advance(everything=True)
        self.mock.settle()
        for row in self.mock.mailbox(us, leave=False):
            if row["kind"] == "order":
                made.append(row["payload"])
        assert len(made) == count
        return made

    def lay(self, partner: str, name: str, content: str, *, test: bool = False) -> None:
        """A file where the partner lays it: its own server, or its mailbox at the network."""
        if partner == "lakes":
            (self.home.parent / "lakes" / ("test" if test else "live") / "out" / name).write_bytes(content.encode("latin-1"))
            return
        assert self.van.sftp is not None
        account = next(one for one in self.van.accounts if one.name == partner)
        with paramiko.SSHClient() as client:
            client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
            client.connect("127.0.0.1", self.van.sftp.port, partner, account.password, allow_agent=False, look_for_keys=False)
            with client.open_sftp() as sftp:
                with sftp.open(f"/in/{name}.part", "wb") as out:
                    out.write(content.encode("latin-1"))
                sftp.posix_rename(f"/in/{name}.part", f"/in/{name}")


def tell(page: str, world: World, meanwhile: dict[str, Callable[[World], None]]) -> Iterator[str]:
    """Play a page; yields each command as it was played."""
    for name, content in world.words().items():
        page = page.replace(name, content)
    for piece in PIECE.finditer(page):
        language, name, text, kind, what = piece.groups()
        if kind == "meanwhile":
            meanwhile[what](world)
        elif kind == "the day":
            os.environ["EDI_BRIDGE_CLOCK"] = what
        elif language == "console":
            for command, _, shown in (part.partition("\n") for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]):
                for one in _unrolled(command):
                    _run(one, shown, world.home)
                    yield one
        elif name:
            path = world.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def _unrolled(command: str) -> list[str]:
    """`for NAME in w{01..20}; do COMMAND; done` as its commands; any other command as it is."""
    loop = re.fullmatch(r"for (\w+) in (\w*)\{(\d+)\.\.(\d+)\}; do (.+); done", command.strip())
    if loop is None:
        return [command]
    name, before, first, last, body = loop.groups()
    return [body.replace(f"${name}", f"{before}{number:0{len(first)}}") for number in range(int(first), int(last) + 1)]


def _run(command: str, shown: str, home: Path) -> None:
    wanted = re.search(r"# exit (\d+)", command)
    if " exchange show 29" in command or " exchange release 29" in command:  # which of the two partners was polled first is nobody's promise
        command = command.replace(" 29", f" {_held(home)}")
    code, printed = _printed(command.removeprefix("edi-bridge "), home)
    assert code == int(wanted.group(1) if wanted else 0), f"{command}\n{printed}"
    for line in shown.splitlines():
        assert line.strip() in printed, f"{command}: {line}\n{printed}"


def _printed(command: str, home: Path) -> tuple[int, str]:
    """The exit code of a command of edi-bridge, and what it printed on both streams."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    before = Path.cwd()
    os.chdir(home)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = cli.run(shlex.split(command, comments=True))
    finally:
        os.chdir(before)
    return code, out.buffer.getvalue().decode("utf-8")  # type: ignore[attr-defined]


def _held(home: Path) -> int:
    """The first exchange of the pilot, which a person must look at."""
    shown = json.loads(_printed("exchange list --partner lakes --since 2026-12-04 --json", home)[1])
    return min(int(row["id"]) for row in shown)
