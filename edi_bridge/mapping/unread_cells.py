"""Which cells of a CSV or fixed-width message a map's rules read, select by, or leave unread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from edi_bridge.finding import Finding
from edi_bridge.interchange import Position, Sheet
from edi_bridge.mapping.plan import MapPlan
from edi_bridge.mapping.resolve_sheet import SheetPath
from edi_bridge.mapping.unread import NO_RULE, UNKNOWN, Value, refusals


class CellPlaces:
    """The columns that a map's rules name. One per map; `values` holds a message against them."""

    def __init__(self, plan: MapPlan, layout: Any):
        self.layout = {column.name for column in layout.columns}
        self.columns = {layout.type_column} if layout.types else set()
        for scope in plan.scopes:
            for one in scope.rules():
                for path in (*one.sources, *(aux for aux in getattr(one, "aux", ()) for aux in aux)):
                    self._take(path)
        for path in (*plan.records, *(target for target, _, _ in plan.writes)):
            self._take(path)

    def _take(self, path: SheetPath) -> None:
        self.columns.add(path.column)
        if path.step is not None:
            self.columns |= {*path.step.group, *(test.column for test in path.step.tests)}

    def values(self, sheet: Sheet, places: Iterable[Position], findings: Iterable[Finding]) -> Iterator[Value]:
        """Every cell that holds something, row by row. What a column of the head repeats on each row of an order is read."""
        read = {(place.line, place.path) for place in places}
        refused = refusals(findings, lambda place: (place.line, place.path))
        for row, (line, cells) in enumerate(zip(sheet.lines, sheet.rows, strict=True), 1):
            for name, cell in zip(sheet.header, cells, strict=False):
                if not (text := cell.strip()):
                    continue
                why = "" if (line, name) in read else refused.get((line, name), "")
                if not why and (line, name) not in read and name not in self.columns:
                    why = NO_RULE if name in self.layout else UNKNOWN
                yield Value(name, text, why, partial(sheet.locate, row, name))

    def fits(self, sheet: Sheet, position: Position, source: SheetPath, scope: Any) -> bool:
        """Whether a value in this column can have come by this path of a rule; tests are not asked."""
        return position.path == source.column
