"""Conditions between the elements of a segment (or the components of a composite): which must stand together.

X12.6 writes a syntax note as a letter and the two-digit positions it is about (P0304); UN/EDIFACT directories write a
dependency note as D and a number (D5(02,03): ISO 9735-1 annex B.3 and the directories' part 4). Both are one table here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Present = Sequence[bool]  # whether each element that the rule names has a value, in the rule's order


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition. `kind` is the letter or D-number as written, `places` count elements (or components) from 1."""

    kind: str
    places: tuple[int, ...]

    def broken(self, present: Present) -> int:
        """Which of the rule's places breaks it: an index into `places` (the one to point at), -1 when it holds."""
        return RULES[self.kind][0](present)

    def excludes(self, present: Present) -> bool:
        """Whether it is broken because values stand together that may not (X12 723 = 10), not because one is missing."""
        return self.kind in ("E", "D4", "D7") or (self.kind == "D1" and any(present))

    @property
    def words(self) -> str:
        """What it demands, for people: `{}` stands for the list of its elements."""
        return RULES[self.kind][1]

    def __str__(self) -> str:
        numbers = [f"{place:02}" for place in self.places]
        return f"{self.kind}({','.join(numbers)})" if self.kind[0] == "D" else self.kind + "".join(numbers)


def parse(text: str) -> Rule:
    """`P0304` or `D5(02,03)` → the rule. Raises ValueError with a sentence where it is neither."""
    x12 = re.fullmatch(r"([PRECL])((?:\d\d){2,})", text)
    if x12:
        return Rule(x12.group(1), tuple(int(pair) for pair in re.findall(r"\d\d", x12.group(2))))
    edifact = re.fullmatch(r"(D[1-7])\((\d+(?:,\d+)+)\)", text.replace(" ", ""))
    if edifact:
        return Rule(edifact.group(1), tuple(int(one) for one in edifact.group(2).split(",")))
    raise ValueError(f"{text!r} is not a condition: write P0304 (X12: P R E C L) or D5(02,03) (EDIFACT: D1 to D7)")


def _first_absent(present: Present) -> int:
    return present.index(False)


def _all_or_none(present: Present) -> int:
    return _first_absent(present) if any(present) and not all(present) else -1


def _one_or_more(present: Present) -> int:
    return -1 if any(present) else 0


def _one_or_none(present: Present) -> int:
    return [number for number, one in enumerate(present) if one][1] if sum(present) > 1 else -1


def _one_only(present: Present) -> int:
    return _one_or_none(present) if any(present) else 0


def _if_first_all(present: Present) -> int:
    return _first_absent(present) if present[0] and not all(present) else -1


def _if_first_one_more(present: Present) -> int:
    return 1 if present[0] and not any(present[1:]) else -1


def _if_first_none(present: Present) -> int:
    return present.index(True, 1) if present[0] and any(present[1:]) else -1


RULES: dict[str, tuple[Callable[[Present], int], str]] = {
    # X12.6 3.8.3.2 (4010) relational conditions
    "P": (_all_or_none, "{} stand together or not at all"),
    "R": (_one_or_more, "at least one of {} is needed"),
    "E": (_one_or_none, "only one of {} may be used"),
    "C": (_if_first_all, "where the first of {} is used, the others are needed"),
    "L": (_if_first_one_more, "where the first of {} is used, at least one of the others is needed"),
    # the dependency identifiers of UN/EDIFACT directories
    "D1": (_one_only, "exactly one of {} is needed"),
    "D2": (_all_or_none, "{} stand together or not at all"),
    "D3": (_one_or_more, "at least one of {} is needed"),
    "D4": (_one_or_none, "only one of {} may be used"),
    "D5": (_if_first_all, "where the first of {} is used, the others are needed"),
    "D6": (_if_first_one_more, "where the first of {} is used, at least one of the others is needed"),
    "D7": (_if_first_none, "where the first of {} is used, none of the others may be"),
}
