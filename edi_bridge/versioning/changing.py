"""Acts that put another version in force: one that was before, or the one in force with some files changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import edi_bridge
from edi_bridge.crashpoint import passing
from edi_bridge.database import Database
from edi_bridge.fault import ConfigFault
from edi_bridge.store import version
from edi_bridge.store.version import Activation, Version
from edi_bridge.versioning import home_files, journal, taking
from edi_bridge.versioning.snapshot import snapshot
from edi_bridge.versioning.taking import Check

Edit = Callable[[Mapping[str, bytes]], Mapping[str, bytes | None]]  # the files in force → those that change; None: it goes


def change(home: Path, database: Database, edit: Edit, check: Check, actor: str, reason: str, now: Callable[[], str], *,
           activate: str = taking.AUTOMATIC) -> Activation:
    """Change some files of what is in force, and put that in force at once: in the database and in the home, as one act.

    What somebody else edited in the home and did not activate is no part of it and stays as it lies there (with `automatic` it was
    activated just before); where such a file is overwritten, its state is recorded. ConfigFault when nothing would change, or when
    `check` refuses the result.
    """
    with home_files.alone(home, taking.PATIENCE) as writable:
        if writable:
            journal.finish(home, database, now)
        before = taking.taken(home, database, check, now, activate, True, True)
        with database.read() as connection:
            files = version.files_of(connection, before.version)
        edited = edit(files)
        wanted = {name: content for name, content in {**files, **edited}.items() if content is not None}
        if wanted == files:
            raise ConfigFault.at("", 0, 0, "nothing would change: this is in force already")
        check(snapshot(home, version.hash_of(version.hashes(wanted), edi_bridge.__version__), wanted))
        with database.write() as connection:
            made = version.record(connection, wanted, edi_bridge.__version__, now())
        return _put(home, database, made, actor, reason, now, writable, sorted(edited))


def put_in_force(home: Path, database: Database, wanted: Version, check: Check, actor: str, reason: str,
                 now: Callable[[], str]) -> Activation:
    """Put a version that is recorded in force: its files are written back into the home, files that it does not have are taken out
    (what lies there is recorded first, so nothing is lost). ConfigFault when this program cannot use it."""
    with home_files.alone(home, taking.PATIENCE) as writable:
        if writable:
            journal.finish(home, database, now)
        with database.read() as connection:
            files = version.files_of(connection, wanted)
        check(snapshot(home, wanted.hash, files))
        with database.write() as connection:
            made = version.record_again(connection, wanted.files, edi_bridge.__version__, now())
        return _put(home, database, made, actor, reason, now, writable)


def activate_home(home: Path, database: Database, check: Check, actor: str, reason: str, now: Callable[[], str]) -> Activation:
    """Put the files as they lie in the home in force; where they are already, the reason is put on record with them. ConfigFault
    when `check` refuses them."""
    with home_files.alone(home, taking.PATIENCE) as writable:
        if writable:
            journal.finish(home, database, now)
        files = home_files.read(home)
        check(snapshot(home, version.hash_of(version.hashes(files), edi_bridge.__version__), files))
        with database.write() as connection:
            made = version.record(connection, files, edi_bridge.__version__, now())
            done = version.activate(connection, made.id, actor, reason, now())
        home_files.note_base(home, version.hash_of(made.files, ""))
        return done


def record_home(home: Path, database: Database, now: Callable[[], str]) -> Version:
    """The version of the files as they lie in the home; nothing comes in force."""
    files = home_files.read(home)
    with database.write() as connection:
        return version.record(connection, files, edi_bridge.__version__, now())


def _put(home: Path, database: Database, made: Version, actor: str, reason: str, now: Callable[[], str], writable: bool,
         names: list[str] | None = None) -> Activation:
    with database.read() as connection:
        after = version.newest(connection)
    if not writable:  # every process reads what is in force from the database
        with database.write() as connection:
            return version.activate(connection, made.id, actor, reason, now())
    for name in made.files.keys() | set(home_files.look(home)) if names is None else names:
        home_files.plain(home / name)  # what could not be finished is not begun
    record_home(home, database, now)
    passing("version_recorded")
    journal.begin(home, journal.Intent(made.hash, actor, reason, after, names))
    done = journal.finish(home, database, now)
    assert done is not None
    return done
