"""What may stand between two X12 interchanges, and where another standard's reader must go on."""

from __future__ import annotations

import re

from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Position
from edi_bridge.syntax.report import MOST_STRAYS
from edi_bridge.syntax.source import KEPT, Window
from edi_bridge.syntax.starts import AFTER_X12, LINE_AFTER_X12, PADDING

OPENING = re.compile(rb"(?<![A-Za-z0-9])(?:ISA(?=[^A-Za-z0-9 \r\n])|GS(?=([^A-Za-z0-9\s])[A-Z]{2}\1)|ST(?=([^A-Za-z0-9\s])\d{3}\2))")
TRAILER = re.compile(rb"(?<![A-Za-z0-9])(?:IEA|GE|SE)(?=([^A-Za-z0-9\s])\d{1,15}\1)")


def is_over(window: Window) -> bool:
    """Whether no X12 follows at the cursor: the file ends, or another standard's interchange begins."""
    return not window.ensure(1) or not OPENING.match(window.data, window.at)


def begins_another(window: Window) -> bool:
    """Whether an interchange of another standard begins at the cursor and its reader waits for it."""
    return window.source.shared and bool(AFTER_X12.match(window.data, window.at))


def gap(window: Window, findings: list[Finding], ordinal: int, element: bytes = b"", terminator: bytes = b"") -> bytes:
    """Go over what stands between interchanges, up to the next one of any standard or the end: what it was.

    Blanks, line breaks, NUL and SUB say nothing; a trailer too many and any other text are findings.
    """
    kept, most = window.skip(PADDING), len(findings) + MOST_STRAYS
    while window.ensure(1):
        window.ensure(64)
        if OPENING.match(window.data, window.at) or begins_another(window):
            break
        start = window.offset
        trailer = TRAILER.match(window.data, window.at) if terminator else None
        if trailer and trailer.group(1) == element:
            skipped, _ = window.skip_to((re.compile(re.escape(terminator)),))
            skipped += window.data[window.at:window.at + 1]
            window.at = min(window.at + 1, len(window.data))
            tag, text = trailer.group().decode(), skipped.removesuffix(terminator)
            findings.append(found("doubled_trailer", Position(interchange=ordinal, tag=tag, offset=start, length=len(text)),
                                  text.decode("latin-1"), f"{tag} stands after the interchange's end"))
        else:
            skipped, _ = window.skip_to((OPENING, TRAILER, LINE_AFTER_X12) if window.source.shared else (OPENING, TRAILER), further=True)
            length = window.offset - start
            findings.append(found("junk_between_interchanges", Position(interchange=ordinal, offset=start, length=length),
                                  skipped[:200].decode("latin-1").rstrip(), f"{length} bytes stand outside any interchange"))
        del findings[most:]  # a file of junk must not fill the memory
        kept = (kept + skipped + window.skip(PADDING))[-KEPT:]
    return kept
