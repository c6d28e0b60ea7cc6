"""Segment files that are wrapped at a column, as mainframes and mail programs do: line breaks stand inside segments."""

from __future__ import annotations

import re
from typing import BinaryIO

from edi_bridge.interchange import Layout
from edi_bridge.syntax.source import Window

SAMPLE = 1 << 16  # how much of an interchange is looked at to see whether it is wrapped
TYPICAL = frozenset((64, 70, 72, 75, 76, 78, 79, 80, 96, 100, 120, 126, 128, 132, 133, 160, 200, 250, 254,
                     255, 256, 500, 512, 990, 998, 1000, 1024, 2000, 2048, 4000, 4096, 8000, 8192))
BREAKS = b"\r\n"


def wrapping(window: Window, trailer: bytes, terminator: bytes, release: bytes) -> Layout:
    """How the interchange at the cursor is wrapped: `wrap`, `wrap_break`, `wrap_start`, and `line_break` when its
    segments begin on lines of their own all the same. An empty layout when it is not wrapped: line breaks then stand only
    after terminators, or inside segments by mistake.

    It is when a break stands inside a segment and all such lines have the same length, which no line exceeds; if
    there is only one such line, its length must be a usual one (80, 132, 256 …). `trailer` are the first bytes of
    the segment that ends the interchange: what stands behind it does not count.
    """
    window.ensure(SAMPLE)
    sample = window.data[window.at:window.at + SAMPLE]
    whole = window.ended and len(window.data) - window.at <= SAMPLE
    ends = sample.find(terminator, last) + 1 if (last := sample.find(trailer)) >= 0 else 0
    if ends:
        sample, whole = sample[:ends], True
    column = window.column()
    breaks = list(re.finditer(rb"\r\n|\n|\r", sample))
    kinds = {hit[0] for hit in breaks[:-1] or breaks}
    if len(kinds) != 1:
        return Layout()
    starts = [0, *(hit.end() for hit in breaks)]
    widths = [hit.start() - start + (column if not start else 0) for start, hit in zip(starts, breaks, strict=False)]
    inside = [width for width, start, hit in zip(widths, starts, breaks, strict=False)
              if not _ends_segment(sample[start:hit.start()], terminator, release) and (
                  hit.end() < len(sample) or not whole)]
    if not inside or len(set(inside)) != 1 or inside[0] < 20:
        return Layout()
    width = inside[0]
    last = len(sample) - starts[-1]
    if max(widths) > width or (whole and last > width) or (len(inside) < 2 and width not in TYPICAL):
        return Layout()
    pure = all(w == width for w in (widths if not whole or last else widths[:-1]))
    wrap_break = kinds.pop().decode()
    return Layout(wrap=width, wrap_break=wrap_break, wrap_start=column if pure else 0,
                  line_break="" if pure else wrap_break)


def _ends_segment(line: bytes, terminator: bytes, release: bytes) -> bool:
    line = line.rstrip(b" \t")
    if not line.endswith(terminator):
        return not line
    before = line[:-1]
    return not release or (len(before) - len(before.rstrip(release))) % 2 == 0


class Wrapped:
    """Breaks what is written into lines of the same length; a full line is broken when more comes. What has line
    breaks already is written as it stands."""

    __slots__ = ("_break", "_column", "_out", "_width")

    def __init__(self, out: BinaryIO, layout: Layout):
        self._out = out
        self._width = layout.wrap
        self._break = layout.wrap_break.encode("latin-1")
        self._column = layout.wrap_start

    def write(self, content: bytes) -> None:
        """Write one more piece."""
        last = max(content.rfind(b"\n"), content.rfind(b"\r"))
        if last >= 0:
            if self._column == self._width and not content.startswith((b"\n", b"\r")):
                self._out.write(self._break)
            self._out.write(content)
            self._column = len(content) - last - 1
            return
        at = 0
        while at < len(content):
            if self._column == self._width:
                self._out.write(self._break)
                self._column = 0
            line = content[at:at + self._width - self._column]
            self._out.write(line)
            self._column += len(line)
            at += len(line)
