"""What the daemon knows of its home: the version that is in force, loaded anew when another is; what cannot be loaded leaves the old."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from edi_bridge import versioning
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
from edi_bridge.engine.sending import Sending, Unnoted
from edi_bridge.fault import ConfigFault
from edi_bridge.mapping.lookup import Row
from edi_bridge.partner import PRIORITY
from edi_bridge.settings import Settings
from edi_bridge.store import lookup, version
from edi_bridge.store.archive import Archive, open_archive
from edi_bridge.transport.van import reports_channel
from edi_bridge.versioning.usable import check


@dataclass(frozen=True, slots=True)
class Configuration:
    """One state of the home, and the engine for it. `seen`: its files as they were, `rows`: the last row of the lookups in the
    database; `force`: the version."""

    catalog: Catalog
    channels: Mapping[str, Channel]
    engine: Engine
    fetching: Fetching
    sending: Sending
    writing: Writing
    seen: Mapping[str, tuple[int, int]]
    rows: int
    force: versioning.InForce
    priorities: Mapping[str, int]  # of each partner

    def priority(self, partner: str) -> int:
        """How urgent a partner is: 1 is first, 5 last."""
        return self.priorities.get(partner, PRIORITY)

    def polled(self) -> Iterator[Channel]:
        """The channels that are fetched from; that of a network's reports is one of its own."""
        for one in self.channels.values():
            if one.fetches:
                yield one
            if one.kind == "van" and (reports := reports_channel(one)) is not None:
                yield reports


@dataclass(frozen=True, slots=True)
class Loading:
    """Loads what is in force of a home. `lenient`: where its files cannot be used, the version before is, and that is told; else it is a
    ConfigFault."""

    settings: Settings
    database: Database
    clock: Clock
    lenient: bool = False
    archive: Archive = field(init=False)
    unnoted: Unnoted = field(default_factory=Unnoted)
    may_send: Callable[[], bool] = lambda: True

    def __post_init__(self) -> None:
        object.__setattr__(self, "archive", open_archive(self.settings.archive, self.settings.home, passing))

    def load(self, before: Configuration | None = None, *, files: bool = True) -> Configuration:
        """What is in force now; files of the home that were changed come in force by it, unless settings say otherwise. `before` is
        what was in force: the same again where nothing is another. `files` False: those of the home are being written.

        ConfigFault with what is wrong: partners, channels, and every map of its own or agreed."""
        seen = before.seen if before is not None and not files else self.look()
        with self.database.read() as connection:
            rows = lookup.newest(connection)
        tried: dict[Path, Catalog] = {}

        def try_(root: Path) -> None:
            tried[root] = self._catalog(root, rows)
            check(tried[root])

        said = self.settings
        force = versioning.take(said.home, self.database, try_, self.clock.text, activate=said.activate, files=files,
                                lenient=self.lenient or before is not None, patience=versioning.PATIENCE if before is None else 0.0)
        if before is not None and (force.version.hash, rows) == (before.force.version.hash, before.rows):
            return replace(before, seen=seen, force=force)
        if force.root not in tried:
            try_(force.root)
        return self._made(tried[force.root], force, seen, rows)

    def _made(self, catalog: Catalog, force: versioning.InForce, seen: Mapping[str, tuple[int, int]], rows: int) -> Configuration:
        said = self.settings
        pinned = {**catalog.versions(), lookup.VERSION: str(rows), version.PINNED: force.version.hash}
        engine = Engine(
            self.database, self.archive, catalog, own=own_identities(catalog.own.parties), versions=pinned,
            same_content=said.same_content, batch_messages=said.batch_messages, batch_milliseconds=said.batch_milliseconds,
            clock=self.clock, strict=True, answers=True,
            several=said.workers, received=defer if said.workers else None)
        return Configuration(
            catalog, catalog.channels, engine, Fetching(engine, self.database), Sending(self.database, self.archive, catalog, self.clock, self.unnoted, self.may_send),
            Writing(self.database, self.archive, catalog, self.clock, engine.versions), seen, rows, force,
            {one.name: one.priority for one in catalog.partners})

    def _catalog(self, root: Path, rows: int) -> Catalog:
        return Catalog(root, check_receiver=True, stored=partial(self._stored, rows), place=self.settings.home)

    def _stored(self, upto: int, table: str, partner: str) -> list[Row]:
        with self.database.read() as connection:
            return lookup.rows(connection, table, partner, upto)

    def look(self) -> dict[str, tuple[int, int]]:
        """Every file of a version in the home, with size and time."""
        return versioning.look(self.settings.home)

    def newest(self) -> tuple[int, int]:
        """The last row of the lookups and the last activation, as the database has them now."""
        with self.database.read() as connection:
            return lookup.newest(connection), version.newest(connection)


@dataclass(slots=True)
class Current:
    """The state in force, and the change to another. A file that is still being written is left to the next look; what somebody
    activated is whole and needs no waiting."""

    loading: Loading
    now: Configuration
    _pending: Mapping[str, tuple[int, int]] | None = None
    _refused: object = None
    _why: str = ""

    @property
    def waiting(self) -> str:
        """Why something that was changed or activated is not in force; '' where everything is."""
        return self._why or self.now.force.waiting

    def refresh(self) -> bool:
        """Load what was changed or activated; whether another state is in force now. What cannot be used leaves this one: see `waiting`."""
        look, newest = self.loading.look(), self.loading.newest()
        told = newest != (self.now.rows, self.now.force.activation)
        settled = look in (self.now.seen, self._pending)
        self._pending = None if look == self.now.seen else look
        if (look == self.now.seen and not told) or not (settled or told) or self._refused == (look, newest):
            return False
        try:
            made = self.loading.load(self.now, files=settled)
        except versioning.Busy:  # the next look sees what came of it
            return False
        except ConfigFault as fault:
            self._refused = (look, newest)
            self._why = f"what is to be in force now cannot be used, so the state before holds: {fault}"
            return False
        another = made.engine is not self.now.engine
        self.now, self._refused, self._why = made, None, ""
        return another
