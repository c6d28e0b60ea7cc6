"""Generates the code that writes one segment, or one composite or pair of a list: `segment_writer.py` says where it hangs.

What stands in a segment is sorted first by how its place is told (`Filling`): by itself, by tests on the composite around it, by
another element, by its turn among equal composites or pairs. Values that cannot stand together are said in the code that is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edi_bridge.mapping.emit import Lines, field_expression
from edi_bridge.mapping.plan import ValuePlan
from edi_bridge.mapping.resolve import ElementStep, PairStep
from edi_bridge.mapping.segment_text import Parts, SegmentTexts
from edi_bridge.mapping.segment_value import ValueCode
from edi_bridge.mapping.write_places import Fields, place, told
from edi_bridge.mapping.write_plan import (
    WrittenList,
    WrittenScope,
    WrittenSegment,
    WrittenValue,
    constants,
)
from edi_bridge.structure import UNLIMITED

Place = tuple[int, int]  # element, component
Cells = Mapping[Place, list[str]]  # the expressions of a place's text
Sink = Callable[[str, str, bool], str]
"""The expressions of a segment's text and of the place it was made of ('': what the segment writes), and whether there can be
several → the statement that takes it."""


@dataclass(slots=True)
class Filling:
    """What goes into one segment, by how its place is told."""

    segment: WrittenSegment
    fields: Fields
    filled: list[str] = field(default_factory=list)  # expressions of which one says that the segment is written
    cells: dict[Place, list[str]] = field(default_factory=dict)
    conditional: dict[tuple[Any, Any], list[tuple[int, str]]] = field(default_factory=dict)  # element, tests → (component, local)
    moving: dict[Any, list[tuple[int, str]]] = field(default_factory=dict)  # one of several equal composites → (component, local)
    beside: dict[Place, list[tuple[WrittenValue, str]]] = field(default_factory=dict)  # told by another element
    pairs: list[tuple[str, str]] = field(default_factory=list)  # qualifier, local
    span: PairStep | None = None  # where the pairs stand
    flow: WrittenValue | None = None  # text that runs over several segments


class SegmentCode:
    """Adds to `code` what makes a segment's text and hands it on."""

    def __init__(self, code: Lines, texts: SegmentTexts):
        self.code, self.texts = code, texts
        self.values = ValueCode(code)

    def segment(self, segment: WrittenSegment, sink: Sink, extra: dict[Place, str] | None = None, alone: bool = False) -> None:
        """Everything that goes into one segment: converted, joined, handed to `sink`. `extra`: texts that no field gives. `alone`:
        an item that is one segment, which would come back as two items if it became two."""
        into = self._sorted(segment, extra or {})
        self._conditional(into)
        self._beside(into)
        self._contradictions(into)
        items = [one for one in segment.lists if one.step is not None]
        if into.moving or into.pairs or items:
            self._several(into, items, sink, alone)
        elif into.flow is not None:
            self._flowing(into, into.flow, sink)
        elif into.filled:
            with self.code.block(f"if {' or '.join(into.filled)}:"):
                self.code.add(sink(self.joined(segment, into.cells, into.filled), "", False))
        for one in segment.lists:
            if one.step is None:
                self._items(one, sink)

    def _sorted(self, segment: WrittenSegment, extra: dict[Place, str]) -> Filling:
        """The values of a segment in locals, by how their place is told."""
        into = Filling(segment, self.values.fields(segment), list(extra.values())[:1])
        for value in segment.values:
            step = value.step
            if value.plan is not None and value.plan.convert.codec is not None and value.plan.convert.codec.flow:
                into.flow = value
                continue
            local, beside = self.values.encode(value), self.values.beside(value)
            into.filled.append(local)
            if isinstance(step, PairStep):
                into.span = step
                qualifier = repr((step.qualifiers or ("",))[0])
                into.pairs.append((f"{beside[0]} or {qualifier}" if beside else qualifier, local))
                continue
            if step.beside:
                into.beside.setdefault((step.positions[0], step.component), []).append((value, local))
            elif len(step.positions) > 1:
                into.moving.setdefault((step.positions, step.tests, step.nth), []).append((step.component, local))
            elif step.tests:
                into.conditional.setdefault((step.positions[0], step.tests), []).append((step.component, local))
            else:
                into.cells.setdefault((step.positions[0], step.component), []).append(local)
            for aux, name in zip(value.aux, beside, strict=True):
                if aux.positions[0] >= 0:  # else it is written with what tells the value
                    into.cells.setdefault((aux.positions[0], aux.component), []).append(name)
        for at, expression in extra.items():
            into.cells.setdefault(at, []).insert(0, expression)
        return into

    def _items(self, one: WrittenList, sink: Sink) -> None:
        """A list whose items are segments each."""
        code, guard, written = self.code, self.values.guard(one), self.values.items(one)
        flowing = _flow_of(one)
        if flowing is not None:
            assert flowing.convert.codec is not None
            written, listed = code.name("items"), written
            code.add(f"{written} = {listed}")
            with code.block(f"if len({written}) > 1:"):
                code.add(f"X.run_together({written}, {'.'.join(flowing.target)!r}, "
                         f"{code.constant('FLOW', flowing.convert.codec.flow)})")
        with code.block(f"for item in {written} if {guard} else ():"):
            with code.block(f"for text in w{one.scope.plan.number}(item, X) or X.nothing(item):"):
                code.add(sink("text", "(item, '', '')", True))

    # --- what cannot stand together --------------------------------------------------------------------------------

    def _conditional(self, into: Filling) -> None:
        """Values of composites that their tests tell: the tests' constants are written where the value is there."""
        self._rivals(into)
        cells = into.cells
        for (position, tests), parts in into.conditional.items():
            there = " or ".join(v for _, v in parts)
            if any(not component for component, _ in parts):
                cells.setdefault((position, 0), []).append(f"({self._composite(parts, tests)} if {there} else '')")
                continue
            for component, local in parts:
                cells.setdefault((position, component), []).append(local)
            for number, op, values in tests:
                if op == "=" and values[0]:
                    cells.setdefault((position, number), []).append(f"({values[0]!r} if {there} else '')")

    def _rivals(self, into: Filling) -> None:
        """Values of one composite whose tests exclude each other (the numbers that different agencies give a party): the first
        one there takes it, the others are said to have found no room."""
        there = list(into.conditional.items())
        for at, ((position, tests), parts) in enumerate(there):
            before = [name for (other, other_tests), others in there[:at] if other == position and _exclude(tests, other_tests)
                      for _, name in others]
            names = [name for _, name in parts]
            if not before:
                continue
            with self.code.block(f"if ({' or '.join(names)}) and ({' or '.join(before)}):"):
                self.code.add(f"X.outdone({told(names, into.fields)})")
                self.code.add(f"{' = '.join(names)} = ''")

    def _beside(self, into: Filling) -> None:
        """Values that are told by another element (`N1/04[03=UL]`): the first one there takes the place and writes what
        tells it; the others are said to have found no room."""
        chains: dict[Place, list[str]] = {}
        for values in into.beside.values():
            self._crowded([name for _, name in values], into.fields)
            for value, name in values:
                self._telling(value, name, into.fields, chains)
        for at, values in into.beside.items():
            chains.setdefault(at, []).extend(name for _, name in values)
        for at, names in chains.items():
            self._clash(names, into.fields)
            into.cells.setdefault(at, []).append(names[0] if len(names) == 1 else f"({' or '.join(names)})")

    def _telling(self, value: WrittenValue, name: str, fields: Fields, chains: dict[Place, list[str]]) -> None:
        """What tells a value that another element tells, by the place where it is written (`chains`)."""
        assert isinstance(value.step, ElementStep)
        for test in value.step.beside:
            itself = (test.element, test.component) == (value.step.positions[0], value.step.component)
            if test.op == "=" and itself:  # a code that is this field's only where it is one of these
                self._forbidden(f"{name} and {name} not in {self.code.constant('K', test.values)}", name, fields)
            elif test.op == "=":
                chosen = f"{self.values.beside(value)[0]} or " if any(aux.positions[0] < 0 for aux in value.aux) else ""
                chains.setdefault((test.element, test.component), []).append(f"({chosen}{test.values[0]!r} if {name} else '')")
            elif test.op == "!=" and itself:
                self._forbidden(f"{name} in {self.code.constant('K', test.values)}", name, fields)

    def _crowded(self, names: list[str], fields: Fields) -> None:
        """Of several values for one place the first one there takes it, and the others are said."""
        if len(names) > 1:
            with self.code.block(f"if [{', '.join(names)}].count('') < {len(names) - 1}:"):
                self.code.add(f"{', '.join(names)} = X.crowded({told(names, fields)})")

    def _clash(self, names: list[str], fields: Fields) -> None:
        """Several different values for one place are said."""
        if len(names) > 1:
            with self.code.block(f"if len({{{', '.join(names)}}} - {{''}}) > 1:"):
                self.code.add(f"X.clash({told(names, fields)})")

    def _forbidden(self, condition: str, name: str, fields: Fields) -> None:
        """A value that the path forbids at its place is said."""
        with self.code.block(f"if {condition}:"):
            self.code.add(f"X.forbidden({told([name], fields)})")

    def _contradictions(self, into: Filling) -> None:
        """Two values for one place, or a value that the path itself forbids there: it would be read back as something
        else, so it is said instead of written silently."""
        cells = into.cells
        for names in cells.values():
            self._clash(names, into.fields)
        for test in into.segment.tests:
            first = cells.get((test.element, 1), ()) if not test.component else ()
            for name in [*cells.get((test.element, test.component), ()), *first]:
                if test.op == "=":
                    self._forbidden(f"{name} and {name} != {test.values[0]!r}", name, into.fields)
                elif test.op == "!=":
                    self._forbidden(f"{name} in {self.code.constant('K', test.values)}", name, into.fields)

    # --- as many segments as they need -----------------------------------------------------------------------------

    def _several(self, into: Filling, items: list[WrittenList], sink: Sink, alone: bool) -> None:
        """A segment with equal composites, pairs or a list of them: as many segments as they need."""
        code, segment, cells = self.code, into.segment, into.cells
        taking: list[str] = []  # expressions of what takes the places one after another, as fields or items of the record
        code.add("L = []")
        start, room, size = self._single(into, taking)
        shared = False
        for one in items:
            step = one.step
            if isinstance(step, PairStep):
                start, room, size = step.start, (step.end - step.start + 1) // 2, 2
                shared = shared or (one.scope.plan.number >= 0 and _outside(one.scope))
            else:
                assert isinstance(step, ElementStep)
                start, room = step.positions[0], len(step.positions)
            self._listed(one, segment, taking)
        end = start + room * size
        for position in range(start, end) if size == 1 else ():  # a value of one of the composites itself (LIN's own number)
            own = {part: names for (at, part), names in cells.items() if at == position}
            if own:  # takes its place among them
                itself = code.name("w")
                code.add(f"{itself} = {self.texts.element(own)}")
                with code.block(f"if {itself}:"):
                    code.add(f"L.insert(0, ({itself},))")
                taking.insert(0, f"*([None] if {itself} else ())")
        with code.block(f"if L{''.join(f' or {name}' for name in into.filled)}:"):
            elements = self._elements(segment, cells)
            before = ", ".join([repr(segment.node.name), *map(self.texts.element, (elements + [{}] * start)[:start - 1])])
            behind = "".join(f", {self.texts.element(parts)}" for parts in elements[end - 1:])
            if shared:
                with code.block(f"for O, T in RUNS(L, {room}):"):
                    code.add(sink(f"JE(({segment.node.name!r}, *O, *T))", "", True))
                return
            code.add(f"T = CHUNKS(L, {room})")
            most = 1 if alone else segment.node.max
            if most < UNLIMITED:
                with code.block(f"if len(T) > {most}:"):
                    code.add(f"X.no_room({segment.node.name!r}, [{', '.join(taking)}], {most * room})")
                    code.add(f"del T[{most}:]")
            with code.block("for T in T:"):
                if behind:
                    code.add(f"T += [''] * ({end - start} - len(T))")
                code.add(sink(f"JE(({before}, *T{behind}))", "", True))

    def _single(self, into: Filling, taking: list[str]) -> tuple[int, int, int]:
        """Equal composites and pairs that fields fill, one by one; (first element, how many, elements of each)."""
        start, room, size = 1, 1, 1
        for (positions, tests, _), parts in into.moving.items():
            start, room = positions[0], len(positions)
            there = " or ".join(v for _, v in parts)
            with self.code.block(f"if {there}:"):
                self.code.add(f"L.append(({self._composite(parts, tests)},))")
            places = ", ".join(place(into.fields[name][1]) for _, name in parts if name in into.fields)
            taking.append(f"*([{places}] if {there} else ())")
        if into.span is not None:
            start, room, size = into.span.start, (into.span.end - into.span.start + 1) // 2, 2
        for qualifier, local in into.pairs:
            with self.code.block(f"if {local}:"):
                self.code.add(f"L.append(({qualifier}, {local}))")
            taking.append(f"*([{place(into.fields[local][1])}] if {local} else ())")
        return start, room, size

    def _listed(self, one: WrittenList, segment: WrittenSegment, taking: list[str]) -> None:
        """A list whose items are equal composites or pairs."""
        code, number, step = self.code, one.scope.plan.number, one.step
        if number < 0:  # numbers that `expand:` collected
            code.add(f"L += [(W_(number, X, {one.use.rule.expand_to!r}),) for number in r.get('\\0numbers', ())]")
            taking.append(f"*([(r, {one.use.rule.expand_to!r}, '')] * len(r.get('\\0numbers', ())))")
            return
        listed = self.values.items(one)
        with code.block(f"for item in {listed}:"):
            code.add(f"L.append(w{number}(item, X))")
            with code.block("if not L[-1][-1]:"):
                code.add("L.pop(); X.nothing(item)")
            if isinstance(step, PairStep):
                with code.block("elif not L[-1][-2]:"):
                    code.add("L.pop(); X.nothing(item)")
                for value in segment.values if not step.qualifiers else ():  # the pairs that no other rule takes
                    if isinstance(value.step, PairStep):
                        known = code.constant("K", frozenset(value.step.qualifiers))
                        with code.block(f"elif not {self.values.local(value)} and L[-1][-2] in {known}:"):
                            code.add("X.forbidden(((L.pop()[-2], -1, (item, '', '')),))")
        taking.append(f"*((item, '', '') for item in {listed})")

    def _flowing(self, into: Filling, flow: WrittenValue, sink: Sink) -> None:
        """As many segments as the text needs; one without text where only what stands beside it is there (coded text)."""
        assert flow.plan is not None and isinstance(flow.step, ElementStep)
        number, segment = flow.plan.number, into.segment
        node = segment.node
        most = node.max if node.slot or node.parent is None else node.parent.max  # a trigger again is the group again
        self.code.add(f"v = {field_expression(flow.target)}")
        with self.code.block("if v is not None:"), self.code.block(f"for T in W{number}(v, X, {most}, {place(flow.target)}):"):
            cells = {**into.cells, (flow.step.positions[0], flow.step.component): ["T"]}
            self.code.add(sink(self.joined(segment, cells), "", True))
        if into.filled:
            with self.code.block(f"elif {' or '.join(into.filled)}:"):
                self.code.add(sink(self.joined(segment, into.cells, into.filled), "", False))

    # --- texts -----------------------------------------------------------------------------------------------------

    def joined(self, segment: WrittenSegment, cells: Cells, filled: Sequence[str] = ()) -> str:
        """The expression of a whole segment, of which one of the locals `filled` is not empty."""
        return self.texts.segment(segment.node.name, self._elements(segment, cells), filled if len(filled) == 1 else ())

    def _elements(self, segment: WrittenSegment, cells: Cells) -> list[Parts]:
        """What stands in a segment's elements: its constants first."""
        table: dict[int, dict[int, list[str]]] = {}
        for element, component, text in constants(segment.tests):
            table.setdefault(element, {}).setdefault(component or 1, []).append(repr(text))
        for (element, component), names in cells.items():
            table.setdefault(element, {}).setdefault(component, []).extend(names)
        return [table.get(element, {}) for element in range(1, max(table, default=0) + 1)]

    def _composite(self, parts: list[tuple[int, str]], tests: Any) -> str:
        table: dict[int, list[str]] = {}
        for number, op, values in tests:
            if op == "=":
                table.setdefault(number, []).append(repr(values[0]))
        for number, variable in parts:
            table.setdefault(number or 1, []).append(variable)
        return self.texts.element(table)

    def inner_item(self, scope: WrittenScope) -> None:
        """One composite (its text in a tuple) or one pair (what stands outside, qualifier, value)."""
        assert scope.segment is not None
        inside: list[tuple[int, str]] = []
        outside: dict[int, list[str]] = {}
        encoded = [(value, self.values.encode(value)) for value in scope.segment.values]
        if isinstance(scope.inner, PairStep):
            for at in (1, 2):
                self._crowded([name for value, name in encoded if isinstance(value.step, ElementStep) and value.step.positions[0] == -at],
                              self.values.fields(scope.segment))
        for value, variable in encoded:
            step = value.step
            assert isinstance(step, ElementStep)
            for test in step.beside:
                if test.op == "=":
                    outside.setdefault(test.element, []).append(f"({test.values[0]!r} if {variable} else '')")
            if step.positions[0] > 0:
                outside.setdefault(step.positions[0], []).append(variable)
            else:
                inside.append((-step.positions[0] if step.positions[0] < 0 else step.component, variable))
        fields = self.values.fields(scope.segment)
        for number, op, values in scope.inner.tests if isinstance(scope.inner, ElementStep) else ():
            for name in [name for at, name in inside if (at or 1) == number] if op in ("=", "!=") else ():
                wrong = f"{name} not in" if op == "=" else f"{name} in"
                self._forbidden(f"{name} and {wrong} {self.code.constant('K', values)}", name, fields)
        if isinstance(scope.inner, PairStep):
            pair = [" or ".join([name for part, name in inside if part == at] or ["''"]) for at in (1, 2)]
            if not outside:
                self.code.add(f"return {pair[0]}, {pair[1]}")
                return
            head = ", ".join(" or ".join(outside.get(position, ["''"])) for position in range(1, scope.inner.start))
            self.code.add(f"return ({head},), {pair[0]}, {pair[1]}")
        else:
            assert isinstance(scope.inner, ElementStep)
            self.code.add(f"return ({self._composite(inside, scope.inner.tests)},)")


def _exclude(one: Any, two: Any) -> bool:
    """Whether what one set of tests writes fails the other."""
    def fails(wrote: Any, asked: Any) -> bool:
        text = {number: values[0] for number, op, values in wrote if op == "="}
        return any(number in text and (text[number] in values) != (op == "=")
                   for number, op, values in asked if op in ("=", "!="))

    return fails(one, two) or fails(two, one)


def _outside(scope: WrittenScope) -> bool:
    """Whether pairs write something into the segment around them, which those of one segment must then share."""
    assert scope.segment is not None
    return any(isinstance(value.step, ElementStep) and (value.step.positions[0] > 0 or value.step.beside)
               for value in scope.segment.values)


def _flow_of(one: WrittenList) -> ValuePlan | None:
    """The rule of the items' text that runs over several segments."""
    return next((value for value in one.use.item.values
                 if value.convert.codec is not None and value.convert.codec.flow is not None), None)
