"""What the maps of cXML, CII and SAP IDocs need of the XML backend, in small documents: each test is a gap that was there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from edi_bridge import structure_xml, yamltext
from edi_bridge.interchange import Document, MessageType
from edi_bridge.mapping import mapfile
from edi_bridge.mapping.codec import codec
from edi_bridge.mapping.codec_type import Bad
from edi_bridge.mapping.compile import CompiledMap

STRUCTURE = """
structure: xml/test/Doc
root: Doc
elements:
  Doc: ["Head ?", "Terms *", "Freight ?", "Charge *", "Text *", "Mail ?", "Phone ?", "Person *", "Period ?"]
  Head: ["ID ?", "Currency ?"]
  Terms: ["Note ?", "Due ?"]
  Freight: ["Sum ?"]
  Charge: ["Sign ?", "Sum ?", "Why ?"]
  Text: ["Kind ?", "Line *"]
  Line: ["Words ?"]
  Person: ["Number ?", "Called ?"]
  Period: ["Start ?", "End ?"]
  Start: ["Day 1"]
  End: ["Day 1"]
attributes:
  Sum: [currency]
  Day: [format]
"""


def compiled(record: str, fields: str) -> CompiledMap:
    block = yamltext.parse(f"map: test\nmessage: xml/test/Doc\nrecord: {record}\nfields:\n{fields}".encode(), "test.yaml")
    spec = mapfile.load(block, lambda name: pytest.fail(name), lambda name: pytest.fail(name))
    tree = structure_xml.load(yamltext.parse(STRUCTURE.encode(), "structure.yaml"), "structure.yaml", lambda name: pytest.fail(name))
    return CompiledMap(spec, tree, lambda name, standard: pytest.fail(name))


def read(one: CompiledMap, text: str) -> tuple[list[dict[str, Any]], list[str]]:
    records, findings = one.read(Document(MessageType("xml", "test", "Doc"), 1, "", etree.fromstring(text)))
    return records, [finding.kind for finding in findings]


def written(one: CompiledMap, record: dict[str, Any]) -> str:
    root, findings = one.write([record])
    assert [finding.sentence() for finding in findings] == []
    return etree.tostring(root).decode()


SHAPES = """
  number: {at: Head/ID}
  allowances:
    - each: Freight
      fields: {kind: {is: charge}, code: {is: freight}, amount: {at: Sum, as: decimal, required: true}}
    - each: "Charge[Sign=-]"
      fields: {kind: {is: allowance}, amount: {at: Sum, as: decimal}, reason: {at: Why}}
    - each: "Charge[Sign=+]"
      fields: {kind: {is: charge}, amount: {at: Sum, as: decimal}, reason: {at: Why}}
"""
SHAPED = ("<Doc><Head><ID>7</ID></Head><Freight><Sum>9.5</Sum></Freight><Charge><Sign>-</Sign><Sum>1</Sum><Why>old</Why></Charge>"
          "<Charge><Sign>+</Sign><Sum>2</Sum></Charge></Doc>")


def test_a_list_of_several_shapes_is_read_from_all_of_them_and_written_where_each_item_fits() -> None:
    one = compiled("order", SHAPES)
    (record,), findings = read(one, SHAPED)
    assert findings == []
    assert record["allowances"] == [{"kind": "charge", "code": "freight", "amount": Decimal("9.5")},
                                    {"kind": "allowance", "reason": "old", "amount": Decimal(1)}, {"kind": "charge", "amount": Decimal(2)}]
    assert written(one, record) == SHAPED


def test_an_item_that_no_place_is_meant_for_is_told() -> None:
    one = compiled("order", SHAPES)
    root, findings = one.write([{"number": "7", "allowances": [{"kind": "rebate", "amount": Decimal(1)}]}])
    assert [(finding.kind, finding.position.path) for finding in findings] == [("field_not_carried", "allowances[0]")]
    assert root.find("Charge") is None and root.find("Freight") is None


def test_what_stands_around_a_list_is_told_by_the_items_of_its_own_shape_only() -> None:
    one = compiled("order", """
  number: {at: Head/ID}
  contacts:
    - each: Person
      fields: {number: {at: Number, required: true}, name: {at: Called}, phone: {at: Number}}
    - each: [Mail, "Phone[!../Mail]"]
      fields: {email: {at: ../Mail}, phone: {at: ../Phone}}
""".replace(", phone: {at: Number}", ""))
    text = "<Doc><Mail>a@b.example</Mail><Phone>123</Phone><Person><Number>1</Number><Called>Ada</Called></Person></Doc>"
    (record,), findings = read(one, text)
    assert record == {"contacts": [{"number": "1", "name": "Ada"}, {"phone": "123", "email": "a@b.example"}]} and findings == []
    assert written(one, record) == text
    (record,), _ = read(one, "<Doc><Phone>123</Phone></Doc>")
    assert record == {"contacts": [{"phone": "123"}]}


MERGED = """
  number: {at: Head/ID}
  due_on: {at: Terms/Due, as: date(iso), take: first}
  payment_terms:
    each: Terms
    fields: {text: {at: Note}, due_on: {at: Due, as: date(iso)}}
