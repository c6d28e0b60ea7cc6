"""The rows of a message in a CSV or fixed-width file."""

from __future__ import annotations

import re
from collections.abc import Mapping

from edi_bridge.interchange.byte_spans import cell_spans
from edi_bridge.interchange.envelope import MessageType
from edi_bridge.interchange.position import Position


class Sheet:
    """The rows of one CSV or fixed-width message: `header` names the columns, `rows` are their texts and
    `lines` the line number (from 1) on which each row begins. `raw` are the bytes from its first row up to the
    next sheet's; `columns` (fixed width only) holds (start, end) of each column, counted from 0. Where rows are of several
    record types, column number `type_column` tells a row's, and `record_types` says where that type's rows have each
    column: (start, end) in characters (fixed width) or cells, (0, 0) for none."""

    __slots__ = ("standard", "type", "ordinal", "reference", "header", "rows", "lines", "raw", "offset",
                 "interchange", "group", "delimiter", "quote", "encoding", "columns", "record_types", "type_column")

    def __init__(self, type: MessageType, ordinal: int, reference: str, header: list[str], rows: list[list[str]],
                 lines: list[int], *, raw: bytes = b"", offset: int = 0, interchange: int = 1, delimiter: str = ",",
                 quote: str = '"', encoding: str = "utf-8", columns: tuple[tuple[int, int], ...] = (),
                 record_types: Mapping[str, tuple[tuple[int, int], ...]] | None = None, type_column: int = 0):
        self.standard = type.standard
        self.type = type
        self.ordinal = ordinal
        self.reference = reference
        self.header = header
        self.rows = rows
        self.lines = lines
        self.raw = raw
        self.offset = offset
        self.interchange = interchange
        self.group = None
        self.delimiter = delimiter
        self.quote = quote
        self.encoding = encoding
        self.columns = columns
        self.record_types = record_types or {}
        self.type_column = type_column

    def locate(self, row: int, column: int | str | None = None) -> Position:
        """The position of a row (from 1), or of one of its cells (number from 1, or name), quotes included."""
        name = index = None
        if isinstance(column, str):
            name = column
            index = self.header.index(column) if column in self.header else None
        elif column is not None:
            index = column - 1
            name = self.header[index] if 0 <= index < len(self.header) else f"column {column}"
        if not 0 < row <= len(self.lines):
            return Position(interchange=self.interchange, message=self.ordinal, path=name)
        line = self.lines[row - 1]
        text = self.raw.decode(self.encoding, "surrogateescape")
        starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]
        first = starts[min(line - self.lines[0], len(starts) - 1)]
        last = starts[min(self.lines[row] - self.lines[0], len(starts) - 1)] if row < len(self.lines) else len(text)
        own = self.record_types.get(self.rows[row - 1][self.type_column]) if self.record_types else None
        cells = (own or self.columns) if self.columns else tuple(cell_spans(text[first:last], self.delimiter, self.quote))
        if own is not None and index is not None and not self.columns:
            index = own[index][0] if own[index][1] else len(cells)
        start, end = cells[index] if index is not None and index < len(cells) else (0, len(text[first:last].rstrip("\r\n")))
        most = len(text[first:last].rstrip("\r\n"))  # the cell may be behind the end of a row that was cut off
        before, cell = text[:first + min(start, most)], text[first + min(start, most):first + min(end, most)]
        return Position(interchange=self.interchange, message=self.ordinal, line=line, path=name,
                        offset=self.offset + len(before.encode(self.encoding, "surrogateescape")),
                        length=len(cell.encode(self.encoding, "surrogateescape")))
