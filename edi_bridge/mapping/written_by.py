"""Which rule of a map wrote a place of a segment message that we sent, and from which field; also for a place that is empty.

The message is traced with the map that wrote it (`field_trace`), so a place that holds a field's value leads back to that
field. What no field gave is a constant or count of `writes:`, a qualifier that a path demands (`QTY[6063=21]`), or the program's
own (envelope, numbers of a hierarchy). What is missing leads to the rule that would have written it: in the group
instance around the place, among the rules whose tests hold there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from edi_bridge.interchange import Message, Position
from edi_bridge.mapping.field_trace import Traced
from edi_bridge.mapping.plan import MapPlan, ScopePlan, ScopeUse, ValuePlan
from edi_bridge.mapping.resolve import (
    ElementStep,
    GroupStep,
    PairStep,
    Resolved,
    TreeStep,
    ValueTest,
)
from edi_bridge.mapping.segment_trace import guide_path
from edi_bridge.structure import Instance, Node, Structure

FIELD, BESIDE, QUALIFIER, WRITES, PROGRAM, EMPTY, UNREAD = "field", "beside", "qualifier", "writes", "program", "empty", "unread"
ENVELOPE = ("UNH", "UNT", "ST", "SE")


@dataclass(frozen=True, slots=True)
class Origin:
    """What wrote a place, or would have. `how`: field (its value stands there), beside (what belongs to it, as a date's
    format code), qualifier (a path of the rule demands it), writes (a line of `writes:`; `text` is what it says), program
    (envelope, hierarchy), empty (the rule is there, the field has no value), unread (no rule of the map; `fields` and `rule`
    are those of the rest of the segment).

    `fields` are paths in the record `record`; several where a whole segment is meant, or where the answer does not say which.
    `rule` is `file:line` of the first. `raw` is what stands there now, `segment` the whole segment for people.
    """

    how: str
    place: Position
    fields: tuple[str, ...] = ()
    rule: str = ""
    raw: str = ""
    text: str = ""
    segment: str = ""
    record: int = 0


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A value rule and the place it writes to."""

    value: ValuePlan
    scope: ScopePlan
    resolved: Resolved
    node: Node


