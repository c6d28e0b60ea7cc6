"""A map held against the guide of its message: types, lengths, codes (EDIFACT and X12).

ISO 9735-1 clause 10 and X12.6 3.5.1 say what the types mean. The guide comes as a value; only its shape is known here:
`places` of segment uses with elements and parts, each with `type` (kind, least, most) and `codes` (codes, complete).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from edi_bridge.mapping.functions import call
from edi_bridge.mapping.mapfile import Origin, Source
from edi_bridge.mapping.plan import ScopePlan, ScopeUse, ValuePlan
from edi_bridge.mapping.resolve import (
    ElementStep,
    GroupStep,
    Resolved,
    Scope,
    TreeStep,
    ValueTest,
)
from edi_bridge.structure import Node

AGENCY, LIST = "3055", "1131"  # who maintains a code list, and which one: beside them a code may be another's than the UN's
SHORTEST = {"gln": 13, "sscc": 18, "gtin": 8, "duns": 9, "iban": 15, "vat": 4}  # characters that a value of these has at least
_WIDTH = re.compile(r"\btext\(.*?\bwidth: *([0-9]+)")
_IMPLIED = re.compile(r"implied\(([0-9])\)")
NUMBERS = ("decimal", "integer")
SHOWN = 6

Found = tuple[str, Origin, str]


class Segments:
    """The segments of a guide by their tag."""

    def __init__(self, guide: Any):
        self.by_tag = {place.node.name: place.segment for place in guide.places.values() if place.segment is not None}
        self.key: str = guide.key

    def uses(self, node: Node | None, element: ElementStep, scope: Scope) -> list[tuple[Any, bool]]:
        """What may stand at a place, and whether its codes may be of another list than the standard's."""
        segment = self.by_tag.get(node.name) if node is not None else None
        if segment is None:
            return []
        found = []
        for position in element.positions:
            number = position or (scope.inner.positions[0] if isinstance(scope.inner, ElementStep) else 0)
            if not 0 < number <= len(segment.elements):
                continue
            use = segment.elements[number - 1]
            if not element.component or not use.parts:
                found.append((use, False))
            elif element.component <= len(use.parts):
                found.append((use.parts[element.component - 1], elsewhere(use.parts, element.component)))
        return found


def elsewhere(parts: tuple[Any, ...], component: int) -> bool:
    """Whether the components behind one may name another code list for it (1131, 3055)."""
    behind = next(iter(parts[component:]), None)
    return behind is not None and behind.id in (AGENCY, LIST) and parts[component - 1].id != AGENCY


def of_rule(one: ValuePlan | ScopeUse, scope: ScopePlan, segments: Segments) -> Iterator[Found]:
    """What does not fit the guide in one rule."""
    for number, resolved in enumerate(one.sources):
        source = one.rule.sources[number]
        if isinstance(resolved, Resolved) and isinstance(scope.scope, Scope):
            start = started(resolved, scope.scope)
            yield from _tests(resolved, start, source, segments)
            if isinstance(one, ValuePlan) and isinstance(resolved.element, ElementStep):
                yield from _value(one, resolved, start, source, segments, number == one.writes_to)


def of_write(resolved: Any, text: str, source: Source, message: ScopePlan, segments: Segments) -> Iterator[Found]:
    """A constant of `writes:` that the guide does not allow."""
    if not isinstance(resolved, Resolved) or not isinstance(resolved.element, ElementStep):
        return
    start = started(resolved, message.scope)
    yield from _tests(resolved, start, source, segments)
    if call(text, {}) == text:  # no function: what is written is what stands there
        for use, other in segments.uses(resolved.segment.node if resolved.segment else start.segment, resolved.element, start):
            yield from _constant(use, text, source.origin, other, f"writes: {source.path}")


def started(resolved: Resolved, scope: Scope) -> Scope:
    """The scope in which a path's steps begin."""
    while resolved.root and scope.parent is not None:
        scope = scope.parent
    for _ in range(resolved.up):
        scope = scope.parent or scope
    return scope


# --- tests -------------------------------------------------------------------------------------------------------------

def _tests(resolved: Resolved, start: Scope, source: Source, segments: Segments) -> Iterator[Found]:
    for node, test in _asked(resolved, start):
        if node is None or not test.element or test.op not in ("=", "!="):
            continue
        listed = segments.uses(node, ElementStep((test.element,), test.component), start)
        yield from _codes(listed, [value for value in test.values if value], source, test.op)
    inner = resolved.element
    if isinstance(inner, ElementStep) and inner.tests:
        node = resolved.segment.node if resolved.segment is not None else start.segment
        for component, op, values in inner.tests:
            if op in ("=", "!="):
                listed = segments.uses(node, ElementStep(inner.positions, component), start)
                yield from _codes(listed, [value for value in values if value], source, op)


def _asked(resolved: Resolved, start: Scope) -> Iterator[tuple[Node | None, ValueTest]]:
    """Each test with the segment it looks at."""
    for step in resolved.groups:
        if isinstance(step, GroupStep):
            yield from ((step.node.children[test.slot], test) for test in step.tests)
        elif isinstance(step, TreeStep):
            continue
    node = resolved.segment.node if resolved.segment is not None else start.segment
    yield from ((node, test) for test in (resolved.segment.tests if resolved.segment is not None else ()))
    if isinstance(resolved.element, ElementStep):
        yield from ((node, test) for test in resolved.element.beside)


