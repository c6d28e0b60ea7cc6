"""A map as it is in force: every rule with its full path, its conversion, and the layer it comes from.

What `map show --effective` prints. Paths are written in the map's own notation and can be read back by `path.parse`; tests are
those of the rule itself (those of the scope around it stand with the rule that makes the scope).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edi_bridge.mapping.mapfile import MapSpec, Origin, Rule
from edi_bridge.mapping.path import Test
from edi_bridge.mapping.plan import MapPlan, ScopePlan, ScopeUse, ValuePlan
from edi_bridge.mapping.resolve import (
    ElementStep,
    GroupStep,
    PairStep,
    Resolved,
    Scope,
    SegmentStep,
    TreeStep,
    ValueTest,
)
from edi_bridge.structure import Node, SegmentDef, Structure

SHOWN_CODES = 6  # codes of a table in place that a row shows


@dataclass(frozen=True, slots=True)
class Row:
    """One rule. `field` is its path in the record (`lines.quantity`), `depth` how many objects and lists are around it; `paths`
    are the full paths in the rule's order, `written` the one of them that is written (from 0); `words` its conversion, codes and conditions as
    a person reads them; `layer` names the map or fragment."""

    field: str
    name: str
    depth: int
    kind: str  # value, object, list, write
    type: str
    paths: tuple[str, ...]
    written: int
    words: str
    origin: Origin
    layer: str


def rows(plan: MapPlan, structure: Any) -> list[Row]:
    """Every rule of a map in the record's order, objects and lists before what is in them, then what only writing sets.
    `structure` is the message's (None for CSV and fixed width)."""
    made = list(_rows(plan.root, (), plan, structure, frozenset()))
    for resolved, text, source in plan.writes:
        path = full_path(resolved, plan.message.scope, structure)
        made.append(Row("", "", 0, "write", "", (path,), 0, text, source.origin, layer_of(plan.spec, source.origin.file)))
    return made


def layer_of(spec: MapSpec, file: str) -> str:
    """`map NAME`, `extends NAME` or `fragment NAME`: which of a map's files this is."""
    name = file.rpartition("/")[2].removesuffix(".yaml")
    if file == spec.file:
        return f"map {name}"
    return f"extends {name}" if file in spec.layers else f"fragment {name}"


def _rows(scope: ScopePlan, prefix: tuple[str, ...], plan: MapPlan, structure: Any, seen: frozenset[int]) -> Iterator[Row]:
    shown: set[tuple[str, ...]] = set()
    order = {target: number for number, target in reversed(list(enumerate(scope.order)))}
    for one in sorted(scope.rules(), key=lambda one: order.get(one.target, 0)):
        for length in range(1, len(one.target)):  # objects without a place of their own
            inside = one.target[:length]
            if inside not in shown and inside in order:
                shown.add(inside)
                path = (*prefix, *inside)
                yield Row(".".join(path), path[-1], len(path) - 1, "object", "", (), 0, "", one.rule.origin, layer_of(plan.spec, one.rule.origin.file))
        target = (*prefix, *one.target)
        rule = one.rule
        full = [full_path(source, scope.scope, structure) for source in one.sources]
        paths = tuple(dict.fromkeys(full))  # one that counts under several conditions stands once
        kind = "value" if isinstance(one, ValuePlan) else "list" if one.many else "object"
        yield Row(".".join(target), target[-1], len(target) - 1, kind, rule.field.type + "*" * (kind == "list"), paths,
                  paths.index(full[writes_to(one)]) if full else 0, words_of(one, scope, structure), rule.origin, layer_of(plan.spec, rule.origin.file))
        if isinstance(one, ScopeUse) and one.item.number not in seen:
            yield from _rows(one.item, target, plan, structure, seen | {one.item.number})


def writes_to(one: ValuePlan | ScopeUse) -> int:
    """The path that is written: the marked one, else the first."""
    return next((number for number, source in enumerate(one.rule.sources) if source.write), 0)


def words_of(one: ValuePlan | ScopeUse, scope: ScopePlan, structure: Any) -> str:
    """What the rule says beside its paths: conversion, codes, default, constant, conditions."""
    rule = one.rule
    parts = []
    if isinstance(one, ValuePlan):
        named = one.convert.codec.name if one.convert.codec is not None else rule.codec
        parts += [named] if named and named != "text" else []
        parts += [f"codes {_codes(rule)}" + (", else keep" if rule.keep_unknown else "")] if rule.codes is not None else []
        parts += [f"lookup {rule.lookup}" + (f" on {rule.lookup_on}" if rule.lookup_on else "") + (", else keep" if rule.keep_unknown else "")
                  ] if rule.lookup else []
    else:
        parts += [f"recurse {rule.recurse}"] if rule.recurse else []
        if rule.expand is not None:
            parts.append(f"{rule.expand_to} from {full_path(one.expand, one.item.scope, structure)}")
    parts += [f"is {rule.constant}"] if rule.constant is not None else []
    parts += [f"default {rule.default}"] if rule.default is not None else []
    parts += ["required"] if rule.required else []
    parts += [f"take {rule.take}"] if rule.take else []
    parts += [f"when {when_words(rule.when)}"] if rule.when else []
    return " · ".join([*parts, *_conditions(rule)])


