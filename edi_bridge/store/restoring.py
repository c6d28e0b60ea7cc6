"""A backup into an empty database, and what must not be believed afterwards.

Between the backup and now the world went on: partners received what stood in the outbox, and know numbers that the restored
sequences do not. So, in the same transaction as the rows:

- every sequence of control numbers jumps ahead;
- what waited to be sent is `uncertain` and waits for a person: it may have gone out since. So do records that waited for others
  or were laid down by programs: they are kept as not sent, with the reason;
- nobody holds a receipt, and no start counts against one: what was not finished is posted when the daemon or a worker starts;
- the audit log says all this, after its chain was verified.

What came after the backup is not in the ledger; where the archive survived, its bytes are there (`unknown`) and can be posted again.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, MetaData, Table, delete, insert, select, update

from edi_bridge.database import HEAD, Database, current
from edi_bridge.fault import ConfigFault, TerminalFault
from edi_bridge.store import alarm, audit, control_number
from edi_bridge.store.archive import Archive
from edi_bridge.store.backup import Contents, blobs_of, read_contents, rows_in
from edi_bridge.store.outbox import OPEN
from edi_bridge.store.state import UNFINISHED
from edi_bridge.store.tables import ledger
from edi_bridge.store.tabular import fill, set_sequences, sum_of, tables_with_rows

AHEAD = 1000
WHY = "it stood in the outbox when the backup of {made_at} was made, and may have been sent since"
WHY_HELD = "it waited when the backup of {made_at} was made, and may have been sent since: look at the partner, then send it again"


@dataclass(slots=True)
class Restored:
    """What a restore came to. `numbers`: each sequence (scope, kind) with its last number now; `uncertain`, `held`: how many."""

    contents: Contents
    rows: int = 0
    numbers: list[tuple[str, str, int]] = field(default_factory=list)
    uncertain: list[int] = field(default_factory=list)
    held: int = 0
    unfinished: int = 0


def restore(database: Database, file: zipfile.ZipFile, at: str, actor: str, never: str, ahead: int = AHEAD) -> Restored:
    """All of it in one transaction. `never`: the time at which nothing is tried again. ConfigFault when the database is not empty,
    TerminalFault when the backup is damaged: then nothing was changed."""
    from edi_bridge.migrations import run  # alembic is loaded only where something is done

    made = Restored(read_contents(file))
    with database.write() as connection:
        if database.sqlite:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        there = current(connection)
        if there is None:
            run(connection, made.contents.migration)
        elif there != made.contents.migration:
            raise ConfigFault.at("database", 0, 0, f"the backup is of state {made.contents.migration}, the database of {there}: give one without tables")
        seen = MetaData()
        seen.reflect(connection)
        tables = [seen.tables[one.shape.table] for one in made.contents.parts]
        must_be_empty(connection, tables)
        for part, table in zip(made.contents.parts, tables, strict=True):
            fill(connection, table, part.shape, rows_in(file, part))
            if sum_of(connection, table, part.shape) != part.sum:
                raise TerminalFault(f"table {table.name} does not hold what the backup has: nothing was restored")
            made.rows += part.sum.rows
        set_sequences(connection, tables)
        if made.contents.migration != HEAD:
            run(connection)
        _afterwards(connection, made, at, actor, never, ahead)
    return made


def must_be_empty(connection: Connection, tables: Sequence[Table]) -> None:
    """ConfigFault when any of the tables has a row."""
    if full := tables_with_rows(connection, tables):
        raise ConfigFault.at("database", 0, 0, f"the database is not empty ({', '.join(full[:3])}): nothing was done")


def _afterwards(connection: Connection, made: Restored, at: str, actor: str, never: str, ahead: int) -> None:
    noted = [audit.Head.read(made.contents.audit, "the backup's list of contents")] if made.contents.audit else []
    if broken := audit.verify(connection, noted):
        raise TerminalFault(f"nothing was restored: {broken}")
    t, made_at = ledger(), made.contents.made_at
    made.numbers = control_number.jump_ahead(connection, ahead)
    out = t.outbox
    made.uncertain = sorted(connection.execute(update(out).where(out.c.state.in_(OPEN)).values(
        state="uncertain", next_at=never, error=WHY.format(made_at=made_at)).returning(out.c.id)).scalars())
    for id in made.uncertain:
        alarm.raise_(connection, "uncertain", f"outbox {id}", f"outbox {id}: {WHY.format(made_at=made_at)}", at)
    made.held = _hold(connection, at, WHY_HELD.format(made_at=made_at))
    connection.execute(update(t.receipt).values(worker="", held_until="", starts=0))
    made.unfinished = len(connection.execute(select(t.receipt.c.id).where(t.receipt.c.state.in_(UNFINISHED))).all())
    audit.write(connection, at, actor, "restore", "store", f"from the backup of {made_at}", {
        "ahead": ahead, "numbers": [list(one) for one in made.numbers], "uncertain": made.uncertain, "held": made.held, "rows": made.rows})


def _hold(connection: Connection, at: str, why: str) -> int:
    """Records that waited, for others or to be taken, are kept among those that programs laid down, as not sent."""
    t = ledger()
    waited = connection.execute(select(t.queue).order_by(t.queue.c.id)).all()
    for row in waited:
        connection.execute(insert(t.outgoing).values(partner=row.partner, type=row.record_type, message="", test=row.test, record=row.record,
                                                     done_at=at, became="refused", note=why))
    connection.execute(delete(t.queue))
    laid = connection.execute(update(t.outgoing).where(t.outgoing.c.done_at == "").values(done_at=at, became="refused", note=why))
    return len(waited) + laid.rowcount


def bring_blobs(contents: Contents, beside: Archive, archive: Archive) -> tuple[int, list[str]]:
    """Copy the blobs that a backup names from beside it into the archive, where they are not there: how many, and those that are
    nowhere."""
    count, lost = 0, []
    for digest in contents.blobs:
        if archive.has(digest):
            continue
        try:
            with beside.open(digest) as source:
                archive.put(source)
            count += 1
        except TerminalFault:
            lost.append(digest)
    return count, lost


def unknown(connection: Connection, archive: Archive) -> list[str]:
    """Blobs of the archive that the ledger does not name: after a restore, what came since; else nothing, or what is being received."""
    named = set(blobs_of(connection))
    return [digest for digest in archive.digests() if digest not in named]
