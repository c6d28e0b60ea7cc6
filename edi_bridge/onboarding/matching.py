"""Keys and codes of a partner held against ours: which it uses, and which nobody has given a meaning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from edi_bridge import replaying
from edi_bridge.catalog import Catalog
from edi_bridge.database import Database
from edi_bridge.interchange import MessageType
from edi_bridge.mapping.lookup import Answer, Get
from edi_bridge.partner import Partner
from edi_bridge.store.archive import Archive

MOST = 2_000  # messages of the archive that are listened to
KEPT = 10_000  # different keys of one table: a hostile file may make them up without end


@dataclass(slots=True)
class Asked:
    """The keys of one table that messages (or a list) have: how often each, and which have no meaning."""

    table: str
    known: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)

    @property
    def share(self) -> float:
        """How many of the different keys are known, 0 to 1; 1 where none was asked for."""
        count = len(self.known) + len(self.missing)
        return len(self.known) / count if count else 1.0


@dataclass(slots=True)
class Listening:
    """A `Get` that keeps what it is asked."""

    get: Get
    tables: dict[str, Asked]

    def __call__(self, table: str, key: str, on: str, *, back: bool = False) -> Answer:
        """As the tables answer."""
        answer = self.get(table, key, on, back=back)
        if not back:
            asked = self.tables.setdefault(table, Asked(table))
            counter = asked.known if answer.value is not None else asked.missing
            if key in counter or len(counter) < KEPT:
                counter[key] += 1
        return answer


def asked_by_messages(database: Database, archive: Archive, catalog: Catalog, partner: Partner) -> dict[str, Asked]:
    """What the messages that came from a partner ask the tables of keys."""
    made: dict[str, Asked] = {table: Asked(table) for table in tables_of(catalog, partner)}
    listening = Listening(catalog.lookups_of(partner), made)
    count = 0
    for original in replaying.stored(database, archive, partner=partner.name):
        for interchange, who, forced in replaying.interchanges(original, catalog):
            for message in interchange.messages:
                chosen = forced if forced is not None else catalog.map_for(message.type, who)
                if chosen is not None and chosen.lookups:
                    records, _ = chosen.read(message)
                    chosen.ours(message, records, listening, interchange.prepared)
                    count += 1
                if count >= MOST:
                    return made
    return made


def asked_by_list(catalog: Catalog, partner: Partner, table: str, keys: Iterable[str], on: str) -> Asked:
    """The same for a list of keys that the partner gave: its items, its branches."""
    listening = Listening(catalog.lookups_of(partner), {table: Asked(table)})
    for key in keys:
        if key:
            listening(table, key, on)
    return listening.tables[table]


def tables_of(catalog: Catalog, partner: Partner) -> Sequence[str]:
    """The tables of keys that a partner's agreements need: those their maps look into, and those they name."""
    return list(dict.fromkeys(_tables(catalog, partner)))


def _tables(catalog: Catalog, partner: Partner) -> Iterator[str]:
    for one in partner.agreements:
        yield from one.lookups
        compiled = catalog.map_named(one.map) if one.map else catalog.map_for(MessageType(*one.message.split("/")), partner, one.direction)
        yield from compiled.lookups.tables if compiled is not None else ()
