"""A guide as text for people: the tree with statuses and repeats (a directory's branching diagram turned on its side), a
segment's elements with their conditions, an element's codes. Lines fit 100 columns where the names allow it.

    ┌ SG2                                                C      20
    │ NAD      Name and address                          M       1
    │ ┌ SG3                                              C      10
    └ └ RFF    Reference                                 M       1
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from edi_bridge.guide.condition import RULES, Rule
from edi_bridge.guide.guide import ElementUse, Guide, Place, SegmentUse
from edi_bridge.structure import UNLIMITED, Node

WIDTH = 100
_HEAD, _GAP = 22, 2  # columns of tag and brackets, of the space between columns


@dataclass(frozen=True, slots=True)
class _Line:
    """A node of the tree as a line: the groups around it (a group is around its own line), and what stands to the right."""

    groups: tuple[Node, ...]
    node: Node
    text: str


def tree_lines(guide: Guide, depth: int | None = None, width: int = WIDTH) -> list[str]:
    """The tree, a line a segment or group. `depth`: groups further in are folded into one line (1: only the top level)."""
    lines = list(_walk(guide, guide.structure.root, (), depth))
    rows = []
    for number, line in enumerate(lines):
        bars = "".join(_bar(group, lines, number) for group in line.groups)
        place = guide.places[line.node]
        rows.append(_row(f"{bars}{line.node.name}", line.text, _status(place), _most(place.most), width))
    return [_row("Tag", "Name", "S", "Max", width), *rows]


def rule_lines(guide: Guide) -> list[str]:
    """The conditions between parts of the tree, in words."""
    rows = []
    for text in guide.structure.rules:
        kind, _, places = text.rstrip(")").partition("(")
        words = RULES[kind][1] if kind in RULES else "{}"
        rows += textwrap.wrap(f"{text}: {words.format(', '.join(places.split(',')))}", WIDTH, subsequent_indent="    ")
    return rows


def _walk(guide: Guide, group: Node, around: tuple[Node, ...], depth: int | None) -> Iterator[_Line]:
    for node in group.children:
        if not node.is_group:
            segment = guide.places[node].segment
            yield _Line(around, node, segment.name if segment and segment.name != node.name else "")
        elif depth is not None and node.depth > depth - 1:
            yield _Line(around, node, f"… {_count(node)}")
        else:
            yield _Line((*around, node), node, "")
            yield from _walk(guide, node, (*around, node), depth)


def _count(node: Node) -> str:
    inner = list(node.descendants())
    segments = sum(not one.is_group for one in inner)
    groups = len(inner) - segments
    return f"{node.children[0].name}: {_number(segments, 'segment')}" + (f", {_number(groups, 'group')} inside" if groups else "")


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _bar(group: Node, lines: Sequence[_Line], number: int) -> str:
    """The bracket of one group at one line."""
    if lines[number].node is group:
        return "┌ "
    last = number + 1 == len(lines) or group not in lines[number + 1].groups
    return "└ " if last else "│ "


def _status(place: Place) -> str:
    """The standard's status, and what an agreement makes of it."""
    if place.forbidden:
        return "not used"
    required = place.node.status != "M" and place.least
    return f"{place.node.status} ≥{place.least}" if required or place.least > 1 else place.node.status


def _most(most: int) -> str:
    return ">1" if most >= UNLIMITED else str(most)


def _row(head: str, text: str, status: str, most: str, width: int) -> str:
    right = f"{status:<8} {most:>6}"
    room = width - len(right) - _GAP
    left = f"{head:<{_HEAD}} {text}"
    return f"{left if len(left) <= room else left[:room - 1] + '…':<{room}}{'':<{_GAP}}{right}".rstrip()


def segment_lines(guide: Guide, tag: str, width: int = WIDTH) -> list[str]:
    """A segment: where it stands, its elements with status, repeats, type and codes, its conditions. KeyError when the
    message has no such segment."""
    places = [guide.places[node] for node in _in_order(guide.structure.root) if node.name == tag and not node.is_group]
    if not places:
        raise KeyError(tag)
    lines: list[str] = []
    shown: list[SegmentUse] = []
    for place in places:  # an agreement may restrict a segment at one of its places
        segment = place.segment
        if segment is None or segment in shown:
            continue
        shown.append(segment)
        paths = [one.node.path for one in places if one.segment == segment]
        lines += [*([""] if lines else []), f"{tag}  {segment.name}", *textwrap.wrap("stands at " + ", ".join(paths), width, subsequent_indent=" " * 10), ""]
        lines += _element_rows(segment.elements, guide, "")
        lines += _rule_rows(segment.rules, segment.elements, "")
        for number, element in enumerate(segment.elements, 1):
            lines += _rule_rows(element.rules, element.parts, f"{number:02} {element.id}: ")
    return lines


