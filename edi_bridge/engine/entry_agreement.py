"""By which agreement something goes out, and who answers for it with us."""

from __future__ import annotations

from typing import Any

from edi_bridge.partner import Agreement, Partner
from edi_bridge.store.outbox import Entry


def agreement_of(partner: Partner, entry: Entry) -> Agreement | None:
    """The agreement by which an entry of the outbox goes out; None for answers, and where it is not agreed any more."""
    if entry.kind != "document":
        return None
    fitting = [one for one in partner.agreements
               if one.direction == "out" and one.message.rpartition("/")[2] == entry.name and (entry.test or not one.test)]
    return min(fitting, key=lambda one: one.test is not entry.test, default=None)


def whose(catalog: Any, entry: Entry) -> str:
    """What a sentence about an entry ends with: who answers for it with us; '' where nobody is named."""
    partner = next((one for one in catalog.partners if one.name == entry.partner), None) if catalog is not None else None
    return partner.whose([agreement_of(partner, entry)]) if partner is not None else ""
