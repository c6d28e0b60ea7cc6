"""The plan of a map turned round for writing XML: objects dissolved, every value hung where its element will stand.

Two rules write into the same element when their paths name it by the same steps, tests and number; the first value of a
test `[…=…]` is written. Two places of an element that may stand only once in its parent (`cbc:ID[@schemeID=0088]` and
`cbc:ID[@schemeID!=0088]` in `cac:PartyIdentification`), and the items of a list of such an element
(`cac:BillingReference/cac:InvoiceDocumentReference`), are written into one parent each, where that may be repeated and
holds nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from edi_bridge.mapping.plan import MapPlan, ScopePlan, ScopeUse, ValuePlan
from edi_bridge.mapping.resolve_xml import XmlResolved, XmlStep, XmlTest
from edi_bridge.mapping.write_plan import Shape, shape_of
from edi_bridge.structure_xml import XmlChild, XmlStructure

Target = tuple[str, ...]
Condition = tuple[Any, Target]  # a `when:` and the object whose fields it looks at


@dataclass(eq=False)
class XmlValue:
    """A text to be written. `target` is its path in the scope's record; `common` names the list whose items must agree on
    it (a value of an element around the list's); `call` is a constant or named function instead of a field. `beside`
    counts what the codec writes in further places; -1 is the value itself."""

    plan: ValuePlan | None
    target: Target
    guards: tuple[Target, ...] = ()  # objects around it: their defaults fill only when the object is there
    conditions: tuple[Condition, ...] = ()
    common: Target | None = None
    call: str = ""
    beside: int = -1
    shape: tuple[tuple[Shape, ...], int] = ((), 0)  # which items of a list of several shapes `common` asks
    tests: tuple[XmlTest, ...] = ()  # what the path asks of this very text: another one would not be read back here


@dataclass(eq=False)
class XmlList:
    """A list whose items are elements of one name in a place."""

    use: ScopeUse | None  # None: the records of the message
    target: Target
    child: XmlChild
    scope: XmlWrittenScope
    conditions: tuple[Condition, ...] = ()
    shapes: tuple[Shape, ...] = ()  # of all lists that fill the same field, where there are several
    shape: int = 0  # which of them is this one


@dataclass(eq=False)
class XmlPlace:
    """One element to be written. `forced` says that it belongs to a test of an element around it, and so stands there
    whenever that one does."""

    child: XmlChild
    scope: XmlWrittenScope | None
    parent: XmlPlace | None = None
    nth: int = 0
    forced: bool = False
    tested: bool = False  # a path leads here only under a condition
    texts: list[XmlValue] = field(default_factory=list)
    attributes: dict[str, list[XmlValue]] = field(default_factory=dict)
    constant: str = ""
    constants: dict[str, str] = field(default_factory=dict)
    below: dict[Any, XmlPlace] = field(default_factory=dict)
    lists: list[XmlList] = field(default_factory=list)
    own: list[XmlList] = field(default_factory=list)  # lists whose one item is this very element (`each: "."`)


@dataclass(eq=False)
class XmlWrittenScope:
    """What is written for one record or list item. `outer` and `target` say in which list of which scope it stands."""

    plan: ScopePlan | None
    place: XmlPlace
    outer: XmlWrittenScope | None = None
    target: Target = ()
    shape: tuple[tuple[Shape, ...], int] = ((), 0)  # of its list, where that has several
    known: dict[Target, set[str]] = field(default_factory=dict)  # object → its fields that the map writes or knows
    required: list[tuple[Target, Target]] = field(default_factory=list)  # (object with a place that it stands in, field)
    tests: tuple[XmlTest, ...] = ()  # of the list's items
    fixed: list[ValuePlan] = field(default_factory=list)  # constants without a place: the record must agree


class XmlWritePlanner:
    """Builds the written scopes of a map: `scopes` by the number of their plan, `top` that of the whole document."""

    def __init__(self, plan: MapPlan, structure: XmlStructure):
        self.plan = plan
        self.structure = structure
        self.scopes: dict[int, XmlWrittenScope] = {}
        self.tags: set[str] = {structure.root.tag}
        place = XmlPlace(structure.root, None, constants=self._fixed(structure.root))
        self.top = XmlWrittenScope(None if plan.records else plan.root, place)
        place.scope = self.top

    def build(self) -> XmlWrittenScope:
        """The scope of the whole document."""
        if self.plan.records:
            resolved = self.plan.records[0]
            around = self._descend(self.top.place, resolved.steps[:-1])
            scope = self._item(self.plan.root, resolved.steps[-1], around, ("",))
            around.lists.append(XmlList(None, ("",), resolved.owner, scope))
        else:
            self.scopes[self.plan.root.number] = self.top
            self._fill(self.top, self.plan.root, self.top.place, (), (), ())
        for resolved, text, source in self.plan.writes:
            for around, steps in self._items(self.top.place, resolved.steps):
                place = self._descend(around, steps)
                if text or resolved.attribute:
                    self._put(place, resolved.attribute, XmlValue(None, (str(source.path),), call=text))
                else:
                    place.forced = True  # an element that stands there empty, whenever the one around it does
        return self.top

    def _items(self, place: XmlPlace, steps: tuple[XmlStep, ...]) -> list[tuple[XmlPlace, tuple[XmlStep, ...]]]:
        """Where a path of `writes:` begins, with the rest of it: in each item of the lists of elements that it leads through
        (where it has tests, those with the same ones), whose fields its function then sees; else at the place itself."""
        at, below = place, []
        for n, step in enumerate(steps):
            below += [found for one in at.lists
                      if one.child.tag == step.child.tag and (not step.tests or _written(step.tests) == _written(one.scope.tests))
                      for found in self._items(one.scope.place, steps[n + 1:])]
            key = (step.child.tag, _written(step.tests), step.nth)
            if below or key not in at.below:
                break
            at = at.below[key]
        return below or [(place, steps)]

    def _fill(self, scope: XmlWrittenScope, plan: ScopePlan, place: XmlPlace, prefix: Target, guards: tuple[Target, ...],
              conditions: tuple[Condition, ...]) -> None:
        """Hang the values and lists of a scope, or of an object inside it that stands at `place`."""
        scope.required += [(prefix, (*prefix, *target)) for _, target in plan.required]
        for target in plan.order:
            for n in range(len(target)):
                scope.known.setdefault((*prefix, *target[:n]), set()).add(target[n])
        for value in plan.values:
            if value.sources:
                self._value(scope, value, place, prefix, guards, conditions)
            elif value.constant is not None and not prefix:
                scope.fixed.append(value)
        for use in plan.uses:
            marked = [k for k, source in enumerate(use.rule.sources) if source.write]
            resolved = use.sources[marked[0] if marked and marked[0] < len(use.sources) else 0]
            target = (*prefix, *use.target)
            inside = (*conditions, (use.when, target[:-1])) if use.when else conditions
            base = self._base(place, resolved)
            if not use.many:
                self._fill(scope, use.item, self._descend(base, resolved.steps), target, (*guards, target), inside)
                continue
            if not resolved.steps:
                if use.item.number not in self.scopes:
                    self._item(use.item, XmlStep(base.child), base.parent or base, target)
                base.own.append(XmlList(use, target, base.child, self.scopes[use.item.number], inside))
                continue
            around = self._descend(base, resolved.steps[:-1])
            together = [other for other in plan.uses if other.target == use.target]
            shapes = tuple(shape_of(other.item, frozenset()) for other in together) if len(together) > 1 else ()
            shape = together.index(use)
            if use.item.number not in self.scopes:
                self._item(use.item, resolved.steps[-1], around, target, (shapes, shape))
            around.lists.append(XmlList(use, target, resolved.owner, self.scopes[use.item.number], inside, shapes, shape))

    def _item(self, plan: ScopePlan, step: XmlStep, around: XmlPlace, target: Target,
              shape: tuple[tuple[Shape, ...], int] = ((), 0)) -> XmlWrittenScope:
        place = XmlPlace(step.child, None, around, constants=self._fixed(step.child))
        self.tags.add(step.child.tag)
        scope = XmlWrittenScope(plan, place, around.scope, target, shape=shape)
        place.scope = scope
        self.scopes[plan.number] = scope
        self._constants(place, step.tests)
        scope.tests = step.tests
        self._fill(scope, plan, place, (), (), ())
        return scope

    def _value(self, scope: XmlWrittenScope, value: ValuePlan, place: XmlPlace, prefix: Target, guards: tuple[Target, ...],
               conditions: tuple[Condition, ...]) -> None:
        k = value.writes_to
        resolved = value.sources[k]
        target = (*prefix, *value.target)
        if value.when:
            conditions = (*conditions, (value.when, target[:-1]))
        base = self._base(place, resolved)
        common = self._common(scope, base.scope)
        found = self._descend(base, resolved.steps)
        around = scope.tests if base is scope.place else ()
        self._put(found, resolved.attribute, XmlValue(value, target, guards, conditions, common, tests=_asked(resolved, around),
                                                           shape=scope.shape if common == scope.target and len(common) == 1 else ((), 0)))
        for a, beside in enumerate(value.aux[k] if k < len(value.aux) else ()):
            at = self._descend(base, beside.steps)
            self._put(at, beside.attribute, XmlValue(value, target, guards, conditions, common, beside=a))

    def _base(self, place: XmlPlace, resolved: XmlResolved) -> XmlPlace:
        """Where a path starts: the scope's own element, one around it, or the root."""
        if resolved.root:
            return self.top.place
        for _ in range(resolved.up):
            assert place.parent is not None
            place = place.parent
        return place

    def _common(self, scope: XmlWrittenScope, owner: XmlWrittenScope | None) -> Target | None:
        """The lists between a scope and the one around it that a value is written in; None: it is the same."""
        names: Target = ()
        here: XmlWrittenScope | None = scope
        while here is not None and here is not owner:
            names, here = (*here.target, *names), here.outer
        return names or None

    def _descend(self, place: XmlPlace, steps: tuple[XmlStep, ...]) -> XmlPlace:
        for step in steps:
            key = (step.child.tag, _written(step.tests), step.nth)
            if key not in place.below:
                place.below[key] = XmlPlace(step.child, place.scope, place, step.nth, constants=self._fixed(step.child))
                self.tags.add(step.child.tag)
                self._constants(place.below[key], step.tests)
            place.below[key].tested |= bool(step.tests)
            place = place.below[key]
        return place

    def _fixed(self, child: XmlChild) -> dict[str, str]:
        return dict(self.structure.fixed.get(child.name, {}))

    def _constants(self, place: XmlPlace, tests: tuple[XmlTest, ...]) -> None:
        """The first value of each `=`, at the element or attribute that the test looks at."""
        for test in tests:
            if test.op != "=" or test.up:
                continue
            at = place
            for child in test.steps:
                at = self._descend(at, (XmlStep(child),))
                at.forced = True
            if test.attribute:
                at.constants[test.attribute] = test.values[0]
            else:
                at.constant = test.values[0]

    def _put(self, place: XmlPlace, attribute: str, value: XmlValue) -> None:
        held = place.attributes.setdefault(attribute, []) if attribute else place.texts
        if value.beside >= 0:
            held.append(value)
            return
        own = sum(one.beside < 0 for one in held)
        held.insert(own, value)  # a rule of its own goes before what a codec would fill in


def _asked(resolved: XmlResolved, around: tuple[XmlTest, ...]) -> tuple[XmlTest, ...]:
    """The tests on a path, and on the item it begins in, that look at the very place it ends in."""
    asked = []
    for n, tests in enumerate([around, *(step.tests for step in resolved.steps)]):
        rest = tuple(step.child for step in resolved.steps[n:])
        asked += [test for test in tests if test.op in ("=", "!=") and not test.up
                  and (test.steps, test.attribute) == (rest, resolved.attribute)]
    return tuple(asked)


def _written(tests: tuple[XmlTest, ...]) -> tuple[Any, ...]:
    """What a place is known by: the constants that it writes, and those that it must not have."""
    return tuple(sorted((tuple(child.tag for child in test.steps), test.attribute, test.op,
                         test.values[:1] if test.op == "=" else test.values)
                        for test in tests if test.op != "has" and not test.up))