"""


@pytest.mark.parametrize(("terms", "due"), [
    ("<Terms><Note>2 %</Note></Terms><Terms><Note>net</Note><Due>2026-12-01</Due></Terms>", "2026-12-01"),
    ("<Terms><Note>a</Note><Due>2026-12-01</Due></Terms><Terms><Due>2026-12-24</Due></Terms>", "2026-12-01"),
    ("<Terms><Note>net</Note></Terms>", None)])
def test_a_value_of_the_head_in_an_item_of_a_list_makes_no_element_of_its_own(terms: str, due: str | None) -> None:
    one = compiled("invoice", MERGED)
    text = f"<Doc><Head><ID>1</ID></Head>{terms}</Doc>"
    (record,), findings = read(one, text)
    assert record.get("due_on") == due and findings == []
    assert written(one, record) == text


def test_a_value_of_the_head_goes_into_the_first_item_or_stands_alone() -> None:
    one = compiled("invoice", MERGED)
    record = {"due_on": "2026-12-01", "payment_terms": [{"text": "net"}]}
    assert written(one, record) == "<Doc><Terms><Note>net</Note><Due>2026-12-01</Due></Terms></Doc>"
    assert written(one, {"due_on": "2026-12-01"}) == "<Doc><Terms><Due>2026-12-01</Due></Terms></Doc>"


def test_a_text_may_stand_in_one_element_a_line() -> None:
    one = compiled("order", """
  notes: {each: Text, fields: {kind: {at: Kind}, text: {at: Line/Words, as: text, take: lines}}}
""")
    text = ("<Doc><Text><Kind>A</Kind><Line><Words>one</Words></Line><Line><Words/></Line><Line><Words>three &amp; more</Words></Line></Text>"
            "<Text><Line><Words>other</Words></Line></Text></Doc>")
    (record,), findings = read(one, text)
    assert record == {"notes": [{"kind": "A", "text": "one\n\nthree & more"}, {"text": "other"}]} and findings == []
    assert written(one, record) == text


def test_a_period_stands_in_two_elements_with_a_format_each() -> None:
    one = compiled("invoice", """
  period:
    at: [Period/End/Day, Period/Start/Day]
    as: "date(2379, place: @format, default: 102, since: ../Start/Day)"
""")
    both = '<Doc><Period><Start><Day format="102">20261101</Day></Start><End><Day format="102">20261130</Day></End></Period></Doc>'
    (record,), findings = read(one, both)
    assert record == {"period": "2026-11-01/2026-11-30"} and findings == []
    assert written(one, record) == both
    assert read(one, '<Doc><Period><Start><Day>20261101</Day></Start></Period></Doc>') == ([{"period": "2026-11-01"}], [])
    assert read(one, '<Doc><Period><Start><Day>20261131</Day></Start><End><Day>20261201</Day></End></Period></Doc>')[1] == ["invalid_value"]


def test_a_bare_amount_is_compared_with_the_head_and_written_without_its_currency() -> None:
    one = compiled("order", """
  currency: {at: Head/Currency}
  totals: {fields: {net: {at: Freight/Sum, as: "amount(@currency, bare: true)"}}}
""")
    euros = "<Doc><Head><Currency>EUR</Currency></Head><Freight><Sum{}>5</Sum></Freight></Doc>"
    (record,), findings = read(one, euros.format(' currency="EUR"'))
    assert findings == [] and written(one, record) == euros.format("")
    assert read(one, euros.format(' currency="USD"'))[1] == ["invalid_value"]


@pytest.mark.parametrize("text", ["+49 40 5551234", "+1 614 555-0188 ext. 12", "040/5551234", "+41 32 555 01 40", "+49 5551234", "112", "ext. 5"])
def test_a_telephone_number_comes_back_as_the_same_text(text: str) -> None:
    one = codec("phone(CountryCode, AreaOrCityCode, Extension)", "xml")
    assert one.read(*one.write(text)) == text


def test_a_telephone_number_is_put_together_and_taken_apart() -> None:
    one = codec("phone(CountryCode, AreaOrCityCode, Extension)", "xml")
    assert one.read("555-0188", "+1", "614", "12") == "+1 614 555-0188 ext. 12"
    assert one.write("+1 614 555-0188 ext. 12") == ("555-0188", "1", "614", "12")
    assert one.write("040 123") == ("040 123", "", "", "")


def test_joined_digits_have_their_widths_and_words_a_blank_between() -> None:
    gln = codec("joined(BBSNR, BUBKZ, widths: 7-5-1)", "xml")
    assert gln.read("9521200", "06107", "9") == "9521200061079" and gln.write("9521200061079") == ("9521200", "06107", "9")
    assert gln.read("9521200", "6107", "9") == "9521200061079"  # SAP leaves leading zeros out
    assert gln.read("0000000", "00000", "0") is None
    assert isinstance(gln.write("952120006107"), Bad)
    name = codec("joined(NAMEV, lead: true)", "xml")
    assert name.read("Lovelace", "Ada Augusta") == "Ada Augusta Lovelace"
    assert name.write("Ada Augusta Lovelace") == ("Lovelace", "Ada Augusta") and name.write("Ada") == ("Ada", "")


def test_a_discount_has_its_minus_on_the_wire_only() -> None:
    one = codec("decimal(sign: minus)", "xml")
    assert one.read("10.500-") == one.read("10.500") == Decimal("10.500")
    assert one.write(Decimal("10.500")) == ("10.500-",) and one.write(Decimal("0.00")) == ("0.00",)
    assert isinstance(one.write(Decimal(-3)), Bad)


AROUND = """
  number: {at: Head/ID}
  seller:
    at: "Person"
    fields:
      gln: {at: Number}
      name: {at: Called}
      sender_number: {at: ../Mail}
      receiver_number: {at: ^/Head/Currency}
      language: {default: de}
