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

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from edi_bridge.mapping.emit import Lines
from edi_bridge.mapping.plan import MapPlan, ScopePlan, ScopeUse, ValuePlan
from edi_bridge.mapping.resolve import GroupStep, TreeStep
from edi_bridge.mapping.segment_decode import Decoder
from edi_bridge.mapping.segment_read_plan import (
    Branch,
    Slot,
    Taker,
    exclusive,
    static_places,
    stays_inside,
    takers,
    tries,
)
from edi_bridge.mapping.segment_take import Taking, placed, tested
from edi_bridge.structure import Structure


class SegmentReader:
    """The source text of a map's read functions, and the constants it refers to."""

    def __init__(self, plan: MapPlan, structure: Structure, released: bool):
        self.plan = plan
        self.structure = structure
        self.released = released  # values may hold masked characters
        self.code = Lines()
        self.taking = Taking(self.code)
        self.decoder = Decoder(self.code, released)
        for scope in plan.scopes:
            self._function(scope)

    def source(self) -> str:
        """The generated module."""
        return self.code.text()

    def _function(self, plan: ScopePlan) -> None:
        code = self.code
        inner = plan.scope.inner is not None
        gathers = self.taking.gathers = not inner and plan.scope.segment is None
        argument = "e, i, c, k" if inner else ("i" if plan.scope.segment is not None else "h")
        with code.block(f"def s{plan.number}({argument}, S, F, P):"):
            found = tries(plan)
            self._own_values(plan, found.get("h", {}))
            self._initialise(plan)
            if inner:
                code.add("n = len(e)")
                self.taking.from_inner(plan)
            elif plan.scope.segment is not None:
                code.add("e = S[i]; n = len(e)")
                self._segment_scope(plan)
            for base, slots in found.items():
                self._slots(base, slots)
            self.decoder.decode(plan, self.owner, gathers)
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
                self.taking.components(places)
                for place in places:
                    self.code.add(f"{tested(place, name)} = {placed(*place)}")
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

    def _branches(self, slot: Slot, name: str, body: Callable[[Branch, str], None]) -> None:
        """The branches of a slot, as if/elif where their tests exclude each other."""
        alternatives = exclusive(slot.branches)
        keyword = "if"
        for branch in slot.branches:
            condition = " and ".join(self.taking.test(test, name) for test in branch.tests)
            if branch.nth:
                counter = self.code.counter()
                step = f"({counter} := {counter} + 1) {'>=' if branch.onward else '=='} {branch.nth}"
                condition = f"{condition} and {step}" if condition else step
            if condition:
                with self.code.block(f"{keyword} {condition}:"):
                    body(branch, name)
                if alternatives:
                    keyword = "elif"
            else:
                body(branch, name)

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
        self.taking.components(sorted(wanted))
        for place in places:
            self.code.add(f"{tested(place)} = {placed(*place)}")
        self._branches(slot, "", lambda branch, _: self.taking.branch(branch, alone))

    def _segment_scope(self, plan: ScopePlan) -> None:
        own = [taker for taker in takers(plan) if stays_inside(taker[0].sources[taker[1]])]
        branch = Branch((), 0)
        for one, k, _ in own:
            (branch.uses if isinstance(one, ScopeUse) else branch.values).append((one, k, one.sources[k].element))
        self.taking.components(sorted(static_places(branch.values)))
        self.taking.branch(branch, alone=True)
