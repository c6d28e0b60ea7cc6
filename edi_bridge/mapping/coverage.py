"""What of a map some messages exercised, and what of the messages no rule read.

A rule is exercised when a field of a record came from it (the trace says so), a code when a field came through its row. A
value of a message is read when a field was made of it or of it besides (a date's format), and it *selects* when a rule's
path asks for it (`QTY[6063=21]`); what is neither is unread. Headers, trailers, numbers of a hierarchy and what the map
itself writes (`writes:`) are no data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from edi_bridge.interchange import AnyMessage, Document, Message, Position, Sheet, element_path
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.mapping.field_trace import Traced
from edi_bridge.mapping.mapfile import Origin
from edi_bridge.mapping.plan import ScopePlan, ValuePlan
from edi_bridge.mapping.resolve import ElementStep, GroupStep, PairStep, Resolved, ValueTest
from edi_bridge.mapping.segment_trace import guide_path
from edi_bridge.structure import Node, Structure

EXAMPLES = 3  # of a path that no rule reads


@dataclass(frozen=True, slots=True)
class RuleUse:
    """A rule that fills a field: how often it did, and which codes of its table came (`known` are all that it reads)."""

    field: str  # lines.quantity
    path: str
    origin: Origin
    count: int
    known: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()


@dataclass(slots=True)
class Unread:
    """Values at a path (numbers of items left out) that no rule reads."""

    path: str
    count: int = 0
    messages: int = 0
    examples: list[tuple[str, Position]] = field(default_factory=list)


@dataclass(slots=True)
class Coverage:
    """Of one map over some messages. `values` counts the values of the messages, `read` those that are read or select."""

    compiled: CompiledMap
    messages: int = 0
    values: int = 0
    read: int = 0
    fired: Counter[int] = field(default_factory=Counter)
    codes: dict[int, Counter[str]] = field(default_factory=dict)
    unread: dict[str, Unread] = field(default_factory=dict)
    _tests: Any = None

    def take(self, message: AnyMessage) -> None:
        """Count one message."""
        self.messages += 1
        traced = self.compiled.trace(message)
        for one in traced:
            self.fired[one.number] += one.how == "read"
            if one.codes and one.places:
                self.codes.setdefault(one.number, Counter())[_theirs(one)] += 1
        here: set[str] = set()
        for path, text, position, known in self._values(message, traced):
            self.values += 1
            if known:
                self.read += 1
                continue
            entry = self.unread.setdefault(path, Unread(path))
            entry.count += 1
            if path not in here:
                here.add(path)
                entry.messages += 1
            if len(entry.examples) < EXAMPLES and text not in [example for example, _ in entry.examples]:
                entry.examples.append((text, position))

    def rules(self) -> list[RuleUse]:
        """Every rule that fills a field, in the map's order."""
        return list(_rules(self.compiled.plan.root, "", frozenset(), self))

    def share(self) -> float:
        """The part of the rules that was exercised, 0 to 1."""
        listed = self.rules()
        return sum(1 for one in listed if one.count) / len(listed) if listed else 1.0

    def _values(self, message: AnyMessage, traced: list[Traced]) -> Iterator[tuple[str, str, Position, bool]]:
        """(path, text, position, whether it is read or selects) of every value of a message."""
        places = [place.position for one in traced for place in (*one.places, *one.beside)]
        match message:
            case Message():
                if self._tests is None:
                    self._tests = _Selecting(self.compiled)
                return _segment_values(message, places, self.compiled.structure, self._tests)
            case Document():
                return _xml_values(message, places, _named_tests(self.compiled))
        return _cells(message, places, _named_tests(self.compiled))


def _theirs(one: Traced) -> str:
    """The code as the message has it."""
    return " ".join(place.raw for place in one.places).strip()


