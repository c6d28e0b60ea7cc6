"""What `map coverage`, `map diff` and `map trace` read: files, a map's own samples, or the archive of a home."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.inputs import Input, expand
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog
    from edi_bridge.mapping.compile import CompiledMap
    from edi_bridge.mapping.lookup import Row
    from edi_bridge.replaying import Original

home_option = click.option(
    "--home", metavar="DIR", help="A home with own maps, partners and an archive (default: EDI_BRIDGE_HOME; else only the shipped ones)."
)
archive_option = click.option("--archive", is_flag=True, help="What the home's archive holds, read again; nothing is posted.")
since_option = click.option("--since", metavar="DATE", help="Of the archive, what came on this day (2026-11-01, UTC) or later.")


def catalog_for(home: str | None, archive: bool) -> Catalog:
    """The maps and partners in force: of the home whose archive is read, else of the home that is named."""
    return options.catalog_of(options.settings_of(home, None).home if archive else options.optional_home(home))


def lookups_at(home: str | None, exchange: int) -> Callable[[str, str], Sequence[Row]]:
    """The lookups of a home's database as they were when an exchange was taken in."""
    from edi_bridge.store import lookup

    settings = options.settings_of(home, None)
    database = options.open_database(settings, create=False)
    try:
        with database.read() as connection:
            last = lookup.pinned(connection, exchange)
    finally:
        database.close()
    return partial(lookup.of_home, settings.home, settings.database, last)


def of_files(names: Sequence[str]) -> Iterator[Original]:
    """The files and folders that are named; - is standard input."""
    from edi_bridge.replaying import Original

    for one in expand(names):
        yield Original(one.name, _standard_input(one) if one.path is None else one.open)


def _standard_input(one: Input) -> Callable[[], AbstractContextManager[BinaryIO]]:
    """Read whole, because what is replayed may be opened more than once."""
    with one.open() as source:
        content = source.read()
    return partial(io.BytesIO, content)


def of_samples(compiled: CompiledMap, catalog: Catalog) -> list[str]:
    """The messages of the samples that a map names under `tests:`. ConfigFault when there are none."""
    found = []
    for test in compiled.spec.tests:
        folders = [root / "samples" / str(test.get("sample", "")) for root in catalog.roots]
        found += next(([str(path) for path in sorted(folder.glob("message.*"))] for folder in folders if folder.is_dir()), [])
    if not found:
        raise ConfigFault.at("", 0, 0, f"the map {compiled.name} names no samples under tests: that are there; name files, or --archive")
    return found


def of_archive(home: str | None, partner: str | None, since: str | None, exchange: int | None = None, *,
               database: str | None = None) -> Iterator[Original]:
    """What the ledger of a home knows; only read."""
    from edi_bridge import replaying
    from edi_bridge.store.archive import open_archive

    settings = options.settings_of(home, database)
    opened = options.open_database(settings, create=False)
    try:
        yield from replaying.stored(opened, open_archive(settings.archive, settings.home), partner=partner or "",
                                    since=replaying.since_day(since) if since else "", exchange=exchange)
    finally:
        opened.close()


def tell_left_out(left: Counter[str]) -> None:
    """That messages were not looked at, because another map (name → how many) is agreed for them."""
    for name, count in left.items():
        show.note(f"{show.number(count, 'message')} left out: the agreement with the partner names {show.clean(name)} (--partner takes them)")
