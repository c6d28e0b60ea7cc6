"""What stands between interchanges: where the next one starts, and what was before it."""

from __future__ import annotations

import re

from edi_bridge.syntax.edifact_text import Service, is_released, segment_end
from edi_bridge.syntax.source import KEPT, Window
from edi_bridge.syntax.starts import AFTER_EDIFACT, PADDING

START = re.compile(rb"UNA(?:(?![0-9A-Za-z])|.{6}[\r\n\t ]{0,8}UN[BGH])|"
                   rb"U(?:NB|NG|NH|IB|IH|NT|NE|NZ)(?![0-9A-Za-z \r\n])", re.DOTALL)
INTERCHANGE = re.compile(rb"UNA(?![0-9A-Za-z])|U(?:NB|NG|NH|IB|IH)(?![0-9A-Za-z \r\n])")


def skip_to_start(window: Window) -> tuple[bytes, bool]:
    """Move to where the first interchange starts: the bytes before it (the last 64 kB), and whether there is one."""
    before = window.skip(PADDING)
    rest, more = window.skip_to((START,))
    return (before + rest)[-KEPT:], more


def skip_to_interchange(window: Window) -> bytes:
    """Skip what is no segment of ours up to the next interchange, or the end; what it was (64 kB of it)."""
    return window.skip_to((INTERCHANGE, AFTER_EDIFACT) if window.source.shared else (INTERCHANGE,))[0]


def segment_here(window: Window, s: Service, limit: int) -> tuple[int, bool]:
    """The end of the segment at the cursor (an index into `data`) and whether its terminator was found.

    Without one, at the end of the file or beyond `limit` bytes, everything in memory counts as the segment.
    """
    scan = window.at
    while True:
        end = segment_end(window.data, window.at, s) if scan == window.at else _resumed(window, scan, s)
        if end:
            return end, True
        scanned = len(window.data) - window.at
        if scanned > limit or not window.fill():
            return len(window.data), False
        scan = window.at + max(scanned - 1, 0)


def _resumed(window: Window, scan: int, s: Service) -> int:
    """`segment_end` from `scan` on, release characters before it still counting."""
    found_at = window.data.find(s.terminator, scan)
    while found_at >= 0 and s.release and is_released(window.data, found_at, window.at, s):
        found_at = window.data.find(s.terminator, found_at + 1)
    return found_at + 1
