"""Reading the rows of a CSV or fixed-width message into records, as a map's plan says.

A scope's instance is a list of row numbers. A value of a scope with several rows must be the same in all of them that
have one; a list's item is there when any cell that only it reads is not empty. The columns' places are looked up once for
each header line; after that rows are lists and columns numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any

from edi_bridge.fault import ConfigFault
from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Sheet
from edi_bridge.layout import SheetLayout
from edi_bridge.mapping.emit import Bad, Memo
from edi_bridge.mapping.field import get, holds
from edi_bridge.mapping.plan import MapPlan, ScopePlan, ScopeUse, ValuePlan
from edi_bridge.mapping.resolve_sheet import RowStep, SheetPath
from edi_bridge.mapping.sheet_writer import SheetWriteProgram

__all__ = ["SheetProgram", "SheetWriteProgram", "check"]

Record = dict[str, Any]
Rows = list[list[str]]
Parents = Any  # (row numbers of the scope around, its parents) or None
MOST_HEADERS = 64  # header lines remembered: a partner with ever new columns must not make it grow


def check(plan: MapPlan) -> None:
    """ConfigFault for rules that no row can hold: a value without a column, text over several segments."""
    problems = []
    for value in plan.values():
        where = value.rule.origin
        if any(not source.column for source in value.sources):
            problems.append((where.file, where.line, where.column, f"{value.rule.name}: a column is missing at the end of the path"))
        if value.convert.codec is not None and value.convert.codec.flow is not None:
            sentence = "text over several parts has no place in a row; write as: text, or text(width: N)"
            problems.append((where.file, where.line, where.column, f"{value.rule.name}: {sentence}"))
    if problems:
        raise ConfigFault(problems)


class SheetProgram:
    """A map's reader for sheets. `watch` stands where texts are converted, to see what becomes of them
    (`field_trace.FieldWatch`)."""

    def __init__(self, plan: MapPlan, watch: Any = None):
        check(plan)
        self.plan = plan
        self.layout: SheetLayout = plan.root.scope.layout
        memos = ((value, _memo(value, self.layout)) for value in plan.values())
        self._memos = {value.number: watch.memo(value, memo) if watch else memo for value, memo in memos}
        self._bound: dict[tuple[str, ...], _Scope] = {}

    def read(self, sheet: Sheet) -> tuple[list[Record], list[Finding]]:
        """The records of one message, and what was found on the way, each with its line and column."""
        records, notes = self.run(tuple(sheet.header), sheet.rows)
        return records, [_finding(sheet, note) for note in notes]

    def run(self, header: tuple[str, ...], rows: Rows) -> tuple[list[Record], list[Any]]:
        """The records of rows under a header line, and what was noted."""
        if header not in self._bound:
            if len(self._bound) >= MOST_HEADERS:
                self._bound.clear()
            self._bound[header] = _Binder(header, self._memos).scope(self.plan.root, frozenset())
        run = _Run(_full(rows, len(header)), header)
        every = list(range(len(run.rows)))
        root = self._bound[header]
        if self.plan.records:
            step = _Step(self.plan.records[0].step, header)
            records = [run.scope(root, one, (every, None)) for one in step.instances(every, run.rows)]
        else:
            records = [run.scope(root, every, None)] if every else []
        return [one for one in records if one], run.notes


def _full(rows: Rows, width: int) -> Rows:
    """Rows of another width (a finding says so) are filled up or cut, so that every column number is one of theirs."""
    if all(len(row) == width for row in rows):
        return rows
    return [(row + [""] * width)[:width] for row in rows]


def _finding(sheet: Sheet, note: Any) -> Finding:
    kind, plan, source, row, raw, text = note
    words, column = plan.rule.name, None
    if plan.sources:
        place = plan.sources[source]
        words, column = place.words, place.column or None
    return found(kind, sheet.locate(row + 1, column), raw, f"{words}: {text}")


def _memo(value: ValuePlan, layout: SheetLayout) -> Memo:
    """A value's conversion, remembered; blanks around are no part of a cell's value."""
    read = value.convert.read
    codec = value.convert.codec
    if value.convert.type == "decimal" and value.rule.codes is None and codec is not None and not codec.name.startswith("implied"):
        read = _number(read, layout)

    def stripped(raw: str, *aux: str) -> Any:
        text = raw.strip()
        return read(text, *(one.strip() for one in aux)) if text else None

    return Memo(stripped, bool(value.convert.aux))


def _number(read: Callable[..., Any], layout: SheetLayout) -> Callable[..., Any]:
    """Numbers with the layout's decimal mark, and its separator between thousands where it has one."""
    mark, other = layout.decimal, "," if layout.decimal == "." else "."
    between = re.compile(rf"-?[0-9]{{1,3}}(?:{re.escape(layout.thousands)}[0-9]{{3}})+(?:{re.escape(mark)}[0-9]*)?") \
        if layout.thousands else None

    def number(raw: str, *aux: str) -> Any:
        if between is not None and between.fullmatch(raw):
            raw = raw.replace(layout.thousands, "")
        elif other in raw:
            return Bad("invalid_value", f"the layout's decimal mark is {mark!r}, so {other!r} cannot stand in a number")
        return read(raw.replace(mark, "."), *aux)

    return number


