"""A value of a message as coverage sees it, and the reasons why a value comes to nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edi_bridge.finding import Finding
from edi_bridge.interchange import Position

NO_RULE, ELSEWHERE, REFUSED, SECOND, UNKNOWN = "no rule", "elsewhere", "refused", "second", "unknown"
WHY = {  # reason → what a person is told
    NO_RULE: "no rule of the map reads this place",
    ELSEWHERE: "a rule reads this place, but under another qualifier or condition",
    REFUSED: "a rule reads it, but it is no value of the kind wanted there",
    SECOND: "a rule reads only the first of several",
    UNKNOWN: "the structure of the message has no such place",
}
_BY_FINDING = {"value_not_read": SECOND, "alternatives_differ": SECOND}  # any other finding about a value is a refusal


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a message, or a whole segment of which nothing is read (then `values` counts what stands in it). `why` ''
    means that it is read or selects; else a key of WHY. `path` names no items (`SG25/QTY[21]/C186.6060`), `where` finds the
    place in the bytes, which costs something."""

    path: str
    text: str
    why: str
    where: Callable[[], Position]
    values: int = 1


def reason(finding: Finding) -> str:
    """Why the value that a finding of the reader is about is not in the record."""
    return _BY_FINDING.get(finding.kind, REFUSED)


def passes(text: str, asked: Iterable[tuple[str, tuple[str, ...]]]) -> bool:
    """Whether a text is one that rules ask for: (operator, values) as in `path.Test`."""
    for op, values in asked:
        if op == "has" or (op == "=" and text in values) or (op == "!=" and text not in values):
            return True
    return False


def refusals(findings: Iterable[Finding], key: Callable[[Position], Any]) -> Mapping[Any, str]:
    """place → why what stands there is not in the record, for findings about a value."""
    return {key(one.position): reason(one) for one in findings}
