"""`edi-bridge store`: the database and archive of a home as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.alone import alone
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    from edi_bridge.database import Database
    from edi_bridge.settings import Settings
    from edi_bridge.store.audit import Head
    from edi_bridge.store.restoring import Restored

WRONG = 1


@click.group()
def store() -> None:
    """The database and archive of a home as a whole: bring up to date, look after, back up, restore, move.

    \b
    Examples:
      edi-bridge store check
      edi-bridge store backup /backups/edi
      edi-bridge store restore /backups/edi/edi-bridge-20261122T101500Z.zip
      edi-bridge store move --to postgresql://edi@db.example/edi
    """


def everything() -> MetaData:
    """Every table of the program: the ledger's, the rollout's, and the CRM's of each lane."""
    from edi_bridge.crm import tables as crm
    from edi_bridge.database import LANES, new_metadata
    from edi_bridge.store import rollout_tables
    from edi_bridge.store import tables as ledger

    metadata = new_metadata()
    ledger.make(metadata)
    rollout_tables.make(metadata)
    for lane in LANES:
        crm.make(metadata, lane)
    return metadata


def _connected(settings: Settings) -> Database:
    """The database as it is, without making or changing anything."""
    from edi_bridge import database

    path = settings.database.removeprefix("sqlite:///")
    if "://" not in path and not Path(path).exists():
        raise ConfigFault.at(path, 0, 0, "there is no database yet")
    opened = database.connect(settings.database)
    if opened.note:
        show.note(opened.note)
    return opened


def _place(database: Database) -> str:
    """What tells two databases apart."""
    return str(Path(database.engine.url.database or "").resolve()) if database.sqlite else database.name


@store.command(short_help="Bring the tables to the newest state.")
@click.option("--workers", is_flag=True, help="Make procrastinate's tables, too (PostgreSQL): `edi-bridge worker` needs them.")
@options.home_option
@options.database_option
def upgrade(workers: bool, home: str | None, database: str | None) -> int:
    """Bring the tables to the newest state, all or nothing. Every command that writes does so by itself; this one does it at a time
    of your choosing. Stop daemon and workers first, and make a backup.

    \b
    Example:
      edi-bridge store upgrade --workers --database postgresql://edi@db.example/edi
    """
    from edi_bridge import database as databases
    from edi_bridge import dispatch

    said = options.settings_of(home, database)
    opened = databases.connect(said.database)
    try:
        done = databases.upgrade(opened)
        if workers or said.workers:
            done = dispatch.install(opened) or done
    finally:
        opened.close()
    print("brought to the newest state" if done else "nothing to do")
    return 0


@store.command(short_help="Whether everything stands as it should.")
@click.option("--quick", is_flag=True, help="Do not read the archive.")
@click.option("--backup", "backups_", metavar="PATH", multiple=True, type=click.Path(path_type=Path),
              help="A backup, or a folder of backups: the audit log must still hold what stood in it then.")
@options.head_option
@options.home_option
@options.database_option
def check(quick: bool, backups_: Sequence[Path], heads: list[Head], home: str | None, database: str | None) -> int:
    """Whether everything stands as it should: the tables, the database file, that nothing is lost, the audit log, every byte of the
    archive, and what the archive has that nobody knows.

    \b
    Examples:
      edi-bridge store check --quick
      edi-bridge store check --backup /backups/edi

    Exit codes: 0 all is well, 1 something is wrong, 2 wrong use or configuration, 3 try again later.
    """
    from edi_bridge.engine import auditing
    from edi_bridge.store import backup as backups
    from edi_bridge.store import restoring, standing
    from edi_bridge.store.archive import open_archive

    said = options.settings_of(home, database)
    noted = [*heads, *(one for place in backups_ for one in backups.heads_in(place))]
    opened = _connected(said)
    archive = open_archive(said.archive, said.home)
    try:
        found = list(standing.problems(opened, everything()))
        if not any(one.startswith(("its tables are of state", "everything in")) for one in found):
            with opened.read() as connection:
                account = auditing.check(connection, None if quick else archive, noted)
                found += account.problems
                if account.received != sum(account.messages.values()) and not account.problems:
                    found.append(f"{account.received} messages came, and {sum(account.messages.values())} are somewhere")
                strangers = [] if quick else restoring.unknown(connection, archive)
            print(f"{account.received:,} messages, {sum(account.deliveries.values()):,} deliveries: {'looked at' if quick else 'read'}")
            print(f"audit log: {account.head.count:,} entries, head {account.head}"
                  + (f"; compared with {len(noted)} noted earlier" if noted else ""))
            if strangers:
                show.note(f"{len(strangers):,} blobs of the archive are in no row of the ledger: being received now, or left by a restore"
                          f" (post them: edi-bridge post FILE): {', '.join(strangers[:3])}{' …' if len(strangers) > 3 else ''}")
    finally:
        opened.close()
    for one in found:
        print(show.clean(one))
    print("all is well" if not found else f"{len(found)} thing{'s are' if len(found) > 1 else ' is'} wrong")
    return WRONG if found else 0


