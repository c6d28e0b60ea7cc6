"""Reading a message by templates: its lines each for itself, and the frame around them (`line_template.py`)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate
from typing import Any

from edi_bridge.interchange import Delimiters, Message, unmask
from edi_bridge.mapping.line_template import LINES, Frames, Lines
from edi_bridge.mapping.plan import MapPlan, ScopePlan, ScopeUse
from edi_bridge.mapping.resolve import GroupStep, Resolved
from edi_bridge.mapping.template import Pieces, Sure
from edi_bridge.structure import Structure

Read = tuple[dict[str, Any], list[tuple[int, str]], list[Any]]  # record, misplaced segments, notes

TRIES = 8  # messages in a row that templates may fail on before they are tried only now and then
MOST_READERS = 64  # delimiters, and guides that messages are held against on the way


class ByLines:
    """Reads the messages of one map by templates. `use` is the list that holds their lines (`repeated_list`), `bound` gives
    the generated functions for delimiters and for texts with or without masks, `watched` fresh ones that can be traced."""

    def __init__(self, use: ScopeUse, plan: MapPlan, structure: Structure, bound: Callable[[Delimiters, bool], dict[str, Any]],
                 watched: Callable[[Delimiters], dict[str, Any]]):
        self.use, self.plan, self.structure, self.bound, self.watched = use, plan, structure, bound, watched
        self._made: dict[tuple[Delimiters, int], tuple[Lines, Frames]] = {}
        self.unlucky: dict[int, int] = {}  # messages in a row that templates did not help with, without and with a check

    def try_read(self, message: Message, pieces: Pieces | None = None) -> Read | None:
        """Like `read`, but only now and then after it did not help several times in a row."""
        unlucky = self.unlucky.get(id(pieces), 0)
        if unlucky >= TRIES and unlucky % TRIES:
            self.unlucky[id(pieces)] = unlucky + 1
            return None
        got = self.read(message, pieces)
        self.unlucky[id(pieces)] = 0 if got is not None else unlucky + 1
        return got

    def readers(self) -> list[tuple[Lines, Frames]]:
        """What was made so far, for people who want to know how well it goes."""
        return list(self._made.values())

    def _readers(self, delimiters: Delimiters, pieces: Pieces | None) -> tuple[Lines, Frames]:
        """What reads the lines of messages with these delimiters, and what stands around them."""
        key = delimiters, id(pieces)  # `Lines` holds the pieces: while it stands here nothing else has their id
        if len(self._made) > MOST_READERS:
            self._made.clear()  # partners with ever new delimiters must not make it grow
            self.unlucky.clear()
        if key not in self._made:
            name = f"s{self.use.item.number}"

            def converts(released: bool) -> dict[str, Any]:
                space = {name: one for name, one in self.bound(delimiters, released).items() if name[0] in "DU" or name == "RL"}
                for value in self.plan.values():
                    read = value.convert.read
                    if value.convert.codec is not None and value.convert.codec.flow is not None:
                        read = _only_text(read, delimiters)
                    elif value.convert.aux:
                        read = _beside(unmasking(read, delimiters) if released else read)
                    elif released:
                        read = unmasking(read, delimiters)
                    space[f"G{value.number}"] = Sure(read)
                return space

            made = {released: converts(released) for released in (False, True)}
            group = self.use.sources[0].groups[0].node
            around = self.watched(delimiters)
            around[name] = lambda *_: LINES
            self._made[key] = (
                Lines(self.structure, group, delimiters, lambda released: self.bound(delimiters, released)[name],
                      self.watched(delimiters)[name], made, pieces),
                Frames(self.structure, group, delimiters, around[f"s{self.plan.root.number}"], made, pieces))
        return self._made[key]

    def read(self, message: Message, pieces: Pieces | None = None) -> Read | None:
        """The record of a message, the segments without a place and what was noted; None when the message must be read in
        full. Where no template fits the frame, or something is found in a few lines, these and the last line are read in full
        as a shorter message. With `pieces` None as well where anything is wrong with the message."""
        lines, frames = self._readers(message.delimiters, pieces)
        first, *middle = message.text.split(message.delimiters.terminator + lines.start)
        if len(middle) < 2 or not first.startswith(frames.start):
            return None
        last = middle.pop()
        if pieces is not None and not pieces.counts(message, lines.group, len(middle) + 2):
            return None
        left: list[int] = []
        listed = lines.read(middle, message.released, left if pieces is None else None)
        if listed is None:
            return None
        frame, end = "", -1 if left else frames.end(last)
        if end >= 0:
            frame = frames.text(first, last[end:])
            ending = lines.read((last[:end],), message.released)
            record = frames.read(frame, listed + ending, message.released) if ending else None
            if record is not None:
                return record, [], []
        if pieces is not None and not pieces.whole(message):
            return None
        short = _Short(message, lines, first, middle, left, last)
        walked = self.structure.walk(short.segments, message.delimiters.component)
        held = walked.root[lines.group.slot]
        if held is None or [one[0] for one in held] != [[start] for start in short.starts] or any(n in short.starts for n, _ in walked.misplaced):
            return None
        notes: list[Any] = []
        name = self.use.target[0]
        made: dict[str, Any] = self.bound(message.delimiters, message.released)[f"s{self.plan.root.number}"](walked.root, short.segments, notes, None)
        own = made.get(name, [])
        if len(own) != len(held):
            return None
        made[name] = [one if one is not None else own.pop(0) for one in listed] + own
        if frame and not notes and not walked.misplaced:
            behind = short.starts[-1] + last.count(message.delimiters.terminator, 0, end) + 1
            one = made[name][-1:]
            frames.learn(frame, short.segments[:short.starts[0]], short.segments[behind:], {**made, name: one}, one)
        return made, [(short.number(segment), kind) for segment, kind in walked.misplaced], [
            (*note[:3], short.number(note[3]), *note[4:]) for note in notes]


class _Short:
    """A message without the lines that were read already: its segments, where each of its lines starts among them, and which
    number a segment has in the whole message."""

    def __init__(self, message: Message, lines: Lines, first: str, middle: list[str], left: list[int], last: str):
        terminator, element = message.delimiters.terminator, message.delimiters.element
        texts = first.split(terminator)
        before = list(accumulate((line.count(terminator) + 1 for line in middle), initial=len(texts)))  # segments before each line
        self.starts: list[int] = []
        self._moved: list[int] = []  # how far the segments of each of its lines stand from their place in the message
        for number in (*left, len(middle)):
            self.starts.append(len(texts))
            self._moved.append(before[number] - len(texts))
            texts += (lines.start + (middle[number] if number < len(middle) else last)).split(terminator)
        if not texts[-1]:
            texts.pop()
        self.segments = [text.split(element) for text in texts]

    def number(self, segment: int) -> int:
        """The number of a segment in the whole message."""
        line = bisect_right(self.starts, segment) - 1
        return segment + self._moved[line] if line >= 0 else segment


def repeated_list(plan: MapPlan, structure: Structure) -> ScopeUse | None:
    """The list that holds a message's lines, where they can be read each for itself: the list of a group at the top level
    of which no other rule reads anything, and whose rules read nothing outside of it. The one with most below it."""
    if plan.records or structure.hierarchy is not None:
        return None
    fitting = []
    for use in plan.root.uses:
        step = use.sources[0].groups[0] if len(use.sources) == 1 and len(use.sources[0].groups) == 1 else None
        if not isinstance(step, GroupStep) or step.tests or step.nth or step.node.depth != 1 or not use.many or use.when or use.expand:
            continue
        resolved = use.sources[0]
        if resolved.segment or resolved.element or resolved.up or resolved.root or len(use.target) != 1 or _reaches_out(use.item, 0, ()):
            continue
        others = [source for scope in plan.scopes for one in scope.rules() if one is not use for source in one.sources
                  if source.groups and source.groups[0].node is step.node]
        if not others:
            fitting.append((sum(1 for _ in step.node.descendants()), use.number, use))
    return max(fitting)[2] if fitting else None


def _reaches_out(scope: ScopePlan, depth: int, above: tuple[int, ...]) -> bool:
    """Whether a rule of the scope or below it reads outside of the scope `depth` levels up."""
    if any(source.root or source.up > depth for one in scope.rules() for source in one.sources):
        return True
    if any(step.root or step.up > depth for one in scope.values for steps in one.aux for step in steps if isinstance(step, Resolved)):
        return True
    return any(_reaches_out(use.item, depth + 1, (*above, scope.number)) for use in scope.uses if use.item.number not in (*above, scope.number))


def _only_text(read: Callable[..., Any], delimiters: Delimiters) -> Callable[[Any], str | None]:
    """Free text where it is one text only; None otherwise."""
    def one(segments: tuple[tuple[str, ...], ...]) -> str | None:
        texts = read([[unmask(part, delimiters) for part in parts] for parts in segments])
        return texts[0] if len(texts) == 1 else None
    return one


def _beside(read: Callable[..., Any]) -> Callable[[tuple[str, ...]], Any]:
    return lambda key: read(*key)


def unmasking(read: Callable[..., Any], delimiters: Delimiters) -> Callable[..., Any]:
    """The conversion of texts that may hold released characters."""
    return lambda *texts: read(*(unmask(text, delimiters) for text in texts))
