"""Maps for CSV and fixed-width files: what is read from which row, what is found wrong where, and what is written."""

from __future__ import annotations

import csv as oracle
import io
from decimal import Decimal as D
from typing import Any

import pytest

from edi_bridge import syntax
from edi_bridge.fault import ConfigFault
from edi_bridge.mapping import mapfile
from edi_bridge.mapping.codec import CodeTable
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.syntax import csv
from edi_bridge.yamltext import Block, parse


def no_table(name: str, standard: str) -> CodeTable:
    raise AssertionError(name)


def block(text: str) -> Block:
    value = parse(text, "a.yaml")
    assert isinstance(value, Block)
    return value


def compiled(text: str) -> CompiledMap:
    spec = mapfile.load(block(text), block, block)
    made = CompiledMap(spec, None, no_table)
    assert made.reader is not None and made.writer is not None
    return made


def read(one: CompiledMap, source: str | bytes) -> tuple[list[Any], list[tuple[str, int | None, str | None]]]:
    """(records, (kind, line, column) of each finding of the map)."""
    content = source.encode() if isinstance(source, str) else source
    records, found = [], []
    for interchange in csv.read(io.BytesIO(content), layout=one.layout()):
        for message in interchange.messages:
            got, findings = one.read(message)
            records += got
            found += [(finding.kind, finding.position.line, finding.position.path) for finding in findings]
        assert not [finding for finding in interchange.findings if finding.rejects], interchange.findings
    return records, found


def written(one: CompiledMap, *records: Any) -> str:
    """The file of records that can be written without a finding."""
    rows: list[list[str]] = []
    for record in records:
        made, findings = one.write([record])
        assert [finding.sentence() for finding in findings] == []
        rows += made
    return syntax.write(csv.build(one.layout(), rows)).decode(one.layout().encoding)


def refused(one: CompiledMap, record: Any) -> list[tuple[str, str | None]]:
    return [(finding.kind, finding.position.path) for finding in one.write([record])[1]]


ORDER = """
map: t
message: csv/acme/order
record: order
layout:
  delimiter: ";"
  decimal: ","
  thousands: "."
  key: [nr]
  columns: [nr* = Bestellnr. | Auftrag, date, gln, line*, item, qty* = Menge, price, due, part]
fields:
  number: {at: nr, required: true}
  issued_on: {at: date, as: date(DD.MM.CCYY)}
  buyer: {fields: {gln: {at: gln, as: gln}}}
  lines:
    each: rows(line)
    fields:
      number: line
      buyer_item: item
      quantity: {at: qty, as: decimal, required: true}
      net_price: price
      schedules: {each: row, fields: {quantity: part, date: {at: due, as: date(DD.MM.CCYY)}}}
"""
FILE = ("Auftrag;date;gln;line;item;Menge;price;due;part\r\n"
        '4711;21.11.2026;4012345000009;1;"a;""b""";10,5;1.234,50;;\r\n'
        "4711;21.11.2026;4012345000009;2;c;7;;22.11.2026;3\r\n"
        "4711;;;2;c;7;;23.11.2026;4\r\n"
        "4712;;;;;;;;\r\n")
RECORDS = [
    {"number": "4711", "issued_on": "2026-11-21", "buyer": {"gln": "4012345000009"}, "lines": [
        {"number": "1", "buyer_item": 'a;"b"', "quantity": D("10.5"), "net_price": D("1234.50")},
        {"number": "2", "buyer_item": "c", "quantity": D(7), "schedules": [
            {"quantity": D(3), "date": "2026-11-22"}, {"quantity": D(4), "date": "2026-11-23"}]}]},
    {"number": "4712"}]


def test_rows_of_a_key_are_an_order_and_rows_of_a_line_number_a_line():
    records, found = read(compiled(ORDER), FILE)
    assert records == RECORDS and found == []
    assert [list(record) for record in records] == [["number", "issued_on", "buyer", "lines"], ["number"]]
    assert str(records[0]["lines"][0]["net_price"]) == "1234.50"


def test_what_is_written_has_the_head_in_every_row_and_the_csv_module_reads_it():
    text = written(compiled(ORDER), *RECORDS)
    assert list(oracle.reader(io.StringIO(text, newline=""), delimiter=";")) == [
        ["Bestellnr.", "date", "gln", "line", "item", "Menge", "price", "due", "part"],
        ["4711", "21.11.2026", "4012345000009", "1", 'a;"b"', "10,5", "1234,50", "", ""],
        ["4711", "21.11.2026", "4012345000009", "2", "c", "7", "", "22.11.2026", "3"],
        ["4711", "21.11.2026", "4012345000009", "2", "c", "7", "", "23.11.2026", "4"],
        ["4712", "", "", "", "", "", "", "", ""]]
    assert read(compiled(ORDER), text) == (RECORDS, [])


