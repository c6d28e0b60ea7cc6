"""The ledger and the CRM's live lane, as the first release has them.

Revision ID: 0001
"""

from __future__ import annotations

from edi_bridge.migrations.shorthand import create

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    _ledger()
    _parties()
    _orders()
    _invoices()


def _ledger() -> None:
    create(
        "receipt",
        "id id; text sha256; id size; text name channel received_at state partner map failure",
        "id",
        indexes="sha256 state",
    )
    create(
        "exchange",
        "id id receipt_id; count ordinal; text standard syntax sender_qualifier sender receiver_qualifier "
        "receiver control; boolean test?; text partner state outcome verdict; id original_id?; text versions "
        "failure",
        "id",
        links="receipt_id>receipt original_id>exchange",
        unique="receipt_id,ordinal",
        indexes="control state",
    )
    create(
        "message",
        "id id exchange_id; count ordinal; text type reference state verdict content map map_hash "
        "record_type; count records; text failure",
        "id",
        links="exchange_id>exchange",
        unique="exchange_id,ordinal",
    )
    create(
        "finding",
        "id id receipt_id exchange_id? message_id?; text kind value note position",
        "id",
        links="receipt_id>receipt exchange_id>exchange message_id>message",
        indexes="exchange_id message_id receipt_id",
    )
    create(
        "identity",
        "id id; text kind scope value; id exchange_id; count message",
        "id",
        links="exchange_id>exchange",
        unique="kind,scope,value",
        indexes="exchange_id",
    )


def _parties() -> None:
    create(
        "customer",
        "id id; boolean is_customer is_supplier; text name status language currency website valid_from "
        "valid_to record; id message_id changed_by",
        "id",
        links="message_id>message changed_by>message",
    )
    create(
        "customer_name",
        "id customer_id; text name kind; id message_id",
        "customer_id,name",
        links="customer_id>customer message_id>message",
    )
    create(
        "customer_address",
        "id customer_id; text kind department street street_2 building city region postcode po_box country; "
        "id message_id",
        "customer_id,kind",
        links="customer_id>customer message_id>message",
    )
    create(
        "customer_location",
        "id id customer_id; text key role name name_2 department street street_2 building city region "
        "postcode po_box country valid_from record; id message_id",
        "id",
        links="customer_id>customer message_id>message",
        unique="customer_id,key",
    )
    create(
        "customer_identifier",
        "id id customer_id; text scheme value; id location_id? message_id",
        "id",
        links="customer_id>customer location_id>customer_location message_id>message",
        unique="scheme,value",
        indexes="customer_id",
    )
    create(
        "customer_contact",
        "id id customer_id location_id?; text role name phone fax email; id message_id",
        "id",
        links="customer_id>customer location_id>customer_location message_id>message",
        indexes="customer_id",
    )
    create(
        "customer_account",
        "id id customer_id; text iban bic account bank_code bank_name holder currency country; id message_id",
        "id",
        links="customer_id>customer message_id>message",
        indexes="customer_id",
    )
    create(
        "product",
        "id id customer_id; text gtin our_item partner_item description; id message_id",
        "id",
        links="customer_id>customer message_id>message",
        unique="customer_id,gtin,our_item,partner_item",
        indexes="gtin",
    )


def _orders() -> None:
    create(
        "sales_order",
        "id id customer_id; text direction number release type purpose state issued_on requested_delivery "
        "currency; id deliver_to_id?; decimal total?; count line_count; text partner content record; id "
        "message_id changed_by",
        "id",
        links="customer_id>customer deliver_to_id>customer_location message_id>message changed_by>message",
        unique="customer_id,direction,number,release",
        indexes="number",
    )
    create(
        "order_line",
        "id order_id; count position; text number state gtin buyer_item seller_item description unit "
        "requested_delivery; decimal quantity? net_price? net_amount?; text record; id message_id",
        "order_id,position",
        links="order_id>sales_order message_id>message",
    )
    create(
        "order_schedule",
        "id order_id; count line position; id location_id?; text location unit date; decimal quantity?; id message_id",
        "order_id,line,position",
        links="order_id>sales_order order_id,line>order_line:order_id,position location_id>customer_location "
        "message_id>message",
    )
    create(
        "order_allowance",
        "id order_id; count line position; text kind code reason unit tax_category; decimal percent? amount? "
        "base? quantity? tax_rate?; id message_id",
        "order_id,line,position",
        links="order_id>sales_order message_id>message",
    )
    create(
        "order_change",
        "id id customer_id; text direction order_number release; id order_id?; text number type purpose act "
        "state issued_on content record before; id message_id",
        "id",
        links="customer_id>customer order_id>sales_order message_id>message",
        indexes="customer_id,order_number order_id",
    )


def _invoices() -> None:
    create(
        "invoice",
        "id id customer_id; text direction kind number type purpose state issued_on due_on currency; decimal "
        "net? tax? payable?; count line_count; text order_number partner content record; id message_id "
        "changed_by",
        "id",
        links="customer_id>customer message_id>message changed_by>message",
        unique="customer_id,direction,kind,number",
        indexes="number",
    )
    create(
        "invoice_line",
        "id invoice_id; count position; text number gtin buyer_item seller_item description unit order_number "
        "order_line; decimal quantity? net_price? net_amount?; text record; id message_id",
        "invoice_id,position",
        links="invoice_id>invoice message_id>message",
    )
    create(
        "invoice_tax",
        "id invoice_id; count line position; text type category currency exemption; decimal rate? base? "
        "amount?; id message_id",
        "invoice_id,line,position",
        links="invoice_id>invoice message_id>message",
    )
    create(
        "invoice_allowance",
        "id invoice_id; count line position; text kind code reason unit tax_category; decimal percent? "
        "amount? base? quantity? tax_rate?; id message_id",
        "invoice_id,line,position",
        links="invoice_id>invoice message_id>message",
    )
    create(
        "document_link",
        "id id customer_id; text relation from_kind; id from_id; text to_kind to_number; id to_id? message_id",
        "id",
        links="customer_id>customer message_id>message",
        unique="from_kind,from_id,relation,to_kind,to_number",
        indexes="customer_id,to_kind,to_number",
    )
