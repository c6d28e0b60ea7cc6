"""Which references of an interchange or group were seen, and whether a count in a trailer is right."""

from __future__ import annotations

from bisect import bisect_right

MOST_SERIES = 1000


class References:
    """References that were seen. Numbers that go up by one, which is what senders use, take no room, so that memory
    does not grow; after a jump a new run begins. `0001` and `1` differ, a text before the number is part of its series."""

    __slots__ = ("_closed", "_others", "_running")

    def __init__(self) -> None:
        self._running: dict[tuple[str, int], tuple[int, int]] = {}  # (text before, digits): first and last of a run
        self._closed: dict[tuple[str, int], list[tuple[int, int]]] = {}  # earlier runs of more than one, sorted
        self._others: set[str] = set()

    def add(self, reference: str) -> bool:
        """Note a reference; False when it was there before."""
        if reference in self._others:
            return False
        head = reference.rstrip("0123456789")
        digits = reference[len(head):]
        series = head, len(digits)
        if not 0 < len(digits) <= 18 or (series not in self._running and len(self._running) >= MOST_SERIES):
            self._others.add(reference)
            return True
        number = int(digits)
        first, last = self._running.get(series) or (number, number - 1)
        if first <= number <= last or (series in self._closed and self._was_in(self._closed[series], number)):
            return False
        if number != last + 1:
            self._close(series, first, last)
            first = number
        self._running[series] = first, number
        return True

    def _was_in(self, runs: list[tuple[int, int]], number: int) -> bool:
        at = bisect_right(runs, (number, 1 << 62)) - 1
        return at >= 0 and number <= runs[at][1]

    def _close(self, series: tuple[str, int], first: int, last: int) -> None:
        """Keep the run that ended: a single number as text, a longer one as its ends."""
        if first == last:
            self._others.add(f"{series[0]}{first:0{series[1]}d}")
        else:
            runs = self._closed.setdefault(series, [])
            runs.insert(bisect_right(runs, (first, last)), (first, last))


def same_number(text: str, number: int) -> bool:
    """Whether the count on the wire is this number; leading zeros are allowed."""
    return text == str(number) or (text.isascii() and text.isdigit() and len(text) < 20 and int(text) == number)