def test_a_head_value_that_differs_between_rows_is_found_with_its_line():
    source = "Auftrag;date;line;Menge\n1;21.11.2026;1;2\n1;;2;2\n1;22.11.2026;3;2\n1;22.11.2026;4;2\n"
    records, found = read(compiled(ORDER), source)
    assert found == [("alternatives_differ", 4, "date")]
    assert records[0]["issued_on"] == "2026-11-21" and len(records[0]["lines"]) == 4


def test_take_says_which_of_different_head_values_counts():
    source = "Auftrag;date;line;Menge\n1;21.11.2026;1;2\n1;22.11.2026;2;2\n"
    for take, date in (("first", "2026-11-21"), ("last", "2026-11-22")):
        one = compiled(ORDER.replace("as: date(DD.MM.CCYY)}\n  buyer", f"as: date(DD.MM.CCYY), take: {take}}}\n  buyer"))
        records, found = read(one, source)
        assert (records[0]["issued_on"], found) == (date, [])


@pytest.mark.parametrize("raw, number", [("1.234,5", "1234.5"), ("-1.000", "-1000"), ("1,50", "1.50"), (" 7 ", "7"), ("1.23", None),
                                         ("12.34,5", None), ("1,2,3", None), ("1.5", None), ("abc", None), ("1e5", None)])
def test_numbers_have_the_decimal_mark_of_the_layout(raw, number):
    records, found = read(compiled(ORDER), f"Auftrag;line;Menge;price\n1;1;2;{raw}\n")
    assert records[0]["lines"][0].get("net_price") == (None if number is None else D(number))
    assert found == ([] if number else [("invalid_value", 2, "price")])


def test_a_comma_is_never_read_as_a_decimal_point_where_the_mark_is_a_point():
    one = compiled(ORDER.replace('decimal: ","', 'decimal: "."').replace('thousands: "."', 'thousands: ","'))
    records, found = read(one, "Auftrag;line;Menge;price\n1;1;1,000;1,00\n")
    assert records[0]["lines"][0] == {"number": "1", "quantity": D(1000)}
    assert found == [("invalid_value", 2, "price")]


def test_required_and_wrong_values_are_found_in_their_cell():
    source = "Auftrag;date;line;Menge;gln\n1;31.02.2026;1;;4012345000001\n"
    records, found = read(compiled(ORDER), source)
    assert found == [("invalid_value", 2, "date"), ("invalid_check_digit", 2, "gln"), ("required_missing", 2, "qty")]
    assert records == [{"number": "1", "buyer": {"gln": "4012345000001"}, "lines": [{"number": "1"}]}]


def test_a_finding_knows_the_bytes_of_its_cell():
    one = compiled(ORDER)
    source = b'Auftrag;line;Menge\n1;1;"x;y"\n'
    (interchange,) = csv.read(io.BytesIO(source), layout=one.layout())
    (message,) = interchange.messages
    (finding,) = one.read(message)[1]  # quantity is required, and not missing: it cannot be read
    start, length = finding.position.offset, finding.position.length
    assert start is not None and length is not None and source[start:start + length] == b'"x;y"'
    assert 'qty ("Menge")' in finding.sentence()


def test_what_has_no_column_or_cannot_stand_in_it_is_said():
    one = compiled(ORDER)
    line = {"number": "1", "quantity": D(1)}
    assert refused(one, {"number": "1", "currency": "EUR", "lines": [line]}) == [("field_not_carried", "currency")]
    assert refused(one, {"number": "1", "buyer": {"gln": "4012345000009", "name": "X"}, "lines": [line]}) == [("field_not_carried", "buyer.name")]
    assert refused(one, {"number": "a\0b", "lines": [line]}) == [("cannot_write", "number")]
    assert refused(one, {"number": "1", "lines": [line | {"buyer_item": "\x1b"}]}) == [("cannot_write", "lines[0].buyer_item")]
    assert refused(one, {"number": "1", "issued_on": "2026-11", "lines": [line]}) == [("cannot_write", "issued_on")]
    assert refused(one, {"lines": [line]}) == [("required_missing", "number")]
    assert refused(one, {"number": "1", "lines": [{"number": "1"}]}) == [("required_missing", "lines[0].quantity")]