@store.command(short_help="Back up database and archive into a folder.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--without-archive", is_flag=True, help="Do not copy the raw bytes: the archive has a backup of its own.")
@options.home_option
@options.database_option
def backup(folder: Path, without_archive: bool, home: str | None, database: str | None) -> int:
    """Back up database and archive into a folder, while everything runs. The file of rows is made anew each time, of the archive's
    bytes only those are added which no earlier backup of that folder has.

    \b
    Example:
      edi-bridge store backup /backups/edi

    Exit codes: 0 done, 1 the archive lacks something that the ledger names, 2 wrong use or configuration, 3 try again later.
    """
    from edi_bridge.cli.exchange_act import now
    from edi_bridge.store import backup as backups
    from edi_bridge.store.archive import open_archive

    said = options.settings_of(home, database)
    opened = _newest(said)
    try:
        kept = backups.write(opened, everything().sorted_tables, open_archive(said.archive, said.home), folder, now(),
                             by_reference=str(said.archive) if without_archive else "")
    finally:
        opened.close()
    print(f"{kept.file}: {kept.rows:,} rows" + ("" if without_archive else f", {kept.blobs:,} blobs ({kept.fresh:,} new)"))
    print(f"head of the audit log: {kept.head}")
    for digest in kept.gone:
        print(f"the archive lacks {digest}, or it was altered: edi-bridge store check says where it belongs")
    return WRONG if kept.gone else 0


def _newest(said: Settings) -> Database:
    """The database, which must be of the newest state."""
    from edi_bridge.database import HEAD, current

    opened = _connected(said)
    with opened.read() as connection:
        there = current(connection)
    if there != HEAD:
        opened.close()
        raise ConfigFault.at("database", 0, 0, f"its tables are of state {there or 'none'}, the program's of {HEAD}: edi-bridge store upgrade")
    return opened


@store.command(short_help="A backup into an empty database.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--ahead", metavar="N", type=click.IntRange(0, 100_000_000), default=1000, show_default=True,
              help="By how much our control numbers jump ahead: more than were given out since the backup.")
@options.home_option
@options.database_option
def restore(file: Path, ahead: int, home: str | None, database: str | None) -> int:
    """A backup into an empty database, of either kind, and its bytes into the archive. All or nothing, and nothing while
    a daemon or worker works on that database, from whichever home.

    Our control numbers jump ahead, and whatever waited to be sent waits for a person, since it may have been sent after the backup
    was made: `edi-bridge outbox list`, then `retry` or `cancel`.

    \b
    Example:
      edi-bridge store restore /backups/edi/edi-bridge-20261122T101500Z.zip --ahead 5000

    Exit codes: 0 done, 1 the backup is damaged or lacks bytes, 2 wrong use or configuration, 3 try again later.
    """
    from edi_bridge import database as databases
    from edi_bridge.cli.exchange_act import actor, now
    from edi_bridge.engine.sending import NEVER
    from edi_bridge.store import backup as backups
    from edi_bridge.store import restoring
    from edi_bridge.store.archive import Archive, open_archive

    said = options.settings_of(home, database)
    opened = databases.connect(said.database)
    try:
        with backups.open_backup(file) as opened_file, alone(said, opened):
            archive, beside = open_archive(said.archive, said.home), Archive(file.parent / "archive")
            count, lost = restoring.bring_blobs(backups.read_contents(opened_file), beside, archive)
            made = restoring.restore(opened, opened_file, now(), actor(), NEVER, ahead)
            with opened.read() as connection:
                strangers = restoring.unknown(connection, archive)
    finally:
        opened.close()
    _tell_restored(made, count, ahead)
    for digest in lost:
        print(f"lacking: the bytes {digest}")
    if strangers:
        show.note(f"{len(strangers):,} blobs of the archive came after the backup, and are in no row: post them again (edi-bridge post FILE)"
                  " where their partners will not send them again")
    return WRONG if lost else 0


def _tell_restored(made: Restored, blobs: int, ahead: int) -> None:
    print(f"{made.rows:,} rows of {show.minute(made.contents.made_at)}Z, {blobs:,} blobs brought back")
    for count, sentence in ((len(made.numbers), f"sequences of control numbers are {ahead:,} ahead"), (len(made.uncertain), "waited to be sent, and wait for a person now: edi-bridge outbox list"),
                            (made.held, "records waited to go out, and are kept as not sent"),
                            (made.unfinished, "deliveries go on when edi-bridge run or a worker starts")):
        if count:
            print(f"{count:,} {sentence}")


@store.command(short_help="Everything into another database.")
@click.option("--to", "target", metavar="URL", required=True, help="The new database, empty: a path (SQLite) or postgresql://…")
@options.home_option
@options.database_option
def move(target: str, home: str | None, database: str | None) -> int:
    """Everything in the database into another one, SQLite or PostgreSQL; all or nothing. The archive stays where it is.

    Each table is counted and hashed on both sides. The old database is marked afterwards, so that no program goes on with it. Stop
    daemon and workers of both first: while one is at work, from whichever home, nothing is done.

    \b
    Example:
      edi-bridge store move --to postgresql://edi@db.example/edi
    """
    from edi_bridge import database as databases
    from edi_bridge.cli.exchange_act import actor, now
    from edi_bridge.store import moving

    said = options.settings_of(home, database)
    old, new = _newest(said), databases.connect(target)
    try:
        if _place(old) == _place(new):
            raise ConfigFault.at("--to", 0, 0, f"{new.name} is the database that everything is in")
        with alone(said, old, new):
            rows = moving.move(old, new, everything().sorted_tables, now(), actor())
        print(f"{rows:,} rows moved from {old.name} to {new.name}, and compared")
        print(f"now say so in settings.yaml (database: {new.name}; a password with EDI_BRIDGE_DATABASE or PGPASSWORD)")
    finally:
        old.close()
        new.close()
    return 0
