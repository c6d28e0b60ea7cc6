"""Invoices and credit notes, and how they find their orders, on both databases."""

from __future__ import annotations

from decimal import Decimal

from crm_case import Crm, kinds
from crm_records import ACME, WE, invoice, line, order, without

from edi_bridge.crm import customer_view


def test_an_invoice_finds_its_order(crm: Crm) -> None:
    placed = crm.post("order", order()).documents[0].id
    result = crm.post("invoice", invoice())
    assert result.state == "posted" and not result.findings
    assert crm.rows("document_link", "relation", "to_kind", "to_number", "to_id") == [
        ("order", "order", "PO-1", placed)
    ]
    assert crm.rows("invoice", "direction", "kind", "net", "tax", "payable") == [
        ("receivable", "invoice", Decimal("37.50"), Decimal("7.13"), Decimal("44.63"))
    ]
    assert crm.rows("invoice_tax", "line", "category", "rate", "amount") == [(0, "S", Decimal(19), Decimal("7.13"))]


def test_order_and_invoice_in_one_batch_find_each_other(crm: Crm) -> None:
    results = crm.batch(("order", [order()]), ("invoice", [invoice()]))
    assert [kinds(result) for result in results] == [[], []]
    assert crm.rows("document_link", "to_id") == [results[0].documents[0].id]


def test_an_unknown_order_number_is_kept_as_text_and_linked_when_the_order_comes(crm: Crm) -> None:
    result = crm.post("invoice", invoice())
    assert result.state == "posted" and kinds(result) == ["unknown_order"]
    assert crm.rows("document_link", "to_number", "to_id") == [("PO-1", None)]
    placed = crm.post("order", order()).documents[0].id
    assert crm.rows("document_link", "to_number", "to_id") == [("PO-1", placed)]


def test_the_invoice_before_its_order_in_one_batch_is_linked(crm: Crm) -> None:
    results = crm.batch(("invoice", [invoice()]), ("order", [order()]))
    assert crm.rows("document_link", "to_id") == [results[1].documents[0].id]


def test_the_order_of_another_customer_is_not_meant(crm: Crm) -> None:
    crm.post("order", order(buyer={"gln": "4000002000004", "name": "Other"}))
    assert kinds(crm.post("invoice", invoice())) == ["unknown_order"]


def test_an_order_that_we_sent_is_not_meant_by_an_invoice_that_we_wrote(crm: Crm) -> None:
    crm.post("invoice", invoice())
    crm.post("order", order(buyer=WE, seller=ACME))
    assert crm.rows("document_link", "to_id") == [None]


def test_a_collective_invoice_is_tied_to_each_order_of_its_lines(crm: Crm) -> None:
    first, second = [crm.post("order", order(number)).documents[0].id for number in ("PO-1", "PO-2")]
    lines = [line("1", order_number="PO-1"), line("2", order_number="PO-2"), line("3", order_number="PO-2")]
    crm.post("invoice", without(invoice(lines=lines), "order_number", "totals"))
    assert crm.rows("document_link", "to_number", "to_id") == [("PO-1", first), ("PO-2", second)]


def test_an_invoice_of_a_supplier_is_payable(crm: Crm) -> None:
    crm.post("invoice", invoice(seller=ACME, buyer=WE))
    assert crm.rows("invoice", "direction") == ["payable"]
    assert crm.rows("customer", "name", "is_customer", "is_supplier") == [("Acme Handel", False, True)]


def test_a_credit_note_may_have_the_number_of_an_invoice_and_knows_what_it_corrects(crm: Crm) -> None:
    first = crm.post("invoice", invoice()).documents[0]
    result = crm.post("invoice", invoice(type="credit_note", corrects=[{"number": "INV-1"}]))
    assert [(d.kind, d.number) for d in result.documents] == [("credit_note", "INV-1")]
    assert ("corrects", "invoice", "INV-1", first.id) in crm.rows(
        "document_link", "relation", "to_kind", "to_number", "to_id"
    )


def test_a_credit_note_before_its_invoice_is_tied_when_it_comes(crm: Crm) -> None:
    crm.post("invoice", invoice("CN-1", type="381", corrects=[{"number": "INV-1"}]))
    placed = crm.post("invoice", invoice()).documents[0].id
    assert ("invoice", "INV-1", placed) in crm.rows("document_link", "to_kind", "to_number", "to_id")


def test_the_same_invoice_again_changes_nothing(crm: Crm) -> None:
    crm.post("invoice", invoice())
    before = crm.all_counts()
    result = crm.post("invoice", invoice())
    assert kinds(result) == ["message_posted_before"] and crm.all_counts() == before


def test_another_invoice_under_the_same_number_is_refused(crm: Crm) -> None:
    crm.post("invoice", invoice())
    result = crm.post("invoice", invoice(due_on="2027-01-01"))
    assert (result.state, kinds(result)) == ("rejected", ["duplicate_document"])


def test_a_replacement_takes_the_place_of_the_invoice(crm: Crm) -> None:
    crm.post("invoice", invoice())
    crm.post("invoice", invoice(purpose="replace", lines=[line("1"), line("2")], totals={"payable": Decimal("80")}))
    assert crm.rows("invoice", "state", "payable", "line_count") == [("changed", Decimal(80), 2)]
    assert crm.count("invoice_line") == 2 and crm.count("document_link") == 1


def test_a_cancelled_invoice_is_not_counted(crm: Crm) -> None:
    crm.post("invoice", invoice())
    crm.post("invoice", invoice(purpose="cancellation"))
    with crm.database.read() as connection:
        assert customer_view.totals(connection)["sales"] == {}


def test_sales_count_receivables_less_credit_notes_and_nothing_else(crm: Crm) -> None:
    crm.post("invoice", invoice("1", totals={"payable": Decimal("100.10")}))
    crm.post("invoice", invoice("2", type="credit_note", totals={"payable": Decimal("0.30")}))
    crm.post("invoice", invoice("3", type="proforma_invoice", totals={"payable": Decimal("500")}))
    crm.post("invoice", invoice("4", currency="USD", totals={"payable": Decimal("7")}))
    crm.post("invoice", invoice("5", seller=ACME, buyer=WE, totals={"payable": Decimal("33")}))
    found = crm.view(customer_view.totals)
    assert found["sales"] == {"EUR": Decimal("99.80"), "USD": Decimal("7")}
    assert found["purchases"] == {"EUR": Decimal("33")}


def test_the_whole_record_comes_back(crm: Crm) -> None:
    record = invoice(
        allowances=[{"kind": "charge", "reason": "freight", "amount": Decimal("4.00")}],
        lines=[line("1", taxes=[{"rate": Decimal("7.0")}], allowances=[{"kind": "allowance", "percent": Decimal(1)}])],
    )
    crm.post("invoice", record)
    found = crm.view(customer_view.invoice, "INV-1")
    assert found["record"] == record and found["customer"] == "Acme Handel"
    assert crm.rows("invoice_allowance", "line", "kind") == [(0, "charge"), (1, "allowance")]
