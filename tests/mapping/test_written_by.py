"""Which rule wrote a place: for every place of every message that our maps write, and for places that are empty."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from edi_bridge.catalog import Catalog
from edi_bridge.finding import Verdict
from edi_bridge.interchange import Delimiters, Message, MessageType
from edi_bridge.mapping.written_by import (
    BESIDE,
    EMPTY,
    FIELD,
    PROGRAM,
    QUALIFIER,
    UNREAD,
    WRITES,
    Origins,
)
from tests import sample_cases
from tests.sample_cases import Case

ROOT = Path(__file__).parents[2]
CASES = [case for case in sample_cases.cases() if case.name.startswith(("edifact/", "x12/"))]


def origins(map_name: str, body: list[str], like: Message) -> Origins:
    compiled = sample_cases.catalog().map_named(map_name)
    message = sample_cases.message_of(like, body)
    return Origins(message, compiled.plan, compiled.structure, compiled.trace(message))


@cache
def written(case: Case) -> list[Origins]:
    """The sample's records written again with their map."""
    made = []
    for outcome in sample_cases.read(case).outcomes:
        if not isinstance(outcome.message, Message) or not outcome.records or outcome.verdict is Verdict.REJECTED:
            continue
        compiled = sample_cases.catalog().map_named(outcome.map)
        body, _ = compiled.write(outcome.records, outcome.message.delimiters, outcome.message.encoding)
        made.append(origins(outcome.map, body, outcome.message))
    return made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_place_that_a_map_writes_is_explained(case: Case) -> None:
    """Each element and component of each segment: a field, what belongs to it, a qualifier, `writes:` or the program. Only a
    second text of the same kind has coded elements that were read from the first one's segment: they name the rest of theirs."""
    for one in written(case):
        message = one.message
        for number, elements in enumerate(message.segments, 1):
            for element, text in enumerate(elements[1:], 1):
                for component, part in enumerate(text.split(message.delimiters.component), 1):
                    origin = one.at(number, element, component)
                    if part and origin.how in (UNREAD, EMPTY):
                        assert elements[0] == "FTX" and origin.fields and origin.rule, (number, element, component, elements)
                    if part and origin.how == FIELD:
                        assert message.value(number, element, component) == origin.raw


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_rule_s_line_names_the_last_part_of_the_field(case: Case) -> None:
    for one in written(case):
        for number, elements in enumerate(one.message.segments, 1):
            for element in range(1, len(elements)):
                origin = one.at(number, element)
                if origin.how != FIELD:
                    continue
                file, _, line = origin.rule.rpartition(":")
                text = (ROOT / file).read_text("utf-8").splitlines()[int(line) - 1]
                name = re.sub(r"\[\d+\]", "", origin.fields[0]).rpartition(".")[2]
                assert name in text, origin


X12 = Delimiters("*", ">", "~", "", "^", ".")
INVOICE: dict[str, Any] = {
    "number": "4711",
    "type": "invoice",
    "purpose": "original",
    "issued_on": "2026-11-21",
    "order_number": "PO-1",
    "currency": "USD",
    "buyer": {"duns": "315369934", "name": "Bluebird Stores", "city": "Columbus"},
    "lines": [
        {"number": "1", "seller_item": "A1", "quantity": 5, "unit": "EA", "net_price": 3, "description": "Mug"},
        {"number": "2", "seller_item": "A2", "quantity": 7, "net_price": 3, "retail_price": 9},
    ],
    "totals": {"payable": 36, "line_count": 2},
}


def invoice() -> Origins:
    from decimal import Decimal

    def numbers(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: numbers(one) if key != "line_count" else one for key, one in value.items()}
        if isinstance(value, list):
            return [numbers(one) for one in value]
        return Decimal(value) if isinstance(value, int) else value

    compiled = Catalog().map_named("invoice.x12-4010-810")
    body, findings = compiled.write([numbers(INVOICE)], X12)
    assert [one.kind for one in findings] == []
    header = Message("x12", MessageType("x12", "004010", "810"), 1, "0001", "ST*810*0001~SE*2*0001~", X12)
    return origins("invoice.x12-4010-810", body, header)


