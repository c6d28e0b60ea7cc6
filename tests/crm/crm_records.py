"""Records as maps make them, for tests."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

WE = {"gln": "4098765000010", "name": "We GmbH"}
ACME = {
    "gln": "4012345000009",
    "vat": "DE123456788",
    "sender_number": "0815",
    "name": "Acme Handel",
    "street": "Ring 1",
    "city": "Köln",
    "postcode": "50667",
    "country": "DE",
    "contacts": [{"role": "OC", "name": "Ute Öz", "phone": "+49 221 1"}],
}
SHOP = {"gln": "4012345000016", "name": "Acme Filiale 7", "city": "Bonn", "country": "DE"}


def line(number: str, quantity: str = "3", price: str = "12.50", **more: Any) -> dict[str, Any]:
    """An order or invoice line whose amount is quantity × price."""
    made = {
        "number": number,
        "gtin": f"400000000000{number}",
        "buyer_item": f"B{number}",
        "seller_item": f"S{number}",
        "description": f"Thing {number}",
        "quantity": Decimal(quantity),
        "unit": "PCE",
        "net_price": Decimal(price),
        "net_amount": Decimal(quantity) * Decimal(price),
    }
    return {**made, **more}


def order(number: str = "PO-1", **more: Any) -> dict[str, Any]:
    """An order of ours from Acme with two lines."""
    made = {
        "number": number,
        "type": "order",
        "purpose": "original",
        "issued_on": "2026-11-20",
        "requested_delivery": "2026-11-27",
        "currency": "EUR",
        "buyer": ACME,
        "seller": WE,
        "deliver_to": SHOP,
        "lines": [line("1"), line("2", "1.5", "0.3333")],
    }
    return {**made, **more}


def invoice(number: str = "INV-1", **more: Any) -> dict[str, Any]:
    """An invoice that we wrote to Acme for PO-1."""
    made = {
        "number": number,
        "type": "invoice",
        "purpose": "original",
        "issued_on": "2026-11-28",
        "due_on": "2026-12-28",
        "currency": "EUR",
        "order_number": "PO-1",
        "buyer": ACME,
        "seller": WE,
        "lines": [line("1")],
        "taxes": [
            {"type": "VAT", "category": "S", "rate": Decimal(19), "base": Decimal("37.50"), "amount": Decimal("7.13")}
        ],
        "totals": {
            "lines": Decimal("37.50"),
            "net": Decimal("37.50"),
            "tax": Decimal("7.13"),
            "payable": Decimal("44.63"),
        },
    }
    return {**made, **more}


def without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    """A record without some fields."""
    return {name: value for name, value in record.items() if name not in names}
