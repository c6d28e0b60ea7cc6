"""Bytes → physical lines → rows of a CSV or fixed-width file, each with its bytes, line number and offset.

Python's `csv` reads the quoting (RFC 4180); what it does not tell (which bytes a row was made of) is kept by handing
it one physical line at a time. One row is in memory at a time; a row larger than the limit ends the reading.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO

CHUNK = 1 << 18
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)")
_BOMS = ((codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF8, "utf-8"),
         (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_PRINTABLE = bytes(range(32, 127)) + b"\t\r\n"


@dataclass(slots=True)
class Line:
    """One physical line with its line break. `bad` is the index of the first byte that is not of the encoding."""

    raw: bytes
    text: str
    number: int
    offset: int
    bad: int | None = None
    too_long: bool = False


@dataclass(slots=True)
class Row:
    """One row. `before` are comments and blank lines in front of it; `problem` is '', 'quote' (text after a closing
    quote), 'unclosed' or 'too_long'; after the last two nothing follows. Where a layout has record types (`csv_types`), `code`
    is the row's, `width` the number of cells it had, and the problem may be 'type' (an unknown one)."""

    cells: list[str]
    lines: list[Line]
    before: list[Line] = field(default_factory=list)
    problem: str = ""
    code: str = ""
    width: int = 0


def mark_of(start: bytes) -> bytes:
    """The byte order mark with which a file begins; b'' without one."""
    return next((mark for mark, _ in _BOMS if start.startswith(mark)), b"")


def codec_of(start: bytes, declared: str) -> str:
    """Python's name of the encoding: the byte order mark's, else the declared one. '' when it cannot be used, because
    it is unknown or because bytes of ASCII mean something else in it."""
    for mark, name in _BOMS:
        if start.startswith(mark):
            return name
    try:
        name = codecs.lookup(declared).name
        if name in ("utf-16", "utf-32"):
            return name + "-le"  # what Windows programs write
        if name.startswith(("utf-16", "utf-32")):
            return name
        return name.removesuffix("-sig") if _PRINTABLE.decode(name) == _PRINTABLE.decode("ascii") else ""
    except (LookupError, UnicodeError, ValueError, TypeError):
        return ""


def lines(stream: BinaryIO, start: bytes, codec: str, limit: int) -> Iterator[Line]:
    """Physical lines of `start` and then the stream, ended by CRLF, LF or CR, without the byte order mark. A line
    longer than `limit` comes as its beginning with `too_long`; nothing follows it."""
    mark = mark_of(start)
    read = _wide if codec.startswith(("utf-16", "utf-32")) else _narrow
    offset = len(mark)
    for number, (raw, text, bad) in enumerate(read(_chunks(stream, start[offset:]), codec, limit), 1):
        if len(raw) > limit:
            # The same beginning however the stream was cut; the cut may go through a character.
            yield Line(raw[:limit + 1], text[:200], number, offset, None, True)
            return
        yield Line(raw, text, number, offset, bad)
        offset += len(raw)


def _chunks(stream: BinaryIO, start: bytes) -> Iterator[bytes]:
    if start:
        yield start
    while chunk := stream.read(CHUNK):
        yield chunk


def _narrow(chunks: Iterator[bytes], codec: str, limit: int) -> Iterator[tuple[bytes, str, int | None]]:
    """Lines of an encoding in which CR and LF are never part of another character."""
    rest = b""
    for chunk in chunks:
        found = (rest + chunk).splitlines(keepends=True)
        # A CR at the end may be half of a CRLF.
        rest = found.pop() if not found[-1].endswith(b"\n") else b""
        for raw in found:
            yield _decoded(raw, codec)
        if len(rest) > limit:
            break
    if rest:
        yield _decoded(rest, codec)


def _decoded(raw: bytes, codec: str) -> tuple[bytes, str, int | None]:
    try:
        return raw, raw.decode(codec), None
    except UnicodeDecodeError as error:
        return raw, raw.decode(codec, "replace"), error.start


def _wide(chunks: Iterator[bytes], codec: str, limit: int) -> Iterator[tuple[bytes, str, int | None]]:
    """Lines of UTF-16 and UTF-32: cut in the text; encoding a line again gives its bytes."""
    rest = ""
    for text, broken, last in _decoded_wide(chunks, codec):
        rest += text
        at = 0
        for match in _LINE.finditer(rest):
            if match.end() == len(rest) and rest.endswith("\r") and not last:
                break
            at = match.end()
            yield _encoded(match[0], codec, broken)
        rest = rest[at:]
        if len(rest) > limit:
            break
    if rest:
        yield _encoded(rest, codec, True)


