"""What follows an order: responses, despatch advices, remittances.

Revision ID: 0003
"""

from __future__ import annotations

from alembic import op

from edi_bridge.migrations.shorthand import create

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The tables of the live lane; links are found by the number they wait for, whoever's it is."""
    _responses()
    _despatches()
    _remittances()
    op.drop_index("ix_document_link_customer_id_to_kind_to_number", table_name="document_link")
    op.create_index("ix_document_link_to_number", "document_link", ["to_number"])


def _responses() -> None:
    create(
        "order_response",
        "id id customer_id; text direction order_number release number key; id order_id?; text outcome type purpose "
        "state issued_on expected currency; decimal total?; count line_count; text partner content record; id "
        "message_id changed_by",
        "id",
        links="customer_id>customer order_id>sales_order message_id>message changed_by>message",
        unique="customer_id,direction,order_number,key",
        indexes="order_id order_number",
    )
    create(
        "response_line",
        "id response_id; count position; text number order_line outcome status gtin buyer_item seller_item "
        "description unit confirmed_on ship_on reason; decimal ordered? confirmed? backordered? net_price? "
        "net_amount?; text record; id message_id",
        "response_id,position",
        links="response_id>order_response message_id>message",
    )
    create(
        "response_schedule",
        "id response_id; count line position; text outcome unit date ship_on; decimal quantity?; id message_id",
        "response_id,line,position",
        links="response_id>order_response response_id,line>response_line:response_id,position message_id>message",
    )


def _despatches() -> None:
    create(
        "despatch_advice",
        "id id customer_id; text direction number type purpose state issued_on shipped_on expected order_number "
        "delivery_note bill_of_lading carrier carrier_reference transport_mode; id deliver_to_id?; decimal "
        "gross_weight?; text weight_unit; count pack_count item_count; text partner content record; id message_id "
        "changed_by",
        "id",
        links="customer_id>customer deliver_to_id>customer_location message_id>message changed_by>message",
        unique="customer_id,direction,number",
        indexes="number",
    )
    create(
        "despatch_pack",
        "id despatch_id; count position parent; text sscc level kind order_number tracking; count packages; decimal "
        "gross_weight?; text weight_unit; id message_id",
        "despatch_id,position",
        links="despatch_id>despatch_advice message_id>message",
        indexes="sscc",
    )
    create(
        "despatch_item",
        "id despatch_id; count position pack; id order_id?; text number order_number order_line gtin buyer_item "
        "seller_item description unit batch best_before status; decimal quantity? ordered?; id message_id",
        "despatch_id,position",
        links="despatch_id>despatch_advice order_id>sales_order message_id>message",
        indexes="order_id",
    )


def _remittances() -> None:
    create(
        "remittance",
        "id id customer_id; text direction number purpose handling state issued_on paid_on value_date currency means "
        "trace; decimal amount?; count item_count; text partner content record; id message_id changed_by",
        "id",
        links="customer_id>customer message_id>message changed_by>message",
        unique="customer_id,direction,number",
        indexes="number",
    )
    create(
        "remittance_item",
        "id remittance_id; count position; id invoice_id?; text document type action date currency order_number; "
        "decimal amount? gross? discount? deducted?; text record; id message_id",
        "remittance_id,position",
        links="remittance_id>remittance invoice_id>invoice message_id>message",
        indexes="invoice_id",
    )
    create(
        "remittance_deduction",
        "id remittance_id; count item position; text line reason document type; decimal amount?; id message_id",
        "remittance_id,item,position",
        links="remittance_id>remittance message_id>message",
    )
