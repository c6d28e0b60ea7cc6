"""Rows → the lines of a CSV or fixed-width file, by the same layout that reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Address, Delimiters, Interchange, MessageType, Position, Sheet
from edi_bridge.layout import Column, SheetLayout
from edi_bridge.syntax.csv_rows import codec_of
from edi_bridge.syntax.csv_types import own_cells, places


def build(layout: SheetLayout, rows: Iterable[Sequence[str]], *, ordinal: int = 1, formula_safe: bool = False) -> Interchange:
    """An interchange of rows (texts in the order of the layout's columns), CRLF at the end of each line.

    Values are never altered unless `formula_safe` asks for an apostrophe before = + - @, tab and CR, with which a
    spreadsheet would start a formula. What cannot be written (a character outside the encoding, a value wider than
    its fixed column) becomes a finding `cannot_write` while `parts` is used up.
    """
    findings: list[Finding] = []
    header = "\r\n" * layout.skip  # title lines that the reader skips
    if layout.kind == "csv" and layout.header:
        header += _line([column.title for column in layout.columns], layout)
    parts = _built(layout, rows, ordinal, header, formula_safe, findings)
    delimiters = Delimiters(layout.delimiter[:1], "", "\n", layout.quote, "", layout.decimal)
    return Interchange(layout.kind, ordinal, Address(), Address(), "", parts, delimiters, codec_of(b"", layout.encoding) or "utf-8",
                       header, findings=findings, syntax=f"{layout.kind}/{layout.version}/{layout.name}")


def _built(layout: SheetLayout, rows: Iterable[Sequence[str]], ordinal: int, header: str, formula_safe: bool,
           findings: list[Finding]) -> Iterator[Sheet]:
    codec = codec_of(b"", layout.encoding) or "utf-8"
    names = [column.name for column in layout.columns]
    key_at = [names.index(name) for name in layout.key if name in names]
    spans = layout.spans() if layout.kind == "fixed" else ()
    offset, line = len(header.encode(codec, "replace")), 1 + len(header.splitlines())
    for count, group in enumerate(_messages(rows, layout, key_at), 1):
        sheet = Sheet(MessageType(layout.kind, layout.version, layout.name), count, str(count), names, [], [], offset=offset,
                      interchange=ordinal, delimiter=layout.delimiter[:1], quote=layout.quote, encoding=codec, columns=spans,
                      record_types={one.code: places(one, layout) for one in layout.types},
                      type_column=names.index(layout.type_column) if layout.types else 0)
        pieces = []
        for row in group:
            cells = [_safe(cell) for cell in row] if formula_safe else list(row)
            place = Position(interchange=ordinal, message=count, line=line)
            columns, own = layout.columns, cells
            if layout.types:
                record, own = own_cells(cells, layout)
                columns = record.columns if record else ()
                if record is None:
                    findings.append(found("cannot_write", place, "", "the row has no record type of the layout"))
                    continue
            text = _fixed(own, columns, place, findings) if spans else _line(own, layout)
            pieces.append(_bytes(text, codec, layout, place, findings))
            sheet.rows.append(cells)
            sheet.lines.append(line)
            line += max(len(re.findall(r"\r\n|\r|\n", text)), 1)
        if key_at:
            sheet.reference = " / ".join(sheet.rows[0][at] for at in key_at)
        sheet.raw = b"".join(pieces)
        offset += len(sheet.raw)
        yield sheet


def _messages(rows: Iterable[Sequence[str]], layout: SheetLayout, key_at: list[int]) -> Iterator[list[Sequence[str]]]:
    """The rows of each message, as the reader would put them together."""
    if not layout.begins:
        numbered = enumerate(rows)
        for _, group in groupby(numbered, lambda item: tuple(item[1][at] for at in key_at) or item[0]):
            yield [row for _, row in group]
        return
    at = [column.name for column in layout.columns].index(layout.type_column)
    current: list[Sequence[str]] = []
    for row in rows:
        if current and row[at] in layout.begins:
            yield current
            current = []
        current.append(row)
    if current:
        yield current


def _bytes(text: str, codec: str, layout: SheetLayout, place: Position, findings: list[Finding]) -> bytes:
    try:
        return text.encode(codec)
    except UnicodeEncodeError as error:
        findings.append(found("cannot_write", place, text[error.start:error.end], f"not in the encoding {layout.encoding}"))
        return text.encode(codec, "replace")


def _safe(cell: str) -> str:
    return "'" + cell if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _line(cells: Sequence[str], layout: SheetLayout) -> str:
    """One CSV line: quotes only where the reader needs them (RFC 4180 2.6, 2.7), so that it reads back the same."""
    delimiter, quote = layout.delimiter[:1], layout.quote
    special = {delimiter, quote, "\r", "\n"}
    done = [quote + cell.replace(quote, quote * 2) + quote if quote and not special.isdisjoint(cell) else cell for cell in cells]
    text = delimiter.join(done)
    if quote and cells and done[0] == cells[0] and (
            not text.strip() or layout.comment and text.startswith(layout.comment) or text.startswith("\ufeff")):
        done[0] = quote + cells[0] + quote  # or it would be read as a blank line, a comment, a byte order mark
    return delimiter.join(done) + "\r\n"


def _fixed(cells: Sequence[str], columns: Sequence[Column], place: Position, findings: list[Finding]) -> str:
    """One fixed-width line: values flush left unless the column says otherwise, blanks between."""
    text = ""
    for cell, column in sorted(zip(cells, columns, strict=False), key=lambda pair: pair[1].start):
        if len(cell) > column.width or "\n" in cell or "\r" in cell:
            findings.append(found("cannot_write", replace(place, path=column.name), cell, f"more than {column.width} characters or a line break"))
            cell = re.sub(r"[\r\n]", " ", cell)[:column.width]
        filled = cell.zfill(column.width) if cell and column.fill == "zeros" else (
            cell.rjust(column.width) if column.fill == "right" else cell.ljust(column.width))
        text = text.ljust(column.start - 1) + filled
    return text + "\r\n"
