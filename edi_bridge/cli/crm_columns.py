"""The columns in which `edi-bridge crm` shows documents and their parts."""

from __future__ import annotations

# title of a column (see show.table) → the field it shows
ORDER_COLUMNS = {
    "id": "id", "order": "number", "~customer": "customer", "state": "state", "issued": "issued_on",
    "delivery": "requested_delivery", ">lines": "line_count", ">total": "total", "currency": "currency",
    "answer": "answer",
}  # fmt: skip
INVOICE_COLUMNS = {
    "id": "id", "number": "number", "kind": "kind", "~customer": "customer", "issued": "issued_on", "due": "due_on",
    "order": "order_number", ">net": "net", ">tax": "tax", ">payable": "payable", "currency": "currency",
    ">open": "open", "payment": "payment",
}  # fmt: skip
RESPONSE_COLUMNS = {
    "id": "id", "response": "number", "~customer": "customer", "to order": "order_number", "says": "outcome",
    "state": "state", "issued": "issued_on", "expected": "expected", ">lines": "line_count",
}  # fmt: skip
DESPATCH_COLUMNS = {
    "id": "id", "despatch": "number", "~customer": "customer", "order": "order_number", "state": "state",
    "shipped": "shipped_on", "expected": "expected", "carrier": "carrier", ">packs": "pack_count", ">items": "item_count",
}  # fmt: skip
REMITTANCE_COLUMNS = {
    "id": "id", "remittance": "number", "~customer": "customer", "state": "state", "issued": "issued_on", "paid": "paid_on",
    ">amount": "amount", "currency": "currency", "by": "means", ">items": "item_count",
}  # fmt: skip
PROGRESS_COLUMNS = {
    ">line": "number", "~article": "article", ">ordered": "ordered", "unit": "unit", "seller says": "status",
    ">confirmed": "confirmed", ">back order": "backordered", "for": "confirmed_on", "ships": "ship_on",
    ">shipped": "shipped", ">invoiced": "invoiced", ">credited": "credited", ">paid": "paid", ">paid in part": "part_paid",
    "other units": "others",
}  # fmt: skip
ANSWER_COLUMNS = {
    ">line": "number", ">order line": "order_line", "~article": "article", "says": "outcome", ">ordered": "ordered",
    ">confirmed": "confirmed", ">back order": "backordered", "unit": "unit", "for": "confirmed_on", "ships": "ship_on",
    ">price": "net_price", "reason": "reason",
}  # fmt: skip
DELIVERY_COLUMNS = {
    ">line": "line", "says": "outcome", ">quantity": "quantity", "unit": "unit", "for": "date", "ships": "ship_on",
}  # fmt: skip
PACK_COLUMNS = {
    "pack": "place", "SSCC": "sscc", "kind": "kind", ">packages": "packages", "order": "order_number", ">weight": "gross_weight",
    "unit": "weight_unit", "tracking": "tracking",
}  # fmt: skip
ITEM_COLUMNS = {
    ">pack": "pack", ">line": "number", "order": "order_number", ">order line": "order_line", "~article": "article",
    ">quantity": "quantity", "unit": "unit", "batch": "batch", "best before": "best_before",
}  # fmt: skip
PAID_COLUMNS = {
    "document": "document", "type": "type", "date": "date", ">gross": "gross", ">discount": "discount", ">deducted": "deducted",
    ">amount": "amount", "currency": "currency", "here": "here",
}  # fmt: skip
DEDUCTION_COLUMNS = {"from": "from", "reason": "reason", ">amount": "amount", "document": "document", "type": "type"}
PAYMENT_COLUMNS = {
    "remittance": "number", "state": "state", "paid": "paid_on", ">amount": "amount", ">discount": "discount",
    ">deducted": "deducted", "currency": "currency", "reasons": "why",
}  # fmt: skip
LINK_COLUMNS = {"how": "relation", "what": "to_kind", "number": "to_number", "here": "here"}
# Columns that are shown only where a row has something in them.
OPTIONAL = frozenset({
    "answer", "payment", "open", "backordered", "ship_on", "confirmed_on", "credited", "part_paid", "others", "reason",
    "order_line", "tracking", "batch", "best_before", "gross_weight", "weight_unit", "discount", "deducted", "gross", "why",
    "type", "kind", "expected", "carrier", "order_number", "document", "sscc", "ordered", "net_price", "date", "number",
})  # fmt: skip
LINE_COLUMNS = {
    ">line": "number", "gtin": "gtin", "their item": "buyer_item", "our item": "seller_item",
    "~description": "description", ">quantity": "quantity", "unit": "unit", ">price": "net_price",
    ">amount": "net_amount",
}  # fmt: skip
TAX_COLUMNS = {"type": "type", "category": "category", ">rate": "rate", ">base": "base", ">amount": "amount"}
# Columns whose codes are shown as words.
WORDS = frozenset({"kind", "answer", "outcome", "status", "reason", "means", "type", "to_kind"})
# The lists of a customer's documents.
LISTS = {
    "orders": ORDER_COLUMNS,
    "responses": RESPONSE_COLUMNS,
    "despatches": DESPATCH_COLUMNS,
    "invoices": INVOICE_COLUMNS,
    "remittances": REMITTANCE_COLUMNS,
}
