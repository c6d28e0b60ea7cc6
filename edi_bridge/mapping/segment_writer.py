"""Generates the Python that writes records as the segments of one message (EDIFACT, X12).

One function a written scope (`write_plan.py`). A group's function fills an instance `h` in the shape of the structure's
walk, with finished segment texts where the reader has numbers, so that `writing.py` only has to go through the tree to
have them in the guide's order. Names in the generated code: `r` the record or list item, `r_buyer` an object of it, `x7`
the wire text of rule 7 (`y7_0` what stands beside it), `W7` its converter, `JC`/`JE` join components/elements without
trailing empties, `X` the state of this message (`notes`, the hierarchy's counter), `N` the number of a hierarchy's node.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from edi_bridge.mapping.emit import Lines, when_expression
from edi_bridge.mapping.plan import ValuePlan
from edi_bridge.mapping.resolve import ElementStep, PairStep, TreeStep
from edi_bridge.mapping.segment_text import Parts, SegmentTexts
from edi_bridge.mapping.write_plan import (
    Shape,
    Target,
    WritePlanner,
    WrittenGroup,
    WrittenList,
    WrittenScope,
    WrittenSegment,
    WrittenValue,
    constants,
    shape_of,
)
from edi_bridge.structure import UNLIMITED, Structure, width


FEW_FIELDS = 4  # that are asked for one by one; a set of more is asked at once
Cells = Mapping[tuple[int, int], list[str]]  # element, component → the expressions of its text
Sink = Callable[[str, str, bool], str]
"""The expressions of a segment's text and of the place it was made of ('': what the segment writes), and whether there can be several
→ the statement that takes it."""


class SegmentWriter:
    """The source text of a map's write functions, and the constants it refers to."""

    def __init__(self, planner: WritePlanner, root: WrittenScope, structure: Structure, naming: bool = False):
        self.structure = structure
        self.naming = naming  # what is hung up says what it was made of: for messages with more than their structure has room for
        self.code = Lines()
        self.texts = SegmentTexts(self.code)
        self._taken: set[tuple[str, int]] = set()  # where something hangs already: instance, slot
        self.planner = planner
        for scope in planner.scopes.values():
            self._function(scope)
        if planner.plan.records:
            self._message_function(root)

    def source(self) -> str:
        """The generated module."""
        return self.texts.constants + self.code.text()

    def _function(self, scope: WrittenScope) -> None:
        number = scope.plan.number
        code = self.code
        self._taken.clear()
        if scope.inner is not None:
            with code.block(f"def w{number}(r, X):"):
                self._prologue(scope)
                self._inner_item(scope)
        elif scope.segment is not None:
            with code.block(f"def w{number}(r, X):"):
                self._prologue(scope)
                code.add("texts = []")
                self._segment(scope.segment, lambda text, place, again: f"texts.append({text})", alone=True)
                code.add("return texts")
        else:
            assert scope.group is not None
            with code.block(f"def w{number}(r, h, X, N=0):"):
                self._prologue(scope)
                if scope.tree:
                    code.add("N, PARENT = X.next(), N")
                self._group(scope.group, "h", tree=scope.tree)

    def _message_function(self, root: WrittenScope) -> None:
        """Several records in one message: what they have in common, then each in its own group."""
        step = self.planner.record_step
        group = root.group
        assert group is not None
        self._taken.clear()
        with self.code.block("def message(records, h, X):"):
            self.code.add("r = {'': records}")
            self._group(self.planner.message, "h")
            with self.code.block("for item in records:"):
                self.code.add(f"g = [None] * {width(step.node)}")
                self.code.add(f"w{root.plan.number}(item, g, X)")
                with self.code.block("if any(g):"):
                    self._trigger(group, "g")
                    self.code.add(self._hung("h", step.node.slot, "g", "(item, '', '')", True))

    def _prologue(self, scope: WrittenScope) -> None:
        known = self.code.constant("K", scope.known)
        if scope.plan.number >= 0:
            with self.code.block(f"if not {known}.issuperset(r):"):
                self.code.add(f"X.not_carried(r, {known})")
            for target, names in _objects(shape_of(scope.plan), ()):
                known = self.code.constant("K", names)
                with self.code.block(f"if {target[0]!r} in r and not {known}.issuperset({_get(target, 'E')}):"):
                    self.code.add(f"X.not_carried({_get(target)}, {known}, {'.'.join(target) + '.'!r})")
        for value in scope.plan.values:
            if not value.sources and value.constant is not None:
                given, constant = _get(value.target), self.code.constant("D", value.constant)
                with self.code.block(f"if {given} is not None and {given} != {constant}:"):
                    self.code.add(f"X.fixed({value.number}, {_place(value.target)}, {given}, {constant})")
        for target, conditions in scope.conditions.items():
            if all(conditions):
                met = " or ".join(f"({when_expression(when, self.code.constants, _base(target))})" for when in conditions)
                with self.code.block(f"if {_get(target)} is not None and not ({met}):"):
                    self.code.add(f"X.unmet({_place(target)}, {self.code.constant('C', [_said(when) for when in conditions])})")
        for rule, target in scope.plan.required:
            with self.code.block(f"if {_get(target)} is None:"):
                self.code.add(f"X.missing(r, {target!r})")

    # --- groups ----------------------------------------------------------------------------------------------------

    def _group(self, group: WrittenGroup, name: str, tree: bool = False, drop: bool = False) -> None:
        """The segments, groups and lists of one instance; a node of the hierarchy that holds nothing is dropped (`drop`)."""
        late = [segment for segment in group.segments.values()  # a total counts the others
                if any(value.call for value in segment.values) and not (tree and segment.node.slot == 0)]
        for segment in group.segments.values():
            if segment not in late and not (tree and segment.node.slot == 0):
                with self._only_if(_fields_of_segment(segment)):
                    self._segment(segment, self._sink(name, segment))
        for below in group.groups.values():
            inner = self.code.name("g")
            if below.kinds is not None:
                self.code.add(f"{inner} = [None] * {width(below.node)}; X.tree.append({inner})")
                saved = self.code.name("UP")  # levels stand in each other: each keeps its own
                self.code.add(f"PARENT, {saved}, N = {'N, PARENT' if tree else '0, 0'}, X.next()")
                self._group(below, inner, tree=True, drop=True)
                self.code.add(f"N, PARENT = PARENT, {saved}")
                continue
            with self._only_if(_fields_of_group(below)):
                self.code.add(f"{inner} = [None] * {width(below.node)}")
                self._group(below, inner)
                with self.code.block(f"if any({inner}):"):
                    self._trigger(below, inner)
                    self.code.add(self._hung(name, below.node.slot, inner, _several(_targets(below)), False))
        for one, step in zip(group.lists, group.list_steps, strict=True):
            self._group_list(one, step, name, tree)
        for segment in late:
            self._segment(segment, self._sink(name, segment))
        if tree and drop:
            with self.code.block(f"if X.last == N and not any({name}):"):
                self.code.add("X.drop()")
            with self.code.block("else:"):
                self._tree_trigger(group, name)
        elif tree:
            self._tree_trigger(group, name)

    def _only_if(self, fields: frozenset[str] | None) -> AbstractContextManager[None]:
        """What is added inside runs only for records that have one of these fields (None: for all): most records have few of
        the fields that a map knows, and a segment without values costs as much as one with them."""
        if fields is None or len(fields) < 1:
            return nullcontext()
        if len(fields) <= FEW_FIELDS:
            return self.code.block(f"if {' or '.join(f'{name!r} in r' for name in sorted(fields))}:")
        return self.code.block(f"if not {self.code.constant('K', fields)}.isdisjoint(r):")

    def _guard(self, one: WrittenList) -> str:
        """The condition under which a list is written."""
        return when_expression(one.use.when, self.code.constants, _base(one.target)) if one.use.when else "True"

    def _group_list(self, one: WrittenList, step: Any, name: str, tree: bool) -> None:
        items = self._items(one)
        if one.scope.expand_to:
            items = f"COLLECT({items}, {one.scope.expand_to!r})"
        inner = self.code.name("g")
        guard = self._guard(one)
        with self.code.block(f"for item in {items} if {guard} else ():"):
            self.code.add(f"{inner} = [None] * {width(step.node)}")
            if isinstance(step, TreeStep):
                self.code.add(f"X.tree.append({inner})")
                self.code.add(f"w{one.scope.plan.number}(item, {inner}, X, {'N' if tree else '0'})")
                return
            self.code.add(f"w{one.scope.plan.number}(item, {inner}, X)")
            with self.code.block(f"if any({inner}):"):
                assert one.scope.group is not None
                self._trigger(one.scope.group, inner)
                if step.onward:
                    with self.code.block(f"if len({name}[{step.node.slot}] or ()) < {step.nth - 1}:"):
                        self.code.add(f"X.gap({_place(one.target)}, {step.nth})")
                self.code.add(self._hung(name, step.node.slot, inner, "(item, '', '')", True))
            with self.code.block("else:"):
                self.code.add("X.nothing(item)")

    def _trigger(self, group: WrittenGroup, name: str) -> None:
        """A group that says anything begins with its trigger, if only with the constants of the path."""
        segment = WrittenSegment(group.node.children[0], group.trigger_tests())
        with self.code.block(f"if {name}[0] is None:"):
            self.code.add(f"{name}[0] = [{self._joined(segment, {})}]")

    def _tree_trigger(self, group: WrittenGroup, name: str) -> None:
        tree = self.structure.hierarchy
        assert tree is not None
        segment = next((one for one in group.segments.values() if one.node.slot == 0),
                       WrittenSegment(group.node.children[0], ()))
        extra = {tree.id: "str(N)", tree.parent: "(str(PARENT) if PARENT else '')"}
        told = any(isinstance(value.step, ElementStep) and (value.step.positions[0], 1) == tree.kind for value in segment.values)
        if tree.kind is not None and group.kinds and not told:
            extra[tree.kind] = repr(group.kinds[0])
        if tree.has_child is not None:
            extra[tree.has_child] = "('1' if X.last > N else '0')"
        self._segment(segment, self._sink(name, segment), extra)

    # --- segments ------------------------------------------------------------------------------------------------------

    def _hung(self, instance: str, slot: int, what: str, place: str, again: bool) -> str:
        """The statement that hangs a segment's text or a group's instance up, if need be with the place that it was made of;
        `again`: it runs several times. Instances are new, so what is hung up first finds nothing at its slot."""
        first = not again and (instance, slot) not in self._taken
        self._taken.add((instance, slot))
        if self.naming:
            return f"HANG({instance}, {slot}, {what}, {place})"
        return f"{instance}[{slot}] = [{what}]" if first else f"HANG({instance}, {slot}, {what})"

    def _sink(self, instance: str, segment: WrittenSegment) -> Sink:
        targets = _several(_segment_targets(segment))
        return lambda text, place, again: self._hung(instance, segment.node.slot, text, place or targets, again)

    def _segment(self, segment: WrittenSegment, sink: Sink, extra: dict[tuple[int, int], str] | None = None, alone: bool = False) -> None:
        """Everything that goes into one segment: converted, joined, handed to `sink`. `alone`: an item that is one segment, which would
        come back as two items if it became two."""
        cells: dict[tuple[int, int], list[str]] = {}
        filled: list[str] = list((extra or {}).values())[:1]
        conditional: dict[tuple[Any, Any], list[tuple[int, str]]] = {}
        moving: dict[Any, list[tuple[int, str]]] = {}
        pairs: list[tuple[str, str]] = []
        span: PairStep | None = None
        beside: dict[tuple[int, int], list[tuple[WrittenValue, str]]] = {}
        flow: WrittenValue | None = None
        for value in segment.values:
            step = value.step
            if value.plan is not None and value.plan.convert.codec is not None and value.plan.convert.codec.flow:
                flow = value
                continue
            variable = self._encode(value)
            filled.append(variable)
            if isinstance(step, PairStep):
                span = step
                qualifier = repr((step.qualifiers or ("",))[0])
                chosen = f"y{self._number(value)}_0 or " if value.aux else ""
                pairs.append((chosen + qualifier, variable))
                continue
            if step.beside:
                beside.setdefault((step.positions[0], step.component), []).append((value, variable))
            elif len(step.positions) > 1:
                moving.setdefault((step.positions, step.tests, step.nth), []).append((step.component, variable))
            elif step.tests:
                conditional.setdefault((step.positions[0], step.tests), []).append((step.component, variable))
            else:
                cells.setdefault((step.positions[0], step.component), []).append(variable)
            for a, aux in enumerate(value.aux):
                if aux.positions[0] < 0:
                    continue  # written with what tells the value
                cells.setdefault((aux.positions[0], aux.component), []).append(f"y{self._number(value)}_{a}")
        for place, expression in (extra or {}).items():
            cells.setdefault(place, []).insert(0, expression)
        names = self._names(segment)
        self._rivals(segment, conditional, names)
        for (position, tests), parts in conditional.items():
            there = " or ".join(v for _, v in parts)
            if any(not component for component, _ in parts):
                cells.setdefault((position, 0), []).append(f"({self._composite(parts, tests)} if {there} else '')")
                continue
            for component, variable in parts:
                cells.setdefault((position, component), []).append(variable)
            for number, op, values in tests:
                if op == "=" and values[0]:
                    cells.setdefault((position, number), []).append(f"({values[0]!r} if {there} else '')")
        self._beside(segment, cells, beside)
        self._contradictions(segment, cells, names)
        items = [one for one in segment.lists if one.step is not None]
        if moving or pairs or items:
            self._moving_segment(segment, cells, filled, moving, pairs, span, items, sink, names, alone)
        elif flow is not None:
            self._flow_segment(segment, cells, filled, flow, sink)
        elif filled:
            with self.code.block(f"if {' or '.join(filled)}:"):
                self.code.add(sink(self._joined(segment, cells, filled), "", False))
        for one in segment.lists:
            if one.step is None:
                guard = self._guard(one)
                written = self._items(one)
                flowing = _flowing(one)
                if flowing is not None:
                    assert flowing.convert.codec is not None
                    written, listed = self.code.name("items"), written
                    self.code.add(f"{written} = {listed}")
                    with self.code.block(f"if len({written}) > 1:"):
                        self.code.add(f"X.run_together({written}, {'.'.join(flowing.target)!r}, "
                                      f"{self.code.constant('FLOW', flowing.convert.codec.flow)})")
                with self.code.block(f"for item in {written} if {guard} else ():"):
                    with self.code.block(f"for text in w{one.scope.plan.number}(item, X) or X.nothing(item):"):
                        self.code.add(sink("text", "(item, '', '')", True))

    def _names(self, segment: WrittenSegment) -> dict[str, tuple[int, Target]]:
        """The locals of a segment's values, and of what stands beside them → the rule's number and the field."""
        return {name: (value.plan.number, value.target) for value in segment.values if value.plan is not None
                for name in (self._variable(value), *(f"y{self._number(value)}_{a}" for a in range(len(value.aux))))}

    def _rivals(self, segment: WrittenSegment, conditional: dict[tuple[Any, Any], list[tuple[int, str]]],
                fields: dict[str, tuple[int, Target]]) -> None:
        """Values of one composite whose tests exclude each other (the numbers that different agencies give a party): the first
        one there takes it, the others are said to have found no room."""
        places = list(conditional.items())
        for at, ((position, tests), parts) in enumerate(places):
            before = [name for (other, other_tests), others in places[:at] if other == position and _exclude(tests, other_tests)
                      for _, name in others]
            names = [name for _, name in parts]
            if not before:
                continue
            with self.code.block(f"if ({' or '.join(names)}) and ({' or '.join(before)}):"):
                self.code.add(f"X.outdone({_told(names, fields)})")
                self.code.add(f"{' = '.join(names)} = ''")

    def _beside(self, segment: WrittenSegment, cells: dict[tuple[int, int], list[str]],
                beside: dict[tuple[int, int], list[tuple[WrittenValue, str]]]) -> None:
        """Values that are told by another element (`N1/04[03=UL]`): the first one there takes the place and writes what
        tells it; the others are said to have found no room."""
        chains: dict[tuple[int, int], list[str]] = {}
        for values in beside.values():
            self._crowded([name for _, name in values], self._names(segment))
            for value, name in values:
                assert isinstance(value.step, ElementStep)
                for test in value.step.beside:
                    itself = (test.element, test.component) == (value.step.positions[0], value.step.component)
                    if test.op == "=" and itself:  # a code that is this field's only where it is one of these
                        with self.code.block(f"if {name} and {name} not in {self.code.constant('K', test.values)}:"):
                            self.code.add(f"X.forbidden({_told([name], self._names(segment))})")
                    elif test.op == "=":
                        chosen = f"y{self._number(value)}_0 or " if any(aux.positions[0] < 0 for aux in value.aux) else ""
                        chains.setdefault((test.element, test.component), []).append(f"({chosen}{test.values[0]!r} if {name} else '')")
                    elif test.op == "!=" and itself:
                        with self.code.block(f"if {name} in {self.code.constant('K', test.values)}:"):
                            self.code.add(f"X.forbidden({_told([name], self._names(segment))})")
        for place, values in beside.items():
            chains.setdefault(place, []).extend(name for _, name in values)
        for place, names in chains.items():
            if len(names) > 1:
                with self.code.block(f"if len({{{', '.join(names)}}} - {{''}}) > 1:"):
                    self.code.add(f"X.clash({_told(names, self._names(segment))})")
            cells.setdefault(place, []).append(names[0] if len(names) == 1 else f"({' or '.join(names)})")

    def _crowded(self, names: list[str], fields: dict[str, tuple[int, Target]]) -> None:
        """Of several values for one place the first one there takes it, and the others are said."""
        if len(names) > 1:
            with self.code.block(f"if [{', '.join(names)}].count('') < {len(names) - 1}:"):
                self.code.add(f"{', '.join(names)} = X.crowded({_told(names, fields)})")

    def _contradictions(self, segment: WrittenSegment, cells: dict[tuple[int, int], list[str]], fields: dict[str, tuple[int, Target]]) -> None:
        """Two values for one place, or a value that the path itself forbids there: it would be read back as something
        else, so it is said instead of written silently."""
        for names in cells.values():
            if len(names) > 1:
                with self.code.block(f"if len({{{', '.join(names)}}} - {{''}}) > 1:"):
                    self.code.add(f"X.clash({_told(names, fields)})")
        for test in segment.tests:
            names = [*cells.get((test.element, test.component), ()), *(cells.get((test.element, 1), ()) if not test.component else ())]
            for name in names:
                match test.op:
                    case "=":
                        condition = f"{name} and {name} != {test.values[0]!r}"
                    case "!=":
                        condition = f"{name} in {self.code.constant('K', test.values)}"
                    case _:
                        continue
                with self.code.block(f"if {condition}:"):
                    self.code.add(f"X.forbidden({_told([name], fields)})")

    def _moving_segment(self, segment: WrittenSegment, cells: Any, filled: list[str], moving: Any, pairs: list[tuple[str, str]],
                        span: PairStep | None, items: list[WrittenList], sink: Sink, fields: dict[str, tuple[int, Target]], alone: bool) -> None:
        """A segment with equal composites, pairs or a list of them: as many segments as they need."""
        code = self.code
        taking: list[str] = []  # expressions of what takes the places one after another, as fields or items of the record
        code.add("L = []")
        start, room, size = 1, 1, 1
        for (positions, tests, _), parts in moving.items():
            start, room = positions[0], len(positions)
            with code.block(f"if {' or '.join(v for _, v in parts)}:"):
                code.add(f"L.append(({self._composite(parts, tests)},))")
            taking.append(f"*([{', '.join(_place(fields[name][1]) for _, name in parts if name in fields)}] if {' or '.join(v for _, v in parts)} else ())")
        if span is not None:
            start, room, size = span.start, (span.end - span.start + 1) // 2, 2
        for qualifier, variable in pairs:
            with code.block(f"if {variable}:"):
                code.add(f"L.append(({qualifier}, {variable}))")
            taking.append(f"*([{_place(fields[variable][1])}] if {variable} else ())")
        outside = "()"
        for one in items:
            step = one.step
            if isinstance(step, PairStep):
                start, room, size = step.start, (step.end - step.start + 1) // 2, 2
            else:
                assert isinstance(step, ElementStep)
                start, room = step.positions[0], len(step.positions)
            number = one.scope.plan.number
            if number < 0:  # numbers that `expand:` collected
                code.add(f"L += [(W_(number, X, {one.use.rule.expand_to!r}),) for number in r.get('\\0numbers', ())]")
                taking.append(f"*([(r, {one.use.rule.expand_to!r}, '')] * len(r.get('\\0numbers', ())))")
                continue
            listed = self._items(one)
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
                            with code.block(f"elif not {self._variable(value)} and L[-1][-2] in {known}:"):
                                code.add("X.forbidden(((L.pop()[-2], -1, (item, '', '')),))")
            taking.append(f"*((item, '', '') for item in {listed})")
            if isinstance(step, PairStep) and _outside(one.scope):
                outside = "O"
        end = start + room * size
        if size == 1:  # a value of one of the composites itself (LIN's own number) takes its place among them
            for position in range(start, end):
                own = {part: names for (at, part), names in cells.items() if at == position}
                if own:
                    itself = code.name("w")
                    code.add(f"{itself} = {self.texts.element(own)}")
                    with code.block(f"if {itself}:"):
                        code.add(f"L.insert(0, ({itself},))")
                    taking.insert(0, f"*([None] if {itself} else ())")
        with code.block(f"if L{''.join(f' or {name}' for name in filled)}:"):
            elements = self._elements(segment, cells)
            before = ", ".join([repr(segment.node.name), *map(self.texts.element, (elements + [{}] * start)[:start - 1])])
            behind = "".join(f", {self.texts.element(parts)}" for parts in elements[end - 1:])
            if outside == "O":
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

    def _flow_segment(self, segment: WrittenSegment, cells: Any, filled: list[str], flow: WrittenValue, sink: Sink) -> None:
        """As many segments as the text needs; one without text where only what stands beside it is there (coded text)."""
        assert flow.plan is not None and isinstance(flow.step, ElementStep)
        number, node = flow.plan.number, segment.node
        most = node.max if node.slot or node.parent is None else node.parent.max  # a trigger again is the group again
        self.code.add(f"v = {_get(flow.target)}")
        with self.code.block("if v is not None:"), self.code.block(f"for T in W{number}(v, X, {most}, {_place(flow.target)}):"):
            self.code.add(sink(self._joined(segment, {**cells, (flow.step.positions[0], flow.step.component): ["T"]}), "", True))
        if filled:
            with self.code.block(f"elif {' or '.join(filled)}:"):
                self.code.add(sink(self._joined(segment, cells, filled), "", False))

    def _joined(self, segment: WrittenSegment, cells: Cells, filled: Sequence[str] = ()) -> str:
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

    def _inner_item(self, scope: WrittenScope) -> None:
        """One composite (its text in a tuple) or one pair (what stands outside, qualifier, value)."""
        assert scope.segment is not None
        inside: list[tuple[int, str]] = []
        outside: dict[int, list[str]] = {}
        encoded = [(value, self._encode(value)) for value in scope.segment.values]
        if isinstance(scope.inner, PairStep):
            for at in (1, 2):
                names = [name for value, name in encoded if isinstance(value.step, ElementStep) and value.step.positions[0] == -at]
                self._crowded(names, self._names(scope.segment))
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
        fields = self._names(scope.segment)
        for number, op, values in scope.inner.tests if isinstance(scope.inner, ElementStep) else ():
            for name in [name for place, name in inside if (place or 1) == number] if op in ("=", "!=") else ():
                wrong = f"{name} not in" if op == "=" else f"{name} in"
                with self.code.block(f"if {name} and {wrong} {self.code.constant('K', values)}:"):
                    self.code.add(f"X.forbidden({_told([name], fields)})")
        if isinstance(scope.inner, PairStep):
            pair = [" or ".join([name for place, name in inside if place == at] or ["''"]) for at in (1, 2)]
            if not outside:
                self.code.add(f"return {pair[0]}, {pair[1]}")
                return
            head = ", ".join(" or ".join(outside.get(position, ["''"])) for position in range(1, scope.inner.start))
            self.code.add(f"return ({head},), {pair[0]}, {pair[1]}")
        else:
            assert isinstance(scope.inner, ElementStep)
            self.code.add(f"return ({self._composite(inside, scope.inner.tests)},)")

    # --- values --------------------------------------------------------------------------------------------------------

    def _number(self, value: WrittenValue) -> str:
        """What the locals of a value are called by."""
        number = value.plan.number if value.plan is not None else -1
        return f"{number}v{value.variant}" if value.variant else str(number)

    def _variable(self, value: WrittenValue) -> str:
        """The local that holds the wire text of a field's value."""
        return f"x{self._number(value)}"

    def _encode(self, value: WrittenValue) -> str:
        """Code that puts the wire text of a value into a local; the local's name."""
        code = self.code
        if value.plan is None:
            name = self.code.name("x")
            code.add(f"{name} = CALL({self.code.constant('C', value.call)}, r, X)")
            return name
        number, plan = value.plan.number, value.plan
        if value.common is not None:
            items = _get(value.common, "()") if value.common else "r['']"
            code.add(f"v = X.common({number}, {'.'.join(value.target)!r}, {items})")
        else:
            code.add(f"v = {_get(value.target)}")
        place = "''" if value.common is not None else _place(value.target)
        fallback = plan.constant if plan.constant is not None else plan.default
        if fallback is not None:
            guards = "".join(f" and {_get(guard)}" for guard in value.guards[-1:])
            with code.block(f"if v is None{guards}:"):
                code.add(f"v = {self.code.constant('D', fallback)}")
        aux = [f"y{self._number(value)}_{a}" for a in range(len(value.aux))]
        names = ", ".join([f"x{self._number(value)}", *aux])
        empty = ", ".join(["''"] * (1 + len(aux)))
        key = "str(v)" if plan.convert.type == "decimal" else "v"
        condition = "v is None"
        if plan.when:
            condition += f" or not ({when_expression(plan.when, self.code.constants, _base(value.target))})"
        if value.only:
            condition += f" or not ({when_expression(value.only, self.code.constants, _base(value.target))})"
        for other in value.unless:
            condition += f" or ({when_expression(other, self.code.constants, _base(value.target))})"
        with code.block(f"if {condition}:"):
            code.add(f"{names} = {empty}")
        with code.block("else:"):
            code.add(f"w = W{number}[{key}]")
            with code.block("if w.__class__ is not Bad:"):
                code.add(f"{names} = w")
            with code.block("elif w.value is not None:"):
                code.add(f"X.another({number}, {place}, v, w)")
                code.add(f"{names} = w.value")
            with code.block("else:"):
                if plan.rule.codes is not None and plan.default is not None:
                    code.add(f"X.instead({number}, {place}, v, w)")
                    code.add(f"w = W{number}[{self.code.constant('D', plan.default)}]")
                    code.add(f"{names} = {empty} if w.__class__ is Bad else w")
                else:
                    code.add(f"X.bad({number}, {place}, v, w)")
                    code.add(f"{names} = {empty}")
        return f"x{self._number(value)}"

    def _items(self, one: WrittenList) -> str:
        """The items that are written at this place: all of the field's, or those that its shape fits best."""
        items = _get(one.target, "()")
        if one.places is None:
            return items
        places = self.code.constant("K", one.places)
        if one.place == 0:
            with self.code.block(f"for one in {items}:"), self.code.block(f"if {places}.of(one) < 0:"):
                self.code.add(f"X.homeless({'.'.join(one.target)!r}, one)")
        return f"([one for one in {items} if {places}.of(one) == {one.place}] if {_get(one.target)} else ())"


