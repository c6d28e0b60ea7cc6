"""Which values of a segment message (EDIFACT, X12) a map's rules read, select by, or leave unread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from edi_bridge.finding import Finding
from edi_bridge.interchange import Message, Position, unmask, wire
from edi_bridge.mapping.path import start_of
from edi_bridge.mapping.plan import MapPlan, ValuePlan
from edi_bridge.mapping.resolve import (
    ElementStep,
    GroupStep,
    PairStep,
    Resolved,
    Scope,
    ValueTest,
)
from edi_bridge.mapping.segment_trace import guide_path
from edi_bridge.mapping.unread import (
    ELSEWHERE,
    NO_RULE,
    UNKNOWN,
    Value,
    passes,
    refusals,
)
from edi_bridge.structure import Node, Structure

# Header, trailer and what only divides a message: section control (EDIFACT UNS), loop header and trailer (X12 LS, LE), the
# group control of EDIFACT syntax 4.
SERVICE = frozenset({"UNH", "UNT", "UNS", "UGH", "UGT", "ST", "SE", "LS", "LE"})
AGENCY = frozenset({"1131", "3055"})  # whose list a code of the same composite is from
LONGEST = 20  # characters of a qualifier that stands in a path


class SegmentPlaces:
    """The places that a map's rules name. One per map; `values` holds a message against them."""

    def __init__(self, plan: MapPlan, structure: Structure):
        self.structure = structure
        self.reads: set[tuple[str, int, int]] = set()  # segment node's path, element, component (0: all of it)
        self.beside: set[tuple[str, int, int]] = set()  # what conversions look at (a date's format)
        self.tests: dict[tuple[str, int, int], list[tuple[str, tuple[str, ...]]]] = {}
        self.pairs: dict[str, list[PairStep]] = {}
        self.written: set[tuple[str, int, int]] = set()  # by `writes:`, and the numbers of a tree
        for scope in plan.scopes:
            for one in scope.rules():
                self._rule(one, scope.scope)
        for resolved in plan.records:
            self._tests_of(resolved, plan.message.scope)
        for target, _, _ in plan.writes:
            node, element = self._tests_of(target, plan.message.scope)
            if node is not None and isinstance(element, ElementStep):
                self.written |= _spots(node, element)
        self.kind: tuple[str, int] | None = None  # where a node of the tree says what it is
        if (tree := structure.hierarchy) is not None:
            trigger = tree.node.children[0].path
            parts = [place for place in (tree.id, tree.parent, tree.kind, tree.has_child) if place is not None]
            self.written |= {(trigger, place[0], component) for place in parts for component in (0, place[1])}
            self.kind = (trigger, tree.kind[0]) if tree.kind is not None else None

    def _rule(self, one: Any, scope: Scope) -> None:
        for k, source in enumerate(one.sources):
            node, element = self._tests_of(source, scope)
            if node is None or not isinstance(one, ValuePlan):
                continue
            if isinstance(element, ElementStep):
                self.reads |= _spots(node, element, scope_of(source, scope).inner)
            for aux in one.aux[k] if k < len(one.aux) else ():
                if isinstance(aux, ElementStep):
                    self.beside |= _spots(node, aux)
        if not isinstance(one, ValuePlan) and isinstance(one.expand, Resolved):
            node, element = self._tests_of(one.expand, one.item.scope)
            if node is not None and isinstance(element, ElementStep):
                self.reads |= _spots(node, element)

    def _tests_of(self, resolved: Resolved, scope: Scope) -> tuple[Node | None, Any]:
        """Keep what a path asks for; its segment and element."""
        for step in resolved.groups:
            for test in step.tests if isinstance(step, GroupStep) else ():
                self._ask(step.node.children[max(test.slot, 0)], test)
        start = scope_of(resolved, scope)
        node = resolved.segment.node if resolved.segment is not None else start.segment if not resolved.groups else None
        if node is None:
            return None, None
        for test in resolved.segment.tests if resolved.segment is not None else ():
            self._ask(node, test)
        match resolved.element:
            case ElementStep() as one:
                for test in one.beside:
                    self._ask(node, test)
                for component, op, values in one.tests:
                    for position in one.positions:
                        self.tests.setdefault((node.path, position, component), []).append((op, values))
            case PairStep() as pair:
                self.pairs.setdefault(node.path, []).append(pair)
        return node, resolved.element

    def _ask(self, node: Node, test: ValueTest) -> None:
        self.tests.setdefault((node.path, test.element, test.component), []).append((test.op, test.values))

    # --- one message ------------------------------------------------------------------------------------------------

    def values(self, message: Message, places: Iterable[Position], findings: Iterable[Finding]) -> Iterator[Value]:
        """Every value between header and trailer, in the message's order."""
        read = {(place.segment, place.element, place.repetition, place.component) for place in places}
        refused = refusals((one for one in findings if one.position.element is not None),
                           lambda place: (place.segment, place.element, place.component))
        nodes = self.structure.places(self.structure.walk(message.segments, message.delimiters.component).root)
        here: dict[str, str] = {}  # trigger of a group → its qualifier in the instance that is gone through
        for number, elements in enumerate(message.segments, 1):
            if elements[0] in SERVICE:
                continue
            node = nodes.get(number - 1)
            if node is None:
                yield _whole(message, number, elements[0], UNKNOWN)
                continue
            here[node.path] = self._qualifier(message, number, node)
            yield from _Segment(self, message, number, node, here).values(read, refused)

    def fits(self, message: Message, position: Position, source: Resolved, scope: Scope) -> bool:
        """Whether a value at this place can have come by this path of a rule."""
        if position.segment is None:
            return False
        start = scope_of(source, scope)
        node = source.segment.node if source.segment is not None else start.segment
        nodes = {node} if node is not None else set()
        places = set()
        for one in nodes:
            if isinstance(source.element, ElementStep):
                places = {(one.path, element) for path, element, _ in _spots(one, source.element, start.inner)}
            elif isinstance(source.element, PairStep):
                before = message.value(position.segment, (position.element or 1) - 1)
                if source.element.qualifiers and before not in source.element.qualifiers:
                    return False
                places = {(one.path, element) for element in range(source.element.start, source.element.end + 1)}
        here = (position.path or "").rpartition("/")[0]
        if (here, position.element) not in places:
            return False
        return self._passes(message, position.segment, source)

    def _passes(self, message: Message, number: int, source: Resolved) -> bool:
        """Whether the segment, and the triggers of the groups around it, pass the tests of a path."""
        tags = message.segments
        tests = [(number, test) for test in (source.segment.tests if source.segment is not None else ())]
        tests += [(number, test) for test in (source.element.beside if isinstance(source.element, ElementStep) else ())]
        for step in source.groups:
            for test in step.tests if isinstance(step, GroupStep) and not step.nth else ():
                trigger = step.node.children[0]
                near = next((n for n in range(number, 0, -1) if tags[n - 1][0] == trigger.name), 0)
                if near and test.slot <= 0:
                    tests.append((near, test))
        return all(passes(message.value(n, test.element, test.component or 1), [(test.op, test.values)])
                   or (test.op == "lacks" and not message.value(n, test.element, test.component or 1)) for n, test in tests)

    def _qualifier(self, message: Message, number: int, node: Node) -> str:
        """What tells this segment from its like: the first element, where rules ask for it; a node's kind in a tree."""
        if self.kind is not None and self.kind[0] == node.path:
            return message.value(number, self.kind[1])[:LONGEST]
        asked = {(node.path, 1, 0), (node.path, 1, 1)} & self.tests.keys()
        return message.value(number, 1)[:LONGEST] if asked else ""

    def asks(self, path: str, element: int, component: int, text: str) -> bool:
        """Whether some rule asks for this text there."""
        return (passes(text, self.tests.get((path, element, component), ()))
                or (component == 1 and passes(text, self.tests.get((path, element, 0), ()))))


