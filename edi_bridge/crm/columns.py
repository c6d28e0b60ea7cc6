"""Columns as the CRM's tables have them, and what the tables of all documents have in common."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.schema import SchemaItem

from edi_bridge.database import Exact, Id


def key() -> Column[int]:
    """The number of a row."""
    return Column("id", Id, primary_key=True)


def texts(names: str) -> list[Column[str]]:
    """Texts, each '' where unknown."""
    return [Column(name, Text, nullable=False) for name in names.split()]


def decimals(names: str) -> list[Column[Any]]:
    """Decimals, NULL where unknown."""
    return [Column(name, Exact) for name in names.split()]


def count(name: str, *, null: bool = False) -> Column[int]:
    """A whole number."""
    return Column(name, Integer, nullable=null)


def link(name: str, target: str, *, null: bool = False) -> Column[int]:
    """The number of a row of another table."""
    return Column(name, Id, ForeignKey(f"{target}.id"), nullable=null)


def message(name: str = "message_id") -> Column[int]:
    """The ledger's message that a row came from."""
    return link(name, "message")


def head(metadata: MetaData, lane: str, name: str, *columns: SchemaItem, known_by: str, found_by: str = "number") -> Table:
    """The table of a kind of document: whose it is, its own columns, and what every document has.

    `known_by`: what tells it from the other documents of its customer and direction; `found_by`: by what else it is looked for.
    """
    return Table(
        f"{lane}{name}",
        metadata,
        key(),
        link("customer_id", f"{lane}customer"),
        *columns,
        *texts("partner content record"),
        message(),
        message("changed_by"),
        UniqueConstraint("customer_id", "direction", *known_by.split()),
        *(Index(None, one) for one in found_by.split()),
    )


def part(
    metadata: MetaData, lane: str, document: str, column: str, name: str, *columns: SchemaItem, place: str = "position"
) -> Table:
    """The table of what a kind of document (`document`, named by `column`) consists of, each numbered by `place` within it."""
    return Table(
        f"{lane}{name}",
        metadata,
        link(column, f"{lane}{document}"),
        *(count(one) for one in place.split()),
        *columns,
        message(),
        PrimaryKeyConstraint(column, *place.split()),
    )
