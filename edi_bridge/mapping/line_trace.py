"""Watching a generated reader while it reads one line, to learn which characters of the line decide what it does.

The reader gets `Traced` texts instead of plain ones. They know their place in the line and say what is done with them:
compared (then exactly this text was decisive), asked whether they are empty, cut into components, or taken into the
record. The record comes back with `Taken` values where texts of the line belong. Whatever cannot be followed raises
GiveUp; the line is then always read in full.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from edi_bridge.interchange import MARK, Delimiters
from edi_bridge.mapping.emit import Bad

Place = tuple[int, int, int]  # segment and element from 0, component from 1; component 0: the whole element


class GiveUp(Exception):  # not an error: it ends an attempt and is always caught
    """What the reader does with this line cannot be followed."""


@dataclass(slots=True)
class Trace:
    """What was done with the texts of one line. `exact`: compared; `filled`: asked whether they are empty; `cut`: elements
    of which components were looked at; `taken`: what went into the record; `visited`: the segments looked at."""

    component: str
    release: str
    exact: set[Place] = field(default_factory=set)
    filled: set[Place] = field(default_factory=set)
    cut: set[tuple[int, int]] = field(default_factory=set)
    taken: set[Place] = field(default_factory=set)
    stripped: set[Place] = field(default_factory=set)
    visited: set[int] = field(default_factory=set)


class Traced(str):
    """A text of the line that tells its trace what is done with it."""

    place: Place
    trace: Trace

    @classmethod
    def of(cls, text: str, place: Place, trace: Trace) -> Traced:
        """The text at a place."""
        made = cls(text)
        made.place, made.trace = place, trace
        return made

    def __hash__(self) -> int:
        self.trace.exact.add(self.place)
        return str.__hash__(self)

    def __eq__(self, other: object) -> bool:
        self.trace.exact.add(self.place)
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __bool__(self) -> bool:
        self.trace.filled.add(self.place)
        return str.__len__(self) > 0

    def __contains__(self, part: object) -> bool:
        """Asked only for masks and release characters: they are turned back where the text is taken."""
        return False

    def split(self, separator: str | None = None, limit: Any = -1) -> list[str]:  # type: ignore[override]
        """Into components; nothing else can be followed."""
        segment, element, component = self.place
        if separator != self.trace.component or component or limit != -1:
            raise GiveUp
        self.trace.cut.add((segment, element))
        parts = str.split(self, separator)
        return [Traced.of(part, (segment, element, number), self.trace) for number, part in enumerate(parts, 1)]

    def strip(self, chars: str | None = None) -> Any:
        """A plain value on its way into the record."""
        if chars is not None or not str.strip(self):
            raise GiveUp
        self.trace.taken.add(self.place)
        self.trace.stripped.add(self.place)
        text = str.strip(self)
        masked = MARK in text or (self.trace.release and self.trace.release in text)
        return Taken(None, (self.place,), self.trace, None if masked else text)


def _refused(self: Any, *_: Any, **__: Any) -> Any:
    raise GiveUp


_FOLLOWED = {"__class__", "__new__", "__init__", "__init_subclass__", "__subclasshook__", "__getattribute__", "__setattr__", "__delattr__",
             "__dir__", "__doc__", "__reduce__", "__reduce_ex__", "__getstate__", "__sizeof__", "__str__", "__repr__", "__getnewargs__"}
for _name in set(dir(str)) - set(vars(Traced)) - _FOLLOWED:
    setattr(Traced, _name, _refused)


@dataclass(frozen=True, eq=False, slots=True)
class Taken:
    """A value made of texts of the line. `rule` None: stripped text; else what rule `rule` makes of them. A key is a place,
    or a plain text where the line has none, or (for free text) a tuple of such for each segment. `value` is what was made
    of them here: where it is compared, its texts are decisive."""

    rule: int | None
    keys: tuple[Any, ...]
    trace: Trace
    value: Any = None

    def _decisive(self) -> Any:
        if self.value is None:
            raise GiveUp
        self.trace.exact.update(key for key in self.keys if key != "")
        return self.value

    def __eq__(self, other: object) -> bool:
        return bool(self._decisive() == (other._decisive() if isinstance(other, Taken) else other))

    def __hash__(self) -> int:
        return hash(self._decisive())

    def __contains__(self, part: object) -> bool:
        """Asked only for masks and release characters."""
        return False


@dataclass(frozen=True, slots=True)
class Given:
    """Stands in a record for what is not learned but given each time; a list that holds it alone is replaced."""

    name: str


class TracedSegments(list[list[str]]):
    """The segments of the line; remembers which were looked at."""

    trace: Trace

    def __getitem__(self, number: Any) -> Any:
        self.trace.visited.add(number)
        return list.__getitem__(self, number)


def traced_segments(segments: list[list[str]], delimiters: Delimiters) -> TracedSegments:
    """A line ready to be watched; tags stay plain."""
    trace = Trace(delimiters.component, delimiters.release)
    made = TracedSegments([elements[0], *(Traced.of(text, (s, e, 0), trace) for e, text in enumerate(elements[1:], 1))]
                          for s, elements in enumerate(segments))
    made.trace = trace
    return made


def key_of(value: Any) -> Any:
    """A text as the key of a `Taken`: its place, or itself where it is no text of the line and empty."""
    if isinstance(value, Traced):
        value.trace.taken.add(value.place)
        return value.place
    if value == "":
        return ""
    raise GiveUp


class TracedMemo:
    """Stands for a conversion: M7[text] or M7[text, beside]. `memo` is the conversion itself."""

    def __init__(self, rule: int, memo: Any):
        self.rule, self.memo = rule, memo

    def __getitem__(self, key: Any) -> Taken:
        texts = key if isinstance(key, tuple) else (key,)
        keys = tuple(map(key_of, texts))
        plain = tuple(str.__str__(text) for text in texts)
        value = self.memo[plain if isinstance(key, tuple) else plain[0]]
        if value is None or value.__class__ is Bad:
            raise GiveUp
        return Taken(self.rule, keys, next(text.trace for text in texts if isinstance(text, Traced)), value)


def traced_text(rule: int) -> Callable[[list[list[str]]], list[Any]]:
    """Stands for the reading of free text out of segments, each the list of its components."""
    def read(segments: list[list[str]]) -> list[Any]:
        texts = [part for parts in segments for part in parts if part]
        if not texts:
            return []
        return [Taken(rule, tuple(tuple(map(key_of, parts)) for parts in segments), texts[0].trace)]  # type: ignore[attr-defined]
    return read


class LineWatch:
    """Watches the reading of a line: conversions and free text say what they would be made of."""

    def memo(self, value: Any, memo: Any) -> TracedMemo:
        """A conversion that says what it converts."""
        return TracedMemo(value.number, memo)

    def text(self, value: Any) -> Callable[[list[list[str]]], list[Any]]:
        """Free text that says what it is made of."""
        return traced_text(value.number)

    def numbers(self, use: Any, listed: Callable[[list[str]], list[str]]) -> Callable[[list[str]], list[str]]:
        """Numbers cannot be followed: `listed` itself asks its texts for more than they tell."""
        return listed