class Origins:
    """The origins of one message; `traced` is what `CompiledMap.trace` gives for it."""

    def __init__(self, message: Message, plan: MapPlan, structure: Structure, traced: list[Traced]):
        self.message, self.plan, self.structure, self.traced = message, plan, structure, traced
        root = structure.walk(message.segments, message.delimiters.component).root
        self.nodes = structure.places(root)
        self.chains: dict[int, tuple[tuple[Node, Instance], ...]] = {}
        self._chain(structure.root, root, ())
        self.by_number = {one.number: one for scope in plan.scopes for one in scope.rules()}
        self.scope_of = {one.number: scope for scope in plan.scopes for one in scope.rules()}
        self.patterns: dict[int, list[tuple[str, tuple[ScopeUse, ...]]]] = {scope.number: [] for scope in plan.scopes}
        self._all_patterns(plan.root, "", (), frozenset({plan.root.number}))
        self.in_segment: dict[int, list[Traced]] = {}  # from 1; what has a text there
        self.in_instance: dict[int, list[Traced]] = {}  # by the instance's identity: what has a text somewhere in it
        self._index()

    def at(self, segment: int, element: int | None = None, component: int | None = None) -> Origin:
        """What wrote a segment (from 1), an element of it, or a component."""
        place = self._place(segment, element, component)
        if not 0 < segment <= len(self.message.segments):
            return Origin(UNREAD, place)
        raw = self.message.value(segment, element, component or 1) if element is not None else ""
        base = Origin(UNREAD, place, raw=raw, segment=self.message.delimiters.element.join(self.message.segments[segment - 1]))
        for how, wanted in ((FIELD, "places"), (BESIDE, "beside")):
            hits = [
                one
                for one in self.in_segment.get(segment, ())
                for where in getattr(one, wanted)
                if _covers(where.position, segment, element, component)
            ]
            if hits:
                return _of(base, how, [(one.path, one.origin) for one in hits], hits[0].record)
        if self.message.segments[segment - 1][0] in ENVELOPE:
            return replace(base, how=PROGRAM)
        if element is None:
            return base
        made = self._written(base, segment, element, component) or self.missing(segment, base.place.tag, element, component)
        if made.how == UNREAD:
            return self._beside(base, segment)
        return replace(made, how=FIELD, raw=raw) if made.how == EMPTY and raw else made  # a value that its own rule does not take

    def _beside(self, base: Origin, segment: int) -> Origin:
        """A place that no rule knows, with what wrote the rest of its segment."""
        rest = self.at(segment)
        return replace(base, fields=rest.fields, rule=rest.rule, record=rest.record)

    def missing(self, segment: int, tag: str | None, element: int | None = None, component: int | None = None) -> Origin:
        """What would have written a segment that should stand at this number, or an element of the segment that stands there."""
        stands = element is not None and 0 < segment <= len(self.message.segments)
        place = self._place(segment, element, component) if stands else Position(
            interchange=self.message.interchange, message=self.message.ordinal, segment=segment, tag=tag)
        around = [segment - 1] if stands else [segment - 2, segment - 1]
        base = Origin(
            UNREAD, place, segment=self.message.delimiters.element.join(self.message.segments[segment - 1]) if stands else ""
        )
        fitting = [
            one
            for one in self._candidates(tag or "", element, component)
            if not stands or self.nodes.get(segment - 1) is one.node
        ]
        tries = [(field, number) for field in ((self._field,) if stands else (self._field, self._next)) for number in around]
        found: dict[str, Any] = {}
        for field, number in tries:
            listed = ((field(one, number, segment if stands else 0), one.value.rule) for one in fitting)
            found = {path: rule for path, rule in listed if path}
            if found:
                break
        filled = {one.path for one in self.traced}
        empty = {path: rule for path, rule in found.items() if path not in filled} or found
        required = {path: rule for path, rule in empty.items() if rule.required} or empty
        if found:
            return _of(base, EMPTY, [(path, rule.origin) for path, rule in required.items()], 0)
        return self._constant(base, tag, element) or (replace(base, how=PROGRAM) if tag in ENVELOPE else base)

    # --- what no field gave -----------------------------------------------------------------------------------------

    def _written(self, base: Origin, segment: int, element: int, component: int | None) -> Origin | None:
        node = self.nodes.get(segment - 1)
        for resolved, text, source in self.plan.writes:
            if node is None or resolved.segment is None or resolved.segment.node is not node:
                continue
            tests = list(resolved.segment.tests)
            for step in resolved.groups[-1:]:
                tests += [test for test in step.tests if test.slot == node.slot] if isinstance(step, GroupStep) else []
            if _reaches(resolved.element, element, component) or any(_tests(test, element, component) for test in tests):
                return replace(base, how=WRITES, rule=str(source.origin), text=text)
        tree = self.structure.hierarchy
        if tree is not None and node is tree.node.children[0] and any(
                place and place[0] == element for place in (tree.id, tree.parent, tree.kind, tree.has_child)):
            return replace(base, how=PROGRAM)
        hits = [(one.path, one.origin) for one in self._near(segment) if self._demands(one, segment, element, component)]
        return _of(base, QUALIFIER, hits, 0) if hits else None

    def _demands(self, one: Traced, segment: int, element: int, component: int | None) -> bool:
        """Whether the rule's path, or that of an object or list around it, writes this place as a constant."""
        node, chain = self.nodes.get(segment - 1), self.chains.get(segment - 1, ())
        if node is None:
            return False
        within = {where.position.segment: where.position.element for where in one.places}
        here = segment in within
        inside = len(chain) > 1 and any(_holds(self.chains.get((other or 0) - 1, ()), chain[-1][1]) for other in within)
        if here and any(
            _own(resolved.element, within[segment], element, component) for resolved in self.by_number[one.number].sources
        ):
            return True
        for resolved in self._ways(one):
            tests: list[ValueTest] = []
            if resolved.segment is not None and resolved.segment.node is node and (here or (inside and node.slot == 0)):
                tests += resolved.segment.tests
            for step in resolved.groups:  # tests on a group's segments hold for the instance that the value stands in
                if inside and isinstance(step, GroupStep) and step.node is chain[-1][0]:
                    tests += [test for test in step.tests if test.slot == node.slot]
            if any(_tests(test, element, component) for test in tests):
                return True
        return False

    def _ways(self, one: Traced) -> Iterator[Resolved]:
        """Every path on the way to the rule's value: the records', those of the objects and lists around it, its own."""
        yield from self.plan.records
        for pattern, uses in self._patterns(self.scope_of[one.number]):
            if not pattern or re.match(pattern + r"(?=\.|$)", one.path):
                for use in uses:
                    yield from use.sources
        rule = self.by_number[one.number]
        yield from rule.sources
        if isinstance(rule, ScopeUse) and rule.expand is not None:
            yield rule.expand

    def _constant(self, base: Origin, tag: str | None, element: int | None) -> Origin | None:
        """A line of `writes:` for a segment that is missing."""
        for resolved, text, source in self.plan.writes:
            if resolved.segment is not None and resolved.segment.node.name == tag and (
                    element is None or _reaches(resolved.element, element, None)):
                return replace(base, how=WRITES, rule=str(source.origin), text=text)
        return None

    # --- what would have written it -----------------------------------------------------------------------------------

    def _candidates(self, tag: str, element: int | None, component: int | None) -> Iterator[_Candidate]:
        """Every rule that writes into segments of this tag, at this place of it."""
        for scope in self.plan.scopes:
            for value in scope.values:
                for resolved in value.sources:
                    node = resolved.segment.node if resolved.segment is not None else scope.scope.segment
                    if node is None and resolved.groups and not isinstance(resolved.groups[-1], TreeStep):
                        node = resolved.groups[-1].node.children[0]
                    if (
                        node is not None
                        and node.name == tag
                        and (element is None or _reaches(resolved.element, element, component))
                    ):
                        yield _Candidate(value, scope, resolved, node)

    def _field(self, one: _Candidate, number: int, standing: int) -> str:
        """The record's field that the rule reads, for the instances around segment `number` (from 0); '' where it does not fit.
        `standing` is the segment itself (from 1), whose values the rule's tests must find."""
        if (
            standing
            and one.resolved.segment is not None
            and not all(self._passes(test, standing) for test in one.resolved.segment.tests)
        ):
            return ""
        instance = self._instance(one.scope, number)
        for pattern, uses in self._patterns(one.scope):
            prefix = None
            if instance is not None:
                prefix = self._prefix(pattern, instance, standing if one.scope.scope.segment is not None else 0)
                if prefix is None and "\\[" not in pattern and all(self._fits(use, instance) for use in uses):
                    prefix = re.sub(r"\\(.)", r"\1", pattern)
            if prefix is not None:
                name = ".".join(one.value.target)
                return f"{prefix}.{name}" if prefix else name
        return ""

    def _next(self, one: _Candidate, number: int, standing: int) -> str:
        """The same for an object or item that is not there at all."""
        prefixes = (self._new(uses, number) for _, uses in self._patterns(one.scope) if uses)
        prefix = next((each for each in prefixes if each is not None), None)
        return "" if prefix is None else f"{prefix}.{'.'.join(one.value.target)}"

    def _instance(self, scope: ScopePlan, number: int) -> Instance | None:
        """The innermost instance of the scope's group around a segment (from 0)."""
        return next((each for node, each in reversed(self.chains.get(number, ())) if node is scope.scope.group), None)

    def _new(self, uses: tuple[ScopeUse, ...], number: int) -> str | None:
        """The path of an item or object that is not there, in the instances around a segment: the next of its list."""
        outer, last = self.scope_of[uses[-1].number], uses[-1]
        instance = self._instance(outer, number)
        around = "" if len(uses) == 1 else None
        if around is None and instance is not None:
            around = next(
                (self._prefix(pattern, instance, 0) for pattern, each in self._patterns(outer) if each == uses[:-1]), None
            )
        if around is None:
            return None
        path = ".".join(filter(None, (around, *last.target)))
        if not last.many:
            return None if any(one.path.startswith(f"{path}.") for one in self.traced) else path
        item = re.compile(re.escape(path) + r"\[\d+\]")
        there = {match[0] for one in self.traced if (match := item.match(one.path))}
        return f"{path}[{len(there)}]"

    def _prefix(self, pattern: str, instance: Instance, standing: int) -> str | None:
        """The concrete path of the scope whose values stand in the instance (or in the very segment)."""
        if not pattern:
            return ""
        for one in self.in_instance.get(id(instance), ()):
            match = re.match(pattern + r"(?=\.)", one.path)
            if match and any((not standing or where.position.segment == standing) and
                             _holds(self.chains.get((where.position.segment or 0) - 1, ()), instance) for where in one.places):
                return match[0]
        return None

    def _fits(self, use: ScopeUse, instance: Instance) -> bool:
        """Whether an instance passes the tests that lead to the object."""
        for resolved in use.sources:
            steps = [step for step in resolved.groups if isinstance(step, GroupStep)]
            if (
                steps
                and instance[0]
                and all(self._passes(test, instance[0][0] + 1) for test in steps[-1].tests if test.slot == 0)
            ):
                return True
        return not any(resolved.groups for resolved in use.sources)

    def _passes(self, test: ValueTest, segment: int) -> bool:
        value = self.message.value(segment, test.element, max(test.component, 1)) if test.element else "x"
        return {"=": value in test.values, "!=": value not in test.values, "has": bool(value), "lacks": not value}[test.op]

    # --- scopes and instances -----------------------------------------------------------------------------------------

    def _patterns(self, scope: ScopePlan) -> list[tuple[str, tuple[ScopeUse, ...]]]:
        """What paths of the scope look like in the record (a fragment's scope has several), with the uses that lead to it."""
        return self.patterns[scope.number]

    def _all_patterns(self, here: ScopePlan, pattern: str, uses: tuple[ScopeUse, ...], seen: frozenset[int]) -> None:
        self.patterns[here.number].append((pattern, uses))
        for use in here.uses:
            if use.item.number not in seen:
                step = re.escape(".".join(use.target)) + (r"\[\d+\]" if use.many else "")
                if use.rule.recurse:
                    step += rf"(?:\.{use.rule.recurse}\[\d+\])*"
                self._all_patterns(use.item, f"{pattern}\\.{step}" if pattern else step, (*uses, use), seen | {use.item.number})

    def _index(self) -> None:
        for one in self.traced:
            segments = dict.fromkeys(where.position.segment or 0 for where in (*one.places, *one.beside))
            for segment in segments:
                self.in_segment.setdefault(segment, []).append(one)
            around = {id(instance): None for segment in segments for _, instance in self.chains.get(segment - 1, ())}
            for instance in around:
                self.in_instance.setdefault(instance, []).append(one)

    def _near(self, segment: int) -> list[Traced]:
        """What has a text in the segment's group instance; at the top level, in the segment itself."""
        chain = self.chains.get(segment - 1, ())
        return self.in_instance.get(id(chain[-1][1]), []) if len(chain) > 1 else self.in_segment.get(segment, [])

    def _chain(self, group: Node, instance: Instance, around: tuple[tuple[Node, Instance], ...]) -> None:
        chain = (*around, (group, instance))
        for child, held in zip(group.children, instance, strict=False):
            for item in held or ():
                if child.is_group:
                    self._chain(child, item, chain)
                else:
                    self.chains[item] = chain

    def _place(self, segment: int, element: int | None, component: int | None) -> Position:
        position = self.message.locate(segment, element, component)
        node = self.nodes.get(segment - 1)
        if node is None or element is None:
            return replace(position, path=node.path) if node is not None else position
        path, ident = guide_path(self.structure, node, element, component or 0)
        return replace(position, path=path, id=ident)


