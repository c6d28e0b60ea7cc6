"""The named functions of `writes:`: counts, sums and levels, on records written by hand."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from edi_bridge.interchange import Delimiters
from edi_bridge.mapping import functions
from tests import sample_cases

X12 = Delimiters(element="*", component=">", terminator="~", release="", repetition="")
SHIPMENT = {
    "number": "D-1", "purpose": "original", "issued_on": "2026-11-21",
    "packs": [
        {"order_number": "B-1", "items": [{"seller_item": "X", "quantity": D(5), "unit": "EA"}],
         "packs": [{"level": "tare", "sscc": "340123450000000018",
                    "packs": [{"level": "pack", "items": [{"seller_item": "A", "quantity": D("2.5"), "unit": "EA"},
                                                          {"seller_item": "B", "quantity": D(4), "unit": "EA"}]}]}]},
        {"order_number": "B-2", "packs": [{"level": "pack", "items": [{"seller_item": "C", "quantity": D(1), "unit": "EA"}]}]},
    ],
}


def test_a_sum_at_any_depth_counts_each_value_once():
    assert functions.call("sum_below(items.quantity)", SHIPMENT) == "12.5"
    assert functions.call("sum(packs.items.quantity)", SHIPMENT) == "5"  # this depth only
    assert functions.call("sum_below(items.quantity)", {"items": [{"quantity": D(1)}, {"quantity": D(2)}]}) == "3"
    assert functions.call("sum_below(items.quantity)", {"number": "1"}) == "0"


def test_a_text_that_is_no_call_is_itself_and_an_unknown_call_is_said():
    assert functions.call("S", SHIPMENT) == "S"
    assert functions.call("levels()", SHIPMENT, 7) == "7"


@pytest.mark.parametrize(("text", "record", "wrong"), [
    ("S", "order", ""),
    ("Quantity (net)", "order", ""),  # a text, no call
    ("depth(packs)", "order", "there is no function depth; known are count, sum, total, sum_below, first, where, levels"),
    ("cuont(lines)", "order", "there is no function cuont; did you mean count?; known are count, sum, total, sum_below, first, where, levels"),
    ("count(lines)", "order", ""),
    ("count(linse)", "order", "order has no field 'linse'; did you mean lines?"),
    ("sum(lines.quantity)", "order", ""),
    ("sum(lines.quantity.unit)", "order", "order has no field 'lines.quantity.unit'"),
    ("sum(quantity)", "order", "order has no field 'quantity'"),
    ("sum_below(items.quantity)", "despatch_advice", ""),  # begins at any depth
    ("levels(packs)", "despatch_advice", "levels() takes nothing between its brackets"),
    ("where(project)", "invoice", "where(path, text) needs both"),
    ("where(project, Project reference)", "invoice", ""),
    ("count(lines, taxes)", "invoice", "count(path) takes one path"),
])
def test_a_call_is_one_that_the_record_can_answer(text: str, record: str, wrong: str) -> None:
    assert functions.check(text, record) == wrong


def test_in_xml_a_call_sees_the_items_of_the_list_its_path_leads_through() -> None:
    assert functions.check("total(taxes.amount)", "invoice", True) == "" == functions.check("total(unit)", "order", True)
    assert functions.check("total(taxes.sum)", "order", True) == "order has no field 'taxes.sum'"


def test_ctt_of_a_ship_notice_counts_the_levels_that_are_written():
    """X12 004010 856: CTT01 is the number of HL segments. S, two O, T, two P, four I."""
    one = sample_cases.catalog().map_named("despatch_advice.x12-4010-856")
    segments, findings = one.write([SHIPMENT], X12, "ascii")
    assert findings == []
    assert [segment for segment in segments if segment.startswith("HL*")][-1] == "HL*10*9*I*0"
    assert segments[-1] == "CTT*10"


def test_the_hash_total_is_written_where_the_record_has_it():
    one = sample_cases.catalog().map_named("despatch_advice.x12-4010-856")
    segments, findings = one.write([{**SHIPMENT, "totals": {"quantity": D("12.5")}}], X12, "ascii")
    assert findings == [] and segments[-1] == "CTT*10*12.5"


def test_an_empty_level_is_not_counted():
    """A shipment that says nothing but its head has no HL."""
    one = sample_cases.catalog().map_named("despatch_advice.x12-4010-856")
    segments, _ = one.write([{"number": "D-1", "purpose": "original", "issued_on": "2026-11-21"}], X12, "ascii")
    assert segments == ["BSN*00*D-1*20261121", "CTT*0"]


def test_a_text_stands_where_a_value_does() -> None:
    """EN 16931-3-3 wants a name beside the project's number (BT-11), and none without it."""
    assert functions.call("where(project, Project reference)", {"project": "P-7"}) == "Project reference"
    assert functions.call("where(totals.tax, Tax)", {"totals": {"tax": 0}}) == "Tax"
    assert functions.call("where(project, Project reference)", {"project": ""}) == ""
    assert functions.call("where(project, Project reference)", {}) == ""
