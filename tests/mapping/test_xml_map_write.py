"""What the map language can say when writing XML; the expected documents are written by hand."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from lxml import etree

from edi_bridge.fault import ConfigFault
from edi_bridge.interchange import Document, MessageType
from tests.mapping.xml_case import SHOP, compiled, read, written

PARTY = """
  number: ID
  buyer:
    at: Buyer
    fields:
      country: Address/Country
      city: Address/Town
      name: Name
      gln: "Number/Code[@scheme=GLN|ILN]"
      id: "Number/Code[@scheme!=GLN|ILN]"
"""


def test_elements_stand_in_the_schemas_order_not_in_the_maps() -> None:
    one = compiled(PARTY)
    text, findings = written(one, {"buyer": {"name": "n", "city": "c", "country": "D"}, "number": "1"})
    assert text == "<ID>1</ID><Buyer><Name>n</Name><Address><Town>c</Town><Country>D</Country></Address></Buyer>"
    assert findings == []


def test_an_element_is_there_only_when_something_stands_in_it() -> None:
    assert written(compiled(PARTY), {"number": "1", "buyer": {}})[0] == "<ID>1</ID>"
    assert written(compiled(PARTY), {"number": "1", "buyer": {"name": "n"}})[0] == "<ID>1</ID><Buyer><Name>n</Name></Buyer>"


def test_namespaces_and_prefixes_are_those_of_the_structure() -> None:
    one = compiled('  number: ID\n  notes: {each: "t:Note", fields: {text: ".", language: "@xml:lang"}}\n')
    root, _ = one.write([{"number": "1", "notes": [{"text": "a<b", "language": "de"}]}])
    assert etree.tostring(root) == (b'<Order xmlns="urn:shop" xmlns:t="urn:shop:text"><ID>1</ID>'
                                    b'<t:Note xml:lang="de">a&lt;b</t:Note></Order>')
    root, _ = compiled("  number: ID\n").write([{"number": "1"}])
    assert etree.tostring(root) == b'<Order xmlns="urn:shop"><ID>1</ID></Order>'


def test_a_tests_first_value_is_written_as_an_attribute() -> None:
    text, findings = written(compiled(PARTY), {"number": "1", "buyer": {"gln": "4012345000009"}})
    assert text == '<ID>1</ID><Buyer><Number><Code scheme="GLN">4012345000009</Code></Number></Buyer>' and findings == []


def test_two_places_of_a_single_child_get_a_parent_each() -> None:
    one = compiled(PARTY)
    record = {"number": "1", "buyer": {"gln": "4012345000009", "id": "7"}}
    text, findings = written(one, record)
    assert text == ('<ID>1</ID><Buyer><Number><Code scheme="GLN">4012345000009</Code></Number>'
                    "<Number><Code>7</Code></Number></Buyer>")
    assert findings == [] and read(one, text) == (record, [])


def test_a_list_of_a_single_child_gets_a_parent_each() -> None:
    one = compiled("  number: ID\n  references: {each: Ref/Doc, fields: {number: \".\"}}\n")
    record = {"number": "1", "references": [{"number": "a"}, {"number": "b"}]}
    text, findings = written(one, record)
    assert text == "<ID>1</ID><Ref><Doc>a</Doc></Ref><Ref><Doc>b</Doc></Ref>" and findings == []
    assert read(one, text) == (record, [])


def test_where_there_is_room_for_one_the_others_are_reported() -> None:
    one = compiled('  number: ID\n  contract: "Kind[.=A]"\n  quotation: "Kind[.!=A]"\n')
    text, findings = written(one, {"number": "1", "contract": "A", "quotation": "B"})
    assert text == "<ID>1</ID><Kind>A</Kind>" and findings == ['cannot_write: quotation: Kind may stand here once; the others are left out, found "B"']


def test_constants_in_children_and_several_charges() -> None:
    one = compiled("""
  number: ID
  lines:
    each: Line
    fields:
      number: No
      net_price: {at: "Charge[Flag=true][Reason=net]/Amount", as: decimal}
      gross_price: {at: "Charge[Flag=false]/Amount", as: decimal}
