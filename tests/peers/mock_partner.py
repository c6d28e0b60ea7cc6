"""Our side of trading with mock-edi (an independent trading partner): our records sent to it, what it sends read by us.

It runs in this process on a port of its own, with a database in memory; nothing leaves the machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from edi_bridge import outbound, pipeline
from edi_bridge.catalog import Catalog
from edi_bridge.finding import Finding
from edi_bridge.interchange import Address, MessageType

MOCK = "MOCKEDI"


@cache
def catalog() -> Catalog:
    return Catalog()


@dataclass
class Trade:
    """One dialect: who we are to the mock, and our maps for the documents."""

    dialect: str
    us: str
    qualifier: str
    maps: dict[str, str]
    sent: int = 0
    said: list[Finding] = field(default_factory=list)

    def write(self, kind: str, record: dict[str, Any]) -> str:
        """The interchange that we send for a record: written, read again, held against the guide; nothing may be said of it."""
        compiled = catalog().map_named(self.maps[kind])
        self.sent += 1
        head = outbound.Heading(Address(self.us, self.qualifier), Address(MOCK, "ZZ" if self.dialect == "X12" else self.qualifier),
                                str(70 + self.sent), "2026-11-21T10:00")
        made = outbound.compose([record], compiled, head, catalog().checker_for(MessageType(*compiled.spec.message.split("/")), None))
        assert not made.findings, [one.sentence() for one in made.findings]
        return made.contents[0].decode("latin-1")

    def read(self, payload: str) -> tuple[str, list[dict[str, Any]], list[str]]:
        """Message type, records and findings of an interchange that the mock sent, without what is said of an unknown partner."""
        outcomes = [one for one in pipeline.inbound(payload.encode("latin-1"), catalog()) if one.message is not None]
        assert len(outcomes) == 1
        (outcome,) = outcomes
        assert outcome.message is not None
        return outcome.message.type.name, outcome.records, [one.sentence() for one in outcome.findings]


X12 = {"order": "order.x12-4010-850", "response": "order_response.x12-4010-855", "despatch": "despatch_advice.x12-4010-856",
       "invoice": "invoice.x12-4010-810"}
EDIFACT = {"order": "order.edifact-d96a", "response": "order_response.edifact-d96a", "despatch": "despatch_advice.edifact-d96a",
           "invoice": "invoice.edifact-d96a"}
