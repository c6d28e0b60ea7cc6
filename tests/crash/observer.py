"""What an outsider sees of a home: rows by raw SQL, files at the partners, acknowledgements read by hand. Imports nothing of ours.

The CRM's dump knows no row numbers: a row is shown by its own columns and by what it points to and what points to it, found from the
foreign keys that the database itself declares. Two CRMs of the same content have the same dump, on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

CRM = ("customer", "customer_name", "customer_address", "customer_location", "customer_identifier", "customer_contact",
       "customer_account", "sales_order", "order_line", "order_schedule", "order_allowance", "order_change", "invoice", "invoice_line",
       "invoice_tax", "invoice_allowance", "order_response", "response_line", "response_schedule", "despatch_advice", "despatch_pack",
       "despatch_item", "remittance", "remittance_item", "remittance_deduction", "product", "document_link")
OURS_ALONE = ("id", "message_id", "changed_by")  # row numbers and links into the ledger
NAMED = {"order": "sales_order"}  # kinds in document_link that are not called as their tables
ROUNDS = 4  # how far a row is looked at: a schedule → its line → its order → its customer
Row = dict[str, Any]
_open: dict[str, Any] = {}  # URL → the connection to a server, which takes long to make


@dataclass(frozen=True)
class Store:
    """A database by its path or URL."""

    url: str

    @property
    def sqlite(self) -> bool:
        return "://" not in self.url

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """All rows of a query with `?` for values; [] while there is no such database yet."""
        if self.sqlite:
            if not Path(self.url).exists():
                return []
            with contextlib.closing(sqlite3.connect(f"file:{self.url}?mode=ro", uri=True, timeout=20)) as connection:
                return connection.execute(statement, values).fetchall()
        import psycopg

        if self.url not in _open or _open[self.url].closed:
            _open[self.url] = psycopg.connect(self.url, autocommit=True)
        return _open[self.url].execute(statement.replace("?", "%s").encode(), values).fetchall()

    def close(self) -> None:
        """End the connection to a server, if there is one."""
        if self.url in _open:
            _open.pop(self.url).close()

    def table(self, name: str) -> list[Row]:
        """A whole table, values as plain as can be."""
        if self.sqlite:
            columns = [row[1] for row in self.rows(f"PRAGMA table_info({name})")]
        else:
            columns = [row[0] for row in self.rows("SELECT column_name FROM information_schema.columns WHERE table_schema = 'public'"
                                                   " AND table_name = ? ORDER BY ordinal_position", name)]
        listed = ", ".join(f'"{one}"' for one in columns)
        return [dict(zip(columns, map(_plain, row), strict=True)) for row in self.rows(f'SELECT {listed} FROM "{name}"')]

    def links(self, name: str) -> dict[str, str]:
        """Column → table of foreign keys of one column."""
        if self.sqlite:
            rows = [(row[0], row[3], row[2]) for row in self.rows(f"PRAGMA foreign_key_list({name})")]
        else:
            rows = self.rows("SELECT c.conname, a.attname, t.relname FROM pg_constraint c JOIN pg_class t ON t.oid = c.confrelid"
                             " JOIN unnest(c.conkey) k ON true JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k"
                             " WHERE c.contype = 'f' AND c.conrelid = ?::regclass", name)
        many = Counter(row[0] for row in rows)
        return {column: target for key, column, target in rows if many[key] == 1}


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return str(value)
    return value


def dump(store: Store) -> list[str]:
    """The CRM, a line each row, sorted."""
    tables = {name: store.table(name) for name in CRM}
    links = {name: {column: target for column, target in store.links(name).items() if column not in OURS_ALONE} for name in CRM}
    said = {name: [{key: value for key, value in row.items() if key not in OURS_ALONE and key not in links[name]
                    and key not in ("from_id", "to_id")} for row in rows] for name, rows in tables.items()}
    marks = {name: [_mark(name, own) for own in said[name]] for name in CRM}
    at = {name: {row["id"]: place for place, row in enumerate(rows) if "id" in row} for name, rows in tables.items()}
    for _ in range(ROUNDS):
        marks = _round(tables, links, at, marks)
    return sorted(f"{name} {json.dumps(own, sort_keys=True, default=str)} {mark}"
                  for name in CRM for own, mark in zip(said[name], marks[name], strict=True))


def _round(tables: dict[str, list[Row]], links: dict[str, dict[str, str]], at: dict[str, dict[int, int]],
           marks: dict[str, list[str]]) -> dict[str, list[str]]:
    """Each row's mark from its own, those it points to and those that point to it."""
    pointing: dict[tuple[str, int], list[str]] = defaultdict(list)
    pointed: dict[str, list[list[str]]] = {name: [[] for _ in rows] for name, rows in tables.items()}
    for name, rows in tables.items():
        for place, row in enumerate(rows):
            for column, target, number in _targets(name, row, links[name]):
                there = at[target][number]
                pointed[name][place].append(f"{column}={marks[target][there]}")
                pointing[target, there].append(f"{name}.{column}={marks[name][place]}")
    return {name: [_mark(mark, sorted(pointed[name][place]), sorted(pointing[name, place])) for place, mark in enumerate(marks[name])]
            for name in tables}


