"""The tree of a message's segment groups and segments, and where a tag leads from each place in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

UNLIMITED = 1_000_000_000

Instance = list[Any]


@dataclass(frozen=True, slots=True)
class ElementDef:
    """An element or component as a segment or composite uses it: `id` is its number (1004, C507, 353)."""

    id: str
    status: str = "C"
    repeat: int = 1
    components: tuple[ElementDef, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentDef:
    """A segment: its elements in order."""

    tag: str
    name: str
    elements: tuple[ElementDef, ...]


@dataclass(eq=False, slots=True)
class Node:
    """A segment or a group in the tree. `slot` is its index among its parent's children, `depth` the number of
    groups around it; a group's first child is its trigger."""

    name: str  # QTY, SG25, {N1}; the root has the message's name
    status: str
    max: int
    parent: Node | None
    slot: int
    children: list[Node] = field(default_factory=list)
    tree: bool = False  # its instances carry their child nodes in a last entry (HL, CPS)
    steps: Steps = field(init=False)

    def __post_init__(self) -> None:
        self.steps = Steps(self)

    @property
    def is_group(self) -> bool:
        """Whether it has children; segments have none."""
        return bool(self.children)

    @property
    def depth(self) -> int:
        """0 for the root, 1 for its groups."""
        return 0 if self.parent is None else self.parent.depth + 1

    @property
    def path(self) -> str:
        """`SG25/SG28/PRI`, without the root."""
        if self.parent is None:
            return ""
        above = self.parent.path
        return f"{above}/{self.name}" if above else self.name

    def descendants(self) -> Iterator[Node]:
        """All nodes below, nearest levels first."""
        level = self.children
        while level:
            yield from level
            level = [child for node in level for child in node.children]


class Step(NamedTuple):
    """Where a tag leads: the next place's steps, the depth of the instance that takes it, the slot there, the width of
    the new instance (0 for a plain segment), and the further places to use when the first is full."""

    after: Steps
    depth: int
    slot: int
    width: int
    others: tuple[tuple[int, Step], ...] | None


class Steps(dict[str, "Step"]):
    """tag → step from one place in the tree, worked out when a tag is first met there."""

    __slots__ = ("node",)

    def __init__(self, node: Node):
        super().__init__()
        self.node = node

    def __missing__(self, tag: str) -> Step | None:
        nodes = [node for node in _candidates(self.node) if tag_of(node) == tag]
        if not nodes:
            return None  # not kept: a hostile file must not make the table grow
        first = nodes[0]
        others = None
        if len(nodes) > 1 and first.max < UNLIMITED and (first is self.node or first.is_group):
            others = tuple((node.max, step_to(node)) for node in nodes)
        self[tag] = step = step_to(first, others)
        return step


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Where a tree numbers its nodes (HL01-04; CPS 7164/7166). `id`, `parent`, `kind`, `has_child` are
    (element, component) in the trigger segment, counted from 1; None where there is none."""

    node: Node
    id: tuple[int, int]
    parent: tuple[int, int]
    kind: tuple[int, int] | None
    has_child: tuple[int, int] | None


def width(group: Node) -> int:
    """The number of entries of an instance of the group."""
    return len(group.children) + (1 if group.tree else 0)


def hang(parent: Instance, slot: int, item: Any) -> None:
    """Add a segment, or an instance of a group, at its place in an instance of the group around it."""
    if parent[slot] is None:
        parent[slot] = [item]
    else:
        parent[slot].append(item)


def tag_of(node: Node) -> str:
    """The tag that leads to a node: a group stands for its trigger."""
    return node.children[0].name if node.children else node.name


def step_to(node: Node, others: tuple[tuple[int, Step], ...] | None = None) -> Step:
    """What comes of a segment, or of the trigger of a group, at this node."""
    assert node.parent is not None
    if node.children:
        return Step(node.children[0].steps, node.parent.depth, node.slot, width(node), others)
    return Step(node.steps, node.parent.depth, node.slot, 0, others)


def _candidates(node: Node) -> Iterator[Node]:
    """Where the walk may go from a segment, best first: again itself, what follows in its group, the group again, and so
    on outwards."""
    here = node
    while here.parent is not None:
        if here.max > 1:
            yield here
        yield from here.parent.children[here.slot + 1:]
        here = here.parent
