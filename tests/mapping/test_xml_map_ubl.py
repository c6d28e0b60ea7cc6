"""The UBL maps over the shipped samples: the hard case AllowanceCharge both ways, the schema's order, an XPath peer, speed."""

from __future__ import annotations

from decimal import Decimal as D
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from benchmarks.generate import ubl_order
from benchmarks.peer_ubl_xpath import map_order
from edi_bridge.catalog import Catalog
from edi_bridge.interchange import Document, MessageType
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.record import differences
from edi_bridge.syntax import xml as syntax_xml
from tests.mapping.xml_case import in_schema_order

SAMPLES = Path(__file__).parents[2] / "samples" / "xml"
MAPS = {"Order": "order.ubl-2.1", "Invoice": "invoice.ubl-2.1", "CreditNote": "invoice.ubl-2.1-creditnote",
        "OrderChange": "order.ubl-2.1-orderchange", "OrderCancellation": "order.ubl-2.1-ordercancellation",
        "OrderResponse": "order_response.ubl-2.1", "OrderResponseSimple": "order_response.ubl-2.1-simple", "DespatchAdvice": "despatch_advice.ubl-2.1"}
NAMES = {"cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
         "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"}
CASES = sorted(path.name for path in SAMPLES.glob("*-ubl-*"))


@cache
def catalog() -> Catalog:
    return Catalog()


def _map(root: Any) -> CompiledMap:
    return catalog().map_named(MAPS[root.tag.rpartition("}")[2]])


def _document(root: Any) -> Document:
    return Document(MessageType("xml", "ubl-2.1", root.tag.rpartition("}")[2]), 1, "", root)


def _sample(name: str) -> Document:
    with (SAMPLES / name / "message.xml").open("rb") as stream:
        return next(iter(next(iter(syntax_xml.read(stream))).messages))  # type: ignore[return-value]


UNWRITTEN = {"order-ubl-parts": ["lines[1].unit"]}  # its quantity (2,5) is refused, and a unit alone makes no cbc:Quantity


