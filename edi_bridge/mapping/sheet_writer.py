"""Writing records as the rows of a CSV or fixed-width message, as a map's plan says.

A scope's values stand in every row that is made for it; values behind a test (`row[type=H]/number`) in the rows of that
test. Lists of the same test stand side by side: the first row has the first item of each. In the end every row has
all columns of the layout, in its order.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from edi_bridge.finding import Finding, found, printable
from edi_bridge.interchange import Position
from edi_bridge.layout import Column, SheetLayout
from edi_bridge.mapping import functions
from edi_bridge.mapping.emit import Bad
from edi_bridge.mapping.field import get, holds
from edi_bridge.mapping.plan import MapPlan, ScopePlan, ScopeUse, ValuePlan
from edi_bridge.mapping.resolve_sheet import ColumnTest, RowStep, SheetPath, SheetScope
from edi_bridge.mapping.write_plan import fits, shape_of

Record = dict[str, Any]
Row = dict[str, str]
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MOST_TEXTS = 8192


class _Cell(str):
    """A cell's text that knows which field of the record it was made of."""

    __slots__ = ("place",)
    place: str

    @classmethod
    def of(cls, text: str, place: str) -> _Cell:
        """The text of the field at a place such as `lines[1].quantity`."""
        made = cls(text)
        made.place = place
        return made


@dataclass(eq=False, slots=True)
class _Group:
    """Rows of one set of tests: what stands in all of them, in the nth, and the rows of lists."""

    tests: tuple[ColumnTest, ...] = ()
    first: bool = False  # only the first row must pass the tests (`from`)
    spread: Row = field(default_factory=dict)
    nth: dict[int, Row] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)


_Groups = dict[Any, _Group]


class SheetWriteProgram:
    """A map's writer for sheets."""

    def __init__(self, plan: MapPlan):
        from edi_bridge.mapping.sheet import check

        check(plan)
        self.plan = plan
        self.layout: SheetLayout = plan.root.scope.layout
        self._texts: dict[tuple[int, str], tuple[tuple[str, str], ...] | Bad] = {}
        self._columns = _column_checks(self.layout)
        self._known = {scope.number: _known(scope) for scope in plan.scopes}

    def write(self, records: Sequence[Record]) -> tuple[list[list[str]], list[Finding]]:
        """The rows of one message, each with a text for every column of the layout, and what could not be written."""
        run = _Run(self)
        groups: _Groups = {(): _Group()}
        plan = self.plan
        if plan.records:
            run.items(groups, [groups], plan.records[0].step, plan.root, records, "records")
            rows = run.assembled(groups, plan.message.scope)
        else:
            run.fill(plan.root, records[0], groups, [groups])
            rows = run.assembled(groups, plan.root.scope)
        whole: Any = {"": records} if plan.records else records[0]
        rows = run.extra(rows, [(path, functions.call(text, whole)) for path, text, _ in plan.writes])
        names = [column.name for column in self.layout.columns]
        return [[row.get(name, "") for name in names] for row in rows], run.findings

    def cells(self, plan: ValuePlan, value: Any) -> tuple[tuple[str, str], ...] | Bad:
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
        if text.isascii() and text.isalnum() and len(text) <= self._columns[column]:
            return ""
        return _problem(text, self.layout, self._columns[column])


def _column_checks(layout: SheetLayout) -> dict[str, int]:
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


def _known(scope: ScopePlan) -> dict[str, Any]:
    """The fields of a scope's record that the map has rules for, objects without a place of their own as inner dicts."""
    known: dict[str, Any] = {}
    for target in scope.order:
        inner = known
        for name in target[:-1]:
            inner = inner.setdefault(name, {})
        inner.setdefault(target[-1], {})
    for one in scope.rules():
        inner = known
        for name in one.target[:-1]:
            inner = inner[name]
        inner[one.target[-1]] = None
    return known


