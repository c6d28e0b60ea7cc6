"""Reading the rows of a CSV or fixed-width message into records, as a map's plan says.

A scope's instance is a list of row numbers. A value of a scope with several rows must be the same in all of them that
have one; a list's item is there when any cell that only it reads is not empty. The columns' places are looked up once for
each header line; after that rows are lists and columns numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Sheet
from edi_bridge.layout import SheetLayout
from edi_bridge.mapping.emit import Bad, Memo
from edi_bridge.mapping.field import get, holds
from edi_bridge.mapping.plan import MapPlan, ScopeUse, ValuePlan
from edi_bridge.mapping.sheet_bound import (
    Binder,
    Place,
    Rows,
    Scope,
    Step,
    Use,
    Value,
    check,
    fallback,
)

Record = dict[str, Any]
Parents = Any  # (row numbers of the scope around, its parents) or None
MOST_HEADERS = 64  # header lines remembered: a partner with ever new columns must not make it grow


class SheetProgram:
    """A map's reader for sheets. `watch` stands where texts are converted, to see what becomes of them
    (`field_trace.FieldWatch`)."""

    def __init__(self, plan: MapPlan, watch: Any = None):
        check(plan)
        self.plan = plan
        self.layout: SheetLayout = plan.root.scope.layout
        memos = ((value, _memo(value, self.layout)) for value in plan.values())
        self._memos = {value.number: watch.memo(value, memo) if watch else memo for value, memo in memos}
        self._bound: dict[tuple[str, ...], Scope] = {}

    def read(self, sheet: Sheet) -> tuple[list[Record], list[Finding]]:
        """The records of one message, and what was found on the way, each with its line and column."""
        records, notes = self.run(tuple(sheet.header), sheet.rows)
        return records, [_finding(sheet, note) for note in notes]

    def run(self, header: tuple[str, ...], rows: Rows) -> tuple[list[Record], list[Any]]:
        """The records of rows under a header line, and what was noted."""
        if header not in self._bound:
            if len(self._bound) >= MOST_HEADERS:
                self._bound.clear()
            self._bound[header] = Binder(header, self._memos).scope(self.plan.root, frozenset())
        run = _Run(_full(rows, len(header)), header)
        every = list(range(len(run.rows)))
        root = self._bound[header]
        if self.plan.records:
            step = Step(self.plan.records[0].step, header)
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


class _Run:
    """One message being read."""

    __slots__ = ("header", "notes", "rows")

    def __init__(self, rows: Rows, header: tuple[str, ...]):
        self.rows = rows
        self.header = header
        self.notes: list[Any] = []

    def scope(self, scope: Scope, numbers: list[int], parents: Parents) -> Record:
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

    def entry(self, one: Value | Use, record: Record, row: list[str] | None, numbers: list[int], parents: Parents) -> None:
        if isinstance(one, Use):
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

    def told(self, one: Value, source: int, row: int, raw: str, value: Any) -> Any:
        """What a conversion complained about becomes a finding; so does a constant that is another."""
        if value.__class__ is Bad:
            self.notes.append((value.kind, one.plan, source, row, raw, value.note))
            value = value.value
        if one.plan.constant is not None and value is not None and value != one.plan.constant:
            self.notes.append(("invalid_value", one.plan, source, row, raw, f"expected {one.plan.constant}"))
        return value

    def searched(self, one: Value, numbers: list[int], parents: Parents) -> Any:
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

    def place(self, one: Value, place: Place, numbers: list[int], parents: Parents) -> tuple[str, int] | None:
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

    def use(self, one: Use, numbers: list[int], parents: Parents) -> Any:
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

    def default(self, one: Value, record: Record) -> None:
        """Fill what is absent; in an object only where the object is there. With `when:` only where it holds."""
        if one.plan.when and not holds(one.plan.when, record, one.target):
            return
        above = get(record, one.target[:-1]) if len(one.target) > 1 else record
        if above is not None and one.target[-1] not in above:
            above[one.target[-1]] = fallback(one.plan)

    def missing(self, scope: Scope, rule: Any, target: tuple[str, ...], numbers: list[int]) -> None:
        every: list[ValuePlan | ScopeUse] = [*scope.plan.values, *scope.plan.uses]
        # An object without a place of its own is missing where its first value would be.
        plan = next((one for one in every if one.target[:len(target)] == target), None)
        # What could not be read is not missing: its own finding says what is wrong.
        if plan is not None and not any(note[1] is plan and note[3] in numbers for note in self.notes):
            self.notes.append(("required_missing", plan, 0, numbers[0], "", f"{rule.name} is required and is not there"))

