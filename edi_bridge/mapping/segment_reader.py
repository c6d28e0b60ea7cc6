"""Generates the Python that reads one segment message (EDIFACT, X12) into records.

For each scope of the plan one function is generated. It goes once through the slots of its instance that any rule
reads, splits only those segments, keeps the raw values in local variables, and then converts them in the record's
order. Everything that is not as it should be is appended to `F` as a small tuple (see `reading.py`), so that there is
only one path for good and bad input, and the good one does not pay for the bad.

Names in the generated code: `h` an instance, `S` the segments, `F` what was found, `P` (parent's instance, its parent),
`i` a segment number, `e` its elements, `n` their count, `c3` the components of element 3, `v7_0` the raw value of rule 7
from its first path, `i7_0` the segment it came from, `CO` and `RE` the component and repetition separators.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from edi_bridge.mapping.emit import Lines
from edi_bridge.mapping.plan import MapPlan, ScopePlan, ScopeUse, ValuePlan
from edi_bridge.mapping.resolve import ElementStep, GroupStep, PairStep, TreeStep, ValueTest
from edi_bridge.mapping.segment_decode import Decoder
from edi_bridge.mapping.segment_read_plan import (
    Branch, Slot, Taker, contiguous, exclusive, flow_of, is_rest, is_static, one_of, static_places, stays_inside, takers, tries,
)
from edi_bridge.structure import Structure


class SegmentReader:
    """The source text of a map's read functions, and the constants it refers to."""

    def __init__(self, plan: MapPlan, structure: Structure, released: bool):
        self.plan = plan
        self.structure = structure
        self.released = released  # values may hold masked characters
        self.code = Lines()
        self.decoder = Decoder(self.code, released)
        self.gathers = False  # the scope is a group: free text is gathered from all its segments
        for scope in plan.scopes:
            self._function(scope)

    def source(self) -> str:
        """The generated module."""
        return self.code.text()

    # --- one function a scope --------------------------------------------------------------------------------

    def _function(self, plan: ScopePlan) -> None:
        code = self.code
        inner = plan.scope.inner is not None
        self.gathers = not inner and plan.scope.segment is None
        argument = "e, i, c, k" if inner else ("i" if plan.scope.segment is not None else "h")
        with code.block(f"def s{plan.number}({argument}, S, F, P):"):
            found = tries(plan)
            self._own_values(plan, found.get("h", {}))
            self._initialise(plan)
            if inner:
                code.add("n = len(e)")
                self._from_inner(plan)
            elif plan.scope.segment is not None:
                code.add("e = S[i]; n = len(e)")
                self._segment_scope(plan)
            for base, slots in found.items():
                self._slots(base, slots)
            self.decoder.decode(plan, self.owner, self.gathers)
            code.add("return r")

    def _own_values(self, plan: ScopePlan, slots: dict[Any, Slot]) -> None:
        """Most slots are absent in most instances. A value that only one slot can give is looked at, and its locals are
        set, only where that slot is there."""
        self.owner: dict[int, Slot] = {}
        required = {rule.name for rule, _ in plan.required}
        for slot in slots.values():
            if isinstance(slot.step, TreeStep) or slot.step.node.slot == 0:
                continue
            for value in slot.values():
                if len(value.sources) == 1 and value.default is None and not value.when and value.rule.name not in required:
                    slot.held = slot.held or self.code.name("x")
                    slot.owned.append(value)
                    self.owner[value.number] = slot

    def _initialise(self, plan: ScopePlan) -> None:
        free = [value for value in plan.values if value.number not in self.owner]
        self._reset(free)
        things = [f"o{use.number}_{k}" for use in plan.uses for k in range(len(use.sources))]
        if things:
            self.code.add(" = ".join(things) + " = None")
        self.code.add("r = {}")

    def _reset(self, plans: list[ValuePlan]) -> None:
        """The locals of these values as before anything was read."""
        values, numbers = [], []
        for value in plans:
            for k in range(len(value.sources)):
                values.append(f"v{value.number}_{k}")
                values += [f"a{value.number}_{k}_{a}" for a in range(len(value.convert.aux))]
                numbers.append(f"i{value.number}_{k}")
        for names, start in ((values, "''"), (numbers, "-1")):
            if names:
                self.code.add(" = ".join(names) + f" = {start}")

    # --- going through an instance ------------------------------------------------------------------------------

    def _slots(self, base: str, slots: dict[Any, Slot]) -> None:
        for slot in slots.values():
            if isinstance(slot.step, TreeStep):
                self._tree_slot(base, slot)
            elif isinstance(slot.step, GroupStep):
                self._group_slot(base, slot)
            else:
                self._segment_slot(base, slot)

    def _tree_slot(self, base: str, slot: Slot) -> None:
        step = slot.step
        assert isinstance(step, TreeStep)
        name = self.code.name("h")
        kinds = self.code.constant("K", step.kinds)
        with self.code.block(f"for {name} in NODES({base}, {kinds}, {step.optional}, S):"):
            for branch in slot.branches:
                self._instance_branch(branch, name)

    def _group_slot(self, base: str, slot: Slot) -> None:
        whole = self._whole_slot(slot)
        if whole is not None:
            self._all_of(whole, base, slot)
            return
        name = self.code.name("h")
        with self._present(slot, base) as held, self.code.block(f"for {name} in {held}:"):
            places = sorted({(test.element, test.component) for branch in slot.branches for test in branch.tests
                             if test.slot == 0 and test.element})
            if places:
                self.code.add(f"e = S[{name}[0][0]]; n = len(e)")
                self._components(places)
                for place in places:
                    self.code.add(f"{_test_name(place, name)} = {_value(*place)}")
            self._branches(slot, name, self._instance_branch)

    @contextmanager
    def _present(self, slot: Slot, base: str) -> Iterator[str]:
        """The block for a slot that is there; the name of its content."""
        held = slot.held or self.code.name("x")
        self.code.add(f"{held} = {base}[{slot.step.node.slot}]")
        with self.code.block(f"if {held} is not None:"):
            self._reset(slot.owned)
            yield held

    def _whole_slot(self, slot: Slot) -> Taker | None:
        """The list that simply takes all instances of the slot, when nothing else reads it."""
        if len(slot.branches) != 1:
            return None
        branch = slot.branches[0]
        if branch.tests or branch.nth or branch.values or branch.below or len(branch.uses) != 1:
            return None
        return branch.uses[0] if branch.uses[0][0].many else None

    def _all_of(self, whole: Taker, base: str, slot: Slot) -> None:
        """A list takes what a slot holds; below groups that repeat, what the slot holds in each of them, one after another."""
        taken, held = f"o{whole[0].number}_{whole[1]}", f"{base}[{slot.step.node.slot}]"
        if not base.endswith("_"):  # the scope's own instance, its parents' or the root: there is one
            self.code.add(f"{taken} = {held}")
            return
        with self.code.block(f"if {held} is not None:"):
            self.code.add(f"{taken} = {held} if {taken} is None else [*{taken}, *{held}]")

    def _branches(self, slot: Slot, name: str, body: Any) -> None:
        """The branches of a slot, as if/elif where their tests exclude each other."""
        alternatives = exclusive(slot.branches)
        keyword = "if"
        for branch in slot.branches:
            condition = " and ".join(self._test(test, name) for test in branch.tests)
            if branch.nth:
                counter = self._counter()
                step = f"({counter} := {counter} + 1) {'>=' if branch.onward else '=='} {branch.nth}"
                condition = f"{condition} and {step}" if condition else step
            if condition:
                with self.code.block(f"{keyword} {condition}:"):
                    body(branch, name)
                if alternatives:
                    keyword = "elif"
            else:
                body(branch, name)

    def _function_start(self) -> int:
        """The line after the `def` of the function under construction."""
        return max(n for n, line in enumerate(self.code.lines) if line.startswith("def ")) + 1

    def _instance_branch(self, branch: Branch, name: str) -> None:
        for use, k, _ in branch.uses:
            variable = f"o{use.number}_{k}"
            if use.many:
                with self.code.block(f"if {variable} is None:"):
                    self.code.add(f"{variable} = [{name}]")
                with self.code.block("else:"):
                    self.code.add(f"{variable}.append({name})")
            else:
                with self.code.block(f"if {variable} is None:"):
                    self.code.add(f"{variable} = {name}")
                with self.code.block("else:"):
                    self.code.add(f"F.append(('value_not_read', {use.number}, {k}, {name}[0][0], '', ''))")
        self._slots(name, branch.below)

    # --- one segment --------------------------------------------------------------------------------------------------

    def _segment_slot(self, base: str, slot: Slot) -> None:
        whole = self._whole_slot(slot)
        if whole is not None and whole[2] is None:
            self._all_of(whole, base, slot)
            return
        node = slot.step.node
        if node.slot == 0 and node.max == 1 and node.depth > 1:  # a group's trigger is there exactly once
            self.code.add(f"i = {base}[0][0]")
            self._segment_branches(slot, alone=base == "h")
            return
        with self._present(slot, base) as held, self.code.block(f"for i in {held}:"):
            self._segment_branches(slot, alone=False)

    def _segment_branches(self, slot: Slot, alone: bool) -> None:
        self.code.add("e = S[i]; n = len(e)")
        places = sorted({(test.element, test.component) for branch in slot.branches for test in branch.tests})
        wanted = set(places)
        for branch in slot.branches:
            wanted |= static_places(branch.values)
        self._components(sorted(wanted))
        for place in places:
            self.code.add(f"{_test_name(place)} = {_value(*place)}")
        self._branches(slot, "", partial(self._segment_branch, alone=alone))

    def _segment_scope(self, plan: ScopePlan) -> None:
        own = [taker for taker in takers(plan) if stays_inside(taker[0].sources[taker[1]])]
        branch = Branch((), 0)
        for one, k, _ in own:
            (branch.uses if isinstance(one, ScopeUse) else branch.values).append((one, k, one.sources[k].element))
        self._components(sorted(static_places(branch.values)))
        self._segment_branch(branch, "", alone=True)

    def _segment_branch(self, branch: Branch, _: str, alone: bool = False) -> None:
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
                self._beside_value(one, k, step)
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

    def _beside_value(self, one: ValuePlan, k: int, step: ElementStep) -> None:
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
            counter = self._counter()
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

    def _counter(self) -> str:
        """A local that starts at 0."""
        name = self.code.name("m")
        self.code.lines.insert(self._function_start(), f"    {name} = 0")
        return name

    def _from_inner(self, plan: ScopePlan) -> None:
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

    def _components(self, places: list[tuple[int, int]]) -> None:
        for element in sorted({element for element, component in places if component}):
            self.code.add(f"c{element} = e[{element}].split(CO) if n > {element} else Z")

    def _element(self, step: ElementStep) -> str:
        return _value(step.positions[0], step.component)

    def _uncached(self, step: ElementStep) -> str:
        position = step.positions[0]
        if position < 0:
            return "''"  # a pair's qualifier, chosen by its codec when writing
        if not step.component:
            return _value(position, 0)
        return f"PART(e, {position}, {step.component})"

    def _test(self, test: ValueTest, name: str) -> str:
        if name and test.slot != 0:
            values = self.code.constant("K", test.values)
            return f"HAS(S, {name}, {test.slot}, {test.element}, {test.component}, {test.op!r}, {values})"
        variable = _test_name((test.element, test.component), name) if test.element else "True"
        match test.op:
            case "has":
                return variable if test.element else "True"
            case "lacks":
                return f"not {variable}"
        if len(test.values) == 1:
            return f"{variable} {'==' if test.op == '=' else '!='} {test.values[0]!r}"
        return f"{variable} {'in' if test.op == '=' else 'not in'} {self.code.constant('K', frozenset(test.values))}"

    # --- values into the record --------------------------------------------------------------------------------------


def _test_name(place: tuple[int, int], instance: str = "") -> str:
    """The local of a tested value; a group's differ from those of the segments that are gone through inside of it."""
    return f"t{place[0]}_{place[1]}{instance}"


def _value(element: int, component: int) -> str:
    if not component:
        return f"(e[{element}] if n > {element} else '')"
    if component == 1:
        return f"(c{element}[0] if c{element} else '')"
    return f"(c{element}[{component - 1}] if len(c{element}) > {component - 1} else '')"
