"""Whether anything was lost: what the ledger says of itself (`store.conservation`), and whether the CRM has what it says is posted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from edi_bridge.crm.tables import tables
from edi_bridge.store import conservation
from edi_bridge.store.archive import Archive
from edi_bridge.store.audit import Head
from edi_bridge.store.conservation import Account
from edi_bridge.store.tables import ledger

DOCUMENTS = {"order": "sales_order", "invoice": "invoice", "despatch_advice": "despatch_advice", "remittance": "remittance"}  # kind → table


def check(connection: Connection, archive: Archive | None, heads: Sequence[Head] = ()) -> Account:
    """The whole audit; without an archive its bytes are not looked at. `heads` of the audit log that were noted earlier must stand in it."""
    made = conservation.check(connection, archive, heads)
    made.problems += missing(connection)
    return made


def missing(connection: Connection) -> Iterator[str]:
    """Documents that were posted and are in the CRM no more."""
    t = ledger()
    known, m, e = t.message_document, t.message, t.exchange
    lanes = connection.execute(select(e.c.lane).distinct()).scalars().all()
    for lane in lanes:
        crm = tables(lane)
        for kind, name in DOCUMENTS.items():
            query = (select(known.c.number, m.c.ordinal, m.c.exchange_id).join(m, m.c.id == known.c.message_id).join(e, e.c.id == m.c.exchange_id)
                     .where(m.c.state == "posted", e.c.lane == lane, known.c.kind == kind, known.c.number != "",
                            known.c.number.not_in(select(getattr(crm, name).c.number))).order_by(known.c.id))
            for row in connection.execute(query):
                yield f"{kind.replace('_', ' ')} {row.number} (message {row.ordinal} of exchange {row.exchange_id}) was posted, and is not in the CRM"
