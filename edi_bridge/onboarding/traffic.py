"""What the ledger and the CRM know of a partner's traffic: documents and values of a year, characters of a month."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, func, select

from edi_bridge.clock import written
from edi_bridge.crm.tables import of as crm_of
from edi_bridge.partner import Partner
from edi_bridge.rollout.offers import Traffic
from edi_bridge.rollout.review import Volume
from edi_bridge.store import rollout as kept_by
from edi_bridge.store.rollout import MEASURED, Evidence
from edi_bridge.store.tables import ledger

YEAR, MONTH = timedelta(days=365), timedelta(days=30)
DOCUMENTS = {"sales_order": "ORDERS", "invoice": "INVOIC", "order_response": "ORDRSP", "despatch_advice": "DESADV", "remittance": "REMADV"}
AMOUNTS = {"sales_order": "total", "invoice": "payable"}


def from_crm(connection: Connection, partners: Iterable[Partner], now: datetime) -> list[Volume]:
    """What the CRM was handed in the last year, by partner and document; documents of nobody in particular count for the customer."""
    crm, since = crm_of(connection), (now - YEAR).date().isoformat()
    priorities = {one.name: one.priority for one in partners}
    made = []
    for name, document in DOCUMENTS.items():
        table = getattr(crm, name)
        amount = AMOUNTS.get(name)
        columns = [table.c.partner, crm.customer.c.name, func.count(), func.sum(table.c[amount]) if amount else func.count()]
        query = (select(*columns).join(crm.customer, crm.customer.c.id == table.c.customer_id)
                 .where((table.c.issued_on >= since) | (table.c.issued_on == "")).group_by(table.c.partner, crm.customer.c.name))
        for partner, customer, count, value in connection.execute(query):
            who = partner or customer
            made.append(Volume(who, document, "in", count, Decimal(str(value or 0)) if amount else Decimal(0), priorities.get(who, 3)))
    return made


def network_traffic(connection: Connection, partners: Iterable[Partner], now: datetime) -> Traffic:
    """Interchanges and characters a month through a network, both ways, over the last 30 days."""
    names, since, t = [one.name for one in partners], written(now - MONTH), ledger()
    came = connection.execute(
        select(func.count(), func.sum(t.receipt.c.size)).select_from(t.exchange.join(t.receipt, t.receipt.c.id == t.exchange.c.receipt_id))
        .where(t.exchange.c.partner.in_(names), t.exchange.c.received_at >= since, t.exchange.c.ordinal == 1)).one()
    went = connection.execute(select(func.count(), func.sum(t.outbox.c.size)).where(t.outbox.c.partner.in_(names), t.outbox.c.sent_at >= since)).one()
    return Traffic(came[0] + went[0], float((came[1] or 0) + (went[1] or 0)), len(names))


def keep_volumes(connection: Connection, volumes: Iterable[Volume], known: Mapping[str, str], now: str) -> None:
    """Keep what a review counted, as the evidence that the payback is computed from. `known`: name or title → the partner's file name."""
    facts = [Evidence(known[one.partner], "review", f"volume {one.direction} {one.document}", json.dumps({"count": one.count, "value": str(one.value)}),
                      MEASURED, now[:10], at=now) for one in volumes if one.partner in known]
    kept_by.state(connection, facts)


def kept_volumes(connection: Connection) -> list[Volume]:
    """What the newest review counted of each partner."""
    return list(_kept(kept_by.evidence(connection, None, "review")))


def _kept(facts: Iterable[Evidence]) -> Iterator[Volume]:
    counted = [one for one in facts if one.name.startswith("volume ")]
    newest = {one.partner: one.at for one in counted}  # a review counts a partner anew, with everything
    for one in counted:
        if one.at == newest[one.partner]:
            _, direction, document = one.name.split(" ", 2)
            said = json.loads(one.value)
            yield Volume(one.partner, document, direction, int(said["count"]), Decimal(said["value"]))
