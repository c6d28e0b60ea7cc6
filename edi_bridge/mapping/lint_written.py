"""What a map would write and the guide would refuse: mandatory segments and elements that no rule fills (EDIFACT and X12)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from edi_bridge.mapping.lint_guide import Segments
from edi_bridge.mapping.mapfile import Origin
from edi_bridge.mapping.plan import MapPlan
from edi_bridge.mapping.resolve import ElementStep, PairStep, ValueTest
from edi_bridge.mapping.write_plan import (
    WritePlanner,
    WrittenGroup,
    WrittenSegment,
    WrittenValue,
)
from edi_bridge.structure import Structure

ENVELOPE = ("UNH", "UNT", "ST", "SE")  # written by the program
Found = tuple[str, Origin, str]
Filled = set[tuple[int, int]]  # element and component, from 1; component 0: all of it


def of_map(plan: MapPlan, structure: Structure, segments: Segments) -> Iterator[Found]:
    """Remarks about everything that the map can write."""
    planner = WritePlanner(plan, structure.root)
    scope = planner.build()
    top = planner.message if plan.records else scope.group
    assert top is not None
    head = Origin(plan.spec.file, 1, 1)
    written = {one.node.name for one in top.segments.values()}
    for node in structure.root.children:
        if node.status == "M" and not node.is_group and node.name not in (*written, *ENVELOPE):
            yield "not_filled", head, f"{node.name} is mandatory and nothing writes it; `writes:` can say what stands there"
    inner = [one.scope.group for one in planner.lists if one.scope.group is not None]
    for group in [top, *inner, *([scope.group] if plan.records and scope.group is not None else [])]:
        for around, segment in _below(group):
            yield from _of_segment(around, segment, segments, structure, head)


def _below(group: WrittenGroup) -> Iterator[tuple[WrittenGroup, WrittenSegment]]:
    for segment in group.segments.values():
        yield group, segment
    for inner in group.groups.values():
        yield from _below(inner)


def _of_segment(group: WrittenGroup, segment: WrittenSegment, segments: Segments, structure: Structure, head: Origin) -> Iterator[Found]:
    use = segments.by_tag.get(segment.node.name)
    if use is None or segment.node.name in ENVELOPE:
        return
    tests = (*segment.tests, *(group.trigger_tests() if segment.node.slot == 0 else ()))
    filled = _filled(segment, tests)
    if structure.hierarchy is not None and segment.node.name == structure.hierarchy.node.children[0].name:
        tree = structure.hierarchy  # numbered by the program
        filled |= {place for place in (tree.id, tree.parent, tree.kind, tree.has_child) if place is not None}
    origin, what = _origin(segment, head)
    for number, element in enumerate(use.elements, 1):
        parts = {component for position, component in filled if position == number}
        name = f"{number:02}" if structure.key.startswith("x12") else element.id
        if element.required and not parts:
            yield "not_filled", origin, f"{what} writes {segment.node.path}, whose element {name} ({element.name}) is mandatory, and no rule fills it"
        if parts and 0 not in parts:
            missing = [part.id for count, part in enumerate(element.parts, 1) if part.required and count not in parts]
            if missing:
                yield "not_filled", origin, f"{what} writes {name} of {segment.node.path}, whose component {', '.join(missing)} is mandatory, and no rule fills it"


def _filled(segment: WrittenSegment, tests: Iterable[ValueTest]) -> Filled:
    filled: Filled = {(test.element, test.component) for test in tests if test.op == "=" and test.values[0]}
    for value in segment.values:
        filled |= _of_value(value)
    for one in segment.lists:
        own = one.scope.segment
        if own is None:
            continue
        filled |= {(test.element, test.component) for test in own.tests if test.op == "=" and test.values[0]}
        inside = set().union(*(_of_value(value) for value in own.values)) if own.values else set()
        match one.step:
            case PairStep():
                filled |= {(number, 0) for number in range(one.step.start, one.step.end + 1)}
                filled |= {place for place in inside if place[0] > 0}
            case ElementStep():  # a list of composites: its values are their components
                at = one.step.positions[0]
                filled |= {(at, component) if position == 0 else (position, component) for position, component in inside}
                filled |= {(at, component) for component, op, values in one.step.tests if op == "=" and values[0]}
            case _:
                filled |= inside | _filled(own, ())
    return filled


def _of_value(value: WrittenValue) -> Filled:
    step = value.step
    if isinstance(step, PairStep):
        return {(number, 0) for number in range(step.start, step.end + 1)}
    at = step.positions[0]
    whole = value.plan is not None and value.plan.convert.codec is not None and value.plan.convert.codec.flow is not None
    filled: Filled = {(at, 0 if whole else step.component)}
    filled |= {(at, component) for component, op, values in step.tests if op == "=" and values[0]}
    filled |= {(test.element, test.component) for test in step.beside if test.op == "=" and test.values[0]}
    filled |= {(aux.positions[0], aux.component) for aux in value.aux}
    return filled


def _origin(segment: WrittenSegment, head: Origin) -> tuple[Origin, str]:
    """The first rule that writes the segment, and how it is called."""
    values: list[Any] = [*segment.values, *(value for one in segment.lists if one.scope.segment is not None for value in one.scope.segment.values)]
    for value in values:
        if value.plan is not None:
            return value.plan.rule.origin, ".".join(value.target)
    return head, "the map"
