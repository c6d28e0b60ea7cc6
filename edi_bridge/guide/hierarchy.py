"""Trees that a message numbers itself (X12 HL01–HL04, DESADV CPS 7164/7166) and bounded loops (X12.6 3.12: LS and LE).

A node's number is its own; its parent has come before it; X12's HL04 (736) says 1 where nodes follow under it, 0 where none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from edi_bridge.structure import Hierarchy, Node


class Misfit(NamedTuple):
    """A fault of the tree: segment number from 0, element and component from 1, the value, and what is wrong with it."""

    kind: str
    segment: int
    element: int
    component: int
    value: str
    note: str


def tree_faults(tree: Hierarchy, nodes: Sequence[Node | None], segments: Sequence[list[str]], component: str, whole: bool) -> list[Misfit]:
    """What is wrong with the numbers. `whole`: no segment is missing or unknown (else a parent may only be illegible)."""
    trigger = tree.node.children[0]
    here = [number for number, node in enumerate(nodes) if node is trigger]
    ids = [_at(segments[number], tree.id, component) for number in here]
    known = set(ids)
    seen: set[str] = set()
    parents: set[str] = set()
    found = []
    for number, ident in zip(here, ids, strict=True):
        above = _at(segments[number], tree.parent, component)
        if ident and ident in seen:
            found.append(Misfit("bad_hierarchy", number, *tree.id, ident, "{} has stood on another node before"))
        if above:
            parents.add(above)
            if above == ident:
                found.append(Misfit("bad_hierarchy", number, *tree.parent, above, "{} names the node itself as its parent"))
            elif above not in seen and (above in known or whole):
                words = "{} names a parent that comes later" if above in known else "{} names a parent that does not exist"
                found.append(Misfit("bad_hierarchy", number, *tree.parent, above, words))
        seen.add(ident)
    if tree.has_child is not None:
        whole = whole and not found
        for number, ident in zip(here, ids, strict=True):
            says = _at(segments[number], tree.has_child, component)
            if says == "0" and ident in parents:
                found.append(Misfit("bad_hierarchy", number, *tree.has_child, says, "{} says that no node is under it, but there is one"))
            elif says == "1" and ident not in parents and whole:
                found.append(Misfit("bad_hierarchy", number, *tree.has_child, says, "{} says that a node is under it, but there is none"))
    return found


def loop_faults(segments: Sequence[list[str]], nodes: Sequence[Node | None]) -> list[Misfit]:
    """Each LE must carry the identifier of its LS."""
    found = []
    opened: list[str] = []
    for number, (elements, node) in enumerate(zip(segments, nodes, strict=True)):
        if node is None or node.name not in ("LS", "LE"):
            continue
        name = elements[1] if len(elements) > 1 else ""
        if node.name == "LS":
            opened.append(name)
        elif opened:
            expected = opened.pop()
            if name and expected and name != expected:
                found.append(Misfit("loop_bound_mismatch", number, 1, 1, name, f"{{}} must be {expected}, as in the LS of this loop"))
    return found


def _at(elements: list[str], place: tuple[int, int], component: str) -> str:
    element, part = place
    if element >= len(elements):
        return ""
    parts = elements[element].split(component) if component else [elements[element]]
    return parts[part - 1] if part <= len(parts) else ""
