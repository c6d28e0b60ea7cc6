"""What the map language can say when reading XML, one small map a case; the expected values are written by hand."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from edi_bridge.catalog import Catalog
from edi_bridge.mapping import mapfile
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.yamltext import parse
from tests.mapping.xml_case import SHOP, compiled, document, kinds, order, read


def test_elements_attributes_and_the_own_text() -> None:
    one = compiled("""
  number: ID
  notes: {each: "t:Note", fields: {language: "@xml:lang", text: "."}}
  lines: {each: Line, fields: {number: No, quantity: {at: Qty, as: decimal}, unit: Qty/@unit}}
""")
    record, findings = read(one, '<ID> 7 </ID><t:Note xml:lang="de">a &amp; b</t:Note><t:Note>c</t:Note>'
                                 '<Line><No>1</No><Qty unit="KG">1.50</Qty></Line><Line><No>2</No></Line>')
    assert record == {"number": "7", "notes": [{"language": "de", "text": "a & b"}, {"text": "c"}],
                      "lines": [{"number": "1", "quantity": D("1.50"), "unit": "KG"}, {"number": "2"}]}
    assert str(record["lines"][0]["quantity"]) == "1.50" and findings == []


@pytest.mark.parametrize(("test", "expected"), [
    ("[@scheme=A]", "a"), ("[@scheme!=A]", "b"), ("[@scheme=B|C]", "b"), ("[@scheme]", "a"), ("[!@scheme]", "c"), ("[.=b]", "b"),
])
def test_tests_on_an_attribute_or_the_text(test: str, expected: str) -> None:
    one = compiled(f'  number: ID\n  buyer: {{at: Buyer, fields: {{id: {{at: "Number/Code{test}", take: first}}}}}}\n')
    record, findings = read(one, '<ID>1</ID><Buyer><Number><Code scheme="A">a</Code></Number><Number><Code scheme="B">b</Code></Number>'
                                 "<Number><Code>c</Code></Number></Buyer>")
    assert record["buyer"] == {"id": expected} and findings == []


def test_tests_on_a_child_and_on_what_stands_beside() -> None:
    one = compiled("""
  number: ID
  lines:
    each: Line
    fields:
      number: No
      net_price: {at: "Charge[Flag=true]/Amount", as: decimal}
      gross_price: {at: "Charge[Flag!=true]/Amount", as: decimal}
      description: {at: [Item, "t:Note[!../Item]"]}
      size: "Shipping[Town]/Country"
""")
    record, findings = read(one, "<ID>1</ID>"
                            "<Line><No>1</No><t:Note>n</t:Note><Charge><Flag>true</Flag><Amount>1</Amount></Charge><Item>i</Item>"
                            "<Shipping><Town>x</Town><Country>D</Country></Shipping></Line>"
                            "<Line><No>2</No><t:Note>n</t:Note><Charge><Flag>false</Flag><Amount>2</Amount></Charge>"
                            "<Shipping><Country>D</Country></Shipping></Line>")
    assert record["lines"] == [
        {"number": "1", "description": "i", "net_price": D(1), "size": "D"},
        {"number": "2", "description": "n", "gross_price": D(2)}]
    assert findings == []


def test_a_test_asks_for_an_element_that_holds_elements() -> None:
    one = compiled('  number: ID\n  contract: "Ref[Doc]/Doc"\n  buyer: {at: "Buyer[Address]", fields: {name: Name}}\n')
    assert read(one, "<ID>1</ID><Buyer><Name>n</Name><Address><Town/></Address></Buyer>")[0]["buyer"] == {"name": "n"}
    assert "buyer" not in read(one, "<ID>1</ID><Buyer><Name>n</Name></Buyer>")[0]


def test_the_second_value_is_found_and_numbers_and_take_choose() -> None:
    inside = "<ID>1</ID><Ref><Doc>a</Doc></Ref><Ref><Doc>b</Doc></Ref><Ref><Doc/></Ref>"
    record, findings = read(compiled("  number: ID\n  contract: Ref/Doc\n"), inside)
    assert record["contract"] == "a" and kinds(findings) == ["value_not_read"]
    assert (findings[0].value, findings[0].position.path, findings[0].position.line) == ("b", "/Order/Ref[2]/Doc", 1)
    for rule, expected in [("Ref#2/Doc", "b"), ("{at: Ref/Doc, take: last}", "b"), ("{at: Ref/Doc, take: first}", "a")]:
        quoted = rule if rule.startswith("{") else f'"{rule}"'
        record, findings = read(compiled(f"  number: ID\n  contract: {quoted}\n"), inside)
        assert (record["contract"], findings) == (expected, [])


def test_texts_of_one_element_belong_together() -> None:
    one = compiled("  number: ID\n  lines: {each: Line, fields: {quantity: {at: Qty, as: decimal}, unit: Qty/@unit}}\n")
    record, findings = read(one, '<ID>1</ID><Line><No>1</No><Qty>5</Qty><Qty unit="KG">6</Qty></Line>')
    assert record["lines"] == [{"quantity": D(5)}]  # never five kilogrammes
    assert [(finding.kind, finding.value) for finding in findings] == [("value_not_read", "6"), ("value_not_read", "KG")]


def test_upwards_and_from_the_root() -> None:
    one = compiled("""
  number: ID
  lines: {each: Line/Charge, fields: {number: ../No, promotion: "^/Ref/Doc", description: Reason, contract: "^/Buyer/Number#2/Code"}}
