"""What a document asks for, by the codes it carries; tables only.

Records carry the words of `mappings/codes/` (message_function, order_type, invoice_type, line_action, customer_action,
party_role); a map with `else: keep` may hand on the code itself, so the UNTDID codes behind the words stand here as
well: 1225 message function, 1001 document name, 1229 action request, 3035 party function (UN/EDIFACT code lists D.96A
and D.01B).
"""

from __future__ import annotations

# What is done with a document whose number is here or not. What is not named is a new document (original,
# confirmation, request, proposal, provisional, final …).
ACTS = {
    "cancellation": "cancel",
    "1": "cancel",
    "cancelled_to_be_reissued": "cancel",
    "17": "cancel",
    "addition": "change",
    "2": "change",
    "deletion": "change",
    "3": "change",
    "change": "change",
    "4": "change",
    "seller_initiated_change": "change",
    "19": "change",
    "20": "change",
    "21": "change",
    "33": "change",
    "36": "change",
    "replace": "replace",
    "5": "replace",
    "reissue": "replace",
    "18": "replace",
    "definitive": "replace",
    "47": "replace",
    "duplicate": "copy",
    "7": "copy",
    "copy": "copy",
    "31": "copy",
    "retransmission": "copy",
    "35": "copy",
    "additional_transmission": "copy",
    "43": "copy",
    "53": "test",
}
CHANGE_REQUESTS = frozenset({"order_change", "230"})

# What happens to a line of an order change. A line without an action is set as it is given, field by field; where the
# message as a whole adds or deletes items (addition, deletion), so does a line without an action.
LINE_ACTS = {
    "added": "set",
    "1": "set",
    "changed": "set",
    "3": "set",
    "quantity_increased": "set",
    "quantity_decreased": "set",
    "price_changed": "set",
    "price_and_quantity_changed": "set",
    "dates_changed": "set",
    "rescheduled": "set",
    "quantity_rescheduled": "set",
    "price_rescheduled": "set",
    "price_quantity_rescheduled": "set",
    "dates_replaced": "set",
    "terms_changed": "set",
    "allowances_changed": "set",
    "replacement_item": "set",
    "replaced": "replace",
    "38": "replace",
    "deleted": "cancel",
    "2": "cancel",
    "unchanged": "keep",
    "4": "keep",
    "11": "keep",
    "not_found": "keep",
    "10": "keep",
    "rejected": "keep",
    "7": "keep",
    "proposed": "keep",  # nothing is agreed yet
    "23": "keep",
    "line_numbers_changed": "keep",
    "12": "keep",
}
ADDS = frozenset({"added", "1", ""})  # a line that need not be there before
LINES_OF_PURPOSE = {"deletion": "cancel", "3": "cancel"}

# What kind of invoice; what is not named is an invoice.
CREDIT_NOTES = frozenset(
    {
        "credit_note",
        "financial_credit_note",
        "factored_credit_note",
        "self_billed_credit_note",
        "81",
        "83",
        "261",
        "262",
        "296",
        "308",
        "381",
        "396",
        "420",
        "458",
        "532",
    }
)
PROFORMA = frozenset({"proforma_invoice", "325"})

# customer_action (UNCL 1225 in PARTIN); what is not named completes what is on file.
CUSTOMER_ACTS = {"delete": "remove", "3": "remove", "replace": "replace", "5": "replace"}

# party_role (UNCL 3035): who is a supplier, and who never becomes a customer.
SUPPLIERS = frozenset({"seller", "supplier", "manufacturer", "SE", "SU", "MF", "VN"})
NEVER = frozenset({"carrier", "freight_forwarder", "bank", "payee_bank", "CA", "FW", "BB", "BF", "BI", "BK", "RB"})


def act_of(purpose: str, type_: str) -> str:
    """new, change, replace, cancel, copy or test."""
    act = ACTS.get(purpose, "new")
    return "change" if act == "new" and type_ in CHANGE_REQUESTS else act


def line_act(action: str, purpose: str) -> str:
    """set, replace, cancel or keep."""
    return LINE_ACTS.get(action) or LINES_OF_PURPOSE.get(purpose, "set")


def invoice_kind(type_: str) -> str:
    """invoice, credit_note or proforma (which claims no payment)."""
    if type_ in CREDIT_NOTES:
        return "credit_note"
    return "proforma" if type_ in PROFORMA else "invoice"
