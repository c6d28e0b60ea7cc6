"""A home that took in a morning's files by `edi-bridge run --once`: what the tests of the desk's commands work on.

    1 good · 2 from an unknown sender · 3 the content of 1 under another number · 4 the number of 1 with other content ·
    5 a wrong count in UNT · 6 a quantity that is no number · 7 no message at all · 8 two interchanges in one file, the second unacceptable
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from cli_case import Run

try:  # the program's SQLite, which works in this process too: two of them do not see each other's locks (sqlite.org/howtocorrupt.html 2.2.1)
    from pysqlite3 import dbapi2 as sqlite3
except ImportError:
    import sqlite3  # type: ignore[no-redef]

OURS, NORD, STRANGER = "9521200034004", "9521200077018", "9521200077025"
OWN = f"""own: us
identities:
  - {{id: "{OURS}", qualifier: "14"}}
parties:
  - {{scheme: gln, value: "{OURS}"}}
"""
PARTNER = f"""partner: nord
name: Nord Handel
identities:
  - {{id: "{NORD}", qualifier: "14"}}
acknowledge: {{contrl: always}}
expect: {{contrl: 4h}}
send: folder
agreements:
  - {{message: edifact/D96A/ORDERS}}
  - {{message: edifact/D96A/INVOIC, direction: out}}
channels:
  folder: {{kind: directory, get: nord/out, put: nord/in, settle: 0s}}
"""
COMPANY = "channels:\n  shared: {kind: directory, get: shared, settle: 0s}\n"


def order(control: str = "417", number: str = "4500017731", sender: str = NORD, quantity: str = "48", close: str = "") -> str:
    """An interchange with one ORDERS D.96A (ISO 9735: UNT counts UNH to UNT)."""
    body = [f"UNH+1+ORDERS:D:96A:UN:EAN008'BGM+220+{number}+9'DTM+137:20261102:102'NAD+BY+{sender}::9'NAD+SU+{OURS}::9'",
            f"LIN+1++9521200002119:EN'QTY+21:{quantity}'PRI+AAA:3.19'UNS+S'CNT+2:1'"]
    text = "".join(body)
    return (f"UNB+UNOC:3+{sender}:14+{OURS}:14+261102:0815+{control}'{text}UNT+{text.count(chr(39)) + 1}+1'UNZ+1+{close or control}'")


FILES = {
    "nord/out/1-good.edi": order(),
    "shared/2-unknown.edi": order("500", "4500020000", STRANGER),
    "nord/out/3-same-content.edi": order("418"),
    "nord/out/4-conflict.edi": order("417", "4500019999"),
    "nord/out/5-count.edi": order("419", "4500017740").replace("UNT+11", "UNT+12"),
    "nord/out/6-quantity.edi": order("420", "4500017741", quantity="many"),
    "nord/out/7-noise\x1b[31m.txt": "Dear\x1b[2J all,\nsee you\n",
    "nord/out/8-two.edi": order("421", "4500017750") + order("422", "4500017751", close="999"),
}


def home(folder: Path) -> Path:
    """A home with a partner whose channel are two folders, and a channel of the company."""
    made = folder / "home"
    for name in ("partners", "nord/out", "nord/in", "shared"):
        (made / name).mkdir(parents=True)
    (made / "partners" / "_own.yaml").write_text(OWN)
    (made / "partners" / "nord.yaml").write_text(PARTNER)
    (made / "partners" / "_channels.yaml").write_text(COMPANY)
    return made


def lay(home: Path, files: dict[str, str]) -> None:
    """Files at the partners, older than they are now, in their order."""
    for name, text in files.items():
        (home / name).write_text(text)


class Desk:
    """Commands on a home, and what its database says, read by sqlite3 itself."""

    def __init__(self, home: Path, edi: Run):
        self.home, self._edi = home, edi

    def __call__(self, *args: str, code: int = 0, **more: Any) -> str:
        """What a command prints on both streams; its exit code is `code`."""
        done = self._edi(*args, "--home", self.home, **more)
        text = (done.stdout + done.stderr).decode()
        assert done.returncode == code, f"{args}: exit {done.returncode}\n{text}"
        return text

    def json(self, *args: str, code: int = 0) -> Any:
        """The JSON that a command prints."""
        done: subprocess.CompletedProcess[bytes] = self._edi(*args, "--json", "--home", self.home)
        assert done.returncode == code, done.stderr.decode()
        return json.loads(done.stdout)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database holds."""
        with contextlib.closing(sqlite3.connect(self.home / "edi-bridge.sqlite")) as connection:
            return connection.execute(sql, values).fetchall()

    def damage(self, *statements: str) -> None:
        """Change the database around the program."""
        with contextlib.closing(sqlite3.connect(self.home / "edi-bridge.sqlite")) as connection, connection:
            for one in statements:
                connection.execute(one)

    def id(self, name: str) -> int:
        """The (first) exchange of the file that begins so."""
        return int(self.rows("SELECT e.id FROM exchange e JOIN receipt r ON r.id = e.receipt_id WHERE r.name LIKE ? ORDER BY e.id", f"{name}%")[0][0])

    def state(self, id: int) -> str:
        """The state of an exchange."""
        return str(self.rows("SELECT state FROM exchange WHERE id = ?", id)[0][0])

    def orders(self) -> set[str]:
        """The numbers of the orders in the CRM."""
        return {row[0] for row in self.rows('SELECT number FROM sales_order')}


def copied(template: Path, folder: Path) -> Path:
    """A home of its own for a test."""
    made = folder / "home"
    shutil.copytree(template, made)
    return made
