"""Code tables: inline, from files, many to one, unknown codes; and every table that is shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from edi_bridge.catalog import Catalog
from edi_bridge.fault import ConfigFault
from edi_bridge.mapping import mapfile
from edi_bridge.mapping.code_table import STANDARDS, CodeTable, code_table, load_table
from edi_bridge.mapping.codec_type import Bad
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.yamltext import Block, parse

CODES = sorted((Path(__file__).parents[2] / "mappings" / "codes").glob("*.yaml"))


def test_the_first_code_is_written_unless_another_is_marked() -> None:
    table = code_table({"A": "allowance", "C": "charge", "F": "allowance", "M": {"ours": "charge", "write": True}})
    assert [table.read(code) for code in "ACFM"] == ["allowance", "charge", "allowance", "charge"]
    assert (table.write("allowance"), table.write("charge")) == ("A", "M")
    assert table.lossy == "C, F come back as another code of the same meaning"


def test_an_unknown_code_is_bad_both_ways() -> None:
    table = code_table({"A": "allowance"}, name="kind")
    bad = table.read("X")
    assert isinstance(bad, Bad) and bad.kind == "unmapped_code" and bad.note == "the code X is not in the table kind (A)"
    assert isinstance(table.write("charge"), Bad)


def test_kept_codes_pass_both_ways_but_never_look_like_ours() -> None:
    for table in (code_table({"A": "allowance", "*": "keep"}), code_table({"A": "allowance"}, keep=True)):
        assert table.read("X") == "X" and table.write("X") == "X"
        assert isinstance(table.read("allowance"), Bad) and isinstance(table.write("A"), Bad)


def test_booleans_are_codes_and_values() -> None:
    assert code_table({"false": "allowance", "true": "charge"}).read(True) == "charge"
    flag = code_table({"Y": True, "N": False})
    assert flag.read("N") is False and flag.write(True) == "Y"


@pytest.mark.parametrize("spec", [{"A": None}, {"A": ["x"]}, {"A": {"write": True}}, {"A": {"ours": "x", "write": False}},
                                  {"*": "drop"}, {"A": {"ours": "x", "write": True}, "B": {"ours": "x", "write": True}}])
def test_a_table_that_makes_no_sense_is_refused(spec: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        code_table(spec)


def load(text: str, standard: str = "edifact") -> CodeTable:
    return load_table(parse(text, "t.yaml"), standard, "t.yaml")


def test_a_file_says_same_or_points_to_another_standard() -> None:
    text = "codes: unit\nof: units\nvalues: {EA: each, H87: piece}\nedifact: {'*': same, PCE: {ours: H87, write: true}}\nubl: same\ncii: edifact\n"
    assert load(text).read("PCE") == load(text).read("H87") == "H87" and load(text).write("H87") == "PCE"
    assert load(text, "ubl").write("H87") == "H87" and load(text, "cii").write("H87") == "PCE"


def test_every_mistake_of_a_file_is_said_with_its_place() -> None:
    with pytest.raises(ConfigFault) as fault:
        load("codes: kind\nof: kinds\nvalues:\n  a: sentence\n  b:\nedifact: {X: a, Y: c}\nx13: {}\nubl: nowhere\n")
    words = str(fault.value)
    assert "t.yaml:7:1: a code table has no key 'x13'; did you mean x12?" in words
    assert "t.yaml:5:3: the value b needs a sentence" in words
    assert "t.yaml:6:20: Y: c is not among the values of kind" in words
    assert "t.yaml:8:6: ubl: nowhere is neither `same` nor another standard of this table" in words
    with pytest.raises(ConfigFault, match="says nothing of x12; it has edifact"):
        load("codes: kind\nof: kinds\nvalues: {a: one}\nedifact: {X: a}\n", "x12")


def test_a_broader_value_stands_in_where_a_standard_has_no_code() -> None:
    table = load("codes: kind\nof: kinds\nvalues: {a: one, b: two, c: three, d: four}\nbroader: {c: b, b: a, d: c}\n"
                 "edifact: {X: a}\nx12: {A: a, B: b, C: c, D: d}\n")
    for ours in ("b", "c", "d"):  # as many steps as it takes
        bad = table.write(ours)
        assert isinstance(bad, Bad) and (bad.kind, bad.value) == ("field_not_carried", "X")
        assert bad.note == f"the table kind has no code for {ours}; the code of a is written"
    assert table.write("a") == "X"
    circle = load("codes: kind\nof: kinds\nvalues: {a: one, b: two, c: three}\nbroader: {a: b, b: a}\nedifact: {X: c}\n")
    assert circle.write("a").kind == "unmapped_code"
    with pytest.raises(ConfigFault, match="broader: a: z must name two values of kind"):
        load("codes: kind\nof: kinds\nvalues: {a: one}\nbroader: {a: z}\nedifact: {X: a}\n")


@pytest.mark.parametrize("file", CODES, ids=lambda file: file.stem)
def test_a_shipped_table_is_whole_and_comes_back(file: Path) -> None:
    block = parse(file.read_bytes(), file.name)
    assert block["codes"] == file.stem
    used = set()
    for standard in (one for one in STANDARDS if one in block):
        table = load_table(block, standard, file.name)
        used |= set(table.writes)
        for code, ours in table.reads.items():
            assert table.read(table.write(ours)) == ours, f"{standard} {code}"
    assert used == set(block["values"]), "a value that no standard can say"


@pytest.mark.parametrize(("name", "edifact", "x12", "ours"), [
    ("order_type", "221", "BK", "blanket_order"), ("message_function", "9", "00", "original"), ("unit", "PCE", "PC", "H87"),
    ("unit", "KGM", "KG", "KGM"), ("party_role", "DP", "ST", "deliver_to"), ("reference_kind", "LC", "NB", "letter_of_credit"),
    ("item_id_scheme", "NB", "LT", "batch"), ("package_kind", "PX", "PLT", "PX"), ("allowance_reason", "FC", "D240", "freight"),
    ("transport_mode", "3", "M", "road"), ("tax_type", "VAT", "VA", "vat"), ("contact_role", "PD", "BD", "purchasing"),
    ("line_action", "2", "DI", "deleted"), ("response_outcome", "27", "RD", "rejected"), ("currency", "EUR", "EUR", "EUR"),
])
def test_the_same_fact_in_edifact_and_x12(name: str, edifact: str, x12: str, ours: str) -> None:
    block = parse(next(file for file in CODES if file.stem == name).read_bytes(), name)
    for standard, code in (("edifact", edifact), ("x12", x12)):
        assert load_table(block, standard).read(code) == ours and load_table(block, standard).write(ours) == code


KINDS = parse("codes: kind\nof: kinds\nvalues: {order: one, order_call: two, nothing: three}\nbroader: {order_call: order}\ncsv: {O: order}\n", "kind.yaml")
SHEET = """map: sheet
message: csv/acme/order
record: order
layout: {delimiter: ";", key: [nr], columns: [nr*, kind]}
fields: {number: {at: nr}, type: {at: kind, codes: kind}}
"""
ANSWER = {"number": "1", "outcome": "counter_offer"}  # UBL's OrderResponseCode has no code for it; broader: rejected


def block(text: str) -> Block:
    value = parse(text, "sheet.yaml")
    assert isinstance(value, Block)
    return value


def test_xml_and_rows_write_the_broader_value_too_and_say_so() -> None:
    """As segments do: the code of the broader value stands there, and the finding names the field and both values."""
    catalog = Catalog()
    compiled = catalog.map_named("order_response.ubl-2.1")
    root, findings = compiled.write([{**ANSWER, "issued_on": "2026-11-21"}])
    assert root.find("{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}OrderResponseCode").text == "RE"
    told = [(one.kind, one.position.path, one.value) for one in findings if "counter_offer" in one.note]
    assert told == [("field_not_carried", "outcome", "counter_offer")]
    assert "the code of rejected is written" in next(one.note for one in findings if one.position.path == "outcome")
    sheet = mapfile.load(block(SHEET), block, block)
    rows, findings = CompiledMap(sheet, None, lambda name, standard: load_table(KINDS, "csv")).write([{"number": "1", "type": "order_call"}])
    assert rows == [["1", "O"]]
    assert [(one.kind, one.position.path, one.value) for one in findings] == [("field_not_carried", "type", "order_call")]
    rows, findings = CompiledMap(sheet, None, lambda name, standard: load_table(KINDS, "csv")).write([{"number": "1", "type": "nothing"}])
    assert (rows, [one.kind for one in findings]) == ([["1", ""]], ["cannot_write"])