class _Segment:
    """One segment of a message."""

    def __init__(self, places: SegmentPlaces, message: Message, number: int, node: Node, here: dict[str, str]):
        self.places, self.message, self.number, self.node = places, message, number, node
        self.path = _path(node, here)
        self.pairs = [pair for pair in places.pairs.get(node.path, ()) if pair.qualifiers]

    def values(self, read: set[Any], refused: Any) -> Iterator[Value]:
        """Its values; one for all of them where a rule reads none."""
        listed: list[tuple[tuple[int, int | None, int], str, str]] = []  # place, text, why ('' known, 'asked', a reason)
        touched = False
        for element, repetition, component, text in self._texts():
            spot = (element, repetition, component)
            ways = {(self.number, element, r, c) for r in (None, repetition) for c in (None, component)}
            if ways & read:
                touched = True
                listed.append((spot, text, ""))
            elif why := refused.get((self.number, element, component)) or refused.get((self.number, element, None)):
                touched = True
                listed.append((spot, text, why))
            else:
                listed.append((spot, text, self._otherwise(element, component, text)))
        left = [why for _, _, why in listed if why not in ("", "asked", "beside")]
        if left and not touched:
            why = ELSEWHERE if any(path == self.node.path for path, _, _ in self.places.reads) else NO_RULE
            yield _whole(self.message, self.number, self.path, why, len(listed))
            return
        for spot, text, why in listed:
            yield self._value(spot, text, "" if why in ("asked", "beside") else why, listed)

    def _texts(self) -> Iterator[tuple[int, int | None, int, str]]:
        """(element, repetition, component, text) of everything that stands in it."""
        delimiters = self.message.delimiters
        for number, text in enumerate(self.message.segments[self.number - 1][1:], 1):
            several = text.split(delimiters.repetition) if delimiters.repetition and delimiters.repetition in text else None
            for repetition, one in enumerate(several or [text], 1):
                parts = one.split(delimiters.component) if delimiters.component else [one]
                for component, part in enumerate(parts, 1):
                    if part.strip():
                        yield number, repetition if several else None, component, unmask(part, delimiters)

    def _otherwise(self, element: int, component: int, text: str) -> str:
        """What a value is that no field was made of."""
        path, places = self.node.path, self.places
        if {(path, element, component), (path, element, 0)} & places.written:
            return ""
        if {(path, element, component), (path, element, 0)} & places.beside:
            return "beside"
        if places.asks(path, element, component, text) or self._is_qualifier(element, text) or self._agency(element, component):
            return "asked"
        known = {(path, element, component), (path, element, 0)} & places.reads
        return ELSEWHERE if known else NO_RULE

    def _is_qualifier(self, element: int, text: str) -> bool:
        return any(pair.start <= element <= pair.end and (element - pair.start) % 2 == 0 for pair in self.pairs)

    def _agency(self, element: int, component: int) -> bool:
        defined = self.places.structure.segments[self.node.name].elements
        parts = defined[element - 1].components if element <= len(defined) else ()
        return component <= len(parts) and parts[component - 1].id in AGENCY

    def _value(self, spot: Any, text: str, why: str, listed: Any) -> Value:
        element, repetition, component = spot
        defined = self.places.structure.segments[self.node.name].elements
        composite = element <= len(defined) and bool(defined[element - 1].components)
        if why and any(pair.start <= element <= pair.end for pair in self.pairs):
            pair = next(pair for pair in self.pairs if pair.start <= element <= pair.end)
            before = next((told for (number, _, _), told, _ in listed if number == element - 1), "")
            path = f"{self.path}/pairs({pair.start:02})[{before[:LONGEST]}]"
        else:
            path = self.path + guide_path(self.places.structure, self.node, element, component if composite else 0)[0][
                len(self.node.path):]
        return Value(path, text, why, partial(self.message.locate, self.number, element, component if composite else None, repetition))


