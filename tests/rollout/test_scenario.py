"""Scenarios as data: how they are read, filled in and chosen."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP
from decimal import Decimal as D
from typing import Any

import pytest

from edi_bridge.catalog import Catalog
from edi_bridge.fault import ConfigFault
from edi_bridge.rollout import scenario as s
from edi_bridge.rollout.scenario import Context, Fit, why_not
from edi_bridge.rollout.scenario_file import habits, load
from edi_bridge.yamltext import parse

SHIPPED = {name: load(block) for name, block in Catalog(None).scenarios().items()}
WORDS = Context({"customer": {"gln": "9521200099997", "name": "Kiosk"}, "signs": "'+:"}, "S001", "2026-11-22")


def test_what_the_catalogue_must_hold_is_there() -> None:
    wanted = ["order-minimal", "order-maximal", "order-200-lines", "order-two-ship-tos", "order-change", "order-cancel", "order-unknown-item",
              "order-zero-quantity", "order-free-text", "order_response-minimal", "despatch_advice-packs", "despatch_advice-partial", "invoice-two-rates",
              "invoice-credit-note", "invoice-rounding", "order-to-cash", "fault-message-count", "fault-control-number", "fault-duplicate",
              "fault-unknown-partner", "fault-charset", "acknowledgement-rejected", "acknowledgement-late", "acknowledgement-unknown"]
    assert [name for name in wanted if name not in SHIPPED] == []
    assert [step.record for step in SHIPPED["order-to-cash"].steps] == ["order", "order_response", "despatch_advice", "invoice", "remittance"]


@pytest.mark.parametrize("name", SHIPPED)
def test_each_says_what_it_is_for_and_a_negative_one_plants_a_fault(name: str) -> None:
    one = SHIPPED[name]
    planted = bool(one.last.mutate) or one.answer in ("rejected", "late", "unknown")
    assert len(one.about) > 20 and one.negative is planted


def test_amounts_of_the_invoices_are_those_of_a_calculator() -> None:
    """EN 16931-1 6.5.2: the net sum of the lines, per rate base × rate, each rounded half up to the cent."""
    for name in ("invoice-minimal", "invoice-two-rates", "invoice-credit-note", "invoice-rounding"):
        values: Any = SHIPPED[name].last.values[0]
        cent = D("0.01")
        for line in values["lines"]:
            assert (D(line["quantity"]) * D(line["net_price"])).quantize(cent, ROUND_HALF_UP) == D(line["net_amount"])
        for tax in values["taxes"]:
            base = sum(D(line["net_amount"]) for line in values["lines"] if line["taxes"][0]["rate"] == tax["rate"])
            assert base == D(tax["base"]) and (base * D(tax["rate"]) / 100).quantize(cent, ROUND_HALF_UP) == D(tax["amount"])


def test_example_numbers_have_the_check_digits_of_gs1() -> None:
    assert s.checked("629104150021") == "6291041500213"  # GS1's own example of a GTIN-13
    assert s.checked("37610425002123456") == "376104250021234569"  # and of an SSCC
    assert re.fullmatch(r"95212\d{8}", s.gtin(7)) and len(s.sscc("S001042", 3)) == 18


def test_words_are_filled_in_and_a_whole_one_takes_its_value_as_it_is() -> None:
    template = {"number": "{number}A", "issued_on": "{today}", "requested_delivery": "{today +10}", "buyer": "{customer}",
                "notes": [{"kind": "general", "text": "mind {signs}"}], "lines": [{"repeat": 3, "of": {"number": "{i}", "quantity": "{i}0", "gtin": "{gtin}"}}]}
    made = s.filled(template, WORDS)
    assert (made["number"], made["issued_on"], made["requested_delivery"]) == ("S001A", "2026-11-22", "2026-12-02")
    assert made["buyer"] == {"gln": "9521200099997", "name": "Kiosk"} and made["notes"][0]["text"] == "mind '+:"
    assert [(line["number"], line["quantity"]) for line in made["lines"]] == [("1", "10"), ("2", "20"), ("3", "30")]
    assert len({line["gtin"] for line in made["lines"]}) == 3
    with pytest.raises(KeyError):
        s.filled("{nobody}", WORDS)


def test_what_a_partner_always_wants_stands_in_every_record_and_every_line() -> None:
    made = s.merged({"number": "1", "lines": [{"number": "1", "unit": "KGM"}, {"number": "2"}]}, {"department": "12", "lines": {"unit": "H87"}, "number": "9"})
    assert made == {"number": "1", "department": "12", "lines": [{"number": "1", "unit": "KGM"}, {"number": "2", "unit": "H87"}]}


def test_what_the_map_does_not_carry_is_left_out_also_in_packs_of_packs() -> None:
    record = {"number": "1", "vendor_number": "2", "packs": [{"sscc": "a", "packs": [{"sscc": "b", "kind": "CT", "items": [{"quantity": D(1)}]}]}]}
    assert s.pruned(record, frozenset({"number", "packs.sscc", "packs.items.quantity"})) == {
        "number": "1", "packs": [{"sscc": "a", "packs": [{"sscc": "b", "items": [{"quantity": D(1)}]}]}]}
    assert s.without({"a": [{"b": "1", "c": "2"}, {"b": "3"}], "d": "4"}, ["a[0].b", "a[1]"]) == {"a": [{"c": "2"}], "d": "4"}


@pytest.mark.parametrize(("name", "more", "why"), [
    ("order-minimal", {}, ""),
    ("order-minimal", {"record": "invoice"}, "records of type order"),
    ("order-minimal", {"message": "edifact/D96A/ORDCHG"}, "messages other than ORDCHG"),
    ("order-three-in-one", {"message": "xml/ubl-2.1/Order"}, "messages of edifact and x12"),
    ("order-two-ship-tos", {"carries": frozenset({"number"})}, "maps that carry lines.deliver_to.gln"),
    ("order-unknown-item", {}, "maps that look keys up"),
    ("order-unknown-item", {"lookup": True}, ""),
    ("fault-message-count", {"direction": "out"}, "what comes in"),
    ("acknowledgement-late", {}, "what goes out"),
    ("order-to-cash", {"stage": "validating"}, "the stages certifying, retest"),
    ("fault-message-count", {"record": "remittance"}, ""),
])
def test_whether_a_scenario_is_for_an_agreement(name: str, more: dict[str, Any], why: str) -> None:
    fit = {"direction": "in", "message": "edifact/D96A/ORDERS", "record": "order", "stage": "certifying", "carries": frozenset({"lines.deliver_to.gln", "lines.gtin"})}
    assert why_not(SHIPPED[name], Fit(**{**fit, **more})).startswith(why) and bool(why) is bool(why_not(SHIPPED[name], Fit(**{**fit, **more})))


GOOD = """scenario: mine
about: One of our own.
record: order
values: {number: "{number}", lines: [{number: "1", quantity: "1"}]}
expect: {state: posted}
"""


@pytest.mark.parametrize(("before", "after", "said"), [
    ("record: order", "record: orders", "there is no record orders"),
    ('quantity: "1"', 'amount: "1"', "has no field amount"),
    ("state: posted", "state: fine", "state: is one of"),
    ("expect: {state: posted}", "expect: posted", "scenarios/mine.yaml:5:9: expect: is {state: posted,"),
    ("state: posted", "states: posted", "expect: has no key 'states'; did you mean state?"),
    ("scenario: mine", "scenario: other", "is the name of the file"),
    ("about: One of our own.\n", "", "about: says what"),
    ("expect:", "mutate: explode\nexpect:", "there is no mutation explode"),
    ("expect:", "mutate: {do: set, field: number}\nexpect:", "set needs text"),
    ("expect:", "answer: maybe\nexpect:", "answer: is what the partner says"),
    ("expect:", "speed: 3\nexpect:", "speed"),
])
def test_mistakes_are_told_with_their_line(before: str, after: str, said: str) -> None:
    load(parse(GOOD, "scenarios/mine.yaml"))
    with pytest.raises(ConfigFault) as fault:
        load(parse(GOOD.replace(before, after), "scenarios/mine.yaml"))
    assert said in str(fault.value) and "scenarios/mine.yaml:" in str(fault.value)


def test_habits_need_reasons_and_known_fields() -> None:
    good = habits(parse('habits: kiosk\nalways: {order: {department: "1"}}\notherwise: {lines.gtin: "in PIA"}\n', "x.yaml"))
    assert good.otherwise == {"lines.gtin": "in PIA"} and good.always == {"order": {"department": "1"}}
    for wrong, said in (("otherwise: {lines.gtin: ~}", "needs its reason"), ("always: {order: {colour: red}}", "has no field colour"), ("x: 1", "x")):
        with pytest.raises(ConfigFault, match=said):
            habits(parse(wrong + "\n", "x.yaml"))