""")
    record, findings = read(one, "<ID>1</ID><Buyer><Number><Code>x</Code></Number><Number><Code>y</Code></Number></Buyer><Ref><Doc>p</Doc></Ref>"
                                 "<Line><No>1</No><Charge><Reason>a</Reason></Charge><Charge><Reason>b</Reason></Charge></Line>"
                                 "<Line><No>2</No><Charge><Reason>c</Reason></Charge></Line>")
    assert record["lines"] == [{"number": n, "description": d, "promotion": "p", "contract": "y"}
                               for n, d in (("1", "a"), ("1", "b"), ("2", "c"))]
    assert findings == []


def test_what_stands_around_is_looked_for_once() -> None:
    one = compiled('  number: ID\n  lines: {each: Line, fields: {number: No, promotion: "^/Ref/Doc"}}\n')
    lines = "".join(f"<Line><No>{n}</No></Line>" for n in range(300))
    _, findings = read(one, f"<ID>1</ID><Ref><Doc>a</Doc></Ref><Ref><Doc>b</Doc></Ref>{lines}")
    assert kinds(findings) == ["value_not_read"]  # once, not three hundred times


def test_alternatives() -> None:
    one = compiled('  number: {at: [ID, "Ref/Doc"]}\n')
    assert read(one, "<Ref><Doc>a</Doc></Ref>")[0] == {"number": "a"}
    record, findings = read(one, "<ID>b</ID><Ref><Doc>a</Doc></Ref>")
    assert record == {"number": "b"} and kinds(findings) == ["alternatives_differ"] and findings[0].value == "a"
    assert read(one, "<ID>a</ID><Ref><Doc>a</Doc></Ref>") == ({"number": "a"}, [])


def test_alternative_lists_that_are_both_there_are_reported() -> None:
    one = compiled('  number: ID\n  notes: {each: ["t:Note", "Ref/Doc"], fields: {text: "."}}\n')
    assert read(one, "<ID>1</ID><Ref><Doc>a</Doc></Ref>")[0]["notes"] == [{"text": "a"}]
    record, findings = read(one, "<ID>1</ID><t:Note>n</t:Note><Ref><Doc>a</Doc></Ref>")
    assert record["notes"] == [{"text": "n"}] and kinds(findings) == ["value_not_read"]


def test_defaults_constants_conditions_and_what_is_required() -> None:
    one = compiled("""
  number: {at: ID, required: true}
  type: {at: Kind, codes: {S: order, C: call_off}, default: order}
  purpose: {is: original}
  currency: {at: Currency, is: EUR}
  contract: {at: Ref/Doc, when: {type: call_off}}
""")
    record, findings = read(one, "<ID>1</ID><Ref><Doc>a</Doc></Ref>")
    assert record == {"number": "1", "type": "order", "purpose": "original"} and findings == []
    record, findings = read(one, "<ID>1</ID><Kind>C</Kind><Currency>USD</Currency><Ref><Doc>a</Doc></Ref>")
    assert record["contract"] == "a" and kinds(findings) == ["invalid_value"] and "expected EUR" in findings[0].sentence()
    record, findings = read(one, "<Kind>X</Kind>")
    assert kinds(findings) == ["required_missing", "unmapped_code"] and "type" not in record


def test_a_required_value_that_cannot_be_converted_is_not_called_missing_too() -> None:
    one = compiled("""
  issued_on: {at: [Day, End], as: "date(iso)", required: true}
  type: {at: Kind, codes: {S: order, "*": skip}, required: true}
  lines: {each: Line, fields: {number: No, quantity: {at: Qty, as: decimal, required: true}}}
