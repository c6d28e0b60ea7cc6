"""A finding: one fact about one place of what a partner sent."""

from __future__ import annotations

from dataclasses import dataclass, field

from edi_bridge.finding.kind import Level, Severity
from edi_bridge.finding.table import KINDS
from edi_bridge.interchange import Position


@dataclass(frozen=True, slots=True)
class Demand:
    """What a guide asks for where it is not so, for programs: how many characters a value may have, or a condition between
    elements (`rule`: P, C, L …, D1 to D7) and the elements or components that it names, from 1."""

    most: int = 0
    rule: str = ""
    places: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about one place. `value` is the partner's text that caused it, cut to 200 characters by `found`; `demand` is there
    as long as the program runs, the ledger does not keep it."""

    kind: str
    position: Position = Position()
    value: str = ""
    note: str = ""  # expected and found, or whatever makes the sentence precise
    demand: Demand | None = field(default=None, compare=False)

    @property
    def level(self) -> Level:
        """The level of its kind."""
        return KINDS[self.kind].level

    @property
    def rejects(self) -> bool:
        """Whether it rejects by default; an agreement may decide otherwise."""
        return KINDS[self.kind].severity is Severity.REJECT

    def sentence(self) -> str:
        """`kind: what is wrong, precisely`, on one line, control characters made visible."""
        kind = KINDS[self.kind]
        text = f"{self.kind}: {visible(self.note or kind.sentence)}"
        if self.value and repr(self.value)[1:-1] not in text:
            text += f", found {printable(self.value)}"
        return text


def found(kind: str, position: Position = Position(), value: str = "", note: str = "", demand: Demand | None = None) -> Finding:
    """A finding of a kind that the table knows (KeyError otherwise: that is our bug)."""
    assert kind in KINDS, kind
    return Finding(kind, position, value[:200], note, demand)


def printable(value: str, limit: int = 60) -> str:
    """`value` in quotes, cut, with every control character shown as an escape: a log line stays one line."""
    cut = value if len(value) <= limit else value[: limit - 1] + "…"
    return f'"{visible(cut)}"'


def visible(text: str) -> str:
    """`text` with every control character shown as an escape."""
    return text if text.isprintable() else "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
