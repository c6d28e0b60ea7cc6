"""Templates: texts that look alike are read by one match and one dict.

A text (the segments of a line, or what stands around a message's lines) is read in full and without findings; the
reader is then watched while it reads it again (`line_trace.py`). From what it did a regular expression is made that
demands what was decisive (tags, qualifiers, how many elements and components, what is empty) and captures what was
taken, and a function that builds the record from the captured texts. A text that its rule cannot simply convert raises
Unsure and goes the full way: templates change nothing but the time.

The patterns run in linear time: negated classes, possessive, between literals.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Any, Protocol

from edi_bridge.interchange import MARK, Delimiters, Message
from edi_bridge.mapping.emit import Bad
from edi_bridge.mapping.line_trace import (
    Given,
    GiveUp,
    Place,
    Taken,
    Trace,
    TracedSegments,
    traced_segments,
)
from edi_bridge.structure import Node

Record = dict[str, Any]
Build = Callable[..., Record]
Template = tuple[Callable[[str], "re.Match[str] | None"], Build, Build]  # match, build, build where something is masked

MOST_TEMPLATES = 24  # kept at a time; the least used goes
MOST_LEARNED = 500  # in the life of a reader: a file in which no two lines are alike must not be learned from for ever
MOST_REFUSED = 3  # attempts to learn from lines of the same tags that came to nothing
MOST_KEPT = 8192  # converted values of one rule


Values = dict[Place, str]  # the pattern that each filled value of a text must fit


class Pieces(Protocol):
    """What holds the parts of a message against its guide (`guide.pieces.Pieces`), so that a text read by a template needs no
    check of its own: the template demands what was checked where it was learned, and of each value its pattern."""

    def line(self, group: Node, segments: list[list[str]], delimiters: Delimiters) -> bool:
        """Whether a line has nothing wrong with it."""

    def whole(self, message: Message) -> bool:
        """Whether a whole message has nothing wrong with it."""

    def counts(self, message: Message, group: Node, lines: int) -> bool:
        """Whether the number of lines and the control totals are right; False also where that is not sure."""

    def line_values(self, group: Node, segments: list[list[str]], delimiters: Delimiters) -> Values | None:
        """What the values of a good line must fit in others like it; None where lines like it must be checked each for itself."""

    def frame_values(self, segments: list[list[str]], delimiters: Delimiters) -> Values | None:
        """The same for what stands around the lines, of which only the first tag of one stands there."""


class Unsure(Exception):  # not an error: it sends a text the full way
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


class Templates:
    """The templates of one kind of text. `converts[released]` is what they call: G1, G2 … by rule, U, constants by their
    names; `given` the names of what `build` gets besides the captured texts."""

    def __init__(self, delimiters: Delimiters, converts: dict[bool, dict[str, Any]], given: tuple[str, ...] = ()):
        self.delimiters, self.converts, self.given = delimiters, converts, given
        self.release = delimiters.release or MARK
        self.kept: list[Template] = []
        self.learned = 0
        self.refused: Counter[tuple[str, ...]] = Counter()

    def first(self) -> Template:
        """The template that fitted last."""
        return self.kept[0] if self.kept else (_nothing, dict, dict)

    def find(self, text: str) -> tuple[re.Match[str] | None, Template]:
        """The match of the template that fits the text, which is moved to the front."""
        for number, template in enumerate(self.kept):
            hit = template[0](text)
            if hit is not None:
                if number:
                    self.kept.insert(0, self.kept.pop(number))
                return hit, template
        return None, self.first()

    def learn(self, text: str, segments: list[list[str]], read: Callable[[TracedSegments], Record | None], record: Record, *given: Any,
              gap: int = -1, values: Values | None = None) -> None:
        """Learn from a text, its segments and the record that was made of them; `read` is the watched reader, None where
        it finds something. Segment number `gap` is only a place holder and not in the text. With `values` each value must fit
        its pattern, and what is empty be empty."""
        if self.learned >= MOST_LEARNED:
            return
        tags = tuple(elements[0] for elements in segments)
        if self.refused[tags] >= MOST_REFUSED:
            return
        self.learned += 1
        try:
            template = self._made(segments, read, gap, values)
            hit = template[0](text)
            builds = template[2:] if MARK in text or self.release in text else template[1:]
            if hit is None or any(list(_flat(build(*given, *hit.groups()))) != list(_flat(record)) for build in builds):
                raise GiveUp
        except (GiveUp, Unsure):
            self.refused[tags] += 1
            return
        self.kept.insert(0, template)
        del self.kept[MOST_TEMPLATES:]

    def _made(self, segments: list[list[str]], read: Callable[[TracedSegments], Record | None], gap: int, values: Values | None) -> Template:
        watched = traced_segments(segments, self.delimiters)
        made = read(watched)
        if not made:
            raise GiveUp
        pattern, groups = _pattern(watched, watched.trace, self.delimiters, gap, values)
        plain, released = (_builder(made, groups, self.given, self.converts[released], released) for released in (False, True))
        return re.compile(pattern).fullmatch, plain, released


def _nothing(_: str) -> None:
    """Matches no text."""


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


def _pattern(segments: TracedSegments, trace: Trace, delimiters: Delimiters, gap: int, values: Values | None) -> tuple[str, dict[Place, str]]:
    """The regular expression of lines on which the watched reader does the same, and the names of what it captures; with
    `values`, also of lines that are as good as this one."""
    numbers = count(1)
    groups: dict[Place, str] = {}
    element, terminator = re.escape(delimiters.element), re.escape(delimiters.terminator)
    whole = f"[^{element}{terminator}]"
    single = f"[^{element}{terminator}{re.escape(delimiters.component)}]"

    def value(place: Place, text: str, allowed: str) -> str:
        if values is not None:
            return good(place, text, values[place]) if text else ""
        if place in trace.taken and text:
            groups[place] = f"g{next(numbers)}"
            if place in trace.exact:
                return f"({re.escape(text)})"
            return f"({allowed[:2]}\\s{allowed[2:]}{allowed}*+)" if place in trace.stripped else f"({allowed}++)"
        if place in trace.exact or ((place in trace.filled or place in trace.taken) and not text):
            return re.escape(text)
        return f"{allowed}++" if place in trace.filled else f"{allowed}*+"

    def good(place: Place, text: str, pattern: str) -> str:
        if place in trace.exact:
            pattern = re.escape(text)
        elif place in trace.taken and place in trace.stripped:
            pattern = r"(?!\s)" + pattern
        if place not in trace.taken:
            return pattern
        groups[place] = f"g{next(numbers)}"
        return f"({pattern})"

    written = []
    if gap in trace.visited:
        raise GiveUp
    for s, elements in enumerate(list.__iter__(segments)):
        if s == gap:
            continue
        tag = "" if s == 0 else re.escape(elements[0])
        if s not in trace.visited and values is None:
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


def _builder(record: Record, groups: dict[Place, str], given: tuple[str, ...], space: dict[str, Any], released: bool) -> Build:
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
            if len(value) == 1 and isinstance(value[0], Given):
                return value[0].name
            return "[" + ", ".join(map(expression, value)) + "]"
        if isinstance(value, Taken):
            if value.rule is None:
                text = key(value.keys[0])
                return f"({text}.strip() if MK not in {text} and RL not in {text} else U({text}.strip()))" if released else f"{text}.strip()"
            keys = ", ".join("(" + "".join(key(part) + "," for part in one) + ")" if _is_parts(one) else key(one) for one in value.keys)
            return f"G{value.rule}[{keys}{',' if value.keys and _is_parts(value.keys[0]) else ''}]"
        if id(value) in names:
            return names[id(value)]
        raise GiveUp  # a text of the line whose way was not seen

    text = f"def build({', '.join((*given, *groups.values()))}):\n    return {expression(record)}\n"
    own = {**space, "MK": MARK, "RL": space["RL"] or MARK}
    exec(compile(text, "<template>", "exec"), own)  # names of the map's fields and names made here; nothing of a partner's
    build: Build = own["build"]
    return build


def _is_parts(key: Any) -> bool:
    """Whether a key of a `Taken` is a segment's list of components, not a place or ''."""
    return isinstance(key, tuple) and not (len(key) == 3 and isinstance(key[0], int))
