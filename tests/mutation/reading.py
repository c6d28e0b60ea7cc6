"""Other explanations of an order: whether what was found, taken as changes, makes the order of the segments legal.

Several faults in one message often have more than one explanation of the same length (two lines that are missing, or one segment at a
wrong place and one trigger that is missing). The recogniser decides: every finding about the order is one change, at its own place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tests.mutation import facts
from tests.mutation.facts import Node
from tests.mutation.field import Field

KINDS = frozenset({"missing_segment", "segment_out_of_order", "segment_repeats", "group_repeats", "unknown_segment"})
LONGEST = 15  # segments of a group that is taken away as a whole
MOST = 3  # findings that are looked at together
Cut = tuple[list[str], list[list[str]]]  # the tags that are left, and what was taken from a wrong place


def explains(field: Field, findings: Iterable[Any]) -> bool:
    """Whether the order is legal once every finding about it is put right: what is missing put in where it is said to be missing,
    what is too many taken away, what is unknown taken away or spelt right, what stands at a wrong place taken away or put elsewhere."""
    told = sorted((one for one in findings if one.kind in KINDS), key=lambda one: -one.position.segment)
    if len(told) > MOST:
        return False
    ways: list[Cut] = [([segment.tag for segment in field.wire.segments], [])]
    for finding in told:  # from the end on, so that the numbers before stay true
        ways = [after for way in ways for after in _put_right(field.base.root, way, finding)]
    return any(_legal_somewhere(field.base.root, order, moved) for order, moved in ways)


def _put_right(root: Node, way: Cut, finding: Any) -> Iterator[Cut]:
    order, moved = way
    at = finding.position.segment - 1
    if finding.kind == "missing_segment":
        yield order[:at] + [finding.position.tag] + order[at:], moved
        return
    if at >= len(order) or order[at] != finding.position.tag:
        return
    if finding.kind == "unknown_segment":
        for tag in sorted(_tags(root)):
            yield order[:at] + [tag] + order[at + 1:], moved
    for end in _ends(root, order, at):
        yield order[:at] + order[end:], [*moved, order[at:end]] if finding.kind == "segment_out_of_order" else moved


def _ends(root: Node, order: list[str], at: int) -> set[int]:
    """Where the segment ends, or the group that it begins."""
    groups = [node for node in _groups(root) if node.trigger == order[at]]
    return {at + 1} | {end for group in groups for end in range(at + 2, min(at + LONGEST, len(order))) if facts.legal(group, order[at:end])}


def _groups(node: Node) -> list[Node]:
    return [one for child in node.children if child.children for one in (child, *_groups(child))]


def _tags(node: Node) -> set[str]:
    return {node.tag} if not node.children else set().union(*map(_tags, node.children))


def _legal_somewhere(root: Node, order: list[str], moved: list[list[str]]) -> bool:
    """Whether an order is legal as it is, or with some of what was taken away put in anywhere."""
    if facts.legal(root, order):
        return True
    return any(_legal_somewhere(root, order[:at] + one + order[at:], moved[:number] + moved[number + 1:])
               for number, one in enumerate(moved) for at in range(1, len(order)))
