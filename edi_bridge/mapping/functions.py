"""The closed set of named functions that a map may call where a plain field is not enough.

They work on the record, or on how much of the message was written before them, and are pure. `writes:` takes a constant (`S`), or a call
such as `count(lines)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from edi_bridge.record import PARTS, fields_of

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


def values_below(record: Any, path: str) -> Iterator[Any]:
    """Every value at a dotted path, wherever in the record its first field stands (packs in packs)."""
    if isinstance(record, list):
        for item in record:
            yield from values_below(item, path)
    elif isinstance(record, dict):
        yield from values(record, path)
        for inner in record.values():
            yield from values_below(inner, path)


def _count(record: Any, path: str, levels: int) -> str:
    return str(sum(1 for _ in values(record, path)))


def _sum(record: Any, path: str, levels: int) -> str:
    return _total(values(record, path))


def _total_if_any(record: Any, path: str, levels: int) -> str:
    return _total(values(record, path)) if any(True for _ in values(record, path)) else ""


def _sum_below(record: Any, path: str, levels: int) -> str:
    return _total(values_below(record, path))


def _total(found: Iterator[Any]) -> str:
    return format(sum((value for value in found if isinstance(value, (Decimal, int))), Decimal(0)), "f")


def _levels(record: Any, path: str, levels: int) -> str:
    return str(levels)


def _first(record: Any, path: str, levels: int) -> str:
    return str(next(values(record, path), ""))


def _where(record: Any, path: str, levels: int) -> str:
    place, _, text = path.partition(",")
    return text.strip() if any(value not in (None, "") for value in values(record, place.strip())) else ""


FUNCTIONS: dict[str, tuple[Callable[[Any, str, int], str], str]] = {
    "count": (_count, "how many values there are at the path: count(lines)"),
    "sum": (_sum, "their exact sum: sum(lines.quantity)"),
    "total": (_total_if_any, "the same, and nothing where there is no such value: total(taxes.amount)"),
    "sum_below": (_sum_below, "the same, wherever in the record the path begins, packs in packs: sum_below(items.quantity)"),
    "first": (_first, "the first of them"),
    "where": (_where, "a text where there is a value at the path, else nothing: where(project, Project reference)"),
    "levels": (_levels, "how many levels of the message's hierarchy (HL, CPS) are written: levels()"),
}


def call(text: str, record: Any, levels: int = 0) -> str:
    """What a `writes:` text gives for a record: the result of a function, or the text itself. `levels` is the number of nodes
    of the hierarchy that stand in the message by then; a total stands behind them all."""
    match = _CALL.fullmatch(text.strip())
    if not match:
        return text
    name, path = match.groups()
    return FUNCTIONS[name][0](record[""] if isinstance(record, dict) and "" in record else record, path.strip(), levels)


def field_of(text: str) -> str:
    """The field whose value a call passes on as it is; '' where it makes one of its own."""
    match = _CALL.fullmatch(text.strip())
    return match.group(2).strip() if match and match.group(1) == "first" else ""


def check(text: str, record: str, anywhere: bool = False) -> str:
    """'' when the text is a constant or a call that the fields of the record type can answer, else what is wrong with it.
    `anywhere`: the path may begin in any part of the record (XML: the items of a list that the written path leads through)."""
    match = _CALL.fullmatch(text.strip())
    if not match:
        return ""
    from difflib import get_close_matches

    name, inside = match.groups()
    if name not in FUNCTIONS:
        near = get_close_matches(name, FUNCTIONS, 1)
        return f"there is no function {name}{f'; did you mean {near[0]}?' if near else ''}; known are {', '.join(FUNCTIONS)}"
    path, comma, _ = (part.strip() for part in inside.partition(","))
    if name == "levels":
        return "levels() takes nothing between its brackets" if inside.strip() else ""
    if (name == "where") != bool(comma):
        return "where(path, text) needs both" if name == "where" else f"{name}(path) takes one path"
    starts = _parts(record) if anywhere or name == "sum_below" else [record]
    if any(_leads(path, start) for start in starts):
        return ""
    step = path.partition(".")[0]
    near = get_close_matches(path if "." not in path else step, [field for start in starts for field in fields_of(start)], 1)
    return f"{record} has no field {path!r}" + (f"; did you mean {near[0]}?" if near and near[0] != step else "")


def _leads(path: str, type_: str) -> bool:
    """Whether a dotted path names a field of a record or part, at any depth."""
    head, _, rest = path.partition(".")
    field = fields_of(type_).get(head)
    return field is not None and (not rest or field.type in PARTS and _leads(rest, field.type))


def _parts(record: str) -> list[str]:
    """The record type and every part that it can hold."""
    found = [record]
    for type_ in found:
        found += {field.type for field in fields_of(type_).values() if field.type in PARTS} - set(found)
    return found
