"""The traced reading of CSV and fixed-width messages: every cell knows its row and column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edi_bridge.interchange import Sheet
from edi_bridge.mapping.field_trace import Cell, FieldWatch, Place, traced_plan
from edi_bridge.mapping.plan import MapPlan
from edi_bridge.mapping.sheet import SheetProgram


class SheetTrace:
    """A map's reader over cells. One per map."""

    def __init__(self, plan: MapPlan):
        taking = frozenset(value.number for value in plan.values() if value.convert.plain)
        self.program = SheetProgram(traced_plan(plan), FieldWatch(taking, str.strip, str))

    def read(self, sheet: Sheet) -> tuple[list[dict[str, Any]], Callable[[Any, str], Place]]:
        """The records with leaves, and what says where a cell stands."""
        rows: list[list[str]] = [[Cell.at(text, (r, c)) for c, text in enumerate(row, 1)] for r, row in enumerate(sheet.rows, 1)]
        records, _ = self.program.run(tuple(sheet.header), rows)

        def place_of(place: tuple[int, int], raw: str) -> Place:
            row, column = place
            return Place(sheet.locate(row, sheet.header[column - 1] if column <= len(sheet.header) else column), raw.strip())

        return records, place_of