class _Step:
    """A RowStep with the columns' numbers of one header line."""

    __slots__ = ("group", "kind", "nth", "tests")

    def __init__(self, step: RowStep, header: tuple[str, ...]):
        self.kind = step.kind
        self.tests = [(header.index(test.column) if test.column in header else -1, test.passes) for test in step.tests]
        self.group = [header.index(name) for name in step.group if name in header]
        self.nth = step.nth

    def matching(self, numbers: list[int], rows: Rows) -> list[int]:
        """The rows that pass the tests; only the nth of them where the path says so."""
        if self.tests:
            numbers = [i for i in numbers if all(passes(rows[i][at].strip() if at >= 0 else "") for at, passes in self.tests)]
        return numbers[self.nth - 1:self.nth] if self.nth else numbers

    def instances(self, numbers: list[int], rows: Rows) -> list[list[int]]:
        """The row numbers of each item."""
        fitting = self.matching(numbers, rows)
        if self.kind == "row":
            return [[i] for i in fitting]
        if self.kind == "from":
            ends = [*(numbers.index(i) for i in fitting[1:]), len(numbers)]
            return [numbers[numbers.index(i):end] for i, end in zip(fitting, ends, strict=True)]
        groups: dict[Any, list[int]] = {}
        for i in fitting:
            row = rows[i]
            key: Any = tuple(row[at].strip() for at in self.group)
            groups.setdefault(key if any(key) else i, []).append(i)
        return list(groups.values())


class _Place:
    """A SheetPath with its columns' numbers."""

    __slots__ = ("at", "aux", "number", "root", "step", "up")

    def __init__(self, number: int, path: SheetPath, aux: tuple[SheetPath, ...], header: tuple[str, ...]):
        self.number = number  # which of the rule's sources it is
        self.up, self.root = path.up, path.root
        self.step = _Step(path.step, header) if path.step is not None else None
        self.at = header.index(path.column)
        self.aux = tuple(header.index(one.column) if one.column in header else -1 for one in aux)


class _Value:
    """A value rule, bound; `at` is the column where it is simply read from the scope's own rows, else -1."""

    __slots__ = ("at", "memo", "places", "plain", "plan", "target")

    def __init__(self, plan: ValuePlan, memo: Memo, header: tuple[str, ...]):
        self.plan = plan
        self.target = plan.target
        self.places = [_Place(k, path, plan.aux[k] if k < len(plan.aux) else (), header)
                       for k, path in enumerate(plan.sources) if path.column in header]
        first = self.places[0] if len(self.places) == 1 else None
        self.at = first.at if first and not (first.up or first.root or first.step or first.aux) else -1
        self.memo = memo
        self.plain = plan.convert.plain


class _Use:
    """An object or list, bound."""

    __slots__ = ("counts", "item", "plain", "plan", "steps", "target", "tested")

    def __init__(self, plan: ScopeUse, item: _Scope, header: tuple[str, ...]):
        self.plan = plan
        self.target = plan.target
        self.steps = [_Step(source.step, header) for source in plan.sources]
        self.item = item
        # Rows chosen by a test are items, whatever they hold; else an item must hold something of its own.
        self.tested = any(step.tests for step in self.steps)
        self.plain = len(self.steps) == 1 and not self.tested and not self.steps[0].nth
        self.counts = item.own


class _Scope:
    """What is filled from one place, bound."""

    __slots__ = ("defaults", "early", "later", "own", "plan", "simple")

    def __init__(self, plan: ScopePlan, entries: list[_Value | _Use], own: list[int]):
        self.plan = plan
        # (column, field, conversion, entry): the column is -1 where a value is not simply read from a single row.
        self.early: list[tuple[int, str, Memo | None, Any]] = [(*_simple(one), one) for one in entries if not one.plan.when]
        self.later = [one for one in entries if one.plan.when]
        self.defaults = [one for one in entries if isinstance(one, _Value) and _fallback(one.plan) is not None]
        self.own = _getter(own)


