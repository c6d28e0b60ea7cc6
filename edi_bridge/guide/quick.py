"""The way of a good message through its guide: a table says where each tag leads, a pattern whether the segment is good.

Nothing is explained here. What stands at a wrong place makes the whole message be walked again by `recover.walk`; a segment
that does not fit its pattern is only reported as suspect, and `element.explain` decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from edi_bridge.guide.element import Syntax, expanded
from edi_bridge.guide.guide import ElementUse, SegmentUse
from edi_bridge.guide.pattern import ValuePatterns, segment_pattern
from edi_bridge.guide.walk import Tables, Turn
from edi_bridge.structure import Node

Match = Callable[[str], Any]


class Way(NamedTuple):
    """Where a tag leads from a place: the table there, the pattern of the segment, the depth at which it is counted, whether it
    comes again, how often it may, another way when it has come too often, and the place itself."""

    after: Ways
    match: Match
    depth: int
    again: bool
    most: int
    other: Way | None
    node: Node


class Ways(dict[str, "Way | None"]):
    """The first three characters of a segment → its way from one place, worked out when first asked for."""

    __slots__ = ("node", "quick")

    def __init__(self, node: Node, quick: Quick):
        super().__init__()
        self.node, self.quick = node, quick

    def __missing__(self, key: str) -> Way | None:
        element = self.quick.syntax.delimiters.element
        tag = key.partition(element)[0]
        way = None
        if tag in self.quick.tables.tags:  # of these there are not many: a hostile file must not make the table grow
            way = self[key] = self.quick.way(self.quick.tables.lane(self.node)[tag])
        return way


class Quick:
    """The tables and patterns of one guide for one set of delimiters."""

    def __init__(self, tables: Tables, syntax: Syntax):
        self.tables, self.syntax = tables, syntax
        self._ways: dict[Node, Ways] = {}
        self._patterns: dict[tuple[int, bool], Match] = {}
        self._matches: tuple[dict[Node, Match], dict[Node, Match]] = ({}, {})
        self.good: dict[str, Node] = {}  # texts that are good though their pattern does not say so, and where
        self._slots: dict[int, tuple[ElementUse, ...]] = {}
        self._values = (ValuePatterns(syntax, False), ValuePatterns(syntax, True))
        self.start = self.ways(tables.root.children[0])
        self.head = self.pattern(tables.root.children[0])

    def ways(self, node: Node) -> Ways:
        """Where tags lead from a place."""
        if node not in self._ways:
            self._ways[node] = Ways(node, self)
        return self._ways[node]

    def way(self, turn: Turn | None) -> Way | None:
        """A turn of the tables with the pattern of its segment; None where the agreement forbids what it leads to."""
        if turn is None or self._is_forbidden(turn.after.node):
            return None
        node = turn.after.node
        return Way(self.ways(node), self.pattern(node), turn.depth, turn.again, turn.most, self.way(turn.other), node)

    def _is_forbidden(self, node: Node) -> bool:
        """Whether the agreement forbids the segment or the group that it opens."""
        places, group = self.tables.guide.places, node.parent
        return places[node].forbidden or (group is not None and group.parent is not None and node.slot == 0 and places[group].forbidden)

    def pattern(self, node: Node, masked: bool = False) -> Match:
        """What tells a good segment at a place; `masked` also where it holds released characters."""
        match = self._matches[masked].get(node)
        if match is None:
            use = self.tables.guide.places[node].segment
            assert use is not None
            match = self._matches[masked][node] = self._compiled(use, masked)
        return match

    def slots(self, use: SegmentUse) -> tuple[ElementUse, ...]:
        """The elements of a segment as they stand one behind the other in this syntax."""
        if id(use) not in self._slots:
            self._slots[id(use)] = expanded(use, self.syntax)
        return self._slots[id(use)]

    def values(self, masked: bool) -> ValuePatterns:
        """What writes the patterns of single values; `masked`: where released characters stand."""
        return self._values[masked]

    def _compiled(self, use: SegmentUse, masked: bool) -> Match:
        key = (id(use), masked)
        if key not in self._patterns:
            self._patterns[key] = re.compile(segment_pattern(use, self.syntax, masked)).fullmatch
        return self._patterns[key]

    def run(self, texts: list[str]) -> tuple[int, list[tuple[int, Node]]]:
        """The first segment that stands at a wrong place (the number of segments where none does), and those before it that do
        not fit their pattern: (number from 0, place)."""
        suspects: list[tuple[int, Node]] = []
        counts = [1] * (self.tables.deepest + 1)
        ways = self.start
        if self.head(texts[0]) is None:
            suspects.append((0, ways.node))
        for number, text in enumerate(texts[1:], 1):
            way = ways[text[:3]]
            if way is None:
                return number, suspects
            ways, match, depth, again, most, other, node = way
            if again:
                count = counts[depth] + 1
                if count > most:
                    while other is not None and other.again and counts[other.depth] >= other.most:
                        other = other.other
                    if other is None:
                        return number, suspects
                    ways, match, depth, again, most, other, node = other
                    count = counts[depth] + 1 if again else 1
                counts[depth] = count
            else:
                counts[depth] = 1
            if match(text) is None:
                suspects.append((number, node))
        return len(texts), suspects