@pytest.mark.parametrize("name", CASES)
def test_a_sample_is_written_in_schema_order_and_reads_back_equal(name: str) -> None:
    one = _map(_sample(name).root)
    records, _ = one.read(_sample(name))
    root, findings = one.write(records)
    assert [finding.position.path for finding in findings] == UNWRITTEN.get(name, [])
    again = etree.fromstring(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
    assert [path for path, _, _ in differences(records, one.read(_document(again))[0])] == [f"[0].{path}" for path in UNWRITTEN.get(name, [])]
    missing = "what the sample itself does not have (mandatory in the schema) may be missing in what is written"
    before = {line.partition(":")[0] for line in in_schema_order(_sample(name).root, one.structure)}
    assert [line for line in in_schema_order(again, one.structure) if line.partition(":")[0] not in before] == [], missing


def test_the_check_of_the_order_can_fail() -> None:
    sample = _sample("invoice-ubl-peppol")
    structure = _map(sample.root).structure
    assert in_schema_order(sample.root, structure) == []
    sample.root.insert(0, sample.root[-1])
    assert in_schema_order(sample.root, structure)


@pytest.mark.parametrize(("name", "line"), [("invoice-ubl-peppol", "InvoiceLine"), ("creditnote-ubl-peppol", "CreditNoteLine")])
def test_allowances_and_charges_at_head_and_line_both_ways(name: str, line: str) -> None:
    """One of the eight hard cases. The oracle is plain XPath over the sample and over what is written."""
    sample = _sample(name)
    one = _map(sample.root)
    records, findings = one.read(sample)
    assert findings == []
    root, _ = one.write(records)
    for document in (sample.root, root):
        for path, held in (("cac:AllowanceCharge", records[0]["allowances"]),
                           (f"cac:{line}[1]/cac:AllowanceCharge", records[0]["lines"][0]["allowances"])):
            found = document.xpath(path, namespaces=NAMES)
            assert len(found) == len(held) == 2 and {one["kind"] for one in held} == {"allowance", "charge"}
            for element, allowance in zip(found, held, strict=True):
                def text(path: str, element: Any = element) -> str:
                    return str(element.xpath(f"string({path})", namespaces=NAMES))

                assert text("cbc:ChargeIndicator") == {"allowance": "false", "charge": "true"}[allowance["kind"]]
                assert text("cbc:Amount") == str(allowance["amount"])
                assert text("cbc:Amount/@currencyID") == records[0]["currency"]
                assert text("cbc:AllowanceChargeReason") == allowance.get("reason", "")
                assert text("cbc:BaseAmount") == str(allowance.get("base", ""))
                assert text("cbc:MultiplierFactorNumeric") == str(allowance.get("percent", ""))
                assert text("cac:TaxCategory/cbc:Percent") == str(allowance.get("tax_rate", ""))
                assert text("cac:TaxCategory/cac:TaxScheme/cbc:ID") == ("VAT" if "tax_rate" in allowance else "")


def test_the_generated_orders_read_as_hand_written_xpath_reads_them() -> None:
    one = catalog().map_named("order.ubl-2.1")
    for content in ubl_order(12, seed=7):
        records, findings = one.read(_document(etree.fromstring(content)))
        assert findings == [] and list(differences(records[0], map_order(content))) == []


def test_an_order_becomes_an_invoice_document_only_by_its_own_map() -> None:
    records, findings = catalog().map_named("invoice.ubl-2.1").read(_sample("order-ubl-peppol"))
    assert records == [] and [finding.kind for finding in findings] == ["unknown_message_type"]


def test_a_tax_total_in_another_currency_is_not_the_documents_tax() -> None:
    records, findings = _map(_sample("invoice-ubl-peppol").root).read(_sample("invoice-ubl-peppol"))
    assert findings == [] and records[0]["tax_currency"] == "SEK"
    assert (records[0]["totals"]["tax"], records[0]["totals"]["tax_in_tax_currency"]) == (D("237.63"), D("2732.69"))
    root, _ = _map(_sample("invoice-ubl-peppol").root).write(records)
    assert [(one.text, one.get("currencyID")) for one in root.findall("cac:TaxTotal/cbc:TaxAmount", NAMES)] == [
        ("237.63", "EUR"), ("2732.69", "SEK")]


def test_the_tax_total_must_be_in_the_tax_currency_that_the_document_names() -> None:
    sample = _sample("invoice-ubl-peppol")
    sample.root.find("cbc:TaxCurrencyCode", NAMES).text = "NOK"
    _, findings = _map(sample.root).read(sample)
    assert [(one.kind, one.position.path) for one in findings] == [("invalid_value", "/Invoice/cac:TaxTotal[2]/cbc:TaxAmount")]
    assert "the amount is in SEK, but the document's tax currency is NOK" in findings[0].sentence()


def test_peppols_buyer_reference_or_order_is_written_with_usual_prefixes() -> None:
    one = _map(_sample("invoice-ubl-wholesale").root)
    root, _ = one.write(one.read(_sample("invoice-ubl-wholesale"))[0])
    assert root.nsmap == {None: "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2", **NAMES}


@pytest.mark.parametrize(("code", "action"), [("2", "deleted"), ("Cancelled", "deleted"), ("1", "added"), ("Revised", "changed"), ("Added", "added")])
def test_a_line_status_is_a_code_of_uncl_1229_or_a_word_of_oasis(code: str, action: str) -> None:
    """UBL names no list for LineStatusCode: Peppol takes UNCL 1229, OASIS publishes words (LineStatusCode-2.0)."""
    root = etree.parse(SAMPLES / "orderchange-ubl-peppol" / "message.xml").getroot()
    root.find(".//cbc:LineStatusCode", NAMES).text = code
    (record,), findings = _map(root).read(_document(root))
    assert record["lines"][0]["action"] == action and not findings


def test_a_long_description_stands_beside_the_name() -> None:
    """EN 16931 BT-153 and BT-154: neither is lost, and a description alone is the name."""
    root = etree.parse(SAMPLES / "order-ubl-peppol" / "message.xml").getroot()
    (record,), _ = _map(root).read(_document(root))
    item = root.find(".//cac:Item", NAMES)
    assert record["lines"][0]["description"] == item.findtext("cbc:Name", None, NAMES)
    assert {"kind": "product", "text": item.findtext("cbc:Description", None, NAMES)} in record["lines"][0]["notes"]
    item.remove(item.find("cbc:Name", NAMES))
    (record,), _ = _map(root).read(_document(root))
    assert record["lines"][0]["description"] == item.findtext("cbc:Description", None, NAMES)
    assert not any(note.get("kind") == "product" for note in record["lines"][0].get("notes", ()))


ARTICLE = {"quantity": D(2), "unit": "H87", "order_line": "1", "description": "Kanyl"}
HEAD = {"number": "D1", "type": "despatch_advice", "issued_on": "2026-11-21", "seller": {"name": "S"}, "buyer": {"name": "B"},
        "deliver_to": {"name": "C"}}


def _lines(root: Any) -> list[tuple[str | None, str | None, str | None]]:
    """(number of the line, of its pack, kind of the pack), by lxml's own paths."""
    unit = "cac:Shipment/cac:TransportHandlingUnit/cbc:"
    return [(line.findtext("cbc:ID", None, NAMES), line.findtext(unit + "ID", None, NAMES),
             line.findtext(unit + "TransportHandlingUnitTypeCode", None, NAMES)) for line in root.findall("cac:DespatchLine", NAMES)]


def test_a_pack_with_several_articles_is_a_line_for_each_that_names_the_pack() -> None:
    """Peppol BIS Despatch Advice 3, "Transport handling unit": lines whose items are in one unit name it by the same SSCC."""
    one = catalog().map_named("despatch_advice.ubl-2.1")
    first, second, third = ({"number": number, **ARTICLE} for number in "123")
    record = {**HEAD, "packs": [{"sscc": "340123450000000018", "kind": "PX", "items": [first, second]},
                                {"sscc": "340123450000000025", "items": [third]}]}
    root, findings = one.write([record])
    assert findings == []
    assert _lines(root) == [("1", "340123450000000018", "PX"), ("2", "340123450000000018", "PX"), ("3", "340123450000000025", None)]
    again, findings = one.read(Document(MessageType("xml", "ubl-2.1", "DespatchAdvice"), 1, "", root))
    assert (list(differences([record], again)), findings) == ([], [])


def test_packs_that_are_alike_are_one_and_what_cannot_be_written_is_named_where_it_stands() -> None:
    one = catalog().map_named("despatch_advice.ubl-2.1")
    good, bad = {"number": "1", **ARTICLE}, {"number": "2", **ARTICLE, "description": "\x01"}
    record = {**HEAD, "packs": [{"sscc": "A", "items": [good]}, {"sscc": "B", "items": [good]}, {"sscc": "A", "items": [good, bad]},
                                {"sscc": "A", "kind": "PX", "items": [good]}]}
    root, findings = one.write([record])
    assert [(one.kind, one.position.path) for one in findings] == [("cannot_write", "packs[2].items[1].description")]
    again, _ = one.read(Document(MessageType("xml", "ubl-2.1", "DespatchAdvice"), 1, "", root))
    assert [(pack["sscc"], pack.get("kind"), len(pack["items"])) for pack in again[0]["packs"]] == [("A", None, 3), ("B", None, 1), ("A", "PX", 1)]
