"""Where a key without an answer stands in a segment message, without reading the message once more.

A trace knows the place of everything and costs as much as reading the message many times; a partner's first file may miss a
key in every message. Where a rule takes a text as it is, and the key stands as often among the texts that the rule may take
as it was missed, these are its places, in the order of the message. Any other key is left to the trace.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from edi_bridge.interchange import Message, Position, unmask
from edi_bridge.mapping.lookup import Miss
from edi_bridge.mapping.mapfile import Rule
from edi_bridge.mapping.plan import MapPlan, ValuePlan
from edi_bridge.mapping.resolve import ElementStep, PairStep, Resolved
from edi_bridge.mapping.segment_trace import At, guide_path, located
from edi_bridge.structure import Node, Structure

Place = tuple[int, str]  # the record's number from 0, the field's path in it


class Spot(NamedTuple):
    """Where a rule finds its text: an element (from 1) of a node's segments, a component of it (0: the whole element)."""

    node: Node
    element: int
    component: int


class KeyPlaces:
    """Finds the keys of one map's lookups."""

    def __init__(self, plan: MapPlan, structure: Structure):
        self.structure = structure
        self._sources: dict[int, list[list[Spot]]] = {}  # by the rule's id, which the plan keeps alive
        hidden = set()  # rules of which only the trace knows the places
        for value in plan.values():
            if value.rule.lookup:
                sources = _sources(value)
                hidden |= {id(value.rule)} if sources is None else set()
                self._sources.setdefault(id(value.rule), []).extend(sources or ())
        for rule in hidden:
            del self._sources[rule]

    def positions(self, message: Message, misses: Sequence[Miss]) -> dict[Place, Position]:
        """The places of the keys that can be told without a trace."""
        taken: Counter[tuple[int, str]] = Counter()
        asked = Counter((id(miss.rule), miss.key) for miss in misses)
        rules = {id(miss.rule) for miss in misses}
        tags = {spot.node.name for rule in rules for spots in self._sources.get(rule, ()) for spot in spots}
        segments = [(number, elements) for number, elements in enumerate(message.segments) if elements[0] in tags]
        found: dict[int, dict[str, list[tuple[At, Node]]]] = {}
        placed: dict[Place, Position] = {}
        for miss in misses:
            rule, sources = id(miss.rule), self._sources.get(id(miss.rule))
            if not sources:
                continue
            if rule not in found:
                found[rule] = self._texts(message, segments, miss.rule)
            there = found[rule].get(miss.key, [])
            if len(there) == asked[rule, miss.key] and (len(there) == 1 or len(sources) == 1):
                at, node = there[taken[rule, miss.key]]
                taken[rule, miss.key] += 1
                placed[miss.record, miss.path] = self._position(message, at, node)
        return placed

    def _texts(self, message: Message, segments: Sequence[tuple[int, list[str]]], rule: Rule) -> dict[str, list[tuple[At, Node]]]:
        """What stands where the rule may take it: a text → its places."""
        texts: dict[str, list[tuple[At, Node]]] = {}
        for number, elements in segments:
            for spot in chain.from_iterable(self._sources[id(rule)]):
                if spot.node.name == elements[0] and spot.element < len(elements):
                    for at, text in _cut(message, number, elements[spot.element], spot):
                        texts.setdefault(unmask(text, message.delimiters).strip(), []).append((at, spot.node))
        return texts

    def _position(self, message: Message, at: At, node: Node) -> Position:
        path, ident = guide_path(self.structure, node, at.element, at.component)
        return replace(located(message, at), path=path, id=ident)


def _cut(message: Message, segment: int, text: str, spot: Spot) -> Iterator[tuple[At, str]]:
    """The texts of one element at a spot, one for each repetition."""
    delimiters = message.delimiters
    repeated = delimiters.repetition and delimiters.repetition in text
    for number, one in enumerate(text.split(delimiters.repetition) if repeated else [text], 1):
        parts = one.split(delimiters.component) if spot.component and delimiters.component else [one]
        if max(spot.component, 1) <= len(parts):
            yield At(segment, spot.element, spot.component, number if repeated else 0), parts[max(spot.component, 1) - 1]


def _sources(value: ValuePlan) -> list[list[Spot]] | None:
    """Where each of a rule's sources points to; None where its value may be another text than the message's."""
    if not value.convert.plain or value.default is not None or value.constant is not None or value.convert.table is not None:
        return None
    listed = []
    for source in value.sources:
        if not isinstance(source, Resolved) or source.segment is None:
            return None
        match source.element:
            case ElementStep(positions=positions, component=component) if min(positions) > 0:
                listed.append([Spot(source.segment.node, position, component) for position in positions])
            case PairStep(start=start, end=end):
                listed.append([Spot(source.segment.node, position, 0) for position in range(start + 1, end + 1, 2)])
            case _:
                return None
    return listed


__all__ = ["KeyPlaces"]
