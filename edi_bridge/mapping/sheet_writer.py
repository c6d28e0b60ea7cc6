"""Writing records as the rows of a CSV or fixed-width message, as a map's plan says.

A scope's values stand in every row that is made for it; values behind a test (`row[type=H]/number`) in the rows of that
test. Lists of the same test stand side by side: the first row has the first item of each. In the end every row has
all columns of the layout, in its order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edi_bridge.finding import Finding, printable
from edi_bridge.layout import SheetLayout
from edi_bridge.mapping import functions
from edi_bridge.mapping.emit import Bad
from edi_bridge.mapping.field import get, holds
from edi_bridge.mapping.plan import MapPlan, ScopePlan, ScopeUse, ValuePlan
from edi_bridge.mapping.resolve_sheet import RowStep, SheetPath
from edi_bridge.mapping.sheet_bound import check
from edi_bridge.mapping.sheet_cells import CellTexts
from edi_bridge.mapping.sheet_rows import Cell, Group, Groups, Row, Rows, Said
from edi_bridge.mapping.write_plan import fits, shape_of

Record = dict[str, Any]


class SheetWriteProgram:
    """A map's writer for sheets."""

    def __init__(self, plan: MapPlan):
        check(plan)
        self.plan = plan
        self.layout: SheetLayout = plan.root.scope.layout
        self.texts = CellTexts(self.layout)
        self.known = {scope.number: _known(scope) for scope in plan.scopes}

    def write(self, records: Sequence[Record]) -> tuple[list[list[str]], list[Finding]]:
        """The rows of one message, each with a text for every column of the layout, and what could not be written."""
        run = _Run(self)
        groups: Groups = {(): Group()}
        plan = self.plan
        if plan.records:
            run.items(groups, [groups], plan.records[0].step, plan.root, records, "records")
            rows = run.rows.assembled(groups, plan.message.scope)
        else:
            run.fill(plan.root, records[0], groups, [groups])
            rows = run.rows.assembled(groups, plan.root.scope)
        whole: Any = {"": records} if plan.records else records[0]
        rows = run.rows.extra(rows, [(path, functions.call(text, whole)) for path, text, _ in plan.writes])
        names = [column.name for column in self.layout.columns]
        return [[row.get(name, "") for name in names] for row in rows], run.said.findings


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
        self.said = Said()
        self.rows = Rows(program.layout, program.texts, self.said)

    def fill(self, scope: ScopePlan, record: Record, groups: Groups, stack: list[Groups]) -> None:
        """Put what a scope's record holds into the groups of its rows; `stack` are those of the scopes around, its own last."""
        self._not_carried(record, self.program.known[scope.number], "")
        for rule, target in scope.required:
            if get(record, target) is None:
                self.said.say("required_missing", ".".join(target), None, "the message needs it and the record does not have it")
        for value in scope.values:
            if len(value.target) == 1 and value.target[0] not in record and value.default is None and value.constant is None:
                continue
            if not value.sources:
                self._unplaced(value, record)
            elif not value.when or holds(value.when, record, value.target):
                self._value(value, record, stack)
            elif get(record, value.target) is not None and not self._elsewhere(value, scope, record):
                self.said.bad(value, get(record, value.target), "the file says it only beside other values", "field_not_carried")
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
                self.said.say("field_not_carried", ".".join(use.target), None, "the file says it only beside other values")
                continue
            marked = [k for k, source in enumerate(use.rule.sources) if source.write]
            step = use.sources[marked[0] if marked else 0].step
            if use.many:
                self.items(groups, stack, step, use.item, inner, ".".join(use.target), numbers)
            else:
                self._part(groups, stack, step, use, inner)

    def _elsewhere(self, plan: ValuePlan, scope: ScopePlan, record: Record) -> bool:
        """Whether another rule of the same field takes the value."""
        return any(other is not plan and other.target == plan.target and (not other.when or holds(other.when, record, other.target))
                   for other in scope.values)

    def _not_carried(self, record: Record, known: dict[str, Any], prefix: str) -> None:
        for name, value in record.items():
            if name not in known:
                self.said.say("field_not_carried", prefix + name, None, "the layout has no column for it in this map")
            elif known[name] is not None and isinstance(value, dict):
                self._not_carried(value, known[name], f"{prefix}{name}.")

    def _unplaced(self, plan: ValuePlan, record: Record) -> None:
        """A field that has no column: what the map fills in when reading is all that it can be."""
        value, always = get(record, plan.target), plan.constant if plan.constant is not None else plan.default
        if value is not None and value != always:
            self.said.bad(plan, value, f"the map has no column for it and reads {always}", "field_not_carried")

    def _value(self, plan: ValuePlan, record: Record, stack: list[Groups]) -> None:
        target = plan.target
        value = record.get(target[0]) if len(target) == 1 else get(record, target)
        if plan.constant is not None:
            if value is not None and value != plan.constant:
                self.said.bad(plan, value, f"the map writes {plan.constant} here, whatever the record says")
            value = plan.constant if len(plan.target) == 1 or get(record, plan.target[:-1]) is not None else None
        elif value is None and (len(plan.target) == 1 or get(record, plan.target[:-1]) is not None):
            value = plan.default
        if value is None:
            return
        cells = self.program.texts.of(plan, value)
        if isinstance(cells, Bad):
            self.said.bad(plan, value, cells.note, "cannot_write" if cells.value is None else cells.kind)
            if cells.value is None:
                return
            cells = cells.value
        path: SheetPath = plan.sources[0] if len(plan.sources) == 1 else plan.sources[plan.writes_to]
        groups = stack[0] if path.root else stack[-1 - path.up]
        step = path.step
        group = groups[()] if step is None else self.rows.group(groups, step)
        there = group.nth.setdefault(step.nth, {}) if step is not None and step.nth else group.spread
        place = self.said.within + ".".join(target)
        for column, text in cells:
            if column not in there:
                there[column] = Cell.of(text, place)
            elif there[column] != text:
                self.said.bad(plan, text, f"the column {column} holds {printable(there[column])} in the same row; it can hold one value")

    def _part(self, groups: Groups, stack: list[Groups], step: RowStep, use: ScopeUse, record: Record) -> None:
        """An object in rows of its own: in one row of them, or in all."""
        own: Groups = {(): Group()}
        before, self.said.within = self.said.within, f"{self.said.within}{'.'.join(use.target)}."
        self.fill(use.item, record, own, [*stack, own])
        self.said.within = before
        group = self.rows.group(groups, step)
        rows = self.rows.assembled(own, use.item.scope)
        cells = group.nth.setdefault(step.nth, {}) if step.nth else group.spread
        if len(rows) > 1:
            self.said.say("cannot_write", ".".join(use.target), None, "it needs more than one row")
        for row in rows[:1]:
            self.rows.merge(cells, row, ".".join(use.target))

    def items(self, groups: Groups, stack: list[Groups], step: RowStep, item: ScopePlan, records: Sequence[Record], name: str,
              numbers: Sequence[int] = ()) -> None:
        """The rows of a list's items, beside those of other lists of the same test where their columns differ. `numbers`: the items of
        the list that stand here; none: `records` are the records of the file."""
        rows: list[Row] = []
        seen: set[tuple[str, ...]] = set()
        before = self.said.within
        for number in numbers or range(len(records)):
            record = records[number]
            own: Groups = {(): Group()}
            self.said.within = f"{before}{name}[{number}]." if numbers else before
            self.fill(item, record, own, [*stack, own])
            made = self.rows.assembled(own, item.scope)
            self.said.within = before
            listed = f"{name}[{number}]" if numbers else ""
            if not made and step.constants():
                made = [dict(step.constants())]
            if not made:
                self.said.say("cannot_write", listed, None, "it has nothing that a row could show")
                continue
            if step.kind == "from" and not all(test.passes(made[0].get(test.column, "")) for test in step.tests):
                made[0:0] = [dict(step.constants())]
            for test in (one for one in step.tests if one.op != "=" and step.kind != "from"):
                if not all(test.passes(row.get(test.column, "")) for row in made):
                    self.said.say("cannot_write", listed, made[0].get(test.column), f"it would be read as something else: {test.column} "
                             f"must {'not be ' + '|'.join(test.values) if test.op == '!=' else test.op}")
            if step.kind == "rows":
                self._key(step, made, seen, listed)
            rows += made
        if not rows:
            return
        if step.kind == "from":
            groups[("from", name)] = Group(step.tests, True, rows=rows)
            return
        if step.nth and len(rows) > 1:
            for number in numbers[1:]:
                self.said.say("cannot_write", f"{name}[{number}]", None, f"{len(rows)} items, but the map has room for one")
        group = self.rows.group(groups, step)
        if step.nth:
            self.rows.merge(group.nth.setdefault(step.nth, {}), rows[0], name)
        elif all(row.get(column, text) == text for row, new in zip(group.rows, rows, strict=False) for column, text in new.items()):
            group.rows += [{} for _ in range(len(rows) - len(group.rows))]
            for row, new in zip(group.rows, rows, strict=False):
                row.update(new)
        else:
            group.rows += rows

    def _key(self, step: RowStep, rows: list[Row], seen: set[tuple[str, ...]], name: str) -> None:
        """The cells that hold an item's rows together: there if needed, the same in all, and no other item's."""
        keys = {tuple(row.get(column, "") for column in step.group) for row in rows}
        if keys == {("",) * len(step.group)}:
            if len(rows) > 1:
                self.said.say("cannot_write", name, None, f"it needs {len(rows)} rows and has no {' or '.join(step.group)} "
                         "that holds them together")
            return
        if len(keys) > 1 or keys <= seen:
            words = " and ".join(" / ".join(one) for one in sorted(keys))
            self.said.say("cannot_write", name, words, f"it would not be told from another: the rows of an item, and only they, "
                     f"have the same {' and '.join(step.group)}")
        seen |= keys


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