""")
    _, findings = read(one, "<Kind>X</Kind><Line><No>1</No><Qty>4x8</Qty></Line><Line><No>2</No></Line><End>tomorrow</End>")
    assert sorted((finding.position.path, finding.kind) for finding in findings) == [
        ("/Order", "required_missing"),  # a code that is skipped says nothing of the type
        ("/Order/End", "invalid_value"), ("/Order/Line[1]/Qty", "invalid_value"), ("/Order/Line[2]", "required_missing")]


def test_comments_and_instructions_change_nothing() -> None:
    one = compiled("  number: ID\n  notes: {each: \"t:Note\", fields: {text: \".\"}}\n")
    record, findings = read(one, "<!-- a --><ID>1<!-- b -->2<?p c?>3</ID><?p d?><t:Note><!-- e -->x</t:Note>")
    assert record == {"number": "123", "notes": [{"text": "x"}]} and findings == []


def test_elements_where_text_belongs_are_reported() -> None:
    one = compiled("  number: ID\n  contract: Ref/Doc\n")
    record, findings = read(one, "<ID>1<b>2</b>3</ID>")
    assert record["number"] == "13" and kinds(findings) == ["invalid_value"]
    assert "but b stands in it" in findings[0].sentence() and findings[0].position.path == "/Order/ID"


def test_text_beside_elements_is_fine_where_the_structure_has_both() -> None:
    tree = SHOP.replace('  Charge: [', '  Item: ["Short ?"]\n  Charge: [')
    one = compiled("  number: ID\n  lines: {each: Line, fields: {description: Item, color: Item/Short}}\n", tree)
    record, findings = read(one, "<ID>1</ID><Line><No>1</No><Item>long text<Short>lt</Short></Item></Line>")
    assert record["lines"] == [{"description": "long text", "color": "lt"}] and findings == []


def test_an_amount_in_another_currency_than_the_head_is_reported() -> None:
    one = compiled("""
  number: ID
  currency: {at: [Currency, Sum/@cur]}
  lines: {each: Line, fields: {net_price: {at: Price, as: amount(@cur)}}}
  totals: {fields: {payable: {at: Sum, as: amount(@cur)}}}
""")
    record, findings = read(one, '<ID>1</ID><Sum cur="EUR">3</Sum><Line><No>1</No><Price cur="EUR">1</Price></Line>'
                                 '<Line><No>2</No><Price cur="USD">2</Price></Line><Line><No>3</No><Price>2</Price></Line>')
    assert record["currency"] == "EUR" and record["totals"] == {"payable": D(3)}
    assert [(f.kind, f.position.path) for f in findings] == [("invalid_value", "/Order/Line[2]/Price")]
    assert "the amount is in USD, but the document's currency is EUR" in findings[0].sentence()


def test_a_rule_for_the_currency_reads_it_instead() -> None:
    one = compiled("  number: ID\n  currency: Currency\n  lines: {each: Line, fields: {net_price: {at: Price, as: amount(@cur)}, currency: Price/@cur}}\n")
    record, findings = read(one, '<ID>1</ID><Currency>EUR</Currency><Line><No>1</No><Price cur="USD">2</Price></Line>')
    assert record["lines"] == [{"net_price": D(2), "currency": "USD"}] and findings == []


def test_dates_over_two_elements() -> None:
    one = compiled('  number: ID\n  issued_on: {at: Day, as: "date(iso, time: Time)"}\n')
    assert read(one, "<ID>1</ID><Day>2026-11-21</Day><Time>10:30:00Z</Time>")[0]["issued_on"] == "2026-11-21T10:30:00Z"
    assert read(one, "<ID>1</ID><Day>2026-11-21</Day>")[0]["issued_on"] == "2026-11-21"
    record, findings = read(one, "<ID>1</ID><Day>21.11.2026</Day>")
    assert "issued_on" not in record and kinds(findings) == ["invalid_value"]


def test_many_records_in_one_document() -> None:
    one = compiled('  number: No\n  currency: "^/Currency"\n', head='records: {each: "Line[Qty]"}\n')
    records, findings = one.read(order("<Currency>EUR</Currency><Line><No>1</No><Qty>1</Qty></Line><Line><No>2</No></Line>"
                                       "<Line><No>3</No><Qty>1</Qty></Line>"))
    assert records == [{"number": "1", "currency": "EUR"}, {"number": "3", "currency": "EUR"}] and findings == []


def test_lists_that_nest() -> None:
    one = compiled("  number: ID\n  lines: {each: Line, recurse: parts, fields: {number: No}}\n")
    record, findings = read(one, "<ID>1</ID><Line><No>1</No><Sub><No>1.1</No><Sub><No>1.1.1</No></Sub></Sub><Sub><No>1.2</No></Sub></Line>")
    assert record["lines"] == [{"number": "1", "parts": [{"number": "1.1", "parts": [{"number": "1.1.1"}]}, {"number": "1.2"}]}]
    assert findings == []


def test_a_document_of_another_type_is_refused() -> None:
    records, findings = compiled("  number: ID\n").read(document("<Other/>"))
    assert records == [] and kinds(findings) == ["unknown_message_type"]


def test_findings_stay_quick_on_many_lines() -> None:
    one = compiled("  number: ID\n  lines: {each: Line, fields: {quantity: {at: Qty, as: decimal}}}\n")
    _, findings = read(one, "<ID>1</ID>" + "<Line><Qty>x</Qty></Line>" * 20_000)
    assert len(findings) == 20_000 and findings[-1].position.path == "/Order/Line[20000]/Qty"  # counted once, not 20,000 times



def _shipped(text: str) -> CompiledMap:
    """A map over one of the structures that we ship."""
    shipped = Catalog()
    spec = mapfile.load(parse(text, "t.yaml"), shipped._map_block, shipped._fragment)
    return CompiledMap(spec, shipped.structure(spec.message), shipped.table)


def test_cxml_names_without_prefix() -> None:
    text = """
