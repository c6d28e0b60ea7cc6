"""A message's lines, and what stands around them, read by templates (`template.py`).

Most of a message are its lines (LIN …, PO1 …), most lines of a partner have the same segments, qualifiers and
components, and so have its messages before and behind their lines: the frame. Whatever no template fits is read in full
and learned from; a message in whose lines anything is found is read in full from its start.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from edi_bridge.interchange import MARK, Delimiters
from edi_bridge.mapping.line_trace import Given, TracedSegments
from edi_bridge.mapping.template import Pieces, Record, Template, Templates, Unsure
from edi_bridge.structure import Node, Structure

Reader = Callable[..., Record]  # a generated function
LINES = Given("lines")
MOST_LEFT = 4  # lines of a message in which something is found, before all of it is read in full
MOST_FOLLOWING = 100  # templates that are remembered to follow one another


class Lines:
    """Reads the lines of messages that share delimiters. `full(released)` gives the generated reader of a line, `watched`
    is the same for traced texts; `converts` see `Templates`; with `pieces` only good lines are read."""

    def __init__(self, structure: Structure, group: Node, delimiters: Delimiters, full: Callable[[bool], Reader],
                 watched: Reader, converts: dict[bool, dict[str, Any]], pieces: Pieces | None = None):
        self.structure, self.group, self.delimiters, self.pieces = structure, group, delimiters, pieces
        self.start = group.children[0].name + delimiters.element
        self.full, self.watched = full, watched
        self.templates = Templates(delimiters, converts)
        self._following: dict[Any, Template] = {}  # by the match of the one before

    def read(self, lines: Sequence[str], released: bool, left: list[int] | None = None) -> list[Any] | None:
        """The records of lines (each from behind its first tag up to its last terminator), None when anything is found in
        one of them. With `left` a few such lines may be left to the caller: their numbers go there, None among the records."""
        records: list[Any] = []
        templates, release = self.templates, self.templates.release
        match, build, build_released = template = templates.first()
        following = self._following
        for number, line in enumerate(lines):
            hit = match(line)
            if hit is None:
                former = match
                match, build, build_released = template = following.get(former, template)  # what came after it last time
                hit = match(line)
                if hit is None:
                    hit, template = templates.find(line)
                    match, build, build_released = template
                    if hit is not None:
                        if len(following) > MOST_FOLLOWING:
                            following.clear()
                        following[former] = template
            if hit is not None:
                try:
                    if released and (MARK in line or release in line):
                        records.append(build_released(*hit.groups()))
                    else:
                        records.append(build(*hit.groups()))
                    continue
                except Unsure:
                    pass
            record = self._in_full(line, released, learn=hit is None)
            if record is None:
                if left is None or len(left) >= MOST_LEFT:
                    return None
                left.append(number)
            if record != {}:
                records.append(record)
            if hit is None:
                match, build, build_released = template = templates.first()
        return records

    def _in_full(self, line: str, released: bool, learn: bool) -> Record | None:
        """The record of a line as the generated reader makes it; None when it finds anything."""
        segments = [text.split(self.delimiters.element) for text in (self.start + line).split(self.delimiters.terminator)]
        instance = self.structure.inside(self.group, segments)
        if instance is None:
            return None
        values = None
        if self.pieces is not None and learn:  # what a template fits was good when it was learned from
            if not self.pieces.line(self.group, segments, self.delimiters):
                return None
            values = self.pieces.line_values(self.group, segments, self.delimiters)
            learn = values is not None
        notes: list[Any] = []
        record = self.full(released)(instance, segments, notes, (None, None))
        if notes:
            return None
        if learn and record:
            def watched(traced: TracedSegments) -> Record | None:
                told: list[Any] = []
                made = self.watched(instance, traced, told, (None, None))
                return None if told else made

            self.templates.learn(line, segments, watched, record, values=values)
        return record


class Frames:
    """Reads what stands before and behind the lines. `watched` is the generated reader of the message for traced texts, in
    which a line is only `LINES`."""

    def __init__(self, structure: Structure, group: Node, delimiters: Delimiters, watched: Reader, converts: dict[bool, dict[str, Any]],
                 pieces: Pieces | None = None):
        self.structure, self.group, self.delimiters, self.watched, self.pieces = structure, group, delimiters, watched, pieces
        self.start = structure.root.children[0].name + delimiters.element
        self.templates = Templates(delimiters, converts, (LINES.name,))
        tags = "|".join(map(re.escape, behind(structure.root, group)))
        self._end = re.compile(f"{re.escape(delimiters.terminator)}(?:{tags or '(?!)'})[{re.escape(delimiters.element + delimiters.terminator)}]")

    def end(self, last: str) -> int:
        """Where the last line ends in what stands behind the start of it; -1 when that cannot be said."""
        hit = self._end.search(last)
        return hit.start() if hit else -1

    def text(self, before: str, behind: str) -> str:
        """What templates match: without the header's tag and the last terminator."""
        return before[len(self.start):] + behind[:-1]

    def read(self, text: str, lines: list[Record], released: bool) -> Record | None:
        """The record with these lines, None when no template fits the frame."""
        hit, (_, build, build_released) = self.templates.find(text)
        if hit is None:
            return None
        try:
            marked = released and (MARK in text or self.templates.release in text)
            return (build_released if marked else build)(lines, *hit.groups())
        except Unsure:
            return None

    def learn(self, text: str, before: list[list[str]], behind: list[list[str]], record: Record, lines: list[Record]) -> None:
        """Learn from a frame and the record that was made of it and its lines."""
        segments = [*before, [self.group.children[0].name], *behind]
        walked = self.structure.walk(segments, self.delimiters.component)
        held = walked.root[self.group.slot]
        if walked.misplaced or held is None or len(held) != 1 or held[0][0] != [len(before)]:
            return

        def watched(traced: TracedSegments) -> Record | None:
            told: list[Any] = []
            made = self.watched(walked.root, traced, told, None)
            return None if told else made

        values = self.pieces.frame_values(segments, self.delimiters) if self.pieces is not None else None
        if self.pieces is None or values is not None:
            self.templates.learn(text, segments, watched, record, lines, gap=len(before), values=values)


def behind(root: Node, group: Node) -> list[str]:
    """The tags that can only stand behind the lines, and stand at one place there wherever a line ends."""
    inside = [node for node in group.descendants() if not node.is_group]
    found = []
    for node in root.children[group.slot + 1:]:
        tag = node.children[0].name if node.is_group else node.name
        steps = [one.steps[tag] for one in inside]
        if all(step is not None and (step.depth, step.slot, step.others) == (0, node.slot, None) for step in steps):
            found.append(tag)
    return found
