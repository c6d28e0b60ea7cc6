"""Checks of parts of a message, for a reader that goes through it line by line with learned patterns (`mapping/by_lines.py`).

A line (LIN …, PO1 …) that was found good tells what pattern each of its values must fit in others like it: with the same
segments, the same elements and components filled, the same formats and code lists, such a line is good as well and needs no
check of its own. What concerns the message as a whole (how many lines, control totals) is checked for each message.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edi_bridge.guide import moment
from edi_bridge.guide.element import AGENCY, LIST, Syntax, is_elsewhere
from edi_bridge.guide.guide import ElementUse
from edi_bridge.guide.pattern import EDIFACT_DATES, X12_DATES, ValuePatterns
from edi_bridge.guide.quick import Quick
from edi_bridge.guide.walk import follow
from edi_bridge.interchange import Delimiters, Message
from edi_bridge.structure import Node

if TYPE_CHECKING:
    from edi_bridge.guide.check import Checker

Segments = list[list[str]]
Place = tuple[int, int, int]  # segment and element of a text, from 0 (the tag is element 0); component, from 1; 0: the whole element


class Pieces:
    """The checks of one guide for one map's lines."""

    def __init__(self, checker: Checker):
        self.checker = checker
        self._groups = checker.tables.root.children  # a map has a tree of its own: its groups stand at the same slots

    def line(self, group: Node, segments: Segments, delimiters: Delimiters) -> bool:
        """Whether a line, an instance of a group at the top level from its trigger on, has nothing wrong with it."""
        nodes = self._inside(group, segments)
        if nodes is None:
            return False
        quick = self.checker.quick(delimiters)
        element = delimiters.element
        return all(not (quick.pattern(node)(text := element.join(elements)) is None and self.checker.explained(quick, node, text) != [])
                   for node, elements in zip(nodes, segments, strict=True))

    def whole(self, message: Message) -> bool:
        """Whether the whole message has nothing wrong with it."""
        return not self.checker.check(message)

    def counts(self, message: Message, group: Node, lines: int) -> bool:
        """Whether the number of lines and the control totals of a message are right; also False where that is not sure."""
        return lines <= self.checker.guide.places[self._groups[group.slot]].most and self.checker.between.is_sure(message.text, message.delimiters)

    def line_values(self, group: Node, segments: Segments, delimiters: Delimiters) -> dict[Place, str] | None:
        """The pattern of each filled value of a good line; None where lines like it must be checked each for itself."""
        nodes = self._inside(group, segments)
        return None if nodes is None else _values(nodes, segments, self.checker.quick(delimiters))

    def frame_values(self, segments: Segments, delimiters: Delimiters) -> dict[Place, str] | None:
        """The same for what stands around the lines, of which only the first tag of one stands in `segments`."""
        tables = self.checker.tables
        nodes: list[Node | None] = [tables.root.children[0]]
        tags = [elements[0] for elements in segments]
        if follow(tables.lane(tables.root.children[0]), [1] * tables.deepest, tags, 1, nodes).number < len(tags):
            return None
        return _values([node for node in nodes if node is not None], segments, self.checker.quick(delimiters))

    def _inside(self, group: Node, segments: Segments) -> list[Node] | None:
        """The places of a line's segments; None where one stands wrong or outside of the group, or something is missing."""
        tables, group = self.checker.tables, self._groups[group.slot]
        if tables.forbidding or tables.several:
            return None
        trigger = group.children[0]
        nodes: list[Node | None] = [trigger]
        tags = [elements[0] for elements in segments]
        if tags[0] != trigger.name or follow(tables.lane(trigger), [1] * tables.deepest, tags, 1, nodes).number < len(tags):
            return None
        placed = [node for node in nodes if node is not None]
        good = all(_top(node) is group for node in placed) and not any(node.name in ("LS", "LE") for node in placed)
        return placed if good and not tables.rest(placed[-1], group) else None


def _top(node: Node) -> Node:
    """The group at the top level that a place is in."""
    while node.depth > 1 and node.parent is not None:
        node = node.parent
    return node


def _values(nodes: list[Node], segments: Segments, quick: Quick) -> dict[Place, str] | None:
    found: dict[Place, str] = {}
    syntax = quick.syntax
    repetition, component = syntax.delimiters.repetition, syntax.delimiters.component
    for number, (node, elements) in enumerate(zip(nodes, segments, strict=True)):
        use = quick.tables.guide.places[node].segment
        slots = quick.slots(use) if use is not None else ()
        for place, text in enumerate(elements[1:], 1):
            if not text:
                continue
            if place > len(slots) or (repetition and repetition in text):
                return None
            slot = slots[place - 1]
            parts = text.split(component) if component and not (slot.type is not None and slot.type.kind == "B") else [text]
            if len(parts) > max(len(slot.parts), 1):
                return None
            uses = slot.parts or (slot,)
            before = (slots[place - 2].id, elements[place - 1]) if place > 1 else ("", "")
            follows = slots[place].id if place < len(slots) else ""
            patterns = [_one(uses, parts, at, before, follows, syntax, quick) if part else "" for at, part in enumerate(parts)]
            for at, pattern in enumerate(patterns, 1):
                if pattern:
                    found[number, place, at] = pattern
            found[number, place, 0] = re.escape(component).join(patterns)
    return found


def _one(uses: tuple[ElementUse, ...], parts: list[str], at: int, before: tuple[str, str], follows: str, syntax: Syntax, quick: Quick) -> str:
    """The pattern of one value where the others beside it are as they are. What says how another is to be read stays as it is."""
    use, text = uses[at], parts[at]
    literal = re.escape(text)
    if use.id in (LIST, AGENCY, "2379") or (use.id == "1250" and follows == "1251"):
        return literal
    writer: ValuePatterns = quick.values(masked=bool(syntax.delimiters.release))
    if use.id == "2380":
        named = next((part for other, part in zip(uses, parts, strict=False) if other.id == "2379"), "")
        pattern = EDIFACT_DATES.get(named) or (literal if named in moment.EDIFACT else writer.value(use))
    elif use.id == "1251" and before[0] == "1250":
        pattern = X12_DATES.get(before[1]) or (literal if before[1] in moment.X12 else writer.value(use))
    else:
        pattern = writer.free(use) if is_elsewhere(uses, parts, at + 1) and use.only is None else writer.value(use)
    return pattern if re.fullmatch(pattern, text) else f"(?:{literal}|{pattern})"

