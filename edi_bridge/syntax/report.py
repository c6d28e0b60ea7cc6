"""The findings of one interchange, as its reader makes them."""

from __future__ import annotations

from edi_bridge.finding import found
from edi_bridge.interchange import Group, Interchange, Position

MOST_STRAYS = 100  # findings of one kind about strays; the rest is only kept


class Report:
    """What is wrong in an interchange; `group` is the one that is open."""

    __slots__ = ("_said", "group", "interchange")

    def __init__(self, interchange: Interchange):
        self.interchange = interchange
        self.group: Group | None = None
        self._said: dict[str, int] = {}

    def position(self, **known: int | str | None) -> Position:
        """A position inside this interchange and the open group."""
        group = self.group.ordinal if self.group else None
        return Position(interchange=self.interchange.ordinal, group=group, **known)  # type: ignore[arg-type]

    def report(self, kind: str, position: Position, value: str = "", note: str = "") -> None:
        """Add a finding to the interchange."""
        self.interchange.findings.append(found(kind, position, value, note))

    def report_stray(self, kind: str, position: Position, value: str = "", note: str = "") -> None:
        """Like `report`, but no more than a hundred times for one kind: a file of junk must not fill the memory."""
        count = self._said[kind] = self._said.get(kind, 0) + 1
        if count == MOST_STRAYS:
            note = (note or "there are many of them") + " (further ones are not listed)"
        if count <= MOST_STRAYS:
            self.report(kind, position, value, note)

    def once(self, kind: str) -> bool:
        """Whether this is asked for the first time: for what is worth saying once in an interchange."""
        self._said[kind] = self._said.get(kind, 0) + 1
        return self._said[kind] == 1
