"""A path's steps looked up in the structure of a segment message (EDIFACT, X12).

A name is searched from the scope downwards, nearest level first, and must be unique on the level where it is found;
so `BGM/1004`, `PRI[5125=AAA]/5118` and `C002.1001` are as good as the full path. `Resolved.words` is the full one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edi_bridge.mapping.path import Path, PathError, PathStep, Test, parse, start_of
from edi_bridge.structure import ElementDef, Node, SegmentDef, Structure


@dataclass(frozen=True, slots=True)
class ValueTest:
    """A test on a value in a segment: `slot` is the segment's slot in the group that is tested, -1 for the segment
    itself; element counts from 1, component from 1 (0: the whole element)."""

    slot: int
    element: int
    component: int
    op: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupStep:
    """Down into the instances of a group that pass the tests; `nth` picks one, with `onward` that one and all after it."""

    node: Node
    tests: tuple[ValueTest, ...] = ()
    nth: int = 0
    onward: bool = False


@dataclass(frozen=True, slots=True)
class TreeStep:
    """Down to the child nodes of the hierarchy whose kind is one of `kinds` (empty: any)."""

    node: Node
    kinds: tuple[str, ...]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class SegmentStep:
    """The segments of one slot that pass the tests."""

    node: Node
    tests: tuple[ValueTest, ...] = ()
    nth: int = 0


@dataclass(frozen=True, slots=True)
class ElementStep:
    """A value in a segment: the elements it may stand in (from 1), the component (0: the whole element), tests on
    components of the same element, and which of several (0: the first, a second is reported). `beside` are tests on
    other elements of the segment (`N1/04[03=UL]`)."""

    positions: tuple[int, ...]
    component: int = 0
    tests: tuple[tuple[int, str, tuple[str, ...]], ...] = ()
    nth: int = 0
    repeats: bool = False
    beside: tuple[ValueTest, ...] = ()


@dataclass(frozen=True, slots=True)
class PairStep:
    """Among qualifier/value pairs from element `start` to `end`: the value behind `qualifiers`; `part` 1 or 2 names the
    qualifier or the value of the pair that is the scope itself ($1, $2)."""

    start: int
    end: int
    qualifiers: tuple[str, ...] = ()


Step = GroupStep | TreeStep


@dataclass(frozen=True, slots=True)
class Resolved:
    """A path in a structure. Ends at a group (segment None), a segment (element None), or a value."""

    groups: tuple[Step, ...]
    segment: SegmentStep | None
    element: ElementStep | PairStep | None
    up: int = 0
    root: bool = False
    words: str = ""
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Where relative paths start: a group instance, a segment (`segment` set), or one composite or pair of it."""

    group: Node
    segment: Node | None = None
    inner: ElementStep | PairStep | None = None
    parent: Scope | None = None


