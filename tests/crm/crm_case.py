"""A CRM to post into: each posted message gets a row in the ledger first, as the engine does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Table, Text, func, insert, select

from edi_bridge.crm.identity import own_identities
from edi_bridge.crm.post import PostItem, PostResult, post_batch
from edi_bridge.crm.tables import tables
from edi_bridge.database import Database
from edi_bridge.finding import Verdict
from edi_bridge.store.message import MessageRow, add_messages
from edi_bridge.store.tables import ledger as ledger_tables

OWN = own_identities([("gln", "4098765000010"), ("vat", "DE811569869")])


class Crm:
    """Posts records and counts rows."""

    def __init__(self, database: Database):
        self.database = database
        self.messages = 0
        t = ledger_tables()
        with database.write() as connection:
            receipt = connection.execute(insert(t.receipt).values(blank(t.receipt, size=0, state="scanned")).returning(t.receipt.c.id))
            exchange = blank(t.exchange, receipt_id=receipt.scalar_one(), ordinal=1, state="open", outcome="new")
            self.exchange = connection.execute(insert(t.exchange).values(exchange).returning(t.exchange.c.id)).scalar_one()

    def items(self, connection: Any, messages: list[tuple[str, list[dict[str, Any]]]], partner: str) -> list[PostItem]:
        rows = [
            MessageRow(self.exchange, self.messages + n, "", "", "posted", Verdict.ACCEPTED, "")
            for n in range(1, len(messages) + 1)
        ]
        self.messages += len(messages)
        ids = add_messages(connection, rows)
        return [
            PostItem(number, partner, type_, records) for number, (type_, records) in zip(ids, messages, strict=True)
        ]

    def batch(self, *messages: tuple[str, list[dict[str, Any]]], partner: str = "acme") -> list[PostResult]:
        """Post several messages in one transaction, each (record type, records)."""
        with self.database.write() as connection:
            return post_batch(connection, self.items(connection, list(messages), partner), OWN)

    def post(self, type_: str, *records: dict[str, Any], partner: str = "acme") -> PostResult:
        """Post one message in a transaction of its own."""
        return self.batch((type_, list(records)), partner=partner)[0]

    def view(self, show: Callable[..., Any], *arguments: Any) -> Any:
        """What a view shows of something that is there."""
        with self.database.read() as connection:
            shown = show(connection, *arguments)
        assert shown is not None
        return shown

    def count(self, table: str) -> int:
        with self.database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(getattr(tables(), table))).scalar_one())

    def rows(self, table: str, *columns: str) -> list[Any]:
        """All rows of a table as tuples of these columns, in the order of its key."""
        t = getattr(tables(), table)
        with self.database.read() as connection:
            found = connection.execute(select(*[t.c[name] for name in columns]).order_by(*t.primary_key.columns))
            return [tuple(row) if len(columns) > 1 else row[0] for row in found]

    def all_counts(self) -> dict[str, int]:
        return {name: self.count(name) for name in tables().__dataclass_fields__}


def blank(table: Table, **known: Any) -> dict[str, Any]:
    """A row in which every text is empty that is not `known`."""
    return {column.name: "" for column in table.columns if isinstance(column.type, Text) and not column.nullable} | known


def kinds(result: PostResult) -> list[str]:
    """The kinds of a result's findings."""
    return [finding.kind for finding in result.findings]
