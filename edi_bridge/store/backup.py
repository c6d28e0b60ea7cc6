"""A backup: one file with every row of a moment, and beside it the archive's bytes, write-once, so that the next one adds only new ones.

    FOLDER/edi-bridge-20261122T101500Z.zip      contents.json, tables/<name>.jsonl (a row a line, in the order of its key)
    FOLDER/archive/ab/ab12…                     the blobs that any backup of this folder names

It is made while everything runs: SQLite's online backup gives a copy of a moment, PostgreSQL one REPEATABLE READ transaction.
The form is the same for both, so a backup of one can be restored into the other. Bytes are durable before the ledger names them,
so the blobs of a moment are all there after it; one that was purged meanwhile is counted as gone.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Table, select

from edi_bridge.database import Database, connect, current
from edi_bridge.fault import ConfigFault, TerminalFault, TransientFault
from edi_bridge.store import audit
from edi_bridge.store.archive import Archive
from edi_bridge.store.tables import ledger
from edi_bridge.store.tabular import Row, Shape, Sum, counted, line_of, rows_of, shape_of

FORMAT = 1
CONTENTS = "contents.json"


@dataclass(frozen=True, slots=True)
class Part:
    """A table in a backup."""

    shape: Shape
    sum: Sum


@dataclass(slots=True)
class Contents:
    """What a backup holds. `archive`: where its blobs are ('' : beside it), `blobs` their SHA-256; `audit`: the head of the audit log."""

    made_at: str
    migration: str
    database: str
    parts: list[Part]
    blobs: list[str]
    archive: str = ""
    format: int = FORMAT
    audit: str = ""  # '' in backups of earlier releases


@dataclass(slots=True)
class Kept:
    """What a backup came to."""

    file: Path
    rows: int = 0
    blobs: int = 0
    fresh: int = 0  # blobs that no earlier backup of the folder had
    gone: list[str] = field(default_factory=list)  # blobs that the ledger names and the archive has not
    head: str = ""  # of the audit log


def write(database: Database, tables: Sequence[Table], archive: Archive, folder: Path, at: str, *, by_reference: str = "") -> Kept:
    """Back up into a folder. `by_reference`: the name of an archive that has a backup of its own; its bytes are not copied.

    TransientFault when the disk is full; then nothing of it is left but blobs that the next one needs anyway."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = at[:19].replace("-", "").replace(":", "") + "Z"
    kept = Kept(folder / f"edi-bridge-{stamp}.zip")
    part = kept.file.with_suffix(".part")
    try:
        with snapshot(database, folder) as connection:
            contents = Contents(at, current(connection) or "", connection.dialect.name, [], blobs_of(connection), by_reference, audit=str(audit.head(connection)))
            kept.head = contents.audit
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as file:
                for table in tables:
                    contents.parts.append(_write_table(file, connection, table))
                file.writestr(CONTENTS, _as_json(contents))
        kept.rows, kept.blobs = sum(one.sum.rows for one in contents.parts), len(contents.blobs)
        if not by_reference:
            _copy_blobs(archive, Archive(folder / "archive"), contents.blobs, kept)
        _durable(part, kept.file)
    except OSError as error:
        raise TransientFault(f"the backup cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return kept


def _write_table(file: zipfile.ZipFile, connection: Connection, table: Table) -> Part:
    made = Part(shape_of(table), Sum())
    with file.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as into:
        for row in counted(rows_of(connection, table), made.sum):
            into.write(line_of(row))
    return made


def blobs_of(connection: Connection) -> list[str]:
    """The SHA-256 of every blob that the ledger names."""
    t = ledger()
    came = select(t.receipt.c.sha256).where(t.receipt.c.state != "purged")
    frozen = select(t.outbox.c.sha256).where(t.outbox.c.content.is_(None))
    return sorted(connection.execute(came.union(frozen)).scalars())


def _copy_blobs(archive: Archive, into: Archive, digests: Sequence[str], kept: Kept) -> None:
    for digest in digests:
        if into.has(digest):
            continue
        try:
            with archive.open(digest) as source:
                into.put(source)
            kept.fresh += 1
        except TerminalFault:
            kept.gone.append(digest)


def _durable(part: Path, target: Path) -> None:
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.rename(target)
    number = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def snapshot(database: Database, folder: Path) -> Iterator[Connection]:
    """A connection that sees one moment, however long it is read, and keeps nobody from writing. For SQLite a copy in `folder`."""
    if not database.sqlite:
        with database.engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
            yield connection
        return
    with tempfile.TemporaryDirectory(prefix=".snapshot-", dir=folder) as place:
        copy = connect(Path(place) / "copy.sqlite")
        try:
            source, target = database.engine.raw_connection(), copy.engine.raw_connection()
            try:
                source.driver_connection.backup(target.driver_connection)  # type: ignore[union-attr]
            finally:
                source.close()
                target.close()
            with copy.read() as connection:
                yield connection
        finally:
            copy.close()


# reading


def read_contents(file: zipfile.ZipFile) -> Contents:
    """The list of contents. ConfigFault when it is no backup of ours, or of a later release."""
    try:
        said = json.loads(file.read(CONTENTS))
    except (KeyError, ValueError):
        raise ConfigFault.at(str(file.filename), 0, 0, "is no backup of edi_bridge") from None
    if said.get("format") != FORMAT:
        raise ConfigFault.at(str(file.filename), 0, 0, f"is a backup of form {said.get('format')}; this edi_bridge reads form {FORMAT}")
    parts = [Part(Shape(one["table"], tuple(one["columns"]), tuple(one["kinds"])), Sum(one["rows"], one["sha256"])) for one in said["tables"]]
    return Contents(said["made_at"], said["migration"], said["database"], parts, said["blobs"], said["archive"], audit=said.get("audit", ""))


def _as_json(contents: Contents) -> bytes:
    tables = [{**one.shape.as_json(), "rows": one.sum.rows, "sha256": one.sum.digest} for one in contents.parts]
    said = {"format": contents.format, "made_at": contents.made_at, "migration": contents.migration, "database": contents.database,
            "archive": contents.archive, "audit": contents.audit, "tables": tables, "blobs": contents.blobs}
    return json.dumps(said, indent=1).encode()


def heads_in(place: Path) -> list[audit.Head]:
    """The heads of the audit log that a backup, or each one in a folder, has noted; earlier releases noted none. ConfigFault when
    there is no backup."""
    files = sorted(place.glob("edi-bridge-*.zip")) if place.is_dir() else [place]
    if not files:
        raise ConfigFault.at(str(place), 0, 0, "there is no backup in this folder")
    found = []
    for path in files:
        with open_backup(path) as file:
            said = read_contents(file).audit
        if said:
            found.append(audit.Head.read(said, path.name))
    return found


def open_backup(path: Path) -> zipfile.ZipFile:
    """The file of a backup. ConfigFault when it cannot be read as one."""
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError:
        raise ConfigFault.at(str(path), 0, 0, "there is no such backup") from None
    except (zipfile.BadZipFile, OSError) as error:
        raise ConfigFault.at(str(path), 0, 0, f"is no backup: {error}") from None


def rows_in(file: zipfile.ZipFile, part: Part) -> Iterator[Row]:
    """The rows of a table, checked against the list of contents when all have passed: TerminalFault when they are not those."""
    seen = Sum()
    try:
        with file.open(f"tables/{part.shape.table}.jsonl") as lines:
            yield from counted((json.loads(line) for line in lines), seen)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise TerminalFault(f"the backup is damaged: table {part.shape.table}: {error}") from error
    if seen != part.sum:
        raise TerminalFault(f"the backup is damaged: table {part.shape.table} has {seen.rows} rows that are not the {part.sum.rows} which were written")

