"""The closed set of named functions that a map may call where a plain field is not enough.

They work on the record only and are pure. `writes:` takes a constant (`S`), or a call such as `count(lines)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

_CALL = re.compile(r"([a-z_]+)\(([^()]*)\)")


def values(record: Any, path: str) -> Iterator[Any]:
    """Every value at a dotted path; a list on the way stands for all its items."""
    head, _, rest = path.partition(".")
    if isinstance(record, list):
        for item in record:
            yield from values(item, path)
    elif isinstance(record, dict) and head in record:
        inner = record[head]
        if rest:
            yield from values(inner, rest)
        elif isinstance(inner, list):
            yield from inner
        else:
            yield inner


def _count(record: Any, path: str) -> str:
    return str(sum(1 for _ in values(record, path)))


def _sum(record: Any, path: str) -> str:
    total = sum((value for value in values(record, path) if isinstance(value, (Decimal, int))), Decimal(0))
    return format(total, "f")


def _first(record: Any, path: str) -> str:
    return str(next(values(record, path), ""))


FUNCTIONS: dict[str, tuple[Callable[[Any, str], str], str]] = {
    "count": (_count, "how many values there are at the path: count(lines)"),
    "sum": (_sum, "their exact sum: sum(lines.quantity)"),
    "first": (_first, "the first of them"),
}


def call(text: str, record: Any) -> str:
    """What a `writes:` text gives for a record: the result of a function, or the text itself."""
    match = _CALL.fullmatch(text.strip())
    if not match:
        return text
    name, path = match.groups()
    return FUNCTIONS[name][0](record[""] if isinstance(record, dict) and "" in record else record, path.strip())


def check(text: str) -> str:
    """'' when the text is a constant or a known call, else what is wrong with it."""
    match = _CALL.fullmatch(text.strip())
    if match and match.group(1) not in FUNCTIONS:
        return f"there is no function {match.group(1)}; known are {', '.join(FUNCTIONS)}"
    return ""
