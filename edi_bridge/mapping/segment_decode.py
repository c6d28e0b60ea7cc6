"""Generates the second half of a reader: raw values in locals become the record's fields, in the record's order."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from edi_bridge.mapping.emit import Lines, object_local, when_expression
from edi_bridge.mapping.plan import ScopePlan, ScopeUse, ValuePlan
from edi_bridge.mapping.segment_read_plan import Slot, flow, flow_of


class Decoder:
    """Adds the code of one function after another to `code`. `released`: values may hold masked characters."""

    def __init__(self, code: Lines, released: bool):
        self.code = code
        self.released = released

    def decode(self, plan: ScopePlan, owner: dict[int, Slot], gathers: bool) -> None:
        """Values and lists in the record's order; what depends on other fields (`when`) comes last. `owner` says which slot
        alone can give a value, `gathers` whether the scope is a group, whose free text is gathered from all its segments."""
        self.gathers = gathers
        targets = list(dict.fromkeys(plan.order))
        of: dict[tuple[str, ...], list[Any]] = {}
        for one in plan.rules():
            of.setdefault(one.target, []).append(one)
        self.shared = {one.number for several in of.values() if len(several) > 1 for one in several}
        required = {of[target][-1].number: rule for rule, target in plan.required if target in of}
        ones = [one for target in targets for one in of.get(target, ())]
        ones.sort(key=lambda one: bool(one.when))
        opened: set[tuple[str, ...]] = {()}
        first = "i" if plan.scope.segment is not None or plan.scope.inner is not None else "FIRST(h)"
        for target in targets:
            if target not in of:
                opened.add(target)
                self.code.add(f"{object_local(target)} = {{}}")
        for slot, run in groupby(ones, lambda one: None if one.when else owner.get(one.number)):
            if slot is not None:
                with self.code.block(f"if {slot.held} is not None:"):
                    for one in run:
                        self._decode_one(one, one.target, required, first)
                continue
            self._decode_run(list(run), required, first)
        for target in sorted(opened - {()}, key=len, reverse=True):
            with self.code.block(f"if {object_local(target)}:"):
                self.code.add(f"{object_local(target[:-1])}[{target[-1]!r}] = {object_local(target)}")
        if len(opened) > 1 or any(one.when for one in ones):
            names = self.code.constant("K", tuple(dict.fromkeys(target[0] for target in targets)))
            self.code.add(f"r = {{name: r[name] for name in {names} if name in r}}")

    def _decode_run(self, run: list[Any], required: dict[int, Any], first: str) -> None:
        for one in run:
            if one.when:
                with self.code.block(f"if {when_expression(one.when, self.code.constants, object_local(one.target[:-1]))}:"):
                    self._decode_one(one, one.target, required, first)
            else:
                self._decode_one(one, one.target, required, first)

    def _decode_one(self, one: Any, target: tuple[str, ...], required: dict[int, Any], first: str) -> None:
        if isinstance(one, ScopeUse):
            self._decode_use(one, target, one.number in self.shared)
        else:
            self._decode_value(one, target)
        if one.number in required:
            raw = ""  # what could not be converted is not missing: its own finding says what is wrong
            skips = isinstance(one, ValuePlan) and one.convert.table is not None and one.convert.table.skip
            if isinstance(one, ValuePlan) and one.sources and one.default is None and not one.when and not skips:
                raw = f" and not v{one.number}" + ("_0" if len(one.sources) == 1 else "")
            with self.code.block(f"if {target[-1]!r} not in {object_local(target[:-1])}{raw}:"):
                self.code.add(f"F.append(('required_missing', {one.number}, 0, {first}, '', ''))")

    def _decode_value(self, one: ValuePlan, target: tuple[str, ...]) -> None:
        if flow_of(one) is not None and not self.gathers:
            return  # read by FLOW for several segments together
        store = f"{object_local(target[:-1])}[{target[-1]!r}]"
        if not one.sources:
            if one.constant is not None or one.default is not None:
                name = self.code.constant("D", one.constant if one.constant is not None else one.default)
                self.code.add(f"{store} = {name}")
            return
        raw = f"v{one.number}_0"
        if len(one.sources) > 1:
            raw = self._alternatives(one)
        with self.code.block(f"if {raw}:"):
            self._convert(one, raw, store)
        if one.default is not None:
            with self.code.block("else:"):
                self.code.add(f"{store} = {self.code.constant('D', one.default)}")

    def _alternatives(self, one: ValuePlan) -> str:
        count = len(one.sources)
        raw = f"v{one.number}"
        aux = range(len(one.convert.aux))
        self.code.add(f"{raw} = v{one.number}_0; k{one.number} = 0")
        for k in range(1, count):
            other = f"v{one.number}_{k}"  # free text: the numbers of its segments
            with self.code.block(f"if {other}:"):
                with self.code.block(f"if not {raw}:"):
                    self.code.add(f"{raw} = {other}; k{one.number} = {k}")
                    for a in aux:
                        self.code.add(f"a{one.number}_0_{a} = a{one.number}_{k}_{a}")
                with self.code.block(f"elif {other} != {raw}:"):
                    value = other if flow_of(one) is None else "''"
                    self.code.add(f"F.append(('alternatives_differ', {one.number}, {k}, i{one.number}_{k}, {value}, ''))")
        return raw

    def _convert(self, one: ValuePlan, raw: str, store: str) -> None:
        code, number = self.code, one.number
        if flow_of(one) is not None:
            code.add(f"w = FLOW{number}({raw}, {f'k{number}' if len(one.sources) > 1 else '0'}, S, F)")
            with code.block("if w:"):
                code.add(f"{store} = w")
            return
        k = f"k{number}" if len(one.sources) > 1 else "0"
        segment = (f"({', '.join(f'i{number}_{n}' for n in range(len(one.sources)))})[k{number}]"
                   if len(one.sources) > 1 else f"i{number}_0")
        if one.convert.plain:
            code.add(f"w = {raw}.strip()")
            with code.block("if w:"):
                if self.released:
                    with code.block("if '\\x01' in w or RL in w:"):
                        code.add("w = U(w)")
                self._check_constant(one, k, segment, raw)
                code.add(f"{store} = w")
            return
        aux = ", ".join(f"a{number}_0_{a}" for a in range(len(one.convert.aux)))
        code.add(f"w = M{number}[{raw}, {aux}]" if aux else f"w = M{number}[{raw}]")  # M unmasks what it has not seen
        with code.block("if w.__class__ is Bad:"):
            code.add(f"F.append((w.kind, {number}, {k}, {segment}, {raw}, w.note)); w = w.value")
        with code.block("if w is not None:"):
            self._check_constant(one, k, segment, raw)
            code.add(f"{store} = w")

    def _check_constant(self, one: ValuePlan, k: str, segment: str, raw: str) -> None:
        if one.constant is not None:
            name = self.code.constant("D", one.constant)
            with self.code.block(f"if w != {name}:"):
                self.code.add(f"F.append(('invalid_value', {one.number}, {k}, {segment}, {raw}, f'expected {{{name}}}'))")

    def _decode_use(self, use: ScopeUse, target: tuple[str, ...], shared: bool = False) -> None:
        code, store = self.code, f"{object_local(target[:-1])}[{target[-1]!r}]"
        for k in range(1, len(use.sources)):
            other = f"o{use.number}_{k}"
            with code.block(f"if o{use.number}_0 is None:"):
                code.add(f"o{use.number}_0 = {other}")
            with code.block(f"elif {other} is not None:"):
                code.add(f"F.append(('value_not_read', {use.number}, {k}, PLACE({other}{'[0]' if use.many else ''}), '', ''))")
        parent = "(h, P)" if use.item.scope.parent is not None and use.item.scope.parent.segment is None else "(None, P)"
        inner = use.item.scope.inner is not None
        call = f"s{use.item.number}({'*item' if inner else 'item'}, S, F, Q)"
        with code.block(f"if o{use.number}_0 is not None:"):
            code.add(f"Q = {parent}")
            text = flow(use)
            if not use.many:
                code.add(f"item = o{use.number}_0")
                code.add(f"w = {call}" if text is None else f"w = FLOW{use.number}([item], s{use.item.number}, S, F, Q)")
                with code.block("if w:"):
                    code.add(f"{store} = w" if text is None else f"{store} = w[0]")
                return
            if text is not None:
                code.add(f"w = FLOW{use.number}(o{use.number}_0, s{use.item.number}, S, F, Q)")
            elif use.expand is not None:
                code.add(f"w = EXPAND{use.number}(o{use.number}_0, s{use.item.number}, S, F, Q)")
            else:
                code.add("w = []")
                with code.block(f"for item in o{use.number}_0:"):
                    code.add(f"x = {call}")
                    with code.block("if x:"):
                        code.add("w.append(x)")
            with code.block("if w:"):  # several lists of the map may fill one field
                code.add(f"{store} = {object_local(target[:-1])}.get({target[-1]!r}, []) + w" if shared else f"{store} = w")
