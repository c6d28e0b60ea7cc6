"""Remittances: what is paid of an invoice, what was taken off, and what is open."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from crm_case import Crm, kinds
from crm_followups import SUPPLIER, paid, remittance
from crm_records import ACME, WE, invoice, order, without

from edi_bridge.crm import customer_view, followup_view
from edi_bridge.record import normal

BRANCH = {"gln": "4012345000993", "name": "Acme Nord"}


def balance(crm: Crm, number: str = "INV-1") -> dict[str, Any]:
    found = crm.view(customer_view.invoice, number)
    return dict(found["balance"])


def state(crm: Crm, number: str = "INV-1") -> tuple[Any, str]:
    known = balance(crm, number)
    return known["open"], known["payment"]


def pays(amount: str, number: str = "ZA-1", document: str = "INV-1", **more: Any) -> dict[str, Any]:
    """A remittance of one item."""
    return remittance(number, amount=Decimal(amount), items=[paid(document, amount, **more)])


def test_a_payment_with_discount_and_deduction(crm: Crm) -> None:
    crm.post("invoice", invoice())
    result = crm.post("remittance", remittance())
    assert (result.state, kinds(result)) == ("posted", [])
    assert [(d.kind, d.number) for d in result.documents] == [("remittance", "ZA-1")]
    known = balance(crm)
    assert (known["payable"], known["paid"], known["discount"], known["deducted"], known["open"], known["payment"]) == (
        Decimal("44.63"), Decimal("38.63"), Decimal("1.00"), Decimal("5.00"), Decimal("5.00"), "short paid"
    )  # fmt: skip
    assert crm.rows("remittance_deduction", "item", "reason", "amount", "document") == [(1, "damaged", Decimal("-5.00"), "LS-1")]


def test_the_whole_record_comes_back(crm: Crm) -> None:
    crm.post("remittance", remittance())
    found = crm.view(followup_view.remittance, "ZA-1")
    assert normal(found["record"]) == normal(remittance())


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ([], ("44.63", "unpaid")),
        (["44.63"], ("0.00", "paid")),
        (["40.00"], ("4.63", "part paid")),
        (["40.00", "4.63"], ("0.00", "paid")),
        (["44.63", "1.00"], ("-1.00", "overpaid")),
        (["44.63", "-44.63"], ("44.63", "unpaid")),  # taken back
    ],
)
def test_what_is_open_is_what_is_not_paid(crm: Crm, amounts: list[str], expected: tuple[str, str]) -> None:
    crm.post("invoice", invoice())
    for nth, amount in enumerate(amounts):
        crm.post("remittance", pays(amount, f"ZA-{nth}"))
    assert state(crm) == (Decimal(expected[0]), expected[1])


def test_a_payment_before_its_invoice_is_tied_when_the_invoice_comes(crm: Crm) -> None:
    result = crm.post("remittance", remittance())
    assert [(one.kind, one.value) for one in result.findings] == [("unknown_invoice", "INV-1")]
    crm.post("invoice", invoice())
    assert crm.rows("remittance_item", "invoice_id") == crm.rows("invoice", "id")
    assert state(crm) == (Decimal("5.00"), "short paid")


@pytest.mark.parametrize("invoice_first", [True, False])
def test_invoice_and_payment_in_one_batch_find_each_other(crm: Crm, invoice_first: bool) -> None:
    messages = [("invoice", [invoice()]), ("remittance", [remittance()])]
    crm.batch(*(messages if invoice_first else messages[::-1]))
    assert state(crm) == (Decimal("5.00"), "short paid")


@pytest.mark.parametrize("documents_first", [True, False])
@pytest.mark.parametrize("sign", ["-", ""])
def test_a_credit_note_under_the_invoice_s_number_is_another_document(crm: Crm, documents_first: bool, sign: str) -> None:
    """Most messages sign what is taken off, some do not."""
    items = [paid("INV-1", "44.63"), {**paid("INV-1", f"{sign}4.63"), "type": "credit_note"}]
    payment = remittance(amount=Decimal("40.00"), items=items)
    note = invoice(type="credit_note", totals={"payable": Decimal("4.63")}, lines=[], taxes=[])
    messages = [("invoice", [invoice()]), ("invoice", [note])]
    crm.batch(*messages, ("remittance", [payment])) if documents_first else crm.batch(("remittance", [payment]), *messages)
    by_kind = dict(crm.rows("invoice", "kind", "id"))
    assert crm.rows("remittance_item", "invoice_id") == [by_kind["invoice"], by_kind["credit_note"]]
    with crm.database.read() as connection:
        shown = {row["kind"]: (row["open"], row["payment"]) for row in customer_view.invoices(connection)}
    assert shown == {"invoice": (Decimal("0.00"), "paid"), "credit_note": (Decimal("0.00"), "paid")}


def test_the_payer_s_own_debit_note_is_not_looked_for(crm: Crm) -> None:
    items = [paid("DM-7", "-4.63", type="buyer_debit_note"), paid("PO-1", "1.00", type="order")]
    assert kinds(crm.post("remittance", remittance(amount=Decimal("-3.63"), items=items))) == []
    assert crm.rows("remittance_item", "invoice_id") == [None, None] and crm.count("document_link") == 0


def test_a_central_payer_settles_the_invoices_of_its_members(crm: Crm) -> None:
    """Our own numbers are ours: within one partner the invoice may be another customer's."""
    crm.post("invoice", invoice("INV-7", buyer=BRANCH))
    assert kinds(crm.post("remittance", pays("44.63", document="INV-7"))) == []
    assert state(crm, "INV-7") == (Decimal("0.00"), "paid")