def test_items_that_would_be_read_as_one_are_refused():
    one = compiled(ORDER)
    twice = {"number": "1", "lines": [{"number": "1", "quantity": D(1)}, {"number": "1", "quantity": D(2)}]}
    assert refused(one, twice) == [("cannot_write", "lines[1]")]
    loose = {"number": "1", "lines": [{"quantity": D(1), "schedules": [{"quantity": D(1)}, {"quantity": D(2)}]}]}
    assert refused(one, loose) == [("cannot_write", "lines[0]")]
    unnumbered = {"number": "1", "lines": [{"quantity": D(1)}, {"quantity": D(1)}]}
    assert read(one, written(one, unnumbered)) == ([unnumbered], [])


def test_formulas_are_text_and_stay_as_they_are():
    record = {"number": "=1+1", "lines": [{"number": "@x", "quantity": D(-1), "buyer_item": "+49"}]}
    one = compiled(ORDER)
    assert "=1+1;" in written(one, record)
    assert read(one, written(one, record)) == ([record], [])


def test_the_encoding_of_the_layout_says_which_characters_can_be_written():
    one = compiled(ORDER.replace('delimiter: ";"', 'delimiter: ";"\n  encoding: iso-8859-1'))
    record = {"number": "Größe", "lines": [{"number": "1", "quantity": D(1)}]}
    assert read(one, written(one, record).encode("iso-8859-1")) == ([record], [])
    assert refused(one, record | {"number": "1 €"}) == [("cannot_write", "number")]
    bare = compiled(ORDER.replace('delimiter: ";"', 'delimiter: ";"\n  quote: ""'))
    assert refused(bare, record | {"number": "a;b"}) == [("cannot_write", "number")]
    assert refused(bare, record | {"number": "a\nb"}) == [("cannot_write", "number")]


RULES = """
map: t
message: csv/acme/order
record: order
layout: {key: [nr], columns: [nr*, kind, code, alt, a, b, n1, n2, cur, amount, text]}
fields:
  number: nr
  type: {at: code, codes: {A: order, B: {ours: rush_order, write: true}, C: rush_order}}
  purpose: {default: original, at: kind, when: {type: rush_order}}
  currency: {is: EUR, at: cur}
  contract: {at: [a, {at: b, write: true}]}
  promotion: row#2/alt
  seller: {at: "row[kind=SELLER]", fields: {name: text}}
  notes:
    - {each: "row[kind=NOTE]", fields: {kind: {is: head}, text: text}}
  lines:
    each: row[kind=LINE]
    fields:
      number: text
      quantity: {at: amount, as: decimal}
      promotion: ^/alt
      notes:
        - {each: row, fields: {text: n1}}
        - {each: row, fields: {text: n2}}
writes:
  "row[kind=SUM]/amount": count(lines)
"""


def test_codes_alternatives_constants_conditions_and_rows_by_test():
    one = compiled(RULES)
    source = ("nr,kind,code,alt,a,b,n1,n2,cur,amount,text\n1,SELLER,C,,x,x,,,EUR,,ACME\n1,LINE,C,P,,,one,two,EUR,5,10\n1,NOTE,,,,,,,,,hello\n"
              "1,SUM,,,,,,,,1,\n")
    records, found = read(one, source)
    record = {"number": "1", "type": "rush_order", "purpose": "SELLER", "currency": "EUR", "contract": "x", "promotion": "P",
              "seller": {"name": "ACME"}, "notes": [{"kind": "head", "text": "hello"}],
              "lines": [{"number": "10", "quantity": D(5), "promotion": "P", "notes": [{"text": "one"}, {"text": "two"}]}]}
    assert records == [record]
    assert found == [("alternatives_differ", 3, "kind"), ("alternatives_differ", 4, "kind"), ("alternatives_differ", 5, "kind")]


def test_the_first_of_two_columns_counts_and_a_constant_is_checked():
    one = compiled(RULES)
    records, found = read(one, "nr,code,a,b,cur\n1,A,x,y,USD\n2,D,,y,\n")
    assert records == [{"number": "1", "type": "order", "currency": "USD", "contract": "x"}, {"number": "2", "contract": "y"}]
    assert found == [("invalid_value", 2, "cur"), ("alternatives_differ", 2, "b"), ("unmapped_code", 3, "code")]


