"""Generates the Python that reads one XML document into records; `xml_reader.py` runs it.

For each scope of the plan one function is generated. It goes once over the children of the scope's element; steps that
lead deeper are loops inside that one. Raw texts (without the white space around them: XML Schema collapses it) are kept
in local variables and then converted in the record's order. Comments and processing instructions have a function as
their tag, which no table holds, and so fall through.

`as: amount` compares the currency beside each amount with the head's `currency` (or `of:` another field; a
finding where they differ: reading dollars as euros would be the worst of mistakes), unless a rule of the map reads that
attribute itself.

Names in the generated code: `el` the scope's element, `X` the state of this document, `c3` a child on some level, `g3`
its number in the table of its level, `t3` what a test looks at, `v7_0` the raw text of rule 7 from its first path
(`a7_0_1` what its codec needs beside it), `u3` the element that a group of values was taken from, `o7_0` the elements of a
list or object, `p7_0` the element around an object's, `M7` the converter of rule 7.

Fields of an object may stand around its element (`../cbc:CustomerAssignedAccountID` of a `cac:Party`): they are read where
that element is not there, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from edi_bridge.mapping.emit import Lines
from edi_bridge.mapping.plan import MapPlan, ScopePlan, ScopeUse, ValuePlan
from edi_bridge.mapping.resolve_xml import XmlResolved, XmlTest
from edi_bridge.mapping.xml_decode_code import XmlDecoding, has_parent
from edi_bridge.mapping.xml_read_plan import (
    Around,
    Branch,
    Slot,
    Taken,
    beside_kind,
    currency_of,
    exclusive,
    inside,
    said_by_the_map,
    variables,
)
from edi_bridge.structure_xml import XmlStructure


class XmlReader:
    """The source text of a map's read functions, and the constants it refers to."""

    def __init__(self, plan: MapPlan, structure: XmlStructure):
        self.plan = plan
        self.structure = structure
        self.code = Lines()
        self.units: dict[str, str] = {}  # variable of a text → the local that holds its element
        fields = {"currency", *(currency_of(value) for value in plan.values())}
        self.currencies = {value.target[0]: value for value in plan.root.values if len(value.target) == 1 and value.target[0] in fields}
        self.read_attributes = {(source.owner.name, source.attribute) for value in plan.values() for source in value.sources
                                if source.attribute and value not in self.currencies.values()}
        self.decoding = XmlDecoding(plan, self.code, self.units, self.currencies, self._wants_beside)
        for scope in plan.scopes:
            if scope is not plan.message or scope is plan.root:
                self._function(scope)

    def source(self) -> str:
        """The generated module."""
        return self.code.text()

    # --- one function a scope ---------------------------------------------------------------------------------------

    def _function(self, plan: ScopePlan) -> None:
        bases: dict[str, Branch] = {}
        takers = list(self._takers(plan))
        for one, resolved in takers:
            base = "X.root" if resolved.root else "el" + ".getparent()" * resolved.up
            self._insert(bases.setdefault(base, Branch((), 0)), one, resolved)
        around = {base: branch for base, branch in bases.items() if base != "el"}
        names = {base: self.code.name("b") for base in around}
        for base, branch in around.items():
            self._around(names[base], branch)
        with self.code.block(f"def s{plan.number}(el, X):"):
            self._initialise([one for one, _ in takers])
            for base, name in names.items():
                self._from_around(name, base, around[base])
            if "el" in bases:
                self._at(bases["el"], "el")
            self.decoding.scope(plan)
            said = said_by_the_map(plan)
            if said and plan is not self.plan.root:  # an empty element: what the map alone says of it is not written either
                with self.code.block(f"if r.keys() <= {self.code.constant('K', said)}:"):
                    self.code.add("return {}")
            self.code.add("return r")

    def _takers(self, plan: ScopePlan) -> Iterator[tuple[Any, XmlResolved]]:
        for value in plan.values:
            for k, resolved in enumerate(value.sources):
                yield Taken(value, k, resolved.attribute, resolved.owner), resolved
                for a, beside in enumerate(value.aux[k] if k < len(value.aux) else ()):
                    if self._wants_beside(value, k, beside):
                        yield Taken(value, k, beside.attribute, beside.owner, a), beside
        for use in plan.uses:
            for k, resolved in enumerate(use.sources):
                yield (use, k), resolved
                if has_parent(use, resolved):
                    yield Around(use, k), replace(resolved, steps=resolved.steps[:-1])

    def _wants_beside(self, value: ValuePlan, k: int, beside: XmlResolved) -> bool:
        match beside_kind(value):
            case "amount":
                return currency_of(value) in self.currencies and (beside.owner.name, beside.attribute) not in self.read_attributes
            case "quantity":
                return False  # the unit is read by its own rule
        return True

    def _insert(self, branch: Branch, one: Any, resolved: XmlResolved) -> None:
        for step in resolved.steps:
            branch = branch.below.setdefault(step.child.tag, Slot(step.child)).branch(step.tests, step.nth)
        if isinstance(one, Taken):
            branch.taken.setdefault(one.plan.rule.take, []).append(one)
        elif isinstance(one, Around):
            branch.around.append(one)
        else:
            branch.uses.append(one)

    def _initialise(self, takers: list[Any]) -> None:
        texts = [one.variable for one in takers if isinstance(one, Taken)]
        things = variables([one for one in takers if not isinstance(one, Taken)])
        for names, start in ((texts, "''"), (things, "None")):
            if names:
                self.code.add(" = ".join(names) + f" = {start}")
        self.code.add("r = {}")

    def _around(self, name: str, branch: Branch) -> None:
        """A function for what is read from an element around the scope: called once for each such element."""
        takers = list(inside(branch))
        with self.code.block(f"def {name}(el, X):"):
            self._initialise(takers)
            self._at(branch, "el")
            units = dict.fromkeys(self.units[one.variable] for one in takers if isinstance(one, Taken) and one.beside < 0)
            self.code.add(f"return ({', '.join([*variables(takers), *units])},)")

    def _from_around(self, name: str, base: str, branch: Branch) -> None:
        takers = list(inside(branch))
        units = dict.fromkeys(self.units[one.variable] for one in takers if isinstance(one, Taken) and one.beside < 0)
        self.code.add(f"{', '.join([*variables(takers), *units])}, = X.around({name}, {base})")

    # --- going over elements ----------------------------------------------------------------------------------------

    def _at(self, branch: Branch, element: str) -> None:
        """Everything that is read at one element and below."""
        for mode, taken in branch.taken.items():
            self._take(mode, taken, element)
        for use, k in branch.uses:
            self._collect(use, k, element)
        for one in branch.around:
            self.code.add(f"{one.variable} = {element} if {one.variable} is None else {one.variable}")
        if branch.below:
            self._children(branch.below, element)

    def _children(self, slots: dict[str, Slot], element: str) -> None:
        code, child = self.code, self.code.name("c")
        for slot in slots.values():
            for branch in slot.branches:
                if branch.nth:
                    code.add(f"{self._counter(branch)} = 0")
        with code.block(f"for {child} in {element}:"):
            if len(slots) == 1:
                (tag, slot), = slots.items()
                with code.block(f"if {child}.tag == {self.code.constant('T', tag)}:"):
                    self._slot(slot, child)
                return
            number = self.code.name("g")
            table = self.code.constant("T", {tag: n for n, tag in enumerate(slots)})
            code.add(f"{number} = {table}.get({child}.tag)")
            for n, slot in enumerate(slots.values()):
                with code.block(f"{'el' if n else ''}if {number} == {n}:"):
                    self._slot(slot, child)

    def _slot(self, slot: Slot, child: str) -> None:
        """The branches of a slot, as if/elif where their tests exclude each other."""
        looked: dict[tuple[Any, str, int], str] = {}
        for branch in slot.branches:
            for test in branch.tests:
                place = (test.steps, test.attribute, test.up)
                if place not in looked:
                    looked[place] = self.code.name("t")
                    self.code.add(f"{looked[place]} = {self._looked_at(test, child)}")
        keyword = "if"
        for branch in slot.branches:
            conditions = [self._test(test, looked[test.steps, test.attribute, test.up]) for test in branch.tests]
            if branch.nth:
                counter = self._counter(branch)
                conditions.append(f"({counter} := {counter} + 1) == {branch.nth}")
            if not conditions:
                self._at(branch, child)
                continue
            with self.code.block(f"{keyword} {' and '.join(conditions)}:"):
                self._at(branch, child)
            if exclusive(slot.branches):
                keyword = "elif"

    def _looked_at(self, test: XmlTest, child: str) -> str:
        child += ".getparent()" * test.up
        if not test.steps:
            return f"{child}.get({test.attribute!r}, '').strip()" if test.attribute else f"TEXT({child})"
        tags = self.code.constant("T", tuple(step.tag for step in test.steps))
        return f"BELOW({child}, {tags}, {test.attribute!r})"

    def _test(self, test: XmlTest, variable: str) -> str:
        if test.op in ("has", "lacks"):
            return variable if test.op == "has" else f"not {variable}"
        several = bool(test.steps)  # then the variable is a list
        word = "" if test.op == "=" else "not "
        if several and len(test.values) == 1:
            return f"{test.values[0]!r} {word}in {variable}"
        values = self.code.constant("K", frozenset(test.values))
        if several:
            return f"{'not ' if test.op == '=' else ''}{values}.isdisjoint({variable})"
        if len(test.values) == 1:
            return f"{variable} {'==' if test.op == '=' else '!='} {test.values[0]!r}"
        return f"{variable} {word}in {values}"

    # --- texts of one element ---------------------------------------------------------------------------------------

    def _take(self, mode: str, taken: list[Taken], element: str) -> None:
        code, unit = self.code, self._unit(taken)
        main = [one for one in taken if one.beside < 0] or taken
        if mode == "last":
            with code.block(f"if {' or '.join(self._text(one, element) for one in main)}:"):
                self._keep(taken, element)
                code.add(f"{unit} = {element}")
            return
        if mode == "lines":
            for one in taken:
                text = self._text(one, element)
                code.add(f"{one.variable} += {text} if {unit} is None else '\\n' + {text}")
            code.add(f"{unit} = {element} if {unit} is None else {unit}")
            return
        with code.block(f"if {unit} is None:"):
            self._keep(taken, element)
            with code.block(f"if {' or '.join(one.variable for one in main)}:"):
                code.add(f"{unit} = {element}")
        if mode != "first":
            with code.block("else:"):
                for one in taken:
                    if one.beside < 0:
                        code.add(f"X.second({one.plan.number}, {one.k}, {element}, {self._text(one, element)})")

    def _keep(self, taken: list[Taken], element: str) -> None:
        code = self.code
        for one in taken:
            if one.attribute:
                code.add(f"{one.variable} = {element}.get({one.attribute!r}, '').strip()")
                continue
            code.add(f"w = {element}.text")
            code.add(f"{one.variable} = w.strip() if w else ''")
            with code.block(f"if len({element}):"):
                mixed = bool(self.structure.children(one.owner))
                code.add(f"{one.variable} = X.mixed({one.plan.number}, {one.k}, {element}, {mixed})")

    def _text(self, one: Taken, element: str) -> str:
        return f"{element}.get({one.attribute!r}, '').strip()" if one.attribute else f"TEXT({element})"

    def _unit(self, taken: list[Taken]) -> str:
        name = self.code.name("u")
        for one in taken:
            self.units[one.variable] = name
        start = max(n for n, line in enumerate(self.code.lines) if line.startswith("def ")) + 1
        self.code.lines.insert(start, f"    {name} = None")
        return name

    def _collect(self, use: ScopeUse, k: int, element: str) -> None:
        code, variable = self.code, f"o{use.number}_{k}"
        with code.block(f"if {variable} is None:"):
            code.add(f"{variable} = [{element}]" if use.many else f"{variable} = {element}")
        with code.block("else:"):
            code.add(f"{variable}.append({element})" if use.many else f"X.second({use.number}, {k}, {element}, None)")

    def _counter(self, branch: Branch) -> str:
        """The local that counts a branch's elements."""
        branch.counter = branch.counter or self.code.name("m")
        return branch.counter
