"""The walk that gives each segment of a message its place in the tree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Message
from edi_bridge.structure.tree import (
    Hierarchy,
    Instance,
    Node,
    SegmentDef,
    Step,
    hang,
    step_to,
    tag_of,
    width,
)


class Walked(NamedTuple):
    """The root instance, and the segments that have no place: (segment number from 0, finding kind)."""

    root: Instance
    misplaced: list[tuple[int, str]]


class Structure:
    """One message's tree with the segments it uses."""

    def __init__(self, key: str, root: Node, segments: Mapping[str, SegmentDef], *, kind: str = "",
                 hierarchy: Hierarchy | None = None, pairs: Mapping[str, tuple[int, int]] | None = None,
                 rules: tuple[str, ...] = ()):
        self.key = key
        self.root = root
        self.segments = segments
        self.kind = kind  # X12: GS01
        self.hierarchy = hierarchy
        self.pairs = dict(pairs or {})
        self.rules = rules  # conditions between parts of the tree, as the directory notes them: D4(SG1,SG3)
        self._deepest = max((node.depth for node in root.descendants() if node.is_group), default=0)
        self._tags = {node.name for node in root.descendants() if not node.is_group}

    def walk(self, segments: list[list[str]], component: str = ":") -> Walked:
        """Give every segment (elements, [0] is the tag; masked) its place; `component` is the component separator."""
        root: Instance = [None] * width(self.root)
        misplaced: list[tuple[int, str]] = []
        if not segments:
            return Walked(root, misplaced)
        stack: list[Instance] = [root] * (self._deepest + 1)
        root[0] = [0]
        if segments[0][0] != self.root.children[0].name:
            root[0] = None
            misplaced.append((0, self._kind_of(segments[0][0])))
        steps = self.root.children[0].steps
        for number, elements in enumerate(segments[1:], 1):
            step = steps[elements[0]]
            if step is None:
                step = _recover(steps.node, elements[0])
                misplaced.append((number, self._kind_of(elements[0])))
                if step is None:
                    continue
                if not step.width:  # a plain segment out of order: kept where it belongs, the walk goes on where it was
                    hang(stack[step.depth], step.slot, number)
                    continue
            after, depth, slot, size, others = step
            if others is not None:
                after, depth, slot, size, others = _with_room(others, stack)
            parent = stack[depth]
            item: Any = number
            if size:
                item = [None] * size
                item[0] = [number]
                stack[depth + 1] = item
            held = parent[slot]
            if held is None:
                parent[slot] = [item]
            else:
                held.append(item)
            steps = after
        if self.hierarchy is not None:
            _plant(self.hierarchy, root, segments, component, misplaced)
        return Walked(root, misplaced)

    def inside(self, group: Node, segments: list[list[str]]) -> Instance | None:
        """The instance of a group at the top level that these segments fill from its trigger on; None when one of them has
        no place in it, or when the group cannot follow itself there. What `walk` makes of them inside a message."""
        item: Instance = [None] * width(group)
        item[0] = [0]
        stack: list[Instance] = [item] * (self._deepest + 1)
        steps = group.children[0].steps
        for number, elements in enumerate(segments[1:], 1):
            step = steps[elements[0]]
            if step is None or not step.depth:
                return None
            after, depth, slot, size, others = step
            if others is not None:
                taken = _room_inside(others, stack)
                if taken is None:
                    return None
                after, depth, slot, size, others = taken
            below: Any = number
            if size:
                below = [None] * size
                below[0] = [number]
                stack[depth + 1] = below
            hang(stack[depth], slot, below)
            steps = after
        again = steps[group.children[0].name]
        return item if again is not None and (again.depth, again.slot, again.others) == (0, group.slot, None) else None

    def places(self, root: Instance) -> dict[int, Node]:
        """segment number → node, from a walk's result (for the words of a finding)."""
        found_: dict[int, Node] = {}
        pending = [(self.root, root)]
        while pending:
            group, instance = pending.pop()
            for child, held in zip(group.children, instance, strict=False):
                for item in held or ():
                    if child.is_group:
                        pending.append((child, item))
                    else:
                        found_[item] = child
        return found_

    def findings(self, message: Message, walked: Walked) -> list[Finding]:
        """The misplaced segments as findings with their places."""
        listed = []
        for number, kind in walked.misplaced:
            tag = message.segments[number][0]
            note = {
                "unknown_segment": f"segment {tag} is not part of {self.key}",
                "segment_out_of_order": f"segment {tag} cannot stand here",
                "bad_hierarchy": "its parent is not one of the nodes, or the numbers run in a circle",
            }[kind]
            listed.append(found(kind, message.locate(number + 1), note=note))
        return listed

    def _kind_of(self, tag: str) -> str:
        return "segment_out_of_order" if tag in self._tags else "unknown_segment"


def _recover(here: Node, tag: str) -> Step | None:
    """Where a tag that cannot stand here belongs: in the nearest group around this place that has it."""
    while here.parent is not None:
        for child in here.parent.children:
            if tag_of(child) == tag:
                return step_to(child)
        here = here.parent
    return None


def _plant(tree: Hierarchy, root: Instance, segments: list[list[str]], component: str,
           misplaced: list[tuple[int, str]]) -> None:
    """Hang the hierarchy's nodes under their parents (last entry of each instance); an orphan goes under the root."""
    nodes = root[tree.node.slot] or []
    by_id: dict[str, Instance] = {}
    for node in nodes:
        by_id.setdefault(_at(segments[node[0][0]], tree.id, component), node)
    parents: dict[int, Instance] = {}
    for node in nodes:
        parent_id = _at(segments[node[0][0]], tree.parent, component)
        above = by_id.get(parent_id) if parent_id else None
        if above is None or above is node or _circular(above, node, parents):
            if parent_id:
                misplaced.append((node[0][0], "bad_hierarchy"))
            above = root
        parents[id(node)] = above
        hang(above, -1, node)


def _circular(above: Instance, node: Instance, parents: dict[int, Instance]) -> bool:
    while id(above) in parents:
        above = parents[id(above)]
        if above is node:
            return True
    return False


def _at(elements: list[str], place: tuple[int, int], component: str) -> str:
    element, part = place
    if element >= len(elements):
        return ""
    parts = elements[element].split(component)
    return parts[part - 1] if part <= len(parts) else ""


def _with_room(others: tuple[tuple[int, Step], ...], stack: list[Instance]) -> Step:
    """The first of several places for a tag that is not full yet."""
    for limit, step in others:
        held = stack[step.depth][step.slot]
        if held is None or len(held) < limit:
            return step
    return others[0][1]


def _room_inside(others: tuple[tuple[int, Step], ...], stack: list[Instance]) -> Step | None:
    """What `_with_room` chooses, None when that is (or may be) a place at the top level."""
    for limit, step in others:
        if not step.depth:
            return None
        held = stack[step.depth][step.slot]
        if held is None or len(held) < limit:
            return step
    return others[0][1]
