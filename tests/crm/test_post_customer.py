"""Customer records: the only ones that change what is on file, on both databases."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from crm_case import Crm, kinds
from crm_records import ACME, WE, order

from edi_bridge.crm import customer_view

RECORD: dict[str, Any] = {
    "action": "add",
    "number": "0815",
    "gln": "4012345000009",
    "vat": "DE123456788",
    "name": "Acme Handel",
    "name_2": "Zentrale",
    "roles": [{"code": "buyer"}],
    "street": "Ring 1",
    "city": "Köln",
    "postcode": "50667",
    "country": "DE",
    "language": "de",
    "credit_limit": Decimal("5000.00"),
    "contacts": [{"role": "PD", "name": "Jo", "email": "jo@acme.example"}],
    "locations": [{"number": "7", "role": "deliver_to", "name": "Filiale 7", "city": "Bonn"}],
    "bank_accounts": [{"iban": "DE02120300000000202051", "bic": "BYLADEM1001"}],
}


def view(crm: Crm, key: str) -> dict[str, Any]:
    found = crm.view(customer_view.customer, key)
    return found


def test_a_new_customer_with_everything(crm: Crm) -> None:
    result = crm.post("customer", RECORD)
    assert result.state == "posted" and not result.findings
    found = view(crm, "gln:4012345000009")
    assert (found["name"], found["is_customer"], found["is_supplier"], found["language"]) == (
        "Acme Handel",
        True,
        False,
        "de",
    )
    assert [(i["scheme"], i["value"]) for i in found["identifiers"]] == [
        ("gln", "4012345000009"),
        ("vat", "DE123456788"),
        ("partner:acme", "0815"),
    ]
    assert found["addresses"] == [
        {"kind": "main", "street": "Ring 1", "city": "Köln", "postcode": "50667", "country": "DE"}
    ]
    assert found["names"] == [{"name": "Zentrale", "kind": "second"}]
    assert found["contacts"][0]["email"] == "jo@acme.example"
    assert [(place["key"], place["city"]) for place in found["locations"]] == [("partner:acme:7", "Bonn")]
    assert found["accounts"][0]["iban"] == "DE02120300000000202051"


def test_the_same_record_again_changes_nothing(crm: Crm) -> None:
    crm.post("customer", RECORD)
    before = crm.all_counts()
    assert kinds(crm.post("customer", RECORD)) == ["message_posted_before"]
    assert crm.all_counts() == before


def test_an_order_after_the_customer_record_finds_the_customer(crm: Crm) -> None:
    made = crm.post("customer", RECORD).documents[0].customer
    assert crm.post("order", order()).documents[0].customer == made


def test_a_customer_record_completes_the_customer_that_an_order_made(crm: Crm) -> None:
    made = crm.post("order", order(buyer={"gln": "4012345000009", "name": "ACME"})).documents[0].customer
    assert crm.post("customer", RECORD).documents[0].customer == made
    found = view(crm, "DE123456788")
    assert found["name"] == "Acme Handel" and {"name": "ACME", "kind": "former"} in found["names"]
    assert found["orders"][0]["number"] == "PO-1"


def test_a_change_takes_the_place_of_what_it_says_and_leaves_the_rest(crm: Crm) -> None:
    crm.post("customer", RECORD)
    crm.post("customer", {"action": "change", "number": "0815", "name": "Acme Neu", "city": "Essen"})
    found = view(crm, "0815")
    assert found["name"] == "Acme Neu"
    assert found["addresses"] == [
        {"kind": "main", "street": "Ring 1", "city": "Essen", "postcode": "50667", "country": "DE"}
    ]
    assert {"name": "Acme Handel", "kind": "former"} in found["names"] and found["language"] == "de"


def test_a_location_takes_its_new_address(crm: Crm) -> None:
    crm.post("customer", RECORD)
    crm.post("customer", {"action": "change", "number": "0815", "locations": [{"number": "7", "city": "Trier"}]})
    assert [(place["name"], place["city"]) for place in view(crm, "0815")["locations"]] == [("Filiale 7", "Trier")]


def test_a_deleted_customer_becomes_inactive_and_keeps_its_orders(crm: Crm) -> None:
    crm.post("customer", RECORD)
    crm.post("order", order())
    crm.post("customer", {"action": "delete", "number": "0815"})
    found = view(crm, "0815")
    assert found["status"] == "inactive" and len(found["orders"]) == 1


def test_deleting_an_unknown_customer_is_noted(crm: Crm) -> None:
    assert kinds(crm.post("customer", {"action": "delete", "number": "1"})) == ["unknown_customer"]
    assert crm.count("customer") == 0


def test_a_supplier_record_makes_a_supplier(crm: Crm) -> None:
    crm.post("customer", {**RECORD, "roles": [{"code": "supplier"}]})
    assert crm.rows("customer", "is_customer", "is_supplier") == [(False, True)]


def test_we_carriers_and_banks_are_no_customers(crm: Crm) -> None:
    result = crm.post(
        "customer",
        WE,
        {**RECORD, "roles": [{"code": "carrier"}]},
        {**RECORD, "roles": [{"code": "BB"}, {"code": "bank"}]},
    )
    assert result.state == "posted" and kinds(result) == ["own_party"] * 3
    assert crm.count("customer") == 0


def test_one_record_with_contradicting_identifiers_holds_the_whole_message(crm: Crm) -> None:
    crm.post("customer", RECORD)
    before = crm.all_counts()
    result = crm.post("customer", {"number": "9", "name": "New one"}, {**RECORD, "vat": "DE999999999"})
    assert (result.state, kinds(result)) == ("held", ["conflicting_identifiers"])
    assert crm.all_counts() == before


def test_two_records_with_one_vat_number_are_a_customer_and_its_branch(crm: Crm) -> None:
    crm.post("customer", RECORD, {"gln": "4012345000023", "vat": "DE123456788", "name": "Acme Süd", "city": "Ulm"})
    found = view(crm, "4012345000009")
    assert found["name"] == "Acme Handel" and crm.count("customer") == 1
    assert [place["name"] for place in found["locations"]] == ["Filiale 7", "Acme Süd"]
    assert view(crm, "4012345000023")["id"] == found["id"]


def test_many_records_in_one_message(crm: Crm) -> None:
    crm.post("customer", *[{"number": str(n), "name": f"Customer {n}"} for n in range(200)])
    assert crm.count("customer") == 200


def test_customers_are_found_by_name_identifier_and_city(crm: Crm) -> None:
    crm.post(
        "customer",
        RECORD,
        {"number": "9", "name": "100% Rein_es GmbH", "city": "KÖLN"},
        {"number": "10", "name": "Zzz"},
    )
    crm.post("order", order(buyer=ACME))
    with crm.database.read() as connection:

        def names(search: str | None) -> list[str]:
            return [row["name"] for row in customer_view.customers(connection, search)]

        assert names(None) == ["100% Rein_es GmbH", "Acme Handel", "Zzz"]
        assert (
            names("acme") == ["Acme Handel"]
            and names("zentrale") == ["Acme Handel"]
            and names("de1234") == ["Acme Handel"]
        )
        assert names("köln") == ["100% Rein_es GmbH", "Acme Handel"]
        assert names("0%") == names("n_e") == ["100% Rein_es GmbH"] and names("%z%") == []
        row = customer_view.customers(connection, "acme")[0]
        assert (row["orders"], row["invoices"], row["city"]) == (1, 0, "Köln")
        assert customer_view.customer(connection, "nobody") is None and customer_view.customer(connection, 999) is None


def test_an_order_number_that_two_customers_use_must_be_told_apart(crm: Crm) -> None:
    first = crm.post("order", order()).documents[0].id
    crm.post("order", order(buyer={"gln": "4000002000004", "name": "Other"}))
    with crm.database.read() as connection:
        try:
            customer_view.order(connection, "PO-1")
        except ValueError as error:
            assert "2 orders have the number PO-1" in str(error)
        else:
            raise AssertionError("it must be asked which one is meant")
        found = customer_view.order(connection, first)
        assert found is not None and found["customer"] == "Acme Handel"
        assert customer_view.order(connection, "nothing") is None
        assert [row["number"] for row in customer_view.orders(connection, search="O-")] == ["PO-1", "PO-1"]
        assert len(customer_view.orders(connection, customer=found["customer_id"])) == 1