class _Run:
    """One message being written."""

    def __init__(self, program: SheetWriteProgram):
        self.program = program
        self.layout = program.layout
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
        place = self.within + ".".join(plan.target)
        words = plan.sources[plan.writes_to].words if plan.sources else ""
        self.findings.append(found(kind, Position(path=place), str(value),
                                   f"{place} ({words + ', ' if words else ''}{plan.rule.origin}): {note}"))

    # -- one record or item

    def fill(self, scope: ScopePlan, record: Record, groups: _Groups, stack: list[_Groups]) -> None:
        """Put what a scope's record holds into the groups of its rows; `stack` are those of the scopes around, its own last."""
        self.not_carried(record, self.program._known[scope.number], "")
        for rule, target in scope.required:
            if get(record, target) is None:
                self.say("required_missing", ".".join(target), None, "the message needs it and the record does not have it")
        for value in scope.values:
            if len(value.target) == 1 and value.target[0] not in record and value.default is None and value.constant is None:
                continue
            if not value.sources:
                self.unplaced(value, record)
            elif not value.when or holds(value.when, record, value.target):
                self.value(value, record, stack)
            elif get(record, value.target) is not None and not self.elsewhere(value, scope, record):
                self.bad(value, get(record, value.target), "the file says it only beside other values", "field_not_carried")
        for use in scope.uses:
            inner = get(record, use.target)
            if not inner:
                continue
            together = [other for other in scope.uses if other.target == use.target]
            numbers = list(range(len(inner))) if use.many else []
            if len(together) > 1:
                numbers = _shares(inner, together, scope.scope.single)[together.index(use)]
                if not numbers:
                    continue
            if use.when and not holds(use.when, record, use.target):
                self.say("field_not_carried", ".".join(use.target), None, "the file says it only beside other values")
                continue
            marked = [k for k, source in enumerate(use.rule.sources) if source.write]
            step = use.sources[marked[0] if marked else 0].step
            if use.many:
                self.items(groups, stack, step, use.item, inner, ".".join(use.target), numbers)
            else:
                self.part(groups, stack, step, use, inner)

    def elsewhere(self, plan: ValuePlan, scope: ScopePlan, record: Record) -> bool:
        """Whether another rule of the same field takes the value."""
        return any(other is not plan and other.target == plan.target and (not other.when or holds(other.when, record, other.target))
                   for other in scope.values)

    def not_carried(self, record: Record, known: dict[str, Any], prefix: str) -> None:
        for name, value in record.items():
            if name not in known:
                self.say("field_not_carried", prefix + name, None, "the layout has no column for it in this map")
            elif known[name] is not None and isinstance(value, dict):
                self.not_carried(value, known[name], f"{prefix}{name}.")

    def unplaced(self, plan: ValuePlan, record: Record) -> None:
        """A field that has no column: what the map fills in when reading is all that it can be."""
        value, always = get(record, plan.target), plan.constant if plan.constant is not None else plan.default
        if value is not None and value != always:
            self.bad(plan, value, f"the map has no column for it and reads {always}", "field_not_carried")

    def value(self, plan: ValuePlan, record: Record, stack: list[_Groups]) -> None:
        target = plan.target
        value = record.get(target[0]) if len(target) == 1 else get(record, target)
        if plan.constant is not None:
            if value is not None and value != plan.constant:
                self.bad(plan, value, f"the map writes {plan.constant} here, whatever the record says")
            value = plan.constant if len(plan.target) == 1 or get(record, plan.target[:-1]) is not None else None
        elif value is None and (len(plan.target) == 1 or get(record, plan.target[:-1]) is not None):
            value = plan.default
        if value is None:
            return
        cells = self.program.cells(plan, value)
        if isinstance(cells, Bad):
            self.bad(plan, value, cells.note, "cannot_write" if cells.value is None else cells.kind)
            if cells.value is None:
                return
            cells = cells.value
        path: SheetPath = plan.sources[0] if len(plan.sources) == 1 else plan.sources[plan.writes_to]
        groups = stack[0] if path.root else stack[-1 - path.up]
        step = path.step
        group = groups[()] if step is None else self.group(groups, step)
        there = group.nth.setdefault(step.nth, {}) if step is not None and step.nth else group.spread
        place = self.within + ".".join(target)
        for column, text in cells:
            if column not in there:
                there[column] = _Cell.of(text, place)
            elif there[column] != text:
                self.bad(plan, text, f"the column {column} holds {printable(there[column])} in the same row; it can hold one value")

    def group(self, groups: _Groups, step: RowStep | None) -> _Group:
        key = step.constants() if step is not None and step.tests else ()
        if key not in groups:
            groups[key] = _Group(step.tests if step is not None else ())
        return groups[key]

    def part(self, groups: _Groups, stack: list[_Groups], step: RowStep, use: ScopeUse, record: Record) -> None:
        """An object in rows of its own: in one row of them, or in all."""
        own: _Groups = {(): _Group()}
        before, self.within = self.within, f"{self.within}{'.'.join(use.target)}."
        self.fill(use.item, record, own, [*stack, own])
        self.within = before
        group = self.group(groups, step)
        rows = self.assembled(own, use.item.scope)
        cells = group.nth.setdefault(step.nth, {}) if step.nth else group.spread
        if len(rows) > 1:
            self.say("cannot_write", ".".join(use.target), None, "it needs more than one row")
        for row in rows[:1]:
            self.merge(cells, row, ".".join(use.target))

    def items(self, groups: _Groups, stack: list[_Groups], step: RowStep, item: ScopePlan, records: Sequence[Record], name: str,
              numbers: Sequence[int] = ()) -> None:
        """The rows of a list's items, beside those of other lists of the same test where their columns differ. `numbers`: the items of
        the list that stand here; none: `records` are the records of the file."""
        rows: list[Row] = []
        seen: set[tuple[str, ...]] = set()
        before = self.within
        for number in numbers or range(len(records)):
            record = records[number]
            own: _Groups = {(): _Group()}
            self.within = f"{before}{name}[{number}]." if numbers else before
            self.fill(item, record, own, [*stack, own])
            made = self.assembled(own, item.scope)
            self.within = before
            listed = f"{name}[{number}]" if numbers else ""
            if not made and step.constants():
                made = [dict(step.constants())]
            if not made:
                self.say("cannot_write", listed, None, "it has nothing that a row could show")
                continue
            if step.kind == "from" and not all(test.passes(made[0].get(test.column, "")) for test in step.tests):
                made[0:0] = [dict(step.constants())]
            for test in (one for one in step.tests if one.op != "=" and step.kind != "from"):
                if not all(test.passes(row.get(test.column, "")) for row in made):
                    self.say("cannot_write", listed, made[0].get(test.column), f"it would be read as something else: {test.column} "
                             f"must {'not be ' + '|'.join(test.values) if test.op == '!=' else test.op}")
            if step.kind == "rows":
                self.key(step, made, seen, listed)
            rows += made
        if not rows:
            return
        if step.kind == "from":
            groups[("from", name)] = _Group(step.tests, True, rows=rows)
            return
        if step.nth and len(rows) > 1:
            for number in numbers[1:]:
                self.say("cannot_write", f"{name}[{number}]", None, f"{len(rows)} items, but the map has room for one")
        group = self.group(groups, step)
        if step.nth:
            self.merge(group.nth.setdefault(step.nth, {}), rows[0], name)
        elif all(row.get(column, text) == text for row, new in zip(group.rows, rows, strict=False) for column, text in new.items()):
            group.rows += [{} for _ in range(len(rows) - len(group.rows))]
            for row, new in zip(group.rows, rows, strict=False):
                row.update(new)
        else:
            group.rows += rows

    def key(self, step: RowStep, rows: list[Row], seen: set[tuple[str, ...]], name: str) -> None:
        """The cells that hold an item's rows together: there if needed, the same in all, and no other item's."""
        keys = {tuple(row.get(column, "") for column in step.group) for row in rows}
        if keys == {("",) * len(step.group)}:
            if len(rows) > 1:
                self.say("cannot_write", name, None, f"it needs {len(rows)} rows and has no {' or '.join(step.group)} "
                         "that holds them together")
            return
        if len(keys) > 1 or keys <= seen:
            words = " and ".join(" / ".join(one) for one in sorted(keys))
            self.say("cannot_write", name, words, f"it would not be told from another: the rows of an item, and only they, "
                     f"have the same {' and '.join(step.group)}")
        seen |= keys

    # -- rows

    def assembled(self, groups: _Groups, scope: SheetScope) -> list[Row]:
        """All rows of a scope, in the order of the record types; every row with the values of the whole scope."""
        base = groups[()]
        blocks = [(self.rank(group), self.block(group)) for key, group in groups.items() if key]
        rows = [*base.rows, *(row for _, block in sorted(blocks, key=lambda one: one[0]) for row in block)]
        if base.spread and not rows:
            rows = [self.plain_row(base.spread, scope)]
        for nth, cells in base.nth.items():
            while len(rows) < nth:
                rows.append({})
            self.merge(rows[nth - 1], cells, f"row {nth}")
        fixed = {test.column: test.values[0] for test in scope.fixed if test.op == "="}
        for row in rows:
            self.merge(row, self.fitting(base.spread, row), "")
            for column, text in fixed.items():
                row.setdefault(column, text)
        if scope.single and len(rows) > 1:
            first = {text.place for text in rows[0].values() if isinstance(text, _Cell)}
            beyond = dict.fromkeys(text.place for row in rows[1:] for text in row.values() if isinstance(text, _Cell) and text.place not in first)
            for place in beyond:
                self.tell("cannot_write", place, None, "a row has room for one item of its list, and another has taken it")
            return rows[:1]
        return rows

    def block(self, group: _Group) -> list[Row]:
        """The rows of one set of tests."""
        rows = group.rows
        most = max(group.nth, default=0)
        if group.spread and not rows and not most:
            rows = [{}]
        gone = [n for n in range(1, most) if n not in group.nth and len(rows) < n]
        if gone:
            self.say("cannot_write", "", None, f"row {most} of {_words(group.tests)} is written, but nothing for row {gone[0]}")
        rows += [{} for _ in range(most - len(rows))]
        for nth, cells in group.nth.items():
            self.merge(rows[nth - 1], cells, f"row {nth}")
        for row in rows if not group.first else ():
            self.merge(row, group.spread, "")
            for test in group.tests:
                if test.op == "=" and not test.passes(row.get(test.column, "")):
                    self.merge(row, {test.column: test.values[0]}, "")
        return rows

    def rank(self, group: _Group) -> int:
        """Record types stand in the order in which the layout has them."""
        codes = [one.code for one in self.layout.types]
        return next((codes.index(test.values[0]) for test in group.tests
                     if test.column == self.layout.type_column and test.op == "=" and test.values[0] in codes), len(codes))

    def fitting(self, spread: Row, row: Row) -> Row:
        """What of the scope's values a row of its record type has columns for."""
        record = self.layout.type_named(row.get(self.layout.type_column, "")) if self.layout.types else None
        if record is None:
            return spread
        names = {column.name for column in record.columns}
        return {column: text for column, text in spread.items() if column in names}

    def plain_row(self, spread: Row, scope: SheetScope) -> Row:
        """A row for values when nothing else makes one: with record types, one of a type that has their columns."""
        fixed = {test.column for test in scope.fixed if test.op == "="}
        if not self.layout.types or self.layout.type_column in spread or self.layout.type_column in fixed:
            return {}
        for one in self.layout.types:
            if spread.keys() <= {column.name for column in one.columns}:
                return {self.layout.type_column: one.code}
        self.say("cannot_write", "", None, f"no record type has all the columns {', '.join(spread)}")
        return {}

    def merge(self, row: Row, cells: Row, where: str) -> None:
        """Cells into a row; two different texts for one column cannot be."""
        for column, text in cells.items():
            if row.setdefault(column, text) != text:
                note = f"the column {column} of one row would hold {printable(row[column])} and {printable(text)}"
                if isinstance(text, _Cell):
                    self.tell("cannot_write", text.place, text, note)
                else:
                    self.say("cannot_write", where, text, note)

    def extra(self, rows: list[Row], writes: list[tuple[SheetPath, str]]) -> list[Row]:
        """What the map's `writes:` puts beside the record's fields."""
        for path, text in writes:
            step = path.step
            if not rows or not text:
                break
            if step is None:
                hit = [row for row in rows if path.column in self.fitting({path.column: text}, row)]
            else:
                hit = [row for row in rows if all(test.passes(row.get(test.column, "")) for test in step.tests)]
                hit = hit[step.nth - 1:step.nth] if step.nth else hit
                if not hit:
                    hit = [dict(step.constants())]
                    rows = self.placed(rows, hit[0])
            problem = self.program.problem(path.column, text)
            if problem:
                self.say("cannot_write", path.words, text, problem)
                continue
            for row in hit:
                self.merge(row, {path.column: text}, "writes")
        return rows

    def placed(self, rows: list[Row], row: Row) -> list[Row]:
        """A further row at the place of its record type."""
        codes = [one.code for one in self.layout.types]
        code = row.get(self.layout.type_column, "")
        if code not in codes:
            return [*rows, row]
        at = next((n for n, one in enumerate(rows) if _index(codes, one.get(self.layout.type_column, "")) > codes.index(code)), len(rows))
        return [*rows[:at], row, *rows[at:]]


def _shares(items: Sequence[Record], uses: Sequence[ScopeUse], single: bool) -> list[list[int]]:
    """The numbers of a list's items for each of the places that can hold them: the first that has room for everything in the item;
    in a single row each place has room for one item."""
    shares: list[list[int]] = [[] for _ in uses]
    shapes = [shape_of(use.item, frozenset()) for use in uses]
    for number, item in enumerate(items):
        fitting = [k for k, shape in enumerate(shapes) if fits(item, shape)]
        free = [k for k in fitting if not (single and shares[k])]
        shares[(free or fitting or [0])[0]].append(number)
    return shares


def _index(codes: list[str], code: str) -> int:
    return codes.index(code) if code in codes else -1


def _words(tests: tuple[ColumnTest, ...]) -> str:
    return ", ".join(f"{test.column} = {'|'.join(test.values)}" for test in tests if test.op == "=") or "the message"

