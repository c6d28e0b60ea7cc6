"""Which map is meant by a file's header line."""

from __future__ import annotations

import codecs
import csv

from edi_bridge.layout import SheetLayout, same_title, titles_of

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
MOST_LINES = 20  # comments and blank lines in front of the header line


def fits(layout: SheetLayout, first: bytes) -> int:
    """How well a file that begins with `first` fits a layout: the number of its columns that the header line has; 0 when
    a required one is missing, when the layout has no header line, or when it is a fixed-width one."""
    if layout.kind != "csv" or not layout.header:
        return 0
    text = _text(first, layout.encoding)
    return max((_known(layout, line) for line in [_header(text, layout, mark) for mark in layout.delimiter]), default=0)


def _text(first: bytes, encoding: str) -> str:
    for bom, name in _BOMS:
        if first.startswith(bom):
            return first[len(bom):].decode(name, "replace")
    try:
        return first.decode(encoding, "replace")
    except LookupError:
        return ""


def _header(text: str, layout: SheetLayout, delimiter: str) -> list[str]:
    """The cells of the first row behind the skipped lines, comments and blank lines."""
    lines = text.splitlines(keepends=True)[layout.skip:][:MOST_LINES]
    while lines and (not lines[0].strip() or layout.comment and lines[0].startswith(layout.comment)):
        lines.pop(0)
    try:
        rows = csv.reader(lines, delimiter=delimiter, quotechar=layout.quote or None,
                          quoting=csv.QUOTE_MINIMAL if layout.quote else csv.QUOTE_NONE)
        return next(rows, [])
    except csv.Error:
        return []


def _known(layout: SheetLayout, header: list[str]) -> int:
    titles = titles_of(layout.columns)
    there = {titles[same_title(cell)] for cell in header if same_title(cell) in titles}
    return len(there) if there.issuperset(layout.required()) else 0
