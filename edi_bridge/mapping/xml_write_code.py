"""Generates the Python that writes records as XML elements; `xml_writer.py` runs it.

One function a written scope (`xml_write_plan.py`). It makes *nodes*, tuples (tag, attributes, text, nodes inside), in
the schema's order, so that `xml_writer.py` only has to turn them into elements; an element is made only when a value
stands in it. What stands beside an amount or quantity (`as: amount`, `as: quantity`) is written so:

- a rule of the map for that attribute decides (`unit: cbc:Quantity/@unitCode`);
- else an amount gets the currency of the record's head, a quantity the `unit` field of the object it stands in.

An amount whose own rule has no value gets the head's currency too, since UBL and cXML demand one.

Names in the generated code: `r` the record or list item, `X` the state of this document, `x7` the text of rule 7, `W7` its
converter, `N3` the nodes of an element under construction, `f3` whether a value stands in it, `A3` its attributes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edi_bridge.mapping.emit import Lines, field_expression, when_expression
from edi_bridge.mapping.plan import ValuePlan
from edi_bridge.mapping.xml_own_list import own_list
from edi_bridge.mapping.xml_read_plan import beside_kind, currency_of, said_by_the_map
from edi_bridge.mapping.xml_write_plan import (
    Condition,
    XmlList,
    XmlPlace,
    XmlValue,
    XmlWritePlanner,
    XmlWrittenScope,
)
from edi_bridge.structure_xml import XmlStructure


class XmlWriter:
    """The source text of a map's write functions, and the constants it refers to."""

    def __init__(self, planner: XmlWritePlanner, structure: XmlStructure):
        self.planner = planner
        self.structure = structure
        self.code = Lines()
        self.made: dict[int, str] = {}  # values that have their local in this function
        self.converted: set[int] = set()  # and the rules that were converted in it
        fields = {"currency", *(currency_of(value) for value in planner.plan.values())}
        root = {value.target[0]: value.number for value in planner.plan.root.values if len(value.target) == 1 and value.sources}
        self.currencies = {name: root.get(name, 0) for name in sorted(fields)}
        for scope in planner.scopes.values():
            self._function(scope)
        if planner.plan.records:
            self._function(planner.top)

    def source(self) -> str:
        """The generated module."""
        return self.code.text()

    def _function(self, scope: XmlWrittenScope) -> None:
        """`w7(r, X)` gives (attributes, text, nodes) of the scope's element, or None when nothing stands in it."""
        self.made, self.converted = {}, set()
        name = f"w{scope.plan.number}" if scope.plan is not None else "message"
        with self.code.block(f"def {name}(r, X):"):
            if scope.plan is not None:
                self._prologue(scope)
            filled, *parts = self._parts(scope.place)
            self.code.add(f"return ({', '.join(parts)}) if {filled} else None")

    def _prologue(self, scope: XmlWrittenScope) -> None:
        assert scope.plan is not None
        code = self.code
        if scope.plan is self.planner.plan.root:
            for name, number in self.currencies.items():
                code.add(f"X.{name} = X.code({number}, r.get({name!r}))")
        for target, names in scope.known.items():
            known = self.code.constant("K", frozenset(names))
            held = "r" if not target else field_expression(target, "E")
            with code.block(f"if not {held}.keys() <= {known}:"):
                code.add(f"X.not_carried({target!r}, {held}, {known})")
        for place, target in scope.required:  # what an object needs is missed only where the object is there
            around = f"{field_expression(place)} and " if place else ""
            with code.block(f"if {around}{field_expression(target)} is None:"):
                code.add(f"X.missing({target!r})")
        for value in scope.fixed:
            fixed = self.code.constant("D", value.constant)
            with code.block(f"if {field_expression(value.target, fixed)} != {fixed}:"):
                code.add(f"X.fixed({value.target!r}, {field_expression(value.target)}, {fixed})")

    # --- elements ---------------------------------------------------------------------------------------------------

    def _parts(self, place: XmlPlace) -> tuple[str, str, str, str]:
        """Code for what stands in an element; expressions: whether any value does, its attributes, text and nodes."""
        filled = [self._encode(value) for value in place.texts]
        beside = [value for values in place.attributes.values() for value in values if value.beside < 0]
        told = [self._encode(value) for value in beside]
        # A number, date or truth value is never empty (XML Schema 1.0 part 2): its unit alone makes no element. What the map
        # requires is written all the same: the currency of a cXML order stands at its total only.
        if _is_typed(place) and not any(one.plan is not None and one.plan.rule.required for one in beside):
            if told:
                with self.code.block(f"if ({' or '.join(told)}) and not ({' or '.join(filled)}):"):
                    fields = self.code.constant("K", frozenset(".".join((*(one.common or ()), *one.target)) for one in beside))
                    self.code.add(f"X.alone({place.child.name!r}, {fields})")
        else:
            filled += told
        text = " or ".join([*map(self._encode, place.texts), *([repr(place.constant)] if place.constant else [])]) or "''"
        attributes = self._attributes(place)
        nodes = "()"
        if place.below or place.lists or place.own:
            nodes, flag = self.code.name("N"), self.code.name("f")
            self.code.add(f"{nodes} = []; {flag} = False")
            self._inside(place, nodes, flag)
            for one in place.own:
                self._own(one, nodes, flag, place.scope is not None and place is place.scope.place and bool(self._several(place.scope)))
            filled.append(flag)
        return " or ".join(dict.fromkeys(filled)) or "False", attributes, text, nodes

    def _attributes(self, place: XmlPlace) -> str:
        """The local with an element's attributes, in the structure's order."""
        order = [self.structure.tag(name) if ":" in name else name for name in self.structure.attributes(place.child)]
        names = sorted({*place.attributes, *place.constants}, key=order.index)
        if not names:
            return "None"
        if not place.attributes:
            return self.code.constant("A", place.constants)
        held = self.code.name("A")
        self.code.add(f"{held} = {{}}")
        for name in names:
            texts = [self._encode(value) for value in place.attributes.get(name, ())]
            if name in place.constants:
                texts.append(repr(place.constants[name]))
            self.code.add(f"t = {' or '.join(texts)}")
            with self.code.block("if t:"):
                self.code.add(f"{held}[{name!r}] = t")
        return held

    def _inside(self, place: XmlPlace, nodes: str, flag: str) -> None:
        """The elements in an element, in the schema's order."""
        entries: list[XmlPlace | XmlList] = [*place.below.values(), *place.lists]
        entries.sort(key=lambda one: (self.structure.place(place.child, one.child), getattr(one, "nth", 0)))
        first = ""
        shared = {id(place.below[key]): self.code.name("m") for key in place.below if _is_shared(place, key)}
        for entry in entries:
            if isinstance(entry, XmlList):
                self._list(entry, nodes, flag)
                if entry is [one for one in place.lists if one.child.tag == entry.child.tag][-1]:
                    self._merge(entry, [shared[id(one)] for one in entries if id(one) in shared and one.child.tag == entry.child.tag], nodes)
            else:
                first = self._element(entry, nodes, flag, first, shared.get(id(entry), ""))
        for child in {entry.child.tag: entry.child for entry in entries}.values():
            same = [entry for entry in entries if entry.child.tag == child.tag]
            if child.most is not None and (len(same) > 1 or isinstance(same[0], XmlList)) and not splits(place):
                fields = self.code.constant("K", frozenset(name for one in same for name in _fields(one)))
                self.code.add(f"ROOM({nodes}, {child.tag!r}, {child.name!r}, {child.most}, {fields}, X)")

    def _merge(self, last: XmlList, shared: list[str], nodes: str) -> None:
        """What belongs to one of the items of a list, now that they are there."""
        order = self.code.constant("T", tuple(child.tag for child in self.structure.children(last.child))) if shared else ""
        for name in shared:
            with self.code.block(f"if {name}:"):
                self.code.add(f"MERGE({nodes}, {name}, {order})")

    def _element(self, place: XmlPlace, nodes: str, flag: str, before: str, shared: str = "") -> str:
        """One element; gives the condition under which it is there, for the one with the next number. `shared` is the
        local that keeps it until the items of a list, one of which it belongs to, are there."""
        if shared:
            self.code.add(f"{shared} = None")
        filled, *parts = self._parts(place)
        there = ""
        if place.nth:
            there = self.code.name("p")
            self.code.add(f"{there} = bool({filled})")
            filled = there
            if place.nth > 1:
                with self.code.block(f"if {there} and not {before or 'False'}:"):
                    self.code.add(f"X.gap({place.child.name!r}, {place.nth}, {self.code.constant('K', frozenset(_fields(place)))})")
        with self.code.block(f"if {filled}:" if not place.forced else "if True:"):
            if _of_lines(place):
                (inner,) = place.below.values()
                text = self._encode(inner.texts[0])
                value = inner.texts[0]
                if value.plan is not None:  # what is around a line is not part of it, so it would not come back
                    with self.code.block(f"if any(n != n.strip() for n in {text}.split('\\n')):"):
                        self.code.add(f"X.blanks({value.plan.number}, {value.target!r}, {text})")
                self.code.add(f"{nodes} += [({place.child.tag!r}, {parts[0]}, '', (({inner.child.tag!r}, None, n, ()),)) "
                              f"for n in {text}.split('\\n')]")
            elif splits(place):
                self.code.add(f"{nodes} += [({place.child.tag!r}, None, '', (n,)) for n in {parts[-1]}]")
            elif shared:
                self.code.add(f"{shared} = ({place.child.tag!r}, {', '.join(parts)})")
            else:
                self.code.add(f"{nodes}.append(({place.child.tag!r}, {', '.join(parts)}))")
            self.code.add(f"{flag} = {flag} or {filled}" if place.forced else f"{flag} = True")
        return there

    def _list(self, one: XmlList, nodes: str, flag: str) -> None:
        items = field_expression(one.target, "()")
        conditions = self._conditions(one.conditions)
        name = ".".join(one.target)
        function = f"w{one.scope.plan.number}" if one.scope.plan is not None else "message"
        if conditions:
            items = f"({items} if {conditions} else ())"
        with self.code.block(f"for n, item in enumerate({items}, 1):"):
            with self.code.block("if not item:"):
                self.code.add("continue")
            if one.shapes:
                self.code.add(f"k = SHAPE(item, {self.code.constant('K', one.shapes)})")
                if one.shape == 0:
                    with self.code.block("if k == -1:"):
                        self.code.add(f"X.no_place({name!r}, n)")
                with self.code.block(f"if k != {one.shape}:"):
                    self.code.add("continue")
            self.code.add(f"X.stack.append(({name!r}, n))")
            own = self._several(one.scope)
            with self.code.block(f"for item in PARTS(item, {own!r}, X):" if own else "if True:"):
                self.code.add(f"w = {function}(item, X)")
                with self.code.block("if w is not None:"):
                    self.code.add(f"{nodes}.append(({one.child.tag!r}, *w)); {flag} = True")
            self.code.add("X.stack.pop()")
            said = said_by_the_map(one.scope.plan) if one.scope.plan is not None else frozenset()
            if said:
                with self.code.block(f"if w is None and item.keys() <= {self.code.constant('K', said)}:"):
                    self.code.add(f"X.nothing({name!r}, n)")

    def _several(self, scope: XmlWrittenScope) -> str:
        """The list for each item of which an item of this scope is an element of its own; '' where it is one element."""
        own = own_list(scope.plan) if scope.plan is not None and scope.outer is not None else None
        return own.target[0] if own is not None else ""

    def _own(self, one: XmlList, nodes: str, flag: str, several: bool) -> None:
        """A list whose item is the element itself (`each: "."`): there is room for one item, unless the element stands there
        once for each (`several`)."""
        name = ".".join(one.target)
        order = self.code.constant("T", tuple(child.tag for child in self.structure.children(one.child)))
        conditions = self._conditions(one.conditions)
        items = f"({field_expression(one.target, '()')} if {conditions} else ())" if conditions else field_expression(one.target, "()")
        with self.code.block(f"for n, item in enumerate({items}, {'X.counted()' if several else 1}):"):
            with self.code.block("if not item:"):
                self.code.add("continue")
            if not several:
                with self.code.block("if n > 1:"):
                    self.code.add(f"X.no_room({one.child.name!r}, 1, {self.code.constant('K', frozenset({name}))}); break")
            self.code.add(f"X.stack.append(({name!r}, n))")
            self.code.add(f"w = w{one.scope.plan.number}(item, X)" if one.scope.plan is not None else "w = None")
            self.code.add("X.stack.pop()")
            with self.code.block("if w is not None:"):
                self.code.add(f"{nodes} += w[2]; {nodes}.sort(key=lambda node: {order}.index(node[0])); {flag} = True")

    # --- values -----------------------------------------------------------------------------------------------------

    def _encode(self, value: XmlValue) -> str:
        """Code that puts the text of a value into a local; the local's name."""
        if id(value) in self.made:
            return self.made[id(value)]
        if value.beside >= 0:
            name = self._beside(value)
        elif value.plan is None:
            name = self.code.name("x")
            self.code.add(f"{name} = X.call({value.call!r}, r, {value.target[0]!r})")
        else:
            name = self._converted(value, value.plan)
        self.made[id(value)] = name
        return name

    def _beside(self, value: XmlValue) -> str:
        """What a codec writes in a further place, or what is filled in there."""
        assert value.plan is not None
        number = value.plan.number
        self._converted(value, value.plan)
        name = f"y{number}_{value.beside}"
        match beside_kind(value.plan):
            case "amount" if "bare" in value.plan.rule.codec:
                self.code.add(f"{name} = ''")
            case "amount":
                self.code.add(f"{name} = X.money({number}, {value.target!r}, {currency_of(value.plan)!r}) if x{number} else ''")
            case "quantity":
                self.code.add(f"{name} = {self._unit(value)} if x{number} else ''")
        return name

    def _unit(self, value: XmlValue) -> str:
        """The `unit` beside a quantity in its object; '' where a rule of its own decides or the map has no unit."""
        assert value.plan is not None
        plan = next(scope for scope in self.planner.plan.scopes if value.plan in scope.values)
        unit = next((one for one in plan.values if one.target == (*value.plan.target[:-1], "unit")), None)
        places = {(source.owner.name, source.attribute) for one in self.planner.plan.values() for source in one.sources}
        beside = value.plan.aux[value.plan.writes_to][value.beside]
        if unit is None or (beside.owner.name, beside.attribute) in places:
            return "''"
        return f"X.code({unit.number}, {field_expression((*value.target[:-1], 'unit'))})"

    def _converted(self, value: XmlValue, plan: ValuePlan) -> str:
        """Code that converts a value, once in a function; the local with its text."""
        code, number, name = self.code, plan.number, f"x{plan.number}"
        if number in self.converted:
            return name
        self.converted.add(number)
        if value.common is not None:
            record = "r"
            if value.shape[0]:
                (name,) = value.common
                asked = f"SHAPE(item, {self.code.constant('K', value.shape[0])}) == {value.shape[1]}"
                record = f"{{{name!r}: [item for item in r.get({name!r}, ()) if {asked}]}}"
            code.add(f"v = X.common({number}, {record}, {'.'.join((*value.common, *value.target))!r})")
        else:
            code.add(f"v = {field_expression(value.target)}")
        fallback = plan.constant if plan.constant is not None else plan.default
        if fallback is not None:
            guard = f" and {field_expression(value.guards[-1])}" if value.guards and value.common is None else ""
            with code.block(f"if v is None{guard}:"):
                code.add(f"v = {self.code.constant('D', fallback)}")
        besides = [f"y{number}_{a}" for a in range(len(plan.convert.aux))] if not beside_kind(plan) else []
        names = ", ".join([name, *besides])
        empty = ", ".join(["''"] * (1 + len(besides)))
        conditions = self._conditions(value.conditions) if value.common is None else ""
        with code.block(f"if v is None{f' or not ({conditions})' if conditions else ''}:"):
            code.add(f"{names} = {empty}")
        with code.block("else:"):
            code.add(f"w = W{number}[{'str(v)' if plan.convert.type == 'decimal' else 'v'}]")
            with code.block("if w.__class__ is Bad:"):
                bad = f"X.bad({number}, {value.target!r}, v, w)" if value.common is None else f"X.because(w.note, {frozenset({'.'.join((*value.common, *value.target))})!r})"
                none = empty if besides else "''"
                code.add(f"{bad}; w = {none if value.common is not None else f'w.value or ({none})'}")  # the code of a broader value
            code.add(f"{names} = w")
            for test in value.tests:
                values = self.code.constant("K", test.values)
                with code.block(f"if {name} and {name} {'not in' if test.op == '=' else 'in'} {values}:"):
                    code.add(f"X.elsewhere({number}, {value.target!r}, v, {values}, {test.op == '='}); {names} = {empty}")
        return name

    def _conditions(self, conditions: tuple[Condition, ...]) -> str:
        return " and ".join(when_expression(when, self.code.constants, field_expression(target, "E") if target else "r")
                            for when, target in conditions)