def test_a_central_payer_s_payment_waits_for_its_members_invoices_too(crm: Crm) -> None:
    crm.post("remittance", pays("44.63", document="INV-7"))
    crm.post("invoice", invoice("INV-7", buyer=BRANCH))
    assert state(crm, "INV-7") == (Decimal("0.00"), "paid")


def test_a_payment_of_another_partner_and_customer_pays_nothing_of_it(crm: Crm) -> None:
    stranger = {"gln": "4399902000008", "name": "Fremd AG"}
    crm.post("remittance", {**pays("44.63"), "payer": stranger}, partner="other")
    crm.post("invoice", invoice())
    assert kinds(crm.post("remittance", {**pays("44.63", "ZA-2"), "payer": stranger}, partner="other")) == ["unknown_invoice"]
    assert state(crm) == (Decimal("44.63"), "unpaid")


def test_the_branch_that_an_item_names_owns_the_invoice(crm: Crm) -> None:
    """A supplier's number may be used by two suppliers; what we pay is found with the one that is named."""
    other = {"gln": "4399903000007", "name": "Zweite KG"}
    for seller in (SUPPLIER, other):
        crm.post("invoice", invoice("R-1", buyer=WE, seller=seller), partner="pool")
    payment = remittance(payer=WE, payee=SUPPLIER, amount=Decimal("44.63"), items=[paid("R-1", "44.63")])
    assert kinds(crm.post("remittance", payment, partner="pool")) == []
    first = crm.rows("invoice", "id")[0]
    assert crm.rows("remittance", "direction") == ["bought"] and crm.rows("remittance_item", "invoice_id") == [first]


@pytest.mark.parametrize("payment_first", [True, False])
def test_what_we_pay_one_supplier_does_not_settle_the_invoice_of_another(crm: Crm, payment_first: bool) -> None:
    """Both come through one partner and use the same number."""
    other = {"gln": "4399903000007", "name": "Zweite KG"}
    payment = remittance(payer=WE, payee=SUPPLIER, amount=Decimal("44.63"), items=[paid("R-1", "44.63")])
    messages = [("remittance", payment), ("invoice", invoice("R-1", buyer=WE, seller=other))]
    for type_, record in messages if payment_first else messages[::-1]:
        crm.post(type_, record, partner="pool")
    assert crm.rows("remittance_item", "invoice_id") == [None]


@pytest.mark.parametrize("payment_first", [True, False])
def test_nothing_pays_a_proforma_invoice(crm: Crm, payment_first: bool) -> None:
    messages = [("remittance", pays("44.63")), ("invoice", invoice(type="proforma_invoice"))]
    for type_, record in messages if payment_first else messages[::-1]:
        crm.post(type_, record)
    assert crm.rows("remittance_item", "invoice_id") == [None]
    crm.post("invoice", invoice())
    invoices = dict(crm.rows("invoice", "kind", "id"))
    assert crm.rows("remittance_item", "invoice_id") == [invoices["invoice"]]


def test_what_we_pay_does_not_settle_what_we_are_owed(crm: Crm) -> None:
    crm.post("invoice", invoice())
    assert kinds(crm.post("remittance", {**pays("44.63"), "payer": WE, "payee": ACME})) == ["unknown_invoice"]
    assert state(crm) == (Decimal("44.63"), "unpaid")


