"""What an agreement says of the envelope stands in it: UNA, the wish for an acknowledgement, the internal address. ISO 9735 (UNB S002,
0031), X12.5 (ISA14)."""

from __future__ import annotations

from typing import Any

import pytest

from edi_bridge import partner as partners
from edi_bridge.catalog import Catalog
from edi_bridge.interchange import MessageType
from edi_bridge.outbound import Heading, compose, heading
from edi_bridge.yamltext import parse

CATALOG = Catalog()
OURS = partners.Identity("9521200034004", "14")
ORDER: dict[str, Any] = {"number": "B-1", "type": "order", "purpose": "original", "issued_on": "2026-11-02",
                         "buyer": {"gln": "9521200034004"}, "seller": {"gln": "9521200043594"},
                         "lines": [{"number": "1", "gtin": "9521200002119", "quantity": 4}]}


def written(said: str, message: str, map: str) -> str:
    """The first two segments of what goes to a partner that says this."""
    block: Any = parse(f'partner: p\nidentities: [{{id: "9521200043594", qualifier: "14", internal: SHOP}}]\n{said}\n'
                       f"agreements: [{{message: {message}, direction: out, map: {map}}}]", "p.yaml")
    one = partners.load(block)
    theirs = one.identity(message.partition("/")[0])
    assert theirs is not None
    base = Heading(OURS.address, theirs.address, "417", "2026-11-02T08:15")
    standard, version, name = message.split("/")
    head = heading(one.enveloping(one.agreement(MessageType(standard, version, name), "out")), base, standard)
    (content,) = compose([ORDER], CATALOG.map_named(map), head).contents
    return content.decode()


@pytest.mark.parametrize(("said", "begins"), [
    ("", "UNB+UNOC:3+9521200034004:14+9521200043594:14:SHOP+261102:0815+417'UNH+"),
    ("envelope: {ask: true}", "UNB+UNOC:3+9521200034004:14+9521200043594:14:SHOP+261102:0815+417++++1'UNH+"),
    ("envelope: {una: true}", "UNA:+.? 'UNB+UNOC:3+"),
    ("envelope: {una: false, delimiters: {terminator: '~'}}", "UNB+UNOC:3+9521200034004:14+9521200043594:14:SHOP+261102:0815+417~UNH+"),
])
def test_the_envelope_is_as_the_partner_says(said: str, begins: str) -> None:
    assert written(said, "edifact/D96A/ORDERS", "order.edifact-d96a").startswith(begins)


def test_x12_asks_for_a_ta1_and_names_the_group_s_receiver() -> None:
    text = written("envelope: {ask: true}", "x12/004010/850", "order.x12-4010-850")
    assert text[:106].split("*")[14] == "1" and text.split("~")[1].startswith("GS*PO*9521200034004*SHOP*20261102*")
    assert written("", "x12/004010/850", "order.x12-4010-850").split("*")[14] == "0"
