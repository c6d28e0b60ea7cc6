"""What a document asks for, by the codes it carries; tables only.

Records carry the words of `mappings/codes/` (message_function, order_type, invoice_type, line_action, line_outcome,
response_outcome, paid_document, customer_action, party_role); a map with `else: keep` may hand on the code itself, so
the UNTDID codes behind the words stand here as well: 1225 message function, 1001 document name, 1229 action request,
3035 party function (UN/EDIFACT code lists D.96A and D.01B).
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

# What a response says of a line (line_outcome): agreed as ordered, agreed with a difference, to come later, not to come,
# not decided yet, or offered and not agreed.
LINE_STATUS = {
    "accepted": "accepted",
    "5": "accepted",
    "unchanged": "accepted",
    "4": "accepted",
    "11": "accepted",
    "added": "accepted",
    "1": "accepted",
    "shipped": "accepted",
    "released": "accepted",
    "forwarded": "accepted",
    "delivered": "accepted",
    "42": "accepted",
    "price_pending": "accepted",
    "date_pending": "accepted",
    "changed": "changed",
    "3": "changed",
    "6": "changed",
    "24": "changed",
    "price_changed": "changed",
    "quantity_changed": "changed",
    "date_changed": "changed",
    "substituted": "changed",
    "partly_backordered": "changed",
    "backordered": "backordered",
    "rejected": "cancelled",
    "7": "cancelled",
    "rejected_not_in_contract": "cancelled",
    "rejected_unknown_item": "cancelled",
    "rejected_unit": "cancelled",
    "rejected_unavailable": "cancelled",
    "deleted": "cancelled",
    "2": "cancelled",
    "not_found": "cancelled",
    "10": "cancelled",
    "on_hold": "held",
    "on_hold_description": "held",
    "on_hold_waiver": "held",
    "proposed": "proposed",
    "23": "proposed",
}
AGREED = frozenset({"accepted", "changed"})  # a quantity of such a line is promised
ADDED = frozenset({"added", "1"})  # a line that the seller adds; no line of the order is meant

# What a response says as a whole (response_outcome) of lines that it does not name; `changed` and `received` say nothing
# of a single line.
ORDER_STATUS = {
    "accepted": "accepted",
    "rejected": "cancelled",
    "counter_offer": "proposed",
    "on_hold": "held",
    "not_processed": "held",
}
CHANGES_ONLY = frozenset({"changes_only", "AI"})  # UNCL 4343: what is not named is accepted as it was ordered

# What a payment pays (paid_document), as the CRM keeps it; a document of the payer's own or no invoice is not looked for.
PAID = {
    "": "invoice",
    "invoice": "invoice",
    "380": "invoice",
    "corrected_invoice": "invoice",
    "384": "invoice",
    "consolidated_invoice": "invoice",
    "385": "invoice",
    "self_billed_invoice": "invoice",
    "389": "invoice",
    "prepayment_invoice": "invoice",
    "386": "invoice",
    "freight_invoice": "invoice",
    "780": "invoice",
    "debit_note": "invoice",
    "383": "invoice",
    "credit_note": "credit_note",
    "381": "credit_note",
    "83": "credit_note",
}

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


def line_status(outcome: str, of_order: str = "") -> str:
    """accepted, changed, backordered, cancelled, held or proposed; '' where nothing is said of the line. `of_order` is the
    outcome of the response as a whole."""
    return LINE_STATUS.get(outcome, "") if outcome else ORDER_STATUS.get(of_order, "")