def _of(base: Origin, how: str, hits: list[tuple[str, Any]], record: int) -> Origin:
    paths = tuple(dict.fromkeys(path for path, _ in hits))
    return replace(base, how=how, fields=paths, rule=str(hits[0][1]), record=record)


def _covers(position: Position, segment: int, element: int | None, component: int | None) -> bool:
    if position.segment != segment or (element is not None and position.element != element):
        return False
    return element is None or component is None or (position.component or 1) == component


def _reaches(step: Any, element: int, component: int | None) -> bool:
    match step:
        case ElementStep():
            return element in step.positions and (component is None or not step.component or step.component == component)
        case PairStep():
            return step.start <= element <= step.end
    return False


def _own(step: Any, stands: int | None, element: int, component: int | None) -> bool:
    """Whether a value's own step demands it: the qualifier in front of a pair, tests on its composite or on its segment."""
    if isinstance(step, PairStep):
        return stands == element + 1
    return isinstance(step, ElementStep) and (any(_tests(test, element, component) for test in step.beside) or (
        element in step.positions and any(number == component for number, _, _ in step.tests)))


def _tests(test: ValueTest, element: int, component: int | None) -> bool:
    return test.op == "=" and test.element == element and (component is None or not test.component or test.component == component)


def _holds(chain: tuple[tuple[Node, Instance], ...], instance: Instance) -> bool:
    return any(each is instance for _, each in chain)