def number_of(one: Origins, start: str) -> int:
    return next(n for n, elements in enumerate(one.message.segments, 1) if "*".join(elements).startswith(start))


def test_fields_qualifiers_and_the_program_s_own_are_told_apart() -> None:
    one = invoice()
    second = number_of(one, "IT1*2")
    quantity = one.at(second, 2)
    assert (quantity.how, quantity.fields, quantity.raw) == (FIELD, ("lines[1].quantity",), "7")
    assert quantity.rule.startswith("mappings/invoice.x12-4010-810.yaml:")
    assert (quantity.place.path, quantity.place.id) == ("{IT1}/IT1/02", "358")
    assert one.at(second, 6).how == QUALIFIER and one.at(second, 6).fields == ("lines[1].seller_item",)
    party = number_of(one, "N1*BY")
    assert (one.at(party, 1).how, one.at(party, 2).fields) == (QUALIFIER, ("buyer.name",))
    assert (one.at(party, 3).how, one.at(party, 3).fields) == (QUALIFIER, ("buyer.duns",))
    assert (one.at(1, 2).how, one.at(len(one.message.segments), 1).how) == (PROGRAM, PROGRAM)
    assert one.at(number_of(one, "CTP"), 5).how == UNREAD  # CTP05 is no field of ours
    assert one.at(number_of(one, "CTP"), 5).fields == ("lines[1].retail_price",)  # but the segment is


def test_a_whole_segment_leads_to_all_its_fields() -> None:
    one = invoice()
    assert set(one.at(number_of(one, "IT1*1")).fields) == {
        f"lines[0].{name}" for name in ("number", "quantity", "unit", "net_price", "seller_item")
    }


def test_an_empty_element_leads_to_the_rule_of_its_own_line() -> None:
    """Line 2 has no unit: IT103 is empty there."""
    one = invoice()
    origin = one.at(number_of(one, "IT1*2"), 3)
    assert (origin.how, origin.fields, origin.place.path) == (EMPTY, ("lines[1].unit",), "{IT1}/IT1/03")


def test_a_missing_segment_leads_to_the_fields_that_would_have_written_it() -> None:
    one = invoice()
    second = number_of(one, "IT1*2")
    description = one.missing(second + 1, "PID")  # right behind line 2, where its PID should have stood
    assert description.how == EMPTY and "lines[1].description" in description.fields
    assert {path.partition(".")[0] for path in description.fields} == {"lines[1]"}
    currency = one.missing(3, "CUR", 2)
    assert currency.how == EMPTY or currency.fields == ("currency",)
    street = one.missing(number_of(one, "N1*BY") + 1, "N3")
    assert street.how == EMPTY and street.fields[0] == "buyer.street"
    unknown = one.missing(3, "ZZZ")
    assert (unknown.how, unknown.fields) == (UNREAD, ())


def test_a_line_of_writes_names_itself() -> None:
    case = next(one for one in CASES if one.name == "edifact/orders-d96a-plain")
    (one,) = written(case)
    section = next(n for n, elements in enumerate(one.message.segments, 1) if elements[0] == "UNS")
    origin = one.at(section, 1)
    assert (origin.how, origin.text) == (WRITES, "S") and origin.rule.startswith("mappings/order.edifact-d96a.yaml:")
    dated = next(n for n, elements in enumerate(one.message.segments, 1) if elements[0] == "DTM")
    assert (one.at(dated, 1, 3).how, one.at(dated, 1, 3).fields) == (BESIDE, ("issued_on",))  # 2379 tells the form of the date
    assert (one.at(dated, 1, 1).how, one.at(dated, 1, 1).fields) == (QUALIFIER, ("issued_on",))


@pytest.mark.parametrize(("segment", "element"), [(0, 1), (99, 1), (2, 99), (99, None)])
def test_a_place_that_is_not_there_is_no_mistake_of_ours(segment: int, element: int | None) -> None:
    assert invoice().at(segment, element).how in (UNREAD, EMPTY)