""")
    record = {"number": "1", "lines": [{"number": "1", "net_price": D("1.10"), "gross_price": D(2)}, {"number": "2"}]}
    text, findings = written(one, record)
    assert text == ("<ID>1</ID><Line><No>1</No><Charge><Flag>true</Flag><Reason>net</Reason><Amount>1.10</Amount></Charge>"
                    "<Charge><Flag>false</Flag><Amount>2</Amount></Charge></Line><Line><No>2</No></Line>")
    assert findings == [] and read(one, text) == (record, [])


def test_the_second_one_needs_the_first() -> None:
    one = compiled("  number: ID\n  contract: Ref#1/Doc\n  quotation: Ref#2/Doc\n")
    record = {"number": "1", "contract": "a", "quotation": "b"}
    text, findings = written(one, record)
    assert text == "<ID>1</ID><Ref><Doc>a</Doc></Ref><Ref><Doc>b</Doc></Ref>" and findings == [] and read(one, text)[0] == record
    text, findings = written(one, {"number": "1", "quotation": "b"})
    assert (text, findings) == ("<ID>1</ID>", ['cannot_write: quotation: Ref number 2 cannot stand without the one before it'])


def test_what_would_be_read_back_as_another_field_is_not_written() -> None:
    one = compiled(PARTY + '      id_scheme: "Number/Code[@scheme!=GLN|ILN]/@scheme"\n'
                   '  references: {each: "Ref[Doc!=secret]", fields: {number: Doc}}\n')
    text, findings = written(one, {"number": "1", "buyer": {"id": "7", "id_scheme": "ILN"}, "references": [{"number": "secret"}, {"number": "a"}]})
    assert text == "<ID>1</ID><Buyer><Number><Code>7</Code></Number></Buyer><Ref><Doc>a</Doc></Ref>"
    assert "buyer.id_scheme" in findings[0] and "GLN, ILN would be read back as another field" in findings[0]
    assert "references[0].number" in findings[1] and "secret would be read back" in findings[1] and len(findings) == 2
    one = compiled('  number: ID\n  lines: {each: "Line[Item=A|B]", fields: {number: No, description: Item}}\n')
    text, findings = written(one, {"number": "1", "lines": [{"number": "1", "description": "B"}, {"number": "2", "description": "C"}, {"number": "3"}]})
    assert text == ("<ID>1</ID><Line><No>1</No><Item>B</Item></Line><Line><No>2</No><Item>A</Item></Line><Line><No>3</No><Item>A</Item></Line>")
    assert len(findings) == 1 and "lines[1].description" in findings[0] and "only A, B is read back here" in findings[0]


AMOUNTS = """
  number: ID
  currency: {at: [Currency, Sum/@cur]}
  lines:
    each: Line
    fields:
      quantity: {at: Qty, as: quantity(@unit)}
      unit: {at: Qty/@unit, codes: {KG: KGM, ST: C62}}
      price_basis: {at: Basis, as: quantity(@unit)}
      net_price: {at: Price, as: amount(@cur)}
  totals: {fields: {payable: {at: Sum, as: amount(@cur)}}}
"""


def test_currency_and_unit_are_filled_in_beside_amounts_and_quantities() -> None:
    one = compiled(AMOUNTS)
    record = {"number": "1", "currency": "EUR", "totals": {"payable": D("3.00")},
              "lines": [{"quantity": D(5), "unit": "KGM", "price_basis": D(100), "net_price": D("1.5")}, {"quantity": D(6)}]}
    text, findings = written(one, record)
    assert text == ('<ID>1</ID><Currency>EUR</Currency><Sum cur="EUR">3.00</Sum><Line><Qty unit="KG">5</Qty><Basis unit="KG">100</Basis>'
                    '<Price cur="EUR">1.5</Price></Line><Line><Qty>6</Qty></Line>')
    assert findings == [] and read(one, text) == (record, [])


def test_a_rule_for_the_attribute_goes_before_what_is_filled_in() -> None:
    one = compiled(AMOUNTS.replace("net_price: {at: Price, as: amount(@cur)}",
                                   "net_price: {at: Price, as: amount(@cur)}\n      currency: Price/@cur\n      price_basis_unit: Basis/@unit"))
    text, findings = written(one, {"number": "1", "currency": "EUR", "lines": [
        {"net_price": D(1), "currency": "USD", "price_basis": D(1), "unit": "KGM"}, {"net_price": D(2)}]})
    assert text == ('<ID>1</ID><Currency>EUR</Currency><Line><Basis>1</Basis><Price cur="USD">1</Price></Line>'
                    '<Line><Price cur="EUR">2</Price></Line>')
    assert findings == ["cannot_write: lines[0].unit: Qty cannot stand without a value, found \"KGM\""]  # a decimal is never empty


def test_each_amount_without_any_currency_is_reported() -> None:
    _, findings = written(compiled(AMOUNTS), {"number": "1", "lines": [{"net_price": D(1)}, {"net_price": D(2)}]})
    assert len(findings) == 2 and "lines[1].net_price (Price, test.yaml:14): an amount needs the record's currency" in findings[1]


def test_what_the_map_has_no_place_for_is_reported_with_its_place() -> None:
    _, findings = written(compiled(PARTY), {"number": "1", "contract": "c", "buyer": {"name": "n", "vat": "DE1"}})
    assert findings == ["field_not_carried: contract: the message has no place for it in this map",
                        "field_not_carried: buyer.vat: the message has no place for it in this map"]
    one = compiled("  number: ID\n  lines: {each: Line, fields: {number: No}}\n")
    _, findings = written(one, {"number": "1", "lines": [{"number": "1"}, {"number": "2", "gtin": "1"}]})
    assert findings == ["field_not_carried: lines[1].gtin: the message has no place for it in this map"]


def test_what_is_required_must_be_there() -> None:
    one = compiled("""
  number: {at: ID, required: true}
  buyer: {at: Buyer, fields: {name: {at: Name, required: true}, city: Address/Town}}
  lines: {each: Line, fields: {number: {at: No, required: true}, description: Item}}