def _in_order(group: Node) -> Iterator[Node]:
    """All nodes below, from top to bottom as the tree is drawn."""
    for node in group.children:
        yield node
        yield from _in_order(node)


def _element_rows(elements: Sequence[ElementUse], guide: Guide, above: str) -> list[str]:
    rows = [] if above else [f"{'Pos':<6} {'Element':<9} {'Name':<46} {'S':<2} {'Max':>3}  Type"]
    for number, one in enumerate(elements, 1):
        place = f"{above}.{number}" if above else f"{number:02}"
        name = one.name if len(one.name) <= 46 else one.name[:45] + "…"
        status = "–" if one.forbidden else "M" if one.required else one.status
        row = f"{place:<6} {('  ' if above else '') + one.id:<9} {name:<46} {status:<2} {one.repeat if one.repeat > 1 else '':>3}"
        rows.append(f"{row}  {_type(one)}".rstrip())
        if one.parts and not one.forbidden:
            rows += _element_rows(one.parts, guide, place)
    return rows


def _type(one: ElementUse) -> str:
    notes = [str(one.type)] if one.type else []
    if one.forbidden:
        notes.append("not used")
    elif one.only is not None:
        notes.append("only " + " ".join(sorted(one.only)))
    elif one.codes is not None:
        notes.append(_number(len(one.codes.codes), "code") + ("" if one.codes.complete else " (not all)"))
    if one.added:
        notes.append("also " + " ".join(sorted(one.added)))
    return "  ".join(notes)


def _rule_rows(rules: Sequence[Rule], elements: Sequence[ElementUse], where: str) -> list[str]:
    rows = []
    for rule in rules:
        names = ", ".join(f"{place:02} {elements[place - 1].name}" for place in rule.places)
        rows += textwrap.wrap(f"{where}{rule}: {rule.words.format(names)}", WIDTH, subsequent_indent="    ")
    return ["", *rows] if rows else []


def code_lines(guide: Guide, number: str) -> list[str]:
    """An element's code values with their names. KeyError when the message does not use the element."""
    element = guide.elements[number] if number in used_elements(guide) else None
    if element is None:
        raise KeyError(number)
    head = f"{number}  {element.name}  {element.type or ''}".rstrip()
    if element.codes is None:
        return [head, "", "there is no list of codes here"]
    size = max((len(code) for code in element.codes.codes), default=0)
    kind = "all codes of the standard" if element.codes.complete else "some of its codes: others are legal too"
    return [head, f"{_number(len(element.codes.codes), 'code')}, {kind}", "",
            *(f"  {code:<{size}}  {name}".rstrip() for code, name in element.codes.codes.items())]


def used_elements(guide: Guide) -> set[str]:
    """The numbers of all elements that the message's segments hold."""
    found: set[str] = set()
    pending = [element for place in guide.places.values() if place.segment for element in place.segment.elements]
    while pending:
        one = pending.pop()
        found.add(one.id)
        pending.extend(one.parts)
    return found


def as_tree(guide: Guide) -> list[dict[str, Any]]:
    """The tree as plain values, for JSON."""
    def made(node: Node) -> dict[str, Any]:
        place = guide.places[node]
        row: dict[str, Any] = {"name": node.name, "path": node.path, "status": node.status, "min": place.least,
                               "max": None if place.most >= UNLIMITED else place.most}
        if place.forbidden:
            row["forbidden"] = True
        if node.is_group:
            row["children"] = [made(child) for child in node.children]
        elif place.segment:
            row["title"] = place.segment.name
            row["elements"] = [as_element(one) for one in place.segment.elements]
            row["rules"] = [str(rule) for rule in place.segment.rules]
        return row

    return [made(node) for node in guide.structure.root.children]


def as_element(one: ElementUse) -> dict[str, Any]:
    """An element or composite at its place, as plain values."""
    row: dict[str, Any] = {"id": one.id, "name": one.name, "status": one.status, "required": one.required, "max": one.repeat}
    if one.type:
        row["type"] = {"kind": one.type.kind, "min": one.type.least, "max": one.type.most}
    if one.forbidden:
        row["forbidden"] = True
    if one.only is not None:
        row["only"] = sorted(one.only)
    if one.parts:
        row["components"] = [as_element(part) for part in one.parts]
        row["rules"] = [str(rule) for rule in one.rules]
    return row
