"""What the daemon knows of its home, loaded anew when files of it change; what cannot be loaded leaves the old in force."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from edi_bridge.catalog import Catalog
from edi_bridge.channel import Channel
from edi_bridge.clock import Clock
from edi_bridge.crashpoint import passing
from edi_bridge.crm.identity import own_identities
from edi_bridge.database import Database
from edi_bridge.dispatch import defer
from edi_bridge.engine import Engine
from edi_bridge.engine.fetching import Fetching
from edi_bridge.engine.outgoing import Writing
from edi_bridge.engine.sending import Sending
from edi_bridge.fault import ConfigFault
from edi_bridge.mapping.lookup import Row
from edi_bridge.settings import Settings
from edi_bridge.store import lookup
from edi_bridge.store.archive import Archive, open_archive
from edi_bridge.transport.van import reports_channel

FOLDERS = ("partners", "mappings", "lookups", "guides", "rules", "schemas")  # of a home that the catalog reads
SERVED = "http-in"  # the kind of channels that partners post to
GETS = ("get", "we_get", "list")  # the options that say where a channel fetches


@dataclass(frozen=True, slots=True)
class Configuration:
    """One state of the home, and the engine for it. `seen`: its files as they were, `rows`: the last row of the lookups in the
    database."""

    catalog: Catalog
    channels: Mapping[str, Channel]
    engine: Engine
    fetching: Fetching
    sending: Sending
    writing: Writing
    seen: Mapping[str, tuple[int, int]]
    rows: int

    def polled(self) -> Iterator[Channel]:
        """The channels that are fetched from; that of a network's reports is one of its own."""
        for one in self.channels.values():
            if one.kind != SERVED and any(one.options.get(key) for key in GETS):
                yield one
            if one.kind == "van" and (reports := reports_channel(one)) is not None:
                yield reports


@dataclass(frozen=True, slots=True)
class Loading:
    """Loads a home."""

    settings: Settings
    database: Database
    clock: Clock
    archive: Archive = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "archive", open_archive(self.settings.archive, self.settings.home, passing))

    def load(self) -> Configuration:
        """The home as it is now. ConfigFault with what is wrong in it: partners, channels, and every map of its own or agreed."""
        seen = self.look()
        with self.database.read() as connection:
            rows = lookup.newest(connection)
        catalog = Catalog(self.settings.home, check_receiver=True, stored=partial(self._stored, rows))
        channels = catalog.channels
        for name in self._maps(catalog):
            catalog.map_named(name)
        said = self.settings
        engine = Engine(
            self.database, self.archive, catalog, own=own_identities(catalog.own.parties), versions={**catalog.versions(), lookup.VERSION: str(rows)},
            same_content=said.same_content, batch_messages=said.batch_messages, batch_milliseconds=said.batch_milliseconds,
            clock=self.clock, strict=True, answers=True,
            several=said.workers, received=defer if said.workers else None)
        return Configuration(
            catalog, channels, engine, Fetching(engine, self.database), Sending(self.database, self.archive, catalog, self.clock),
            Writing(self.database, self.archive, catalog, self.clock, engine.versions), seen, rows)

    def _stored(self, upto: int, table: str, partner: str) -> list[Row]:
        with self.database.read() as connection:
            return lookup.rows(connection, table, partner, upto)

    def _maps(self, catalog: Catalog) -> list[str]:
        """Those of the home, and those that its partners' agreements name."""
        home = self.settings.home
        mine = {name for name, (path, *_) in catalog.map_index.items() if path.is_relative_to(home)}
        partners = {path.stem for path in (home / "partners").glob("*.yaml")}
        mine |= {one.map for who in catalog.partners if who.name in partners for one in who.agreements if one.map}
        return sorted(mine)

    def look(self) -> dict[str, tuple[int, int]]:
        """Every file that the catalog reads from the home, with size and time."""
        return {path: said for folder in FOLDERS for path, said in _files(self.settings.home / folder)}

    def changed(self, now: Configuration) -> bool:
        """Whether files or lookups are others than those in force."""
        with self.database.read() as connection:
            rows = lookup.newest(connection)
        return rows != now.rows or self.look() != now.seen


def _files(folder: Path | str) -> Iterator[tuple[str, tuple[int, int]]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir():
                    yield from _files(entry.path)
                elif entry.name.endswith((".yaml", ".csv", ".xsd", ".xsl", ".xslt")):
                    state = entry.stat()
                    yield entry.path, (state.st_size, state.st_mtime_ns)
    except FileNotFoundError:  # gone while we looked: the next look sees
        return


@dataclass(slots=True)
class Current:
    """The state in force, and the change to another. A file that is still being written is left to the next look."""

    loading: Loading
    now: Configuration
    _pending: Mapping[str, tuple[int, int]] | None = None
    _refused: Mapping[str, tuple[int, int]] | None = None

    def refresh(self, load: Callable[[], Configuration]) -> bool:
        """Load what changed, once it has stopped changing; whether another state is in force now. Faults of `load` leave this one."""
        if not self.loading.changed(self.now):
            self._pending = self._refused = None
            return False
        look = self.loading.look()
        if look != self._pending:
            self._pending = look
            return False
        if look == self._refused:
            return False
        try:
            self.now = load()
        except ConfigFault:
            self._refused = look
            raise
        self._pending = self._refused = None
        return True
