"""What waited while its agreement was paused goes on, in the order in which it came: its stage is asked again.

Found from the ledger alone, so that whoever looks (a command, a daemon that starts or loads another version) does what is left to do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, select, update

from edi_bridge import pipeline
from edi_bridge.database import Database
from edi_bridge.engine.stages import PAUSED, Stages
from edi_bridge.store import identity, ledger
from edi_bridge.store.archive import Archive
from edi_bridge.store.tables import ledger as tables


def go_on(database: Database, archive: Archive, catalog: Any, now: Callable[[], str], partner: str = "") -> list[tuple[int, str]]:
    """Open what waited and is paused no more; (exchange, why it waits on or '') of each that was looked at. `partner` '': of all.

    What then stands against it (its stage, the limits of a pilot, a control number that came again) keeps it quarantined for that.
    """
    with database.read() as connection:
        rows = _waiting(connection, partner)
    stages = Stages(catalog)
    running = {one.name for one in catalog.partners if any(agreement.stage != PAUSED for agreement in one.agreements)}
    return [(row.id, _one(database, archive, catalog, stages, row, now())) for row in rows if row.partner in running]


def _waiting(connection: Connection, partner: str) -> list[Any]:
    t = tables()
    e, r = t.exchange, t.receipt
    query = select(e.c.id, e.c.ordinal, e.c.partner, e.c.lane, r.c.sha256, r.c.partner.label("told"), r.c.map, r.c.test).join(r, r.c.id == e.c.receipt_id)
    query = query.where(e.c.state == "quarantined", e.c.reason.startswith(PAUSED)).order_by(e.c.id)
    return list(connection.execute(query.where(e.c.partner == partner) if partner else query))


def _one(database: Database, archive: Archive, catalog: Any, stages: Stages, row: Any, now: str) -> str:
    with archive.open(row.sha256) as source:
        found = next((one for one in pipeline.scan(source, catalog, partner=row.told or None, map=row.map or None)
                      if one.interchange.ordinal == row.ordinal), None)
    if found is None:
        return "its bytes hold it no more"
    types = [listed[1] for listed in found.messages]
    coming = stages.of_interchange(catalog.partner_named(row.partner), types, found.interchange.test, row.test)
    e = tables().exchange
    with database.write() as connection:
        still = connection.execute(select(e.c.id).where(e.c.id == row.id, e.c.state == "quarantined").with_for_update()).first()
        if still is None:
            return ""
        admit = stages.admitting(connection, row.partner, coming, now)
        why = coming.held or identity.number_taken(connection, row.id, found.interchange, coming.lane) or (admit() if admit else "")
        if why:
            connection.execute(update(e).where(e.c.id == row.id).values(reason=why))
            return why
        connection.execute(update(e).where(e.c.id == row.id).values(reason="", lane=coming.lane))
        identity.own_number(connection, row.id, found.interchange, coming.lane)
        ledger.do_again(connection, row.id, [])
    return ""
