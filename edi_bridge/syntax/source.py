"""What the readers of segments see of a file of any size: a stream that can take bytes back, and a window over it.

A window always fills up in whole chunks, however the stream cuts its bytes, so that any cut of the input gives
the same result; it forgets what stands before its cursor, so that memory does not grow with the file.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import BinaryIO

CHUNK = 1 << 18
AHEAD = 32  # longer than anything that `Window.skip_to` looks for
KEPT = 1 << 16  # how much of what is skipped is kept, for writing it back
BREAKS = re.compile(rb"[\r\n]+")


class Source:
    """A binary stream that counts what was read and takes back what was read too far.

    `shared` says that another standard's reader goes on where one stops (a mailbox file of EDIFACT and X12).
    """

    __slots__ = ("_stream", "_back", "position", "shared")

    def __init__(self, stream: BinaryIO, position: int = 0, shared: bool = False):
        self._stream = stream
        self._back = b""
        self.position = position
        self.shared = shared

    def read(self, size: int = -1) -> bytes:
        """Exactly `size` bytes, fewer only at the end of the stream; everything when negative."""
        parts, have = [], 0
        if self._back:
            part = self._back if size < 0 else self._back[:size]
            self._back = self._back[len(part):]
            parts.append(part)
            have = len(part)
        while size < 0 or have < size:
            part = self._stream.read(size - have if size >= 0 else CHUNK)
            if not part:
                break
            parts.append(part)
            have += len(part)
        self.position += have
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def unread(self, taken: bytes) -> None:
        """Give back the last bytes that were read."""
        self._back = taken + self._back
        self.position -= len(taken)

    def peek(self, size: int) -> bytes:
        """The next bytes, which stay unread."""
        ahead = self.read(size)
        self.unread(ahead)
        return ahead


def as_source(stream: BinaryIO | Source, offset: int = 0) -> Source:
    """The stream as a Source; one that is a Source already keeps its own position."""
    return stream if isinstance(stream, Source) else Source(stream, offset)


class Window:
    """The part of a source that is in memory. `data[at:]` is what comes next; `fill` reads on.

    While `unwrapping` is set, `data` is free of CR and LF, and `place` and `original` lead back to the bytes of
    the source. After `fill` the cursor `at` is 0: places in `data` that a caller holds must be counted from `at`.
    """

    __slots__ = ("source", "data", "at", "ended", "unwrapping", "chunk", "_raw", "_base", "_gaps", "_hits", "_removed",
                 "_line_start")

    def __init__(self, source: Source, chunk: int = CHUNK):
        self.source = source
        self.chunk = chunk
        self.data = b""
        self.at = 0
        self.ended = False
        self.unwrapping = False
        self._raw = b""
        self._base = source.position  # the place of _raw[0] in the source
        self._gaps: list[int] = []  # where in data a line break was taken out …
        self._removed: list[int] = []  # … and how many bytes all breaks up to there had
        self._hits: dict[re.Pattern[bytes], tuple[int, int]] = {}  # pattern → (searched from, its first place in data from there)
        self._line_start = self._base

    def fill(self) -> bool:
        """Forget what is before the cursor and read one more chunk, larger for larger needs; False at the end."""
        if self.ended:
            return False
        self._forget()
        more = self.source.read(max(self.chunk, len(self._raw)))
        if not more:
            self.ended = True
        self._show(self._raw + more)
        return bool(more)

    def ensure(self, size: int) -> bool:
        """Try to have at least `size` bytes after the cursor."""
        while len(self.data) - self.at < size:
            if not self.fill():
                return False
        return True

    def skip(self, blanks: bytes) -> bytes:
        """Move over `blanks`; what they were, no more than the last 64 kB of them."""
        skipped, stride = b"", 64
        while self.ensure(1) and self.data[self.at] in blanks:
            rest = self.data[self.at:self.at + stride]
            run = len(rest) - len(rest.lstrip(blanks))
            skipped = (skipped + rest[:run])[-KEPT:]
            self.at += run
            stride = min(stride * 4, KEPT)
        return skipped

    def skip_to(self, patterns: tuple[re.Pattern[bytes], ...], further: bool = False) -> tuple[bytes, bool]:
        """Move to the first place that a pattern fits, or to the end: what was skipped (the last 64 kB of it), and
        whether there is such a place. `further`: not where the cursor stands now."""
        skipped, first = b"", int(further)
        while True:
            self.ensure(AHEAD)
            data = self.data
            hits = [hit for pattern in patterns if (hit := self._hit(pattern, self.at + first)) < len(data)]
            if self.ended or (hits and min(hits) + AHEAD <= len(data)):
                end = min(hits, default=len(data))
                skipped = (skipped + data[self.at:end])[-KEPT:]
                self.at = end
                return skipped, bool(hits)
            end = len(data) - AHEAD
            if end > self.at:
                first = 1  # what stands at `end` was looked at; the byte there is kept for patterns that look back
                skipped = (skipped + data[self.at:end])[-KEPT:]
                self.at = end
            self.fill()

    def _hit(self, pattern: re.Pattern[bytes], start: int) -> int:
        """The first place in `data` from `start` on that a pattern fits, beyond the end where none does. It is remembered: where each
        few bytes stop at one pattern, another one that fits nowhere would be looked for to the end again and again."""
        searched, place = self._hits.get(pattern, (0, -1))
        if not searched <= start <= place:
            hit = pattern.search(self.data, start)
            place = hit.start() if hit else len(self.data) + 1
            self._hits[pattern] = start, place
        return place

    def unwrap(self, on: bool) -> None:
        """Take line breaks out of `data` from the cursor on, or leave them in."""
        if on != self.unwrapping:
            self._forget()
            self.unwrapping = on
            self._show(self._raw)

    @property
    def offset(self) -> int:
        """The place in the source of the next byte."""
        return self._base + (self._inside(self.at) if self._gaps else self.at)

    def place(self, index: int) -> int:
        """The place in the source of the byte `data[index]`."""
        return self._base + self._inside(index)

    def original(self, start: int, end: int) -> bytes:
        """The bytes of the source from `data[start]` up to and with `data[end - 1]`."""
        if not self.unwrapping:
            return self.data[start:end]
        return self._raw[self._inside(start):self._inside(end - 1) + 1] if end > start else b""

    def column(self) -> int:
        """How many bytes stand on the cursor's line before it."""
        inside = self._inside(self.at)
        last = max(self._raw.rfind(b"\n", 0, inside), self._raw.rfind(b"\r", 0, inside))
        return inside - last - 1 if last >= 0 else self._base + inside - self._line_start

    def give_back(self) -> None:
        """Hand what was read too far back to the source."""
        self._forget()
        self.source.unread(self._raw)
        self._show(b"")
        self.ended = True

    def _inside(self, index: int) -> int:
        if not self._gaps:
            return index
        run = bisect_right(self._gaps, index)
        return index + (self._removed[run - 1] if run else 0)

    def _forget(self) -> None:
        cut = self._inside(self.at - 1) + 1 if self.at else 0  # a break right after the cursor stays
        last = max(self._raw.rfind(b"\n", 0, cut), self._raw.rfind(b"\r", 0, cut))
        if last >= 0:
            self._line_start = self._base + last + 1
        self._raw = self._raw[cut:]
        self._base += cut
        self.at = 0

    def _show(self, raw: bytes) -> None:
        self._raw = self.data = raw
        self._hits.clear()
        self._gaps, self._removed = [], []
        if self.unwrapping:
            total = 0
            for run in BREAKS.finditer(raw):
                self._gaps.append(run.start() - total)
                total += run.end() - run.start()
                self._removed.append(total)
            if total:
                self.data = raw.translate(None, b"\r\n")