def _simple(one: _Value | _Use) -> tuple[int, str, Memo | None]:
    if isinstance(one, _Use) or one.at < 0 or len(one.target) > 1 or one.plan.constant is not None:
        return -1, "", None
    return one.at, one.target[0], None if one.plain else one.memo


def _getter(columns: list[int]) -> Callable[[list[str]], Any]:
    """A row's cells of these columns, as a tuple."""
    if not columns:
        return lambda row: ()
    return itemgetter(*columns) if len(columns) > 1 else lambda row: (row[columns[0]],)


def _fallback(plan: ValuePlan) -> Any:
    return plan.constant if plan.constant is not None and not plan.sources else plan.default


class _Binder:
    """Looks up the numbers of a header line's columns for a plan."""

    def __init__(self, header: tuple[str, ...], memos: dict[int, Memo]):
        self.header = header
        self.memos = memos

    def scope(self, plan: ScopePlan, outer: frozenset[str]) -> _Scope:
        """A scope; `outer` are the columns that scopes around it read."""
        here = {path.column for value in plan.values for path in value.sources if not (path.up or path.root)}
        by_target: dict[tuple[str, ...], list[_Value | _Use]] = {
            one.target: [_Value(one, self.memos[one.number], self.header)] for one in plan.values}
        for use in plan.uses:  # several for a list whose items stand in places of several shapes
            by_target.setdefault(use.target, []).append(_Use(use, self.scope(use.item, outer | here), self.header))
        inside = here | {name for use in plan.uses for name in _columns(use.item)}
        own = inside - outer or inside
        order = [one for target in dict.fromkeys(plan.order) for one in by_target.get(target, ()) if _can_fill(one)]
        return _Scope(plan, order, [self.header.index(name) for name in own if name in self.header])


def _can_fill(one: _Value | _Use) -> bool:
    """Whether the header line has any column for it, or the map a value."""
    if isinstance(one, _Use):
        return bool(one.item.early or one.item.later)
    return bool(one.places) or _fallback(one.plan) is not None


def _columns(plan: ScopePlan) -> Iterator[str]:
    """The columns that a scope and those inside it read of their own rows."""
    for value in plan.values:
        yield from (path.column for path in value.sources if not (path.up or path.root))
    for use in plan.uses:
        yield from _columns(use.item)


