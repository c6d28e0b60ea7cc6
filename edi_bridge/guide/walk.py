"""The checker's walk: each segment to its place in the guide's tree, and what is wrong with the order, in the fewest faults.

Placing follows `structure/walk.py` (ISO 9735-1 clause 7, X12.6 3.10: the nearest following place that has room). A message
without faults is walked by a table alone (`Moves`). Where that fails, `Recovery` weighs what may have happened to the next few
segments – one is unknown, stands at a wrong place, is one too many, or a mandatory one is missing before it – and takes the
explanation that needs the fewest faults. The work for one fault is bounded, so the walk is linear in the message.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from edi_bridge.guide.guide import Guide
from edi_bridge.structure import Node


class Move(NamedTuple):
    """One way from a place to the next. `unit` is the node that is entered or repeated (a group, or the segment itself),
    `depth` that of the group around it; `again`: it is entered once more; `missing`: mandatory nodes passed over; `left`:
    (node, depth) of those left that an agreement wants more than once."""

    node: Node
    unit: Node
    depth: int
    again: bool
    most: int
    missing: tuple[Node, ...]
    left: tuple[tuple[Node, int], ...]


MOST_INSERTS = 6  # groups without their trigger that are thought of


class Insert(NamedTuple):
    """A way into a group whose trigger is missing: the place there, the missing nodes in their order, the (outermost) group that
    is entered, and whether the walk is in such a one (once more)."""

    node: Node
    missing: tuple[Node, ...]
    group: Node
    again: bool


class Turn(NamedTuple):
    """Where a tag leads from a place when nothing is wrong: the lane there, the depth at which the segment is counted, whether it
    comes again, how often it may, and another turn for when it has come too often."""

    after: Lane
    depth: int
    again: bool
    most: int
    other: Turn | None


class Lane(dict[str, "Turn | None"]):
    """tag → turn from one place, worked out when first asked for."""

    __slots__ = ("node", "tables")

    def __init__(self, node: Node, tables: Tables):
        super().__init__()
        self.node, self.tables = node, tables

    def __missing__(self, tag: str) -> Turn | None:
        turn = None
        if tag in self.tables.tags:  # of these there are not many: a hostile file must not make the table grow
            turn = self[tag] = self._turn(self.tables.moves(self.node, tag))
        return turn

    def _turn(self, moves: tuple[Move, ...]) -> Turn | None:
        """The first of the moves that has room; None where something would be wrong with it."""
        turn = None
        for move in reversed(moves):
            if move.again and move.most < 2:
                continue  # full as it stands
            if not move.again:
                turn = None  # there is room: what comes behind is not asked
            good = not move.missing and not move.left
            turn = Turn(self.tables.lane(move.node), move.depth, move.again, move.most, turn) if good else None
        return turn


class Tables:
    """What the walk needs to know of a guide: for every place the moves by tag, worked out when first asked for."""

    def __init__(self, guide: Guide):
        self.guide = guide
        self.root = guide.structure.root
        self.deepest = 2 + max(node.depth for node in self.root.descendants())
        self.tags: dict[str, list[Node]] = {}
        for node in self.root.descendants():
            if not node.is_group:
                self.tags.setdefault(node.name, []).append(node)
        ends = (self.root.children[0], self.root.children[-1])  # header and trailer are the reader's part
        self._demanded = {node for node, place in guide.places.items() if place.least and node not in ends}
        self.several = {node for node, place in guide.places.items() if place.least > 1}
        self.forbidding = any(place.forbidden for place in guide.places.values())
        self._lanes: dict[Node, Lane] = {}
        self._moves: dict[Node, dict[str, tuple[Move, ...]]] = {}
        self._inserts: dict[tuple[Node, str], tuple[Insert, ...]] = {}

    def moves(self, node: Node, tag: str) -> tuple[Move, ...]:
        """Every way from a place to a segment with this tag, nearest first; the last is where the root is left."""
        table = self._moves.get(node)
        if table is None:
            table = self._moves[node] = {}
        listed = table.get(tag)
        if listed is None:
            listed = tuple(self._ways(node, tag))
            if tag in self.tags:
                table[tag] = listed  # tags of the structure only: a hostile file must not make the table grow
        return listed

    def lane(self, node: Node) -> Lane:
        """Where tags lead from a place as long as nothing is wrong."""
        lane = self._lanes.get(node)
        if lane is None:
            lane = self._lanes[node] = Lane(node, self)
        return lane

    def inserts(self, node: Node, tag: str) -> tuple[Insert, ...]:
        """The ways to a segment inside a group whose trigger is missing, the shortest first. At most two triggers deep."""
        key = (node, tag)
        if key not in self._inserts:
            self._inserts[key] = tuple(self._inserted(node, tag)) if tag in self.tags else ()
        return self._inserts[key]

    def rest(self, node: Node, outer: Node | None = None) -> tuple[Node, ...]:
        """The mandatory nodes that are missing when the message (or the group `outer`) ends behind a place."""
        missing: list[Node] = []
        here = node
        while here.parent is not None and here is not outer:
            missing += self._between(here.parent, here.slot + 1, len(here.parent.children))
            here = here.parent
        return tuple(missing)

    def few(self, node: Node) -> tuple[tuple[Node, int], ...]:
        """What a place and the groups around it are of which an agreement wants several."""
        found: list[tuple[Node, int]] = []
        here: Node | None = node
        while here is not None and here.parent is not None:
            if here in self.several:
                found.append((here, here.depth - 1))
            here = here.parent
        return tuple(found)

    def _between(self, group: Node, first: int, last: int) -> list[Node]:
        return [child for child in group.children[first:last] if child in self._demanded]

    def _ways(self, node: Node, tag: str) -> Iterator[Move]:
        missing: list[Node] = []
        left: list[tuple[Node, int]] = []
        here = node
        while here.parent is not None:
            group = here.parent
            if trigger(here).name == tag and (here is node or here.is_group):
                yield self._move(here, True, missing, left)
            if here in self.several:
                left.append((here, here.depth - 1))
            for child in group.children[here.slot + 1:]:
                if trigger(child).name == tag:
                    yield self._move(child, False, missing + self._between(group, here.slot + 1, child.slot), left)
            missing = missing + self._between(group, here.slot + 1, len(group.children))
            here = group

    def _move(self, unit: Node, again: bool, missing: list[Node], left: list[tuple[Node, int]]) -> Move:
        return Move(trigger(unit), unit, unit.depth - 1, again, self.guide.places[unit].most, tuple(missing), tuple(left))

    def _inserted(self, node: Node, tag: str) -> Iterator[Insert]:
        found: list[Insert] = []
        missing: list[Node] = []
        here = node
        while here.parent is not None:
            parent = here.parent
            for child in parent.children[here.slot:]:
                if not child.is_group:
                    continue
                again = child is here
                before = missing + ([] if again else self._between(parent, here.slot + 1, child.slot))
                for inner, lost in self._into(child, tag, 2):
                    found.append(Insert(trigger(inner), (*before, *lost), child, again))
            missing = missing + self._between(parent, here.slot + 1, len(parent.children))
            here = parent
        found.sort(key=lambda one: (len(one.missing), not one.again))
        yield from found[:MOST_INSERTS]

    def _into(self, group: Node, tag: str, deep: int) -> Iterator[tuple[Node, tuple[Node, ...]]]:
        """(place with this tag inside a group, missing nodes up to it), the group's trigger being absent."""
        for child in group.children[1:]:
            lost = (group.children[0], *self._between(group, 1, child.slot))
            if trigger(child).name == tag:
                yield child, lost
            elif child.is_group and deep > 1:
                for inner, more in self._into(child, tag, deep - 1):
                    yield inner, (*lost, *more)


