"""An X12 stream cut into messages and segments, without splitting what nobody asked for."""

from __future__ import annotations

import re
from functools import lru_cache

from edi_bridge.interchange import Delimiters
from edi_bridge.syntax.limits import Limits
from edi_bridge.syntax.source import Window
from edi_bridge.syntax.x12_message import Remark, Spans

TOO_LARGE = b"too large"
BINARY = (b"BIN", b"BDS")
SLACK = 65536  # how much longer than its limit a message may look before its end is known


@lru_cache(maxsize=64)
def _patterns(delimiters: Delimiters, blanks: bytes) -> tuple[re.Pattern[bytes], ...]:
    """What finds the end of a segment, the next envelope or binary segment behind one and right here, and the length of a binary one."""
    e, t, r = (re.escape(char.encode("latin-1")) for char in (delimiters.element, delimiters.terminator, delimiters.release))
    end = rb"(?<!%b)(?:%b%b)*+%b" % (r, r, r, t) if r else t  # not released: an even number of release characters before it
    tagged = rb"[%b]*+(?=[SGIB])(S[ET](?=%b|%b)|G[SE](?=%b|%b)|IEA(?=%b|%b)|ISA(?=[^A-Za-z0-9 \r\n])|BIN(?=%b)|BDS(?=%b))" % (
        re.escape(blanks), e, t, e, t, e, t, e, e)
    binary = rb"(?:BIN|BDS%b[^%b%b]{0,15})%b(\d{1,15})%b" % (e, e, t, e, e)
    return re.compile(end), re.compile(end + tagged), re.compile(t + tagged), re.compile(binary)


class Cutter:
    """Finds the ends of segments and messages in the window. Places inside a message count from its first byte,
    because the window moves when more is read."""

    def __init__(self, window: Window, delimiters: Delimiters, blanks: bytes, limits: Limits):
        self.window, self.limits = window, limits
        self.terminator = delimiters.terminator.encode("latin-1")
        self.release = delimiters.release.encode("latin-1")
        self._end, self._boundary, self._boundary_here, self._binary = _patterns(delimiters, blanks)

    def segment(self) -> tuple[bytes | None, bool]:
        """The bytes up to the terminator and whether there is one; None when they are more than the limit."""
        window, scanned = self.window, 0
        while not (match := self._end.search(window.data, window.at + scanned)):
            scanned = self._before_releases() - window.at
            if len(window.data) - window.at > self.limits.segment + 2:
                self.drop_segment()
                return None, False
            if not window.fill():
                raw = window.data[window.at:]
                window.at = len(window.data)
                return (raw, False) if len(raw) <= self.limits.segment else (None, False)
        raw = window.data[window.at:match.end() - 1]
        window.at = match.end()
        return (raw, True) if len(raw) <= self.limits.segment else (None, True)

    def drop_segment(self) -> None:
        """Go over a segment without keeping it."""
        window = self.window
        while not (match := self._end.search(window.data, window.at)):
            window.at = last = self._before_releases()
            window.at += (len(window.data) - last) & ~1  # release characters count in pairs
            if not window.fill():
                window.at = len(window.data)
                return
        window.at = match.end()

    def _before_releases(self) -> int:
        """The end of what is in memory, or the first of the release characters that it ends with."""
        data, at = self.window.data, len(self.window.data)
        while self.release and at > self.window.at and data[at - 1:at] == self.release:
            at -= 1
        return at

    def drop_interchange(self) -> None:
        """Go over the rest of an interchange, up to behind its trailer or to the next header."""
        window = self.window
        while not (match := self._boundary.search(window.data, window.at)) or match.group(1) not in (b"IEA", b"ISA"):
            window.at = match.end() if match else max(window.at, len(window.data) - SLACK)
            if not match and not window.fill():
                window.at = len(window.data)
                return
        window.at = match.start(1)
        if match.group(1) == b"IEA":
            self.drop_segment()

    def boundary(self, scan: int, binary: bool = False) -> tuple[bytes, int]:
        """The next envelope or binary segment's tag and place behind `scan`. No tag at the end of the file.

        `binary`: binary content ends at `scan`; whatever its last byte is, it releases nothing.
        """
        window = self.window
        if binary and self.release:
            window.ensure(scan + 64)
            if here := self._boundary_here.match(window.data, window.at + scan):
                return here.group(1), here.start(1) - window.at
            scan += 1
        while not (match := self._boundary.search(window.data, window.at + scan)):
            if len(window.data) - window.at > self.limits.message + SLACK:
                return TOO_LARGE, 0
            last = window.data.rfind(self.terminator, window.at + scan)
            last = len(window.data) if last < 0 else last
            while self.release and window.data[last - 1:last] == self.release:
                last -= 1
            scan = max(0, last - window.at)
            if not window.fill():
                return b"", len(window.data) - window.at
        return match.group(1), match.start(1) - window.at

    def segment_end(self, at: int) -> int:
        """Where the segment at `at` ends, terminator included, counted like `at`; the end of the file when it does not."""
        window = self.window
        while not (match := self._end.search(window.data, window.at + at)):
            if len(window.data) - window.at > self.limits.message + SLACK or not window.fill():
                return len(window.data) - window.at
        return match.end() - window.at

    def binary(self, at: int, binaries: Spans, remarks: list[Remark]) -> tuple[int, bool]:
        """Go over a binary segment by its declared length; the place from which to look on,
        and whether binary content ends there."""
        window = self.window
        window.ensure(at + 48)
        match = self._binary.match(window.data, window.at + at)
        declared = int(match.group(1)) if match else 0
        if match and declared <= self.limits.message:
            begin = match.end() - window.at
            window.ensure(begin + declared + 1)
            if window.data.startswith(self.terminator, window.at + begin + declared):
                binaries.append((begin, begin + declared))
                return begin + declared, True
        shown = f"declared are {declared} bytes" if match else "its length is missing"
        remarks.append(Remark("binary_length", at, 3, match.group(1).decode() if match else "",
                              f"the terminator does not stand after the binary content: {shown}"))
        return at + 3, False

    def drop_message(self) -> None:
        """Go over a message without keeping it."""
        window = self.window
        while not (match := self._boundary.search(window.data, window.at)) or match.group(1) in BINARY:
            window.at = match.end() if match else max(window.at, len(window.data) - SLACK)
            if not match and not window.fill():
                window.at = len(window.data)
                break
        else:
            window.at = match.start(1)
            if match.group(1) == b"SE":
                self.drop_segment()
