"""The plan of a map turned round for writing: objects dissolved, every value hung where its segment will stand.

Two rules write into the same segment when their paths name it by the same steps and tests; the tests' first values are
written as constants. A test on a group's trigger (`SG2[NAD/3035=BY]`) and the same test on the segment itself
(`RFF[1153=ON]`, whose RFF triggers SG1) mean the same place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from edi_bridge.mapping.plan import MapPlan, ScopePlan, ScopeUse, ValuePlan
from edi_bridge.mapping.resolve import (
    ElementStep,
    GroupStep,
    PairStep,
    Resolved,
    SegmentStep,
    TreeStep,
    ValueTest,
)
from edi_bridge.structure import Node

Target = tuple[str, ...]
Shape = dict[str, Any]
"""What a place can hold: a field → its own shape (in a tuple: a list of it), its only value, or None; "": what it needs."""


@dataclass(eq=False)
class WrittenValue:
    """A value and its place in the segment. `target` is its path in the scope's record; `common` names the list whose
    items must agree on it (a value of the head that stands in each item); `call` a named function instead of a field."""

    plan: ValuePlan | None
    target: Target
    step: ElementStep | PairStep
    aux: tuple[ElementStep, ...] = ()
    guards: tuple[Target, ...] = ()  # objects around it: their defaults fill only when the object is there
    common: Target | None = None
    call: str = ""
    variant: int = 0  # which of several places of one field, where conditions choose among them
    only: Any = None  # the condition under which it is this place
    unless: tuple[Any, ...] = ()  # and those under which it is another one


@dataclass(eq=False)
class WrittenList:
    """A list whose items are written below a place: as group instances, segments, composites or pairs."""

    use: ScopeUse
    target: Target
    step: ElementStep | PairStep | None
    scope: WrittenScope
    places: Places | None = None  # of all lists that fill the same field, where there are several
    place: int = 0  # which of them is this one


@dataclass(eq=False)
class WrittenSegment:
    """One segment to be written; `tests` are its constants."""

    node: Node
    tests: tuple[ValueTest, ...]
    nth: int = 0
    values: list[WrittenValue] = field(default_factory=list)
    lists: list[WrittenList] = field(default_factory=list)


@dataclass(eq=False)
class WrittenGroup:
    """One instance of a group (or of a hierarchy's node, `kinds` set) to be written."""

    node: Node
    tests: tuple[ValueTest, ...] = ()
    kinds: tuple[str, ...] | None = None
    segments: dict[Any, WrittenSegment] = field(default_factory=dict)
    groups: dict[Any, WrittenGroup] = field(default_factory=dict)
    lists: list[WrittenList] = field(default_factory=list)  # lists of instances of a group below, their path's last step
    list_steps: list[Any] = field(default_factory=list)

    def trigger_tests(self) -> tuple[ValueTest, ...]:
        """The constants of the trigger, as tests on the segment itself."""
        return tuple(ValueTest(-1, test.element, test.component, test.op, test.values) for test in self.tests if test.slot == 0)


@dataclass(eq=False)
class WrittenScope:
    """What is written for one record or list item: into a group instance, one segment, or one composite or pair."""

    plan: ScopePlan
    group: WrittenGroup | None
    segment: WrittenSegment | None
    inner: ElementStep | PairStep | None
    known: frozenset[str]
    expand_to: str = ""
    tree: bool = False
    conditions: dict[Target, list[Any]] = field(default_factory=dict)  # field → the `when:` of each rule of it; None: without one


class WritePlanner:
    """Builds the written scopes of a map. `notes` says which rules cannot be written, and why."""

    def __init__(self, plan: MapPlan, root: Node):
        self.plan = plan
        self.root_node = root
        self.notes: list[tuple[Any, str]] = []
        self.scopes: dict[int, WrittenScope] = {}
        self.hoisted: list[tuple[ValuePlan, Resolved, Target]] = []
        self.lists: list[WrittenList] = []
        self.shared: dict[int, Places] = {}

    def build(self) -> WrittenScope:
        """The scope of one record (of the message, where it holds one record)."""
        root = self.plan.root
        group = WrittenGroup(root.scope.group)
        scope = self._scope(root, group, None, None)
        self.scopes[root.number] = scope
        self._fill(scope, root, (), (), None)
        target_group = group
        if self.plan.records:
            self.message = WrittenGroup(self.root_node)
            self.record_step = self.plan.records[0].groups[-1]
            group.tests = self.record_step.tests
            target_group = self.message
            self._place_common(self.message, self.hoisted, ())
        for resolved, text, source in self.plan.writes:
            if isinstance(resolved.element, (ElementStep, PairStep)):
                self._place(target_group, resolved, WrittenValue(None, (source.path.steps[-1].name,), resolved.element, call=text))
        return scope

    def _scope(self, plan: ScopePlan, group: Any, segment: Any, inner: Any) -> WrittenScope:
        return WrittenScope(plan, group, segment, inner, frozenset(target[0] for target in plan.order))

    def _fill(self, scope: WrittenScope, plan: ScopePlan, prefix: Target, guards: tuple[Target, ...], outer: Resolved | None) -> None:
        """Hang the scope's values and lists; `outer` is the place of the object they stand in."""
        for one in plan.rules():
            scope.conditions.setdefault((*prefix, *one.target), []).append(one.when)
        for value in plan.values:
            if not value.sources:
                continue
            k = value.writes_to
            resolved = value.sources[k]
            if resolved.up or resolved.root:
                self.hoisted.append((value, resolved, (*prefix, *value.target)))
                continue
            chosen = [(n, source.when) for n, source in enumerate(value.rule.sources[:len(value.sources)]) if source.when and n != k]
            before: list[Any] = []
            for n, when in [*chosen, (k, None)]:
                written = WrittenValue(value, (*prefix, *value.target), value.sources[n].element, value.aux[n] if n < len(value.aux) else (),
                                       guards, variant=n if when else 0, only=when, unless=tuple(before))
                self._hang(scope, _join(outer, value.sources[n]), written)
                before.append(when)
        for use in plan.uses:
            marked = [k for k, source in enumerate(use.rule.sources) if source.write]
            resolved = _join(outer, use.sources[marked[0] if marked and marked[0] < len(use.sources) else 0])
            target = (*prefix, *use.target)
            if use.many:
                self._list(scope, use, target, resolved)
                self._share(plan, use)
            else:
                self._fill(scope, use.item, target, (*guards, target), resolved)

    def _hang(self, scope: WrittenScope, resolved: Resolved, written: WrittenValue) -> None:
        if scope.inner is not None or scope.segment is not None:
            assert scope.segment is not None
            scope.segment.values.append(written)
        else:
            assert scope.group is not None
            self._place(scope.group, resolved, written)

    def _place(self, group: WrittenGroup, resolved: Resolved, written: WrittenValue) -> None:
        segment = self._segment(self._descend(group, resolved.groups, resolved.segment), resolved)
        segment.values.append(written)

    def _place_common(self, group: WrittenGroup, hoisted: list[Any], target: Target) -> None:
        """Values of a list's items that stand in the place around the list: all items must agree on them."""
        for value, resolved, inside in hoisted:
            self._place(group, resolved, WrittenValue(value, inside, resolved.element, value.aux[0] if value.aux else (),
                                                      (), target))

    def _descend(self, group: WrittenGroup, steps: tuple[Any, ...], segment: SegmentStep | None) -> WrittenGroup:
        for index, step in enumerate(steps):
            if isinstance(step, TreeStep):
                if step.optional:
                    continue
                key: Any = ("tree", step.kinds)
                made = WrittenGroup(step.node, (), step.kinds)
            else:
                tests = step.tests
                if index == len(steps) - 1 and segment is not None and segment.node.slot == 0 and segment.node.parent is step.node:
                    tests = _merged(tests, tuple(ValueTest(0, t.element, t.component, t.op, t.values) for t in segment.tests))
                key = (step.node.slot, _written(tests), step.nth)
                made = WrittenGroup(step.node, tests)
            group = group.groups.setdefault(key, made)
        return group

    def _segment(self, group: WrittenGroup, resolved: Resolved) -> WrittenSegment:
        step = resolved.segment
        assert step is not None
        tests = step.tests
        if step.node.slot == 0:
            tests = _merged(group.trigger_tests(), tests)
        key = (step.node.slot, _written(tests), step.nth)
        return group.segments.setdefault(key, WrittenSegment(step.node, tests, step.nth))

    def _list(self, scope: WrittenScope, use: ScopeUse, target: Target, resolved: Resolved) -> None:
        item_plan = use.item
        recursive = item_plan.number in self.scopes
        if resolved.segment is None and resolved.element is None:  # instances of a group
            last = resolved.groups[-1]
            assert scope.group is not None
            group = self._descend(scope.group, resolved.groups[:-1], None)
            if not recursive:
                if isinstance(last, TreeStep):
                    made = WrittenGroup(last.node, (), last.kinds)
                else:
                    made = WrittenGroup(last.node, last.tests)
                item = self._scope(item_plan, made, None, None)
                item.tree = isinstance(last, TreeStep)
                self.scopes[item_plan.number] = item
                self._expand(item, use)
                before = len(self.hoisted)
                self._fill(item, item_plan, (), (), None)
                if not self.plan.records:
                    self._place_common(scope.group, self.hoisted[before:], target)
                    del self.hoisted[before:]
            self.lists.append(WrittenList(use, target, None, self.scopes[item_plan.number]))
            group.lists.append(self.lists[-1])
            group.list_steps.append(last)
            return
        if resolved.segment is None:  # composites or pairs of the scope's own segment
            assert scope.segment is not None
            segment = scope.segment
        else:
            assert scope.group is not None
            segment = self._segment(self._descend(scope.group, resolved.groups, resolved.segment), resolved)
        own = WrittenSegment(segment.node, segment.tests, segment.nth)
        item = self._scope(item_plan, None, own, resolved.element)
        self.scopes[item_plan.number] = item
        self._fill(item, item_plan, (), (), None)
        self.lists.append(WrittenList(use, target, resolved.element, item))
        segment.lists.append(self.lists[-1])

    def _share(self, plan: ScopePlan, use: ScopeUse) -> None:
        """Note which other lists fill the same field, so that each item is written at one place only."""
        together = [other for other in plan.uses if other.target == use.target]
        if len(together) > 1 or any(value.constant is not None for value in use.item.values):
            made = self.lists[-1]
            made.places, made.place = self._places(together), together.index(use)

    def _places(self, together: list[ScopeUse]) -> Places:
        key = together[0].number
        if key not in self.shared:
            self.shared[key] = Places(tuple(shape_of(other.item, one_line=True) | _qualified(other) for other in together))
        return self.shared[key]

    def _expand(self, item: WrittenScope, use: ScopeUse) -> None:
        if use.expand is None:
            return
        item.expand_to = use.rule.expand_to
        assert item.group is not None
        segment = self._segment(self._descend(item.group, use.expand.groups, use.expand.segment), use.expand)
        number = WrittenValue(None, ("",), ElementStep((0,), 1))
        own = WrittenScope(ScopePlan(-1, None), None, WrittenSegment(segment.node, (), 0, [number]), use.expand.element, frozenset())
        segment.lists.append(WrittenList(use, ("\0numbers",), use.expand.element, own))


MOST_KINDS = 1000  # of items that `Places` remembers
LINE = "\n"  # the only value of a shape that stands for a text without line breaks


def shape_of(plan: ScopePlan, seen: Mapping[int, Shape] | frozenset[int] = frozenset(), one_line: bool = False) -> Shape:
    """What the items of a list can hold at its place; a list that nests is its own shape. `one_line`: texts that are not
    written over several segments have no line breaks."""
    known = dict(seen) if isinstance(seen, Mapping) else {}
    shape: Shape = {"": tuple(rule.name for rule, target in plan.required if len(target) == 1)}
    known[plan.number] = shape
    for one in plan.rules():
        inner = shape
        for name in one.target[:-1]:
            inner = inner.setdefault(name, {"": ()})
        if isinstance(one, ValuePlan):
            single = one_line and one.convert.codec is not None and one.convert.codec.flow is None
            inner[one.target[-1]] = one.constant if one.constant is not None else LINE if single else None
        else:
            below = known.get(one.item.number) or shape_of(one.item, known, one_line)
            inner[one.target[-1]] = (below,) if one.many else below
    return shape


ANY = "\0any"  # fields of which a shape needs one: without the first value of a pair nothing is said


def _qualified(use: ScopeUse) -> Shape:
    """What a pair needs to be written: one of the fields that stand in its first place."""
    if not any(isinstance(source.element, PairStep) for source in use.sources):
        return {}
    inner = [(value, value.target) for value in use.item.values] + [
        (value, one.target) for one in use.item.uses if not one.many for value in one.item.values]
    return {ANY: tuple(dict.fromkeys(target[0] for value, target in inner if any(
        isinstance(source.element, ElementStep) and -source.element.positions[0] == 1 for source in value.sources)))}


def fits(item: Any, shape: Any) -> bool:
    """Whether a place of this shape has room for everything in the item, and would not add anything to it."""
    if isinstance(item, list):
        return isinstance(shape, tuple) and all(fits(one, shape[0]) for one in item)
    if not isinstance(item, dict):
        return _may_be(item, shape)
    return isinstance(shape, dict) and _needs_met(item, shape) and all(name in shape and fits(value, shape[name])
                                                                       for name, value in item.items())


def _may_be(value: Any, shape: Any) -> bool:
    if shape == LINE:
        return not (isinstance(value, str) and "\n" in value)
    return shape is None or (not isinstance(shape, (dict, tuple)) and value == shape)


def _needs_met(item: Mapping[str, Any], shape: Shape) -> bool:
    """Whether the item has what the place needs, and the constants that it would write."""
    if shape.get(ANY) and not any(item.get(name) for name in shape[ANY]):
        return False
    return all(item.get(name) is not None for name in shape[""]) and all(
        item.get(name) == value for name, value in _constants(shape).items())


def _constants(shape: Shape) -> dict[str, Any]:
    """The fields of which a place says itself what they are."""
    return {name: value for name, value in shape.items()
            if name and value is not None and value != LINE and not isinstance(value, (dict, tuple))}


@dataclass(eq=False, frozen=True, slots=True)
class Places:
    """The shapes of all lists that fill one field, in the map's order."""

    shapes: tuple[Shape, ...]
    seen: dict[Any, int] = field(default_factory=dict, compare=False)  # what was found for items alike
    told: set[str] = field(default_factory=set, compare=False)  # fields of which some place writes a constant

    def __post_init__(self) -> None:
        self.told.update(name for shape in self.shapes for name in _constants(shape))

    def of(self, item: Any) -> int:
        """The place that has room for all of the item: of several the one that is meant for the most of it, which says by
        constants what it holds, and of these the first. Where there is none, the one that can hold most of it; -1 where every
        place would say something that the item does not."""
        key = self._kind(item)
        if key is None:
            return self._of(item)
        if key not in self.seen:
            if len(self.seen) > MOST_KINDS:
                self.seen.clear()
            self.seen[key] = self._of(item)
        return self.seen[key]

    def _kind(self, item: Mapping[str, Any]) -> Any:
        """What decides of an item without objects and lists: its fields, values where some place has a constant, else whether
        there are line breaks; None for other items."""
        kind: list[Any] = []
        for name, value in item.items():
            if value.__class__ is str:
                kind += (name, value if name in self.told else "\n" in value)
            elif value is None or isinstance(value, (dict, list)):
                return None
            else:
                kind += (name, str(value) if name in self.told else False)
        return tuple(kind)

    def _of(self, item: Any) -> int:
        fitting = [number for number, shape in enumerate(self.shapes) if fits(item, shape)]
        if fitting:
            return max(fitting, key=lambda number: (len(_constants(self.shapes[number])), -number))
        held = [sum(name in shape for name in item) + 100 * _needs_met(item, shape) for shape in self.shapes]
        return held.index(max(held)) if max(held) >= 100 else -1


def _join(outer: Resolved | None, inner: Resolved) -> Resolved:
    """A path inside an object, seen from the scope around the object."""
    if outer is None:
        return inner
    return Resolved((*outer.groups, *inner.groups), inner.segment or outer.segment, inner.element or outer.element,
                    inner.up, inner.root, inner.words, inner.path)


def _merged(one: tuple[ValueTest, ...], two: tuple[ValueTest, ...]) -> tuple[ValueTest, ...]:
    return (*one, *(test for test in two if test not in one))


def _written(tests: tuple[ValueTest, ...]) -> tuple[Any, ...]:
    """What a place is known by: the constants it writes (a test that writes nothing does not make another segment)."""
    return tuple(sorted((t.slot, t.element, t.component, t.values[0]) for t in tests if t.op == "="))


def constants(tests: tuple[ValueTest, ...]) -> Iterator[tuple[int, int, str]]:
    """(element, component, text) that a segment's tests write."""
    for test in tests:
        if test.op == "=" and test.element:
            yield test.element, test.component, test.values[0]


__all__ = ["GroupStep", "Places", "Shape", "WritePlanner", "WrittenGroup", "WrittenList", "WrittenScope", "WrittenSegment", "WrittenValue", "constants"]
