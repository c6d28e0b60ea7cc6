"""What the tests of the command line share: a small order, and the environment in which commands run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[bytes]"]

ORDER = (
    b"UNB+UNOC:3+9521200038118:14+9521200034004:14+261102:0815+417'UNH+1+ORDERS:D:96A:UN:EAN008'BGM+220+4500017731+9'"
    b"DTM+137:20261102:102'NAD+BY+9521200038118::9'NAD+SU+9521200034004::9'LIN+1++9521200002119:EN'QTY+21:48'"
    b"PRI+AAA:3.19'UNS+S'CNT+2:1'UNT+11+1'UNZ+1+417'"
)


def environment(**more: str) -> dict[str, str]:
    """No colours, no home, the checkout's package."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EDI_BRIDGE_")}
    for name in ("NO_COLOR", "COLUMNS"):
        kept.pop(name, None)
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error::ResourceWarning", **more}
