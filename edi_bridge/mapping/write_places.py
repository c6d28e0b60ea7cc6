"""Expressions by which generated writers say of which field of the record they speak."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from edi_bridge.mapping.field import Target

Fields = Mapping[str, tuple[int, Target]]
"""A local that holds a wire text → the number of the rule and the field that it was made of."""

_LOCAL = re.compile(r"\b[xy]\d+(?:v\d+)?(?:_\d+)?\b")


def place(target: Target) -> str:
    """The expression of a field's place for a note: the object of the record, and the path in it."""
    return f"(r, {'.'.join(target)!r}, '')"


def places(targets: Sequence[Target]) -> str:
    """The place of what was made of any of these fields."""
    return f"(r, {tuple('.'.join(target) for target in targets)!r}, '')"


def told(expressions: Sequence[str], fields: Fields) -> str:
    """Wire texts and what each was made from: `((x7, 7, (r, 'buyer.duns', '')), …)`; of an expression its first field."""
    listed = []
    for text in expressions:
        known = [fields[name] for name in _LOCAL.findall(text) if name in fields]
        number, of = (known[0][0], place(known[0][1])) if known else (-1, "''")
        listed.append(f"({text}, {number}, {of}), ")
    return f"({''.join(listed)})"
