"""The segment table of a UN/EDIFACT message text ("4.3.1 Segment table") → the message's tree.

The table is drawn, one segment or group header a line, with the group boxes at the right edge: box characters of
code page 437 in older releases, `-`, `|` and `+` in newer ones.

    0110       ───── Segment group 2  ────────────────── C   99──────────┐
    0120   NAD Name and address                          M   1           │
    0150 X     ───── Segment group 3  ────────────────── C   10─────────┐│
    0160 * RFF Reference                                 M   1──────────┴┘

A corner on a segment's line closes a group, so the corners say how the groups nest. The number of lines at the right
edge must equal the number of open groups; where it does not, a remark is made. Below the table of an interactive message
may stand dependency notes between its parts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from edi_bridge.guide.importer.dependency import DEPENDENCIES, read_dependencies
from edi_bridge.guide.importer.directory import GroupUse, Node, SegmentUse

_MARKS = r"[-+*#|X ]*?"  # change marks: addition, structure, name, text, marked for deletion
_EDGE = r"(?P<edge>[-─┐┘┴│|+\s]*)(?:\s\d+(?:\s*,\s*\d+)*\s*)?$"  # numbers at the end: dependency notes about this line
_GROUP = re.compile(
    rf"(?P<position>\d{{4,5}})(?P<marks>{_MARKS})\s+[-─]{{3,}}\s*Segment group\s+(?P<number>\d{{1,9}})\s*[-─]*\s*(?P<status>[MC])\s+"
    rf"(?P<repeat>\d{{1,9}}){_EDGE}")
_SEGMENT = re.compile(
    rf"(?P<position>\d{{4,5}})(?P<marks>{_MARKS})\s(?P<tag>[A-Z]{{3}})\s+(?P<name>\S.*?)\s+(?P<status>[MC])\s+(?P<repeat>\d{{1,9}}){_EDGE}")
_HEADING = re.compile(r"\s*Pos\s+Tag\s+Name\s+S\s+R\b")
_SECTION = re.compile(r"\s*[A-Z][A-Z ]+ SECTION\s*$")
_LINE_START = re.compile(r"\d{4,5}\b")
_BEGUN = re.compile(rf"\d{{4,5}}{_MARKS}\s[A-Z]{{3}}\s+(?!.*\s[MC]\s+\d)")
_DRAWN = " ─┐┘┴│|"
_EDGE_ONLY = re.compile(r"[\s│|]*$")
_RULE = re.compile(r"\s*[─-]{40,}\s*$")
LONGEST = 250  # characters of a line of the table; published ones have 80
_CORNERS = "┘┴+"
_VERTICAL = "┐┘┴│|+"

Say = Callable[[int, str], None]


@dataclass(slots=True)
class _Open:
    """A group whose box is still open."""

    number: int
    status: str
    repeat: int
    children: list[Node] = field(default_factory=list)

    def closed(self) -> GroupUse:
        return GroupUse(self.number, self.status, self.repeat, tuple(self.children))


def read_segment_table(lines: list[str], deletes: bool, say: Say) -> tuple[tuple[Node, ...], tuple[str, ...]]:
    """The tree drawn in the lines of a message text, and the rules of its dependency notes (`D4(SG1,SG3)`);
    `say(line, sentence)` gets what was not understood.

    `deletes`: the text's legend says that a minus sign before a line deletes it.
    """
    starts = [number for number, line in enumerate(lines) if _HEADING.match(line)]
    if not starts:
        say(0, "no segment table (a line 'Pos Tag Name S R') was found")
        return (), ()
    top: list[Node] = []
    open_groups: list[_Open] = []
    paths: dict[str, str] = {}
    rules: tuple[str, ...] = ()
    begun = ""  # a line whose name runs on in the next one: its own line has no status yet
    for number in range(starts[-1] + 1, len(lines)):
        line = lines[number][:LONGEST].rstrip("\x1a \t\r\n")
        if begun:
            line, begun = f"{begun} {line.strip()}"[:LONGEST], ""
        if _EDGE_ONLY.match(line) or _SECTION.match(line) or _HEADING.match(line):
            continue
        found = _GROUP.match(line) or _SEGMENT.match(line)
        if DEPENDENCIES.match(line):
            rules = read_dependencies(_notes(lines, number), paths, say)
            break
        if not found:
            if _BEGUN.match(line) and number + 1 < len(lines) and not _LINE_START.match(lines[number + 1]):
                begun = line.rstrip(_DRAWN)
                continue
            if _LINE_START.match(line):
                say(number + 1, f"a line of the segment table was not understood: {line.strip()!r}")
                continue
            break  # prose after the table
        if deletes and "-" in found["marks"]:
            continue
        name = f"SG{found['number']}" if "number" in found.groupdict() else found["tag"]
        paths[found["position"].lstrip("0")] = "/".join([*(f"SG{group.number}" for group in open_groups), name])
        _place(found, number + 1, top, open_groups, say)
    for group in reversed(open_groups):
        say(0, f"the box of segment group {group.number} is never closed")
        _close(top, open_groups, say)
    return tuple(top), rules


def _notes(lines: list[str], start: int) -> Iterator[tuple[int, str]]:
    """The lines from `start` up to a drawn rule or a heading, with their numbers."""
    for number in range(start, len(lines)):
        if _RULE.match(lines[number]) or (number > start and re.match(r"\S*\d+\.\d+\s", lines[number])):
            return
        yield number + 1, lines[number].rstrip("\x1a \t\r\n")


def _place(found: re.Match[str], line: int, top: list[Node], open_groups: list[_Open], say: Say) -> None:
    status, repeat, edge = found["status"], int(found["repeat"]), found["edge"]
    drawn = sum(edge.count(char) for char in _VERTICAL)
    if "number" in found.groupdict():
        open_groups.append(_Open(int(found["number"]), status, repeat))
        closing = 0
    else:
        (open_groups[-1].children if open_groups else top).append(SegmentUse(found["tag"], status, repeat))
        closing = sum(edge.count(char) for char in _CORNERS)
    if drawn != len(open_groups):
        say(line, f"{len(open_groups)} groups are open here, but {drawn} lines are drawn")
    for _ in range(min(closing, len(open_groups))):
        _close(top, open_groups, say)


def _close(top: list[Node], open_groups: list[_Open], say: Say) -> None:
    """The innermost group is whole; one that does not begin with a segment is none, and what is in it stands outside."""
    group = open_groups.pop().closed()
    above = open_groups[-1].children if open_groups else top
    if group.children and isinstance(group.children[0], SegmentUse):
        above.append(group)
    else:
        say(0, f"segment group {group.number} does not begin with a segment; its content stands outside it")
        above += group.children