class Resolver:
    """Looks paths up in one structure."""

    def __init__(self, structure: Structure):
        self.structure = structure

    def resolve(self, path: Path, scope: Scope) -> Resolved:
        """The full path. Raises PathError naming what is not there and what is."""
        start = start_of(path, scope)
        groups: list[Step] = []
        segment: SegmentStep | None = None
        element: ElementStep | PairStep | None = None
        node, definition = start.group, None
        if start.segment is not None:
            definition = self.structure.segments[start.segment.name]
        steps = list(path.steps)
        if start.inner is not None and not (steps and _is_segment_name(steps[0].name)):
            element = self._inner(steps, start, definition)
            return Resolved((), None, element, path.up, path.root, str(path), path)
        index = 0
        for index, step in enumerate(steps):
            if element is not None and not (isinstance(element, ElementStep) and element.component == 0):
                raise PathError(f"nothing can follow {steps[index - 1]}", step.column)
            if step.name == "node":
                groups.append(self._tree(step))
                node = groups[-1].node
            elif segment is None and start.segment is not None and index == 0 and not (
                    step.name == start.segment.name and len(steps) > 1):
                assert definition is not None
                element = self._element(step, definition)
            elif segment is None and start.segment is not None and index == 0:
                segment = None  # the scope's own segment, named again
            elif definition is not None and (segment is not None or start.segment is not None):
                element = self._narrow(element, step, definition) if element is not None else self._element(step, definition)
            else:
                found = self._find(step, node)
                for group in self._between(node, found):
                    groups.append(GroupStep(group))
                tests = tuple(self._test(test, found, step) for test in step.tests)
                if found.is_group:
                    groups.append(GroupStep(found, tests, step.nth, step.onward))
                    node = found
                else:
                    definition = self.structure.segments[found.name]
                    segment = SegmentStep(found, tests, step.nth)
        return Resolved(tuple(groups), segment, element, path.up, path.root, self._words(groups, segment, element, path), path)

    def inner_scope(self, resolved: Resolved, scope: Scope) -> Scope:
        """The scope of the rules inside an object or list at this path."""
        group = scope.group
        for step in resolved.groups:
            group = step.node
        if resolved.segment is not None or (resolved.element is not None and scope.segment is not None):
            node = resolved.segment.node if resolved.segment else scope.segment
            return Scope(group, node, resolved.element, scope)
        if not resolved.groups:
            return Scope(group, scope.segment, scope.inner, scope.parent)
        return Scope(group, None, None, scope)

    def aux(self, name: str, resolved: Resolved, scope: Scope) -> ElementStep:
        """A further place in the same segment, for a codec that needs it (the format code of a date)."""
        node = resolved.segment.node if resolved.segment is not None else scope.segment
        if node is None:
            raise PathError("there is no segment to look in", 0)
        if name.startswith("$"):  # the qualifier of the pair that the value itself stands in
            told = resolved.element.beside if isinstance(resolved.element, ElementStep) else ()
            if isinstance(resolved.element, PairStep) or any(test.op == "=" for test in told):
                return ElementStep((-int(name[1:]),))
            raise PathError("nothing here tells the kind of number, so no qualifier can be chosen", 0)
        step = self._element(parse(name).steps[0], self.structure.segments[node.name])
        if isinstance(step, PairStep):
            raise PathError(f"{name} is not a single place", 0)
        return step

    def recursion(self, resolved: Resolved) -> tuple[Resolved, ...]:
        """Where a list that nests finds its own kind again: among the child nodes."""
        last = resolved.groups[-1] if resolved.groups else None
        if not isinstance(last, TreeStep):
            raise PathError("recurse: needs a path that ends in node(…)", 0)
        return (Resolved((last,), None, None, words=resolved.words, path=resolved.path),)

    def _inner(self, steps: list[PathStep], scope: Scope, definition: SegmentDef | None) -> ElementStep | PairStep:
        """Values of a composite (`7402`) or a pair ($1, $2) that is the scope itself."""
        inner = scope.inner
        if isinstance(inner, PairStep):
            if len(steps) == 1 and steps[0].name in ("$1", "$2"):
                assert definition is not None
                return ElementStep((-int(steps[0].name[1]),), beside=_beside(steps[0], definition))
            raise PathError("inside pairs, $1 is the qualifier and $2 the value", 0)
        assert isinstance(inner, ElementStep) and definition is not None
        composite = definition.elements[inner.positions[0] - 1]
        return ElementStep((0,), _component(composite, steps[0].name, steps[0]))

    def _tree(self, step: PathStep) -> TreeStep:
        tree = self.structure.hierarchy
        if tree is None:
            raise PathError(f"{self.structure.key} has no hierarchy", step.column)
        kinds = tuple(kind.strip() for kind in step.argument.split("|") if kind.strip())
        return TreeStep(tree.node, kinds, step.optional)

    def _find(self, step: PathStep, node: Node) -> Node:
        level = list(node.children)
        while level:
            hits = [child for child in level if _is_named(child, step.name)]
            if len(hits) == 1:
                return hits[0]
            if hits:
                raise PathError(f"{step.name} is not unique: {', '.join(hit.path for hit in hits)}", step.column)
            level = [child for one in level for child in one.children]
        known = ", ".join(child.name for child in node.children)
        raise PathError(f"{node.path or self.structure.key} has no {step.name} (it has {known})", step.column)

    def _between(self, node: Node, found: Node) -> list[Node]:
        chain: list[Node] = []
        above = found.parent
        while above is not None and above is not node:
            chain.insert(0, above)
            above = above.parent
        return chain

    def _test(self, test: Test, node: Node, step: PathStep) -> ValueTest:
        steps = parse(test.path).steps
        slot = -1
        definition_node = node
        rest: PathStep | None
        if node.is_group:
            if len(steps) == 1 and not _is_segment_name(steps[0].name):
                child = node.children[0]
                rest = steps[0]
            else:
                child = self._find(steps[0], node)
                if child.parent is not node or child.is_group:
                    raise PathError(f"a test of {node.name} may look at the segments of {node.name} only", step.column)
                rest = steps[1] if len(steps) > 1 else None
            slot, definition_node = child.slot, child
            if rest is None:
                return ValueTest(slot, 0, 0, test.op, test.values)
        else:
            rest = steps[-1]
        element = self._element(rest, self.structure.segments[definition_node.name])
        if isinstance(element, PairStep):
            raise PathError("a test cannot look into pairs", step.column)
        return ValueTest(slot, element.positions[0], element.component, test.op, test.values)

    def _element(self, step: PathStep, definition: SegmentDef) -> ElementStep | PairStep:
        if step.name == "pairs":
            span = self.structure.pairs.get(definition.tag)
            if span is None:
                raise PathError(f"the structure declares no pairs in {definition.tag}", step.column)
            start = int(step.argument) if step.argument else span[0]
            return PairStep(start, span[1], tuple(value for test in step.tests for value in test.path.split("|")))
        positions, component = _places(step, definition)
        if step.tests and not definition.elements[positions[0] - 1].components:
            return ElementStep(positions, component, beside=_beside(step, definition))
        tests = tuple((_component(definition.elements[positions[0] - 1], test.path, step), test.op, test.values)
                      for test in step.tests)
        repeats = any(definition.elements[position - 1].repeat > 1 for position in positions)
        nth = step.nth
        composite = definition.elements[positions[0] - 1]
        if nth and component and len(positions) == 1 and not repeats:
            same = [number for number, part in enumerate(composite.components, 1)
                    if part.id == composite.components[component - 1].id]
            if nth > len(same):
                raise PathError(f"{composite.id} has {step.name} {len(same)} times", step.column)
            component, nth = same[nth - 1], 0
        return ElementStep(positions, component, tests, nth, repeats)

    def _narrow(self, element: ElementStep | PairStep, step: PathStep, definition: SegmentDef) -> ElementStep:
        assert isinstance(element, ElementStep)
        composite = definition.elements[element.positions[0] - 1]
        return ElementStep(element.positions, _component(composite, step.name, step), element.tests,
                           element.nth, element.repeats)

    def _words(self, groups: list[Step], segment: SegmentStep | None, element: Any, path: Path) -> str:
        parts = [step.node.name if isinstance(step, GroupStep) else "node" for step in groups]
        if segment is not None:
            parts.append(segment.node.name)
        if element is not None:
            parts.append(str(path.steps[-1]).partition("[")[0])
        return "/".join(parts) or str(path)


