"""Lines that look alike are read by templates learned from the first of them: one match, one dict.

Most of a message are its lines (LIN …, PO1 …), and most lines of a partner have the same segments, qualifiers and
components. When a line comes that no template fits, it is read in full and without findings, the reader is watched
while it reads it again (`line_trace.py`): a regular expression is made that demands what was decisive (tags, qualifiers,
how many elements and components, what is empty) and captures what was taken, and an expression that builds the record
from the captured texts. A text that its rule cannot convert, or a line that no template fits, goes the full way, and a
message in which anything is found is read in full from its start: so templates change nothing but the time.

The patterns run in linear time: negated classes, possessive, between literals.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from edi_bridge.interchange import MARK, Delimiters
from edi_bridge.mapping.emit import Bad
from edi_bridge.mapping.line_trace import GiveUp, Place, Taken, Trace, TracedSegments, traced_segments
from edi_bridge.structure import Instance, Node, Structure

Record = dict[str, Any]
Build = Callable[..., Record]
Reader = Callable[..., Record]  # the generated function of the lines' scope

MOST_TEMPLATES = 24  # kept at a time; the least used goes
MOST_LEARNED = 500  # in the life of a reader: a file in which no two lines are alike must not be learned from for ever
MOST_REFUSED = 3  # attempts to learn from lines of the same tags that came to nothing
MOST_KEPT = 8192  # converted values of one rule


class Unsure(Exception):  # noqa: N818 - not an error: it sends a line the full way
    """A value that its rule does not simply convert."""


class Sure(dict[Any, Any]):
    """raw → converted value, only where the conversion finds nothing; Unsure otherwise. Emptied when large."""

    __slots__ = ("convert",)

    def __init__(self, convert: Callable[..., Any]):
        super().__init__()
        self.convert = convert

    def __missing__(self, key: Any) -> Any:
        value = self.convert(key)
        kind = value.__class__
        if value is None or kind is Bad or (kind is str and not value):
            raise Unsure
        if len(self) >= MOST_KEPT:
            self.clear()
        self[key] = value
        return value


class Lines:
    """Reads the lines of messages that share delimiters. `full(released)` gives the generated reader of a line, `watched`
    is the same for traced texts; `converts[released]` is what templates call: G1, G2 … by rule, U, constants by their names."""

    def __init__(self, structure: Structure, group: Node, delimiters: Delimiters, full: Callable[[bool], Reader],
                 watched: Reader, converts: dict[bool, dict[str, Any]]):
        self.structure, self.group, self.delimiters = structure, group, delimiters
        self.start = group.children[0].name + delimiters.element
        self.full, self.watched, self.converts = full, watched, converts
        self.templates: list[tuple[Callable[[str], re.Match[str] | None], Build, Build]] = []
        self.learned = 0
        self.refused: Counter[tuple[str, ...]] = Counter()

    def read(self, lines: Sequence[str], released: bool) -> list[Record] | None:
        """The records of lines (each from behind its first tag up to its last terminator), None when anything is found in
        one of them."""
        records: list[Record] = []
        match, build, build_released = self.templates[0] if self.templates else (_nothing, dict, dict)
        release = self.delimiters.release or MARK
        for line in lines:
            hit = match(line)
            if hit is None:
                hit, match, build, build_released = self._other(line)
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
                return None
            if record:
                records.append(record)
            if hit is None and self.templates:
                match, build, build_released = self.templates[0]
        return records

    def _other(self, line: str) -> Any:
        """The template that fits the line, moved to the front."""
        for number, template in enumerate(self.templates):
            hit = template[0](line)
            if hit is not None:
                if number:
                    self.templates.insert(0, self.templates.pop(number))
                return hit, *template
        return None, _nothing, dict, dict

    def _in_full(self, line: str, released: bool, learn: bool) -> Record | None:
        """The record of a line as the generated reader makes it; None when it finds anything."""
        segments = [text.split(self.delimiters.element) for text in (self.start + line).split(self.delimiters.terminator)]
        instance = self.structure.inside(self.group, segments)
        if instance is None:
            return None
        notes: list[Any] = []
        record = self.full(released)(instance, segments, notes, (None, None))
        if notes:
            return None
        if learn and self.learned < MOST_LEARNED and MARK not in line and (self.delimiters.release or MARK) not in line:
            tags = tuple(elements[0] for elements in segments)
            if self.refused[tags] < MOST_REFUSED:
                self.learned += 1
                try:
                    self._learn(line, instance, segments, record)
                except GiveUp:
                    self.refused[tags] += 1
        return record

    def _learn(self, line: str, instance: Instance, segments: list[list[str]], record: Record) -> None:
        watched = traced_segments(segments, self.delimiters.component)
        notes: list[Any] = []
        made = self.watched(instance, watched, notes, (None, None))
        if notes or not made:
            raise GiveUp
        pattern, groups = _pattern(watched, watched.trace, self.delimiters)
        template = (re.compile(pattern).fullmatch, *(_builder(made, groups, self.converts[released], released)
                                                     for released in (False, True)))
        hit = template[0](line)
        try:
            if hit is None or any(list(_flat(build(*hit.groups()))) != list(_flat(record)) for build in template[1:]):
                raise GiveUp
        except Unsure:
            raise GiveUp from None
        self.templates.insert(0, template)
        del self.templates[MOST_TEMPLATES:]


def _nothing(_: str) -> None:
    """Matches no line."""
    return None


def _flat(value: Any) -> Any:
    """A record as a sequence that shows the order of its fields and the types of its values."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _flat(inner)
        yield dict
    elif isinstance(value, list):
        for inner in value:
            yield from _flat(inner)
        yield list
    else:
        yield value.__class__, str(value)


