"""X12.6's syntax notes, as the planter understands them."""

from __future__ import annotations

from tests.mutation.wire import Seg


def numbers(rule: str) -> list[int]:
    """P0304 → [3, 4]."""
    return [int(rule[at:at + 2]) for at in range(1, len(rule), 2)]


def violated(rule: str, segment: Seg) -> bool:
    """Whether the segment breaks a note such as R0203."""
    there = [_present(segment, number) for number in numbers(rule)]
    match rule[0]:
        case "P":  # all or none
            return any(there) and not all(there)
        case "R":  # at least one
            return not any(there)
        case "E":  # one at most
            return sum(there) > 1
        case "C":  # if the first, then all
            return there[0] and not all(there)
        case "L":  # if the first, then at least one more
            return there[0] and not any(there[1:])
    raise ValueError(rule)


def _present(segment: Seg, number: int) -> bool:
    return number <= len(segment.elements) and any(part for parts in segment.elements[number - 1] for part in parts)
