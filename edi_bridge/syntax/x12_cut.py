"""An X12 stream cut into messages and segments, without splitting what nobody asked for."""

from __future__ import annotations

import re

from edi_bridge.interchange import Delimiters
from edi_bridge.syntax.limits import Limits
from edi_bridge.syntax.x12_message import Remark, Spans
from edi_bridge.syntax.x12_source import Source

TOO_LARGE = b"too large"
BINARY = (b"BIN", b"BDS")
SLACK = 65536  # how much longer than its limit a message may look before its end is known


class Cutter:
    """Finds the ends of segments and messages in the source. Places inside a message count from its first byte,
    because the buffer moves when more is read."""

    def __init__(self, source: Source, delimiters: Delimiters, blanks: bytes, limits: Limits):
        self.source, self.limits = source, limits
        self.terminator = delimiters.terminator.encode("latin-1")
        self.release = delimiters.release.encode("latin-1")
        e, t, r = (re.escape(char.encode("latin-1")) for char in (delimiters.element, delimiters.terminator, delimiters.release))
        # a terminator that is not released: an even number of release characters before it
        self._end = re.compile(rb"(?<!%b)(?:%b%b)*+%b" % (r, r, r, t) if r else t)
        tagged = rb"[%b]*+(?=[SGIB])(S[ET](?=%b|%b)|G[SE](?=%b|%b)|IEA(?=%b|%b)|ISA(?=[^A-Za-z0-9 \r\n])|BIN(?=%b)|BDS(?=%b))" % (
            re.escape(blanks), e, t, e, t, e, t, e, e)
        self._boundary = re.compile(self._end.pattern + tagged)
        self._boundary_here = re.compile(t + tagged)
        self._binary = re.compile(rb"(?:BIN|BDS%b[^%b%b]{0,15})%b(\d{1,15})%b" % (e, e, t, e, e))

    def segment(self) -> tuple[bytes | None, bool]:
        """The bytes up to the terminator and whether there is one; None when they are more than the limit."""
        source, scanned = self.source, 0
        while not (match := self._end.search(source.data, source.at + scanned)):
            scanned = max(0, len(source.data) - source.at - 2)
            if scanned > self.limits.segment:
                self.drop_segment()
                return None, False
            if not source.more():
                raw = source.data[source.at:]
                source.at = len(source.data)
                return (raw, False) if len(raw) <= self.limits.segment else (None, False)
        raw = source.data[source.at:match.end() - 1]
        source.at = match.end()
        return (raw, True) if len(raw) <= self.limits.segment else (None, True)

    def drop_segment(self) -> None:
        """Go over a segment without keeping it."""
        source = self.source
        while not (match := self._end.search(source.data, source.at)):
            source.at = max(source.at, len(source.data) - 2)
            if not source.more():
                source.at = len(source.data)
                return
        source.at = match.end()

    def boundary(self, scan: int, binary: bool = False) -> tuple[bytes, int]:
        """The next envelope or binary segment's tag and place behind `scan`. No tag at the end of the file.

        `binary`: binary content ends at `scan`; whatever its last byte is, it releases nothing.
        """
        source = self.source
        if binary and self.release:
            source.ensure(scan + 64)
            if here := self._boundary_here.match(source.data, source.at + scan):
                return here.group(1), here.start(1) - source.at
            scan += 1
        while not (match := self._boundary.search(source.data, source.at + scan)):
            if len(source.data) - source.at > self.limits.message + SLACK:
                return TOO_LARGE, 0
            last = source.data.rfind(self.terminator, source.at + scan)
            last = len(source.data) if last < 0 else last
            while self.release and source.data[last - 1:last] == self.release:
                last -= 1
            scan = max(0, last - source.at)
            if not source.more():
                return b"", len(source.data) - source.at
        return match.group(1), match.start(1) - source.at

    def segment_end(self, at: int) -> int:
        """Where the segment at `at` ends, terminator included, counted like `at`; the end of the file when it does not."""
        source = self.source
        while not (match := self._end.search(source.data, source.at + at)):
            if len(source.data) - source.at > self.limits.message + SLACK or not source.more():
                return len(source.data) - source.at
        return match.end() - source.at

    def binary(self, at: int, binaries: Spans, remarks: list[Remark]) -> tuple[int, bool]:
        """Go over a binary segment by its declared length; the place from which to look on,
        and whether binary content ends there."""
        source = self.source
        source.ensure(at + 48)
        match = self._binary.match(source.data, source.at + at)
        declared = int(match.group(1)) if match else 0
        if match and declared <= self.limits.message:
            begin = match.end() - source.at
            source.ensure(begin + declared + 1)
            if source.data.startswith(self.terminator, source.at + begin + declared):
                binaries.append((begin, begin + declared))
                return begin + declared, True
        shown = f"declared are {declared} bytes" if match else "its length is missing"
        remarks.append(Remark("binary_length", at, 3, match.group(1).decode() if match else "",
                              f"the terminator does not stand after the binary content: {shown}"))
        return at + 3, False

    def drop_message(self) -> None:
        """Go over a message without keeping it."""
        source = self.source
        while not (match := self._boundary.search(source.data, source.at)) or match.group(1) in BINARY:
            source.at = match.end() if match else max(source.at, len(source.data) - SLACK)
            if not match and not source.more():
                source.at = len(source.data)
                break
        else:
            source.at = match.start(1)
            if match.group(1) == b"SE":
                self.drop_segment()
