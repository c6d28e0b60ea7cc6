"""The expressions by which generated writers join components and elements; what trails and is empty is left out.

A function that joins a list and looks for empty ends is slow when it is called for every composite. What a segment can end
with is known when the map is compiled: `QTY+21:48:PCE` ends with its unit, else with its quantity. So an expression has a
way for each end, the first one whose end is filled is taken, and each way is a format string; runs of constants (`QTY+21:`)
are joined once, when the delimiters are known. Names in the generated code: `ES`, `CS` the separators of elements and
components, `S3` a run of constants, `JE`, `JC` the functions that join anything.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from edi_bridge.mapping.emit import Lines

MOST_WAYS = 4  # of one expression; what has more ends is joined by a function
EMPTY = "''"
SEPARATORS = {"ES": "JE", "CS": "JC"}  # a separator's name → the function that joins with it

Parts = Mapping[int, Sequence[str]]
"""An element: the number of a component (0: the whole element) → expressions of its text; the first filled one counts."""


class Way(NamedTuple):
    """What is written where `end` is filled ('': always): literals and names, one behind the other."""

    end: str
    pieces: tuple[str, ...]


class SegmentTexts:
    """Writes expressions into `code`, and what they need computed before them. `constants` are the lines that make the runs."""

    def __init__(self, code: Lines):
        self.code = code
        self._runs: dict[str, str] = {}

    @property
    def constants(self) -> str:
        """The assignments of all runs of constants, to stand before the functions."""
        return "".join(f"{name} = {run}\n" for run, name in self._runs.items())

    def element(self, parts: Parts) -> str:
        """The expression of an element."""
        if not parts:
            return EMPTY
        if set(parts) <= {0, 1} and len(parts) == 1:
            return _first(next(iter(parts.values())))
        items = [_first(parts.get(number, ())) for number in range(1, max(parts) + 1)]
        joined = self._joined(items, "CS", ())
        return f"({' or '.join(parts[0])} or {joined})" if parts.get(0) else joined

    def segment(self, tag: str, elements: Sequence[Parts], filled: Collection[str] = ()) -> str:
        """The expression of a whole segment; `filled` are locals of which it is known here that they are not empty."""
        items: list[str | list[Way]] = [repr(tag)]
        for number, parts in enumerate(elements, 1):
            ways = self._inside(parts, filled) if parts and not parts.get(0) and set(parts) != {1} else None
            if ways is not None and len(ways) == 1:
                items.append(ways)
            elif ways is not None and number == len(elements):
                items.append(ways)
            else:
                items.append(self._simple(self.element(parts)))
        return self._joined(items, "ES", filled)

    def _inside(self, parts: Parts, filled: Collection[str]) -> list[Way] | None:
        """The ways of a composite; None where there are too many."""
        items = [self._simple(_first(parts.get(number, ()))) for number in range(1, max(parts) + 1)]
        return _ways(items, "CS", filled)

    def _simple(self, text: str) -> str:
        """A literal or name that has the value of an expression."""
        if _is_constant(text) or text.isidentifier():
            return text
        name = self.code.name("t")
        self.code.add(f"{name} = {text}")
        return name

    def _joined(self, items: Sequence[str | list[Way]], separator: str, filled: Collection[str]) -> str:
        simple = [self._simple(item) if isinstance(item, str) else item for item in items]
        ways = _ways(simple, separator, filled)
        if ways is None:
            listed = ", ".join(item if isinstance(item, str) else self._chosen(item) for item in simple)
            return f"{SEPARATORS[separator]}(({listed},))"
        return self._chosen(ways)

    def _chosen(self, ways: list[Way]) -> str:
        spelled = [(self._spelled(way.pieces), way.end) for way in ways]
        text = " else ".join(f"{one} if {end}" if end else one for one, end in spelled)
        return f"({text})" if len(ways) > 1 or " " in text else text

    def _spelled(self, pieces: tuple[str, ...]) -> str:
        """Pieces as one expression, each run of constants as one name."""
        short: list[str] = []
        for constant, run in groupby(pieces, _is_constant):
            listed = list(run)
            short += [self._run(listed)] if constant and len(listed) > 1 else listed
        if len(short) < 3:
            return " + ".join(short) or EMPTY
        texts = [piece[1:-1].replace("{", "{{").replace("}", "}}") if _is_literal(piece) else f"{{{piece}}}" for piece in short]
        return f"f'{''.join(texts)}'"

    def _run(self, constants: list[str]) -> str:
        return self._runs.setdefault(" + ".join(constants), f"S{len(self._runs)}")


def _ways(items: Sequence[str | list[Way]], separator: str, filled: Collection[str]) -> list[Way] | None:
    """The ways in which joined items can end, the longest first; None where there are too many."""
    ways: list[Way] = []
    for last in range(len(items) - 1, -1, -1):
        item = items[last]
        if item == EMPTY:
            continue
        before: tuple[str, ...] = ()
        for one in items[:last]:
            pieces = one[0].pieces if isinstance(one, list) else () if one == EMPTY else (one,)
            before = (*before, *pieces, separator)
        ends = item if isinstance(item, list) else [Way("" if _is_literal(item) or item in filled else item, (item,))]
        ways += [Way(way.end, (*before, *way.pieces)) for way in ends if way.pieces]
        if len(ways) > MOST_WAYS:
            return None
        if ways and not ways[-1].end:
            return ways
    return [*ways, Way("", ())]


def _first(expressions: Sequence[str]) -> str:
    return EMPTY if not expressions else expressions[0] if len(expressions) == 1 else f"({' or '.join(expressions)})"


def _is_literal(piece: str) -> bool:
    """Whether a piece is a plain text, which is not empty (`repr` of a text with quotes is none)."""
    return len(piece) > 2 and piece[0] == piece[-1] == "'" and "'" not in piece[1:-1] and "\\" not in piece


def _is_constant(piece: str) -> bool:
    return piece in SEPARATORS or piece == EMPTY or _is_literal(piece)


__all__ = ["Parts", "SegmentTexts"]
