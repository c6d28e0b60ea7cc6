"""What of a map some messages exercised, and what of the messages no rule read.

A rule is exercised when a field of a record came from it (the trace says so), one of its paths when it came from there, a
code when a field came through its row of the table. Of what a message says, counts as

- **read**: what a field was made of, and what a conversion looked at besides (a date's format, an amount's currency);
- **selecting**: what a rule's path asks for (`QTY[6063=21]`, a pair's qualifier), in a segment of which something is read;
- **no data**: header and trailer, section control and loop bounds, the numbers of a tree, what the map itself writes
  (`writes:`), fixed attributes of a structure, the envelope of an XML document, and what only says whose list a code is
  from (1131, 3055, listID …);
- **unread**: all else, with the reason (`unread.WHY`): no rule reads it, a rule refused it, read only the first, … A segment
  of which nothing is read counts as one, so that a list of these is one for people.

Memory: a line for each rule, code and unread path; messages are not kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from edi_bridge.interchange import AnyMessage, Position
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.mapping.field_trace import Traced
from edi_bridge.mapping.mapfile import Origin
from edi_bridge.mapping.plan import ScopePlan, ScopeUse, ValuePlan
from edi_bridge.mapping.unread import Value
from edi_bridge.record import unnumbered

EXAMPLES = 3  # of an unread path
PATHS = 5_000  # unread paths that are told apart: a hostile file may make up qualifiers without end
MORE = "(further places)"


@dataclass(frozen=True, slots=True)
class RuleUse:
    """A rule that fills a field. `count` says how many fields came from it, `defaults` how many it filled by its default;
    `paths` how often each of its paths gave one (more than one may fit a place). Of a code table, `known` are the codes that
    it reads, `seen` those that came, with their numbers; what came and is in no row was kept as it is."""

    field: str  # lines.quantity
    origin: Origin
    count: int
    defaults: int = 0
    paths: tuple[tuple[str, int], ...] = ()
    known: tuple[str, ...] = ()
    seen: tuple[tuple[str, int], ...] = ()

    @property
    def unseen(self) -> tuple[str, ...]:
        """The codes of its table that did not come."""
        came = dict(self.seen)
        return tuple(code for code in self.known if code not in came)


@dataclass(frozen=True, slots=True)
class Example:
    """A value and where it stands: the source as the caller names it, and the place in it."""

    text: str
    source: str
    position: Position


@dataclass(slots=True)
class Unread:
    """Values at one path (numbers of items left out) that come to nothing for one reason."""

    path: str
    why: str
    count: int = 0
    messages: int = 0
    examples: list[Example] = field(default_factory=list)


Key = tuple[int, str]  # a rule's number in the plan, the field it fills (a fragment's rule fills one for each of its uses)


@dataclass(slots=True)
class Coverage:
    """Of one map over some messages. `values` counts what the messages say, `read` what of it is read or selects."""

    compiled: CompiledMap
    messages: int = 0
    values: int = 0
    read: int = 0
    fired: Counter[Key] = field(default_factory=Counter)
    defaults: Counter[Key] = field(default_factory=Counter)
    ways: Counter[tuple[Key, int]] = field(default_factory=Counter)
    codes: dict[Key, Counter[str]] = field(default_factory=dict)
    unread: dict[tuple[str, str], Unread] = field(default_factory=dict)
    _places: Any = None
    _rules: dict[Key, _Rule] = field(default_factory=dict)

    def __post_init__(self) -> None:
        plan = self.compiled.plan
        self._rules = {(one.number, one.field): one for one in _rules(plan.root, "", frozenset({plan.root.number}))}
        self._places = _places(self.compiled)

    def take(self, message: AnyMessage, source: str = "") -> None:
        """Count one message; `source` is what examples from it are named by."""
        self.messages += 1
        traced = self.compiled.trace(message)
        _, findings = self.compiled.read(message)
        for one in traced:
            self._count(one, message)
        here: set[tuple[str, str]] = set()
        positions = [place.position for one in traced for place in (*one.places, *one.beside)]
        for value in self._places.values(message, positions, findings):
            self.values += value.values
            if not value.why:
                self.read += value.values
                continue
            entry = self._entry(value)
            entry.count += 1
            if (entry.path, entry.why) not in here:
                here.add((entry.path, entry.why))
                entry.messages += 1
            if len(entry.examples) < EXAMPLES and value.text not in [example.text for example in entry.examples]:
                entry.examples.append(Example(value.text, source, value.where()))

    def rules(self) -> list[RuleUse]:
        """Every rule that reads, in the map's order."""
        return [self._use(key, one) for key, one in self._rules.items()]

    def share(self) -> float:
        """The part of the rules that was exercised, 0 to 1."""
        listed = self.rules()
        return sum(1 for one in listed if one.count) / len(listed) if listed else 1.0

    def unread_places(self) -> list[Unread]:
        """What comes to nothing: the most frequent first."""
        return sorted(self.unread.values(), key=lambda one: (-one.messages, -one.count, one.path))

    def _entry(self, value: Value) -> Unread:
        key = (value.path, value.why)
        if key not in self.unread and len(self.unread) >= PATHS:
            key = (MORE, value.why)
        return self.unread.setdefault(key, Unread(*key))

    def _count(self, one: Traced, message: AnyMessage) -> None:
        key = (one.number, unnumbered(one.path))
        if key not in self._rules:  # a list that nests: packs.packs.sscc is filled by the rule of packs.sscc
            key = (one.number, re.sub(r"\b(\w+\.)\1+", r"\1", key[1]))
        if one.how != "read":
            self.defaults[key] += one.how == "default"
            return
        self.fired[key] += 1
        rule = self._rules.get(key)
        if rule is None:
            return
        if one.codes and one.places:
            self.codes.setdefault(key, Counter())[_theirs(one, rule.plan)] += 1
        if len(rule.plan.sources) > 1 and one.places:
            for k, source in enumerate(rule.plan.sources):
                self.ways[key, k] += self._places.fits(message, one.places[0].position, source, rule.scope)

    def _use(self, key: Key, one: _Rule) -> RuleUse:
        count, sources = self.fired[key], one.plan.sources
        table = one.plan.convert.table if isinstance(one.plan, ValuePlan) else None
        ways = [count] if len(sources) == 1 else [self.ways[key, k] for k in range(len(sources))]
        paths: Counter[str] = Counter()  # a path that counts under one of several conditions is one path
        for source, way in zip(sources, ways, strict=True):
            words = one.words or str(source.path or source.words)
            paths[words] = max(paths[words], way)
        return RuleUse(one.field, one.origin, count, self.defaults[key], tuple(paths.items()),
                       tuple(map(str, table.reads)) if table is not None else (),
                       tuple(sorted(self.codes.get(key, Counter()).items())))