def _fields_of_segment(segment: WrittenSegment) -> frozenset[str] | None:
    """The record's fields without which a segment is not written; None where something is written without any."""
    names: set[str] = set()
    for value in segment.values:
        fills = value.plan is None or ((value.plan.constant is not None or value.plan.default is not None) and not value.guards)
        if fills or value.common == ():
            return None
        names.add((value.common or value.target)[0])
    return frozenset(names | {one.target[0] for one in segment.lists})


def _fields_of_group(group: WrittenGroup) -> frozenset[str] | None:
    """The same of a whole group."""
    if group.kinds is not None:
        return None
    parts = [*map(_fields_of_segment, group.segments.values()), *map(_fields_of_group, group.groups.values()),
             frozenset(one.target[0] for one in group.lists)]
    return None if any(part is None for part in parts) else frozenset[str]().union(*(part for part in parts if part is not None))


def _exclude(one: Any, two: Any) -> bool:
    """Whether what one set of tests writes fails the other."""
    def fails(wrote: Any, asked: Any) -> bool:
        text = {number: values[0] for number, op, values in wrote if op == "="}
        return any(number in text and (text[number] in values) != (op == "=") for number, op, values in asked if op in ("=", "!="))

    return fails(one, two) or fails(two, one)


def _objects(shape: Shape, above: Target) -> Iterator[tuple[Target, frozenset[str]]]:
    """Every object inside a scope (not its lists) with the fields that it can carry."""
    for name, below in shape.items():
        if isinstance(below, dict):
            yield (*above, name), frozenset(below) - {""}
            yield from _objects(below, (*above, name))


