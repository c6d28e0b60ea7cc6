"""Structures from their YAML (docs/structures.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edi_bridge.fault import ConfigFault
from edi_bridge.structure.tree import (
    UNLIMITED,
    ElementDef,
    Hierarchy,
    Node,
    SegmentDef,
)
from edi_bridge.structure.walk import Structure
from edi_bridge.yamltext import Block


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