"""


def test_fields_of_an_object_that_stand_around_its_element_are_read_and_written_without_it() -> None:
    one = compiled("order", AROUND)
    text = "<Doc><Head><ID>7</ID><Currency>K12</Currency></Head><Mail>L-00812</Mail></Doc>"
    (record,), findings = read(one, text)
    assert findings == []
    assert record["seller"] == {"sender_number": "L-00812", "receiver_number": "K12", "language": "de"}
    assert written(one, record) == text


def test_an_object_of_which_only_the_map_says_something_is_none() -> None:
    assert read(compiled("order", AROUND), "<Doc><Head><ID>7</ID></Head></Doc>") == ([{"number": "7"}], [])


def test_what_an_object_needs_is_missed_where_only_what_stands_around_it_is_there() -> None:
    one = compiled("order", AROUND.replace("{at: Number}", "{at: Number, required: true}"))
    (record,), findings = read(one, "<Doc><Mail>L-00812</Mail></Doc>")
    assert (record["seller"]["sender_number"], findings) == ("L-00812", ["required_missing"])
    assert read(one, "<Doc><Head><ID>7</ID></Head></Doc>")[1] == []


CONSTANT = """
  notes: {each: Text, fields: {kind: {is: reason}, code: {at: Kind}, text: {at: Line/Words}}}
"""


def test_an_item_of_which_only_the_map_says_something_is_none_and_when_writing_a_finding() -> None:
    one = compiled("order", CONSTANT)
    assert read(one, "<Doc><Text><Line/></Text><Text><Kind>A</Kind></Text></Doc>") == ([{"notes": [{"kind": "reason", "code": "A"}]}], [])
    _, findings = one.write([{"notes": [{"kind": "reason", "text": "late"}, {"kind": "reason"}]}])
    assert [finding.sentence() for finding in findings] == ["cannot_write: notes[1]: it has no value that stands in the message, and so gets no element"]


def test_a_written_path_through_a_list_is_written_in_each_item_from_its_own_fields() -> None:
    block = """map: test\nmessage: xml/test/Doc\nrecord: order\nfields:
  currency: {at: Head/Currency}
  notes: {each: Text, fields: {kind: {at: Kind}, text: {at: Line/Words}}}
  allowances: {each: Charge, fields: {kind: {at: Sign}, amount: {at: Sum, as: decimal}}}
writes:
  Charge/Sum/@currency: where(amount, $currency)
  Charge/Why: total(amount)
"""
    spec = mapfile.load(yamltext.parse(block.encode(), "test.yaml"), lambda name: pytest.fail(name), lambda name: pytest.fail(name))
    tree = structure_xml.load(yamltext.parse(STRUCTURE.encode(), "structure.yaml"), "structure.yaml", lambda name: pytest.fail(name))
    one = CompiledMap(spec, tree, lambda name, standard: pytest.fail(name))
    assert written(one, {"currency": "EUR", "allowances": [{"kind": "x", "amount": Decimal("1.50")}, {"kind": "y"}]}) == (
        '<Doc><Head><Currency>EUR</Currency></Head><Charge><Sign>x</Sign><Sum currency="EUR">1.50</Sum><Why>1.50</Why></Charge>'
        "<Charge><Sign>y</Sign></Charge></Doc>")


def test_an_item_stands_in_the_place_that_is_meant_for_it() -> None:
    one = compiled("order", """
  references:
    - {each: Text, fields: {kind: {at: Kind}, number: {at: Line/Words}}}
    - {each: Mail, fields: {kind: {is: account}, number: {at: "."}}}
""")
    record = {"references": [{"kind": "project", "number": "P"}, {"kind": "account", "number": "7"}]}
    assert written(one, record) == "<Doc><Text><Kind>project</Kind><Line><Words>P</Words></Line></Text><Mail>7</Mail></Doc>"