def scope_of(resolved: Resolved, scope: Scope) -> Scope:
    """The scope in which a path's steps begin."""
    found: Scope = start_of(resolved.path, scope) if resolved.path is not None else scope
    return found


def _spots(node: Node, element: ElementStep, inner: Any = None) -> set[tuple[str, int, int]]:
    """The places that an element step means; inside a composite or a pair, those of it."""
    if element.positions == (0,) and isinstance(inner, ElementStep):
        return {(node.path, position, element.component) for position in inner.positions}
    if element.positions[0] < 0:
        parity = -element.positions[0] - 1
        span = range(inner.start + parity, inner.end + 1, 2) if isinstance(inner, PairStep) else ()
        return {(node.path, position, 0) for position in span}
    return {(node.path, position, element.component) for position in element.positions}


def _path(node: Node, here: dict[str, str]) -> str:
    """`SG2[BY]/SG5[OC]/CTA`: qualifiers stand at the group whose trigger has them, else at the segment."""
    parts = [node.name]
    group = node.parent
    if here[node.path] and (group is None or group.parent is None or group.children[0] is not node):
        parts = [f"{node.name}[{here[node.path]}]"]
    while group is not None and group.parent is not None:
        qualifier = here.get(group.children[0].path, "")
        parts.insert(0, f"{group.name}[{qualifier}]" if qualifier else group.name)
        group = group.parent
    return "/".join(parts)


def _whole(message: Message, number: int, path: str, why: str, values: int = 0) -> Value:
    """A segment of which nothing is read."""
    elements = message.segments[number - 1]
    text = wire(message.delimiters.element.join(elements), message.delimiters)
    return Value(path, text, why, partial(message.locate, number), values or sum(1 for one in elements[1:] if one.strip()))