# --- the pattern ------------------------------------------------------------------------------------------------


def _pattern(segments: TracedSegments, trace: Trace, delimiters: Delimiters) -> tuple[str, dict[Place, str]]:
    """The regular expression of lines on which the watched reader does the same, and the names of what it captures."""
    numbers = count(1)
    groups: dict[Place, str] = {}
    element, terminator = re.escape(delimiters.element), re.escape(delimiters.terminator)
    whole = f"[^{element}{terminator}]"
    single = f"[^{element}{terminator}{re.escape(delimiters.component)}]"

    def value(place: Place, text: str, allowed: str) -> str:
        if place in trace.taken and text:
            groups[place] = f"g{next(numbers)}"
            if place in trace.exact:
                return f"({re.escape(text)})"
            return f"((?!\\s){allowed}++)" if place in trace.stripped else f"({allowed}++)"
        if place in trace.exact or ((place in trace.filled or place in trace.taken) and not text):
            return re.escape(text)
        return f"{allowed}++" if place in trace.filled else f"{allowed}*+"

    written = []
    for s, elements in enumerate(list.__iter__(segments)):
        tag = "" if s == 0 else re.escape(elements[0])
        if s not in trace.visited:
            written.append(tag + (f"(?:{element}[^{terminator}]*+)?+" if s else f"[^{terminator}]*+"))
            continue
        pieces = []
        for e, traced in enumerate(elements[1:], 1):
            text = str.__str__(traced)
            if (s, e) not in trace.cut:
                pieces.append(value((s, e, 0), text, whole))
                continue
            parts = str.split(text, delimiters.component)
            if (s, e, 0) in trace.exact | trace.taken:
                raise GiveUp
            if len(parts) == 1 and (s, e, 0) in trace.filled:
                trace.filled.add((s, e, 1))
            pieces.append(re.escape(delimiters.component).join(value((s, e, n), part, single) for n, part in enumerate(parts, 1)))
        written.append((tag + element if s else "") + element.join(pieces) if pieces else tag)
    return terminator.join(written), groups


# --- the record -------------------------------------------------------------------------------------------------


def _builder(record: Record, groups: dict[Place, str], space: dict[str, Any], released: bool) -> Build:
    """The function that builds the record from the captured texts, in the order of the pattern's groups."""
    names = {id(value): name for name, value in space.items() if name[0] == "D"}

    def key(one: Any) -> str:
        if isinstance(one, str) or one not in groups:
            return "''"
        return groups[one]

    def expression(value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{name!r}: {expression(inner)}" for name, inner in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(expression, value)) + "]"
        if isinstance(value, Taken):
            if value.rule is None:
                return f"U({key(value.keys[0])}.strip())" if released else f"{key(value.keys[0])}.strip()"
            keys = ", ".join("(" + "".join(key(part) + "," for part in one) + ")" if _is_parts(one) else key(one) for one in value.keys)
            return f"G{value.rule}[{keys}{',' if value.keys and _is_parts(value.keys[0]) else ''}]"
        if id(value) in names:
            return names[id(value)]
        raise GiveUp  # a text of the line whose way was not seen

    text = f"def build({', '.join(groups.values())}):\n    return {expression(record)}\n"
    own = dict(space)
    exec(compile(text, "<template>", "exec"), own)  # names of the map's fields and names made here; nothing of a partner's
    build: Build = own["build"]
    return build


def _is_parts(key: Any) -> bool:
    """Whether a key of a `Taken` is a segment's list of components, not a place or ''."""
    return isinstance(key, tuple) and not (len(key) == 3 and isinstance(key[0], int))