class _Run:
    """One message being read."""

    __slots__ = ("header", "notes", "rows")

    def __init__(self, rows: Rows, header: tuple[str, ...]):
        self.rows = rows
        self.header = header
        self.notes: list[Any] = []

    def scope(self, scope: _Scope, numbers: list[int], parents: Parents) -> Record:
        """One record or item from the rows of these numbers."""
        record: Record = {}
        row = self.rows[numbers[0]] if len(numbers) == 1 else None
        for at, name, memo, one in scope.early:
            if at < 0 or row is None:
                self.entry(one, record, row, numbers, parents)
                continue
            raw = row[at]
            if raw:
                value = raw.strip() if memo is None else memo[raw]
                if value.__class__ is Bad:
                    value = self.told(one, one.places[0].number, numbers[0], raw, value)
                if value is not None and value != "":
                    record[name] = value
        for one in scope.later:
            if holds(one.plan.when or {}, record, one.target):
                self.entry(one, record, row, numbers, parents)
        for value in scope.defaults:
            self.default(value, record)
        for rule, target in scope.plan.required:
            if get(record, target) is None:
                self.missing(scope, rule, target, numbers)
        if scope.later or scope.defaults:
            names = dict.fromkeys(target[0] for target in scope.plan.order)
            return {name: record[name] for name in names if name in record}
        return record

    def entry(self, one: _Value | _Use, record: Record, row: list[str] | None, numbers: list[int], parents: Parents) -> None:
        if isinstance(one, _Use):
            value = self.use(one, numbers, (numbers, parents))
        elif row is not None and one.at >= 0:
            raw = row[one.at]
            if not raw:
                return
            value = raw.strip() if one.plain else one.memo[raw]
            if value.__class__ is Bad or one.plan.constant is not None:
                value = self.told(one, one.places[0].number, numbers[0], raw, value)
        else:
            value = self.searched(one, numbers, parents)
        if value is None or value == "" or value == [] or value == {}:
            return
        target = one.target
        if len(target) > 1:
            for name in target[:-1]:
                record = record.setdefault(name, {})
        if value.__class__ is list and target[-1] in record:
            value = record[target[-1]] + value
        record[target[-1]] = value

    def told(self, one: _Value, source: int, row: int, raw: str, value: Any) -> Any:
        """What a conversion complained about becomes a finding; so does a constant that is another."""
        if value.__class__ is Bad:
            self.notes.append((value.kind, one.plan, source, row, raw, value.note))
            value = value.value
        if one.plan.constant is not None and value is not None and value != one.plan.constant:
            self.notes.append(("invalid_value", one.plan, source, row, raw, f"expected {one.plan.constant}"))
        return value

    def searched(self, one: _Value, numbers: list[int], parents: Parents) -> Any:
        """A value that may stand in several rows or places: the first that is there; others must not differ."""
        best: Any = None
        for place in one.places:
            got = self.place(one, place, numbers, parents)
            if got is None:
                continue
            if best is None:
                best = (place, *got)
            elif got[0] != best[1]:
                self.notes.append(("alternatives_differ", one.plan, place.number, got[1], got[0],
                                   f"another place for {one.plan.rule.name} says {best[1]}"))
        if best is None:
            return None
        place, raw, row = best
        if place.aux:
            cells = self.rows[row]
            value = one.memo[(raw, *(cells[at] if at >= 0 else "" for at in place.aux))]
        else:
            value = one.memo[raw]
        return self.told(one, place.number, row, raw, value)

    def place(self, one: _Value, place: _Place, numbers: list[int], parents: Parents) -> tuple[str, int] | None:
        """(text, row) of one place; a different text in a further row is a finding unless `take:` says which counts."""
        if place.root and parents is not None:
            while parents[1] is not None:
                parents = parents[1]
            numbers = parents[0]
        for _ in range(place.up):
            numbers, parents = parents
        rows, at = self.rows, place.at
        if place.step is not None:
            numbers = place.step.matching(numbers, rows)
        texts: dict[str, int] = {}
        for i in numbers:
            text = rows[i][at]
            if text and text not in texts:
                texts[text] = i
        texts = {text: i for whole, i in reversed(texts.items()) if (text := whole.strip())} if texts else texts
        if not texts:
            return None
        take = one.plan.rule.take
        if take == "last":
            return next(((text, i) for i in reversed(numbers) if (text := rows[i][at].strip())), None)
        (text, i), *others = sorted(texts.items(), key=itemgetter(1))
        for other, number in () if take else others:
            self.notes.append(("alternatives_differ", one.plan, place.number, number, other,
                               f"an earlier row of the same {'item' if parents else 'message'} says {text}"))
        return text, i

    def use(self, one: _Use, numbers: list[int], parents: Parents) -> Any:
        """An object's record or a list's; None when no row is there for it."""
        rows, counts = self.rows, one.counts
        if len(numbers) == 1 and one.plain:  # the row itself, or nothing
            if not "".join(counts(rows[numbers[0]])).strip():
                return None
            made = self.scope(one.item, numbers, parents)
            return [made] if made and one.plan.many else made
        for step in one.steps:
            found_ = step.instances(numbers, rows) if one.plan.many else [step.matching(numbers, rows)]
            if not one.tested:
                found_ = [item for item in found_ if any("".join(counts(rows[i])).strip() for i in item)]
            listed = [made for item in found_ if item and (made := self.scope(one.item, item, parents))]
            if listed:
                return listed if one.plan.many else listed[0]
        return None

    def default(self, one: _Value, record: Record) -> None:
        """Fill what is absent; in an object only where the object is there. With `when:` only where it holds."""
        if one.plan.when and not holds(one.plan.when, record, one.target):
            return
        above = get(record, one.target[:-1]) if len(one.target) > 1 else record
        if above is not None and one.target[-1] not in above:
            above[one.target[-1]] = _fallback(one.plan)

    def missing(self, scope: _Scope, rule: Any, target: tuple[str, ...], numbers: list[int]) -> None:
        every: list[ValuePlan | ScopeUse] = [*scope.plan.values, *scope.plan.uses]
        # An object without a place of its own is missing where its first value would be.
        plan = next((one for one in every if one.target[:len(target)] == target), None)
        # What could not be read is not missing: its own finding says what is wrong.
        if plan is not None and not any(note[1] is plan and note[3] in numbers for note in self.notes):
            self.notes.append(("required_missing", plan, 0, numbers[0], "", f"{rule.name} is required and is not there"))

