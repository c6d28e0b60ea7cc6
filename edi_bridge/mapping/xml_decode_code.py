"""Generates the Python that converts the texts which were read from an XML document into the record (`xml_read_code.py` has the names)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edi_bridge.mapping.emit import Lines, object_local, when_expression
from edi_bridge.mapping.plan import MapPlan, ScopePlan, ScopeUse, ValuePlan
from edi_bridge.mapping.resolve_xml import XmlResolved
from edi_bridge.mapping.xml_own_list import own_list
from edi_bridge.mapping.xml_read_plan import beside_kind, currency_of, place_of

Target = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class XmlDecoding:
    """`units`: variable of a text → the local that holds its element. `currencies`: the rules that read a document's currencies, by
    field. `wants_beside`: whether a value's codec reads what stands beside its source of this number."""

    plan: MapPlan
    code: Lines
    units: dict[str, str]
    currencies: dict[str, ValuePlan]
    wants_beside: Callable[[ValuePlan, int, XmlResolved], bool]

    def scope(self, plan: ScopePlan) -> None:
        """The code that converts what was read of a scope, in the record's order."""
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
                if all(self.wants_beside(one, k, beside[a]) for k, beside in enumerate(one.aux) if a < len(beside))]

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
        lone = fields_around(use)
        if lone:
            places = [f"p{use.number}_{k}" if has_parent(use, one) else "el" for k, one in enumerate(use.sources)
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


def fields_around(use: ScopeUse) -> frozenset[str]:
    """The fields of an object that stand around its element, and so may be there without it."""
    return frozenset() if use.many else frozenset(
        value.target[0] for value in use.item.values for source in value.sources if source.up or source.root)


def has_parent(use: ScopeUse, resolved: XmlResolved) -> bool:
    """Whether the element around an object's has to be looked for; it is the scope's own where the path has one step."""
    return bool(fields_around(use)) and len(resolved.steps) > 1 and not resolved.up and not resolved.root
