"""A map's plan for sheets with the numbers of one header line's columns, ready to be run for every message under it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any

from edi_bridge.fault import ConfigFault
from edi_bridge.mapping.emit import Memo
from edi_bridge.mapping.plan import MapPlan, ScopePlan, ScopeUse, ValuePlan
from edi_bridge.mapping.resolve_sheet import RowStep, SheetPath

Rows = list[list[str]]


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


class Step:
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


class Place:
    """A SheetPath with its columns' numbers."""

    __slots__ = ("at", "aux", "number", "root", "step", "up")

    def __init__(self, number: int, path: SheetPath, aux: tuple[SheetPath, ...], header: tuple[str, ...]):
        self.number = number  # which of the rule's sources it is
        self.up, self.root = path.up, path.root
        self.step = Step(path.step, header) if path.step is not None else None
        self.at = header.index(path.column)
        self.aux = tuple(header.index(one.column) if one.column in header else -1 for one in aux)


class Value:
    """A value rule, bound; `at` is the column where it is simply read from the scope's own rows, else -1."""

    __slots__ = ("at", "memo", "places", "plain", "plan", "target")

    def __init__(self, plan: ValuePlan, memo: Memo, header: tuple[str, ...]):
        self.plan = plan
        self.target = plan.target
        self.places = [Place(k, path, plan.aux[k] if k < len(plan.aux) else (), header)
                       for k, path in enumerate(plan.sources) if path.column in header]
        first = self.places[0] if len(self.places) == 1 else None
        self.at = first.at if first and not (first.up or first.root or first.step or first.aux) else -1
        self.memo = memo
        self.plain = plan.convert.plain


class Use:
    """An object or list, bound."""

    __slots__ = ("counts", "item", "plain", "plan", "steps", "target", "tested")

    def __init__(self, plan: ScopeUse, item: Scope, header: tuple[str, ...]):
        self.plan = plan
        self.target = plan.target
        self.steps = [Step(source.step, header) for source in plan.sources]
        self.item = item
        # Rows chosen by a test are items, whatever they hold; else an item must hold something of its own.
        self.tested = any(step.tests for step in self.steps)
        self.plain = len(self.steps) == 1 and not self.tested and not self.steps[0].nth
        self.counts = item.own


class Scope:
    """What is filled from one place, bound."""

    __slots__ = ("defaults", "early", "later", "own", "plan", "simple")

    def __init__(self, plan: ScopePlan, entries: list[Value | Use], own: list[int]):
        self.plan = plan
        # (column, field, conversion, entry): the column is -1 where a value is not simply read from a single row.
        self.early: list[tuple[int, str, Memo | None, Any]] = [(*_simple(one), one) for one in entries if not one.plan.when]
        self.later = [one for one in entries if one.plan.when]
        self.defaults = [one for one in entries if isinstance(one, Value) and fallback(one.plan) is not None]
        self.own = _getter(own)


def _simple(one: Value | Use) -> tuple[int, str, Memo | None]:
    if isinstance(one, Use) or one.at < 0 or len(one.target) > 1 or one.plan.constant is not None:
        return -1, "", None
    return one.at, one.target[0], None if one.plain else one.memo


def _getter(columns: list[int]) -> Callable[[list[str]], Any]:
    """A row's cells of these columns, as a tuple."""
    if not columns:
        return lambda row: ()
    return itemgetter(*columns) if len(columns) > 1 else lambda row: (row[columns[0]],)


def fallback(plan: ValuePlan) -> Any:
    """What fills a field for which nothing was read; None: nothing."""
    return plan.constant if plan.constant is not None and not plan.sources else plan.default


class Binder:
    """Looks up the numbers of a header line's columns for a plan."""

    def __init__(self, header: tuple[str, ...], memos: dict[int, Memo]):
        self.header = header
        self.memos = memos

    def scope(self, plan: ScopePlan, outer: frozenset[str]) -> Scope:
        """A scope; `outer` are the columns that scopes around it read."""
        here = {path.column for value in plan.values for path in value.sources if not (path.up or path.root)}
        by_target: dict[tuple[str, ...], list[Value | Use]] = {
            one.target: [Value(one, self.memos[one.number], self.header)] for one in plan.values}
        for use in plan.uses:  # several for a list whose items stand in places of several shapes
            by_target.setdefault(use.target, []).append(Use(use, self.scope(use.item, outer | here), self.header))
        inside = here | {name for use in plan.uses for name in _columns(use.item)}
        own = inside - outer or inside
        order = [one for target in dict.fromkeys(plan.order) for one in by_target.get(target, ()) if _can_fill(one)]
        return Scope(plan, order, [self.header.index(name) for name in own if name in self.header])


def _can_fill(one: Value | Use) -> bool:
    """Whether the header line has any column for it, or the map a value."""
    if isinstance(one, Use):
        return bool(one.item.early or one.item.later)
    return bool(one.places) or fallback(one.plan) is not None


def _columns(plan: ScopePlan) -> Iterator[str]:
    """The columns that a scope and those inside it read of their own rows."""
    for value in plan.values:
        yield from (path.column for path in value.sources if not (path.up or path.root))
    for use in plan.uses:
        yield from _columns(use.item)