def _outside(scope: WrittenScope) -> bool:
    """Whether pairs write something into the segment around them, which those of one segment must then share."""
    assert scope.segment is not None
    return any(isinstance(value.step, ElementStep) and (value.step.positions[0] > 0 or value.step.beside)
               for value in scope.segment.values)


def _get(target: Target, default: str = "", record: str = "r") -> str:
    """`r.get('a', E).get('b')`: a field of the record, however deep; `default` when absent."""
    *above, last = target
    chain = record + "".join(f".get({name!r}, E)" for name in above)
    return f"{chain}.get({last!r}{', ' + default if default else ''})"


def _said(when: Mapping[str, tuple[Any, ...]]) -> str:
    """A condition in words: `kind is discount`, `id is given`."""
    def words(name: str, values: tuple[Any, ...]) -> str:
        given = [str(value) for value in values if value is not None]
        if not given:
            return f"{name.rstrip('!')} is {'given' if name.endswith('!') else 'missing'}"
        return f"{name.rstrip('!')} is {'not ' if name.endswith('!') else ''}{' or '.join(given)}"

    return " and ".join(words(name, values) for name, values in when.items())


def _place(target: Target) -> str:
    """The expression of a field's place for a note: the object of the record, and the path in it."""
    return f"(r, {'.'.join(target)!r}, '')"