def _rules(scope: ScopePlan, before: str, seen: frozenset[int], coverage: Coverage) -> Iterator[RuleUse]:
    for value in scope.values:
        if not value.sources:
            continue  # a constant reads nothing
        known: tuple[str, ...] = tuple(map(str, value.convert.table.reads)) if value.convert.table is not None else ()
        yield RuleUse(before + ".".join(value.target), " | ".join(source.words for source in value.sources), value.rule.origin,
                      coverage.fired[value.number], known, tuple(coverage.codes.get(value.number, ())))
    for use in scope.uses:
        if use.item.number not in seen:
            yield from _rules(use.item, before + ".".join(use.target) + ".", seen | {use.item.number}, coverage)


# --- segments ----------------------------------------------------------------------------------------------------


class _Selecting:
    """The places that rules ask for: (segment node's path, element, component) → what is asked there."""

    def __init__(self, compiled: CompiledMap):
        self.tests: dict[tuple[str, int, int], list[tuple[str, tuple[str, ...]]]] = {}
        self.pairs: dict[str, list[PairStep]] = {}
        plan = compiled.plan
        for resolved in _resolved(compiled):
            self._take(resolved)
        self.written = {spot for target, _, _ in plan.writes for spot in _ends(target)}
        tree = compiled.structure.hierarchy
        self.tree: set[tuple[str, int]] = set()
        if tree is not None:
            path = tree.node.children[0].path
            self.tree = {(path, place[0]) for place in (tree.id, tree.parent, tree.kind, tree.has_child) if place is not None}

    def _take(self, resolved: Resolved) -> None:
        for step in resolved.groups:
            if isinstance(step, GroupStep):
                for test in step.tests:
                    self._add(step.node.children[max(test.slot, 0)], test)
        if resolved.segment is None:
            return
        node = resolved.segment.node
        for test in resolved.segment.tests:
            self._add(node, test)
        match resolved.element:
            case ElementStep() as one:
                for test in one.beside:
                    self._add(node, test)
                for component, op, values in one.tests:
                    for position in one.positions:
                        self._note(node.path, position, component, op, values)
            case PairStep() as pair:
                self.pairs.setdefault(node.path, []).append(pair)

    def _add(self, node: Node, test: ValueTest) -> None:
        self._note(node.path, test.element, test.component, test.op, test.values)

    def _note(self, path: str, element: int, component: int, op: str, values: tuple[str, ...]) -> None:
        self.tests.setdefault((path, element, component), []).append((op, values))

    def asks(self, path: str, element: int, component: int) -> bool:
        """Whether any rule asks for what stands there."""
        return bool({(path, element, component), (path, element, 0 if component == 1 else component)} & self.tests.keys())

    def selects(self, path: str, element: int, component: int, text: str) -> bool:
        """Whether a value is one that a rule asks for."""
        asked = [*self.tests.get((path, element, component), ()), *(self.tests.get((path, element, 0), ()) if component == 1 else ())]
        if any((op == "=" and text in values) or (op == "!=" and text not in values) for op, values in asked):
            return True
        return any(pair.start <= element <= pair.end and (element - pair.start) % 2 == 0 and (not pair.qualifiers or text in pair.qualifiers)
                   for pair in self.pairs.get(path, ()))


def _resolved(compiled: CompiledMap) -> Iterator[Resolved]:
    for scope in compiled.plan.scopes:
        for one in scope.rules():
            yield from (source for source in one.sources if isinstance(source, Resolved))
            if isinstance(one, ValuePlan):
                yield from (aux for steps in one.aux for aux in steps if isinstance(aux, Resolved))
            elif isinstance(one.expand, Resolved):
                yield one.expand
    yield from (target for target, _, _ in compiled.plan.writes if isinstance(target, Resolved))


def _ends(target: Any) -> Iterable[tuple[str, int, int]]:
    """Where a path of `writes:` ends."""
    if not isinstance(target, Resolved) or target.segment is None or not isinstance(target.element, ElementStep):
        return ()
    return [(target.segment.node.path, position, target.element.component) for position in target.element.positions]


