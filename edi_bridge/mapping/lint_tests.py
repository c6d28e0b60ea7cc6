"""Tests in paths: which cannot hold together, which alternatives another one hides, which rules write to the same place.

Every backend's path becomes the same thing here: a chain of levels, each with its tests as sets of texts. `[x=A|B]` allows a set,
`[x!=A|B]` everything but a set; `[x]` is "not the empty text", `[!x]` "the empty text", as the readers see it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from edi_bridge.mapping.mapfile import Origin
from edi_bridge.mapping.plan import ScopePlan, ScopeUse, ValuePlan
from edi_bridge.mapping.resolve import (
    ElementStep,
    PairStep,
    Resolved,
    Scope,
    TreeStep,
)
from edi_bridge.mapping.resolve_sheet import SheetPath
from edi_bridge.mapping.resolve_xml import XmlResolved

Allowed = tuple[bool, frozenset[str]]  # True: these texts, False: all but these
Tests = dict[Any, list[tuple[Allowed, str]]]  # what is tested → what it may be, and how the test is written
Level = tuple[Any, Tests, int]  # a place, its tests, which of several (0: any)
Chain = tuple[tuple[Level, ...], Any]


def allowed(op: str, values: Sequence[str]) -> Allowed:
    """The texts that pass a test."""
    match op:
        case "=":
            return True, frozenset(values)
        case "!=":
            return False, frozenset(values)
        case "has":
            return False, frozenset(("",))
    return True, frozenset(("",))


def excludes(one: Allowed, two: Allowed) -> bool:
    """Whether no text passes both."""
    match one[0], two[0]:
        case True, True:
            return not one[1] & two[1]
        case True, False:
            return one[1] <= two[1]
        case False, True:
            return two[1] <= one[1]
    return False


def implies(narrow: Allowed, wide: Allowed) -> bool:
    """Whether every text that passes `narrow` passes `wide`."""
    match narrow[0], wide[0]:
        case True, True:
            return narrow[1] <= wide[1]
        case True, False:
            return not narrow[1] & wide[1]
        case False, False:
            return wide[1] <= narrow[1]
    return False


# --- what is said ------------------------------------------------------------------------------------------------------

def of_rule(one: ValuePlan | ScopeUse, scope: ScopePlan, around: ScopeUse | None) -> Iterator[tuple[str, Origin, str]]:
    """Contradicting tests, and alternatives that are never read."""
    chains = [chain(source, scope.scope) for source in one.sources]
    inherited = _inherited(around)
    for number, (levels, _) in enumerate(chains):
        origin = one.rule.sources[number].origin if number < len(one.rule.sources) else one.rule.origin
        for level, (place, tests, _nth) in enumerate(levels):
            if level == 0:
                tests = _with(tests, inherited, place)
            for listed in tests.values():
                clash = next(((a[1], b[1]) for k, a in enumerate(listed) for b in listed[k + 1:] if excludes(a[0], b[0])), None)
                if clash:
                    yield "contradiction", origin, f"one value would have to be {clash[0]} and {clash[1]}, so {one.rule.sources[number].path} is never there"
    for number, later in enumerate(chains):
        for before, earlier in enumerate(chains[:number]):
            if covers(earlier, later):
                source, hiding = one.rule.sources[number], one.rule.sources[before]
                if not (source.write or source.when):
                    yield "shadowed", source.origin, f"{hiding.path} is there whenever {source.path} is, so this one is never read"
                break


def of_scope(scope: ScopePlan) -> Iterator[tuple[str, Origin, str]]:
    """Rules of one scope that get into each other's way."""
    for number, two in enumerate(scope.uses):
        for one in scope.uses[:number]:
            if one.target == two.target and one.many and not (one.when or two.when) and one.rule.expand is None and _overlap(one, two, scope):
                yield "read_twice", two.rule.origin, f"what {two.rule.sources[0].path} reads is read by {one.rule.sources[0].path} too"
    seen: dict[Any, ValuePlan] = {}
    for value in scope.values:
        key = _written_place(value)
        if key is None:
            continue
        if key in seen and _told_apart(seen[key], value):
            continue
        if key in seen:
            first = seen[key]
            where = f"{first.rule.origin.file.rpartition('/')[2]}:{first.rule.origin.line}"
            yield "set_twice", value.rule.origin, (
                f"{'.'.join(value.target)} and {'.'.join(first.target)} ({where}) are written to the same place, "
                f"{value.rule.sources[value.writes_to].path}; a record where they differ cannot be written")
        else:
            seen[key] = value


