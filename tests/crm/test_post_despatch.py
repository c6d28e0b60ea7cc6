"""Despatch advices: packs, SSCC, quantities shipped for each line of each order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from crm_case import Crm, kinds
from crm_followups import SUPPLIER, despatch, item
from crm_records import WE, line, order, without

from edi_bridge.crm import customer_view, followup_view
from edi_bridge.record import normal


def shipped(crm: Crm, number: str = "PO-1") -> list[tuple[Any, ...]]:
    found = crm.view(customer_view.order, number)
    return [(row["number"], row["shipped"], row["shipped_on"]) for row in found["progress"]]


def test_packs_stand_in_their_packs_and_items_in_theirs(crm: Crm) -> None:
    crm.post("order", order())
    result = crm.post("despatch_advice", despatch())
    assert (result.state, kinds(result)) == ("posted", [])
    assert crm.rows("despatch_pack", "position", "parent", "sscc", "packages") == [
        (1, 0, "340123450000000014", 1),
        (2, 1, "340123450000000021", 1),
        (3, 1, "340123450000000038", 1),
    ]
    (ordered,) = crm.rows("sales_order", "id")
    assert crm.rows("despatch_item", "position", "pack", "order_id", "order_number", "quantity", "batch") == [
        (1, 0, ordered, "PO-1", Decimal(1), ""),
        (2, 2, ordered, "PO-1", Decimal(2), "L7"),
        (3, 3, ordered, "PO-1", Decimal(1), ""),
    ]
    assert shipped(crm) == [("1", Decimal(3), "2026-11-26T16:00"), ("2", Decimal(1), "2026-11-26T16:00")]


def test_the_whole_record_comes_back(crm: Crm) -> None:
    crm.post("despatch_advice", despatch())
    found = crm.view(followup_view.despatch_advice, "LS-1")
    assert normal(found["record"]) == normal(despatch())


def test_it_is_found_by_the_number_on_a_pack(crm: Crm) -> None:
    crm.post("despatch_advice", despatch())
    with crm.database.read() as connection:
        for text, count in (("340123450000000021", 1), ("PO-1", 1), ("LS", 1), ("340123450000000999", 0)):
            assert len(followup_view.despatch_advices(connection, search=text)) == count


def test_a_despatch_before_its_order_is_tied_when_the_order_comes(crm: Crm) -> None:
    assert kinds(crm.post("despatch_advice", despatch())) == ["unknown_order"]
    assert crm.rows("despatch_item", "order_id") == [None, None, None]
    crm.post("order", order())
    assert shipped(crm) == [("1", Decimal(3), "2026-11-26T16:00"), ("2", Decimal(1), "2026-11-26T16:00")]


def test_orders_of_packs_each_get_their_own_items(crm: Crm) -> None:
    """One shipment for two orders, as X12 856 has it (an O loop above the packs); only one of them is here."""
    packs = [
        {"order_number": "PO-1", "packs": [{"sscc": "340123450000000045", "items": [item("1", "1"), item("2", "1.5")]}]},
        {"order_number": "PO-2", "packs": [{"sscc": "340123450000000052", "items": [item("1", "3")]}]},
    ]
    advice = without(despatch(packs=packs, items=[]), "order_number")
    crm.post("order", order())
    result = crm.post("despatch_advice", advice)
    assert [(one.kind, one.value) for one in result.findings] == [("unknown_order", "PO-2")]
    assert [row[1] for row in shipped(crm)] == [Decimal(1), Decimal("1.5")]
    crm.post("order", order("PO-2"))
    assert [row[1] for row in shipped(crm, "PO-2")] == [Decimal(3), Decimal(0)]
    assert [row[1] for row in shipped(crm)] == [Decimal(1), Decimal("1.5")]


def test_two_shipments_add_up_and_a_cancelled_one_does_not_count(crm: Crm) -> None:
    crm.post("order", order())
    crm.post("despatch_advice", despatch(packs=[], items=[item("1", "1")]))
    crm.post("despatch_advice", despatch("LS-2", packs=[], items=[item("1", "2")], shipped_on="2026-11-28"))
    assert shipped(crm)[0] == ("1", Decimal(3), "2026-11-28")
    crm.post("despatch_advice", despatch("LS-2", purpose="cancellation", packs=[], items=[]))
    assert crm.rows("despatch_advice", "state") == ["valid", "cancelled"]
    assert shipped(crm)[0] == ("1", Decimal(1), "2026-11-26T16:00")


def test_another_unit_is_not_added_but_told(crm: Crm) -> None:
    crm.post("order", order())
    crm.post("despatch_advice", despatch(packs=[], items=[item("1", "2", unit="CT"), item("1", "1")]))
    found = crm.view(customer_view.order, "PO-1")
    assert (found["progress"][0]["shipped"], found["progress"][0]["other_units"]) == (Decimal(1), {"shipped": {"CT": Decimal(2)}})


def test_without_the_order_s_line_the_article_says_which_is_meant(crm: Crm) -> None:
    crm.post("order", order(lines=[line("1"), line("2", "1.5")]))
    bare = without(item("2", "1"), "order_line") | {"number": "1"}  # its own number 1 is not the order's line 1
    crm.post("despatch_advice", despatch(packs=[], items=[bare]))
    assert [row[1] for row in shipped(crm)] == [Decimal(0), Decimal(1)]


def test_a_line_that_is_not_in_the_order_is_noted(crm: Crm) -> None:
    crm.post("order", order())
    result = crm.post("despatch_advice", despatch(packs=[], items=[item("8", "1")]))
    assert [(one.kind, one.value) for one in result.findings] == [("unknown_order_line", "8")]


def test_the_same_again_changes_nothing_and_other_content_is_refused(crm: Crm) -> None:
    crm.post("despatch_advice", despatch())
    before = crm.all_counts()
    assert kinds(crm.post("despatch_advice", despatch(gross_weight=Decimal("12.50")))) == ["message_posted_before"]
    result = crm.post("despatch_advice", despatch(gross_weight=Decimal(13)))
    assert (result.state, kinds(result)) == ("rejected", ["duplicate_document"])
    assert crm.all_counts() == before


def test_a_replacement_takes_the_place(crm: Crm) -> None:
    crm.post("order", order())
    crm.post("despatch_advice", despatch())
    crm.post("despatch_advice", despatch(purpose="replace", packs=[], items=[item("2", "1.5")]))
    assert crm.count("despatch_pack") == 0 and crm.count("despatch_advice") == 1 and crm.count("document_link") == 1
    assert [row[1] for row in shipped(crm)] == [Decimal(0), Decimal("1.5")]


def test_a_replacement_may_go_to_a_place_that_is_new(crm: Crm) -> None:
    crm.post("despatch_advice", despatch())
    crm.post("despatch_advice", despatch(purpose="replace", deliver_to={"gln": "4012345000023", "name": "Filiale 8"}))
    places = dict(crm.rows("customer_location", "name", "id"))
    assert crm.rows("despatch_advice", "deliver_to_id") == [places["Filiale 8"]]


def test_a_replacement_and_its_original_in_one_batch(crm: Crm) -> None:
    new = despatch(purpose="replace", packs=[], items=[item("2", "1.5")])
    results = crm.batch(("despatch_advice", [despatch()]), ("despatch_advice", [new]), ("order", [order()]))
    assert [result.state for result in results] == ["posted", "posted", "posted"]
    assert [row[1] for row in shipped(crm)] == [Decimal(0), Decimal("1.5")]


def test_a_supplier_s_despatch_delivers_what_we_ordered_to_our_own_place(crm: Crm) -> None:
    advice = despatch(buyer=WE, seller=SUPPLIER)
    crm.post("order", order(buyer=WE, seller=SUPPLIER), partner="muehle")
    crm.post("despatch_advice", advice, partner="muehle")
    assert crm.rows("despatch_advice", "direction", "deliver_to_id") == [("bought", None)]
    assert crm.rows("customer", "is_supplier", "name") == [(True, "Mühle KG")]
    assert [row[1] for row in shipped(crm)] == [Decimal(3), Decimal(1)]


def test_without_parties_it_is_the_supplier_s_whose_order_it_names(crm: Crm) -> None:
    """An 856 often names only ship-from and ship-to."""
    crm.post("order", order(buyer=WE, seller=SUPPLIER), partner="muehle")
    packs = [{"order_number": "PO-1", "items": [item("1", "1")]}]
    advice = without(despatch(packs=packs, items=[]), "buyer", "seller", "order_number")
    assert kinds(crm.post("despatch_advice", advice, partner="muehle")) == []
    assert crm.rows("despatch_advice", "customer_id") == crm.rows("sales_order", "customer_id")


def test_a_pack_without_contents_or_number_is_a_pack(crm: Crm) -> None:
    crm.post("despatch_advice", despatch(packs=[{"kind": "PX", "count": 3}], items=[]))
    assert crm.rows("despatch_pack", "sscc", "kind", "packages") == [("", "PX", 3)]
    assert crm.rows("despatch_advice", "pack_count", "item_count") == [(3, 0)]
