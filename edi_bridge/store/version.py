"""Versions of the configuration: all files of a home under one hash, each content kept once, and which version was in force when.

A version is a state of the files that the catalogue reads, together with the program that reads them. It never changes. What is in
force is the last row of `activation`, which is only ever added to; each stands in the audit log as well.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Table, func, select

from edi_bridge.database import chunks, dialect_of
from edi_bridge.fault import ConfigFault, TerminalFault
from edi_bridge.store import audit
from edi_bridge.store.rollout_tables import rollout
from edi_bridge.store.tables import ledger

SHOWN = 12  # digits of a hash that people see
LEAST = 4  # digits of a hash by which a version is found
PINNED = "configuration"  # under this name the versions pinned to an exchange hold the hash
BEFORE = "configuration_before"  # and those that it was begun with, where it was gone on with by another
ACTIVATING = 1732050807  # the advisory lock (PostgreSQL) that lets one process at a time change what is in force
CHANGES = 500  # that the audit log names
LISTED = " `edi-bridge catalog log` lists them"
FORMER = "former"  # the word for the version that was in force before the one that is


@dataclass(frozen=True, slots=True)
class Version:
    """One state of all files: `files` are their names with the SHA-256 of what stands in them, `program` is who reads them."""

    id: int
    hash: str
    made_at: str
    program: str
    files: Mapping[str, str]

    @property
    def short(self) -> str:
        """As people see it."""
        return self.hash[:SHOWN]


@dataclass(frozen=True, slots=True)
class Activation:
    """That a version came in force: when (ISO 8601, UTC), by whom, why; `former` is the one before it (None: it was the first)."""

    id: int
    version: Version
    at: str
    actor: str
    reason: str
    former: Version | None = None

    @property
    def changes(self) -> list[tuple[str, str]]:
        """(new | changed | gone, name) of each file that is another than in the version before."""
        return changes(self.former.files if self.former else {}, self.version.files)


def hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    """The SHA-256 of each file."""
    return {name: sha256(files[name]).hexdigest() for name in sorted(files)}


def hash_of(files: Mapping[str, str], program: str) -> str:
    """The hash of a version: over the names and hashes of its files, sorted by name, and its program."""
    lines = "".join(f"{files[name]}  {name}\n" for name in sorted(files))
    return sha256(f"{lines}program {program}\n".encode()).hexdigest()


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[tuple[str, str]]:
    """(new | changed | gone, name) of each file that is another, sorted by name. Values are hashes."""
    return [("new" if name not in old else "gone" if name not in new else "changed", name)
            for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]


def record(connection: Connection, files: Mapping[str, bytes], program: str, now: str) -> Version:
    """The version of these files; its row and the contents that nobody kept before are written. Nothing comes in force."""
    listed = hashes(files)
    t = rollout()
    known = _known(connection, listed.values())
    fresh = {digest: files[name] for name, digest in listed.items() if digest not in known}
    for digest, content in fresh.items():
        connection.execute(_unless_there(connection, t.version_file).values(sha256=digest, content=zlib.compress(content, 6)))
    return record_again(connection, listed, program, now)


def record_again(connection: Connection, files: Mapping[str, str], program: str, now: str) -> Version:
    """The same where the contents of these hashes are all kept."""
    t, digest = rollout().version, hash_of(files, program)
    connection.execute(_unless_there(connection, t).values(hash=digest, files=_listed(files), made_at=now, program=program))
    return _version(connection.execute(select(t).where(t.c.hash == digest)).one())


def _unless_there(connection: Connection, table: Table) -> Any:
    """An INSERT that leaves the row of another process as it is."""
    dialect: Any = dialect_of(connection)
    return dialect.insert(table).on_conflict_do_nothing()


def _known(connection: Connection, digests: Iterable[str]) -> set[str]:
    t = rollout().version_file
    found: set[str] = set()
    for some in chunks(sorted(set(digests))):
        found.update(connection.execute(select(t.c.sha256).where(t.c.sha256.in_(some))).scalars())
    return found


def _version(row: Any) -> Version:
    return Version(row.id, row.hash, row.made_at, row.program, json.loads(row.files))


def alone(connection: Connection) -> None:
    """From here to the end of the transaction nobody else changes what is in force (on SQLite a transaction that writes is alone)."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ACTIVATING})")


def activate(connection: Connection, version_id: int, actor: str, reason: str, now: str) -> Activation:
    """A version comes in force, with its row in the audit log; in the caller's transaction."""
    alone(connection)
    t = rollout()
    former = active(connection)
    made = _version(connection.execute(select(t.version).where(t.version.c.id == version_id)).one())
    row = t.activation.insert().values(version_id=version_id, at=now, actor=actor, reason=reason).returning(t.activation.c.id)
    done = Activation(connection.execute(row).scalar_one(), made, now, actor, reason, former)
    audit.write(connection, now, actor, "activate", f"version {made.short}", reason,
                {"version": made.hash, "former": former.hash if former else "",
                 "files": [f"{how} {name}" for how, name in done.changes][:CHANGES]})
    return done


