"""Files of the old channel, read as their description says."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from edi_bridge.fault import ConfigFault
from edi_bridge.rollout.legacy import Legacy, declared, plain, read, tolerance
from edi_bridge.yamltext import parse

DESCRIPTION = """legacy: kiosk
documents:
  - message: edifact/D96A/ORDERS
    key: [number, buyer.gln]
    file: {delimiter: ";", charset: latin-1, decimal: ",", thousands: ".", date: "%d.%m.%Y", skip: 1}
    columns:
      Bestellung: number
      Datum: issued_on
      Kunde: buyer.gln
      Name: buyer.name
      Pos: lines.number
      Menge: lines.quantity
      ME: {field: lines.unit, codes: {STK: H87}}
      Preis: lines.net_price
    tolerances: {lines.net_price: 0.01, issued_on: [1d, absent legacy], buyer.name: fold}
"""
ROWS = """export of 3 November
Bestellung;Datum;Kunde;Name;Pos;Menge;ME;Preis
4711;02.11.2026;9521200099997;Kiosk Söhne;1;1.048,5;STK;3,19
4711;02.11.2026;9521200099997;Kiosk Söhne;2;6;KGM;11,00-

4712;03.11.2026;9521200099997;;1;1;;
"""


def legacy(text: str = DESCRIPTION) -> Legacy:
    return declared(parse(text, "rollout/legacy/kiosk.yaml"), "in", "edifact/D96A/ORDERS", "order")


def test_rows_become_documents_with_their_lines() -> None:
    one, two = read(ROWS.encode("latin-1"), "booked.csv", legacy())
    assert (one.key, one.day) == ("4711 / 9521200099997", "2026-11-02")
    assert one.record == {
        "number": "4711", "issued_on": "2026-11-02", "buyer": {"gln": "9521200099997", "name": "Kiosk Söhne"},
        "lines": [{"number": "1", "quantity": D("1048.5"), "unit": "H87", "net_price": D("3.19")},
                  {"number": "2", "quantity": D("6"), "unit": "KGM", "net_price": D("-11.00")}]}
    assert two.record["lines"] == [{"number": "1", "quantity": D("1")}]


def test_only_the_fields_of_its_columns_are_compared_with_their_tolerances() -> None:
    shape = legacy().shape
    assert shape.compares("lines.quantity") and not shape.compares("currency") and not shape.compares("buyer.city")
    assert shape.tolerance("lines.net_price").amount == D("0.01") and shape.tolerance("issued_on").days == 1
    assert shape.tolerance("issued_on").absent == "legacy"


@pytest.mark.parametrize("content", [
    '[{"number": "1", "lines": [{"quantity": "2.50"}]}, {"number": "2"}]',
    '{"number": "1", "lines": [{"quantity": 2.50}]}\n{"number": "2"}\n',
    '{"record": {"number": "1", "lines": [{"quantity": "2.50"}]}}\n{"record": {"number": "2"}}\n',
])
def test_json_in_our_own_form_needs_no_description(content: str) -> None:
    one, two = read(content.encode(), "booked.json", plain("order"))
    assert one.record["lines"][0]["quantity"] == D("2.50") and (one.key, two.key) == ("1", "2")


@pytest.mark.parametrize(("row", "said"), [
    ("4711;31.02.2026;9521200099997;;1;1;;", "booked.csv:3:2: Datum: '31.02.2026' is no date"),
    ("4711;02.11.2026;9521200099997;;1;many;;", "booked.csv:3:6: Menge: 'many' is no number"),
    ("4711;02.11.2026;9521200099997;;1;1;", "booked.csv:3: has 7 cells, the titles are 8"),
    ("4711;02.11.2026;;;1;1;;", "booked.csv:3: has no number and no buyer.gln"),
    ("4711;02.11.2026;9521200099997;A;1;1;;\n4711;02.11.2026;9521200099997;B;2;1;;", "booked.csv:4: buyer of 4711 / 9521200099997 is another"),
])
def test_what_cannot_be_read_is_told_with_its_line_and_nothing_is_compared(row: str, said: str) -> None:
    content = "\n".join([*ROWS.splitlines()[:2], row]) + "\n"
    with pytest.raises(ConfigFault) as fault:
        read(content.encode("latin-1"), "booked.csv", legacy())
    assert said in str(fault.value)


def test_a_column_that_the_file_does_not_have_is_told() -> None:
    with pytest.raises(ConfigFault, match="has no column Preis; it has Bestellung"):
        read(ROWS.replace("Preis", "Price").encode("latin-1"), "booked.csv", legacy())


def test_the_same_document_twice_in_json_is_refused() -> None:
    with pytest.raises(ConfigFault, match="1 stands in it twice, as document 1 and 2"):
        read(b'[{"number": "1"}, {"number": "1"}]', "x.json", plain("order"))


@pytest.mark.parametrize(("before", "after", "said"), [
    ("Preis: lines.net_price", "Preis: lines.price", "a record of type order has no field lines.price"),
    ("Preis: lines.net_price", "Preis: taxes.rate", "taxes.rate cannot stand in a column"),
    ("Preis: lines.net_price", "Preis: buyer", "buyer cannot stand in a column"),
    ("lines.net_price: 0.01", "lines.net_price: near", "'near' is no tolerance"),
    ("charset: latin-1", "charset: latin-99", "there is no character set latin-99"),
    ("key: [number, buyer.gln]", "keys: [number]", "keys"),
    ("tolerances: {lines.net_price: 0.01, issued_on: [1d, absent legacy], buyer.name: fold}", "tolerances: fold",
     "kiosk.yaml:15:17: tolerances: is {lines.net_amount:"),
    ("file: {delimiter: \";\",", "file: {delimiters: \";\",", "file: has no key 'delimiters'; did you mean delimiter?"),
])
def test_mistakes_in_the_description_name_their_line(before: str, after: str, said: str) -> None:
    with pytest.raises(ConfigFault) as fault:
        legacy(DESCRIPTION.replace(before, after))
    assert said in str(fault.value) and "rollout/legacy/kiosk.yaml:" in str(fault.value)


@pytest.mark.parametrize(("said", "made"), [
    ("0.01", True), (D("0.01"), True), ("0.5%", True), ("2d", True), ("fold", True), ("absent here", True), (["2d", "absent either"], True),
    ("2.5d", False), ("some", False), (["fold", "x"], False), ("absent", False),
])
def test_tolerances_are_written_shortly(said: object, made: bool) -> None:
    assert (tolerance(said) is not None) is made
