"""Order of business: which documents a record refers to, which of them are here, and what waits until they come."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from crm_case import OWN, Crm, kinds
from crm_followups import SUPPLIER, despatch, item, paid, remittance, response
from crm_records import ACME, WE, invoice, order, without
from sqlalchemy import update

from edi_bridge.crm import dump
from edi_bridge.crm.late import tie_late
from edi_bridge.crm.post import PostResult, post_batch
from edi_bridge.crm.reference import existing, posted_key, references
from edi_bridge.crm.tables import tables

ACME_IS = (("gln", "4012345000009"), ("vat", "DE123456788"), ("partner:acme", "0815"))
CHANGE = order(purpose="change", number="CH-1", order_number="PO-1", lines=[])
CREDIT = invoice("C-1", type="credit_note", corrects=[{"number": "INV-1"}])
PACKS = [{"order_number": "PO-2", "release": "7", "items": [item("1", "1")]}]


def named(type_: str, record: dict[str, Any], partner: str = "acme") -> list[tuple[str, str, str, str]]:
    return [(key.kind, key.direction, key.number, key.release) for key in references(type_, record, OWN, partner)]


@pytest.mark.parametrize(
    ("type_", "record", "expected"),
    [
        ("order", order(), []),
        ("order", CHANGE, [("order", "sold", "PO-1", "")]),
        ("order", order(purpose="cancellation", release="3"), [("order", "sold", "PO-1", "3")]),
        ("order_response", response(release="2"), [("order", "sold", "PO-1", "2")]),
        ("despatch_advice", despatch(packs=PACKS), [("order", "sold", "PO-1", ""), ("order", "sold", "PO-2", "7")]),
        ("invoice", CREDIT, [("order", "sold", "PO-1", ""), ("invoice", "sold", "INV-1", "")]),
        ("invoice", without(invoice(), "order_number"), []),
        ("invoice", invoice(purpose="cancellation", lines=[]), [("order", "sold", "PO-1", ""), ("invoice", "sold", "INV-1", "")]),
        (
            "remittance",
            remittance(items=[paid("INV-1", "1"), paid("C-1", "-1", type="credit_note"), paid("PO-9", "1", type="order")]),
            [("invoice", "sold", "INV-1", ""), ("credit_note", "sold", "C-1", "")],
        ),
        ("customer", {"number": "1", "name": "A"}, []),
    ],
)
def test_a_record_says_what_it_refers_to(type_: str, record: dict[str, Any], expected: list[Any]) -> None:
    assert named(type_, record) == expected


def test_a_key_names_the_counterpart_and_where_the_number_stands() -> None:
    (key,) = references("order_response", response(), OWN, "acme")
    assert (key.identifiers, key.partner, key.field) == (ACME_IS, "acme", "order_number")
    assert key.waits_for == posted_key("order", "PO-1") == "order PO-1"
    bare = without(response(), "buyer", "seller", "deliver_to")
    (key,) = references("order_response", bare, OWN, "muehle")
    assert (key.identifiers, key.direction, key.partner) == ((), "bought", "muehle")


def test_which_of_the_keys_are_here(crm: Crm) -> None:
    crm.post("order", order())
    crm.post("order", order("PO-3", release="1"))
    crm.post("order", order(buyer=WE, seller=SUPPLIER), partner="muehle")
    crm.post("invoice", invoice())
    (mine,) = references("order_response", response(), OWN, "acme")
    (theirs,) = references("order_response", without(response(), "buyer", "seller", "deliver_to"), OWN, "muehle")
    (paying,) = references("remittance", remittance(), OWN, "acme")
    here = {mine, theirs, paying}
    away = {
        replace(mine, number="PO-2"),
        replace(mine, direction="bought"),
        replace(mine, identifiers=(("gln", "4399902000008"),)),
        replace(mine, number="PO-3", release="2"),
        replace(theirs, partner="other"),
        replace(paying, kind="credit_note"),
    }
    with crm.database.read() as connection:
        assert existing(connection, here | away) == here
        assert existing(connection, {replace(mine, number="PO-3", release="1")}) != set()
        assert existing(connection, []) == set()


def wait(crm: Crm, *messages: tuple[str, dict[str, Any]], partner: str = "acme") -> list[PostResult]:
    """Post with the policy that holds back what refers to something that is not here."""
    with crm.database.write() as connection:
        items = crm.items(connection, [(type_, [record]) for type_, record in messages], partner)
        return post_batch(connection, [replace(one, missing="wait") for one in items], OWN)


@pytest.mark.parametrize(
    ("type_", "record", "waits_for", "kind"),
    [
        ("order", CHANGE, "order PO-1", "unknown_order"),
        ("order_response", response(), "order PO-1", "unknown_order"),
        ("despatch_advice", despatch(), "order PO-1", "unknown_order"),
        ("invoice", invoice(), "order PO-1", "unknown_order"),
        ("remittance", remittance(), "invoice INV-1", "unknown_invoice"),
    ],
)
def test_what_waits_leaves_no_trace_and_says_for_what(crm: Crm, type_: str, record: dict[str, Any], waits_for: str, kind: str) -> None:
    empty = crm.all_counts()
    (result,) = wait(crm, (type_, record))
    assert (result.state, kinds(result), result.documents) == ("waiting", [kind], [])
    assert [key.waits_for for key in result.waits_for] == [waits_for]
    assert crm.all_counts() == empty


def test_once_the_order_is_posted_what_waited_is_posted(crm: Crm) -> None:
    crm.post("order", order())
    results = wait(crm, ("order", CHANGE), ("order_response", response()), ("despatch_advice", despatch()), ("invoice", invoice()), ("remittance", remittance()))
    assert [(result.state, result.waits_for) for result in results] == [("posted", ())] * 5


def test_an_order_and_what_follows_it_in_one_batch_wait_for_nothing(crm: Crm) -> None:
    results = wait(crm, ("order_response", response()), ("order", order()), ("order_response", response()))
    assert [result.state for result in results] == ["waiting", "posted", "posted"]
    assert crm.rows("order_response", "order_id") == crm.rows("sales_order", "id")


def test_a_message_waits_as_a_whole_and_a_refusal_ends_the_waiting(crm: Crm) -> None:
    crm.post("order", order())
    with crm.database.write() as connection:
        two = [response(), response("AB-2", order_number="PO-2")]
        refused = [response("AB-3", order_number="PO-3"), response(purpose="53")]
        items = crm.items(connection, [("order_response", two), ("order_response", refused)], "acme")
        first, second = post_batch(connection, [replace(one, missing="wait") for one in items], OWN)
    assert (first.state, [key.number for key in first.waits_for]) == ("waiting", ["PO-2"])
    assert (second.state, second.waits_for) == ("rejected", ())
    assert crm.count("order_response") == 0


def test_neighbours_of_what_waits_are_posted(crm: Crm) -> None:
    results = wait(crm, ("order", order("PO-7")), ("invoice", invoice()), ("order", order("PO-8")))
    assert [result.state for result in results] == ["posted", "waiting", "posted"]
    assert crm.rows("sales_order", "number") == ["PO-7", "PO-8"]


MESSAGES = [
    ("order", order()),
    ("order_response", response()),
    ("order", CHANGE),
    ("despatch_advice", despatch()),
    ("invoice", invoice()),
    ("remittance", remittance()),
]


@pytest.mark.parametrize("sequence", [(1, 3, 4, 5, 0, 2), (5, 4, 3, 1, 0, 2), (3, 5, 1, 0, 2, 4), (4, 1, 5, 3, 0, 2)])
def test_whatever_comes_first_the_ties_are_the_same(crm: Crm, sequence: tuple[int, ...]) -> None:
    """The same dump as in the natural order."""

    def ties() -> list[str]:
        with crm.database.read() as connection:
            return [row for row in dump.dump(connection) if row.startswith(("document_link", "order_response", "despatch_", "remittance"))]

    for at in sequence:
        assert crm.post(MESSAGES[at][0], MESSAGES[at][1]).state == "posted"
    first = ties()
    assert len([row for row in first if row.startswith("document_link")]) == 4 and not any('"to_id":null' in row for row in first)
    for table in reversed(tables().__dataclass_fields__):
        with crm.database.write() as connection:
            connection.exec_driver_sql(f'DELETE FROM "{table}"') if table not in PARENTS else None
    for table in PARENTS:
        with crm.database.write() as connection:
            connection.exec_driver_sql(f'DELETE FROM "{table}"')
    for type_, record in MESSAGES:
        assert crm.post(type_, record).state == "posted"
    assert ties() == first


# deleted last, children first
PARENTS = (
    "response_line", "despatch_item", "order_line", "remittance_item", "order_response", "despatch_advice", "remittance",
    "order_change", "invoice", "sales_order", "customer_location", "customer",
)  # fmt: skip


def test_what_two_transactions_posted_at_once_is_tied_later(crm: Crm) -> None:
    for type_, record in MESSAGES:
        crm.post(type_, record)
    with crm.database.read() as connection:
        whole = list(dump.dump(connection))
    t = tables()
    with crm.database.write() as connection:  # as if neither had seen the other
        connection.execute(update(t.document_link).values(to_id=None))
        connection.execute(update(t.order_response).values(order_id=None))
        connection.execute(update(t.despatch_item).values(order_id=None))
        connection.execute(update(t.remittance_item).values(invoice_id=None))
    with crm.database.write() as connection:
        assert tie_late(connection) == 2
    with crm.database.read() as connection:
        assert list(dump.dump(connection)) == whole
    with crm.database.write() as connection:
        assert tie_late(connection) == 0


def test_an_early_change_is_applied_late_too(crm: Crm) -> None:
    crm.post("order", order(purpose="cancellation"))
    t = tables()
    crm.post("order", order("PO-2"))
    with crm.database.write() as connection:
        connection.execute(update(t.sales_order).values(number="PO-1"))
        assert tie_late(connection) == 1
    assert crm.rows("sales_order", "state") == ["cancelled"] and crm.rows("order_change", "state") == ["applied"]


def test_a_number_that_no_index_can_hold_is_refused(crm: Crm) -> None:
    long = "x" * 401
    for type_, record in (
        ("remittance", remittance(items=[paid(long, "1")])),
        ("invoice", invoice(lines=[{"number": "1", "order_number": long}])),
        ("despatch_advice", despatch(packs=[{"sscc": long}])),
        ("order_response", response(order_number=long)),
    ):
        assert kinds(crm.post(type_, record)) == ["invalid_value"]


def test_the_parties_of_what_waits_are_not_made_customers(crm: Crm) -> None:
    wait(crm, ("remittance", remittance(payer={**ACME, "name": "New"}, amount=Decimal(1))))
    assert crm.count("customer") == 0
