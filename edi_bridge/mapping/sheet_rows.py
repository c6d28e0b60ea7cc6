"""Rows under construction: what stands in which of them, put together in the layout's order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from edi_bridge.finding import Finding, found, printable
from edi_bridge.interchange import Position
from edi_bridge.layout import SheetLayout
from edi_bridge.mapping.plan import ValuePlan
from edi_bridge.mapping.resolve_sheet import ColumnTest, RowStep, SheetPath, SheetScope
from edi_bridge.mapping.sheet_cells import CellTexts

Row = dict[str, str]


class Cell(str):
    """A cell's text that knows which field of the record it was made of."""

    __slots__ = ("place",)
    place: str

    @classmethod
    def of(cls, text: str, place: str) -> Cell:
        """The text of the field at a place such as `lines[1].quantity`."""
        made = cls(text)
        made.place = place
        return made


@dataclass(eq=False, slots=True)
class Group:
    """Rows of one set of tests: what stands in all of them, in the nth, and the rows of lists."""

    tests: tuple[ColumnTest, ...] = ()
    first: bool = False  # only the first row must pass the tests (`from`)
    spread: Row = field(default_factory=dict)
    nth: dict[int, Row] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)


Groups = dict[Any, Group]


class Said:
    """What could not be written, by the field's place in the record."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.within = ""  # the object or item that is being written, as the beginning of its fields' paths: `lines[1].`

    def say(self, kind: str, field_: str, value: Any, note: str) -> None:
        """What is wrong with a field of the record or item that is being written."""
        self.tell(kind, self.within + field_ if field_ else self.within.rstrip("."), value, note)

    def tell(self, kind: str, field_: str, value: Any, note: str) -> None:
        """The same, of a field named by its whole path."""
        self.findings.append(found(kind, Position(path=field_ or None), "" if value is None else str(value),
                                   f"{field_}: {note}" if field_ else note))

    def bad(self, plan: ValuePlan, value: Any, note: str, kind: str = "cannot_write") -> None:
        """What is wrong with the value of a rule."""
        place = self.within + ".".join(plan.target)
        words = plan.sources[plan.writes_to].words if plan.sources else ""
        self.findings.append(found(kind, Position(path=place), str(value),
                                   f"{place} ({words + ', ' if words else ''}{plan.rule.origin}): {note}"))


class Rows:
    """Puts the rows of one message together; what does not fit is `said`."""

    def __init__(self, layout: SheetLayout, texts: CellTexts, said: Said):
        self.layout, self.texts, self.said = layout, texts, said

    def group(self, groups: Groups, step: RowStep | None) -> Group:
        """The group of the rows that a path means; made where it is not there yet."""
        key = step.constants() if step is not None and step.tests else ()
        if key not in groups:
            groups[key] = Group(step.tests if step is not None else ())
        return groups[key]

    def assembled(self, groups: Groups, scope: SheetScope) -> list[Row]:
        """All rows of a scope, in the order of the record types; every row with the values of the whole scope."""
        base = groups[()]
        blocks = [(self._rank(group), self._block(group)) for key, group in groups.items() if key]
        rows = [*base.rows, *(row for _, block in sorted(blocks, key=lambda one: one[0]) for row in block)]
        if base.spread and not rows:
            rows = [self._plain_row(base.spread, scope)]
        for nth, cells in base.nth.items():
            while len(rows) < nth:
                rows.append({})
            self.merge(rows[nth - 1], cells, f"row {nth}")
        fixed = {test.column: test.values[0] for test in scope.fixed if test.op == "="}
        for row in rows:
            self.merge(row, self._fitting(base.spread, row), "")
            for column, text in fixed.items():
                row.setdefault(column, text)
        if scope.single and len(rows) > 1:
            first = {text.place for text in rows[0].values() if isinstance(text, Cell)}
            beyond = dict.fromkeys(text.place for row in rows[1:] for text in row.values() if isinstance(text, Cell) and text.place not in first)
            for place in beyond:
                self.said.tell("cannot_write", place, None, "a row has room for one item of its list, and another has taken it")
            return rows[:1]
        return rows

    def _block(self, group: Group) -> list[Row]:
        """The rows of one set of tests."""
        rows = group.rows
        most = max(group.nth, default=0)
        if group.spread and not rows and not most:
            rows = [{}]
        gone = [n for n in range(1, most) if n not in group.nth and len(rows) < n]
        if gone:
            self.said.say("cannot_write", "", None, f"row {most} of {_words(group.tests)} is written, but nothing for row {gone[0]}")
        rows += [{} for _ in range(most - len(rows))]
        for nth, cells in group.nth.items():
            self.merge(rows[nth - 1], cells, f"row {nth}")
        for row in rows if not group.first else ():
            self.merge(row, group.spread, "")
            for test in group.tests:
                if test.op == "=" and not test.passes(row.get(test.column, "")):
                    self.merge(row, {test.column: test.values[0]}, "")
        return rows

    def _rank(self, group: Group) -> int:
        """Record types stand in the order in which the layout has them."""
        codes = [one.code for one in self.layout.types]
        return next((codes.index(test.values[0]) for test in group.tests
                     if test.column == self.layout.type_column and test.op == "=" and test.values[0] in codes), len(codes))

    def _fitting(self, spread: Row, row: Row) -> Row:
        """What of the scope's values a row of its record type has columns for."""
        record = self.layout.type_named(row.get(self.layout.type_column, "")) if self.layout.types else None
        if record is None:
            return spread
        names = {column.name for column in record.columns}
        return {column: text for column, text in spread.items() if column in names}

    def _plain_row(self, spread: Row, scope: SheetScope) -> Row:
        """A row for values when nothing else makes one: with record types, one of a type that has their columns."""
        fixed = {test.column for test in scope.fixed if test.op == "="}
        if not self.layout.types or self.layout.type_column in spread or self.layout.type_column in fixed:
            return {}
        for one in self.layout.types:
            if spread.keys() <= {column.name for column in one.columns}:
                return {self.layout.type_column: one.code}
        self.said.say("cannot_write", "", None, f"no record type has all the columns {', '.join(spread)}")
        return {}

    def merge(self, row: Row, cells: Row, where: str) -> None:
        """Cells into a row; two different texts for one column cannot be."""
        for column, text in cells.items():
            if row.setdefault(column, text) != text:
                note = f"the column {column} of one row would hold {printable(row[column])} and {printable(text)}"
                if isinstance(text, Cell):
                    self.said.tell("cannot_write", text.place, text, note)
                else:
                    self.said.say("cannot_write", where, text, note)

    def extra(self, rows: list[Row], writes: list[tuple[SheetPath, str]]) -> list[Row]:
        """What the map's `writes:` puts beside the record's fields."""
        for path, text in writes:
            step = path.step
            if not rows or not text:
                break
            if step is None:
                hit = [row for row in rows if path.column in self._fitting({path.column: text}, row)]
            else:
                hit = [row for row in rows if all(test.passes(row.get(test.column, "")) for test in step.tests)]
                hit = hit[step.nth - 1:step.nth] if step.nth else hit
                if not hit:
                    hit = [dict(step.constants())]
                    rows = self._placed(rows, hit[0])
            problem = self.texts.problem(path.column, text)
            if problem:
                self.said.say("cannot_write", path.words, text, problem)
                continue
            for row in hit:
                self.merge(row, {path.column: text}, "writes")
        return rows

    def _placed(self, rows: list[Row], row: Row) -> list[Row]:
        """A further row at the place of its record type."""
        codes = [one.code for one in self.layout.types]
        code = row.get(self.layout.type_column, "")
        if code not in codes:
            return [*rows, row]
        at = next((n for n, one in enumerate(rows) if _index(codes, one.get(self.layout.type_column, "")) > codes.index(code)), len(rows))
        return [*rows[:at], row, *rows[at:]]


def _index(codes: list[str], code: str) -> int:
    return codes.index(code) if code in codes else -1


def _words(tests: tuple[ColumnTest, ...]) -> str:
    return ", ".join(f"{test.column} = {'|'.join(test.values)}" for test in tests if test.op == "=") or "the message"