def test_who_sends_a_remittance_pays_unless_we_are_the_payer(crm: Crm) -> None:
    crm.post("remittance", without(remittance(), "payee"))
    crm.post("remittance", without(remittance("ZA-2"), "payer", "payee"))
    crm.post("remittance", {**remittance("ZA-3"), "payer": WE, "payee": SUPPLIER})
    assert crm.rows("remittance", "direction") == ["sold", "sold", "bought"]
    assert kinds(crm.post("remittance", {**remittance("ZA-4"), "payer": WE})) == ["no_counterpart"]


def test_another_currency_is_told_and_not_added(crm: Crm) -> None:
    crm.post("invoice", invoice())
    crm.post("remittance", pays("44.63", currency="CHF"))
    assert state(crm) == (Decimal("44.63"), "unpaid")
    assert balance(crm)["other"] == {"CHF": Decimal("44.63")}


def test_deductions_below_the_invoice_s_lines_count(crm: Crm) -> None:
    lines = [{"number": "1", "deductions": [{"reason": "price", "amount": Decimal("-4.63")}]}]
    crm.post("invoice", invoice())
    crm.post("remittance", remittance(amount=Decimal(40), items=[paid("INV-1", "40", lines=lines)]))
    assert balance(crm)["deducted"] == Decimal("4.63") and state(crm)[1] == "short paid"
    assert crm.rows("remittance_deduction", "item", "line", "reason") == [(1, "1", "price")]


def test_a_payment_that_does_not_add_up_is_noted(crm: Crm) -> None:
    crm.post("invoice", invoice())
    result = crm.post("remittance", remittance(amount=Decimal(39)))
    assert [(one.kind, one.value) for one in result.findings] == [("totals_differ", "39")]
    whole = remittance("ZA-2", amount=Decimal("36.63"), deductions=[{"reason": "advertising", "amount": Decimal(-2)}])
    assert kinds(crm.post("remittance", whole)) == []


def test_same_again_other_content_replacement_and_cancellation(crm: Crm) -> None:
    crm.post("invoice", invoice())
    crm.post("remittance", pays("40.00"))
    assert kinds(crm.post("remittance", pays("40.0"))) == ["message_posted_before"]
    result = crm.post("remittance", pays("41.00"))
    assert (result.state, kinds(result)) == ("rejected", ["duplicate_document"])
    crm.post("remittance", {**pays("44.63"), "purpose": "replace"})
    assert state(crm) == (Decimal("0.00"), "paid") and crm.count("remittance") == 1
    crm.post("remittance", {**pays("44.63"), "purpose": "cancellation"})
    assert state(crm) == (Decimal("44.63"), "unpaid")
    assert kinds(crm.post("remittance", {**pays("1"), "purpose": "53"})) == ["test_document"]
    assert kinds(crm.post("remittance", without(pays("1"), "number"))) == ["missing_number"]


def test_ordered_shipped_invoiced_paid(crm: Crm) -> None:
    crm.post("order", order())
    crm.post("invoice", invoice())
    credit = invoice("C-1", type="credit_note", lines=[{**invoice()["lines"][0], "quantity": Decimal(1)}])

    def counts() -> list[tuple[Any, ...]]:
        found = crm.view(customer_view.order, "PO-1")
        return [tuple(row[name] for name in ("ordered", "invoiced", "credited", "paid", "part_paid")) for row in found["progress"]]

    assert counts()[0] == (3, 3, 0, 0, 0)
    crm.post("remittance", pays("40.00"))
    assert counts()[0] == (3, 3, 0, 0, 3)
    crm.post("remittance", pays("4.63", "ZA-2"))
    crm.post("invoice", credit)
    assert counts() == [(3, 3, 1, 3, 0), (Decimal("1.5"), 0, 0, 0, 0)]


def test_the_customer_s_totals_say_what_is_open(crm: Crm) -> None:
    crm.post("invoice", invoice())
    crm.post("invoice", invoice("P-1", type="proforma_invoice"))
    crm.post("invoice", invoice("C-1", type="credit_note", totals={"payable": Decimal("4.63")}, lines=[], taxes=[]))
    crm.post("remittance", pays("20.00"))
    found = crm.view(customer_view.customer, "4012345000009")
    assert found["totals"]["open_receivable"] == {"EUR": Decimal("20.00")} and found["totals"]["open_payable"] == {}
    assert [row["number"] for row in found["remittances"]] == ["ZA-1"]
