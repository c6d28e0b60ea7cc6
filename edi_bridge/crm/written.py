"""In which order the CRM's tables are written, and what a written row consists of."""

from __future__ import annotations

from edi_bridge.crm.tables import tables

# Parents before children.
WRITTEN = """
    customer customer_location customer_name customer_address customer_identifier customer_contact
    customer_account sales_order order_line order_schedule order_allowance order_change invoice invoice_line
    invoice_tax invoice_allowance order_response response_line response_schedule despatch_advice despatch_pack
    despatch_item remittance remittance_item remittance_deduction document_link
""".split()
SELF_NUMBERED = frozenset({"customer_identifier", "customer_contact", "customer_account", "document_link"})  # rows without children
# The columns of a written row, in the table's order; `id` is left out where the table fills it by itself.
COLUMNS: dict[str, tuple[str, ...]] = {
    name: tuple(column.name for column in getattr(tables(), name).columns if column.name != "id" or name not in SELF_NUMBERED)
    for name in WRITTEN
}