class Followed(NamedTuple):
    """How far the walk came: the first segment that cannot stand where it stands (or how many there are), the lane before it,
    and what the last step changed: (the lane before it, the depth it counted, the count before it)."""

    number: int
    lane: Lane
    last: tuple[Lane, int, int] | None


def follow(lane: Lane, counts: list[int], tags: Sequence[str], first: int, nodes: list[Node | None]) -> Followed:
    """Walk on from segment `first` as long as nothing is wrong: the places go to `nodes`, `counts` is kept."""
    last: tuple[Lane, int, int] | None = None
    for number in range(first, len(tags)):
        turn = lane[tags[number]]
        while turn is not None and turn.again and counts[turn.depth] >= turn.most:
            turn = turn.other
        if turn is None:
            return Followed(number, lane, last)
        after, depth, again, _, _ = turn
        count = counts[depth]
        last = lane, depth, count
        counts[depth] = count + 1 if again else 1
        lane = after
        nodes.append(lane.node)
    return Followed(len(tags), lane, last)


class Fault(NamedTuple):
    """What is wrong at a segment (number from 0; for what is missing, the one that stands there instead)."""

    kind: str
    segment: int
    node: Node | None


class Walked(NamedTuple):
    """The place of each segment (None for an unknown one), and what is wrong."""

    nodes: list[Node | None]
    faults: list[Fault]


def trigger(node: Node) -> Node:
    """The segment that stands for a node: itself, or the first of the group."""
    while node.children:
        node = node.children[0]
    return node
