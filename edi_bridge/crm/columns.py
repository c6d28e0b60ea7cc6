"""Columns as the CRM's tables have them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKey, Integer, Text

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