""")
    _, findings = written(one, {"buyer": {"city": "c"}, "lines": [{"number": "1"}, {"description": "d"}]})
    assert findings == [f"required_missing: {path}: the message needs it and the record does not have it"
                        for path in ("number", "buyer.name", "lines[1].number")]
    assert written(one, {"number": "1"})[1] == []  # no buyer, so no name is missed
    one = compiled("  number: ID\n  totals: {fields: {payable: {at: Sum, as: decimal, required: true}}}\n")
    assert [finding.kind for finding in read(one, "<ID>1</ID>")[1]] == ["required_missing"]
    assert written(one, {"number": "1"})[1] == ["required_missing: totals.payable: the message needs it and the record does not have it"]


@pytest.mark.parametrize("bad", ["a\x00b", "a\x0bb", "\ud800", "a\ufffeb", "\x1f"])
def test_characters_that_xml_cannot_hold(bad: str) -> None:
    text, findings = written(compiled(PARTY), {"number": "1", "buyer": {"name": bad, "city": "c"}})
    assert text == "<ID>1</ID><Buyer><Address><Town>c</Town></Address></Buyer>"
    assert len(findings) == 1 and findings[0].startswith("cannot_write: buyer.name (Name, test.yaml:12)")


def test_characters_that_xml_can_hold_come_back() -> None:
    one = compiled(PARTY)
    for text in ("a\tb\nc\rd", "<&>\"']]>", "Ærø \x85\u2028 🚢", "a" * 5000):
        record = {"number": "1", "buyer": {"name": text, "gln": "4012345000009"}}
        root, findings = one.write([record])
        again = Document(MessageType("xml", "shop", "Order"), 1, "", etree.fromstring(etree.tostring(root)))
        assert findings == [] and one.read(again) == ([record], [])


def test_defaults_constants_and_conditions() -> None:
    one = compiled("""
  number: ID
  type: {at: Kind, codes: {S: order, C: call_off}, default: order}
  purpose: {is: original}
  contract: {at: Ref/Doc, when: {type: call_off}}
