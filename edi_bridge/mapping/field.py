"""Fields of a record by their target: the names from the scope's record down to the field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Record = dict[str, Any]
Target = tuple[str, ...]


def get(record: Record, target: Target) -> Any:
    """A field of the record, however deep; None when absent."""
    value: Any = record
    for name in target:
        value = value.get(name) if value is not None else None
    return value


def holds(when: Mapping[str, tuple[Any, ...]], record: Record, target: Target) -> bool:
    """Whether the `when:` of a rule is true: its fields are looked for beside the rule's, then in the scope's record."""
    near = get(record, target[:-1]) if len(target) > 1 else record
    for name, values in when.items():
        path = tuple(name.removesuffix("!").split("."))
        value = get(near, path) if near is not None else None
        if ((value if value is not None else get(record, path)) in values) == name.endswith("!"):
            return False
    return True
