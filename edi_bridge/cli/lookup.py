"""`edi-bridge lookup`: the tables of partners' keys and ours, those kept as CSV and those kept in the database."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.fault import ConfigFault, TransientFault

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog
    from edi_bridge.database import Database
    from edi_bridge.mapping.lookup import Row
    from edi_bridge.settings import Settings

MOST_NAMED = 8  # tables that a sentence names
FOR_ALL = "all"  # how a table of all partners is told
partner_option = click.option("--partner", metavar="NAME", default="", help="Whose table; without it the one of all partners.")
on_option = click.option("--on", metavar="DATE", default="", help="Only what is in force on this day (2026-11-01).")


@click.group()
def lookup() -> None:
    """Tables of partners' keys and ours (article numbers, delivery places), which maps name with `lookup:`.

    A table is a CSV beside the partner's file (partners/NAME.TABLE.csv; lookups/TABLE.csv for all), or rows in the home's
    database, which count as later than those of the CSV. Rows are added and never changed.

    \b
    Examples:
      edi-bridge lookup list
      edi-bridge lookup set items 4711 A-100 --partner acme
    """


@lookup.command("list")
@click.argument("table", required=False)
@partner_option
@on_option
@options.home_option
@options.database_option
@options.json_option
def list_(table: str | None, partner: str, on: str, home: str | None, database: str | None, as_json: bool) -> int:
    """List the tables, or the rows of one.

    \b
    Examples:
      edi-bridge lookup list --home my-home
      edi-bridge lookup list items --partner acme --on 2026-11-01
    """
    settings, catalog = _opened(home, database, partner)
    _check_day("--on", on)
    if not table:
        return _list_tables(catalog, settings, partner, as_json)
    rows = _rows(catalog, settings, table, partner, on)
    if as_json:
        options.print_json([_as_json(row) for row in rows])
    else:
        show.table(("theirs", "ours", "~from", "~to", "~write", "~row"),
                   [(row.theirs, row.ours or "(nothing)", row.valid_from, row.valid_to, "yes" if row.write else "", row.place) for row in rows])
    return 0


@lookup.command("set")
@click.argument("table")
@click.argument("theirs")
@click.argument("ours", required=False)
@partner_option
@click.option("--from", "first", metavar="DATE", default=None, help="From which day on (default: any day for a new key, today for one that is changed).")
@click.option("--to", "last", metavar="DATE", default="", help="Up to and with which day.")
@click.option("--write", is_flag=True, help="Of several keys for OURS, write this one.")
@click.option("--end", is_flag=True, help="From then on the key means nothing.")
@options.home_option
@options.database_option
def set_(table: str, theirs: str, ours: str | None, partner: str, first: str | None, last: str, write: bool, end: bool,
         home: str | None, database: str | None) -> int:
    """Say what a key of theirs means: THEIRS is OURS.

    What was said before stays in the table for the days before, so that older messages are read as they were.

    \b
    Examples:
      edi-bridge lookup set items 4711 A-100 --partner acme
      edi-bridge lookup set items 4711 A-101 --partner acme --from 2027-01-01
      edi-bridge lookup set items 4711 --end --partner acme
    """
    from edi_bridge.mapping.lookup import Row
    from edi_bridge.mapping.lookup_csv import wrong

    if bool(ours) == end:
        raise click.UsageError("say OURS, or --end")
    settings, catalog = _opened(home, database, partner)
    _check_name(table)
    today = _today()
    before = catalog.lookups_of(catalog.partner_named(partner) if partner else None)(table, theirs, first or today)
    if first is None:
        first = "" if before.row is None else before.row.valid_from if before.value == ours else today
    row = Row(theirs.strip(), (ours or "").strip(), first, last, write)
    if problems := list(wrong(row)):
        raise ConfigFault.at("", 0, 0, "; ".join(problems))
    added = _add(settings, table, partner, [row])
    days = f" from {row.valid_from}" * bool(row.valid_from) + f" to {row.valid_to}" * bool(row.valid_to)
    was = f"; before that it is {before.value}" if before.value not in (None, row.ours) else ""
    said = f"{table} of {partner or 'all partners'}: {theirs} is {row.ours or 'nothing'}{days}{was}"
    show.note(show.clean(said) + ("" if added else " already: nothing was added"))
    return 0


@lookup.command("import")
@click.argument("table")
@click.argument("file")
@partner_option
@options.home_option
@options.database_option
def import_(table: str, file: str, partner: str, home: str | None, database: str | None) -> int:
    """Add the rows of a CSV (theirs, ours, valid_from, valid_to, write) to a table of the database; all of them or, where
    one is wrong, none. Importing the same file again adds nothing.

    \b
    Example:
      edi-bridge lookup import items acme-items.csv --partner acme
    """
    from edi_bridge.mapping import lookup_csv

    settings, _ = _opened(home, database, partner)
    _check_name(table)
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise ConfigFault.at(file, 0, 0, f"cannot be read: {error.strerror}") from None
    rows = lookup_csv.rows(content, file)
    added = _add(settings, table, partner, rows)
    show.note(f"{show.clean(table)} of {show.clean(partner or 'all partners')}: {show.number(added, 'row')} added, {len(rows) - added:,} were there")
    return 0


@lookup.command("export")
@click.argument("table")
@partner_option
@on_option
@click.option("--out", metavar="FILE", help="Write here instead of stdout.")
@options.home_option
@options.database_option
def export(table: str, partner: str, on: str, out: str | None, home: str | None, database: str | None) -> int:
    """Write a table as CSV, ready to be edited and imported, or put beside the partner's file.

    \b
    Example:
      edi-bridge lookup export items --partner acme --out acme-items.csv
    """
    from edi_bridge.mapping import lookup_csv

    settings, catalog = _opened(home, database, partner)
    _check_day("--on", on)
    rows = _rows(catalog, settings, table, partner, on)
    counting = {(row.theirs, row.valid_from): row for row in rows}  # of several that begin on one day the last one
    content = lookup_csv.text(counting.values()).encode()
    if not out or out == "-":
        show.sink().write(content)
        return 0
    try:
        Path(out).write_bytes(content)
    except OSError as error:
        raise TransientFault(f"{out} cannot be written: {error.strerror or error}") from None
    return 0


@lookup.command("used")
@click.argument("table")
@click.argument("key")
@partner_option
@click.option("--since", metavar="DATE", help="Only what came on this day (2026-11-01, UTC) or later.")
@options.home_option
@options.database_option
@options.json_option
def used(table: str, key: str, partner: str, since: str | None, home: str | None, database: str | None, as_json: bool) -> int:
    """Which exchanges of the ledger used a key, theirs or ours: before it is changed, or after it was wrong.

    The archive is read again; nothing is posted.

    \b
    Example:
      edi-bridge lookup used items 4711 --partner acme --since 2026-10-01

    Exit codes: 0 it was used, 1 it was not, 2 wrong use or configuration.
    """
    from edi_bridge.cli import lookup_used

    settings, catalog = _opened(home, database, partner)
    _check_name(table)
    return lookup_used.told(table, key, partner, since, settings, catalog, as_json)


# --- what they share ---------------------------------------------------------------------------------------------------

def _opened(home: str | None, database: str | None, partner: str) -> tuple[Settings, Catalog]:
    """The settings and the catalog with the database's rows. ConfigFault where the partner is not known."""
    settings = options.settings_of(home, database)
    catalog = options.catalog_of(settings.home, database=settings.database)
    if partner:
        catalog.partner_named(partner)
    return settings, catalog


