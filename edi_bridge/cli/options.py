"""Options that several commands share, and what they lead to."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog
    from edi_bridge.database import Database
    from edi_bridge.mapping.lookup import Row
    from edi_bridge.settings import Settings
    from edi_bridge.store.audit import Head
    from edi_bridge.versioning import InForce

home_option = click.option(
    "--home", metavar="DIR", help="The home folder (default: EDI_BRIDGE_HOME, then ~/edi-bridge)."
)
database_option = click.option(
    "--database", metavar="URL", help="The CRM: a path (SQLite) or postgresql://… instead of the home's."
)
json_option = click.option("--json", "as_json", is_flag=True, help="JSON on stdout instead of a table.")
findings_option = click.option(
    "--findings",
    "limit",
    metavar="N",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="How many findings of one kind are shown for a file; 0: all.",
)


def _heads(context: click.Context, option: click.Parameter, values: Sequence[str]) -> list[Head]:
    if not values:
        return []
    from edi_bridge.store.audit import Head

    try:
        return [Head.read(value, value) for value in values]
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


head_option = click.option(
    "--head",
    "heads",
    metavar="COUNT:HASH",
    multiple=True,
    callback=_heads,
    help="A head of the audit log that was noted earlier: it must still stand in the log. May be repeated.",
)


def optional_home(home: str | None) -> Path | None:
    """The home that was named, or None: then only what is shipped is known. ConfigFault when the named one is not
    there."""
    named = home or os.environ.get("EDI_BRIDGE_HOME")
    if not named:
        return None
    path = Path(named).expanduser()
    if not path.is_dir():
        raise ConfigFault.at(str(path), 0, 0, "there is no such home; make one with `edi-bridge init`")
    return path


def settings_of(home: str | None, database: str | None) -> Settings:
    """The settings in force; ConfigFault when the home is not there."""
    from edi_bridge import settings

    loaded = settings.load(os.environ, home, database)
    if not loaded.home.is_dir():
        raise ConfigFault.at(
            str(loaded.home),
            0,
            0,
            "there is no home here; make one with `edi-bridge init DIR`, then name it with --home or EDI_BRIDGE_HOME",
        )
    return loaded


def open_database(settings: Settings, *, create: bool) -> Database:
    """The database with all its tables. Unless `create`, an SQLite file that is not there is a ConfigFault."""
    from edi_bridge import database
    from edi_bridge.cli import show

    url = settings.database
    path = url.removeprefix("sqlite:///")
    if not create and "://" not in path and not Path(path).exists():
        raise ConfigFault.at(path, 0, 0, "there is no database yet; `edi-bridge post` makes it")
    opened = database.connect(url)
    if opened.note:
        show.note(opened.note)
    database.upgrade(opened)
    return opened


def print_json(value: Any, *, indent: bool = True) -> None:
    """A value as JSON on stdout, always UTF-8, decimals as strings with their digits; in one line without `indent`."""
    from edi_bridge.cli import show
    from edi_bridge.record import to_json

    sys.stdout.flush()
    show.sink().write(to_json(value, indent=indent) + b"\n")


def catalog_of(home: Path | None, *, check_receiver: bool = False, database: str | None = None, lookups: int | None = None,
               root: Path | None = None) -> Catalog:
    """The maps and partners of a home and those that are shipped; its lookups are also those in its database (or the one named),
    as they were when `lookups` was the number of their last row. `root`: the folder of a version, in the place of the home's files."""
    from edi_bridge.catalog import Catalog

    stored = None if home is None else partial(_lookup_rows, home, database, lookups)
    return Catalog(root or home, check_receiver=check_receiver, stored=stored, place=home)


def in_force(settings: Settings, database: Database) -> InForce:
    """The version by which this command works: files of the home that were changed come in force by it, unless settings say that they
    wait for a person; that is told. ConfigFault with what is wrong in them."""
    from edi_bridge import clock, versioning
    from edi_bridge.cli import show
    from edi_bridge.versioning.usable import check_folder

    made = versioning.take(settings.home, database, check_folder, clock.from_environment(os.environ).text, activate=settings.activate)
    if made.waiting:
        show.note(made.waiting)
    return made


def version_folder(settings: Settings, database: Database, said: str) -> Path:
    """The folder in which the files of a recorded version stand (the first digits of its hash, or `former`)."""
    from edi_bridge import versioning
    from edi_bridge.store import version

    with database.read() as connection:
        found = version.find(connection, said)
        files = version.files_of(connection, found)
    return versioning.snapshot(settings.home, found.hash, files)


def _lookup_rows(home: Path, database: str | None, upto: int | None, table: str, partner: str) -> Sequence[Row]:
    """The database is opened only when a map looks something up."""
    from edi_bridge.store import lookup

    return lookup.of_home(home, database, upto, table, partner)
