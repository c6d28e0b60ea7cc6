"""Records: JSON both ways, comparison, and the printed tables."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from edi_bridge import record

DOCS = Path(__file__).parent.parent / "docs"


def test_json_keeps_every_digit_and_the_order_of_fields():
    order = {"number": "1", "lines": [{"number": "1", "quantity": Decimal("1.50"), "net_price": Decimal("12345678901234567890.12345678")}]}
    text = record.to_json(order)
    assert text == b'{"number":"1","lines":[{"number":"1","quantity":"1.50","net_price":"12345678901234567890.12345678"}]}'
    assert record.from_json(text, "order") == order
    assert json.loads(record.to_json(order, indent=True)) == json.loads(text)


@pytest.mark.parametrize("text, sentence", [
    ('{"nummer": "1"}', "no field nummer"),
    ('{"lines": {}}', "expected a list"),
    ('{"lines": [{"quantity": "many"}]}', r"order.lines\[0\].quantity: 'many' is not a number"),
    ('{"lines": [{"quantity": "NaN"}]}', "is not a number"),
    ('{"buyer": "ACME"}', "expected an object"),
    ('{"number": 7}', "is not of type text"),
])
def test_what_is_no_record_is_said_with_its_path(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        record.from_json(text, "order")


def test_differences_name_the_path_and_do_not_see_trailing_zeros():
    old = {"number": "1", "lines": [{"quantity": Decimal("1.50")}, {"quantity": Decimal(2)}]}
    new = {"number": "1", "lines": [{"quantity": Decimal("1.5"), "unit": "EA"}]}
    assert list(record.differences(old, new)) == [("lines[0].unit", None, "EA"), ("lines[1]", {"quantity": Decimal(2)}, None)]
    assert list(record.differences(old, old)) == []


def test_every_type_that_a_field_names_exists():
    for name, fields in {**record.RECORDS, **record.PARTS}.items():
        for field in fields.values():
            assert field.type in record.SCALARS or field.type in record.PARTS, f"{name}.{field.name}"


def test_the_leaves_of_a_record_and_their_paths():
    value = {"number": "7", "lines": [{"quantity": 1, "taxes": [{"rate": 19}, {}]}, {"quantity": 2}], "notes": [], "totals": {}}
    got = list(record.leaves(value))
    assert got == [("number", "7"), ("lines[0].quantity", 1), ("lines[0].taxes[0].rate", 19), ("lines[1].quantity", 2)]
    assert [record.unnumbered(path) for path, _ in got] == ["number", "lines.quantity", "lines.taxes.rate", "lines.quantity"]
    assert [path for path, _ in record.leaves([{"number": "7"}, {"number": "8"}])] == ["[0].number", "[1].number"]
    assert record.unnumbered("/Order[1]/Line[12]/@id") == "/Order/Line/@id"


def test_the_printed_tables_are_those_of_the_code():
    assert (DOCS / "records.md").read_text("utf-8") == record.tables(), (
        "print them again: python -c \"from edi_bridge import record; print(record.tables(), end='')\" > docs/records.md")
