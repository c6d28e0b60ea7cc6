"""Places at which a test may kill or stop the program; they do nothing unless the environment asks.

`EDI_BRIDGE_CRASH_AT=point[:n]` kills the process with SIGKILL at the n-th passage of a point (the first without n);
`EDI_BRIDGE_PAUSE_AT=point` with `EDI_BRIDGE_PAUSE_FILE=path` waits there until the file exists. The points stand in
the order in which one receipt passes them, its answer behind it; then those that only a record of our own passes, and those of an activation of a version.
"""

from __future__ import annotations

import os
import signal
import time

POINTS = (
    "listed",
    "claimed",
    "temp_written",
    "temp_synced",
    "archived",
    "receipt_committed",
    "confirmed",
    "scanned",
    "parsed",
    "mapped",
    "tx_begun",
    "crm_written",
    "batch_committed",
    "closing_begun",
    "number_drawn",
    "ack_rendered",
    "outbox_written",
    "ack_matched",
    "committed",
    "sending",
    "uploaded",
    "renamed",
    "sent",
    "sent_marked",
    "record_taken",
    "rendered",
    "bytes_stored",
    "version_recorded",
    "version_journal",
    "version_file",
    "version_activated",
)

_name, _, _count = os.environ.get("EDI_BRIDGE_CRASH_AT", "").partition(":")
_left = int(_count or 1)
_pause = os.environ.get("EDI_BRIDGE_PAUSE_AT", "")


def passing(point: str) -> None:
    """Say that the program stands at a point."""
    global _left
    if point == _name:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    if point == _pause:
        while not os.path.exists(os.environ.get("EDI_BRIDGE_PAUSE_FILE", "")):
            time.sleep(0.01)
