"""Records of what follows PO-1 (`crm_records.order`), as maps make them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from crm_records import ACME, SHOP, WE

SUPPLIER = {"gln": "4399901000009", "vat": "DE123456796", "name": "Mühle KG", "city": "Ulm", "country": "DE"}


def response(number: str = "AB-1", **more: Any) -> dict[str, Any]:
    """Our answer to PO-1: line 1 as ordered, of line 2 a part, the rest on back order."""
    made = {
        "number": number,
        "order_number": "PO-1",
        "outcome": "changed",
        "purpose": "original",
        "issued_on": "2026-11-21",
        "currency": "EUR",
        "buyer": ACME,
        "seller": WE,
        "deliver_to": SHOP,
        "lines": [
            {"number": "1", "order_line": "1", "outcome": "accepted", "quantity": Decimal(3), "unit": "PCE", "date": "2026-11-27"},
            {
                "number": "2",
                "order_line": "2",
                "outcome": "changed",
                "quantity": Decimal(1),
                "unit": "PCE",
                "date": "2026-11-28",
                "splits": [{"outcome": "backordered", "quantity": Decimal("0.5"), "unit": "PCE", "date": "2026-12-05"}],
                "net_price": Decimal("0.34"),
            },
        ],
    }
    return {**made, **more}


def item(number: str, quantity: str, **more: Any) -> dict[str, Any]:
    """An item of a despatch advice that names line `number` of its order."""
    made = {"number": number, "gtin": f"400000000000{number}", "quantity": Decimal(quantity), "unit": "PCE", "order_line": number}
    return {**made, **more}


def despatch(number: str = "LS-1", **more: Any) -> dict[str, Any]:
    """What we shipped for PO-1: a pallet with two cartons, and one item beside it."""
    made = {
        "number": number,
        "purpose": "original",
        "issued_on": "2026-11-26",
        "shipped_on": "2026-11-26T16:00",
        "order_number": "PO-1",
        "buyer": ACME,
        "seller": WE,
        "deliver_to": SHOP,
        "carrier": {"name": "Spedition Eilig"},
        "gross_weight": Decimal("12.5"),
        "weight_unit": "KGM",
        "packs": [
            {
                "sscc": "340123450000000014",
                "kind": "201",
                "packs": [
                    {"sscc": "340123450000000021", "kind": "CT", "items": [item("1", "2", batch="L7")]},
                    {"sscc": "340123450000000038", "kind": "CT", "count": 1, "items": [item("1", "1")]},
                ],
            }
        ],
        "items": [item("2", "1")],
    }
    return {**made, **more}


def remittance(number: str = "ZA-1", **more: Any) -> dict[str, Any]:
    """Acme pays INV-1 (44.63) less discount and a deduction."""
    made = {
        "number": number,
        "purpose": "original",
        "issued_on": "2026-12-01",
        "paid_on": "2026-12-03",
        "currency": "EUR",
        "amount": Decimal("38.63"),
        "payer": ACME,
        "payee": WE,
        "items": [
            {
                "document": "INV-1",
                "type": "invoice",
                "amount": Decimal("38.63"),
                "gross": Decimal("44.63"),
                "discount": Decimal("1.00"),
                "deductions": [{"reason": "damaged", "amount": Decimal("-5.00"), "document": "LS-1"}],
            }
        ],
    }
    return {**made, **more}


def paid(document: str, amount: str, **more: Any) -> dict[str, Any]:
    """An item of a remittance."""
    return {"document": document, "type": "invoice", "amount": Decimal(amount), **more}
