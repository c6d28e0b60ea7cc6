"""Who did what, and why: rows that are only added, each holding the hash of the one before.

The database itself refuses to change or remove a row (triggers of the migration); a change made around them breaks the chain,
which `verify` finds. That the end was cut off, or that somebody wrote the whole chain anew, no chain can tell: for that its head
(how many rows, hash of the last one) is noted outside of the database, and `verify` looks whether it still stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, func, insert, select

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


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log at a moment: how many rows there were, and the hash of the last one. Written `COUNT:HASH`. `noted`: where it
    was found, for people."""

    count: int
    hash: str
    noted: str = ""

    def __str__(self) -> str:
        return f"{self.count}:{self.hash}"

    @classmethod
    def read(cls, text: str, noted: str = "") -> Head:
        """What was written as `COUNT:HASH`. ValueError for anything else."""
        found = re.fullmatch(r"(0):|([1-9][0-9]{0,17}):([0-9a-f]{64})", text.strip())
        if found is None:
            raise ValueError("a head is a count, a colon and 64 digits of a hash (128:3f9a…), as exchange audit prints it")
        return cls(int(found[2] or 0), found[3] or "", noted)


def head(connection: Connection) -> Head:
    """The head of the log now."""
    t = ledger().audit
    last = select(t.c.hash).order_by(t.c.id.desc()).limit(1).scalar_subquery()
    row = connection.execute(select(func.count(), last).select_from(t)).one()
    return Head(row[0], row[1] or "")


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


def verify(connection: Connection, heads: Sequence[Head] = ()) -> str:
    """'' when the chain holds and each of these heads, noted earlier, stands in it; else the first thing that is not so."""
    wanted: dict[int, list[Head]] = {}
    for one in heads:
        wanted.setdefault(one.count, []).append(one)
    before, number, restored = "", 0, ""
    for number, entry in enumerate(entries(connection), 1):
        if entry.before != before:
            return f"entry {number} of the audit log ({entry.at}, {entry.act} {entry.subject}): one before it is missing or was changed"
        if entry.hash != entry.hashed():
            return f"entry {number} of the audit log ({entry.at}, {entry.act} {entry.subject}) was changed"
        before = entry.hash
        if entry.act == "restore" and entry.subject == "store":
            restored = f" (entry {number} says that a backup was restored, {entry.reason}: heads noted between the two are gone with what it replaced)"
        for one in wanted.get(number, ()):
            if one.hash != entry.hash:
                return f"entry {number} of the audit log ({entry.at}, {entry.act} {entry.subject}) is not the one that was noted{_where(one)}{restored}"
    for one in heads:
        if one.count > number:
            return f"the audit log has {number} entries, and {one.count} were noted{_where(one)}: its end was cut off{restored}"
    return ""


def _where(head: Head) -> str:
    return f" in {head.noted}" if head.noted else ""
