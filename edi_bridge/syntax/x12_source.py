"""The bytes of an X12 stream as they come, and what may stand between two interchanges."""

from __future__ import annotations

import re
from typing import BinaryIO

from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Position

CHUNK = 256 * 1024
BOM = b"\xef\xbb\xbf"
BLANKS = b" \t\r\n"

OPENING = re.compile(rb"(?<![A-Za-z0-9])(?:ISA(?=[^A-Za-z0-9 \r\n])|GS(?=([^A-Za-z0-9\s])[A-Z]{2}\1)|ST(?=([^A-Za-z0-9\s])\d{3}\2))")
TRAILER = re.compile(rb"(?<![A-Za-z0-9])(?:IEA|GE|SE)(?=([^A-Za-z0-9\s])\d+\1)")
TAIL = 32  # longer than anything OPENING and TRAILER look at


class Source:
    """The bytes not yet used, `data` from `at` on; `base` is the place of data[0] in the file."""

    __slots__ = ("at", "base", "bom", "data", "ended", "stream")

    def __init__(self, stream: BinaryIO, base: int):
        self.stream = stream
        self.data = b""
        self.at = 0
        self.base = base
        self.ended = False
        self.bom = False  # a byte order mark stood just before

    @property
    def offset(self) -> int:
        """The place in the file of the next byte."""
        return self.base + self.at

    def more(self) -> bool:
        """Drop what is used and read another chunk, a larger one while a large message grows; False at the end."""
        chunk = b"" if self.ended else self.stream.read(max(CHUNK, min(len(self.data) - self.at, 16 * CHUNK)))
        if not chunk:
            self.ended = True
            return False
        self.base += self.at
        self.data = self.data[self.at:] + chunk
        self.at = 0
        return True

    def ensure(self, count: int) -> bool:
        """Whether `count` bytes are there, reading as needed."""
        while len(self.data) - self.at < count:
            if not self.more():
                return False
        return True

    def skip(self, blanks: bytes) -> None:
        """Go over any of these bytes."""
        while True:
            rest = self.data[self.at:self.at + 256].lstrip(blanks)
            if rest:
                self.at = min(self.at + 256, len(self.data)) - len(rest)
                return
            self.at = min(self.at + 256, len(self.data))
            if self.at == len(self.data) and not self.more():
                return


def gap(source: Source, findings: list[Finding], ordinal: int, element: bytes = b"", terminator: bytes = b"") -> None:
    """Go over what stands between interchanges, up to the next one or the end; a BOM is remembered.

    Blanks and line breaks say nothing; a trailer too many and any other text are findings.
    """
    while True:
        source.skip(BLANKS)
        source.ensure(TAIL)
        if source.data.startswith(BOM, source.at):
            source.bom = True
            source.at += len(BOM)
            continue
        if source.at == len(source.data) or OPENING.match(source.data, source.at):
            return
        start = source.offset
        trailer = TRAILER.match(source.data, source.at) if terminator else None
        if trailer and trailer.group(1) == element:
            text, length = _through(source, terminator)
            findings.append(found("doubled_trailer", Position(interchange=ordinal, tag=trailer.group().decode(), offset=start,
                                  length=length), text, f"{trailer.group().decode()} stands after the interchange's end"))
        else:
            text, length = _junk(source)
            findings.append(found("junk_between_interchanges", Position(interchange=ordinal, offset=start, length=length), text,
                                  f"{length} bytes stand outside any interchange"))


def _through(source: Source, terminator: bytes) -> tuple[str, int]:
    """The beginning and length of the segment that starts here; goes over it and its terminator."""
    start, text = source.offset, source.data[source.at:source.at + 200]
    while (end := source.data.find(terminator, source.at)) < 0:
        source.at = len(source.data)
        if not source.more():
            return text.decode("latin-1"), source.offset - start
    source.at = end + 1
    return text.split(terminator)[0].decode("latin-1"), source.offset - 1 - start


def _junk(source: Source) -> tuple[str, int]:
    """The beginning and length of text that is no interchange; goes over it."""
    source.ensure(200)
    start, text = source.offset, source.data[source.at:source.at + 200]
    while True:
        places = [match.start() for pattern in (OPENING, TRAILER) if (match := pattern.search(source.data, source.at + 1))]
        if source.ended or (places and min(places) + TAIL <= len(source.data)):
            source.at = min(places, default=len(source.data))
            length = source.offset - start
            return text[:length].decode("latin-1").rstrip(), length
        source.at = max(source.at, min([len(source.data) - TAIL, *(place - 1 for place in places)]))
        source.more()
