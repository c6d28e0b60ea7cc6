"""What the views of the CRM are made with: queries whose rows are plain dicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, String, Table, cast, func, literal, or_, select

from edi_bridge.crm.document import decoded
from edi_bridge.crm.tables import of

Row = dict[str, Any]


def called(customer: Table) -> ColumnElement[str]:
    """A customer's name; one that no document has named yet goes by its number here."""
    return func.coalesce(func.nullif(customer.c.name, ""), literal("customer ") + cast(customer.c.id, String))


def listed(connection: Connection, table: Table, columns: str, customer: int | None, limit: int,
           *where: ColumnElement[bool] | None) -> list[Row]:
    """Documents of a kind, the newest first: these columns and the customer. What is None in `where` narrows nothing."""
    t, c = of(connection), table.c
    query = select(*(c[name] for name in columns.split()), c.customer_id, called(t.customer).label("customer"))
    mine = None if customer is None else c.customer_id == customer
    query = query.join_from(table, t.customer).where(*(one for one in (mine, *where) if one is not None))
    return fetch(connection, query.order_by(c.issued_on.desc(), c.id.desc()).limit(limit))


def has(text: str | None, *columns: ColumnElement[str], beside: Sequence[ColumnElement[bool]] = ()) -> ColumnElement[bool] | None:
    """That a text stands anywhere in one of these columns, or that something `beside` holds; None where no text is given."""
    return or_(*(column.contains(text, autoescape=True) for column in columns), *beside) if text else None


def head_of(connection: Connection, table: Table, key: int | str, kind: str) -> Row | None:
    """The row of a document by its number here or, when that is clear, the partner's number. ValueError when several have it."""
    number = document_number(connection, table, key, kind)
    return None if number is None else fetch(connection, select(table).where(table.c.id == number))[0]


def parts_of(connection: Connection, table: Table, column: str, document: int, order: str = "position") -> list[Row]:
    """The rows of a document's parts in their order, without what says whose they are; `column` names their document."""
    query = select(table).where(table.c[column] == document).order_by(*(table.c[name] for name in order.split()))
    rows = fetch(connection, query)
    return [{name: value for name, value in row.items() if name not in (column, "message_id")} for row in rows]


def document(connection: Connection, kind: str, head: Row, lines: list[str], parts: str = "lines") -> Row:
    """A document with its customer's name and its record put together again; `lines` are its parts' JSON."""
    t = of(connection)
    name = connection.execute(select(called(t.customer)).where(t.customer.c.id == head["customer_id"])).scalar_one()
    record = decoded(kind, head.pop("record"), lines, parts)
    head.pop("content")
    return {**head, "customer": name, "record": record}


def document_number(connection: Connection, table: Table, key: int | str, kind: str) -> int | None:
    """A document by its number here or, when that is clear, the partner's number. ValueError when several have it."""
    text = str(key)
    by_number = (
        connection.execute(select(table.c.id).where(table.c.number == text).order_by(table.c.id)).scalars().all()
    )
    by_id = (
        connection.execute(select(table.c.id).where(table.c.id == int(text))).scalars().all()
        if text.isdigit() and len(text) < 10
        else []
    )
    if isinstance(key, int) or not by_number:
        return int(by_id[0]) if by_id else None
    if len(by_number) > 1:
        raise ValueError(
            f"{len(by_number)} {kind}s have the number {text}: give the one in the first column "
            f"({', '.join(map(str, by_number))})"
        )
    return int(by_number[0])


def counts(connection: Connection, table: Table, ids: list[int]) -> dict[int, int]:
    """How many rows of a table each customer has."""
    query = select(table.c.customer_id, func.count()).where(table.c.customer_id.in_(ids)).group_by(table.c.customer_id)
    return {customer: count for customer, count in connection.execute(query)}


def grouped(rows: Iterable[Row], key: str) -> dict[Any, list[Row]]:
    """Rows by a column."""
    made: dict[Any, list[Row]] = {}
    for row in rows:
        made.setdefault(row[key], []).append(row)
    return made


def fetch(connection: Connection, query: Select[Any]) -> list[Row]:
    """Rows as dicts."""
    return [dict(row) for row in connection.execute(query).mappings()]
