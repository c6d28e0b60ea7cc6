"""Structures of XML documents: what is read from their files, and what the shipped ones say (against the standard's own order)."""

from __future__ import annotations

import pytest

from edi_bridge import structure_xml
from edi_bridge.catalog import Catalog
from edi_bridge.fault import ConfigFault
from edi_bridge.structure_xml import XmlStructure
from edi_bridge.yamltext import Block, parse

COMMON = """
prefixes: {c: "urn:common"}
elements:
  c:Party: ["c:Name 1", "c:Home = c:Address ?", "c:Contact *"]
  c:Address: ["c:Town ?", "c:Party ?"]
  "c:Contact = c:Person": []
  c:Person: ["c:Name +"]
  Order: ["c:Name 1"]
attributes:
  c:Name: ["xml:lang", kind=legal]
  c:Address: [id]
"""
ORDER = """
structure: xml/t/Order
root: "{urn:order}Order"
prefixes: {"": "urn:order"}
include: [common]
elements:
  Order: ["ID 1", "c:Party +"]
"""


def load(text: str = ORDER, common: str = COMMON) -> XmlStructure:
    files = {"common": common, "order": text}

    def include(name: str) -> Block:
        return parse(files[name], f"{name}.yaml")  # type: ignore[no-any-return]

    return structure_xml.load(parse(text, "order.yaml"), "order.yaml", include)


def test_children_types_and_tags() -> None:
    made = load()
    order = made.root
    assert (made.key, order.tag, order.type) == ("xml/t/Order", "{urn:order}Order", "Order")
    number, party = made.children(order)  # the file's own list goes before the included one
    assert (number.tag, number.least, number.most) == ("{urn:order}ID", 1, 1) and made.children(number) == ()
    assert (party.tag, party.least, party.most) == ("{urn:common}Party", 1, None)
    name, home, contact = made.children(party)
    assert (home.tag, home.type, home.least, home.most) == ("{urn:common}Home", "c:Address", 0, 1)
    assert [child.name for child in made.children(home)] == ["c:Town", "c:Party"]
    assert [(child.name, child.least, child.most) for child in made.children(contact)] == [("c:Name", 1, None)]
    assert made.child(party, "{urn:common}Home") == home and made.child(party, "{urn:common}Town") is None
    assert [made.place(party, one) for one in (name, home, contact)] == [0, 1, 2]


def test_attributes_are_the_elements_own_and_its_types() -> None:
    made = load()
    (_, party) = made.children(made.root)
    name, home, _ = made.children(party)
    assert made.attributes(name) == ("xml:lang", "kind") and made.fixed["c:Name"] == {"kind": "legal"}
    assert made.attributes(home) == ("id",) and made.attributes(party) == ()
    assert made.tag("xml:lang") == "{http://www.w3.org/XML/1998/namespace}lang"
    assert made.tag("x:a", {"x": "urn:x"}) == "{urn:x}a" and made.tag("c:a") == "{urn:common}a"


def test_a_file_may_include_one_that_includes_it() -> None:
    assert load(common=COMMON + "include: [order]\n").key == "xml/t/Order"


@pytest.mark.parametrize(("old", "new", "sentence"), [
    ('"ID 1"', '"ID 2"', "order.yaml:7:3: 'ID 2' is not of the form"),
    ("structure: xml/t/Order", "structur: x", "did you mean structure?"),
    ('root: "{urn:order}Order"', 'root: "{urn:order}Invoice"', "elements: says nothing of Invoice"),
    ('"c:Party +"', '"d:Party +"', "d:Party: the prefix is not among prefixes:"),
])
def test_mistakes_are_said_with_their_place(old: str, new: str, sentence: str) -> None:
    with pytest.raises(ConfigFault) as fault:
        load(ORDER.replace(old, new))
    assert sentence in str(fault.value)


def test_shipped_structures_know_the_schemas_order() -> None:
    """The order of OASIS UBL 2.1 and of CII D16B at places that people get wrong."""
    shipped = Catalog()
    invoice = shipped.structure("xml/ubl-2.1/Invoice")
    names = [child.name for child in invoice.children(invoice.root)]
    assert names.index("cac:AllowanceCharge") < names.index("cac:TaxTotal") < names.index("cac:LegalMonetaryTotal") < names.index("cac:InvoiceLine")
    line = next(child for child in invoice.children(invoice.root) if child.name == "cac:InvoiceLine")
    assert line.least == 1 and line.most is None
    cii = shipped.structure("xml/cii-d16b/CrossIndustryInvoice")
    assert [child.name for child in cii.children(cii.root)][:3] == [
        "rsm:ExchangedDocumentContext", "rsm:ExchangedDocument", "rsm:SupplyChainTradeTransaction"]


def test_every_shipped_structure_can_be_read() -> None:
    from edi_bridge.catalog import GUIDES

    shipped = Catalog()
    found = [path for path in sorted((GUIDES / "xml").glob("*/*.yaml")) if path.stem != "common"]
    assert len(found) >= 12
    for path in found:
        made = shipped.structure(f"xml/{path.parent.name}/{path.stem}")
        assert made.children(made.root), path
        assert made.key == f"xml/{path.parent.name}/{path.stem}"
