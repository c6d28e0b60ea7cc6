"""One transaction set or message of a SEF file → its tree, and what the guide's author narrowed.

    850=^[ST,M][!BEG*1,M]+20[.CUR]{:200+5[N1][N2,,2]}^{PO1:100000[PO1,M]{:>1[SCH]}}^[CTT][SE,M]

The words of this row are explained in `sef.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from edi_bridge.guide.importer.directory import (
    UNLIMITED,
    GroupUse,
    Node,
    Parts,
    SegmentUse,
)

Say = Callable[[str], None]

_SEGMENT = re.compile(r"\[(?P<mark>[.!$&-]?)(?P<tag>[A-Z][A-Z0-9]{1,2})(?P<more>(?:[*@;#]\d{1,9})*)"
                      r"(?:,(?P<status>[A-Z]?))?(?:,(?P<repeat>>?\d{0,9}))?(?:,[^\]]*)?\]")
_LOOP = re.compile(r"\{(?P<mark>[.!$&-]?)(?P<name>[A-Za-z0-9]*)(?::(?P<repeat>>?\d{1,9}))?(?:[+-]\d+)?")
_DEEPEST = 50  # loops in each other
_STEP = re.compile(r"\^|[+-]\d+")
_MASK = re.compile(r"\*(\d+)")
_MASKED = {"#": "{forbidden: true}", "!": "{required: true}"}
_STATUSES = {"M": "M", "O": "O", "C": "C", "X": "O", "F": "O", "": ""}


@dataclass(slots=True)
class _Level:
    """A loop whose brace is still open; the outermost is the set itself."""

    name: str = ""
    repeat: int = 1
    mark: str = ""
    number: int = 0
    nodes: list[Node] = field(default_factory=list)
    marks: list[tuple[str, str, str]] = field(default_factory=list)  # (path below this level, mark, mask number)


@dataclass(slots=True)
class _Reading:
    standard: str
    say: Say
    levels: list[_Level]
    loops: int = 0

    @property
    def optional(self) -> str:
        """The status of what has none."""
        return "C" if self.standard == "edifact" else "O"


def read_set(text: str, standard: str, segments: Mapping[str, Parts], masks: Mapping[str, list[str]],
             say: Say) -> tuple[tuple[Node, ...], tuple[tuple[str, str], ...]]:
    """The tree of a set and the entries of `restrict:` that its marks and masks mean. `say` gets what was not understood."""
    reading = _Reading(standard, say, [_Level()])
    at = 0
    while at < len(text):
        at = _read(text, at, reading)
        if at < 0:
            return (), ()
    if len(reading.levels) > 1:
        say(f"the loop {reading.levels[1].name or '(without a name)'} is never closed; the set was left out")
        return (), ()
    root = reading.levels[0]
    unknown = sorted({node.tag for node in _segments(root.nodes)} - set(segments))
    if unknown:
        say(f"the set names {', '.join(unknown)}, which .SEGS does not have; it was left out")
        return (), ()
    return tuple(root.nodes), _restrict(root.marks, segments, masks, reading)


def _read(text: str, at: int, reading: _Reading) -> int:
    """Take in the next word; the index behind it, -1 where it is not understood."""
    level = reading.levels[-1]
    segment, loop, step = _SEGMENT.match(text, at), _LOOP.match(text, at), _STEP.match(text, at)
    if segment:
        status = _STATUSES.get(segment["status"] or "", "") or reading.optional
        level.nodes.append(SegmentUse(segment["tag"], status, _repeat(segment["repeat"])))
        mask = _MASK.search(segment["more"])
        level.marks.append((segment["tag"], segment["mark"], mask[1] if mask else ""))
        return segment.end()
    if loop and len(reading.levels) > _DEEPEST:
        reading.say(f"a set has more than {_DEEPEST} loops in each other; it was left out")
        return -1
    if loop:
        reading.loops += 1
        reading.levels.append(_Level(loop["name"], _repeat(loop["repeat"]), loop["mark"], reading.loops))
        return loop.end()
    if text[at] == "}" and len(reading.levels) > 1:
        _close(reading)
        return at + 1
    if step:
        return step.end()
    reading.say(f"a set was not understood from here on: {text[at:at + 60]!r}; it was left out")
    return -1


def _repeat(text: str | None) -> int:
    return UNLIMITED if text and text.startswith(">") else int(text or 1)


def _close(reading: _Reading) -> None:
    """The loop becomes a group of the level above; its first segment gives it its name and its status."""
    level = reading.levels.pop()
    above = reading.levels[-1]
    first = level.nodes[0] if level.nodes else None
    if not isinstance(first, SegmentUse):
        reading.say(f"the loop {level.name or '(without a name)'} does not begin with a segment; its content stands outside it")
        above.nodes += level.nodes
        above.marks += level.marks
        return
    if reading.standard == "edifact":
        children = (SegmentUse(first.tag, "M", first.repeat), *level.nodes[1:])
        group = GroupUse(level.number, first.status, level.repeat, children)
    else:
        group = GroupUse(0, first.status, level.repeat, tuple(level.nodes), first.tag)
    above.nodes.append(group)
    trigger, *others = level.marks
    above.marks.append((group.name, trigger[1] or level.mark, ""))
    above.marks += [(f"{group.name}/{path}", mark, number) for path, mark, number in ((trigger[0], "", trigger[2]), *others)]


def _segments(nodes: list[Node] | tuple[Node, ...]) -> list[SegmentUse]:
    return [one for node in nodes for one in ([node] if isinstance(node, SegmentUse) else _segments(node.children))]


def _restrict(marks: list[tuple[str, str, str]], segments: Mapping[str, Parts], masks: Mapping[str, list[str]],
              reading: _Reading) -> tuple[tuple[str, str], ...]:
    """Marks and masks as entries of `restrict:`. A path that stands for several places cannot be said there."""
    paths = Counter(path for path, _, _ in marks)
    entries: list[tuple[str, str]] = []
    gone: set[str] = set()
    for path, mark, number in marks:
        steps = path.split("/")
        if any("/".join(steps[:count]) in gone for count in range(1, len(steps))):
            continue  # the loop around it is not used at all
        wanted = [(path, {".": "{forbidden: true}", "!": "{required: true}"}[mark])] if mark in (".", "!") else []
        if mark == ".":
            gone.add(path)
        elif number:
            wanted += _masked(path, number, segments, masks, reading)
        if wanted and paths[path] > 1:
            reading.say(f"{path} stands in several places of the set, so its marks cannot be written as restrict:")
        else:
            entries += wanted
    return tuple(entries)


def _masked(path: str, number: str, segments: Mapping[str, Parts], masks: Mapping[str, list[str]],
            reading: _Reading) -> list[tuple[str, str]]:
    """What mask `number` of a segment leaves out or demands, element by element (EDIFACT: by number, X12: by position)."""
    tag = path.rpartition("/")[2]
    known = masks.get(tag, [])
    if not 0 < int(number) <= len(known):
        reading.say(f"{path} uses mask {number}, which {tag} does not have")
        return []
    mask = known[int(number) - 1]
    ids = [use.id for use in segments[tag].uses]
    found = []
    for place, use in enumerate(segments[tag].uses, 1):
        entry = _MASKED.get(mask[place - 1] if place <= len(mask) else "#")
        if not entry or use.status == "M":
            continue
        if reading.standard == "edifact" and ids.count(use.id) > 1:
            reading.say(f"{path}/{use.id} stands there more than once, so mask {number} cannot be written as restrict:")
            continue
        found.append((f"{path}/{use.id if reading.standard == 'edifact' else f'{place:02}'}", entry))
    return found