""")
    text, findings = written(one, {"number": "1", "contract": "c"})
    assert text == "<ID>1</ID><Kind>S</Kind>" and findings == [
        'cannot_write: contract: the message has no room for it beside the record\'s other fields']
    assert written(one, {"number": "1", "type": "call_off", "contract": "c"})[0] == "<ID>1</ID><Kind>C</Kind><Ref><Doc>c</Doc></Ref>"
    assert written(one, {"number": "1", "purpose": "change"})[1] == ["cannot_write: purpose: this map writes only original, found \"change\""]
    assert "cannot_write" in written(one, {"number": "1", "type": "rush_order"})[1][0]


def test_the_marked_alternative_is_written() -> None:
    one = compiled('  number: {at: [ID, {at: Ref/Doc, write: true}]}\n  contract: Kind\n')
    assert written(one, {"number": "1", "contract": "k"})[0] == "<Kind>k</Kind><Ref><Doc>1</Doc></Ref>"


def test_what_stands_around_a_list_must_be_the_same_in_all_items() -> None:
    one = compiled('  number: ID\n  lines: {each: Line, fields: {number: No, promotion: "^/Ref/Doc"}}\n')
    record = {"number": "1", "lines": [{"number": "1", "promotion": "p"}, {"number": "2", "promotion": "p"}]}
    text, findings = written(one, record)
    assert text == "<ID>1</ID><Ref><Doc>p</Doc></Ref><Line><No>1</No></Line><Line><No>2</No></Line>" and findings == []
    assert read(one, text) == (record, [])
    record["lines"][1]["promotion"] = "q"  # type: ignore[index]
    assert "the items differ (p)" in written(one, record)[1][0]


def test_constants_and_functions_that_no_field_stands_for() -> None:
    one = compiled("  number: ID\n  lines: {each: Line, fields: {number: No}}\nwrites:\n  Kind: S\n  Sum: count(lines)\n  '@version': '1.2'\n")
    root, findings = one.write([{"number": "1", "lines": [{"number": "1"}, {"number": "2"}]}])
    assert etree.tostring(root) == (b'<Order xmlns="urn:shop" version="1.2"><ID>1</ID><Kind>S</Kind><Sum>2</Sum>'
                                    b"<Line><No>1</No></Line><Line><No>2</No></Line></Order>")
    assert findings == []


def test_attributes_with_one_value_are_always_written() -> None:
    assert written(compiled("  number: End\n"), {"number": "1"})[0] == '<End closed="yes">1</End>'


def test_dates_over_two_elements() -> None:
    one = compiled('  number: ID\n  issued_on: {at: Day, as: "date(iso, time: Time)"}\n')
    for value, text in (("2026-11-21", "<Day>2026-11-21</Day>"), ("2026-11-21T10:30", "<Day>2026-11-21</Day><Time>10:30:00</Time>"),
                        ("2026-11-21T10:30:15+01:00", "<Day>2026-11-21</Day><Time>10:30:15+01:00</Time>")):
        assert written(one, {"number": "1", "issued_on": value}) == (f"<ID>1</ID>{text}", [])
    assert "cannot_write" in written(one, {"number": "1", "issued_on": "2026-W47"})[1][0]


def test_lists_that_nest() -> None:
    one = compiled("  number: ID\n  lines: {each: Line, recurse: parts, fields: {number: No}}\n")
    record = {"number": "1", "lines": [{"number": "1", "parts": [{"number": "1.1", "parts": [{"number": "1.1.1"}]}, {"number": "1.2"}]}]}
    text, findings = written(one, record)
    assert text == "<ID>1</ID><Line><No>1</No><Sub><No>1.1</No><Sub><No>1.1.1</No></Sub></Sub><Sub><No>1.2</No></Sub></Line>"
    assert findings == [] and read(one, text) == (record, [])


def test_many_records_in_one_document() -> None:
    one = compiled('  number: No\n  currency: "^/Currency"\n', head='records: {each: "Line"}\n')
    records = [{"number": "1", "currency": "EUR"}, {"number": "3", "currency": "EUR"}]
    root, findings = one.write(records)
    assert etree.tostring(root).endswith(b"<Currency>EUR</Currency><Line><No>1</No></Line><Line><No>3</No></Line></Order>") and findings == []


@pytest.mark.parametrize(("rule", "sentence"), [
    ("contract: Reff/Doc", "Order has no Reff (it has ID, Day"),
    ("contract: ID/Doc", "ID holds text only, there is no Doc in it"),
    ("contract: Price/@cur", "Order has no Price"),
    ("contract: Sum/@unit", "Sum has no attribute unit (it has cur)"),
    ("contract: Sum/@cur/ID", "nothing can follow @cur"),
    ('contract: "x:ID"', "the prefix of x:ID is not known (known are t)"),
    ('contract: "../ID"', "there is no parent here"),
    ("contract: pairs(06)", "is a step for segments"),
    ('contract: "Ref[Dok=1]/Doc"', "Ref has no Dok (it has Doc)"),
    ("contract: {at: ID, as: amount(@cur)}", "ID has no attribute cur"),
    ('notes: {each: "t:Note/@xml:lang", fields: {text: "."}}', "stands at an element, not at an attribute"),
    ('notes: {each: "t:Note", fields: {text: {at: ".", as: "text(width: 70, parts: 5)"}}}', "a text over several parts is for segments"),
    ('lines: {each: Line, fields: {notes: {each: "../t:Note", fields: {text: "."}}}}', "cannot stand around the element it belongs to"),
    ("lines: {each: Charge, recurse: parts, fields: {number: Flag}}", "Order has no Charge"),
])
def test_mistakes_of_a_map_are_said_with_their_place(rule: str, sentence: str) -> None:
    with pytest.raises(ConfigFault) as fault:
        _ = compiled(f"  number: ID\n  {rule}\n").writer
    assert sentence in str(fault.value) and "test.yaml:6:" in str(fault.value)


def test_structures_with_mistakes() -> None:
    with pytest.raises(ConfigFault) as fault:
        compiled("  number: ID\n", SHOP.replace('"ID 1"', '"ID one"').replace("t:Note *", "u:Note *").replace('": []', '": ["X ?"]'))
    assert all(part in str(fault.value) for part in (
        "'ID one' is not of the form", "u:Note: the prefix is not among prefixes:", "Shipping has the children of Address"))
