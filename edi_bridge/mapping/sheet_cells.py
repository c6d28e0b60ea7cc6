"""The texts of cells: what a value is written as in its column, and whether it can stand there."""

from __future__ import annotations

import codecs
import re
from decimal import Decimal
from typing import Any

from edi_bridge.finding import printable
from edi_bridge.layout import Column, SheetLayout
from edi_bridge.mapping.emit import Bad
from edi_bridge.mapping.plan import ValuePlan

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MOST_TEXTS = 8192


class CellTexts:
    """Makes the texts of a layout's cells; those of texts and numbers are remembered."""

    def __init__(self, layout: SheetLayout):
        self.layout = layout
        self._texts: dict[tuple[int, str], tuple[tuple[str, str], ...] | Bad] = {}
        self._widths = _widths(layout)

    def of(self, plan: ValuePlan, value: Any) -> tuple[tuple[str, str], ...] | Bad:
        """(column, text) of a value, and of what its conversion writes beside it; remembered. Bad with them as its value where a
        broader code stands there."""
        kind = value.__class__
        if kind is not str and kind is not Decimal:
            return self._cells(plan, value)
        key = (plan.number, value if kind is str else str(value))
        cells = self._texts.get(key)
        if cells is None:
            if len(self._texts) >= _MOST_TEXTS:
                self._texts.clear()
            cells = self._texts[key] = self._cells(plan, value)
        return cells

    def _cells(self, plan: ValuePlan, value: Any) -> tuple[tuple[str, str], ...] | Bad:
        texts = plan.convert.write(value, self.layout.decimal)
        said = texts if isinstance(texts, Bad) else None
        if isinstance(texts, Bad):
            if texts.value is None:
                return texts
            texts = (texts.value, *[""] * len(plan.aux[plan.writes_to]))  # a broader code stands alone
        k = plan.writes_to
        cells = tuple(zip((plan.sources[k].column, *(one.column for one in plan.aux[k])), texts, strict=False))
        wrong = next((problem for column, text in cells if (problem := self.problem(column, text))), "")
        if wrong:
            return Bad("cannot_write", wrong)
        there = tuple((column, text) for column, text in cells if text)
        return there if said is None else said._replace(value=there)

    def problem(self, column: str, text: str) -> str:
        """Why a text cannot stand in a column; '' when it can."""
        if text.isascii() and text.isalnum() and len(text) <= self._widths[column]:
            return ""
        return _problem(text, self.layout, self._widths[column])


def _widths(layout: SheetLayout) -> dict[str, int]:
    """The number of characters that fit into each column (of every record type that has it)."""
    if layout.kind != "fixed":
        return {column.name: 1 << 30 for column in layout.columns}
    every: list[Column] = [column for one in layout.types for column in one.columns] or list(layout.columns)
    return {name: min(column.width for column in every if column.name == name) for name in {c.name for c in every}}


def _problem(text: str, layout: SheetLayout, width: int) -> str:
    """Why a text cannot stand in a cell of that width; '' when it can."""
    if _CONTROL.search(text):
        return f"{printable(text)} holds a control character"
    try:
        text.encode(codecs.lookup(layout.encoding).name)
    except UnicodeEncodeError as error:
        return f"{printable(text[error.start])} is not in the encoding {layout.encoding}"
    if len(text) > width:
        return f"{printable(text)} has {len(text)} characters, {width} fit"
    if "\n" in text or "\r" in text:
        return "" if layout.kind == "csv" and layout.quote else f"{printable(text)} holds a line break"
    if layout.kind == "csv" and not layout.quote and layout.delimiter[0] in text:
        return f"{printable(text)} holds the delimiter {layout.delimiter[0]!r}, and nothing is quoted"
    return ""