def _today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d")


def _check_day(name: str, text: str) -> None:
    from edi_bridge.mapping.lookup import day

    if text and day(text) != text:
        raise ConfigFault.at("", 0, 0, f"{name} {text} is no day such as 2026-11-01")


def _check_name(table: str) -> None:
    from edi_bridge.mapping.mapfile import LOOKUP_NAME

    if not LOOKUP_NAME.fullmatch(table):
        raise ConfigFault.at("", 0, 0, f"{table} is no name of a table: small letters, digits, _ and -")


def _rows(catalog: Catalog, settings: Settings, table: str, partner: str, on: str = "") -> list[Row]:
    """The rows of a table of one partner (or of all) by key and first day; with `on` what is in force. ConfigFault where there are none."""
    from edi_bridge.mapping.lookup import Layer

    _check_name(table)
    rows = sorted(catalog.lookup_rows(table, partner), key=lambda row: (row.theirs, row.valid_from))
    if not rows:
        known = sorted({f"{one['table']} of {one['partner'] or 'all partners'}" for one in _known(catalog, settings)})
        there = f"; there are {', '.join(known[:MOST_NAMED])}{', …' if len(known) > MOST_NAMED else ''}" if known else ""
        raise ConfigFault.at("", 0, 0, f"there is no table {table} of {partner or 'all partners'}{there}")
    if not on:
        return rows
    layer = Layer(catalog.lookup_rows(table, partner))
    holding = (layer.row(key, on) for key in dict.fromkeys(row.theirs for row in rows))
    return [row for row in holding if row is not None and row.ours]


def _as_json(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("theirs", "ours", "valid_from", "valid_to", "write", "place")}


def _add(settings: Settings, table: str, partner: str, rows: list[Row]) -> int:
    from edi_bridge.store import lookup as store

    def add(database: Database) -> int:
        with database.write() as connection:
            return store.add(connection, table, partner, rows, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))

    return _with_database(settings, add)


def _with_database(settings: Settings, work: Callable[[Database], int]) -> int:
    database = options.open_database(settings, create=True)
    try:
        return work(database)
    finally:
        database.close()


def _known(catalog: Catalog, settings: Settings) -> list[dict[str, Any]]:
    """Every table: name, partner, where it is, how many keys and rows, when it was last changed (of the database)."""
    listed = []
    for (table, partner), path in catalog.lookup_files().items():
        rows = catalog.lookup_csv(table, partner)
        place = path.relative_to(settings.home) if path.is_relative_to(settings.home) else f"{path.parent.name}/{path.name} (shipped)"
        listed.append({"table": table, "partner": partner, "where": str(place), "keys": len({row.theirs for row in rows}),
                       "rows": len(rows), "changed": ""})
    for one in _stored(settings):
        listed.append({"table": one.table, "partner": one.partner, "where": "database", "keys": one.keys, "rows": one.rows, "changed": one.changed})
    return sorted(listed, key=lambda one: (one["table"], one["partner"], one["where"] != "database"))


def _stored(settings: Settings) -> list[Any]:
    from edi_bridge.store import lookup as store

    path = settings.database.removeprefix("sqlite:///")
    if "://" not in path and not Path(path).exists():
        return []
    database = options.open_database(settings, create=False)
    try:
        with database.read() as connection:
            return store.known(connection)
    finally:
        database.close()


def _list_tables(catalog: Catalog, settings: Settings, partner: str, as_json: bool) -> int:
    listed = [one for one in _known(catalog, settings) if not partner or one["partner"] in (partner, "")]
    if as_json:
        options.print_json(listed)
        return 0
    show.table(("table", "partner", "where", "~keys", "~rows", "~changed"),
               [(one["table"], one["partner"] or FOR_ALL, one["where"], one["keys"], one["rows"], one["changed"]) for one in listed])
    return 0
