"""Order responses: tied to their order, line by line, whoever wrote them and whichever came first."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from crm_case import Crm, kinds
from crm_followups import SUPPLIER, response
from crm_records import SHOP, WE, line, order, without

from edi_bridge.crm import customer_view, followup_view
from edi_bridge.crm.order_response import promised
from edi_bridge.record import normal


def progress(crm: Crm, number: str = "PO-1") -> list[dict[str, Any]]:
    found = crm.view(customer_view.order, number)
    return list(found["progress"])


def told(crm: Crm, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in progress(crm)]


def test_a_response_confirms_its_order_line_by_line(crm: Crm) -> None:
    crm.post("order", order())
    result = crm.post("order_response", response())
    assert (result.state, kinds(result)) == ("posted", [])
    assert [(d.kind, d.number) for d in result.documents] == [("order_response", "AB-1")]
    assert told(crm, "ordered", "status", "confirmed", "backordered", "confirmed_on", "confirmed_price") == [
        (Decimal(3), "accepted", Decimal(3), None, "2026-11-27", None),
        (Decimal("1.5"), "changed", Decimal(1), Decimal("0.5"), "2026-11-28", Decimal("0.34")),
    ]
    assert crm.rows("response_schedule", "line", "position", "outcome", "date", "quantity") == [
        (2, 1, "backordered", "2026-12-05", Decimal("0.5"))
    ]
    assert crm.count("customer") == 1 and crm.count("product") == 2


def test_the_whole_record_comes_back(crm: Crm) -> None:
    crm.post("order_response", response())
    found = crm.view(followup_view.order_response, "AB-1")
    assert normal(found["record"]) == normal(response())


def test_a_response_before_its_order_is_tied_when_the_order_comes(crm: Crm) -> None:
    assert kinds(crm.post("order_response", response())) == ["unknown_order"]
    assert crm.rows("order_response", "order_id") == [None]
    assert kinds(crm.post("order", order())) == []
    assert crm.rows("order_response", "order_id") == crm.rows("sales_order", "id")
    assert crm.rows("document_link", "relation", "to_id") == [("answers", crm.rows("sales_order", "id")[0])]
    assert [status for (status,) in told(crm, "status")] == ["accepted", "changed"]


@pytest.mark.parametrize("order_first", [True, False])
def test_order_and_response_in_one_batch_find_each_other(crm: Crm, order_first: bool) -> None:
    messages = [("order", [order()]), ("order_response", [response()])]
    crm.batch(*(messages if order_first else messages[::-1]))
    assert crm.rows("order_response", "order_id") == crm.rows("sales_order", "id")


def test_a_supplier_s_response_belongs_to_the_order_that_we_placed_and_not_to_one_that_we_took(crm: Crm) -> None:
    placed = order(buyer=WE, seller=SUPPLIER)
    crm.post("order", order(), partner="acme")
    crm.post("order", without(placed, "deliver_to"), partner="muehle")
    theirs = response(buyer=WE, seller=SUPPLIER)
    assert kinds(crm.post("order_response", theirs, partner="muehle")) == []
    bought = [number for number, side in crm.rows("sales_order", "id", "direction") if side == "bought"]
    assert crm.rows("order_response", "direction", "order_id") == [("bought", bought[0])]


def test_without_a_word_on_the_parties_a_response_is_the_supplier_s_and_finds_the_order_of_the_partner(crm: Crm) -> None:
    bare = without(response(), "buyer", "seller", "deliver_to")
    crm.post("order", order(buyer=WE, seller=SUPPLIER), partner="muehle")
    crm.post("order_response", bare, partner="muehle")
    assert crm.rows("order_response", "customer_id", "order_id") == crm.rows("sales_order", "customer_id", "id")


def test_one_without_parties_that_comes_first_moves_to_the_order_s_customer(crm: Crm) -> None:
    bare = without(response(), "buyer", "seller", "deliver_to")
    assert kinds(crm.post("order_response", bare, partner="muehle")) == ["unknown_order"]
    crm.post("order", order(buyer=WE, seller=SUPPLIER), partner="muehle")
    assert crm.rows("order_response", "customer_id", "order_id") == crm.rows("sales_order", "customer_id", "id")
    assert kinds(crm.post("order_response", bare, partner="muehle")) == ["message_posted_before"]


def test_a_response_of_another_partner_does_not_touch_the_order(crm: Crm) -> None:
    crm.post("order", order(buyer=WE, seller=SUPPLIER), partner="muehle")
    bare = without(response(), "buyer", "seller", "deliver_to")
    assert kinds(crm.post("order_response", bare, partner="other")) == ["unknown_order"]
    assert crm.rows("order_response", "order_id") == [None]


def test_the_release_tells_orders_of_one_number_apart(crm: Crm) -> None:
    crm.post("order", order(release="1"))
    assert kinds(crm.post("order_response", response(release="2"))) == ["unknown_order"]
    crm.post("order", order(release="2"))
    ids = dict(crm.rows("sales_order", "release", "id"))
    assert crm.rows("order_response", "order_id") == [ids["2"]]


def test_a_response_waits_for_the_release_that_it_names(crm: Crm) -> None:
    crm.post("order_response", response(release="2"))
    crm.post("order", order(release="1"))
    assert crm.rows("order_response", "order_id") == [None]
    crm.post("order", order(release="2"))
    assert crm.rows("order_response", "order_id") == [dict(crm.rows("sales_order", "release", "id"))["2"]]


@pytest.mark.parametrize("order_first", [True, False])
def test_an_order_without_release_is_meant_by_a_response_with_one(crm: Crm, order_first: bool) -> None:
    messages = [("order", order()), ("order_response", response(release="0001"))]
    for type_, record in messages if order_first else messages[::-1]:
        crm.post(type_, record)
    assert crm.rows("order_response", "order_id") == crm.rows("sales_order", "id")


def test_the_same_again_changes_nothing_and_other_content_is_refused(crm: Crm) -> None:
    crm.post("order", order())
    crm.post("order_response", response())
    before = crm.all_counts()
    again = response(lines=[{**response()["lines"][0], "quantity": Decimal("3.0")}, response()["lines"][1]])
    for same in (response(), again):
        result = crm.post("order_response", same)
        assert (result.state, kinds(result)) == ("posted", ["message_posted_before"])
    result = crm.post("order_response", response(outcome="accepted"))
    assert (result.state, kinds(result), result.documents) == ("rejected", ["duplicate_document"], [])
    assert crm.all_counts() == before


def test_a_replacement_takes_the_place_and_a_cancellation_takes_back(crm: Crm) -> None:
    crm.post("order", order())
    crm.post("order_response", response())
    new = response(purpose="replace", lines=[{"number": "2", "order_line": "2", "outcome": "rejected", "reason": "out_of_stock"}])
    assert kinds(crm.post("order_response", new)) == []
    assert crm.rows("order_response", "state", "line_count") == [("changed", 1)]
    assert told(crm, "status", "confirmed") == [("", None), ("cancelled", Decimal(0))]
    assert crm.count("document_link") == 1 and crm.count("response_schedule") == 0
    crm.post("order_response", response(purpose="cancellation"))
    assert crm.rows("order_response", "state") == ["cancelled"]
    assert told(crm, "status", "confirmed") == [("", None), ("", None)]


def test_responses_without_a_number_are_told_apart_by_what_they_say(crm: Crm) -> None:
    """X12 BAK08 is optional: an 855 without it is another response, unless it says the same."""
    bare = without(response(), "number")
    crm.post("order", order())
    assert kinds(crm.post("order_response", bare)) == []
    assert kinds(crm.post("order_response", bare)) == ["message_posted_before"]
    crm.post("order_response", {**bare, "issued_on": "2026-11-22", "outcome": "rejected", "lines": []})
    assert crm.count("order_response") == 2
    assert [status for (status,) in told(crm, "status")] == ["cancelled", "cancelled"]
    crm.post("order_response", {**bare, "purpose": "cancellation", "issued_on": "2026-11-23"})
    assert crm.rows("order_response", "state") == ["valid", "cancelled"]
    crm.post("order_response", {**bare, "purpose": "replace", "issued_on": "2026-11-24", "outcome": "accepted", "lines": []})
    assert crm.rows("order_response", "state") == ["changed", "cancelled"]
    assert told(crm, "status", "confirmed") == [("accepted", Decimal(3)), ("accepted", Decimal("1.5"))]


def test_a_response_to_no_order_at_all_is_refused(crm: Crm) -> None:
    result = crm.post("order_response", without(response(), "order_number"))
    assert (result.state, kinds(result)) == ("rejected", ["missing_number"])
    assert crm.count("customer") == 0


def test_a_test_is_refused(crm: Crm) -> None:
    assert kinds(crm.post("order_response", response(purpose="53"))) == ["test_document"]


def test_the_latest_response_holds_whichever_was_posted_last(crm: Crm) -> None:
    crm.post("order", order())
    late = {"number": "1", "order_line": "1", "outcome": "date_changed", "quantity": Decimal(3), "unit": "PCE", "date": "2026-12-24"}
    crm.post("order_response", response("AB-2", issued_on="2026-11-22T08:00", lines=[late]))
    crm.post("order_response", response("AB-1", issued_on="2026-11-21"))
    assert told(crm, "status", "confirmed_on") == [("changed", "2026-12-24"), ("changed", "2026-11-28")]


def test_a_response_without_lines_speaks_of_all_of_them(crm: Crm) -> None:
    crm.post("order", order())
    crm.post("order_response", response(outcome="accepted", lines=[], expected="2026-12-01"))
    assert told(crm, "status", "confirmed", "confirmed_on") == [
        ("accepted", Decimal(3), "2026-12-01"),
        ("accepted", Decimal("1.5"), "2026-12-01"),
    ]


def test_where_only_changes_are_told_the_other_lines_are_accepted(crm: Crm) -> None:
    """UNCL 4343 AI: acknowledged, changes only."""
    crm.post("order", order())
    crm.post("order_response", response(type="changes_only", lines=response()["lines"][1:]))
    assert told(crm, "status", "confirmed") == [("accepted", Decimal(3)), ("changed", Decimal(1))]


def test_a_line_that_the_seller_adds_and_one_that_the_order_does_not_have(crm: Crm) -> None:
    crm.post("order", order())
    lines = [
        {"number": "7", "outcome": "added", "gtin": "4000000000778", "quantity": Decimal(2), "unit": "PCE"},
        {"number": "9", "order_line": "9", "outcome": "accepted", "quantity": Decimal(1), "unit": "PCE"},
    ]
    result = crm.post("order_response", response(lines=lines))
    assert [(one.kind, one.value) for one in result.findings] == [("unknown_order_line", "9")]
    assert told(crm, "number", "status", "ordered")[2:] == [("7", "added", None), ("9", "not in the order", None)]


def test_a_line_changed_after_the_answer_is_still_found_by_its_number(crm: Crm) -> None:
    crm.post("order", order())
    crm.post("order_response", response())
    change = order(purpose="replace", lines=[line("2", "4"), line("1", "5")])
    crm.post("order", change)
    assert told(crm, "number", "ordered", "status", "confirmed") == [
        ("2", Decimal(4), "changed", Decimal(1)),
        ("1", Decimal(5), "accepted", Decimal(3)),
    ]


@pytest.mark.parametrize(
    ("said", "status", "agreed", "later"),
    [
        ({"outcome": "accepted", "quantity": "6", "ordered_quantity": "6"}, "accepted", "6", None),
        ({"outcome": "accepted"}, "accepted", None, None),
        ({"outcome": "backordered", "quantity": "6"}, "backordered", "0", "6"),
        ({"outcome": "partly_backordered", "quantity": "4", "ordered_quantity": "6"}, "changed", "4", "2"),
        ({"outcome": "rejected_unavailable", "quantity": "6", "ordered_quantity": "6"}, "cancelled", "0", None),
        ({"outcome": "on_hold", "quantity": "6"}, "held", "0", None),
        ({"outcome": "7"}, "cancelled", "0", None),
        ({"outcome": "accepted", "schedules": [{"quantity": "2"}, {"quantity": "3"}]}, "accepted", "5", None),
        ({}, "", None, None),
    ],
)
def test_what_a_line_promises(said: dict[str, Any], status: str, agreed: str | None, later: str | None) -> None:
    record = {
        name: Decimal(value) if "quantity" in name else [{"quantity": Decimal(p["quantity"])} for p in value] if name == "schedules" else value
        for name, value in said.items()
    }
    expected = tuple(None if text is None else Decimal(text) for text in (agreed, later))
    assert promised(record) == (status, *expected)


def test_three_dates_of_one_line_add_up() -> None:
    """Three ACK segments of an 855: 20 pieces each."""
    parts = [{"outcome": "date_changed", "quantity": Decimal(20)}, {"outcome": "date_changed", "quantity": Decimal(20)}]
    said = {"outcome": "accepted", "ordered_quantity": Decimal(60), "quantity": Decimal(20), "splits": parts}
    assert promised(said) == ("accepted", Decimal(60), None)


def test_a_place_of_delivery_of_ours_and_a_supplier_s_warehouse(crm: Crm) -> None:
    crm.post("order_response", response(buyer=WE, seller=SUPPLIER, deliver_to=SHOP, ship_from={"gln": "4399901000016", "name": "Lager"}))
    assert crm.rows("customer_location", "name") == ["Lager"]
