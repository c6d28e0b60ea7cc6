"""Tables of a migration in few words: columns by type, keys, links to other tables, indexes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from edi_bridge.database import Exact, Id

_TYPES: dict[str, Any] = {
    "id": Id,
    "text": sa.Text(),
    "count": sa.Integer(),
    "boolean": sa.Boolean(),
    "decimal": Exact(),
}


def _columns(text: str) -> list[Any]:
    """`type name name? …; type …`: a question mark where NULL is allowed."""
    made: list[Any] = []
    for part in text.split(";"):
        type_, *names = part.split()
        made += [sa.Column(name.rstrip("?"), _TYPES[type_], nullable=name.endswith("?")) for name in names]
    return made


def create(table: str, columns: str, key: str, *, links: str = "", unique: str = "", indexes: str = "") -> None:
    """Create a table.

    `links`: `column>table` or `a,b>table:c,d`; `unique`: one; `indexes`: several.
    Lists of columns have commas.
    """
    rules: list[Any] = [sa.PrimaryKeyConstraint(*key.split(","), name=f"pk_{table}")]
    for link in links.split():
        ours, _, target = link.partition(">")
        name, _, theirs = target.partition(":")
        rules.append(
            sa.ForeignKeyConstraint(
                ours.split(","),
                [f"{name}.{column}" for column in (theirs or "id").split(",")],
                name=f"fk_{table}_{ours.replace(',', '_')}",
            )
        )
    if unique:
        rules.append(sa.UniqueConstraint(*unique.split(","), name=f"uq_{table}_{unique.replace(',', '_')}"))
    op.create_table(table, *_columns(columns), *rules)
    for index in indexes.split():
        op.create_index(f"ix_{table}_{index.replace(',', '_')}", table, index.split(","))
