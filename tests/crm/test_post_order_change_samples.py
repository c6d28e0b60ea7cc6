"""Order changes as partners send them, posted after their orders: what the CRM makes of ORDCHG and 860."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from crm_case import Crm, kinds

from edi_bridge.crm.post import PostResult
from tests import sample_cases


def records(name: str) -> list[dict[str, Any]]:
    return sample_cases.read(next(case for case in sample_cases.cases() if case.name == name)).records


def posted(crm: Crm, name: str, partner: str) -> list[PostResult]:
    return [crm.post("order", record, partner=partner) for record in records(name)]


def test_ordchg_changes_takes_out_and_adds_lines(crm: Crm) -> None:
    posted(crm, "edifact/orders-d96a-rich", "havel_markt")
    (result,) = posted(crm, "edifact/ordchg-d96a-line-actions", "havel_markt")
    assert [(one.kind, one.number) for one in result.documents] == [("order_change", "4500017745-1")] and kinds(result) == []
    assert crm.rows("sales_order", "number", "state", "line_count", "total") == [("4500017745", "changed", 3, Decimal("1350.00"))]
    assert crm.rows("order_line", "number", "state", "quantity") == [
        ("10", "", Decimal(30)), ("20", "cancelled", Decimal(5000)), ("21", "", Decimal(1)), ("30", "", Decimal(4))]


def test_an_order_taken_back_as_a_whole_by_a_change_without_a_number(crm: Crm) -> None:
    """BCH05 is optional; the change is known by the order that it names (BCH03)."""
    posted(crm, "x12/850-4010-bluebird-sdq", "bluebird_stores")
    (result,) = posted(crm, "x12/860-4010-bluebird-cancellation", "bluebird_stores")
    assert (result.state, kinds(result)) == ("posted", [])
    assert crm.rows("sales_order", "number", "state") == [("77120934", "open"), ("77120935", "cancelled")]
    (again,) = posted(crm, "x12/860-4010-bluebird-cancellation", "bluebird_stores")
    assert kinds(again) == ["message_posted_before"] and crm.count("order_change") == 1


def test_a_change_that_says_original_is_a_change_all_the_same(crm: Crm) -> None:
    """860 with BCH01 00: the order of the number in BCH03 is changed, no order is made."""
    posted(crm, "x12/850-4010-cascade-release-test", "cascade_mfg")
    results = posted(crm, "x12/860-4010-cascade-two-changes", "cascade_mfg")
    assert [[(one.kind, one.number) for one in result.documents] for result in results] == [[("order_change", "1")], [("order_change", "2")]]
    assert crm.rows("sales_order", "number", "release", "state") == [("B4471", "0007", "changed")]
    assert crm.rows("order_line", "number", "quantity", "net_price") == [
        ("10", Decimal(6000), Decimal("7.1")), ("20", Decimal(12), Decimal(149))]


def test_a_cancellation_that_comes_before_its_order_waits(crm: Crm) -> None:
    (result,) = posted(crm, "edifact/ordchg-d96a-cancellation", "bellerive")
    assert kinds(result) == ["unknown_order"]
    (order,) = posted(crm, "edifact/orders-d96a-shipto-bellerive", "bellerive")
    assert [(one.kind, one.number) for one in order.documents] == [("order", "CF-88012"), ("order_change", "CF-88012-A")]
    assert crm.rows("sales_order", "state") == ["cancelled"]


def test_lines_that_a_ubl_change_takes_out_are_cancelled(crm: Crm) -> None:
    """An OrderChange holds the whole order; LineStatusCode 2 (UNCL 1229) or Cancelled (OASIS) says that a line is gone."""
    (change,) = records("xml/orderchange-ubl-peppol")
    order = {**change, "number": change["order_number"], "type": "order", "purpose": "original",
             "lines": [{name: value for name, value in line.items() if name != "action"} for line in change["lines"][:3]]}
    order.pop("order_number"), order.pop("release")
    crm.post("order", order, partner="harbor_medical")
    result = crm.post("order", change, partner="harbor_medical")
    assert [(one.kind, one.number) for one in result.documents] == [("order_change", change["number"])] and kinds(result) == []
    assert crm.rows("order_line", "number", "state") == [("1", ""), ("2", "cancelled"), ("3", ""), ("4", "")]
    assert crm.rows("sales_order", "state", "line_count") == [("changed", 3)]
