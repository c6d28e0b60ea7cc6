"""What came in, read again: files, or what the archive holds of a partner. Nothing is posted, nothing is written.

    originals ─► taken: the messages that a map is for, each with who sent it

An interchange that came several times (the same bytes again, or tried again later) is read once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, BinaryIO

from sqlalchemy import func, select

from edi_bridge import pipeline, syntax
from edi_bridge.catalog import Catalog
from edi_bridge.database import Database
from edi_bridge.fault import ConfigFault
from edi_bridge.interchange import AnyMessage, Interchange
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.partner import Partner
from edi_bridge.store.archive import Archive
from edi_bridge.store.tables import ledger

PAGE = 200  # rows of the ledger that are held at once
SHEETS = ("csv", "fixed")


@dataclass(frozen=True, slots=True)
class Original:
    """Bytes that came in. `open` gives them from their beginning each time. `partner` and `map` are what was told with them;
    `exchanges` the numbers in the ledger by the interchange's place in the file (empty: not from the ledger, all are meant)."""

    name: str
    open: Callable[[], AbstractContextManager[BinaryIO]]
    partner: str = ""
    map: str = ""
    exchanges: Mapping[int, int] = field(default_factory=dict)

    def source(self, interchange: int) -> str:
        """How a person finds an interchange of it again: the file, or `exchange 12 (orders.edi)`."""
        number = self.exchanges.get(interchange)
        return self.name if number is None else f"exchange {number} ({self.name})"


@dataclass(frozen=True, slots=True)
class Taken:
    """One message, as each of the maps asked for is given it (None: a map's own layout finds no such message)."""

    source: str
    interchange: Interchange
    messages: tuple[AnyMessage | None, ...]
    partner: Partner | None

    @property
    def message(self) -> AnyMessage:
        """The message."""
        return next(one for one in self.messages if one is not None)


def stored(database: Database, archive: Archive, *, partner: str = "", since: str = "", exchange: int | None = None) -> Iterator[Original]:
    """What the ledger knows, in the order in which it came: of one partner, received on a day (ISO 8601, UTC) or later, or one
    exchange alone. No transaction is open while an original is read. ConfigFault where there is no such exchange."""
    if exchange is not None:
        _must_exist(database, exchange)
    last = 0
    while rows := _page(database, last, partner, since, exchange):
        files: dict[int, list[Any]] = {}
        for row in rows:
            files.setdefault(row.receipt_id, []).append(row)
        last = max(files)
        for one in files.values():
            head = one[0]
            yield Original(head.name, lambda digest=head.sha256: archive.open(digest), head.told, head.map,  # type: ignore[misc]
                           {row.ordinal: row.id for row in one})


def _page(database: Database, last: int, partner: str, since: str, exchange: int | None) -> list[Any]:
    """The exchanges of the next receipts; of the same bytes only those that came last."""
    t = ledger()
    newest = (select(func.max(t.exchange.c.id)).join(t.receipt, t.receipt.c.id == t.exchange.c.receipt_id)
              .where(t.exchange.c.state != "duplicate").group_by(t.receipt.c.sha256, t.exchange.c.ordinal))
    query = (select(t.exchange.c.id, t.exchange.c.ordinal, t.exchange.c.receipt_id, t.receipt.c.name, t.receipt.c.sha256,
                    t.receipt.c.partner.label("told"), t.receipt.c.map)
             .join(t.receipt, t.receipt.c.id == t.exchange.c.receipt_id))
    query = query.where(t.exchange.c.id == exchange) if exchange is not None else query.where(t.exchange.c.id.in_(newest))
    if partner:
        query = query.where(t.exchange.c.partner == partner)
    if since:
        query = query.where(t.receipt.c.received_at >= since)
    receipts = (query.with_only_columns(t.exchange.c.receipt_id).where(t.exchange.c.receipt_id > last).distinct()
                .order_by(t.exchange.c.receipt_id).limit(PAGE))
    with database.read() as connection:
        wanted = list(connection.execute(receipts).scalars())
        if not wanted:
            return []
        return list(connection.execute(query.where(t.exchange.c.receipt_id.in_(wanted))
                                       .order_by(t.exchange.c.receipt_id, t.exchange.c.ordinal)))


def _must_exist(database: Database, exchange: int) -> None:
    t = ledger().exchange
    with database.read() as connection:
        if connection.execute(select(t.c.id).where(t.c.id == exchange)).first() is None:
            raise ConfigFault.at("", 0, 0, f"the ledger has no exchange {exchange}")


def interchanges(original: Original, catalog: Catalog, partner: str = "", map: str = "") -> Iterator[Any]:
    """The interchanges of an original that are meant: each with the partner and the map given by hand, as `pipeline` gives
    them. What is told here goes before what was told when it came."""
    with original.open() as source:
        for interchange, who, forced in pipeline.interchanges(source, catalog, partner or original.partner or None, map or original.map or None):
            if not original.exchanges or interchange.ordinal in original.exchanges:
                yield interchange, who, forced
            else:
                interchange.drain()


def taken(original: Original, catalog: Catalog, names: tuple[str, ...], partner: str = "") -> Iterator[Taken]:
    """The messages of an original that maps (names, or YAML files) are for: those of the type that a map names, whatever map
    is in force for them; of CSV, the files whose columns fit. ConfigFault where a map has mistakes, or where what was told
    with the original (a partner, a map) is no longer known."""
    maps = tuple(catalog.map_named(name) for name in names)
    first = _first_bytes(original)
    if maps[0].standard in SHEETS:
        if syntax.detect(first) in ("csv", "unknown") and any(one.standard == "fixed" or one.fits_header(first) for one in maps):
            yield from _sheets(original, catalog, names, partner)
        return
    if syntax.detect(first) in ("csv", "unknown"):
        return
    wanted = {one.spec.message for one in maps}
    for interchange, who, _ in interchanges(original, catalog, partner):
        for message in interchange.messages:
            if str(message.type) in wanted:
                yield Taken(original.source(interchange.ordinal), interchange, (message,) * len(maps), who)


def _first_bytes(original: Original) -> bytes:
    with original.open() as source:
        return source.read(syntax.FIRST)


def _sheets(original: Original, catalog: Catalog, names: tuple[str, ...], partner: str) -> Iterator[Taken]:
    """A CSV cut into messages by each map's own layout, side by side."""
    for rows in zip_longest(*(_cut(original, catalog, partner, name) for name in names)):
        interchange, who, _ = next(row for row in rows if row is not None)
        yield Taken(original.source(interchange.ordinal), interchange, tuple(None if row is None else row[2] for row in rows), who)


def _cut(original: Original, catalog: Catalog, partner: str, map: str) -> Iterator[tuple[Interchange, Partner | None, AnyMessage]]:
    for interchange, who, _ in interchanges(original, catalog, partner, map):
        for message in interchange.messages:
            yield interchange, who, message


def other_map(one: Taken, maps: tuple[CompiledMap, ...]) -> str:
    """The map that is agreed with the partner for this message where it is none of these; '' otherwise."""
    agreement = one.partner.agreement(one.message.type) if one.partner is not None else None
    name = agreement.map if agreement is not None else ""
    return "" if name in ("", *(compiled.name for compiled in maps)) else name


def since_day(text: str) -> str:
    """A day, or a time in UTC, as the ledger compares it. ConfigFault for anything else."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?", text):
        raise ConfigFault.at("", 0, 0, f"{text!r} is not a day such as 2026-11-01")
    return text