TOLD_APART = ({"iban", "account"},)  # conversions that share a place on purpose: each reads what the other leaves


def _told_apart(one: ValuePlan, two: ValuePlan) -> bool:
    """Whether two values share a place because what stands there tells which of them it is."""
    codecs = {value.convert.codec.name for value in (one, two) if value.convert.codec is not None}
    tables = [value.convert.table for value in (one, two) if value.convert.table is not None]
    disjoint = len(tables) == 2 and all(table.skip for table in tables) and tables[0].reads.keys().isdisjoint(tables[1].reads)
    return codecs in TOLD_APART or disjoint


def written(scope: ScopePlan) -> dict[Any, ValuePlan]:
    """place → the value that is written there, as `of_scope` compares places."""
    return {key: value for value in scope.values if (key := _written_place(value)) is not None}


def place_of(resolved: Any) -> Any:
    """What makes two paths from the same scope name the same place."""
    levels, end = chain(resolved, None)
    return tuple((place, _hashed(tests), nth) for place, tests, nth in levels), end, getattr(resolved, "up", 0), getattr(resolved, "root", False)


def _written_place(value: ValuePlan) -> Any:
    """None where a condition decides whether the place is written at all."""
    at = value.writes_to
    if at >= len(value.sources) or value.rule.when or any(source.when for source in value.rule.sources):
        return None
    return place_of(value.sources[at])


def _hashed(tests: Tests) -> frozenset[Any]:
    """The first text of a test is what is written for it; what only excludes tells nothing apart."""
    return frozenset((place, one) for place, listed in tests.items() for one, _ in listed)


def covers(wide: Chain, narrow: Chain) -> bool:
    """Whether `wide` is there whenever `narrow` is."""
    if wide[1] != narrow[1] or len(wide[0]) != len(narrow[0]):
        return False
    for (place, tests, nth), (other, more, which) in zip(wide[0], narrow[0], strict=True):
        if place != other or (nth and nth != which):
            return False
        for key, listed in tests.items():
            held = more.get(key, [])
            if not all(any(implies(two, one) for two, _ in held) for one, _ in listed):
                return False
    return True


def _overlap(one: ScopeUse, two: ScopeUse, scope: ScopePlan) -> bool:
    """Whether two lists of one field have an instance in common for certain: one of them covers the other."""
    chains = [[chain(source, scope.scope) for source in use.sources] for use in (one, two)]
    if any(source.when for use in (one, two) for source in use.rule.sources):
        return False
    return any(covers(a, b) or covers(b, a) for a in chains[0] for b in chains[1] if not _unlike(one, two))


def _unlike(one: ScopeUse, two: ScopeUse) -> bool:
    """Lists from the same places that read different things of them (a text and a code of one FTX)."""
    return {_reads(one)} != {_reads(two)}


def _reads(use: ScopeUse) -> frozenset[Any]:
    return frozenset((value.target, str(source.path)) for value in use.item.values for source in value.rule.sources)


def _inherited(around: ScopeUse | None) -> Tests:
    """The tests that the scope's own place has passed, where it has one place only."""
    if around is None or len(around.sources) != 1:
        return {}
    resolved = around.sources[0]
    if isinstance(resolved, SheetPath):
        return dict(chain(resolved, None)[0][-1][1]) if resolved.step is not None and resolved.step.kind == "row" else {}
    levels, _ = chain(resolved, None)
    return dict(levels[-1][1]) if levels and isinstance(resolved, Resolved) else {}


def _with(tests: Tests, inherited: Tests, place: Any) -> Tests:
    """Tests of the first level together with those that hold for the scope already; only for what is the scope's own."""
    if place != OWN:
        return tests
    return {key: [*inherited.get(key, ()), *tests.get(key, ())] for key in {*tests, *inherited}}