def _decoded_wide(chunks: Iterator[bytes], codec: str) -> Iterator[tuple[str, bool, bool]]:
    """(text, whether the decoder replaces what does not fit, whether it is the last)."""
    decoder, broken = codecs.getincrementaldecoder(codec)("strict"), False
    for chunk in chain(chunks, [b""]):
        state = decoder.getstate()
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError:
            broken, decoder = True, codecs.getincrementaldecoder(codec)("replace")
            decoder.setstate(state)
            text = decoder.decode(chunk, final=not chunk)
        yield text, broken, not chunk


def _encoded(text: str, codec: str, broken: bool) -> tuple[bytes, str, int | None]:
    at = text.find("\ufffd") if broken else -1
    return text.encode(codec, "surrogatepass"), text, None if at < 0 else len(text[:at].encode(codec, "surrogatepass"))


class RowReader:
    """Iterates over the `Row`s of physical lines. `after` holds the comments and blank lines behind the last row."""

    def __init__(self, source: Iterator[Line], delimiter: str, quote: str, comment: str, limit: int):
        self.source = source
        self.comment = comment
        self.limit = limit
        self.options = {"delimiter": delimiter, "quotechar": quote or None,
                        "quoting": csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE}
        self.reader = csv.reader(_Feed(self), strict=True, **self.options)  # type: ignore[arg-type]
        self.gap: list[Line] = []
        self.taken: list[Line] = []
        self.size = 0
        self.over = False

    @property
    def after(self) -> list[Line]:
        return self.gap

    def __iter__(self) -> Iterator[Row]:
        while not self.over:
            self.taken, self.size = [], 0
            cells: list[str] = []
            problem = ""
            try:
                cells = next(self.reader)
            except StopIteration:
                return
            except _TooLong:
                problem = "unclosed" if len(self.taken) > 1 else "too_long"
            except csv.Error as error:
                problem = _PROBLEMS.get(str(error).split(" (")[0], "quote")
            if problem:
                cells, self.over = self.lenient(), problem != "quote"
            if problem or any(cells):
                before, self.gap = self.gap, []
                yield Row(cells, self.taken, before, problem)
            else:
                self.gap += self.taken  # a row of empty cells, as spreadsheets leave them behind

    def lenient(self) -> list[str]:
        """The cells of a row whose quoting is broken, as far as they can be told from its first line."""
        try:
            return next(csv.reader([self.taken[0].text], strict=False, **self.options), [])  # type: ignore[arg-type]
        except csv.Error:
            return []

    def is_gap(self, line: Line) -> bool:
        text = line.text
        return bool(not text.strip() or text.rstrip("\r\n") == "\x1a" or self.comment and text.startswith(self.comment))


# What csv.Error says; text after a closing quote is any other.
_PROBLEMS = {"unexpected end of data": "unclosed", "field larger than field limit": "too_long"}


class _TooLong(Exception):
    """A row grew beyond the limit; caught in `RowReader`."""


class _Feed:
    """Hands csv one line after another and remembers them; comments and blank lines only count between rows."""

    def __init__(self, rows: RowReader):
        self.rows = rows

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        rows = self.rows
        line = next(rows.source)
        while not rows.taken and rows.is_gap(line):
            rows.gap.append(line)
            line = next(rows.source)
        rows.taken.append(line)
        rows.size += len(line.raw)
        if line.too_long or rows.size > rows.limit:
            raise _TooLong
        return line.text


class FixedReader(RowReader):
    """Rows of a fixed-width file: one line each, cut at the columns' places."""

    def __init__(self, source: Iterator[Line], spans: tuple[tuple[int, int], ...], comment: str, limit: int):
        super().__init__(source, ",", "", comment, limit)
        self.spans = spans

    def __iter__(self) -> Iterator[Row]:
        for line in self.source:
            if self.is_gap(line):
                self.gap.append(line)
                continue
            text = line.text.rstrip("\r\n")
            before, self.gap = self.gap, []
            yield Row([text[start:end].strip(" ") for start, end in self.spans], [line], before,
                      "too_long" if line.too_long else "")