def _codes(uses: list[tuple[Any, bool]], values: list[str], source: Source, op: str) -> Iterator[Found]:
    for use, other in uses:
        if other or use.codes is None or not use.codes.complete or not values:
            continue
        missing = [value for value in values if value not in use.codes.codes and value not in use.added]
        if not missing:
            continue
        words = f"{source.path}: {use.id} ({use.name}) has no code {', '.join(missing)} in this release"
        if op == "=" and len(missing) == len(values):
            yield "unknown_code", source.origin, f"{words}: the test never holds"
        elif op == "=" and missing[0] == values[0]:
            yield "unknown_code", source.origin, f"{words}, and the first of several is the one that is written"
        else:
            yield "code_not_in_guide", source.origin, words


# --- values ------------------------------------------------------------------------------------------------------------

def _value(one: ValuePlan, resolved: Resolved, start: Scope, source: Source, segments: Segments, written: bool) -> Iterator[Found]:
    element = resolved.element
    assert isinstance(element, ElementStep)
    node = resolved.segment.node if resolved.segment is not None else start.segment
    uses = segments.uses(node, element, start)
    if not uses or one.convert.codec is None:
        return
    if one.convert.codec.flow is not None:
        yield from _flow(one, uses[0][0], source)
        return
    types = [use for use, _ in uses if use.type is not None]
    for use in types:
        wrong = _misfit(one, use.type)
        if wrong:
            yield "type", source.origin, f"{one.convert.codec.name} does not fit {source.path}, {use.id} ({use.name}) is {use.type}: {wrong}"
        yield from _length(one, use, source)
    if written:
        for use, other in uses[:1]:
            yield from _written(one, use, other, source)


def _misfit(one: ValuePlan, type: Any) -> str:
    """Why a conversion's values cannot stand in an element of a type; '' when they can."""
    codec = one.convert.codec
    assert codec is not None
    kind, name = type.kind, codec.name
    implied = _IMPLIED.match(name)
    if codec.type in NUMBERS:
        if kind == "a":
            return "an alphabetic element has no digits"
        if kind in ("DT", "TM", "B"):
            return "this holds a date, a time or bytes, not a number"
        if kind[0] == "N" and kind[1:] and implied is None and kind != "N0" and not name.startswith("implied"):
            return f"the last {kind[1:]} digits are decimals that are not written as such: as: implied({kind[1:]})"
        if implied and kind[0] == "N" and implied[1] != (kind[1:] or "0"):
            return f"it has {kind[1:] or '0'} implied decimals, not {implied[1]}"
        if implied and kind == "R":
            return "this has a decimal point of its own and no implied decimals"
    elif codec.type == "date":
        if kind == "a":
            return "an alphabetic element has no digits"
        if kind[0] in "NR":
            return "this is a number, not a date"
    least = SHORTEST.get(name.partition("(")[0])
    if least is not None and type.most < least:
        return f"it has at least {least} characters"
    return ""


def _length(one: ValuePlan, use: Any, source: Source) -> Iterator[Found]:
    width = _WIDTH.search(one.rule.codec)
    if width and int(width[1]) > use.type.most:
        yield "length", source.origin, f"{one.rule.codec} allows {width[1]} characters, {use.id} ({use.name}) has room for {use.type.most}"


def _flow(one: ValuePlan, use: Any, source: Source) -> Iterator[Found]:
    """Text over the parts of a composite: no part may be wider than the element, and there are only so many."""
    codec = one.convert.codec
    assert codec is not None and codec.flow is not None
    part = use.parts[0] if use.parts else use
    if part.type is not None and codec.flow.width > part.type.most:
        yield "length", source.origin, f"{codec.name} allows {codec.flow.width} characters a part, {part.id} ({part.name}) has room for {part.type.most}"
    same = sum(1 for other in use.parts if other.id == part.id)
    if same and codec.flow.parts > same:
        yield "length", source.origin, f"{codec.name} writes {codec.flow.parts} parts, {use.id} has {same} of {part.id}"


def _written(one: ValuePlan, use: Any, other: bool, source: Source) -> Iterator[Found]:
    """Codes and constants that would be refused when they are written."""
    table = one.convert.table
    if one.constant is not None:
        text = table.write(one.constant) if table is not None else str(one.constant)
        if isinstance(text, str):
            yield from _constant(use, text, source.origin, other, "is:")
    if table is None or one.convert.codec is None or one.convert.codec.name != "text":
        return
    codes = list(dict.fromkeys(table.writes.values()))
    if use.type is not None and use.type.kind not in ("R", "n"):
        yield from _too_long(codes, use, table, source)
    if other or use.codes is None or not use.codes.complete:
        return
    unknown = [code for code in codes if code not in use.codes.codes and code not in use.added]
    if unknown:
        yield "code_not_in_guide", source.origin, f"the table {table.name} can write {few(unknown)}, which {use.id} ({use.name}) does not have in this release"


def _too_long(codes: list[str], use: Any, table: Any, source: Source) -> Iterator[Found]:
    wide = [code for code in codes if len(code) > use.type.most]
    if wide:
        yield "length", source.origin, f"the table {table.name} can write {few(wide)}, {use.id} ({use.name}) has room for {use.type.most}"


def _constant(use: Any, text: str, origin: Origin, other: bool, words: str) -> Iterator[Found]:
    if use.codes is not None and use.codes.complete and not other and text not in use.codes.codes and text not in use.added:
        yield "unknown_code", origin, f"{words} {text} is no code of {use.id} ({use.name})"
    elif use.type is not None and len(text) > use.type.most:
        yield "type", origin, f"{words} {text} is longer than {use.id} ({use.name}), which is {use.type}"


def few(codes: Iterable[Any]) -> str:
    """The first codes of many."""
    listed = [str(code) for code in codes]
    return ", ".join(listed[:SHOWN]) + (f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else "")