# --- paths as chains ---------------------------------------------------------------------------------------------------

OWN = "."  # the level of the scope's own place


def chain(resolved: Any, scope: Any) -> Chain:
    """A backend's path as levels with tests, and what is read at its end."""
    if isinstance(resolved, XmlResolved):
        return _xml(resolved)
    if isinstance(resolved, SheetPath):
        return _sheet(resolved)
    return _segments(resolved, scope)


def said(one: Allowed) -> str:
    """`BY`, `BY or SU`, `not BY`, `there`."""
    if one[1] == {""}:
        return "absent" if one[0] else "there"
    texts = " or ".join(value or "absent" for value in sorted(one[1]))
    return texts if one[0] else f"not {texts}"


def _add(tests: Tests, key: Any, one: Allowed) -> None:
    tests.setdefault(key, []).append((one, said(one)))


def _segments(resolved: Resolved, scope: Scope | None) -> Chain:
    levels: list[Level] = [((OWN), {}, 0)] if not (resolved.up or resolved.root) else [("^" if resolved.root else resolved.up, {}, 0)]
    for step in resolved.groups:
        tests: Tests = {}
        if isinstance(step, TreeStep):
            if step.kinds:
                _add(tests, "kind", (True, frozenset(step.kinds)))
            levels.append((("node", step.optional), tests, 0))
            continue
        for test in step.tests:
            _add(tests, (test.slot, test.element, test.component), allowed(test.op, test.values))
        levels.append(((id(step.node), step.onward), tests, step.nth))
    if resolved.segment is not None:
        step_ = resolved.segment
        trigger = step_.node.slot == 0  # a group's own segment: there is one, so its tests are the group's
        tests = levels[-1][1] if trigger else {}
        for test in step_.tests:
            _add(tests, (step_.node.slot, test.element, test.component), allowed(test.op, test.values))
        levels.append((id(step_.node), {} if trigger else tests, step_.nth))
    elif scope is not None and isinstance(scope, Scope) and scope.segment is not None and isinstance(resolved.element, ElementStep):
        for test in resolved.element.beside:
            _add(levels[0][1], (-1, test.element, test.component), allowed(test.op, test.values))
        return tuple(levels), _end(resolved.element)
    if isinstance(resolved.element, ElementStep):
        for test in resolved.element.beside:
            _add(levels[-1][1], ("beside", test.element, test.component), allowed(test.op, test.values))
        inner: Tests = {}
        for component, op, values in resolved.element.tests:
            _add(inner, component, allowed(op, values))
        levels.append(("element", inner, resolved.element.nth))
    elif isinstance(resolved.element, PairStep):
        levels.append(("pairs", {"kind": [((True, frozenset(resolved.element.qualifiers)), "")]} if resolved.element.qualifiers else {}, 0))
    return tuple(levels), _end(resolved.element)


def _end(element: ElementStep | PairStep | None) -> Any:
    if isinstance(element, ElementStep):
        return element.positions, element.component
    return ("pairs", element.start) if isinstance(element, PairStep) else None


def _xml(resolved: XmlResolved) -> Chain:
    levels: list[Level] = [("^" if resolved.root else resolved.up, {}, 0)]
    for step in resolved.steps:
        tests: Tests = {}
        for test in step.tests:
            single = not test.steps or all(child.most == 1 for child in test.steps)
            key = (tuple(child.tag for child in test.steps), test.attribute, test.up)
            _add(tests, key if single else (*key, len(tests)), allowed(test.op, test.values))
        levels.append((step.child.tag, tests, step.nth))
    return tuple(levels), resolved.attribute


def _sheet(resolved: SheetPath) -> Chain:
    if resolved.step is None:
        return ((OWN, {}, 0),), resolved.column
    tests: Tests = {}
    for test in resolved.step.tests:
        _add(tests, test.column, allowed(test.op, test.values))
    place = OWN if resolved.step.kind == "row" else (resolved.step.kind, resolved.step.group)
    return ((place, tests, resolved.step.nth),), (resolved.column, resolved.up, resolved.root)