def _is_named(node: Node, name: str) -> bool:
    """A group answers to its own name and, in braces, to its trigger's: SG5 and {CTA}."""
    return node.name == name or (name.startswith("{") and node.is_group and node.children[0].name == name[1:-1])


def _is_segment_name(name: str) -> bool:
    """Tags and groups begin with a letter and hold no lower case; composites (C082, S009) and numbers do not count."""
    if name.startswith("{"):
        return True
    return name[0].isalpha() and not (len(name) == 4 and name[0] in "CSE" and name[1:].isdigit())


def _places(step: PathStep, definition: SegmentDef) -> tuple[tuple[int, ...], int]:
    """The positions an element may stand in, and its component (0: all of it)."""
    name = step.name
    if len(name) <= 2 and name.isdigit():  # X12: by position
        position = int(name)
        if not 0 < position <= len(definition.elements):
            raise PathError(f"{definition.tag} has {len(definition.elements)} elements", step.column)
        return (position,), _component(definition.elements[position - 1], step.part, step) if step.part else 0
    positions = tuple(n for n, element in enumerate(definition.elements, 1) if element.id == name)
    if positions:
        element = definition.elements[positions[0] - 1]
        if step.part:
            return positions, _component(element, step.part, step)
        return positions, 0
    inside = [(n, part) for n, element in enumerate(definition.elements, 1)
              for part, component in enumerate(element.components, 1) if component.id == name]
    composites = {definition.elements[n - 1].id for n, _ in inside}
    if len(composites) == 1:
        return tuple(dict.fromkeys(n for n, _ in inside)), inside[0][1]
    known = ", ".join(element.id for element in definition.elements)
    if inside:
        raise PathError(f"{name} stands in {' and '.join(sorted(composites))} of {definition.tag}: say which", step.column)
    raise PathError(f"{definition.tag} has no element {name} (it has {known})", step.column)


def _beside(step: PathStep, definition: SegmentDef) -> tuple[ValueTest, ...]:
    """The tests of a simple element: they look at other elements of its segment."""
    found = []
    for test in step.tests:
        positions, component = _places(parse(test.path).steps[0], definition)
        found.append(ValueTest(-1, positions[0], component, test.op, test.values))
    return tuple(found)


def _component(element: ElementDef, name: str, step: PathStep) -> int:
    if name.isdigit() and len(name) <= 2:
        if not 0 < int(name) <= max(1, len(element.components)):
            raise PathError(f"{element.id} has {len(element.components)} components", step.column)
        return int(name)
    hits = [n for n, component in enumerate(element.components, 1) if component.id == name]
    if not hits:
        raise PathError(f"{element.id} has no component {name} (it has {', '.join(c.id for c in element.components)})",
                        step.column)
    if step.nth > len(hits):
        raise PathError(f"{element.id} has {name} {len(hits)} times", step.column)
    return hits[max(step.nth, 1) - 1]
