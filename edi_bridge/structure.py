"""A message's tree of segment groups and segments, and the one walk that gives each segment its place.

A structure is read from the files described in `docs/structures.md`. The walk is table-driven: for every place in the
tree a dictionary says where a tag leads. Its result is a tree of *instances*: an instance of a group is a list with one
entry for each child of the group, None when the child is absent, a list of segment numbers (from 0) where the child is a
segment, a list of instances where it is a group. Where the structure has a hierarchy (HL, CPS) the last entry of the root
and of each node instance holds its child nodes.

Placing follows ISO 9735-1 clause 7 (top to bottom, left to right) and X12.6 3.10: the nearest following place wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from edi_bridge.fault import ConfigFault
from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Message
from edi_bridge.yamltext import Block

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
        nodes = [node for node in _candidates(self.node) if _tag(node) == tag]
        if not nodes:
            return None  # not kept: a hostile file must not make the table grow
        first = nodes[0]
        others = None
        if len(nodes) > 1 and first.max < UNLIMITED and (first is self.node or first.is_group):
            others = tuple((node.max, _step(node)) for node in nodes)
        self[tag] = step = _step(first, others)
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


def width(group: Node) -> int:
    """The number of entries of an instance of the group."""
    return len(group.children) + (1 if group.tree else 0)


def _recover(here: Node, tag: str) -> Step | None:
    """Where a tag that cannot stand here belongs: in the nearest group around this place that has it."""
    while here.parent is not None:
        for child in here.parent.children:
            if _tag(child) == tag:
                return _step(child)
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


def hang(parent: Instance, slot: int, item: Any) -> None:
    """Add a segment, or an instance of a group, at its place in an instance of the group around it."""
    if parent[slot] is None:
        parent[slot] = [item]
    else:
        parent[slot].append(item)


def _tag(node: Node) -> str:
    """The tag that leads to a node: a group stands for its trigger."""
    return node.children[0].name if node.children else node.name


def _step(node: Node, others: tuple[tuple[int, Step], ...] | None = None) -> Step:
    assert node.parent is not None
    if node.children:
        return Step(node.children[0].steps, node.parent.depth, node.slot, width(node), others)
    return Step(node.steps, node.parent.depth, node.slot, 0, others)


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


def _candidates(node: Node) -> Iterator[Node]:
    """Where the walk may go from a segment, best first: again itself, what follows in its group, the group again, and so
    on outwards."""
    here = node
    while here.parent is not None:
        if here.max > 1:
            yield here
        yield from here.parent.children[here.slot + 1:]
        here = here.parent


# --- reading the files -----------------------------------------------------------------------------------------


def load(block: Block, file: str, segments: Mapping[str, Any], composites: Mapping[str, Any]) -> Structure:
    """A structure from a message's YAML and the release's dictionaries (parsed YAML; docs/structures.md).

    Raises ConfigFault when the tree names a segment that the dictionaries do not have, or is not of the form.
    """
    key = str(block.get("structure", ""))
    tree = block.get("tree")
    if not key or not isinstance(tree, list):
        raise ConfigFault.at(file, *block.mark, "a structure needs `structure:` and `tree:`")
    root = Node(key.rpartition("/")[2], "M", 1, None, 0)
    _grow(root, tree, file)
    tags = {node.name for node in root.descendants() if not node.is_group}
    missing = sorted(tag for tag in tags if tag not in segments)
    if missing:
        raise ConfigFault.at(file, *block.mark, f"segments.yaml has no {', '.join(missing)}")
    used = {tag: _segment(tag, segments[tag], composites) for tag in tags}
    pairs = {tag: (int(span[0]), int(span[1])) for tag, span in (block.get("pairs") or {}).items()}
    hierarchy = _hierarchy(block.get("hierarchy"), root, used, file)
    rules = tuple(str(rule) for rule in block.get("rules") or ())
    return Structure(key, root, used, kind=str(block.get("group") or ""), hierarchy=hierarchy, pairs=pairs, rules=rules)


def _grow(parent: Node, items: list[Any], file: str) -> None:
    marks = getattr(items, "marks", [(0, 0)] * len(items))
    for item, mark in zip(items, marks, strict=True):
        (text, below), = item.items() if isinstance(item, dict) else ((item, None),)
        try:
            name, status, most = str(text).split()
            node = Node(name, status, UNLIMITED if most == ">1" else int(most), parent, len(parent.children))
        except ValueError:
            raise ConfigFault.at(file, mark[0], mark[1], f"{text!r} is not of the form `TAG status max`") from None
        parent.children.append(node)
        if below:
            _grow(node, below, file)


def _segment(tag: str, entry: Any, composites: Mapping[str, Any]) -> SegmentDef:
    def uses(items: list[Any]) -> tuple[ElementDef, ...]:
        listed = []
        for item in items:
            words = str(item).split()
            status, _, repeat = (words[1] if len(words) > 1 else "C").partition("*")
            parts = uses(composites[words[0]]["of"]) if words[0] in composites else ()
            listed.append(ElementDef(words[0], status, int(repeat or 1), parts))
        return tuple(listed)

    return SegmentDef(tag, entry.get("name") or tag, uses(entry["of"]))


def _hierarchy(entry: Any, root: Node, segments: Mapping[str, SegmentDef], file: str) -> Hierarchy | None:
    if not entry:
        return None
    node = next((child for child in root.children if child.name == entry["node"]), None)
    if node is None:
        raise ConfigFault.at(file, entry.mark[0], entry.mark[1], f"the tree has no group {entry['node']} at its top level")
    node.tree = root.tree = True
    trigger = segments[node.children[0].name]

    def place(word: Any) -> tuple[int, int] | None:
        if word is None:
            return None
        name = str(word).rpartition("/")[2]
        for number, element in enumerate(trigger.elements, 1):
            if element.id == name or (len(name) == 2 and name.isdigit() and int(name) == number):
                return number, 1
            for part, component in enumerate(element.components, 1):
                if component.id == name:
                    return number, part
        raise ConfigFault.at(file, entry.mark[0], entry.mark[1], f"{trigger.tag} has no element {name}")

    ident, parent = place(entry["id"]), place(entry["parent"])
    assert ident is not None and parent is not None
    return Hierarchy(node, ident, parent, place(entry.get("kind")), place(entry.get("has_child")))