def test_writing_puts_constants_counts_and_the_marked_alternative():
    one = compiled(RULES)
    record = {"number": "1", "type": "rush_order", "contract": "x", "lines": [
        {"number": "10", "quantity": D(5), "notes": [{"text": "one"}, {"text": "two"}]}, {"number": "20"}]}
    rows, findings = one.write([record | {"purpose": "LINE"}])
    assert findings == []
    named = [{name: cell for name, cell in zip((c.name for c in one.layout().columns), row, strict=True) if cell} for row in rows]
    head = {"nr": "1", "code": "B", "b": "x", "cur": "EUR"}
    assert named == [head | {"kind": "LINE", "text": "10", "amount": "5", "n1": "one", "n2": "two"}, head | {"kind": "LINE", "text": "20"},
                     {"kind": "SUM", "amount": "2"}]
    three = {"number": "10", "notes": [{"text": "1"}, {"text": "2"}, {"text": "3"}]}
    assert {kind for kind, _ in refused(one, {"number": "1", "lines": [three]})} == {"cannot_write"}
    assert refused(one, {"number": "1", "currency": "USD", "lines": [{"number": "1"}]}) == [("cannot_write", "currency")]


FIXED = """
map: t
message: fixed/acme/order
record: order
layout:
  type: type
  begins: "1"
  outside: ["0", "9"]
  columns:
    "0": [type 1 1, file 2 5]
    "1": [type 1 1, number* 2 6, date 8 8]
    "2": [type 1 1, number 2 6, qty* 8 7 zeros, item 15 5]
    "3": [type 1 1, text 2 10]
    "9": [type 1 1, count 2 5 zeros]
fields:
  number: row[type=1]/number
  issued_on: {at: date, as: date(CCYYMMDD)}
  lines:
    each: from[type=2]
    fields: {number: "row[type=2]/number", buyer_item: item, quantity: {at: qty, as: implied(2)}, notes: {each: "row[type=3]", fields: {text: text}}}
"""
FIXED_FILE = ("0FILE\r\n1ORD-1 20261121\r\n2L1    0001250APPLE\r\n3sweet     \r\n3red       \r\n2L2    0000100PEAR \r\n"
              "1ORD-2 20261122\r\n2L1    -000100NUT  \r\n900006\r\n")
FIXED_RECORDS = [
    {"number": "ORD-1", "issued_on": "2026-11-21", "lines": [
        {"number": "L1", "buyer_item": "APPLE", "quantity": D("12.50"), "notes": [{"text": "sweet"}, {"text": "red"}]},
        {"number": "L2", "buyer_item": "PEAR", "quantity": D("1.00")}]},
    {"number": "ORD-2", "issued_on": "2026-11-22", "lines": [{"number": "L1", "buyer_item": "NUT", "quantity": D("-1.00")}]}]


def test_record_types_of_fixed_width_both_ways():
    one = compiled(FIXED)
    assert read(one, FIXED_FILE) == (FIXED_RECORDS, [])
    assert written(one, *FIXED_RECORDS) == FIXED_FILE.removeprefix("0FILE\r\n").removesuffix("900006\r\n")


def test_a_fixed_file_is_written_back_byte_for_byte_with_its_outer_rows():
    (interchange,) = csv.read(io.BytesIO(FIXED_FILE.encode()), layout=compiled(FIXED).layout())
    assert syntax.write(interchange) == FIXED_FILE.encode() and interchange.findings == []


def test_a_value_wider_than_its_column_is_refused():
    one = compiled(FIXED)
    assert refused(one, {"number": "ORDER-1", "lines": []}) == [("cannot_write", "number")]
    assert refused(one, {"number": "1", "lines": [{"quantity": D("123456.78")}]}) == [("cannot_write", "lines[0].quantity")]


def test_record_types_also_work_with_delimiters():
    text = FIXED.replace("fixed/", "csv/").replace("layout:\n", 'layout:\n  delimiter: "|"\n')
    for place in (" 1 1", " 2 5 zeros", " 2 5", " 2 6", " 8 8", " 8 7 zeros", " 15 5", " 2 10"):
        text = text.replace(place, "")
    one = compiled(text)
    source = "0|x\n1|ORD-1|20261121\n2|L1|1250|APPLE\n3|sweet\n3|red\n2|L2|100|PEAR\n1|ORD-2|20261122\n2|L1|-100|NUT\n9|6\n"
    assert read(one, source) == (FIXED_RECORDS, [])
    assert written(one, *FIXED_RECORDS) == source.removeprefix("0|x\n").removesuffix("9|6\n").replace("\n", "\r\n")


def test_a_row_of_an_unknown_type_or_before_the_first_head_is_found():
    one = compiled(FIXED)
    (interchange,) = csv.read(io.BytesIO(b"2L0    0000100X\n1ORD-1 20261121\n7what\n2L1    0000100X\n"), layout=one.layout())
    assert [one.read(message)[0][0]["number"] for message in interchange.messages] == ["ORD-1"]
    assert [(f.kind, f.position.line, f.position.message) for f in interchange.findings] == [
        ("csv_row_lost", 1, None), ("csv_unknown_record", 3, 1)]


