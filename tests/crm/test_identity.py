"""Who is meant: schemes, direction, and each rule of matching."""

from __future__ import annotations

import pytest

from edi_bridge.crm.identity import Match, canonical, identifiers, match, name_key, own_identities, sides

OWN = own_identities([("gln", "4098765000010"), ("vat", "DE 811 569 869"), ("partner:acme", "V-77")])
US = {"gln": "4098765000010", "name": "We GmbH"}
THEM = {"gln": "4012345000009", "name": "Acme"}


def test_a_party_gives_its_identifiers_by_scheme_the_strongest_first() -> None:
    party = {
        "gln": "4012345000009",
        "vat": "de 123.456.789",
        "sender_number": "0815",
        "receiver_number": "10001",
        "id": "X",
        "id_scheme": "0060",
        "endpoint": "9482348239847239874",
        "endpoint_scheme": "0199",
        "country": "DE",
        "registration": "HRB 1",
    }
    assert identifiers(party, "acme") == [
        ("own", "10001"),
        ("gln", "4012345000009"),
        ("vat", "DE123456789"),
        ("partner:acme", "0815"),
        ("duns", "X"),
        ("icd:0199", "9482348239847239874"),
        ("registration:DE", "HRB 1"),
    ]


def test_a_number_without_a_public_register_counts_within_its_partner_only() -> None:
    assert identifiers({"id": "12", "id_scheme": "ZZ"}, "acme") == [("partner:acme:ZZ", "12")]
    assert identifiers({"id": "12"}, "acme") == [("partner:acme", "12")]
    assert identifiers({"id": "12", "sender_number": "13"}, "") == []


def test_leading_zeros_of_a_partners_number_are_kept() -> None:
    assert canonical("partner:acme", " 007 ") == "007"


@pytest.mark.parametrize(
    ("kind", "record", "direction", "name"),
    [
        ("order", {"seller": US, "buyer": THEM}, "sold", "Acme"),
        ("order", {"seller": THEM, "buyer": US}, "bought", "Acme"),
        ("invoice", {"seller": US, "buyer": THEM}, "sold", "Acme"),
        ("invoice", {"seller": THEM, "buyer": US}, "bought", "Acme"),
        ("invoice", {"seller": THEM, "invoicee": {"vat": "DE811569869"}}, "bought", "Acme"),
        ("order", {"seller": {"sender_number": "V-77"}, "buyer": THEM}, "sold", "Acme"),
        # nothing says who we are: who sends is the counterpart
        ("order", {"buyer": THEM}, "sold", "Acme"),
        ("order", {"seller": {"name": "somebody"}, "buyer": THEM}, "sold", "Acme"),
        ("invoice", {"seller": THEM, "buyer": {"name": "We"}}, "bought", "Acme"),
        ("invoice", {"type": "389", "seller": {"name": "We"}, "buyer": THEM}, "sold", "Acme"),
        # the buyer is not named: next in line is who ordered, then who pays, then the partner itself
        ("order", {"seller": US, "invoicee": THEM}, "sold", "Acme"),
        ("order", {"seller": US, "deliver_to": {"name": "Shop 7"}}, "sold", "acme"),
        # a carrier or bank is never the counterpart
        ("order", {"seller": US, "carrier": {"gln": "4000001000005", "name": "Fast Freight"}}, "sold", "acme"),
    ],
)
def test_direction_and_counterpart(kind: str, record: dict[str, object], direction: str, name: str) -> None:
    found = sides(kind, record, OWN, "acme")
    assert (found.direction, found.party["name"], found.problem) == (direction, name, "")


def test_our_own_company_on_both_sides_is_a_problem() -> None:
    assert "both" in sides("order", {"seller": US, "buyer": {"vat": "DE811569869"}}, OWN, "acme").problem


def test_no_counterpart_and_no_partner_is_a_problem() -> None:
    assert sides("order", {"seller": US}, OWN, "").problem


FILE = {1: {"gln": {"A"}, "vat": {"DE1"}, "partner:acme": {"7"}, "own": {"100"}}, 2: {"gln": {"B"}}}
OWNER = {
    (scheme, value): customer
    for customer, schemes in FILE.items()
    for scheme, values in schemes.items()
    for value in values
}
OWNER["gln", "A-branch"] = 1


def judged(*wanted: tuple[str, str]) -> Match:
    return match(wanted, OWNER, FILE.__getitem__)


def test_nothing_on_file_is_a_new_customer() -> None:
    assert judged(("gln", "C"), ("vat", "FR1")) == Match(None, add=(("gln", "C"), ("vat", "FR1")))


def test_one_identifier_is_enough_and_the_rest_is_added() -> None:
    assert judged(("gln", "B"), ("vat", "DE9"), ("partner:acme", "9")) == Match(
        2, add=(("vat", "DE9"), ("partner:acme", "9"))
    )


def test_everything_on_file_adds_nothing() -> None:
    assert judged(("gln", "A"), ("vat", "DE1")) == Match(1)


def test_identifiers_of_two_customers_are_a_conflict() -> None:
    found = judged(("gln", "B"), ("vat", "DE1"))
    assert found.customer is None and found.conflict == "gln B belongs to customer 2; vat DE1 belongs to customer 1"


def test_another_gln_with_the_same_vat_number_is_a_branch() -> None:
    assert judged(("gln", "X"), ("vat", "DE1")) == Match(1, branch=(("gln", "X"),))


def test_another_gln_with_our_own_customer_number_is_a_branch() -> None:
    assert judged(("own", "100"), ("gln", "X")) == Match(1, branch=(("gln", "X"),))


def test_another_gln_with_only_the_partners_number_is_a_conflict() -> None:
    assert "has gln A, the message says X" in judged(("gln", "X"), ("partner:acme", "7")).conflict


def test_another_vat_number_of_the_same_country_is_a_conflict() -> None:
    assert "has vat DE1" in judged(("gln", "A"), ("vat", "DE2")).conflict


def test_a_vat_number_of_another_country_is_added() -> None:
    assert judged(("gln", "A"), ("vat", "FR2")) == Match(1, add=(("vat", "FR2"),))


def test_another_of_our_own_numbers_is_a_conflict() -> None:
    assert "has own 100" in judged(("own", "200"), ("vat", "DE1")).conflict


def test_another_number_of_the_same_partner_is_added() -> None:
    assert judged(("gln", "A"), ("partner:acme", "8")) == Match(1, add=(("partner:acme", "8"),))


def test_a_branch_on_file_finds_its_customer() -> None:
    assert judged(("gln", "A-branch")) == Match(1)


def test_name_key_ignores_case_and_blanks_and_needs_a_name() -> None:
    assert name_key({"name": "Acme  Ltd", "city": "Bonn"}) == name_key({"name": "ACME LTD", "city": "bonn"})
    assert name_key({"city": "Bonn"}) == ""
