"""A path's steps looked up in the columns of a CSV or fixed-width layout.

    order_number                a column of the rows that the scope has
    row[type=H]/number          of those rows that pass the test
    row#1/total                 of the first row only
    each: row                   every row is one item
    each: rows(line_no)         rows with the same line_no are one item together (an empty one: each row by itself)
    each: from[type=L]          a row that passes the test and what follows up to the next such row
    ^/order_date  ../currency   of all rows of the message; of the rows around the list

A column that only one record type has needs no test: it is read from and written into rows of that type.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from edi_bridge.layout import SheetLayout, layout_from
from edi_bridge.mapping.mapfile import MapSpec
from edi_bridge.mapping.path import Path, PathError, PathStep, Test, parse, start_of
from edi_bridge.yamltext import Problems

KINDS = ("row", "rows", "from")


@dataclass(frozen=True, slots=True)
class ColumnTest:
    """A test on a cell of the row; `op` as in `path.Test`."""

    column: str
    op: str
    values: tuple[str, ...]

    def passes(self, value: str) -> bool:
        """Whether a cell's text passes."""
        match self.op:
            case "=":
                return value in self.values
            case "!=":
                return value not in self.values
            case "has":
                return bool(value)
        return not value


@dataclass(frozen=True, slots=True)
class RowStep:
    """To those rows of the scope that pass the tests: one by one (`row`), together where the cells of `group` agree
    (`rows`), or from one on up to the next (`from`); `nth` picks one."""

    kind: str
    tests: tuple[ColumnTest, ...] = ()
    group: tuple[str, ...] = ()
    nth: int = 0

    def constants(self) -> tuple[tuple[str, str], ...]:
        """(column, text) that the tests write, sorted."""
        return tuple(sorted((test.column, test.values[0]) for test in self.tests if test.op == "="))


@dataclass(frozen=True, slots=True)
class SheetPath:
    """A path in a layout: rows (`step`), a cell (`column`), or both."""

    step: RowStep | None
    column: str = ""
    up: int = 0
    root: bool = False
    words: str = ""
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class SheetScope:
    """Where relative paths start: all rows of the message, those of a list's item, or one row (`single`). `fixed` are the
    tests that all its rows have passed."""

    layout: SheetLayout
    single: bool = False
    parent: SheetScope | None = None
    step: RowStep | None = None
    fixed: tuple[ColumnTest, ...] = ()


