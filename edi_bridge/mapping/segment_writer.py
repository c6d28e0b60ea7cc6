"""Generates the Python that writes records as the segments of one message (EDIFACT, X12).

One function a written scope (`write_plan.py`). A group's function fills an instance `h` in the shape of the structure's
walk, with finished segment texts where the reader has numbers, so that `writing.py` only has to go through the tree to
have them in the guide's order. Names in the generated code: `r` the record or list item, `r_buyer` an object of it, `x7`
the wire text of rule 7 (`y7_0` what stands beside it), `W7` its converter, `JC`/`JE` join components/elements without
trailing empties, `X` the state of this message (`notes`, the hierarchy's counter), `N` the number of a hierarchy's node.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from edi_bridge.mapping.emit import (
    Lines,
    field_expression,
    object_expression,
    when_expression,
)
from edi_bridge.mapping.resolve import ElementStep, TreeStep
from edi_bridge.mapping.segment_code import SegmentCode, Sink
from edi_bridge.mapping.segment_text import SegmentTexts
from edi_bridge.mapping.write_places import place, places
from edi_bridge.mapping.write_plan import (
    Shape,
    Target,
    WritePlanner,
    WrittenGroup,
    WrittenList,
    WrittenScope,
    WrittenSegment,
    shape_of,
)
from edi_bridge.structure import Structure, width

FEW_FIELDS = 4  # that are asked for one by one; a set of more is asked at once


class SegmentWriter:
    """The source text of a map's write functions, and the constants it refers to."""

    def __init__(self, planner: WritePlanner, root: WrittenScope, structure: Structure, naming: bool = False):
        self.structure = structure
        self.naming = naming  # what is hung up says what it was made of: for messages with more than their structure has room for
        self.code = Lines()
        self.texts = SegmentTexts(self.code)
        self.segments = SegmentCode(self.code, self.texts)
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
                self.segments.inner_item(scope)
        elif scope.segment is not None:
            with code.block(f"def w{number}(r, X):"):
                self._prologue(scope)
                code.add("texts = []")
                self.segments.segment(scope.segment, lambda text, place, again: f"texts.append({text})", alone=True)
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
                with self.code.block(f"if {target[0]!r} in r and not {known}.issuperset({field_expression(target, 'E')}):"):
                    self.code.add(f"X.not_carried({field_expression(target)}, {known}, {'.'.join(target) + '.'!r})")
        for value in scope.plan.values:
            if not value.sources and value.constant is not None:
                given, constant = field_expression(value.target), self.code.constant("D", value.constant)
                with self.code.block(f"if {given} is not None and {given} != {constant}:"):
                    self.code.add(f"X.fixed({value.number}, {place(value.target)}, {given}, {constant})")
        for target, conditions in scope.conditions.items():
            if all(conditions):
                around = object_expression(target)
                met = " or ".join(f"({when_expression(when, self.code.constants, around)})" for when in conditions)
                with self.code.block(f"if {field_expression(target)} is not None and not ({met}):"):
                    self.code.add(f"X.unmet({place(target)}, {self.code.constant('C', [_said(when) for when in conditions])})")
        for rule, target in scope.plan.required:
            with self.code.block(f"if {field_expression(target)} is None:"):
                self.code.add(f"X.missing(r, {target!r})")

    def _group(self, group: WrittenGroup, name: str, tree: bool = False, drop: bool = False) -> None:
        """The segments, groups and lists of one instance; a node of the hierarchy that holds nothing is dropped (`drop`)."""
        late = [segment for segment in group.segments.values()  # a total counts the others
                if any(value.call for value in segment.values) and not (tree and segment.node.slot == 0)]
        for segment in group.segments.values():
            if segment not in late and not (tree and segment.node.slot == 0):
                with self._only_if(_fields_of_segment(segment)):
                    self.segments.segment(segment, self._sink(name, segment))
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
                    self.code.add(self._hung(name, below.node.slot, inner, places(_targets(below)), False))
        for one, step in zip(group.lists, group.list_steps, strict=True):
            self._group_list(one, step, name, tree)
        for segment in late:
            self.segments.segment(segment, self._sink(name, segment))
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

    def _group_list(self, one: WrittenList, step: Any, name: str, tree: bool) -> None:
        items = self.segments.values.items(one)
        if one.scope.expand_to:
            items = f"COLLECT({items}, {one.scope.expand_to!r})"
        inner = self.code.name("g")
        guard = self.segments.values.guard(one)
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
                        self.code.add(f"X.gap({place(one.target)}, {step.nth})")
                self.code.add(self._hung(name, step.node.slot, inner, "(item, '', '')", True))
            with self.code.block("else:"):
                self.code.add("X.nothing(item)")

    def _trigger(self, group: WrittenGroup, name: str) -> None:
        """A group that says anything begins with its trigger, if only with the constants of the path."""
        segment = WrittenSegment(group.node.children[0], group.trigger_tests())
        with self.code.block(f"if {name}[0] is None:"):
            self.code.add(f"{name}[0] = [{self.segments.joined(segment, {})}]")

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
        self.segments.segment(segment, self._sink(name, segment), extra)

    def _hung(self, instance: str, slot: int, what: str, place: str, again: bool) -> str:
        """The statement that hangs a segment's text or a group's instance up, if need be with the place that it was made of;
        `again`: it runs several times. Instances are new, so what is hung up first finds nothing at its slot."""
        first = not again and (instance, slot) not in self._taken
        self._taken.add((instance, slot))
        if self.naming:
            return f"HANG({instance}, {slot}, {what}, {place})"
        return f"{instance}[{slot}] = [{what}]" if first else f"HANG({instance}, {slot}, {what})"

    def _sink(self, instance: str, segment: WrittenSegment) -> Sink:
        targets = places(_segment_targets(segment))
        return lambda text, place, again: self._hung(instance, segment.node.slot, text, place or targets, again)


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


def _objects(shape: Shape, above: Target) -> Iterator[tuple[Target, frozenset[str]]]:
    """Every object inside a scope (not its lists) with the fields that it can carry."""
    for name, below in shape.items():
        if isinstance(below, dict):
            yield (*above, name), frozenset(below) - {""}
            yield from _objects(below, (*above, name))


def _said(when: Mapping[str, tuple[Any, ...]]) -> str:
    """A condition in words: `kind is discount`, `id is given`."""
    def words(name: str, values: tuple[Any, ...]) -> str:
        given = [str(value) for value in values if value is not None]
        if not given:
            return f"{name.rstrip('!')} is {'given' if name.endswith('!') else 'missing'}"
        return f"{name.rstrip('!')} is {'not ' if name.endswith('!') else ''}{' or '.join(given)}"

    return " and ".join(words(name, values) for name, values in when.items())


def _segment_targets(segment: WrittenSegment) -> list[Target]:
    """The fields of a scope's record that are written into a segment."""
    return [*(value.common or value.target for value in segment.values if value.plan is not None),
            *(one.target for one in segment.lists)]


def _targets(group: WrittenGroup) -> list[Target]:
    """The same of a whole group."""
    return [*(target for segment in group.segments.values() for target in _segment_targets(segment)),
            *(target for below in group.groups.values() for target in _targets(below)), *(one.target for one in group.lists)]