def _conditions(rule: Rule) -> list[str]:
    """When a path counts; a path with several conditions is named once."""
    said: dict[str, list[str]] = {}
    for source in rule.sources:
        if source.when:
            said.setdefault(str(source.path), []).append(when_words(source.when))
    return [f"{path} where {' or '.join(words)}" for path, words in said.items()]


def _codes(rule: Rule) -> str:
    if isinstance(rule.codes, str):
        return rule.codes
    shown = [f"{theirs}: {ours.get('ours') if isinstance(ours, Mapping) else ours}" for theirs, ours in list(rule.codes.items())[:SHOWN_CODES]]
    return "{" + ", ".join(shown) + (", …" if len(rule.codes) > SHOWN_CODES else "") + "}"


def when_words(when: Mapping[str, tuple[Any, ...]]) -> str:
    """`purpose is change or cancellation`, `id is there`."""
    said = []
    for name, values in when.items():
        field, negated = name.removesuffix("!"), name.endswith("!")
        texts = " or ".join(str(value) for value in values if value is not None)
        if values == (None,):
            said.append(f"{field} is {'there' if negated else 'not there'}")
        else:
            absent = " or is not there" if None in values else ""
            said.append(f"{field} is {'not ' * negated}{texts}{absent}")
    return " and ".join(said)


# --- paths ---------------------------------------------------------------------------------------------------------

def full_path(resolved: Any, scope: Any, structure: Any) -> str:
    """A resolved path from the message's root, with its own tests, in a map's notation."""
    if not isinstance(resolved, Resolved) or not isinstance(structure, Structure):
        return str(resolved.path)  # XML paths and columns are full as they are written
    assert isinstance(scope, Scope)
    start = scope
    while resolved.root and start.parent is not None:
        start = start.parent
    for _ in range(resolved.up):
        start = start.parent or start
    names = _around(start.group)
    for step in resolved.groups:
        if isinstance(step, TreeStep):
            names.append(f"node({'|'.join(step.kinds)}){'?' * step.optional}")
        else:
            names.append(_group(step, structure))
    node = resolved.segment.node if resolved.segment is not None else start.segment
    definition = structure.segments[node.name] if node is not None else None
    if resolved.segment is not None:
        assert definition is not None
        names.append(_segment(resolved.segment, definition, structure))
    elif start.segment is not None:
        names.append(start.segment.name)
    if resolved.element is not None and definition is not None:
        names.append(_element(resolved.element, start, definition, structure))
    return "/".join(names)


def _around(node: Node) -> list[str]:
    return [part for part in node.path.split("/") if part]


def _group(step: GroupStep, structure: Structure) -> str:
    name = step.node.name
    tests = "".join(_test(test, step.node.children[test.slot], structure) for test in step.tests)
    return name + tests + _nth(step.nth, step.onward)


def _segment(step: SegmentStep, definition: SegmentDef, structure: Structure) -> str:
    return step.node.name + "".join(_test(test, None, structure, definition) for test in step.tests) + _nth(step.nth)


def _nth(nth: int, onward: bool = False) -> str:
    return f"#{nth}{'+' * onward}" if nth else ""


def _test(test: ValueTest, node: Node | None, structure: Structure, definition: SegmentDef | None = None) -> str:
    """The test as a map writes it: `[NAD/3035=BY]` of a group, `[6063=21]` of a segment."""
    if node is not None:
        definition = structure.segments[node.name]
    assert definition is not None
    place = name_of(definition, test.element, test.component, structure) if test.element else ""
    path = "/".join(part for part in (node.name if node is not None else "", place) if part)
    return str(Test(path, test.op, test.values))


def name_of(definition: SegmentDef, position: int, component: int, structure: Structure) -> str:
    """An element or component as a map names it: `C186.6060` (EDIFACT), `03`, `04.01` (X12)."""
    if structure.key.startswith("x12"):
        return f"{position:02}" + (f".{component:02}" if component else "")
    element = definition.elements[position - 1]
    if not component or not element.components:
        return element.id
    part = element.components[component - 1].id
    same = [number for number, one in enumerate(element.components, 1) if one.id == part]
    return f"{element.id}.{part}" + (f"#{same.index(component) + 1}" if len(same) > 1 else "")


def _element(step: ElementStep | PairStep, scope: Scope, definition: SegmentDef, structure: Structure) -> str:
    if isinstance(step, PairStep):
        return f"pairs({step.start:02})" + (f"[{'|'.join(step.qualifiers)}]" if step.qualifiers else "")
    first = step.positions[0]
    beside = "".join(_test(test, None, structure, definition) for test in step.beside)
    if first < 0:  # the qualifier or the value of the pair that is the scope
        assert isinstance(scope.inner, PairStep)
        return f"pairs({scope.inner.start:02})/${-first}{beside}"
    if first == 0:  # a component of the composite that is the scope
        assert isinstance(scope.inner, ElementStep)
        return name_of(definition, scope.inner.positions[0], step.component, structure)
    element = definition.elements[first - 1]
    if not step.tests:
        return name_of(definition, first, step.component, structure) + beside + _nth(step.nth)
    tests = "".join(str(Test(_part(element, number, structure), op, values))
                    for number, op, values in step.tests)
    composite = name_of(definition, first, 0, structure) + tests + _nth(step.nth)
    return composite + (f"/{_part(element, step.component, structure)}" if step.component else "")


def _part(element: Any, component: int, structure: Structure) -> str:
    if structure.key.startswith("x12") or not element.components:
        return str(component)
    return str(element.components[component - 1].id)