class SheetResolver:
    """Looks paths up in the layout of one map. Raises ConfigFault with everything that is wrong in the layout."""

    def __init__(self, spec: MapSpec):
        problems = Problems(spec.file)
        self.layout = layout_from(spec.layout, spec.message, problems)
        problems.done()
        self.names = [column.name for column in self.layout.columns]
        self.types = {name: tuple(one.code for one in self.layout.types if name in (c.name for c in one.columns))
                      for name in self.names}

    def root(self) -> SheetScope:
        """All rows of the message."""
        return SheetScope(self.layout)

    def resolve(self, path: Path, scope: SheetScope) -> SheetPath:
        """Where the path leads. Raises PathError naming what is not there and what is."""
        start = start_of(path, scope)
        steps = list(path.steps)
        step = self._step(steps.pop(0), start) if steps and steps[0].name in KINDS else None
        if not steps:
            if step is None or path.up or path.root:
                raise PathError("a column is missing at the end", 0)
            return SheetPath(step, "", words=str(path), path=path)
        if len(steps) > 1 or steps[0].tests or steps[0].argument or steps[0].part or steps[0].nth:
            raise PathError(f"expected row[…]/COLUMN or COLUMN, not {path}", steps[0].column)
        column = self._column(steps[0].name, steps[0].column)
        if step is not None and step.kind != "row":
            raise PathError(f"{step.kind} belongs to each:; a value is read from row[…]", path.steps[0].column)
        if step is None:
            step = self._implied(column, start, steps[0].column)
        else:
            self._check_types(column, (*start.fixed, *step.tests), steps[0].column)
        return SheetPath(step, column, path.up, path.root, self._words(column), path)

    def inner_scope(self, resolved: SheetPath, scope: SheetScope) -> SheetScope:
        """The scope of the rules inside an object or list at this path."""
        step = resolved.step
        if step is None:
            raise PathError("an object or list needs row, rows(…) or from[…], not a column", 0)
        fixed = scope.fixed if step.kind == "from" else (*scope.fixed, *step.tests)
        return SheetScope(self.layout, scope.single or step.kind == "row", scope, step, fixed)

    def aux(self, name: str, resolved: SheetPath, scope: SheetScope) -> SheetPath:
        """A further cell of the same row, for a codec that needs it."""
        return SheetPath(resolved.step, self._column(name, 0), words=self._words(name))

    def recursion(self, resolved: SheetPath) -> tuple[SheetPath, ...]:
        """Rows have no tree."""
        raise PathError("recurse: has no meaning in rows", 0)

    def _step(self, step: PathStep, scope: SheetScope) -> RowStep:
        tests = tuple(self._test(test, step) for test in step.tests)
        group = tuple(self._column(name.strip(), step.column) for name in step.argument.split("|")) if step.argument else ()
        if (step.name == "rows") != bool(group):
            raise PathError("write row for single rows, rows(COLUMN) for rows that belong together", step.column)
        if step.name == "from" and not tests:
            raise PathError("from needs a test: from[type=L]", step.column)
        if step.part or step.optional:
            raise PathError(f"{step} is not understood", step.column)
        typed = any(test.column == self.layout.type_column and test.op == "=" for test in (*scope.fixed, *tests))
        if self.layout.types and step.name != "rows" and not step.nth and not typed:
            raise PathError(f"say which record type: {step.name}[{self.layout.type_column}={self.layout.types[-1].code}]", step.column)
        return RowStep(step.name, tests, group, step.nth)

    def _test(self, test: Test, step: PathStep) -> ColumnTest:
        names = parse(test.path).steps
        if len(names) != 1:
            raise PathError("a test looks at a column of the row", step.column)
        column = self._column(names[0].name, step.column)
        if column == self.layout.type_column and test.op == "=":
            for value in test.values:
                if self.layout.types and self.layout.type_named(value) is None:
                    raise PathError(f"there is no record type {value}; there are "
                                    f"{', '.join(one.code for one in self.layout.types)}", step.column)
        return ColumnTest(column, test.op, test.values)

    def _implied(self, column: str, scope: SheetScope, at: int) -> RowStep | None:
        """The test on the record type for a column that only one type has."""
        if not self.layout.types:
            return None
        if any(test.column == self.layout.type_column and test.op == "=" for test in scope.fixed):
            self._check_types(column, scope.fixed, at)
            return None
        if len(self.types[column]) == 1:
            return RowStep("row", (ColumnTest(self.layout.type_column, "=", self.types[column]),))
        return None

    def _check_types(self, column: str, tests: tuple[ColumnTest, ...], at: int) -> None:
        """A column must be one of the record type that is looked at."""
        for test in tests if self.layout.types else ():
            if test.column == self.layout.type_column and test.op == "=" and not set(test.values) & set(self.types[column]):
                raise PathError(f"rows of type {'|'.join(test.values)} have no column {column} "
                                f"({', '.join(self.types[column])} has)", at)

    def _column(self, name: str, at: int) -> str:
        if name in self.names:
            return name
        near = difflib.get_close_matches(name, self.names, 1)
        hint = f"; did you mean {near[0]}?" if near else f" (it has {', '.join(self.names)})"
        raise PathError(f"the layout has no column {name}{hint}", at)

    def _words(self, name: str) -> str:
        column = next(one for one in self.layout.columns if one.name == name)
        return f'{name} ("{column.title}")' if column.title != name else name