def test_many_records_in_one_message_and_values_of_the_whole():
    one = compiled("""
        map: t
        message: csv/acme/customer
        record: customer
        records: {each: rows(nr)}
        layout: {key: [file], columns: [file, nr*, name, city, lang]}
        fields:
          number: nr
          name: name
          language: ^/lang
          locations: {each: row, fields: {city: city}}
    """)
    source = "file,nr,name,city,lang\nF,1,A,Linz,de\nF,1,A,Wien,de\nF,2,B,Graz,de\n"
    records = [{"number": "1", "name": "A", "language": "de", "locations": [{"city": "Linz"}, {"city": "Wien"}]},
               {"number": "2", "name": "B", "language": "de", "locations": [{"city": "Graz"}]}]
    assert read(one, source) == (records, [])
    rows, findings = one.write(records)
    assert (rows, findings) == ([["", "1", "A", "Linz", "de"], ["", "1", "A", "Wien", "de"], ["", "2", "B", "Graz", "de"]], [])
    assert [f.kind for f in one.write([records[0], records[1] | {"language": "fr"}])[1]] == ["cannot_write"]


@pytest.mark.parametrize("old, new, sentence", [
    ("nr* = Bestellnr. | Auftrag", "nr* =", "a column is written NAME"),
    ("item, qty*", "item, item, qty*", "the column item is given twice"),
    ("key: [nr]", "key: [number]", "the key number is no column"),
    ('decimal: ","', "decimal: x", "decimal is . or ,"),
    ("number: {at: nr,", "number: {at: nrr,", "did you mean nr?"),
    ("each: rows(line)", "each: rows", "rows(COLUMN)"),
    ("each: row, fields", "each: due, fields", "not a column"),
    ("date: {at: due, as: date(DD.MM.CCYY)}", "date: {at: row}", "a column is missing"),
    ("buyer_item: item", "buyer_item: {at: item, as: 'text(width: 20, parts: 2)'}", "has no place in a row"),
    ("message: csv/acme/order", "message: csv/acme/order\nwhat: 1", "a map has no key 'what'"),
    ('delimiter: ";"', 'delimeter: ";"', "did you mean delimiter?"),
])
def test_mistakes_in_a_map_are_named_with_their_line(old, new, sentence):
    assert old in ORDER
    with pytest.raises(ConfigFault) as fault:
        compiled(ORDER.replace(old, new))
    assert sentence in str(fault.value) and all(line > 0 for _, line, _, _ in fault.value.problems)


@pytest.mark.parametrize("old, new, sentence", [
    ("  begins: \"1\"\n", "", "either begins:"),
    ("qty* 8 7 zeros", "qty* 5 7", "begins at 5, inside number"),
    ('"3": [type 1 1', '"3": [type 2 1', "same place"),
    ("each: from[type=2]", "each: from[type=4]", "no record type 4"),
    ("row[type=2]/number", "row[type=3]/number", "have no column number"),
    ("item 15 5]", "item 15]", "NAME START WIDTH"),
])
def test_mistakes_in_record_types_are_named(old, new, sentence):
    assert old in FIXED
    with pytest.raises(ConfigFault) as fault:
        compiled(FIXED.replace(old, new))
    assert sentence in str(fault.value)


def test_a_header_line_chooses_the_map():
    one = compiled(ORDER)
    assert one.fits_header(b"\xef\xbb\xbfauftrag;LINE;menge;other\r\n1;2;3;4\r\n") == 3
    assert one.fits_header(b"Bestellnr.;line;Menge;price;due\n") == 5
    assert one.fits_header(b"Bestellnr.;line\n") == 0  # qty is required
    assert one.fits_header(b"Auftrag,line,Menge\n") == 0  # another delimiter
    assert one.fits_header(b"") == one.fits_header(b"\0\xff") == 0
    assert compiled(FIXED).fits_header(b"1ORD-1 20261121") == 0


def test_a_required_object_and_list_are_missed():
    one = compiled(ORDER.replace("buyer: {fields", "buyer: {required: true, fields").replace("each: rows(line)", "each: rows(line)\n    required: true"))
    records, found = read(one, "Auftrag;date;line;Menge\n1;;;\n")
    assert records == [{"number": "1"}]
    assert found == [("required_missing", 2, "gln"), ("required_missing", 2, None)]
