"""Orders: posted once and whole, changed by what follows, on both databases."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from crm_case import OWN, Crm, kinds
from crm_records import ACME, SHOP, WE, line, order, without

from edi_bridge.crm import customer_view
from edi_bridge.crm.post import POSTERS, post_batch
from edi_bridge.record import RECORDS, normal


def shown(crm: Crm, number: str = "PO-1") -> dict[str, Any]:
    found = crm.view(customer_view.order, number)
    return found


def test_a_new_order_makes_customer_location_lines_and_products(crm: Crm) -> None:
    result = crm.post("order", order())
    assert result.state == "posted" and not result.findings
    assert [(d.kind, d.number) for d in result.documents] == [("order", "PO-1")]
    assert crm.rows("customer", "name", "is_customer", "is_supplier") == [("Acme Handel", True, False)]
    assert sorted(crm.rows("customer_identifier", "scheme", "value")) == [
        ("gln", "4012345000009"),
        ("partner:acme", "0815"),
        ("vat", "DE123456788"),
    ]
    assert crm.rows("customer_location", "key", "role", "name") == [
        ("gln:4012345000016", "deliver_to", "Acme Filiale 7")
    ]
    assert crm.rows("customer_contact", "name", "phone") == [("Ute Öz", "+49 221 1")]
    assert crm.rows("customer_address", "kind", "city") == [("main", "Köln")]
    assert crm.rows("order_line", "position", "number", "quantity", "net_price", "net_amount") == [
        (1, "1", Decimal("3"), Decimal("12.50"), Decimal("37.50")),
        (2, "2", Decimal("1.5"), Decimal("0.3333"), Decimal("0.49995")),
    ]
    assert sorted(crm.rows("product", "gtin", "our_item", "partner_item")) == [
        ("4000000000001", "S1", "B1"),
        ("4000000000002", "S2", "B2"),
    ]


def test_the_whole_record_comes_back(crm: Crm) -> None:
    record = order(
        notes=[{"kind": "AAI", "text": "Tür links"}],
        totals={"lines": Decimal("38.00")},
        allowances=[{"kind": "allowance", "percent": Decimal("2.0")}],
    )
    crm.post("order", record)
    assert shown(crm)["record"] == record
    assert crm.rows("order_allowance", "line", "kind", "percent") == [(0, "allowance", Decimal("2.0"))]


def test_decimals_keep_all_their_digits(crm: Crm) -> None:
    long = "12345678901234567890.123456780"
    crm.post("order", order(lines=[line("1", long, "0.10")]))
    stored = crm.rows("order_line", "quantity", "net_price")[0]
    assert [str(value) for value in stored] == [long, "0.10"]


def test_the_total_is_the_one_given_or_the_sum_of_the_lines(crm: Crm) -> None:
    crm.post("order", order("PO-1"))
    crm.post("order", order("PO-2", totals={"payable": Decimal("99.00"), "lines": Decimal("37.99995")}))
    crm.post("order", order("PO-3", lines=[without(line("1"), "net_amount", "net_price")]))
    crm.post(
        "order", order("PO-4", lines=[{**without(line("1", "200", "50"), "net_amount"), "price_basis": Decimal(100)}])
    )
    assert crm.rows("sales_order", "number", "total") == [
        ("PO-1", Decimal("37.99995")),
        ("PO-2", Decimal("99.00")),
        ("PO-3", None),
        ("PO-4", Decimal(100)),
    ]


def test_lines_that_do_not_add_up_are_noted(crm: Crm) -> None:
    result = crm.post("order", order(totals={"lines": Decimal("40.00")}))
    assert result.state == "posted" and kinds(result) == ["totals_differ"]
    assert "37.99995" in result.findings[0].note


def test_schedules_get_rows_and_locations(crm: Crm) -> None:
    parts = [
        {"deliver_to": SHOP, "quantity": Decimal(2), "unit": "PCE", "date": "2026-12-01"},
        {"location": "0042", "quantity": Decimal(1), "unit": "PCE"},
    ]
    crm.post("order", order(lines=[line("1", schedules=parts)]))
    location = crm.rows("customer_location", "id")[0]
    assert crm.rows("order_schedule", "line", "position", "location_id", "location", "quantity", "date") == [
        (1, 1, location, "", Decimal(2), "2026-12-01"),
        (1, 2, None, "0042", Decimal(1), ""),
    ]


def test_the_second_order_of_a_customer_adds_only_the_order(crm: Crm) -> None:
    crm.post("order", order("PO-1"))
    before = crm.all_counts()
    crm.post("order", order("PO-2"))
    after = crm.all_counts()
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        "sales_order": 1,
        "order_line": 2,
    }


def test_a_batch_knows_the_customers_it_creates(crm: Crm) -> None:
    results = crm.batch(*[("order", [order(f"PO-{n}")]) for n in range(150)])
    assert {result.state for result in results} == {"posted"}
    assert (
        crm.count("customer"),
        crm.count("sales_order"),
        crm.count("order_line"),
        crm.count("customer_location"),
    ) == (1, 150, 300, 1)


def test_posting_the_same_again_changes_nothing(crm: Crm) -> None:
    crm.post("order", order())
    before = crm.all_counts()
    result = crm.post("order", order())
    assert result.state == "posted" and kinds(result) == ["message_posted_before"]
    assert crm.all_counts() == before


def test_the_same_order_twice_in_one_batch_is_posted_once(crm: Crm) -> None:
    results = crm.batch(("order", [order()]), ("order", [order()]))
    assert [kinds(result) for result in results] == [[], ["message_posted_before"]]
    assert crm.count("sales_order") == 1


def test_the_same_content_with_other_zeros_is_the_same(crm: Crm) -> None:
    crm.post("order", order(lines=[line("1", "3", "12.50")]))
    result = crm.post("order", order(lines=[{**line("1"), "quantity": Decimal("3.000"), "net_price": Decimal("12.5")}]))
    assert kinds(result) == ["message_posted_before"]


def test_other_content_under_the_same_number_is_refused(crm: Crm) -> None:
    crm.post("order", order())
    before = crm.all_counts()
    result = crm.post("order", order(lines=[line("1", "4")]))
    assert result.state == "rejected" and kinds(result) == ["duplicate_document"] and not result.documents
    assert crm.all_counts() == before


def test_the_same_number_of_another_customer_or_release_is_another_order(crm: Crm) -> None:
    crm.post("order", order())
    other = {"gln": "4000002000004", "name": "Other"}
    assert crm.post("order", order(buyer=other)).state == "posted"
    assert crm.post("order", order(release="2")).state == "posted"
    assert crm.count("sales_order") == 3


def test_an_order_that_we_sent_makes_a_supplier(crm: Crm) -> None:
    crm.post("order", order(buyer=WE, seller=ACME))
    assert crm.rows("customer", "name", "is_customer", "is_supplier") == [("Acme Handel", False, True)]
    assert crm.rows("sales_order", "direction") == ["bought"]
    assert sorted(crm.rows("product", "our_item", "partner_item")) == [("B1", "S1"), ("B2", "S2")]


def test_carriers_banks_and_we_never_become_customers_or_locations(crm: Crm) -> None:
    crm.post(
        "order",
        order(
            carrier={"gln": "4000001000005", "name": "Fast"},
            deliver_to=WE,
            other_parties=[{"role": "BK", "name": "A Bank", "gln": "4000009000007"}],
        ),
    )
    assert crm.rows("customer", "name") == ["Acme Handel"]
    assert crm.count("customer_location") == 0


def test_an_order_without_a_named_buyer_belongs_to_the_partner(crm: Crm) -> None:
    result = crm.post("order", without(order(), "buyer"))
    assert result.state == "posted"
    assert crm.rows("customer", "name") == ["acme"]
    assert crm.rows("customer_identifier", "scheme", "value") == [("partner:acme:sender", "acme")]


def test_a_buyer_without_identifiers_is_found_again_by_name_and_place(crm: Crm) -> None:
    buyer = {"name": "Corner Shop", "city": "Bonn"}
    crm.post("order", order("PO-1", buyer=buyer))
    crm.post("order", order("PO-2", buyer={"name": "CORNER  SHOP", "city": "bonn"}))
    crm.post("order", order("PO-3", buyer={"name": "Corner Shop", "city": "Trier"}))
    assert crm.rows("customer", "name") == ["Corner Shop", "Corner Shop"]


def test_another_spelling_of_the_name_is_kept_beside_it(crm: Crm) -> None:
    crm.post("order", order("PO-1"))
    crm.post("order", order("PO-2", buyer={**ACME, "name": "ACME HANDEL AG"}))
    assert crm.rows("customer", "name") == ["Acme Handel"]
    assert crm.rows("customer_name", "name", "kind") == [("ACME HANDEL AG", "seen")]


def test_contradicting_identifiers_are_kept_for_a_person(crm: Crm) -> None:
    crm.post("order", order("PO-1"))
    crm.post("order", order("PO-2", buyer={"gln": "4000002000004", "name": "Other"}))
    before = crm.all_counts()
    result = crm.post("order", order("PO-3", buyer={"gln": "4000002000004", "vat": "DE123456788"}))
    assert result.state == "held" and kinds(result) == ["conflicting_identifiers"]
    assert "gln 4000002000004 belongs to customer" in result.findings[0].note
    assert crm.all_counts() == before


def test_another_gln_with_the_same_vat_number_is_a_branch_of_the_customer(crm: Crm) -> None:
    crm.post("order", order("PO-1"))
    branch = {"gln": "4012345000023", "vat": "DE123456788", "name": "Acme Süd"}
    assert crm.post("order", order("PO-2", buyer=branch)).state == "posted"
    assert crm.post("order", order("PO-3", buyer={"gln": "4012345000023"})).state == "posted"
    assert crm.count("customer") == 1
    assert ("gln:4012345000023", "branch") in crm.rows("customer_location", "key", "role")


def test_a_message_without_counterpart_is_refused(crm: Crm) -> None:
    result = crm.post("order", order(buyer={"vat": "DE811569869"}))
    assert (result.state, kinds(result)) == ("rejected", ["no_counterpart"])
    assert kinds(crm.post("order", without(order(), "number"))) == ["missing_number"]


# changes


def test_a_change_changes_the_order_line_by_line(crm: Crm) -> None:
    crm.post("order", order())
    result = crm.post(
        "order",
        {
            "number": "CHG-1",
            "type": "order_change",
            "purpose": "change",
            "order_number": "PO-1",
            "buyer": ACME,
            "seller": WE,
            "requested_delivery": "2026-12-24",
            "lines": [
                {"number": "1", "action": "changed", "quantity": Decimal(5), "net_amount": Decimal("62.50")},
                {"number": "2", "action": "deleted"},
                {**line("3", "1", "2"), "action": "added"},
            ],
        },
    )
    assert result.state == "posted" and not result.findings
    assert [(d.kind, d.number) for d in result.documents] == [("order_change", "CHG-1")]
    found = shown(crm)
    assert (found["state"], found["requested_delivery"], found["total"], found["line_count"]) == (
        "changed",
        "2026-12-24",
        Decimal("64.50"),
        2,
    )
    assert [row["state"] for row in found["line_states"]] == ["", "cancelled", ""]
    assert found["record"]["lines"][0] == {**line("1"), "quantity": Decimal(5), "net_amount": Decimal("62.50")}
    assert found["record"]["number"] == "PO-1" and found["record"]["type"] == "order"
    assert [(change["number"], change["act"], change["state"]) for change in found["changes"]] == [
        ("CHG-1", "change", "applied")
    ]


def test_the_first_order_and_its_change_in_one_batch(crm: Crm) -> None:
    change = {
        "number": "PO-1",
        "purpose": "change",
        "buyer": ACME,
        "seller": WE,
        "lines": [{"number": "1", "quantity": Decimal(9)}],
    }
    results = crm.batch(("order", [order()]), ("order", [change]), ("order", [order("PO-2")]))
    assert [kinds(result) for result in results] == [[], [], []]
    assert crm.rows("order_line", "quantity")[0] == Decimal(9)
    assert crm.count("sales_order") == 2


def test_a_change_is_applied_once(crm: Crm) -> None:
    crm.post("order", order())
    change = order(purpose="change", lines=[{"number": "2", "action": "deleted"}])
    crm.post("order", change)
    result = crm.post("order", change)
    assert kinds(result) == ["message_posted_before"]
    assert crm.count("order_change") == 1


def test_the_original_sent_again_after_a_change_changes_nothing(crm: Crm) -> None:
    crm.post("order", order())
    crm.post("order", order(purpose="change", lines=[{"number": "2", "action": "deleted"}]))
    before = shown(crm)
    assert kinds(crm.post("order", order())) == ["message_posted_before"]
    padded = order(lines=[{**one, "quantity": one["quantity"] + Decimal("0.0000")} for one in order()["lines"]])
    assert kinds(crm.post("order", padded)) == ["message_posted_before"]
    assert shown(crm) == before


def test_a_change_that_comes_before_its_order_waits_for_it(crm: Crm) -> None:
    change = {
        "number": "CHG-1",
        "type": "order_change",
        "purpose": "change",
        "order_number": "PO-1",
        "buyer": ACME,
        "seller": WE,
        "lines": [{"number": "1", "action": "changed", "quantity": Decimal(7)}],
    }
    early = crm.post("order", change)
    assert early.state == "posted" and kinds(early) == ["unknown_order"]
    assert crm.rows("order_change", "state", "order_id") == [("waiting", None)]
    assert kinds(crm.post("order", change)) == ["message_posted_before"]
    result = crm.post("order", order())
    assert [(d.kind, d.number) for d in result.documents] == [("order", "PO-1"), ("order_change", "CHG-1")]
    assert crm.rows("order_line", "quantity") == [Decimal(7), Decimal("1.5")]
    assert crm.rows("order_change", "state") == ["applied"]


def test_a_change_with_a_number_in_a_row_waits_for_the_order_without_one(crm: Crm) -> None:
    """UBL numbers the changes of an order (SequenceNumberID); an order with releases keeps to its own."""
    crm.post("order", order(purpose="cancellation", release="2"))
    crm.post("order", order(release="1"))
    assert crm.rows("sales_order", "state") == ["open"]
    crm.post("order", order())
    assert crm.rows("sales_order", "release", "state") == [("1", "open"), ("", "cancelled")]


def test_a_change_of_an_unknown_line_is_noted(crm: Crm) -> None:
    crm.post("order", order())
    result = crm.post("order", order(purpose="change", lines=[{"number": "77", "action": "deleted"}]))
    assert kinds(result) == ["unknown_order_line"] and crm.count("order_line") == 2


def test_a_replacement_takes_the_place_of_the_order(crm: Crm) -> None:
    crm.post("order", order())
    record = order(purpose="replace", currency="CHF", lines=[line("9", "1", "5")])
    assert not crm.post("order", record).findings
    found = shown(crm)
    assert (found["state"], found["currency"], found["total"]) == ("changed", "CHF", Decimal(5))
    assert normal(found["record"]) == normal(record)


def test_a_replacement_of_an_order_that_never_came_is_the_order(crm: Crm) -> None:
    result = crm.post("order", order(purpose="replace"))
    assert kinds(result) == ["unknown_order"] and crm.count("sales_order") == 1
    assert kinds(crm.post("order", order(purpose="replace"))) == ["message_posted_before"]
    assert crm.rows("sales_order", "state") == ["open"]


def test_a_cancellation_cancels_and_keeps(crm: Crm) -> None:
    crm.post("order", order())
    assert not crm.post("order", order(purpose="cancellation", lines=[])).findings
    assert crm.rows("sales_order", "state") == ["cancelled"] and crm.count("order_line") == 2


def test_a_cancellation_without_parties_finds_the_order_of_the_partner(crm: Crm) -> None:
    crm.post("order", order())
    assert not crm.post("order", {"number": "PO-1", "purpose": "cancellation"}).findings
    assert crm.rows("sales_order", "state") == ["cancelled"] and crm.count("customer") == 1


@pytest.mark.parametrize("purpose", ["duplicate", "copy", "retransmission"])
def test_a_copy_is_posted_only_when_the_original_is_not_here(crm: Crm, purpose: str) -> None:
    assert not crm.post("order", order(purpose=purpose)).findings
    assert kinds(crm.post("order", order(purpose=purpose))) == ["message_posted_before"]
    assert crm.count("sales_order") == 1


def test_a_test_is_refused(crm: Crm) -> None:
    assert kinds(crm.post("order", order(purpose="53"))) == ["test_document"]
    assert crm.count("customer") == 0


def test_a_message_of_several_records_is_posted_whole_or_not_at_all(crm: Crm) -> None:
    crm.post("order", order("PO-1"))
    before = crm.all_counts()
    results = crm.batch(
        ("order", [order("PO-2")]),
        ("order", [order("PO-3", buyer={"gln": "4000002000004", "name": "New"}), order("PO-1", currency="USD")]),
        ("order", [order("PO-4")]),
    )
    assert [result.state for result in results] == ["posted", "rejected", "posted"]
    assert results[1].documents == [] and kinds(results[1]) == ["duplicate_document"]
    assert crm.rows("sales_order", "number") == ["PO-1", "PO-2", "PO-4"]
    assert crm.count("customer") == before["customer"]


def test_every_record_is_kept() -> None:
    assert set(POSTERS) == set(RECORDS)


def test_a_change_without_parties_waits_for_the_order_of_its_partner(crm: Crm) -> None:
    early = crm.post(
        "order", {"number": "PO-1", "purpose": "change", "lines": [{"number": "1", "quantity": Decimal(7)}]}
    )
    assert kinds(early) == ["unknown_order"]
    result = crm.post("order", order())
    assert [d.kind for d in result.documents] == ["order", "order_change"]
    assert crm.rows("order_line", "quantity")[0] == Decimal(7)
    again = crm.post(
        "order", {"number": "PO-1", "purpose": "change", "lines": [{"number": "1", "quantity": Decimal(7)}]}
    )
    assert kinds(again) == ["message_posted_before"]


def test_an_invoice_without_parties_belongs_to_the_customer_of_its_order(crm: Crm) -> None:
    placed = crm.post("order", order(buyer=WE, seller=ACME)).documents[0]
    result = crm.post("invoice", {"number": "INV-9", "order_number": "PO-1", "totals": {"payable": Decimal(5)}})
    assert not result.findings and result.documents[0].customer == placed.customer
    assert crm.rows("customer", "name") == ["Acme Handel"] and crm.count("customer_name") == 0


def test_a_lane_has_a_crm_of_its_own(crm: Crm) -> None:
    with crm.database.write("staging_") as connection:
        result = post_batch(connection, crm.items(connection, [("order", [order()])], "acme"), OWN)[0]
    assert result.state == "posted" and crm.count("sales_order") == 0
    with crm.database.read("staging_") as connection:
        assert [row["number"] for row in customer_view.orders(connection)] == ["PO-1"]


@pytest.mark.parametrize("record", [
    order("9" * 401), order(buyer={**ACME, "sender_number": "x" * 3000}), order(deliver_to={"name": "n" * 3000}),
    order(lines=[line("1", schedules=[{"deliver_to": {"id": "x" * 3000}}])])])  # fmt: skip
def test_a_number_or_name_that_no_index_can_hold_is_refused(crm: Crm, record: dict[str, Any]) -> None:
    result = crm.post("order", record)
    assert (result.state, kinds(result)) == ("rejected", ["invalid_value"]) and crm.count("customer") == 0


def test_a_long_item_number_is_kept_in_the_line(crm: Crm) -> None:
    assert crm.post("order", order(lines=[line("1", buyer_item="x" * 3000)])).state == "posted"
    assert crm.rows("order_line", "buyer_item") == ["x" * 3000] and crm.count("product") == 0
