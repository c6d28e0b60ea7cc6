"""CSV and fixed-width files → Interchange, by a layout that the map declares (RFC 4180 and what is around it); `csv_write` is the
other way.

One file is one interchange. Consecutive rows that agree in the layout's `key` columns are one message (`Sheet`);
without a key every row is one. Comments, blank lines and rows of empty cells stand between the messages as `Stray`s.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO

from edi_bridge.finding import Finding, found, printable
from edi_bridge.interchange import Address, Delimiters, Interchange, MessageType, Part, Position, Sheet, Stray
from edi_bridge.layout import Column, SheetLayout, same_title, titles_of
from edi_bridge.syntax.csv_rows import CHUNK, FixedReader, Line, Row, RowReader, codec_of, lines, mark_of
from edi_bridge.syntax.csv_types import RecordRows, places
from edi_bridge.syntax.csv_write import build
from edi_bridge.syntax.limits import DEFAULT, Limits
from edi_bridge.syntax.raw_write import write_to

__all__ = ["build", "read", "write_to"]

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_KEYS_REMEMBERED = 200_000  # so many messages back a returning key is noticed
_SNIFF_LINES = 20
_ENDING = ("unclosed", "too_long")  # problems of a row after which nothing can be read


def read(stream: BinaryIO, *, layout: SheetLayout, charset: str | None = None, limits: Limits = DEFAULT,
         ordinal: int = 1, offset: int = 0) -> Iterator[Interchange]:
    """The one interchange of a CSV or fixed-width file; whatever is wrong is in its findings, never raised.

    `charset` overrides the layout's encoding; a byte order mark overrides both. Bytes count from `offset`.
    """
    start = b""
    while len(start) < 4 and (piece := stream.read(CHUNK)):  # a byte order mark may come in pieces
        start += piece
    codec = codec_of(start, charset or layout.encoding)
    yield _Reader(layout, limits, ordinal, offset, codec).interchange(stream, start, charset or layout.encoding)


def _name(cell: str) -> str:
    return " ".join(cell.split())


def _delimiter(head: Sequence[Line], layout: SheetLayout) -> str:
    """The allowed delimiter under which the first row fits the layout best; the first allowed one when none does."""
    best, delimiter = (-1, -1), layout.delimiter[:1] or ","
    for candidate in layout.delimiter if len(layout.delimiter) > 1 else "":
        row = next(iter(RowReader(iter(head), candidate, layout.quote, layout.comment, DEFAULT.segment)), None)
        if row is None:
            continue
        names = {same_title(cell) for cell in row.cells}
        known = sum(title in names for title in titles_of(layout.columns)) if layout.header else 0
        score = (known, len(row.cells)) if layout.header else (int(len(row.cells) == len(layout.columns)), 0)
        if score > best:
            best, delimiter = score, candidate
    return delimiter


def _text(some: Iterable[Line], codec: str) -> str:
    raw = b"".join(line.raw for line in some)
    try:
        return raw.decode(codec, "surrogateescape")
    except UnicodeDecodeError:  # UTF-16 cut off in the middle of a character, after which nothing is read
        return raw.decode(codec, "replace")


@dataclass(slots=True)
class _Open:
    """The message that is being collected."""

    key: tuple[str, ...]
    ordinal: int
    offset: int
    rows: list[list[str]]
    lines: list[int]
    raw: list[bytes]
    size: int = 0
    dropped: bool = False


class _Reader:
    """One pass over one file."""

    def __init__(self, layout: SheetLayout, limits: Limits, ordinal: int, offset: int, codec: str):
        self.layout = layout
        self.limits = limits
        self.ordinal = ordinal
        self.offset = offset
        self.codec = codec
        self.findings: list[Finding] = []
        self.header: list[str] = []
        self.delimiter = layout.delimiter[:1] or ","
        self.key_at: list[int] = []
        self.seen: dict[int, None] = {}
        self.count = 0
        self.type = MessageType(layout.kind, layout.version, layout.name)

    def interchange(self, stream: BinaryIO, start: bytes, declared: str) -> Interchange:
        """The interchange, its header line read."""
        interchange = Interchange(self.layout.kind, self.ordinal, Address(), Address(), "", iter(()),
                                  encoding=self.codec or "utf-8", syntax=str(self.type), offset=self.offset,
                                  findings=self.findings)
        if not start:
            self.add("empty_file")
        elif not self.codec:
            self.add("character_set_unsupported", value=declared)
        else:
            source = lines(stream, start, self.codec, self.limits.segment)
            head = list(islice(source, self.layout.skip))
            rows = self.rows(source)
            readable = self.read_header(rows, head)
            interchange.header = ("\ufeff" if mark_of(start) else "") + _text(head, self.codec)
            interchange.delimiters = Delimiters(self.delimiter, "", "\n", self.layout.quote, "", self.layout.decimal)
            if readable:
                interchange.parts = self.parts(rows, interchange)
        return interchange

    def rows(self, source: Iterator[Line]) -> RowReader | RecordRows:
        layout = self.layout
        if layout.types:
            return RecordRows(self.plain_rows(source), layout)
        return self.plain_rows(source)

    def plain_rows(self, source: Iterator[Line]) -> RowReader:
        layout = self.layout
        if layout.kind == "fixed":
            spans = layout.spans()
            if layout.types:  # only the record type, which says where everything else stands
                spans = tuple(span for span, column in zip(spans, layout.columns, strict=True) if column.name == layout.type_column)
            return FixedReader(source, spans, layout.comment, self.limits.segment)
        if len(layout.delimiter) > 1:
            head = list(islice(source, _SNIFF_LINES))
            self.delimiter = _delimiter(head, layout)
            source = chain(head, source)
        return RowReader(source, self.delimiter, layout.quote, layout.comment, self.limits.segment)

    def add(self, kind: str, line: Line | None = None, value: str = "", note: str = "", path: str | None = None,
            message: int | None = None, at: int = 0) -> None:
        place = Position(interchange=self.ordinal, message=message, path=path, line=line.number if line else None,
                         offset=self.offset + line.offset + at if line else None)
        self.findings.append(found(kind, place, value, note))

    # -- the header line

    def read_header(self, rows: RowReader | RecordRows, head: list[Line]) -> bool:
        """Find out the columns; whether the rows can be read with them."""
        columns = [column.name for column in self.layout.columns]
        if self.layout.kind == "fixed" or not self.layout.header:
            self.header = columns
        else:
            row = next(iter(rows), None)
            if row is None:
                head += rows.after
                self.add("empty_file" if not head else "csv_missing_column", note="" if not head else "there is no header line")
                return False
            head += [*row.before, *row.lines]
            if row.problem:
                self.row_problem(row, None)
                return False
            if not self.columns_known(row, columns):
                return False
        at = {name: index for index, name in reversed(list(enumerate(self.header)))}
        self.key_at = [at[name] for name in self.layout.key if name in at]
        return True

    def columns_known(self, row: Row, columns: list[str]) -> bool:
        line = row.lines[0]
        self.line_problems(row, None)
        known = titles_of(self.layout.columns)
        given = [_name(cell) for cell in row.cells]
        self.header = [known.get(same_title(name), name) for name in given]
        titles = {column.name: " or ".join(column.titles or (column.name,)) for column in self.layout.columns}
        missing = [titles[name] for name in self.layout.required() if name not in self.header]
        twice = sorted({name for name in self.header if name and self.header.count(name) > 1})
        if missing:
            self.add("csv_missing_column", line, note=f"missing {_list(missing)}; the header line has {_list(given)}")
        if twice:
            self.add("csv_duplicate_column", line, note=f"{_list(twice)} more than once")
        unknown = [name for name in given if same_title(name) not in known]
        if unknown and columns:
            self.add("csv_unknown_column", line, note=f"not in the layout: {_list(unknown)}")
        return not missing and not twice

    # -- the rows

    def parts(self, rows: RowReader | RecordRows, interchange: Interchange) -> Iterator[Part]:
        """The sheets and what stands between them; the last gap becomes the trailer."""
        current: _Open | None = None
        # Rows that could not be read and what stands before a row; they join the sheet around them or become strays.
        gap: list[Line] = []
        for row in rows:
            gap += row.before
            if row.lines[-1].offset + len(row.lines[-1].raw) > self.limits.interchange:
                self.add("interchange_too_large", row.lines[0], note=f"more than {self.limits.interchange} bytes; "
                         "what follows was not read")
                gap += row.lines
                break
            if row.code and row.code in self.layout.outside:
                self.row_problem(row, None)
                gap += row.lines
                continue
            key = tuple(row.cells[at] if at < len(row.cells) else "" for at in self.key_at)
            belongs = current is not None and self.belongs(row, key, current)
            if row.problem in _ENDING or not belongs and not self.trusted(row):
                self.row_problem(row, None)
                self.add("csv_row_lost", row.lines[0])
                gap += row.lines
                continue
            if current is None or not belongs:
                yield from self.closed(current)
                if gap:
                    yield Stray(_text(gap, self.codec), self.offset + gap[0].offset)
                    gap = []
                current = self.begin(key, row)
            self.extend(current, gap, row)
            gap = []
            self.row_problem(row, current.ordinal)
        yield from self.closed(current)
        interchange.trailer = _text([*gap, *rows.after], self.codec)

    def belongs(self, row: Row, key: tuple[str, ...], current: _Open) -> bool:
        """Whether a row is of the message that is open."""
        if self.layout.begins:
            return row.code not in self.layout.begins
        return bool(self.key_at) and (key == current.key or row.problem == "type")

    def trusted(self, row: Row) -> bool:
        """Whether it is clear to which message a row belongs that is not of the open message's key."""
        if self.layout.types:
            return row.problem != "type" and (not self.layout.begins or row.code in self.layout.begins)
        return not self.key_at or self.layout.kind == "fixed" or len(row.cells) == len(self.header)

    def begin(self, key: tuple[str, ...], row: Row) -> _Open:
        self.count += 1
        if self.key_at:
            known = hash(key)
            if known in self.seen:
                self.add("csv_key_returns", row.lines[0], " / ".join(key), path=" / ".join(self.layout.key), message=self.count)
            elif len(self.seen) >= _KEYS_REMEMBERED:
                del self.seen[next(iter(self.seen))]
            self.seen[known] = None
        return _Open(key, self.count, self.offset + row.lines[0].offset, [], [], [])

    def extend(self, current: _Open, gap: list[Line], row: Row) -> None:
        raw = b"".join(line.raw for line in [*gap, *row.lines])
        current.size += len(raw)
        if current.dropped:
            return
        if current.size > self.limits.message or len(current.rows) >= self.limits.message_segments:
            current.dropped = True
            self.add("message_too_large", row.lines[0], note=f"more than {self.limits.message} bytes or "
                     f"{self.limits.message_segments} rows", message=current.ordinal)
            current.rows, current.lines, current.raw = [], [], []
            return
        current.rows.append(row.cells)
        current.lines.append(row.lines[0].number)
        current.raw.append(raw)

    def closed(self, current: _Open | None) -> Iterator[Sheet]:
        if current is not None and not current.dropped:
            fixed, types = self.layout.kind == "fixed", self.layout.types
            yield Sheet(self.type, current.ordinal, " / ".join(current.key) or str(current.ordinal), self.header,
                        current.rows, current.lines, raw=b"".join(current.raw), offset=current.offset,
                        interchange=self.ordinal, delimiter=self.delimiter, quote=self.layout.quote,
                        encoding=self.codec, columns=self.layout.spans() if fixed else (),
                        record_types={one.code: places(one, self.layout) for one in types},
                        type_column=self.header.index(self.layout.type_column) if types else 0)

    # -- what is wrong with a row

    def row_problem(self, row: Row, message: int | None) -> None:
        first, last = row.lines[0], row.lines[-1]
        span = f"line {first.number}" if first is last else f"lines {first.number} to {last.number}"
        match row.problem:
            case "quote":
                self.add("csv_quote", first, first.text.rstrip("\r\n"), f"text stands after a closing quote in {span}", message=message)
            case "unclosed":
                self.add("csv_quote", first, first.text.rstrip("\r\n"),
                         f"the quote opened in line {first.number} is not closed; what follows was not read", message=message)
            case "too_long":
                self.add("segment_too_large", first, first.text, f"the row is larger than {self.limits.segment} bytes or has a "
                         f"value larger than {csv.field_size_limit()} characters; what follows was not read", message=message)
            case "type":
                codes = ", ".join(one.code for one in self.layout.types)
                self.add("csv_unknown_record", first, row.code, f"there is no record type {row.code or 'without a name'}; known are {codes}",
                         path=self.layout.type_column, message=message)
        self.line_problems(row, message)
        record = self.layout.type_named(row.code) if self.layout.types else None
        expected, width = len(record.columns) if record else len(self.header), row.width if record else len(row.cells)
        if row.problem == "type":
            return
        if self.layout.kind == "fixed":
            self.fixed_width(row, message, record.columns if record else self.layout.columns)
        elif self.header and width != expected and row.problem not in _ENDING:
            self.add("csv_row_width", first, note=f"{expected} columns expected, {width} found in {span}", message=message)

    def fixed_width(self, row: Row, message: int | None, columns: tuple[Column, ...]) -> None:
        text = row.lines[0].text.rstrip("\r\n")
        needed = max((column.start - 1 + column.width for column in columns if column.required), default=0)
        most = max((column.start - 1 + column.width for column in columns), default=0)
        # Blanks at the end of a line are often cut off, inside the last required column as well.
        if needed and len(text) <= max(column.start - 1 for column in columns if column.required):
            self.add("csv_row_width", row.lines[0], note=f"at least {needed} characters expected, {len(text)} found", message=message)
        elif text[most:].strip():
            self.add("csv_row_width", row.lines[0], text[most:], f"{most} characters expected, {len(text)} found", message=message)

    def line_problems(self, row: Row, message: int | None) -> None:
        for line in row.lines:
            if line.bad is not None:
                self.add("wrong_charset", line, repr(line.raw[line.bad:line.bad + 1])[2:-1],
                         f"byte {line.bad + 1} of the line is not {self.codec}", message=message, at=line.bad)
            if control := _CONTROL.search(line.text):
                self.add("control_character", line, control[0], message=message,
                         at=len(line.text[:control.start()].encode(self.codec, "replace")))


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(printable(name) for name in names[:30])
    return shown + (f" and {len(names) - 30} more" if len(names) > 30 else "") if names else "nothing"
