"""Which references of an interchange were seen."""

from __future__ import annotations


class References:
    """References that were seen. Numbers that go up by one take no room, so that memory does not grow."""

    __slots__ = ("_runs", "_others")

    def __init__(self) -> None:
        self._runs: dict[tuple[str, int], list[int]] = {}
        self._others: set[str] = set()

    def add(self, reference: str) -> bool:
        """Note a reference; False when it was there before."""
        if reference in self._others:
            return False
        head = reference.rstrip("0123456789")
        digits = reference[len(head):]
        if 0 < len(digits) <= 18:
            number = int(digits)
            run = self._runs.setdefault((head, len(digits)), [number, number - 1])
            if run[0] <= number <= run[1]:
                return False
            if number == run[1] + 1:
                run[1] = number
                return True
        self._others.add(reference)
        return True
