"""Which line of an order a line of another document means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ITEMS = ("gtin", "buyer_item", "seller_item")


class LineIndex:
    """The lines of one order, to be found by number or by item."""

    def __init__(self) -> None:
        self.count = 0
        self._numbers: dict[str, int] = {}
        self._items: dict[tuple[str, str], int] = {}
        self._of: dict[int, tuple[str, ...]] = {}

    def add(self, position: int, number: str, *items: str) -> None:
        """One line; `items` as ITEMS. Of two with the same number or item the first counts."""
        self.count += 1
        self._of[position] = items
        if number:
            self._numbers.setdefault(number, position)
        for name, item in zip(ITEMS, items, strict=True):
            if item:
                self._items.setdefault((name, item), position)

    def find(self, line: Mapping[str, Any], *, echo: bool = False) -> int | None:
        """The position of the order's line that `line` means, None where it means none.

        Its `order_line` decides; where it has none, its item numbers. `echo`: the line's own number repeats the order's
        (X12 PO101 in an 855), unless its item numbers are those of another article.
        """
        if named := line.get("order_line"):
            return self._numbers.get(named)
        own = self._numbers.get(line.get("number") or "") if echo else None
        if own is not None and self._agrees(own, line):
            return own
        for name in ITEMS:
            if (item := line.get(name)) and (at := self._items.get((name, item))):
                return at
        return None

    def _agrees(self, position: int, line: Mapping[str, Any]) -> bool:
        """Whether a line names the same article as the order's, or one of the two names none in the same way."""
        both = [
            (ours, theirs)
            for name, ours in zip(ITEMS, self._of[position], strict=True)
            if ours and (theirs := line.get(name))
        ]
        return not both or any(ours == theirs for ours, theirs in both)
