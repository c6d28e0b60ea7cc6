"""Maps and structures written in a test, compiled, and documents read and written with them."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from edi_bridge import structure_xml
from edi_bridge.catalog import Catalog
from edi_bridge.finding import Finding
from edi_bridge.interchange import Document, MessageType
from edi_bridge.mapping import mapfile
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.structure_xml import XmlStructure
from edi_bridge.yamltext import Block, parse

SHOP = """
structure: xml/shop/Order
root: "{urn:shop}Order"
prefixes: {"": "urn:shop", t: "urn:shop:text"}
elements:
  Order: ["ID 1", "Day ?", "Time ?", "Kind ?", "Currency ?", "t:Note *", "Buyer ?", "Ref *", "Sum ?", "Line *", "End ?"]
  Buyer: ["Number *", "Name ?", "Address ?"]
  Number: ["Code 1", "Alias ?"]
  Address: ["Town ?", "Country ?"]
  "Shipping = Address": []
  Ref: ["Doc ?"]
  Line: ["No 1", "t:Note *", "Qty ?", "Basis ?", "Price ?", "Charge *", "Item ?", "Prop *", "Shipping ?", "Sub = Line *"]
  Charge: ["Flag 1", "Reason ?", "Amount ?"]
attributes:
  Order: ["xml:lang", version]
  Code: [scheme]
  t:Note: ["xml:lang"]
  Qty: [unit]
  Basis: [unit]
  Price: [cur]
  Amount: [cur]
  Sum: [cur]
  Prop: [name]
  End: [closed=yes]
"""


def structure(text: str = SHOP) -> XmlStructure:
    """A structure from its YAML."""
    return structure_xml.load(parse(text, "shop.yaml"), "shop.yaml", _nothing)


def _nothing(name: str) -> Block:
    raise AssertionError(f"{name} is not included here")


def compiled(fields: str, tree: str = SHOP, head: str = "") -> CompiledMap:
    """A map of an order with these fields (YAML, two blanks deep)."""
    text = f"map: test\nmessage: xml/shop/Order\nrecord: order\n{head}fields:\n{fields}"
    block = parse(text, "test.yaml")
    shipped = Catalog()
    return CompiledMap(mapfile.load(block, _nothing, _nothing), structure(tree), shipped.table)


def document(text: str | bytes) -> Document:
    """A document as another program's parser may give it: with comments and instructions."""
    root = etree.fromstring(text.encode() if isinstance(text, str) else text)
    return Document(MessageType("xml", "shop", "Order"), 1, "", root)


def order(inside: str) -> Document:
    """A shop order with this content."""
    return document(f'<Order xmlns="urn:shop" xmlns:t="urn:shop:text">{inside}</Order>')


def read(one: CompiledMap, inside: str) -> tuple[dict[str, Any], list[Finding]]:
    """The record of a shop order with this content, and the findings."""
    records, findings = one.read(order(inside))
    return (records[0] if records else {}), findings


def written(one: CompiledMap, record: dict[str, Any]) -> tuple[str, list[str]]:
    """What is written inside the root, without namespaces' declarations, and the findings' sentences."""
    root, findings = one.write([record])
    text = etree.tostring(root, encoding="unicode")
    body = text.partition(">")[2].rpartition("</")[0]
    return body, [one.sentence() for one in findings]


def ungathered(written: dict[str, Any], got: dict[str, Any], outer: str, inner: str) -> dict[str, Any]:
    """What was read, with the items of `outer` as they were written: where several are alike but for their list `inner`, each has as
    many of it, in order, as it had. Unchanged where that does not work out."""
    def own(item: dict[str, Any]) -> str:
        return repr(sorted((name, value) for name, value in item.items() if name != inner))

    left = {own(item): list(item.get(inner, ())) for item in got.get(outer, ())}
    if outer not in got or len(left) != len(got[outer]) or {own(item) for item in written.get(outer, ())} != left.keys():
        return got
    items = []
    for item in written[outer]:
        count = len(item.get(inner, ()))
        mine, left[own(item)] = left[own(item)][:count], left[own(item)][count:]
        items.append({**item, **({inner: mine} if mine else {})})
    return {**got, outer: items} if not any(left.values()) else got


def kinds(findings: list[Finding]) -> list[str]:
    """The kinds of findings, in order."""
    return [finding.kind for finding in findings]


def in_schema_order(root: Any, structure: XmlStructure, complete: bool = True) -> list[str]:
    """What in a document breaks the schema's order or cardinality: by a pattern over the names of each element's children,
    another way than the writer's."""
    wrong = []

    def visit(element: Any, child: Any) -> None:
        names = "".join(f"<{part.tag}>" for part in element)
        pattern = "".join(f"(?:{re.escape(f'<{one.tag}>')}){{{one.least if complete else 0},{one.most or ''}}}"
                          for one in structure.children(child))
        if not re.fullmatch(pattern, names):
            wrong.append(f"{child.name}: {[part.tag.rpartition('}')[2] for part in element]}")
        for part in element:
            below = structure.child(child, part.tag)
            if below is not None:
                visit(part, below)

    visit(root, structure.root)
    return wrong
