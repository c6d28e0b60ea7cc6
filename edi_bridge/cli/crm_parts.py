"""What the views of `edi-bridge crm` are made of: a head, names with values, tables of columns, sums of money."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from edi_bridge.cli import show
from edi_bridge.cli.crm_columns import OPTIONAL, WORDS

Row = dict[str, Any]


def head(text: str) -> None:
    """The line above a view."""
    print(show.style(show.clean(text), "bold", sys.stdout))


def pairs(named: list[tuple[str, Any]]) -> None:
    """Name and value, one a line."""
    width = max((len(name) for name, _ in named), default=0)
    for name, value in named:
        print(f"  {name:<{width}}  {show.cell(value)}")


def part(title: str, columns: Mapping[str, str], rows: list[Row], without: str = "") -> None:
    """A part of a view with its heading; nothing when it has no rows."""
    if rows:
        show.heading(title)
        fields(columns, rows, 2, without)


def fields(columns: Mapping[str, str], rows: list[Row], indent: int = 0, without: str = "") -> None:
    """Rows by a table of columns; `without` is the title of one that would say the same in every row."""
    shown = {
        title: field
        for title, field in columns.items()
        if title != without and (field not in OPTIONAL or any(row.get(field) not in (None, "", 0) for row in rows))
    }
    show.table(
        list(shown),
        [[word(row.get(field)) if field in WORDS else row.get(field) for field in shown.values()] for row in rows],
        indent=indent,
    )


def word(code: Any) -> str:
    """`credit note`."""
    return str(code or "").replace("_", " ")


def money(sums: Mapping[str, Any]) -> str:
    """`1,200.00 EUR, 80 USD`."""
    return ", ".join(f"{value:,} {currency}".strip() for currency, value in sums.items())