def _flowing(one: WrittenList) -> ValuePlan | None:
    """The rule of the items' text that runs over several segments."""
    return next((value for value in one.use.item.values if value.convert.codec is not None and value.convert.codec.flow is not None), None)


def _several(targets: Sequence[Target]) -> str:
    """The place of what was made of any of these fields."""
    return f"(r, {tuple('.'.join(target) for target in targets)!r}, '')"


def _segment_targets(segment: WrittenSegment) -> list[Target]:
    """The fields of a scope's record that are written into a segment."""
    return [*(value.common or value.target for value in segment.values if value.plan is not None), *(one.target for one in segment.lists)]


def _targets(group: WrittenGroup) -> list[Target]:
    """The same of a whole group."""
    return [*(target for segment in group.segments.values() for target in _segment_targets(segment)),
            *(target for below in group.groups.values() for target in _targets(below)), *(one.target for one in group.lists)]


_LOCAL = re.compile(r"\b[xy]\d+(?:v\d+)?(?:_\d+)?\b")


def _told(expressions: Sequence[str], fields: Mapping[str, tuple[int, Target]]) -> str:
    """Wire texts and what each was made from: `((x7, 7, (r, 'buyer.duns', '')), …)`; of an expression its first field."""
    told = []
    for text in expressions:
        known = [fields[name] for name in _LOCAL.findall(text) if name in fields]
        number, place = (known[0][0], _place(known[0][1])) if known else (-1, "''")
        told.append(f"({text}, {number}, {place}), ")
    return f"({''.join(told)})"


def _base(target: Target) -> str:
    """The object a field stands in."""
    return "r" + "".join(f".get({name!r}, E)" for name in target[:-1])
