"""The peer for UBL: lxml parses the document and hand-written code maps it with compiled XPath, as one does without a
translator. It maps every field that occurs in the generated orders (`generate.ubl_order`) to the same record as our map.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from lxml import etree

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_NAMES = {"o": _UBL + "Order-2", "cac": _UBL + "CommonAggregateComponents-2", "cbc": _UBL + "CommonBasicComponents-2"}


def _xpath(path: str) -> etree.XPath:
    return etree.XPath(path, namespaces=_NAMES, smart_strings=False)


def _text(path: str) -> etree.XPath:
    return _xpath(f"normalize-space({path})")


_HEAD = {
    "number": _text("cbc:ID"), "type": _text("cbc:OrderTypeCode"), "issued_on": _text("cbc:IssueDate"),
    "currency": _text("cbc:DocumentCurrencyCode"),
    "requested_delivery": _text("cac:Delivery/cac:RequestedDeliveryPeriod/cbc:EndDate"),
}
_PARTY = {
    "gln": _text("cac:PartyIdentification/cbc:ID[@schemeID='0088']"), "name": _text("cac:PartyName/cbc:Name"),
    "street": _text("cac:PostalAddress/cbc:StreetName"), "city": _text("cac:PostalAddress/cbc:CityName"),
    "postcode": _text("cac:PostalAddress/cbc:PostalZone"),
    "country": _text("cac:PostalAddress/cac:Country/cbc:IdentificationCode"),
}
_PARTIES = {"buyer": _xpath("cac:BuyerCustomerParty/cac:Party"), "seller": _xpath("cac:SellerSupplierParty/cac:Party")}
_SITE = _text("cac:Delivery/cac:DeliveryLocation/cbc:ID[@schemeID='0088']")
_NOTES = _xpath("cbc:Note/text()")
_LINES = _xpath("cac:OrderLine")
_LINE = {
    "number": _text("cac:LineItem/cbc:ID"),
    "gtin": _text("cac:LineItem/cac:Item/cac:StandardItemIdentification/cbc:ID[@schemeID='0160']"),
    "buyer_item": _text("cac:LineItem/cac:Item/cac:BuyersItemIdentification/cbc:ID"),
    "seller_item": _text("cac:LineItem/cac:Item/cac:SellersItemIdentification/cbc:ID"),
    "description": _text("cac:LineItem/cac:Item/cbc:Name"),
    "quantity": _text("cac:LineItem/cbc:Quantity"), "unit": _text("cac:LineItem/cbc:Quantity/@unitCode"),
    "net_price": _text("cac:LineItem/cac:Price/cbc:PriceAmount"),
    "net_amount": _text("cac:LineItem/cbc:LineExtensionAmount"),
}
_TOTALS = {
    "lines": _text("cac:AnticipatedMonetaryTotal/cbc:LineExtensionAmount"),
    "payable": _text("cac:AnticipatedMonetaryTotal/cbc:PayableAmount"),
}
_TYPES = {"220": "order", "221": "blanket_order", "224": "rush_order", "226": "call_off"}
_NUMBERS = {"quantity", "net_price", "net_amount", "lines", "payable"}


def _fields(element: Any, paths: dict[str, etree.XPath]) -> dict[str, Any]:
    found = {}
    for name, path in paths.items():
        text = path(element)
        if text:
            found[name] = Decimal(text) if name in _NUMBERS else text
    return found


def map_order(content: bytes) -> dict[str, Any]:
    """The record of one order document."""
    root = etree.fromstring(content)
    order = _fields(root, _HEAD)
    order["type"] = _TYPES[order["type"]]
    for role, path in _PARTIES.items():
        order[role] = _fields(path(root)[0], _PARTY)
    site = _SITE(root)
    if site:
        order["deliver_to"] = {"gln": site}
    notes = [{"text": text.strip()} for text in _NOTES(root)]
    if notes:
        order["notes"] = notes
    lines = []
    for element in _LINES(root):
        line = _fields(element, _LINE)
        notes = [{"text": text.strip()} for text in _NOTES(element)]
        if notes:
            line["notes"] = notes
        lines.append(line)
    order["lines"] = lines
    order["totals"] = _fields(root, _TOTALS)
    return order
