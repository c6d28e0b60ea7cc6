"""Generates the part of a reader that takes the raw values out of one segment, and the composites and pairs that lists read.

Names in the generated code: see `segment_reader.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from edi_bridge.mapping.emit import Lines
from edi_bridge.mapping.plan import ScopePlan, ScopeUse, ValuePlan
from edi_bridge.mapping.resolve import ElementStep, PairStep, ValueTest
from edi_bridge.mapping.segment_read_plan import (
    Branch,
    Taker,
    contiguous,
    flow_of,
    is_rest,
    is_static,
    one_of,
    stays_inside,
    takers,
)


class Taking:
    """Adds to `code`, function after function. `gathers`: the scope is a group, whose free text comes from all its segments."""

    def __init__(self, code: Lines):
        self.code = code
        self.gathers = False

    def branch(self, branch: Branch, alone: bool) -> None:
        """What one segment gives: raw values and instances of lists into their locals. `alone`: no other segment gives the same."""
        texts = [taker for taker in branch.values if self.gathers and flow_of(taker[0]) is not None]
        for one, k, _ in texts:
            with self.code.block(f"if v{one.number}_{k}:"):
                self.code.add(f"v{one.number}_{k}.append(i)")
            with self.code.block("else:"):
                self.code.add(f"v{one.number}_{k} = [i]; i{one.number}_{k} = i")
        simple = [taker for taker in branch.values if is_static(taker[2]) and taker not in texts]
        if simple and alone:
            self._take_all(simple)
        elif simple:
            first = f"i{simple[0][0].number}_{simple[0][1]}"
            last = simple[0][0].rule.take == "last"
            with self.code.block("if True:" if last else f"if {first} < 0:"):
                self._take_all(simple)
            if not last and simple[0][0].rule.take != "first":
                with self.code.block("else:"):
                    for one, k, step in simple:
                        with self.code.block(f"if {self._element(step)}:"):
                            self.code.add(f"F.append(('value_not_read', {one.number}, {k}, i, {self._element(step)}, ''))")
        self._moving(branch)
        for use, k, step in branch.uses:
            if not is_rest(step, branch):
                self._segment_use(use, k, step)

    def _take_all(self, simple: list[Taker]) -> None:
        """The raw values of one segment into their locals."""
        self.code.add(" = ".join(f"i{one.number}_{k}" for one, k, _ in simple) + " = i")
        for one, k, step in simple:
            self.code.add(f"v{one.number}_{k} = {self._element(step)}")
            self._aux(one, k, "e")

    def _segment_use(self, use: ScopeUse, k: int, step: Any) -> None:
        """A list or object whose instances are segments, or composites or pairs of a segment."""
        variable = f"o{use.number}_{k}"
        if isinstance(step, ElementStep):
            positions = self.code.constant("K", step.positions)
            tests = self.code.constant("K", step.tests)
            with self.code.block(f"for item in COMPOSITES(e, i, {positions}, {tests}, {step.repeats}):"):
                self._collect(use, variable, "item", k)
        elif isinstance(step, PairStep):
            with self.code.block(f"for k in range({step.start}, min(len(e), {step.end + 1}), 2):"), self.code.block("if e[k]:"):
                self._collect(use, variable, "(e, i, e[k:k + 2], k)", k)
        else:
            self._collect(use, variable, "i", k)

    def _collect(self, use: ScopeUse, variable: str, item: str, k: int) -> None:
        with self.code.block(f"if {variable} is None:"):
            self.code.add(f"{variable} = [{item}]" if use.many else f"{variable} = {item}")
        with self.code.block("else:"):
            self.code.add(f"{variable}.append({item})" if use.many else
                          f"F.append(('value_not_read', {use.number}, {k}, i, '', ''))")

    def _moving(self, branch: Branch) -> None:
        """Values that may stand at several positions: equal composites, qualifier/value pairs, repetitions."""
        loops: dict[Any, list[Taker]] = {}
        rest = {(step.start, step.end): (use, k) for use, k, step in branch.uses if is_rest(step, branch)}
        for one, k, step in branch.values:
            if isinstance(step, PairStep):
                loops.setdefault((step.start, step.end), []).append((one, k, step))
            elif step.beside:
                self._besideplaced(one, k, step)
            elif not is_static(step):
                key = step.positions if not step.repeats and contiguous(step.positions) else (one, k)
                loops.setdefault(key, []).append((one, k, step))
        for several in loops.values():
            step = several[0][2]
            if isinstance(step, PairStep):
                self._pair_loop(step, several, rest.get((step.start, step.end)))
            elif step.repeats or not contiguous(step.positions):
                one, k, _ = several[0]
                places = (f"VALUES(e, {self.code.constant('K', step.positions)}, {step.component}, "
                          f"{self.code.constant('K', step.tests)}, {step.repeats})")
                with self.code.block(f"for w in {places}:"):
                    self._take(one, k, step, "w")
            else:
                self._composite_loop(step, several)
            for one, k, _ in several:
                self._aux(one, k, "e")

    def _besideplaced(self, one: ValuePlan, k: int, step: ElementStep) -> None:
        """A value that is told by another element of its segment."""
        self.code.add(f"w = {self._uncached(step)}")
        with self.code.block(f"if w and {self._beside(step)}:"):
            if one.aux[k]:
                with self.code.block(f"if not v{one.number}_{k}:"):
                    self._aux(one, k, "e")
            self._take(one, k, step, "w")

    def _beside(self, step: ElementStep) -> str:
        """The condition of a value's tests on other elements."""
        conditions = []
        for test in step.beside:
            value = self._uncached(ElementStep((test.element,), test.component))
            match test.op:
                case "has":
                    conditions.append(value)
                case "lacks":
                    conditions.append(f"not {value}")
                case op:
                    conditions.append(f"{value} {'in' if op == '=' else 'not in'} {self.code.constant('K', test.values)}")
        return " and ".join(conditions)

    def _pair_loop(self, step: PairStep, takers: list[Taker], rest: tuple[ScopeUse, int] | None) -> None:
        """One pass over the pairs for all values behind qualifiers; what none of them takes goes to the list `rest`."""
        if rest is not None:
            with self.code.block(f"for k in range({step.start}, min(n, {step.end + 1}), 2):"):
                self.code.add("q = e[k]; w = e[k + 1] if n > k + 1 else ''")
                keyword = "if"
                for one, k, own in takers:
                    variable = f"v{one.number}_{k}"
                    with self.code.block(f"{keyword} w and not {variable} and {self._qualified(own)}:"):
                        self.code.add(f"{variable} = w; i{one.number}_{k} = i")
                    keyword = "elif"
                with self.code.block("elif q or w:"):
                    self._collect(rest[0], f"o{rest[0].number}_{rest[1]}", "(e, i, e[k:k + 2], k)", rest[1])
            return
        with self.code.block(f"for k in range({step.start}, min(n - 1, {step.end}), 2):"):
            self.code.add("q = e[k]; w = e[k + 1]")
            for one, k, own in takers:
                with self.code.block(f"if w and {self._qualified(own)}:"):
                    self._take(one, k, own, "w")

    def _qualified(self, step: PairStep) -> str:
        if len(step.qualifiers) == 1:
            return f"q == {step.qualifiers[0]!r}"
        return f"q in {self.code.constant('K', step.qualifiers)}" if step.qualifiers else "True"

    def _composite_loop(self, step: ElementStep, takers: list[Taker]) -> None:
        """One pass over equal composites (PIA's five C212) for all values that are looked for in them."""
        first, last = step.positions[0], step.positions[-1]
        several = first != last
        if several:
            head = f"for x in e[{first}:{last + 1}]:"
        else:
            head = f"if n > {first}:"
        with self.code.block(head):
            source = "x" if several else f"e[{first}]"
            self.code.add(f"c = {source}.split(CO); m = len(c)")
            numbers = {number for _, _, own in takers for number, _, _ in own.tests}
            for number in sorted(numbers):
                self.code.add(f"t{number} = " + (f"c[{number - 1}] if m > {number - 1} else ''" if number > 1 else "c[0]"))
            keyword = "if"
            for one, k, own in takers:
                tests = " and ".join(self._part_test(number, op, values) for number, op, values in own.tests)
                with self.code.block(f"{keyword} {tests or 'True'}:"):
                    value = f"c[{own.component - 1}]" if own.component else source
                    if own.component > 1:
                        value += f" if m > {own.component - 1} else ''"
                    self.code.add(f"w = {value}")
                    with self.code.block("if w:"):
                        self._take(one, k, own, "w")
                if len(takers) > 1 and one_of(takers):
                    keyword = "elif"

    def _part_test(self, number: int, op: str, values: tuple[str, ...]) -> str:
        part = f"t{number}"
        match op:
            case "has":
                return part
            case "lacks":
                return f"not {part}"
            case "=" if len(values) == 1:
                return f"{part} == {values[0]!r}"
        return f"{part} {'in' if op == '=' else 'not in'} {self.code.constant('K', values)}"

    def _take(self, one: ValuePlan, k: int, step: Any, value: str) -> None:
        """Keep a value that was found in a loop: the first, the last or the nth; report what is left."""
        variable, place = f"v{one.number}_{k}", f"i{one.number}_{k}"
        nth = step.nth if isinstance(step, ElementStep) else 0
        if nth:
            counter = self.code.counter()
            with self.code.block(f"if ({counter} := {counter} + 1) == {nth}:"):
                self.code.add(f"{variable} = {value}; {place} = i")
        elif one.rule.take == "last":
            self.code.add(f"{variable} = {value}; {place} = i")
        else:
            with self.code.block(f"if not {variable}:"):
                self.code.add(f"{variable} = {value}; {place} = i")
            if not one.rule.take:
                with self.code.block("else:"):
                    self.code.add(f"F.append(('value_not_read', {one.number}, {k}, i, {value}, ''))")

    def from_inner(self, plan: ScopePlan) -> None:
        """Values of one composite (`c` its components) or one pair (`c` qualifier and value)."""
        for one, k, _ in takers(plan):
            resolved = one.sources[k]
            if not stays_inside(resolved):
                continue
            step = resolved.element
            if step.positions[0] < 0:
                expression = f"c[{-step.positions[0] - 1}] if len(c) > {-step.positions[0] - 1} else ''"
                if step.beside:
                    expression = f"({expression}) if {self._beside(step)} else ''"
            elif step.positions == (0,):
                expression = f"c[{step.component - 1}] if len(c) > {step.component - 1} else ''"
            else:
                expression = self._uncached(step)
            self.code.add(f"v{one.number}_{k} = {expression}; i{one.number}_{k} = i")

    def _aux(self, one: ValuePlan, k: int, elements: str) -> None:
        for a, step in enumerate(one.aux[k]):
            self.code.add(f"a{one.number}_{k}_{a} = {self._uncached(step)}")

    def components(self, places: Iterable[tuple[int, int]]) -> None:
        """Split the elements of which these places (element, component) need a component."""
        for element in sorted({element for element, component in places if component}):
            self.code.add(f"c{element} = e[{element}].split(CO) if n > {element} else Z")

    def _element(self, step: ElementStep) -> str:
        return placed(step.positions[0], step.component)

    def _uncached(self, step: ElementStep) -> str:
        position = step.positions[0]
        if position < 0:
            return "''"  # a pair's qualifier, chosen by its codec when writing
        if not step.component:
            return placed(position, 0)
        return f"PART(e, {position}, {step.component})"

    def test(self, test: ValueTest, name: str) -> str:
        """The condition of a test on the segment, or on a segment of the group instance `name`."""
        if name and test.slot != 0:
            values = self.code.constant("K", test.values)
            return f"HAS(S, {name}, {test.slot}, {test.element}, {test.component}, {test.op!r}, {values})"
        variable = tested((test.element, test.component), name) if test.element else "True"
        match test.op:
            case "has":
                return variable if test.element else "True"
            case "lacks":
                return f"not {variable}"
        if len(test.values) == 1:
            return f"{variable} {'==' if test.op == '=' else '!='} {test.values[0]!r}"
        return f"{variable} {'in' if test.op == '=' else 'not in'} {self.code.constant('K', frozenset(test.values))}"


def tested(place: tuple[int, int], instance: str = "") -> str:
    """The local of a tested value; a group's differ from those of the segments that are gone through inside of it."""
    return f"t{place[0]}_{place[1]}{instance}"


def placed(element: int, component: int) -> str:
    """The raw text of an element, or of a component that `components` has split off."""
    if not component:
        return f"(e[{element}] if n > {element} else '')"
    if component == 1:
        return f"(c{element}[0] if c{element} else '')"
    return f"(c{element}[{component - 1}] if len(c{element}) > {component - 1} else '')"
