"""What waits although the document it waits for is here.

Two transactions on PostgreSQL that post an order and what refers to it at the same moment do not see each other: each
is right by itself, and nothing ties the two. `tie_late` finds such pairs by their numbers and ties them as posting does.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from edi_bridge.crm.batch import Batch
from edi_bridge.crm.document import Outcome
from edi_bridge.crm.follow import invoice_came, order_came
from edi_bridge.crm.identity import partner_identifier
from edi_bridge.crm.order import changes_came
from edi_bridge.crm.party import partner_itself


def tie_late(connection: Connection) -> int:
    """Tie everything that can be tied; gives the number of documents that others may have waited for.

    A query for each kind when there is nothing to do; the caller commits. For a periodic run, and after a merge of data.
    """
    batch = Batch(connection, frozenset())
    t, link = batch.tables, batch.tables.document_link.c
    waits = select(link.to_number).where(link.to_kind == "order", link.to_id.is_(None))
    early = select(t.order_change.c.order_number).where(t.order_change.c.order_id.is_(None))
    o, i = t.sales_order.c, t.invoice.c
    orders = connection.execute(
        select(o.id, o.customer_id, o.direction, o.number, o.release, o.partner)
        .where(o.number.in_(waits.union(early)))
        .order_by(o.id)
    ).all()
    for row in orders:
        key = (row.customer_id, row.direction, row.number)
        batch.learn_identifiers([partner_identifier(row.partner)])
        takers = (row.customer_id, partner_itself(batch, row.partner))
        order_came(batch, key, row.id, row.release, takers)
        changes_came(batch, key, takers, row.release, row.id, Outcome())
    paid = select(link.to_number).where(link.to_kind == "invoice", link.to_id.is_(None))
    invoices = connection.execute(
        select(i.id, i.customer_id, i.direction, i.number, i.kind, i.partner).where(i.number.in_(paid)).order_by(i.id)
    ).all()
    for one in invoices:
        invoice_came(batch, (one.customer_id, one.direction, one.number), one.id, one.kind, one.partner)
    batch.flush()
    return len(orders) + len(invoices)
