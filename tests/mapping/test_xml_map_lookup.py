"""Lookups in XML maps: a UBL order whose article and branch numbers are the partner's, read and written."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from lxml import etree

from edi_bridge.catalog import Catalog
from edi_bridge.interchange import Document, MessageType
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.mapping.lookup import Layer, Row, Tables

SAMPLE = Path(__file__).parents[2] / "samples" / "xml" / "order-ubl-peppol" / "message.xml"
NAMES = {"cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
         "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"}
MAP = """map: order.ubl-2.1-own-numbers
extends: order.ubl-2.1
fields:
  lines:
    fields:
      seller_item: {at: cac:Item/cac:SellersItemIdentification/cbc:ID, lookup: items}
"""


def own_numbers() -> CompiledMap:
    return Catalog().compiled(MAP, "test.yaml")


def order() -> tuple[Document, list[str]]:
    """The sample with its line twice, the second one of another article; the articles' numbers."""
    root = etree.parse(SAMPLE).getroot()
    line = root.find("cac:OrderLine", NAMES)
    other = deepcopy(line)
    other.find("cac:LineItem/cbc:ID", NAMES).text = "2"
    other.find(".//cac:SellersItemIdentification/cbc:ID", NAMES).text = "OTHER-9"
    line.addnext(other)
    root = etree.fromstring(etree.tostring(root))
    return Document(MessageType("xml", "ubl-2.1", "Order"), 1, "", root), keys_of(root)


def keys_of(root: Any) -> list[str]:
    return [str(one) for one in root.xpath("//cac:SellersItemIdentification/cbc:ID/text()", namespaces=NAMES)]


def table(rows: list[Row]) -> Tables:
    return Tables(lambda name: [Layer(rows)] if name == "items" else (), "fjord")


def test_keys_are_read_as_our_values_and_written_as_keys_again() -> None:
    one, (document, keys) = own_numbers(), order()
    known = table([Row(key, f"OUR-{n}") for n, key in enumerate(keys)])
    records, findings = one.read(document)
    assert not findings
    (record,), findings = one.ours(document, records, known, "2026-11-04")
    assert not findings and [line["seller_item"] for line in record["lines"] if "seller_item" in line] == [f"OUR-{n}" for n in range(len(keys))]
    theirs, findings = one.theirs([record], known, "2026-11-04")
    root, more = one.write(theirs)
    assert not findings and not more
    assert keys_of(root) == keys


def test_a_key_that_stands_in_no_row_is_a_finding_at_its_element_and_line() -> None:
    one, (document, keys) = own_numbers(), order()
    _, findings = one.ours(document, one.read(document)[0], table([Row(keys[0], "OUR-0")]), "2026-11-04")
    assert [finding.kind for finding in findings] == ["missing_lookup"] * (len(keys) - 1)
    position = findings[0].position
    assert keys[1] in findings[0].sentence() and position.path is not None and position.path.endswith("cac:SellersItemIdentification/cbc:ID")
    assert position.line is not None and keys[1] in etree.tostring(document.root).decode().splitlines()[position.line - 1]


def test_a_value_of_ours_without_a_key_is_not_written() -> None:
    one, (document, keys) = own_numbers(), order()
    known = table([Row(key, f"OUR-{n}") for n, key in enumerate(keys)])
    (record,), _ = one.ours(document, one.read(document)[0], known, "2026-11-04")
    record["lines"][0]["seller_item"] = "UNKNOWN"
    _, findings = one.theirs([record], known, "2026-11-04")
    assert [(finding.kind, finding.position.path) for finding in findings] == [("missing_lookup", "lines[0].seller_item")]
