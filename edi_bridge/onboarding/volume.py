"""The volume test: what came from a partner, posted again at full speed into a database made for it alone, with every sync to disk."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from edi_bridge import replaying
from edi_bridge.catalog import Catalog
from edi_bridge.crm.identity import own_identities
from edi_bridge.database import Database, connect, upgrade
from edi_bridge.engine import Engine, Incoming, ReceiptSummary
from edi_bridge.fault import ConfigFault
from edi_bridge.store.archive import Archive

GROUP = 64  # files that are taken in together, as the daemon does


@dataclass(frozen=True, slots=True)
class Volume:
    """What a volume test did: messages through, in how many seconds."""

    messages: int
    seconds: float

    @property
    def an_hour(self) -> float:
        """Messages an hour at this pace."""
        return self.messages / self.seconds * 3600 if self.seconds else 0.0


def run(database: Database, archive: Archive, catalog: Catalog, partner: str, wanted: int, folder: Path | None = None) -> Volume:
    """Post what the archive has of a partner, round after round, until `wanted` messages went through. `folder`: on whose disk (default:
    where temporary files are). ConfigFault when nothing of the partner is there."""
    originals = list(replaying.stored(database, archive, partner=partner))
    if not originals:
        raise ConfigFault.at("", 0, 0, f"nothing has come from {partner}: the volume test posts again what came")
    messages, seconds = 0, 0.0
    while messages < wanted:
        with tempfile.TemporaryDirectory(prefix="edi-bridge-volume-", dir=folder) as place:
            done, used = _round(originals, catalog, Path(place), wanted - messages)
        if not done:
            raise ConfigFault.at("", 0, 0, f"nothing that came from {partner} holds a message that is posted")
        messages, seconds = messages + done, seconds + used
    return Volume(messages, seconds)


def _round(originals: list[replaying.Original], catalog: Catalog, place: Path, wanted: int) -> tuple[int, float]:
    """One time through all of them, or as many as are wanted: messages, and seconds of the posting itself."""
    database = connect(place / "volume.sqlite")
    try:
        upgrade(database)
        archive = Archive(place / "archive")
        engine = Engine(database, archive, catalog, own=own_identities(catalog.own.parties), strict=True, answers=True)
        messages, begun = 0, time.perf_counter()
        for start in range(0, len(originals), GROUP):
            incoming = []
            for one in originals[start:start + GROUP]:
                with one.open() as source:
                    incoming.append(Incoming(archive.put(source), one.name, "", one.partner, one.map))
            for summary in engine.process(engine.receive(incoming)):
                messages += _through(summary)
            if messages >= wanted:
                break
        return messages, time.perf_counter() - begun
    finally:
        database.close()


def _through(summary: ReceiptSummary | None) -> int:
    """The messages of a receipt that the map and the CRM took."""
    return 0 if summary is None else sum(exchange.messages.get(state, 0) for exchange in summary.exchanges for state in ("posted", "shadowed"))