map: t
message: xml/cxml/OrderRequest
record: order
fields:
  number: Request/OrderRequest/OrderRequestHeader/@orderID
  currency: Request/OrderRequest/OrderRequestHeader/Total/Money/@currency
  department: "Request/OrderRequest/OrderRequestHeader/Extrinsic[@name=CostCenter]"
  totals: {fields: {payable: {at: Request/OrderRequest/OrderRequestHeader/Total/Money, as: amount(@currency)}}}
  lines: {each: Request/OrderRequest/ItemOut, fields: {number: "@lineNumber", quantity: {at: "@quantity", as: decimal}, seller_item: ItemID/SupplierPartID}}
"""
    one = _shipped(text)
    records, findings = one.read(document(
        '<cXML payloadID="1"><Request><OrderRequest><OrderRequestHeader orderID="DO12"><Total><Money currency="USD">12.34</Money></Total>'
        '<Extrinsic name="CostCenter">4711</Extrinsic><Extrinsic name="Other">x</Extrinsic></OrderRequestHeader>'
        '<ItemOut quantity="2" lineNumber="1"><ItemID><SupplierPartID>A-1</SupplierPartID></ItemID></ItemOut></OrderRequest></Request></cXML>'))
    assert records == [{"number": "DO12", "currency": "USD", "department": "4711", "totals": {"payable": D("12.34")},
                        "lines": [{"number": "1", "seller_item": "A-1", "quantity": D(2)}]}]
    assert findings == []


def test_idoc_segments_chosen_by_their_qualifiers() -> None:
    text = """
map: t
message: xml/idoc/ORDERS05
record: order
fields:
  number: "IDOC/E1EDK02[QUALF=001]/BELNR"
  issued_on: {at: "IDOC/E1EDK03[IDDAT=012]/DATUM", as: "date(CCYYMMDD, time: UZEIT)"}
  requested_delivery: {at: "IDOC/E1EDK03[IDDAT=002]/DATUM", as: date(CCYYMMDD)}
  buyer: {at: "IDOC/E1EDKA1[PARVW=AG]", fields: {receiver_number: PARTN, name: NAME1}}
  lines: {each: IDOC/E1EDP01, fields: {number: POSEX, quantity: {at: MENGE, as: decimal}, gtin: {at: "E1EDP19[QUALF=003]/IDTNR", as: gtin}}}
"""
    one = _shipped(text)
    records, findings = one.read(document(
        '<ORDERS05><IDOC BEGIN="1"><E1EDK03 SEGMENT="1"><IDDAT>012</IDDAT><DATUM>20261121</DATUM><UZEIT>103000</UZEIT></E1EDK03>'
        '<E1EDK03 SEGMENT="1"><IDDAT>002</IDDAT><DATUM>20261130</DATUM></E1EDK03>'
        '<E1EDKA1 SEGMENT="1"><PARVW>LF</PARVW><PARTN>1</PARTN></E1EDKA1><E1EDKA1 SEGMENT="1"><PARVW>AG</PARVW><PARTN>0000104711</PARTN><NAME1>B</NAME1></E1EDKA1>'
        '<E1EDK02 SEGMENT="1"><QUALF>001</QUALF><BELNR>45</BELNR></E1EDK02>'
        '<E1EDP01 SEGMENT="1"><POSEX>000010</POSEX><MENGE>5.000</MENGE><E1EDP19 SEGMENT="1"><QUALF>003</QUALF><IDTNR>4012345670011</IDTNR></E1EDP19></E1EDP01>'
        "</IDOC></ORDERS05>"))
    assert findings == []
    assert records == [{"number": "45", "issued_on": "2026-11-21T10:30:00", "requested_delivery": "2026-11-30",
                        "buyer": {"receiver_number": "0000104711", "name": "B"},
                        "lines": [{"number": "000010", "gtin": "4012345670011", "quantity": D("5.000")}]}]
