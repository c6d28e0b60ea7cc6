"""Which exchanges used a key of a lookup: the archive is read again, and each question that a map asks is heard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from edi_bridge.cli import map_sources, options, show
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog
    from edi_bridge.interchange import AnyMessage, Interchange
    from edi_bridge.mapping.compile import CompiledMap
    from edi_bridge.mapping.field_trace import Traced
    from edi_bridge.mapping.lookup import Answer, Get
    from edi_bridge.partner import Partner
    from edi_bridge.replaying import Original
    from edi_bridge.settings import Settings

USED, NOT_USED = 0, 1


class Hearing:
    """A `Get` that hears whether a key is asked for, or is the answer."""

    def __init__(self, get: Get, table: str, key: str):
        self.get, self.table, self.key = get, table, key
        self.heard = False

    def __call__(self, table: str, key: str, on: str, *, back: bool = False) -> Answer:
        """As the tables'."""
        answer = self.get(table, key, on, back=back)
        self.heard = self.heard or (table == self.table and self.key in (key, answer.value))
        return answer


def told(table: str, key: str, partner: str, since: str | None, settings: Settings, catalog: Catalog, as_json: bool) -> int:
    """Print where a key was used; 1 where it was not."""
    found = list(uses(table, key, partner, since, settings, catalog))
    if as_json:
        options.print_json(found)
    elif found:
        show.table(("exchange", "partner", "file", "message", "field", "theirs", "ours"),
                   [(one["exchange"], one["partner"], one["file"], f"{one['message']} {one['reference']}", one["field"], one["theirs"], one["ours"])
                    for one in found])
    if not found:
        show.note(f"no exchange used {show.clean(key)} of the table {show.clean(table)}")
        return NOT_USED
    exchanges = len({one["exchange"] for one in found})
    if not as_json:
        show.note(f"{show.number(exchanges, 'exchange')} used {show.clean(key)}")
    return USED


def uses(table: str, key: str, partner: str, since: str | None, settings: Settings, catalog: Catalog) -> Iterator[dict[str, Any]]:
    """Each field of each archived message whose lookup asked for the key, or gave it."""
    for original in map_sources.of_archive(str(settings.home), partner or None, since, database=settings.database):
        try:
            for interchange, message, who, chosen in _messages(original, catalog):
                for field in _fields(table, key, interchange, message, who, chosen, catalog):
                    yield {
                        "exchange": original.exchanges.get(interchange.ordinal), "partner": who.name if who else "", "file": original.name,
                        "message": message.ordinal, "reference": message.reference, "field": field.path,
                        "theirs": " ".join(place.raw for place in field.places).strip(), "ours": field.value, "row": field.codes}
        except ConfigFault as fault:  # a map or partner that was told with it and is no longer there: the others go on
            show.problems(fault)


def _messages(original: Original, catalog: Catalog) -> Iterator[tuple[Interchange, AnyMessage, Partner | None, CompiledMap]]:
    from edi_bridge import replaying

    for interchange, who, forced in replaying.interchanges(original, catalog):
        for message in interchange.messages:
            chosen = forced if forced is not None else catalog.map_for(message.type, who)
            if chosen is not None and chosen.lookups:
                yield interchange, message, who, chosen


def _fields(table: str, key: str, interchange: Interchange, message: AnyMessage, who: Partner | None, chosen: CompiledMap,
            catalog: Catalog) -> list[Traced]:
    """The fields of one message; it is traced only where the key was heard."""
    hearing = Hearing(catalog.lookups_of(who), table, key)
    records, _ = chosen.read(message)
    chosen.lookups.ours(records, hearing, interchange.prepared)
    if not hearing.heard:
        return []
    traced = chosen.trace(message)
    answered = chosen.trace(message, hearing.get, interchange.prepared)
    return [after for before, after in zip(traced, answered, strict=True)
            if before.rule.lookup == table and key in (before.value, after.value)]
