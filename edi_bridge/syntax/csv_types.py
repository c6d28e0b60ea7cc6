"""Rows of several record types (H for the head, L for a line …): each row's cells put under the columns of all types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edi_bridge.layout import RecordType, SheetLayout
from edi_bridge.syntax.csv_rows import Line, Row, RowReader


class RecordRows:
    """A reader's rows with their record type in `code`, how many cells they had in `width`, and `cells` in the order of
    the layout's columns. A row of an unknown type has only its type, and the problem `type`."""

    def __init__(self, rows: RowReader, layout: SheetLayout):
        self.rows = rows
        self.layout = layout
        self.type_at = [column.name for column in layout.columns].index(layout.type_column)
        first = layout.types[0].columns
        self.code_at = [column.name for column in first].index(layout.type_column) if layout.kind == "csv" else 0
        self.places = {one.code: places(one, layout) for one in layout.types}

    @property
    def after(self) -> list[Line]:
        """The comments and blank lines behind the last row."""
        return self.rows.after

    def __iter__(self) -> Iterator[Row]:
        fixed = self.layout.kind == "fixed"
        for row in self.rows:
            row.width = len(row.cells)
            row.code = row.cells[self.code_at].strip() if self.code_at < len(row.cells) else ""
            here = self.places.get(row.code)
            if here is None:
                row.cells = [""] * len(self.layout.columns)
                row.cells[self.type_at] = row.code
                row.problem = row.problem or "type"
            elif fixed:
                text = row.lines[0].text.rstrip("\r\n")
                row.cells = [text[start:end].strip(" ") for start, end in here]
            else:
                row.cells = [row.cells[start] if end and start < row.width else "" for start, end in here]
            yield row


def places(record: RecordType, layout: SheetLayout) -> tuple[tuple[int, int], ...]:
    """Where each column of the layout stands in a row of this type: (start, end) in characters for fixed width, in cells
    otherwise, from 0; (0, 0) where the type has no such column."""
    fixed = layout.kind == "fixed"
    at = {column.name: (column.start - 1, column.start - 1 + column.width) if fixed else (index, index + 1)
          for index, column in enumerate(record.columns)}
    return tuple(at.get(column.name, (0, 0)) for column in layout.columns)


def own_cells(cells: Sequence[str], layout: SheetLayout) -> tuple[RecordType | None, list[str]]:
    """The record type of a row in the order of the layout's columns, and the cells of that type in its own order."""
    names = [column.name for column in layout.columns]
    row = dict(zip(names, cells, strict=False))
    record = layout.type_named(row.get(layout.type_column, ""))
    return record, [row.get(column.name, "") for column in record.columns] if record else []
