"""Dependency notes of UN/EDIFACT directories → the rules of our files.

    Dependency Notes:
    1. D5(030, 020) If first, then all
    2. D2(010, 060, 070) All or none

The numbers are positions of the segment, composite or segment table (ISO 9735-1:2002 clause 11.5; D1 to D7); a rule names
what stands there: `D5(03,02)` counts elements, `D4(SG1,SG3)` names parts of a message's tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

Say = Callable[[int, str], None]

DEPENDENCIES = re.compile(r"[\s|*+#X-]*Dependency notes?\s*:?", re.IGNORECASE)
_ENTRY = re.compile(r"[\s|*+#X-]*(?:\d+\s*[.)]?\s+)?(?P<kind>D\d+)\s*\((?P<places>[^)]*)\)")
_OTHER_NOTES = re.compile(r"[\s|*+#X-]*(?:Other |Segment )?Notes?\s*:", re.IGNORECASE)
_WORDS = re.compile(r"[\sA-Za-z,.]*")  # the meaning in words, which may run on in the next line
KINDS = ("D1", "D2", "D3", "D4", "D5", "D6", "D7")


def read_dependencies(lines: Iterable[tuple[int, str]], names: Mapping[str, str], say: Say) -> tuple[str, ...]:
    """The rules noted in the lines (number, text). `names`: position without leading zeros → what the rule calls it.

    `say(line, sentence)` gets every note that was not understood.
    """
    rules: list[str] = []
    inside = False
    for number, text in lines:
        if DEPENDENCIES.match(text):
            inside = True
            text = text[DEPENDENCIES.match(text).end():]  # type: ignore[union-attr]
        elif not inside or not text.strip():
            continue
        elif _OTHER_NOTES.match(text):
            break
        entry = _ENTRY.match(text)
        if entry:
            rule = _rule(entry["kind"], entry["places"], names)
            if rule:
                rules.append(rule)
                continue
        if entry or not _WORDS.fullmatch(text):
            say(number, f"a dependency note was not understood: {text.strip()!r}")
    return tuple(rules)


def _rule(kind: str, places: str, names: Mapping[str, str]) -> str:
    """The rule, '' when a position or the kind is not known."""
    found = [names.get(place.strip().lstrip("0"), "") for place in places.split(",")]
    return f"{kind}({','.join(found)})" if kind in KINDS and len(found) > 1 and all(found) else ""