def _targets(name: str, row: Row, links: dict[str, str]) -> Iterator[tuple[str, str, int]]:
    for column, target in links.items():
        if row[column] is not None:
            yield column, target, row[column]
    if name == "document_link":
        for end in ("from", "to"):
            if row[f"{end}_id"] is not None:
                yield end, NAMED.get(row[f"{end}_kind"], row[f"{end}_kind"]), row[f"{end}_id"]


def _mark(*parts: Any) -> str:
    return sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def ledger(store: Store) -> list[str]:
    """What the ledger says became of each interchange and message, without those that came again: which of two equal files is the
    first, and whether the second joined it, may differ."""
    heads = store.rows("SELECT id, standard, sender, receiver, control, state, outcome, verdict FROM exchange ORDER BY id")
    found = []
    for id, *head in heads:
        if head[4] == "duplicate":
            continue
        messages = store.rows("SELECT ordinal, type, reference, state, verdict, records, content FROM message WHERE exchange_id = ? ORDER BY ordinal", id)
        kinds = store.rows("SELECT kind, value FROM finding WHERE exchange_id = ? ORDER BY kind, value", id)
        found.append(json.dumps([*head, [list(map(_plain, one)) for one in messages], [list(one) for one in kinds]]))
    return sorted(found)


def conservation(store: Store) -> list[str]:
    """Where messages are missing: each interchange came with as many as have their row, or its own state says where they are."""
    wrong = []
    found: dict[int, list[int]] = defaultdict(list)
    for id, ordinal in store.rows("SELECT exchange_id, ordinal FROM message ORDER BY exchange_id, ordinal"):
        found[id].append(ordinal)
    for id, state, outcome, came in store.rows("SELECT id, state, outcome, messages FROM exchange"):
        places = found[id]
        if len(set(places)) != len(places):
            wrong.append(f"exchange {id}: a message has two rows: {places}")
        whole = places == list(range(1, came + 1))
        elsewhere = not places and (state in ("duplicate", "quarantined", "discarded") or outcome == "refused")
        if not whole and not elsewhere:
            wrong.append(f"exchange {id} ({state}) came with {came} messages and has rows for {places}")
    return wrong


def records(store: Store) -> int:
    """How many documents the posted messages brought, by the ledger."""
    return int(store.rows("SELECT coalesce(sum(records), 0) FROM message WHERE state = 'posted'")[0][0])


# --- acknowledgements, read by hand -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """A file that a partner got: the standard, its interchange number, what it is about (the number of the interchange or group that
    it answers; '' for a document), its bytes."""

    standard: str
    receiver: str
    control: str
    about: str
    content: bytes


def said(content: bytes) -> Said:
    """Read an interchange that we sent; ValueError when it is none."""
    text = content.decode("latin-1")
    if text.startswith(("UNA", "UNB")):
        unb = re.search(r"UNB\+[^']*'", text)
        if unb is None or not re.search(r"UNZ\+1\+[^']*'\s*$", text):
            raise ValueError(f"cut off: {text[-80:]!r}")
        parts = unb[0].rstrip("'").split("+")
        uci = re.search(r"UCI\+([^+']*)", text)
        if re.search(r"UNZ\+1\+([^']*)'", text)[1] != parts[5]:  # type: ignore[index]
            raise ValueError("UNZ names another number than UNB")
        return Said("edifact", parts[3], parts[5], uci[1] if uci else "", content)
    if text.startswith("ISA"):
        mark, end = text[3], text[105]
        segments = [one.strip().split(mark) for one in text.split(end) if one.strip()]
        if segments[-1][0] != "IEA" or segments[-1][2] != segments[0][13]:
            raise ValueError(f"cut off: {text[-80:]!r}")
        about = next((one[2] for one in segments if one[0] == "AK1"), "")
        return Said("x12", segments[0][8].strip(), segments[0][13], about, content)
    raise ValueError(f"no interchange: {text[:40]!r}")
