"""What follows from a record, by hand from EN 16931-1 clause 6.5.2, and what a sending adds."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from edi_bridge import completion
from edi_bridge.completion import completed, headed, renumbered, without_day_zones

INVOICE: dict[str, Any] = {
    "number": "R-1", "currency": "EUR",
    "lines": [
        {"number": "1", "quantity": D(3), "net_price": D("9.995")},  # 29.985 → 29.99 (half away from zero)
        {"quantity": D(250), "net_price": D("12.40"), "price_basis": D(100), "allowances": [{"kind": "allowance", "percent": D(10)}]},
    ],
    "allowances": [{"kind": "charge", "amount": D("4.00")}, {"kind": "allowance", "amount": D("1.50")}],
    "taxes": [{"rate": D(19), "base": D("60.39")}],
}


def test_an_invoice_is_added_up() -> None:
    made, added = completed(INVOICE, "invoice")
    assert [line["net_amount"] for line in made["lines"]] == [D("29.99"), D("27.90")]  # 31.00 less 10 %
    assert made["lines"][1]["number"] == "2"
    assert made["lines"][1]["allowances"][0]["amount"] == D("3.10")
    assert made["taxes"][0]["amount"] == D("11.47")
    assert made["totals"] == {"line_count": 2, "lines": D("57.89"), "charges": D("4.00"), "allowances": D("1.50"), "net": D("60.39"),
                              "tax": D("11.47"), "gross": D("71.86"), "payable": D("71.86")}
    assert "lines[1].allowances[0].amount" in added and "totals.payable" in added
    assert "totals" not in INVOICE and "net_amount" not in INVOICE["lines"][0]  # the original is as it was


def test_what_is_said_stays_and_totals_that_do_not_fit_are_not_added_to() -> None:
    made, added = completed({**INVOICE, "totals": {"payable": D("70.00")}}, "invoice")
    assert made["totals"] == {"payable": D("70.00"), "lines": D("57.89"), "line_count": 2}
    assert "totals.gross" not in added


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "30"), ("EUR", "29.99"), ("KWD", "29.985")])
def test_amounts_have_the_currencys_decimals(currency: str, amount: str) -> None:
    made, _ = completed({"currency": currency, "lines": [{"number": "1", "quantity": D(3), "net_price": D("9.995")}]}, "order")
    assert made["lines"][0]["net_amount"] == D(amount)


@pytest.mark.parametrize(("quantity", "amount", "price"), [
    ("120", "12.00", "0.1"), ("3", "10.00", None), ("4", "0.00", "0"), ("-2", "-19.98", "9.99"), ("2", "-19.98", None), ("100", "100000", "1000"),
    ("7", "0.000007", "0.000001"), ("7", "1234567890123456", None)])
def test_a_price_follows_where_it_gives_exactly_the_amount(quantity: str, amount: str, price: str | None) -> None:
    line = {"number": "1", "quantity": D(quantity), "net_amount": D(amount)}
    made, _ = completed({"lines": [line]}, "invoice")
    assert made["lines"][0].get("net_price") == (None if price is None else D(price))
    assert "E" not in str(made["lines"][0].get("net_price", ""))


def test_a_price_is_not_made_up_where_allowances_are_in_the_amount() -> None:
    line = {"number": "1", "quantity": D(2), "net_amount": D(18), "allowances": [{"kind": "allowance", "amount": D(2)}]}
    assert "net_price" not in completed({"lines": [line]}, "invoice")[0]["lines"][0]


def test_line_numbers_are_those_that_no_line_has() -> None:
    made, _ = completed({"lines": [{"number": "2"}, {}, {"number": "1"}, {}]}, "order")
    assert [line["number"] for line in made["lines"]] == ["2", "3", "1", "4"]


def test_a_notice_gets_what_its_sending_gives_it() -> None:
    made, added = headed({"name": "Kessler"}, "customer", "17", "2026-11-21T10:30", clock=True)
    assert made == {"name": "Kessler", "notice_number": "17", "issued_on": "2026-11-21T10:30", "roles": [{"code": "buyer"}]}
    assert added == ["notice_number", "issued_on", "roles"]
    assert headed({"name": "Kessler"}, "customer", "17", "2026-11-21T10:30", clock=False)[0]["issued_on"] == "2026-11-21"
    whole = {"notice_number": "A", "issued_on": "2026-11-21T08:00", "roles": [{"code": "seller"}]}
    assert headed(whole, "customer", "17", "2026-11-21T10:30", clock=True) == (whole, [])


@pytest.mark.parametrize(("day", "moment"), [("2026-11-21", "2026-11-21T10:30"), ("2026-11-20", "2026-11-20T00:00")])
def test_a_day_of_issue_gets_a_time_where_the_message_wants_one(day: str, moment: str) -> None:
    assert headed({"issued_on": day}, "despatch_advice", "1", "2026-11-21T10:30", clock=True) == ({"issued_on": moment}, ["issued_on"])
    assert headed({"issued_on": day}, "despatch_advice", "1", "2026-11-21T10:30", clock=False) == ({"issued_on": day}, [])
    assert headed({"issued_on": day}, "invoice", "1", "2026-11-21T10:30", clock=True) == ({"issued_on": day}, [])


def test_days_lose_their_zone_and_texts_keep_it() -> None:
    record = {"number": "2026-11-21Z", "issued_on": "2026-11-21+01:00", "due_on": "2026-12-01",
              "lines": [{"delivered_on": "2026-11-20Z", "description": "2026-11-20Z"}]}
    made, paths = without_day_zones(record, "invoice")
    assert made == {"number": "2026-11-21Z", "issued_on": "2026-11-21", "due_on": "2026-12-01",
                    "lines": [{"delivered_on": "2026-11-20", "description": "2026-11-20Z"}]}
    assert paths == ["issued_on", "lines[0].delivered_on"]


def test_lines_get_numbers_that_edifact_can_hold_all_or_none() -> None:
    record = {"lines": [{"number": "SZ300540", "quantity": 1}, {"number": "1"}, {"quantity": 2}, {"number": "1234567", "parent": "SZ300540"}]}
    made, before = renumbered(record, "order")
    assert made["lines"] == [{"number": "1", "quantity": 1}, {"number": "2"}, {"quantity": 2, "number": "3"}, {"number": "4", "parent": "1"}]
    assert before == {"lines[0].number": "SZ300540", "lines[1].number": "1", "lines[2].number": "", "lines[3].number": "1234567"}
    assert record["lines"][0] == {"number": "SZ300540", "quantity": 1}  # the original is as it was
    fine = {"lines": [{"number": "000010"}, {}, {"number": "20"}]}
    assert renumbered(fine, "invoice") == (fine, {})
    assert renumbered(record, "despatch_advice") == (record, {})  # whose lines others refer to


LEVELS = {"packs.order_number", "packs.level"}  # what the map of an 856 carries, as far as it matters here
GOODS = {"packs.items.order_number"}  # and those of DESADV and UBL


def test_levels_of_orders_become_the_orders_of_their_goods() -> None:
    """An 856 by levels (S-O-T-P-I and S-O-I) for a message that names the order of each line."""
    record = {"number": "D-1", "packs": [
        {"order_number": "A", "order_date": "2026-11-02", "packs": [{"sscc": "1", "packs": [{"sscc": "2", "items": [{"gtin": "x"}]}]}]},
        {"order_number": "B", "vendor_number": "7", "items": [{"gtin": "y"}, {"gtin": "z", "order_number": "C"}]}]}
    made, moved, gone = completion.orders_placed(record, GOODS)
    assert made == {"number": "D-1", "items": [{"order_number": "B", "gtin": "y"}, {"gtin": "z", "order_number": "C"}], "packs": [
        {"sscc": "1", "packs": [{"sscc": "2", "items": [{"order_number": "A", "order_date": "2026-11-02", "gtin": "x"}]}]}]}
    assert list(moved) == ["packs.order_number"] and list(gone) == ["packs.vendor_number"]
    assert record["packs"][0]["order_number"] == "A" and "order_number" not in record["packs"][1]["items"][0]  # the original is as it was


def test_one_order_of_all_goods_stands_at_the_head_too_and_an_order_without_goods_is_told() -> None:
    one = {"packs": [{"order_number": "A", "sscc": "1", "items": [{"gtin": "x"}]}, {"order_number": "E"}]}
    made, moved, gone = completion.orders_placed(one, GOODS)
    assert made == {"order_number": "A", "packs": [{"sscc": "1", "items": [{"order_number": "A", "gtin": "x"}]}]}
    assert "packs.order_number" in moved and gone == {"packs.order_number": "order E has no goods here that could name it"}


def test_the_orders_of_goods_become_levels_around_them() -> None:
    """DESADV for an 856: a level for each order in the order they come, packs of packs are tares, the head's order is that of goods
    which name none."""
    record = {"order_number": "A", "order_date": "2026-11-02", "items": [{"gtin": "v", "order_number": "B"}, {"gtin": "w"}], "packs": [
        {"sscc": "1", "packs": [{"sscc": "2", "items": [{"gtin": "x", "order_number": "A"}]}, {"sscc": "3", "items": [{"gtin": "y"}]}]},
        {"sscc": "4", "items": [{"gtin": "z", "order_number": "B"}]}]}
    made, moved, gone = completion.orders_placed(record, LEVELS)
    assert made == {"packs": [
        {"order_number": "B", "items": [{"gtin": "v"}], "packs": [{"sscc": "4", "items": [{"gtin": "z"}]}]},
        {"order_number": "A", "order_date": "2026-11-02", "items": [{"gtin": "w"}], "packs": [
            {"level": "tare", "sscc": "1", "packs": [{"sscc": "2", "items": [{"gtin": "x"}]}, {"sscc": "3", "items": [{"gtin": "y"}]}]}]}]}
    assert list(moved) == ["order_number"] and gone == {}


def test_a_pack_with_goods_of_several_orders_keeps_what_they_say_and_its_inner_packs_name_theirs() -> None:
    inner = [{"sscc": "2", "items": [{"gtin": "x", "order_number": "A"}]},
             {"sscc": "3", "items": [{"gtin": "y", "order_number": "A"}, {"gtin": "z", "order_number": "B"}]}]
    made, _, _ = completion.orders_placed({"packs": [{"sscc": "1", "packs": inner}]}, LEVELS)
    assert made == {"packs": [{"sscc": "1", "packs": [{"sscc": "2", "items": [{"gtin": "x"}], "order_number": "A"}, inner[1]]}]}


def test_what_names_its_orders_as_the_target_does_is_left_alone() -> None:
    for carried in (LEVELS, GOODS, LEVELS | GOODS, set()):
        record = {"packs": [{"sscc": "1", "items": [{"gtin": "x"}]}]}
        assert completion.orders_placed(record, carried) == (record, {}, {})


def test_goods_without_a_number_get_one_at_any_depth() -> None:
    record = {"items": [{"gtin": "x"}, {"number": "2"}], "packs": [{"packs": [{"items": [{"gtin": "y"}]}]}]}
    made, added = completion.completed(record, "despatch_advice")
    assert (made["items"][0]["number"], made["packs"][0]["packs"][0]["items"][0]["number"]) == ("1", "3")
    assert added == ["items[0].number", "packs[0].packs[0].items[0].number"]
