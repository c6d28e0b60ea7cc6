"""The table of findings as `docs/findings.md` prints it."""

from __future__ import annotations

from collections.abc import Mapping

from edi_bridge.finding.kind import IN_999, NEWEST, Kind, Level
from edi_bridge.finding.table import KINDS


def as_markdown() -> str:
    """The table as it stands in `docs/findings.md`, by level; each name leads to its sample."""
    lines: list[str] = []
    for level in Level:
        answers = ["APERAK 9321", "824 647"] if level is Level.BUSINESS else ["CONTRL 0085", "TA1, 997", "999"]
        titles = ["finding", "by default", "what is wrong", "what to do", *answers]
        lines += [f"## {level.value.capitalize()}", "", _cells(titles), "|" + "---|" * len(titles)]
        lines += [_cells([f"[{kind.name}](../samples/findings/{kind.name})", kind.severity.value, kind.sentence, kind.hint, *_codes(kind)])
                  for kind in KINDS.values() if kind.level is level]
        lines.append("")
    return "\n".join(lines)


def _cells(texts: list[str]) -> str:
    return "| " + " | ".join(text or "–" for text in texts) + " |"


def _codes(kind: Kind) -> list[str]:
    """The codes of a kind as the cells of its row."""
    if kind.level is Level.BUSINESS:
        return [kind.aperak, kind.x824]
    old, new = kind.contrl
    plain = {element: code for element, code in kind.x12.items() if element not in IN_999}
    x12 = _pairs(plain)
    if kind.x12_before != plain:
        x12 += f" (before {NEWEST}: {_pairs(kind.x12_before)})"
    return [old if old == new else f"{old or '–'} (syntax 4: {new})", x12,
            _pairs({element: code for element, code in kind.x12.items() if kind.x12.get(IN_999.get(element, element)) != code})]


def _pairs(codes: Mapping[str, str]) -> str:
    return " ".join(f"{element}={code}" for element, code in codes.items())
