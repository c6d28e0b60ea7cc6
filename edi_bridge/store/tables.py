"""The ledger's tables. There is one ledger for all lanes, so it has no prefix.

Times are ISO 8601 texts in UTC, equal on both databases; JSON is text. What is unknown is '' (texts that searches
compare) or NULL (numbers, links).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint

from edi_bridge.database import Id, new_metadata


@dataclass(frozen=True, slots=True)
class LedgerTables:
    """The ledger by name."""

    receipt: Table
    exchange: Table
    message: Table
    finding: Table
    identity: Table
    lookup: Table


def _key() -> Column[int]:
    return Column("id", Id, primary_key=True)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _link(name: str, target: str, *, null: bool = False) -> Column[int]:
    return Column(name, Id, ForeignKey(f"{target}.id"), nullable=null)


def make(metadata: MetaData) -> LedgerTables:
    """Define the ledger in `metadata`."""
    receipt = Table(
        "receipt",
        metadata,
        _key(),
        _text("sha256"),
        Column("size", Id, nullable=False),
        _text("name"),  # the partner's file name, as text only: never a path of ours
        _text("channel"),
        _text("received_at"),
        _text("state"),
        _text("partner"),
        _text("map"),  # as told with the delivery, for doing it again; '': found from the envelope
        _text("failure"),
        Index(None, "sha256"),
        Index(None, "state"),
    )
    exchange = Table(
        "exchange",
        metadata,
        _key(),
        _link("receipt_id", "receipt"),
        Column("ordinal", Integer, nullable=False),
        _text("standard"),
        _text("syntax"),
        _text("sender_qualifier"),
        _text("sender"),
        _text("receiver_qualifier"),
        _text("receiver"),
        _text("control"),
        Column("test", Boolean),
        _text("partner"),
        _text("state"),
        _text("outcome"),
        _text("verdict"),
        _link("original_id", "exchange", null=True),
        _text("versions"),
        _text("failure"),
        UniqueConstraint("receipt_id", "ordinal"),
        Index(None, "control"),
        Index(None, "state"),
    )
    message = Table(
        "message",
        metadata,
        _key(),
        _link("exchange_id", "exchange"),
        Column("ordinal", Integer, nullable=False),
        _text("type"),
        _text("reference"),
        _text("state"),
        _text("verdict"),
        _text("content"),
        _text("map"),
        _text("map_hash"),
        _text("record_type"),
        Column("records", Integer, nullable=False),
        _text("failure"),
        UniqueConstraint("exchange_id", "ordinal"),
    )
    finding = Table(
        "finding",
        metadata,
        _key(),
        _link("receipt_id", "receipt"),
        _link("exchange_id", "exchange", null=True),
        _link("message_id", "message", null=True),
        _text("kind"),
        _text("value"),
        _text("note"),
        _text("position"),
        Index(None, "receipt_id"),
        Index(None, "exchange_id"),
        Index(None, "message_id"),
    )
    identity = Table(
        "identity",
        metadata,
        _key(),
        _text("kind"),
        _text("scope"),
        _text("value"),
        _link("exchange_id", "exchange"),
        Column("message", Integer, nullable=False),  # ordinal; 0: the whole exchange
        UniqueConstraint("kind", "scope", "value"),
        Index(None, "exchange_id"),
    )
    lookup = Table(  # partners' keys and ours; rows are added and never changed
        "lookup",
        metadata,
        _key(),
        _text("name"),
        _text("partner"),  # '': for all
        _text("theirs"),
        _text("ours"),  # '': from then on the key means nothing
        _text("valid_from"),  # days, ISO 8601; '': open
        _text("valid_to"),
        Column("write", Boolean, nullable=False),
        _text("recorded_at"),
        Index(None, "name", "partner", "theirs"),
    )
    return LedgerTables(receipt, exchange, message, finding, identity, lookup)


@cache
def ledger() -> LedgerTables:
    """The ledger for queries."""
    return make(new_metadata())