def dormant(rules: list[RuleUse]) -> list[tuple[str, list[RuleUse]]]:
    """The rules that never fired: (field, [its rule]), or (object or list, all of its rules) where none of them did."""
    alive = {prefix for one in rules if one.count for prefix in _prefixes(one.field)}
    found: dict[str, list[RuleUse]] = {}
    for one in rules:
        if not one.count:
            found.setdefault(next((prefix for prefix in _prefixes(one.field) if prefix not in alive), one.field), []).append(one)
    return list(found.items())


def _prefixes(path: str) -> list[str]:
    steps = path.split(".")
    return [".".join(steps[:count]) for count in range(1, len(steps) + 1)]


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule at one of the places where it is used."""

    number: int
    field: str
    origin: Origin
    plan: ValuePlan | ScopeUse
    scope: Any
    words: str = ""


def _theirs(one: Traced, plan: ValuePlan | ScopeUse) -> str:
    """The code as it is looked up in the table: what the message has, after the rule's codec where that gives a text."""
    theirs = " ".join(place.raw for place in one.places).strip()
    codec = plan.convert.codec if isinstance(plan, ValuePlan) else None
    if codec is not None and codec.type == "text" and codec.name != "text":
        theirs = str(codec.read(theirs))
    return theirs


def _rules(scope: ScopePlan, before: str, seen: frozenset[int]) -> Iterator[_Rule]:
    for value in scope.values:
        if value.sources:  # a constant without a path reads nothing
            yield _Rule(value.number, before + ".".join(value.target), value.rule.origin, value, scope.scope)
    for use in scope.uses:
        field_ = before + ".".join(use.target)
        if use.expand is not None and use.rule.expand is not None:
            yield _Rule(use.number, f"{field_}.{use.rule.expand_to}", use.rule.expand.origin, use, scope.scope, use.expand.words)
        if use.item.number not in seen:
            yield from _rules(use.item, f"{field_}.", seen | {use.item.number})


def _places(compiled: CompiledMap) -> Any:
    """What knows the places of the map's rules; the backends are imported when needed."""
    if compiled.standard == "xml":
        from edi_bridge.mapping.unread_xml import XmlPlaces

        return XmlPlaces(compiled.plan, compiled.structure)
    if compiled.standard in ("csv", "fixed"):
        from edi_bridge.mapping.unread_cells import CellPlaces

        return CellPlaces(compiled.plan, compiled.layout())
    from edi_bridge.mapping.unread_segments import SegmentPlaces

    return SegmentPlaces(compiled.plan, compiled.structure)