def _fields(one: XmlPlace | XmlList) -> Iterator[str]:
    """The fields of the record (dotted) that stand in an element."""
    if isinstance(one, XmlList):
        yield ".".join(one.target)
        return
    yield from (".".join((*(value.common or ()), *value.target)) for values in (one.texts, *one.attributes.values()) for value in values)
    inside: list[XmlPlace | XmlList] = [*one.below.values(), *one.lists, *one.own]
    for inner in inside:
        yield from _fields(inner)


def _is_typed(place: XmlPlace) -> bool:
    """Whether the text of an element is of a type that has no empty value."""
    return any(value.plan is not None and value.plan.convert.type in ("decimal", "integer", "boolean", "date") for value in place.texts)


def _is_shared(place: XmlPlace, key: tuple[Any, ...]) -> bool:
    """Whether a place without tests stands among the items of a list of the same element (the due date of the head, which
    CII puts into the terms of payment): it is written into one of them."""
    tag, tests, number = key
    inner = place.below[key]
    return not (tests or number or inner.tested or inner.forced) and any(one.child.tag == tag for one in place.lists)


def _of_lines(place: XmlPlace) -> bool:
    """Whether an element that may be repeated stands once for each line of the text in it (`take: lines`)."""
    inner = list(place.below.values())
    return (place.child.most is None and len(inner) == 1 and len(inner[0].texts) == 1 and not place.lists
            and inner[0].texts[0].plan is not None and inner[0].texts[0].plan.rule.take == "lines")


def splits(place: XmlPlace) -> bool:
    """Whether an element that holds several of a child that may stand there only once becomes several elements."""
    children = [*(below.child for below in place.below.values()), *(one.child for one in place.lists)]
    return ((len(children) > 1 or bool(place.lists)) and len({child.tag for child in children}) == 1
            and children[0].most == 1 and place.child.most is None
            and place.scope is not None and place is not place.scope.place
            and not (place.texts or place.attributes or place.constant or place.constants or place.forced))
