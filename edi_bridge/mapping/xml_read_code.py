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

from edi_bridge.mapping.emit import Lines, object_local, when_expression
from edi_bridge.mapping.plan import MapPlan, ScopePlan, ScopeUse, ValuePlan
from edi_bridge.mapping.resolve_xml import XmlResolved, XmlTest
from edi_bridge.mapping.xml_own_list import own_list
from edi_bridge.mapping.xml_read_plan import (
    Around,
    Branch,
    Slot,
    Taken,
    beside_kind,
    currency_of,
    exclusive,
    inside,
    place_of,
    said_by_the_map,
    variables,
)
from edi_bridge.structure_xml import XmlStructure

Target = tuple[str, ...]


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
            self._decode(plan)
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
                if _has_parent(use, resolved):
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

    # --- texts into the record --------------------------------------------------------------------------------------

    def _decode(self, plan: ScopePlan) -> None:
        for name, currency in self.currencies.items() if plan is self.plan.root else ():
            texts = [f"v{currency.number}_{k}" for k in range(len(currency.sources))]
            self.code.add(f"X.{name} = {' or '.join([*texts, repr(currency.default or '')])}")
        by_target: dict[Target, list[ValuePlan | ScopeUse]] = {}
        for each in plan.rules():
            by_target.setdefault(each.target, []).append(each)
        required = {target: rule for rule, target in plan.required}
        order = list(dict.fromkeys(plan.order))  # a list of several shapes stands there once for each
        later = [target for target in order if any(one.when for one in by_target.get(target, ()))]
        opened: list[Target] = []
        for target in [*(target for target in order if target not in later), *later]:
            if target not in by_target:
                opened.append(target)
                self.code.add(f"{object_local(target)} = {{}}")
            for n, one in enumerate(by_target.get(target, ())):
                if one.when:
                    with self.code.block(f"if {when_expression(one.when, self.code.constants, object_local(target[:-1]))}:"):
                        self._decode_one(one, target, n > 0)
                else:
                    self._decode_one(one, target, n > 0)
                if target in required and one is by_target[target][-1]:
                    self._require(one, target)
        for target in sorted(opened, key=len, reverse=True):
            with self.code.block(f"if {object_local(target)}:"):
                self.code.add(f"{object_local(target[:-1])}[{target[-1]!r}] = {object_local(target)}")
        if later or opened:
            names = self.code.constant("K", tuple(dict.fromkeys(target[0] for target in plan.order)))
            self.code.add(f"r = {{name: r[name] for name in {names} if name in r}}")

    def _decode_one(self, one: Any, target: Target, more: bool) -> None:
        """`more`: a list's further shape, whose items follow those that are there."""
        store = f"{object_local(target[:-1])}[{target[-1]!r}]"
        if isinstance(one, ScopeUse):
            self._decode_use(one, store, f"[*{object_local(target[:-1])}.get({target[-1]!r}, ()), *w]" if more else "w")
        else:
            self._decode_value(one, store)

    def _require(self, one: Any, target: Target) -> None:
        when = f"{when_expression(one.when, self.code.constants, object_local(target[:-1]))} and " if one.when else ""
        raw = ""  # what could not be converted is not missing: its own finding says what is wrong
        if isinstance(one, ValuePlan) and one.sources and not one.when and not (one.convert.table and one.convert.table.skip):
            raw = f" and not v{one.number}" + ("_0" if len(one.sources) == 1 else "")
        with self.code.block(f"if {when}{target[-1]!r} not in {object_local(target[:-1])}{raw}:"):
            self.code.add(f"X.note('required_missing', {one.number}, 0, el)")

    def _decode_value(self, one: ValuePlan, store: str) -> None:
        filled = one.constant if one.constant is not None and not one.sources else one.default
        if one.sources:
            raw = self._alternatives(one) if len(one.sources) > 1 else f"v{one.number}_0"
            with self.code.block(f"if {raw}:"):
                self._convert(one, raw, store)
        if filled is not None:
            with self.code.block("else:" if one.sources else "if True:"):
                self.code.add(f"{store} = {self.code.constant('D', filled)}")

    def _alternatives(self, one: ValuePlan) -> str:
        number, count = one.number, len(one.sources)
        names = [f"v{number}_{k}" for k in range(count)]
        self.code.add(f"v{number} = {names[0]}; k{number} = 0")
        for k in range(1, count):
            with self.code.block(f"if {names[k]}:"):
                with self.code.block(f"if not v{number}:"):
                    beside = "".join(f"; a{number}_0_{a} = a{number}_{k}_{a}" for a in self._beside(one))
                    self.code.add(f"v{number} = {names[k]}; k{number} = {k}{beside}")
                if place_of(one.sources[k]) in {place_of(beside) for beside in one.aux[0]}:
                    continue  # what the codec reads beside the first place is no contradiction to it
                with self.code.block(f"elif {names[k]} != v{number}:"):
                    self.code.add(f"X.note('alternatives_differ', {number}, {k}, {self.units[names[k]]}, {names[k]})")
        return f"v{number}"

    def _beside(self, one: ValuePlan) -> list[int]:
        return [a for a in range(len(one.convert.aux))
                if all(self._wants_beside(one, k, beside[a]) for k, beside in enumerate(one.aux) if a < len(beside))]

    def _convert(self, one: ValuePlan, raw: str, store: str) -> None:
        code, number = self.code, one.number
        several = len(one.sources) > 1
        k = f"k{number}" if several else "0"
        units = [self.units[f"v{number}_{n}"] for n in range(len(one.sources))]
        place = f"({', '.join(units)})[k{number}]" if several else units[0]
        beside = [f"a{number}_0_{a}" for a in self._beside(one)]
        if beside_kind(one) == "amount" and beside:
            field = currency_of(one)
            with code.block(f"if {beside[0]} and {beside[0]} != X.{field}:"):
                code.add(f"X.other_currency({number}, {k}, {place}, {beside[0]}, {field!r})")
            beside = []
        if one.convert.plain:
            self._check_constant(one, k, place, raw, raw)
            code.add(f"{store} = {raw}")
            return
        code.add(f"w = M{number}[{', '.join([raw, *beside])}]")
        with code.block("if w.__class__ is Bad:"):
            code.add(f"X.note(w.kind, {number}, {k}, {place}, {raw}, w.note); w = w.value")
        with code.block("if w is not None:"):
            self._check_constant(one, k, place, raw, "w")
            code.add(f"{store} = w")

    def _check_constant(self, one: ValuePlan, k: str, place: str, raw: str, value: str) -> None:
        if one.constant is not None:
            name = self.code.constant("D", one.constant)
            with self.code.block(f"if {value} != {name}:"):
                self.code.add(f"X.note('invalid_value', {one.number}, {k}, {place}, {raw}, f'expected {{{name}}}')")

    def _decode_use(self, use: ScopeUse, store: str, value: str) -> None:
        code, first = self.code, f"o{use.number}_0"
        for k in range(1, len(use.sources)):
            with code.block(f"if {first} is None:"):
                code.add(f"{first} = o{use.number}_{k}")
            with code.block(f"elif o{use.number}_{k} is not None:"):
                code.add(f"X.second({use.number}, {k}, o{use.number}_{k}{'[0]' if use.many else ''}, None)")
        lone = _fields_around(use)
        if lone:
            places = [f"p{use.number}_{k}" if _has_parent(use, one) else "el" for k, one in enumerate(use.sources)
                      if not one.up and not one.root]
            with code.block(f"if {first} is None:"):
                code.add(f"w = X.lone(s{use.item.number}, {code.constant('K', lone)}, {', '.join(places)})")
                with code.block("if w:"):
                    code.add(f"{store} = {value}")
        with code.block(f"if {first} is not None:"):
            if use.many:
                code.add("w = []")
                with code.block(f"for c in {first}:"):
                    code.add(f"x = s{use.item.number}(c, X)")
                    with code.block("if x:"):
                        code.add("w.append(x)")
                own = own_list(use.item)
                if own is not None:
                    code.add(f"w = GATHERED(w, {own.target[0]!r})")
            else:
                code.add(f"w = s{use.item.number}({first}, X)")
            with code.block("if w:"):
                code.add(f"{store} = {value}")

    def _counter(self, branch: Branch) -> str:
        """The local that counts a branch's elements."""
        branch.counter = branch.counter or self.code.name("m")
        return branch.counter


def _fields_around(use: ScopeUse) -> frozenset[str]:
    """The fields of an object that stand around its element, and so may be there without it."""
    return frozenset() if use.many else frozenset(
        value.target[0] for value in use.item.values for source in value.sources if source.up or source.root)


def _has_parent(use: ScopeUse, resolved: XmlResolved) -> bool:
    """Whether the element around an object's has to be looked for; it is the scope's own where the path has one step."""
    return bool(_fields_around(use)) and len(resolved.steps) > 1 and not resolved.up and not resolved.root