def _segment_values(message: Message, places: list[Position], structure: Structure,
                    selecting: _Selecting) -> Iterator[tuple[str, str, Position, bool]]:
    read = {(place.segment, place.element, place.component) for place in places}
    touched = {place.segment for place in places}
    nodes = structure.places(structure.walk(message.segments, message.delimiters.component).root)
    last = len(message.segments)
    for number, elements in enumerate(message.segments[1:-1], 2):
        node = nodes.get(number - 1)
        if node is None or number == last:
            continue
        qualifier = ""
        if selecting.asks(node.path, 1, 1):
            qualifier = message.value(number, 1)
        for element in range(1, len(elements)):
            for component in range(1, elements[element].count(message.delimiters.component or "\0") + 2):
                text = message.value(number, element, component)
                if not text:
                    continue
                known = ((number, element, component) in read or (number, element, None) in read
                         or (node.path, element) in selecting.tree
                         or {(node.path, element, component), (node.path, element, 0)} & selecting.written
                         or (number in touched or not _data_beside(elements)) and selecting.selects(node.path, element, component, text)
                         or selecting.selects(node.path, element, component, text))
                path, _ = guide_path(structure, node, element, component if _composite(structure, node, element) else 0)
                if qualifier and (element, component) != (1, 1):
                    path = path.replace(node.path, f"{node.path}[{qualifier}]", 1)
                elif qualifier and not known:
                    path = f"{path}={qualifier}"
                yield path, text, message.locate(number, element, component), bool(known)


def _composite(structure: Structure, node: Node, element: int) -> bool:
    defined = structure.segments[node.name].elements
    return element <= len(defined) and bool(defined[element - 1].components)


def _data_beside(elements: list[str]) -> bool:
    return sum(1 for one in elements[1:] if one) > 1


# --- XML and rows ------------------------------------------------------------------------------------------------


def _named_tests(compiled: CompiledMap) -> dict[str, set[str]]:
    """Name of an element, attribute or column that rules ask for → the values they ask for."""
    asked: dict[str, set[str]] = {}
    for scope in compiled.plan.scopes:
        for one in scope.rules():
            for source in one.sources:
                for step in (*getattr(source, "steps", ()), *getattr(source, "rows", ())):
                    for test in getattr(step, "tests", ()):
                        name = getattr(test, "column", "") or getattr(test, "attribute", "") or (
                            test.steps[-1].name if getattr(test, "steps", ()) else "")
                        asked.setdefault(str(name).rpartition("}")[2].rpartition(":")[2], set()).update(map(str, test.values))
    return asked


def _xml_values(message: Document, places: list[Position], asked: dict[str, set[str]]) -> Iterator[tuple[str, str, Position, bool]]:
    import re

    read = {place.path for place in places}
    for element in message.root.iter():
        if not isinstance(element.tag, str):
            continue
        found = [("", element.text.strip())] if element.text and element.text.strip() else []
        found += [(name, value) for name, value in element.attrib.items() if value and not name.startswith("{http://www.w3.org/2001/XMLSchema-instance}")]
        for attribute, text in found:
            short = attribute.rpartition("}")[2]
            path = element_path(element) + (f"/@{short}" if short else "")
            name = short or element.tag.rpartition("}")[2]
            known = path in read or (element_path(element) + f"/@{attribute}") in read or text in asked.get(name, ())
            yield re.sub(r"\[\d+\]", "", path), text, message.locate(element, short), known


def _cells(message: Sheet, places: list[Position], asked: dict[str, set[str]]) -> Iterator[tuple[str, str, Position, bool]]:
    read = {(place.line, place.path) for place in places}
    columns = {place.path for place in places}
    for row, cells in enumerate(message.rows, 1):
        for name, text in zip(message.header, cells, strict=False):
            if text.strip():
                known = (message.lines[row - 1], name) in read or name in columns or text in asked.get(name, ())
                yield name, text.strip(), Position(line=message.lines[row - 1], path=name, message=message.ordinal), known
