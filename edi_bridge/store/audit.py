"""Who did what, and why: rows that are only added, each holding the hash of the one before.

The database itself refuses to change or remove a row (triggers of the migration); a change made around them breaks the chain,
which `verify` finds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, insert, select

from edi_bridge.store.tables import ledger

CHAIN = 2718281828  # the advisory lock (PostgreSQL) that lets one row in at a time


@dataclass(frozen=True, slots=True)
class Entry:
    """One act: when (ISO 8601, UTC), by whom, what (`release`, `promote` …), on what (`exchange 12`), why, and details (JSON)."""

    at: str
    actor: str
    act: str
    subject: str
    reason: str
    details: str
    before: str
    hash: str = ""

    def hashed(self) -> str:
        """The SHA-256 of all its other fields."""
        return sha256(json.dumps(astuple(self)[:-1]).encode()).hexdigest()


def write(connection: Connection, at: str, actor: str, act: str, subject: str, reason: str = "",
          details: Mapping[str, Any] | None = None) -> None:
    """Add an act to the log, in the transaction of the act itself."""
    t = ledger().audit
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({CHAIN})")
    before = connection.execute(select(t.c.hash).order_by(t.c.id.desc()).limit(1)).scalar() or ""
    entry = Entry(at, actor, act, subject, reason, json.dumps(dict(details or {}), sort_keys=True), before)
    connection.execute(insert(t).values(
        at=entry.at, actor=actor, act=act, subject=subject, reason=reason, details=entry.details, before=before, hash=entry.hashed()))


def entries(connection: Connection, subject: str = "", limit: int = 0) -> Iterator[Entry]:
    """The log, oldest first; of one subject only; the newest `limit` only."""
    t = ledger().audit
    query = select(t)
    if subject:
        query = query.where(t.c.subject == subject)
    if limit:
        newest = query.order_by(t.c.id.desc()).limit(limit).subquery()
        query = select(newest).order_by(newest.c.id)
    else:
        query = query.order_by(t.c.id)
    for row in connection.execute(query):
        yield Entry(row.at, row.actor, row.act, row.subject, row.reason, row.details, row.before, row.hash)


def verify(connection: Connection) -> str:
    """'' when the chain holds, else the first place where it does not."""
    before = ""
    for number, entry in enumerate(entries(connection), 1):
        if entry.before != before:
            return f"entry {number} of the audit log ({entry.at}, {entry.act} {entry.subject}): one before it is missing or was changed"
        if entry.hash != entry.hashed():
            return f"entry {number} of the audit log ({entry.at}, {entry.act} {entry.subject}) was changed"
        before = entry.hash
    return ""
