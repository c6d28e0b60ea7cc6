"""What a document asks for, by the codes it carries; tables only.

UNTDID (UN/EDIFACT code lists D.96A and D.01B): 1225 message function, 1001 document name, 1229 action request.
X12 maps give the same codes (`mappings/codes/`).
"""

from __future__ import annotations

# 1225 → what is done with a document whose number is or is not here. What is not named is a new document
# (9 original, 6 and 42 confirmation of one given by other means, 13 request, 16 proposal, 46 provisional …).
ACTS = {
    "1": "cancel", "17": "cancel",
    "2": "change", "3": "change", "4": "change", "33": "change", "36": "change",
    "5": "replace", "18": "replace", "20": "change", "21": "change", "47": "replace",
    "7": "copy", "31": "copy", "35": "copy", "43": "copy",
    "53": "test",
}
CHANGE_REQUEST = "230"  # 1001: purchase order change request

# 1229 → what happens to a line of an order change; a line without an action is set as it is given.
LINE_ACTS = {"1": "set", "2": "cancel", "3": "set", "4": "keep", "": "set"}

# 1001 → kind of invoice; what is not named is an invoice.
CREDIT_NOTES = frozenset({"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"})
PROFORMA = frozenset({"325"})


def act_of(purpose: str, type_: str) -> str:
    """new, change, replace, cancel, copy or test."""
    act = ACTS.get(purpose, "new")
    return "change" if act == "new" and type_ == CHANGE_REQUEST else act


def invoice_kind(type_: str) -> str:
    """invoice, credit_note or proforma (which claims no payment)."""
    if type_ in CREDIT_NOTES:
        return "credit_note"
    return "proforma" if type_ in PROFORMA else "invoice"