def active(connection: Connection) -> Version | None:
    """The version in force; None before the first."""
    t = rollout()
    query = select(t.version).join(t.activation, t.activation.c.version_id == t.version.c.id).order_by(t.activation.c.id.desc()).limit(1)
    row = connection.execute(query).first()
    return _version(row) if row else None


def newest(connection: Connection) -> int:
    """The number of the last activation; 0 before the first. Whoever knows it knows whether anything changed."""
    return int(connection.execute(select(func.coalesce(func.max(rollout().activation.c.id), 0))).scalar_one())


def log(connection: Connection, limit: int = 0) -> list[Activation]:
    """What came in force, the newest first; at most so many (0: all)."""
    t = rollout()
    query = select(t.activation, t.version.c.hash, t.version.c.files, t.version.c.made_at, t.version.c.program).join(
        t.version, t.version.c.id == t.activation.c.version_id).order_by(t.activation.c.id.desc())
    rows = connection.execute(query.limit(limit + 1) if limit else query).all()
    versions = [Version(row.version_id, row.hash, row.made_at, row.program, json.loads(row.files)) for row in rows]
    made = [Activation(row.id, versions[place], row.at, row.actor, row.reason, versions[place + 1] if place + 1 < len(rows) else None)
            for place, row in enumerate(rows)]
    return made[:limit] if limit else made


def find(connection: Connection, said: str) -> Version:
    """The version whose hash begins like this (four digits at least), or `former`. ConfigFault when there is none, or several."""
    t = rollout().version
    if said == FORMER:
        before = _former(connection)
        if before is None:
            raise ConfigFault.at("", 0, 0, "no other version was in force before this one")
        return before
    if not re.fullmatch(f"[0-9a-f]{{{LEAST},64}}", said):
        raise ConfigFault.at("", 0, 0, f"{said} is no version: say the first digits of its hash ({LEAST} or more), or {FORMER};{LISTED}")
    rows = connection.execute(select(t).where(t.c.hash.startswith(said)).order_by(t.c.id)).all()
    if len(rows) != 1:
        several = ", ".join(row.hash[:SHOWN] for row in rows)
        raise ConfigFault.at("", 0, 0, f"{said} begins several versions: {several}" if rows else f"there is no version {said};{LISTED}")
    return _version(rows[0])


def exact(connection: Connection, digest: str) -> Version | None:
    """The version of this whole hash; None when nobody recorded it."""
    t = rollout().version
    row = connection.execute(select(t).where(t.c.hash == digest)).first()
    return _version(row) if row else None


def _former(connection: Connection) -> Version | None:
    """The last version with other files than those in force: one that differs by the program alone cannot be gone back to."""
    now, t = active(connection), rollout()
    if now is None:
        return None
    query = select(t.version).join(t.activation, t.activation.c.version_id == t.version.c.id).order_by(t.activation.c.id.desc())
    row = connection.execute(query.where(t.version.c.files != _listed(now.files)).limit(1)).first()
    return _version(row) if row else None


def _listed(files: Mapping[str, str]) -> str:
    """The same text for the same files."""
    return json.dumps(dict(sorted(files.items())))


def files_of(connection: Connection, version: Version) -> dict[str, bytes]:
    """The contents of a version by name. TerminalFault where one was altered in the database."""
    t = rollout().version_file
    contents: dict[str, bytes] = {}
    for some in chunks(sorted(set(version.files.values()))):
        for digest, packed in connection.execute(select(t.c.sha256, t.c.content).where(t.c.sha256.in_(some))):
            contents[digest] = _unpacked(packed, digest)
    if missing := [name for name, digest in version.files.items() if digest not in contents]:
        raise TerminalFault(f"the version {version.short} is not whole: {missing[0]} is missing in the database")
    return {name: contents[digest] for name, digest in sorted(version.files.items())}


def _unpacked(packed: bytes, digest: str) -> bytes:
    try:
        content = zlib.decompress(packed)
    except zlib.error:
        content = b""
    if sha256(content).hexdigest() != digest:
        raise TerminalFault(f"a file of a version was altered in the database: its SHA-256 is no longer {digest[:SHOWN]}…")
    return content


def gone_on(connection: Connection, exchanges: Sequence[int], versions: Mapping[str, str]) -> None:
    """Exchanges that were begun before are gone on with by these versions: where the configuration is another by now, they name both."""
    t = ledger().exchange
    for row in connection.execute(select(t.c.id, t.c.versions).where(t.c.id.in_(exchanges))).all():
        before = pinned(row.versions)
        if versions.get(PINNED) and before and before[0] != versions[PINNED]:
            both = {**versions, BEFORE: " ".join(dict.fromkeys(before))}
            connection.execute(t.update().where(t.c.id == row.id).values(versions=json.dumps(dict(sorted(both.items())))))


def pinned(versions: str) -> Sequence[str]:
    """The configurations that an exchange was processed with, by the JSON of its `versions`: the last one first."""
    said = json.loads(versions or "{}")
    return [one for one in (said.get(PINNED, ""), *said.get(BEFORE, "").split()) if one]
