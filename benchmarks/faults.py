"""Faults planted into generated messages: one in each, of seven kinds in turn, at a place drawn by chance.

Planted on the text of the segments alone: nothing here knows how messages are read or checked. Counts in trailers are those
of what is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

Blocks = Iterator[list[str]]
Fault = tuple[str, Callable[[str], list[str]]]  # the beginning of the segment it is planted at, what stands there instead


def _element(separator: str, number: int, value: str) -> Callable[[str], list[str]]:
    """The element of that number becomes `value`."""
    def planted(segment: str) -> list[str]:
        parts = segment.split(separator)
        parts[number] = value
        return [separator.join(parts)]
    return planted


EDIFACT: tuple[Fault, ...] = (
    ("QTY+", _element("+", 1, "21:4x8")),  # no number
    ("DTM+137", _element("+", 1, "137:20241399:102")),  # no such day
    ("LIN+", lambda segment: [segment, "XYZ+1"]),  # no such segment
    ("NAD+DP", _element("+", 1, "Q9Q")),  # no such code
    ("PIA+", _element("+", 1, "0815")),  # too long: 4347 has an..3
    ("BGM+", lambda segment: []),  # missing
    ("IMD+", lambda segment: [segment, "UNS+D"]),  # a section where none begins
)
X12: tuple[Fault, ...] = (
    ("PO1*", _element("*", 2, "4x8")),
    ("IT1*", _element("*", 2, "4x8")),
    ("DTM*", _element("*", 2, "20241399")),
    ("PID*", lambda segment: [segment, "XYZ*1"]),
    ("CUR*", _element("*", 2, "USDX")),
    ("N1*", _element("*", 1, "")),
    ("BEG*", lambda segment: []),
    ("BIG*", lambda segment: []),
)


def planted(blocks: Blocks, number: int, faults: tuple[Fault, ...]) -> Blocks:
    """The segments of message `number` with one fault. A fault that finds no place leaves it to the next kind."""
    listed = list(blocks)
    for turn in range(len(faults)):
        beginning, instead = faults[(number + turn) % len(faults)]
        places = [(block, place) for block, segments in enumerate(listed)
                  for place, segment in enumerate(segments) if segment.startswith(beginning)]
        if places:
            block, place = Random(number).choice(places)
            listed[block][place:place + 1] = instead(listed[block][place])
            break
    yield from listed
