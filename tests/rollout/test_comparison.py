"""Documents of both channels held against each other: expectations written by hand."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from edi_bridge.rollout import comparison as c
from edi_bridge.rollout.comparison import Explanation, Shape, Tolerance, clean, compare, judged, key_of


def order(**more: Any) -> dict[str, Any]:
    return {"number": "4711", "issued_on": "2026-11-02", "buyer": {"gln": "9521200099997", "name": "Kiosk AG"},
            "lines": [{"number": "1", "gtin": "9521200002119", "quantity": D("48"), "net_price": D("3.19")},
                      {"number": "2", "gtin": "9521200002126", "quantity": D("6"), "net_price": D("11.00")}], **more}


def fields(ours: dict[str, Any], theirs: dict[str, Any], shape: Shape = Shape("order")) -> list[tuple[str, str, str | None, str | None]]:
    return [(one.field, one.item, one.ours, one.theirs) for one in compare(ours, theirs, shape)]


def test_the_same_document_has_no_difference_whatever_the_digits() -> None:
    theirs = order()
    theirs["lines"][1]["net_price"] = D("11")
    assert fields(order(), theirs) == []


def test_each_field_that_differs_is_named_with_its_line_and_its_place_in_our_record() -> None:
    ours = order()
    ours["lines"][1] |= {"net_price": D("1100"), "unit": "H87"}
    found = compare(ours, order(), Shape("order"))
    assert [(one.field, one.item, one.ours, one.theirs, one.path) for one in found] == [
        ("lines.net_price", "line 2", "1100", "11.00", "lines[1].net_price"), ("lines.unit", "line 2", "H87", None, "lines[1].unit")]
    assert found[0].sentence() == "line 2 net_price: 1100 here, 11.00 in the old channel"


def test_lines_are_found_again_by_number_with_other_zeros_and_in_another_order() -> None:
    theirs = order()
    theirs["lines"] = [{**theirs["lines"][1], "number": "000002"}, {**theirs["lines"][0], "number": "000001"}]
    assert [name for name, *_ in fields(order(), theirs)] == []


def test_lines_without_numbers_are_found_by_their_item() -> None:
    theirs = order()
    theirs["lines"] = [{key: value for key, value in line.items() if key != "number"} for line in reversed(theirs["lines"])]
    shape = Shape("order", fields=frozenset({"lines.quantity", "lines.net_price"}))
    assert fields(order(), theirs, shape) == []
    theirs["lines"][0]["quantity"] = D("7")
    assert fields(order(), theirs, shape) == [("lines.quantity", "gtin 9521200002126", "6", "7")]


def test_a_line_that_only_one_side_has_is_one_difference() -> None:
    theirs = order()
    third = theirs["lines"].pop()
    assert fields(order(), theirs) == [("lines", "line 2", "6 of 9521200002126", None)]
    theirs["lines"] += [third, {"number": "3", "buyer_item": "A-1", "quantity": D("2")}]
    assert fields(order(), theirs) == [("lines", "line 3", None, "2 of A-1")]


def test_lines_of_one_item_twice_are_told_apart_by_their_order() -> None:
    one = {"gtin": "9521200002119", "quantity": D("1")}
    two = {"gtin": "9521200002119", "quantity": D("2")}
    assert fields(order(lines=[one, two]), order(lines=[one, {**two, "quantity": D("3")}])) == [("lines.quantity", "line no. 2", "2", "3")]


@pytest.mark.parametrize(("ours", "theirs", "said", "kind", "good"), [
    (D("10.00"), D("10.01"), Tolerance(amount=D("0.01")), "decimal", True),
    (D("10.00"), D("10.02"), Tolerance(amount=D("0.01")), "decimal", False),
    (D("1005"), D("1000"), Tolerance(percent=D("0.5")), "decimal", True),
    (D("1006"), D("1000"), Tolerance(percent=D("0.5")), "decimal", False),
    (D("-5"), D("-5.00"), Tolerance(), "decimal", True),
    (12, 12, Tolerance(), "integer", True),
    ("2026-11-02T10:30", "2026-11-02", Tolerance(), "date", True),
    ("2026-11-02", "2026-11-03", Tolerance(), "date", False),
    ("2026-11-02", "2026-11-03", Tolerance(days=1), "date", True),
    ("2026-11-02", "2026-11-04", Tolerance(days=1), "date", False),
    ("2026-11", "2026-11-04", Tolerance(days=9), "date", True),
    ("2026", "soon", Tolerance(days=9), "date", False),
    ("Müller & Söhne", "MUELLER UND SOEHNE", Tolerance(text="fold"), "text", False),
    ("Müller-Söhne", "MUELLER SOEHNE", Tolerance(text="fold"), "text", True),
    ("Müller-Söhne", "Muller Sohne", Tolerance(text="fold"), "text", True),
    ("Groß", "GROSS", Tolerance(text="fold"), "text", True),
    ("Ørsted", "ORSTED", Tolerance(text="fold"), "text", True),
    ("00123", "123", Tolerance(text="zeros"), "text", True),
    ("00123", "1230", Tolerance(text="zeros"), "text", False),
    ("Screws, zinc plated, 200 pieces", "SCREWS, ZINC PLATED", Tolerance(text="begins"), "text", True),
    ("Screws", "screws", Tolerance(), "text", False),
    (None, "x", Tolerance(), "text", False),
    (None, "x", Tolerance(absent="here"), "text", True),
    ("x", None, Tolerance(absent="here"), "text", False),
    ("x", None, Tolerance(absent="either"), "text", True),
    (True, False, Tolerance(), "boolean", False),
])
def test_what_counts_as_the_same(ours: Any, theirs: Any, said: Tolerance, kind: str, good: bool) -> None:
    assert c.same(ours, theirs, said, kind) is good


def test_a_tolerance_of_an_object_holds_for_what_is_in_it_and_its_own_word_goes_before() -> None:
    shape = Shape("order", tolerances={"buyer": Tolerance(text="fold"), "buyer.gln": Tolerance()})
    theirs = order(buyer={"gln": "9521200099997", "name": "KIOSK-AG"})
    assert fields(order(), theirs, shape) == []
    assert [name for name, *_ in fields(order(), order(buyer={"gln": "952-1200099997", "name": "kiosk ag"}), shape)] == ["buyer.gln"]


def test_only_named_fields_are_compared_and_ignored_ones_never() -> None:
    theirs = order(currency="EUR", buyer={"gln": "1"})
    assert [name for name, *_ in fields(order(), theirs, Shape("order", fields=frozenset({"currency"})))] == ["currency"]
    assert [name for name, *_ in fields(order(), theirs, Shape("order", ignore=frozenset({"buyer"})))] == ["currency"]


def test_items_of_other_lists_are_found_by_what_they_are_not_by_their_place() -> None:
    one = order(taxes=[{"category": "S", "rate": D(7), "amount": D("7")}, {"category": "S", "rate": D(19), "amount": D("19")}])
    two = order(taxes=[{"category": "S", "rate": D(19), "amount": D("19.5")}, {"category": "S", "rate": D(7), "amount": D("7")}])
    assert fields(one, two) == [("taxes.amount", "taxes[S 19]", "19", "19.5")]


def test_items_in_packs_are_lines_of_a_despatch_advice() -> None:
    ours = {"number": "L1", "packs": [{"sscc": "1", "packs": [{"sscc": "2", "items": [{"gtin": "A", "quantity": D(2)}]}]}], "items": [{"gtin": "B", "quantity": D(1)}]}
    theirs = {"number": "L1", "items": [{"gtin": "A", "quantity": D(3)}, {"gtin": "B", "quantity": D(1)}]}
    shape = Shape("despatch_advice", fields=frozenset({"items.quantity"}))
    found = compare(ours, theirs, shape)
    assert [(one.field, one.item, one.path) for one in found] == [("items.quantity", "gtin A", "packs[0].packs[0].items[0].quantity")]


def test_the_key_may_be_of_several_fields_and_folds_as_they_do() -> None:
    shape = Shape("order", key=("number", "buyer.gln"), tolerances={"number": Tolerance(text="zeros")})
    assert key_of(order(number="0004711"), shape) == "4711 / 9521200099997" == key_of(order(), shape)
    assert key_of(order(buyer={"name": "x"}), shape) == ""


def test_a_document_is_explained_when_all_of_its_differences_are() -> None:
    ours = order(currency="EUR")
    ours["lines"][0]["net_price"] = D("4")
    found = compare(ours, order(), Shape("order"))
    price, currency = Explanation("", "lines.net_price", "new prices"), Explanation("4711", "currency", "they never say it")
    assert judged("differs", found, "4711", "2026-11-02", []) == ("differs", ["", ""])
    assert judged("differs", found, "4711", "2026-11-02", [price]) == ("differs", ["", "new prices"])
    assert judged("differs", found, "4711", "2026-11-02", [price, currency]) == ("explained", ["they never say it", "new prices"])
    assert judged("differs", found, "4712", "2026-11-02", [price, currency])[0] == "differs"
    assert judged("differs", [], "4711", "2026-11-02", []) == ("equal", [])


def test_an_explanation_ends_with_its_day_and_an_object_stands_for_all_below_it() -> None:
    theirs = order()
    theirs["buyer"]["name"] = "Other"
    found = compare(order(), theirs, Shape("order"))
    rule = Explanation("", "buyer", "names are not kept up", until="2026-11-30")
    assert judged("differs", found, "4711", "2026-11-30", [rule])[0] == "explained"
    assert judged("differs", found, "4711", "2026-12-01", [rule])[0] == "differs"


def test_clean_days_are_counted_back_from_the_newest_and_empty_days_do_not_break_them() -> None:
    results = [("2026-11-16", "differs", "1", ["lines.net_price"]), ("2026-11-16", "only_here", "0", ["document"]), ("2026-11-17", "equal", "2", []),
               ("2026-11-20", "explained", "3", []), ("2026-11-20", "equal", "4", [])]
    run = clean(results)
    assert (run.days, run.documents, run.since, run.last) == (2, 3, "2026-11-17", "2026-11-20")
    assert (run.broke_day, run.broke_key, run.broke_fields, run.broken) == ("2026-11-16", "0", ("document",), 2)
    assert clean(results[2:]).broke_day == "" and clean([]).days == 0
    assert clean([*results, ("2026-11-21", "only_legacy", "9", ["document"])]).days == 0
