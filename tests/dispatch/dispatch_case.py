"""What the tests of workers share: a home with a partner, its interchanges, and workers as processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTNER = """partner: {name}
name: {name} GmbH
identities:
  - {{id: "{id}", qualifier: "14"}}
acknowledge: {{contrl: always}}
agreements:
  - {{message: edifact/D96A/ORDERS}}
  - {{message: edifact/D96A/ORDCHG, wait: 2d}}
"""
PARTNERS = {"acorn": "9521200099999", "birch": "9521200088887"}


def make_home(folder: Path) -> Path:
    """A home with two partners."""
    (folder / "partners").mkdir(parents=True)
    for name, id in PARTNERS.items():
        (folder / "partners" / f"{name}.yaml").write_text(PARTNER.format(name=name, id=id))
    return folder


def interchange(control: str, *bodies: list[str], sender: str = PARTNERS["acorn"]) -> bytes:
    """An interchange of EDIFACT D.96A messages, each given by its type and its segments."""
    text = f"UNB+UNOC:3+{sender}:14+9521200034004:14+261120:1015+{control}'"
    for number, (name, *segments) in enumerate(bodies, 1):
        text += f"UNH+{number}+{name}:D:96A:UN'" + "".join(f"{one}'" for one in segments) + f"UNT+{len(segments) + 2}+{number}'"
    return (text + f"UNZ+{len(bodies)}+{control}'").encode()


def order(number: str, quantity: int = 12, lines: int = 1) -> list[str]:
    """An ORDERS with lines of one article each."""
    body = [f"LIN+{n}++4000862141404:EN'QTY+21:{quantity}" for n in range(1, lines + 1)]
    return ["ORDERS", f"BGM+220+{number}+9", "DTM+137:20261120:102", "NAD+BY+9521200099999::9", "NAD+SU+9521200034004::9",
            *(part for one in body for part in one.split("'")), "UNS+S"]


def change(number: str, change: str, quantity: int) -> list[str]:
    """An ORDCHG that sets the quantity of line 1."""
    return ["ORDCHG", f"BGM+230+{change}+4", "DTM+137:20261120:102", f"RFF+ON:{number}", "NAD+BY+9521200099999::9",
            "NAD+SU+9521200034004::9", "LIN+1+3+4000862141404:EN", f"QTY+21:{quantity}", "UNS+S"]


def start_worker(home: Path, url: str, *more: str, **environ: str) -> subprocess.Popen[bytes]:
    """A worker in a process of its own; its log is a file of the home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EDI_BRIDGE_")}
    with (home / "worker.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "edi_bridge.cli", "worker", "--home", str(home), "--database", url, *more],
                                env={**kept, "PYTHONPATH": str(ROOT), **environ}, stdout=log, stderr=log)


HANGS = 120.0  # seconds after which something will never happen: a machine that does ten other things must come there before


def until(true: Callable[[], bool], seconds: float = HANGS) -> float:
    """Wait until something is so; how long it took. Fails after `seconds`."""
    begun = time.monotonic()
    while not true():
        assert time.monotonic() - begun < seconds, f"not within {seconds} seconds"
        time.sleep(0.05)
    return time.monotonic() - begun
