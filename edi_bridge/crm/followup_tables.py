"""The tables of what follows an order: responses, despatch advices, remittances.

A response and a remittance keep their record as orders do: the head without its lines, each line (item) in its own row.
A despatch advice is a tree of packs; its record stands as a whole in the head row, packs and items are rows for searching.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from edi_bridge.crm.columns import count, decimals, key, link, message, texts


def followup_tables(metadata: MetaData, lane: str) -> dict[str, Table]:
    """Define them for a lane."""
    return {**_responses(metadata, lane), **_despatches(metadata, lane), **_remittances(metadata, lane)}


def _responses(metadata: MetaData, lane: str) -> dict[str, Table]:
    response = f"{lane}order_response"

    def of_response() -> Column[int]:
        return link("response_id", response)

    return {
        "order_response": Table(
            response,
            metadata,
            key(),
            link("customer_id", f"{lane}customer"),
            # `key`: release and number of the response; the hash of its content where it has no number
            *texts("direction order_number release number key"),
            link("order_id", f"{lane}sales_order", null=True),  # NULL: the order has not come yet
            *texts("outcome type purpose state issued_on expected currency"),
            *decimals("total"),
            count("line_count"),
            *texts("partner content record"),
            message(),
            message("changed_by"),
            UniqueConstraint("customer_id", "direction", "order_number", "key"),
            Index(None, "order_id"),
            Index(None, "order_number"),
        ),
        "response_line": Table(
            f"{lane}response_line",
            metadata,
            of_response(),
            count("position"),
            *texts("number order_line outcome status gtin buyer_item seller_item description unit"),
            *texts("confirmed_on ship_on reason"),
            *decimals("ordered confirmed backordered net_price net_amount"),
            *texts("record"),
            message(),
            PrimaryKeyConstraint("response_id", "position"),
        ),
        "response_schedule": Table(
            f"{lane}response_schedule",
            metadata,
            of_response(),
            count("line"),
            count("position"),
            *texts("outcome unit date ship_on"),
            *decimals("quantity"),
            message(),
            PrimaryKeyConstraint("response_id", "line", "position"),
            ForeignKeyConstraint(
                ["response_id", "line"], [f"{lane}response_line.response_id", f"{lane}response_line.position"]
            ),
        ),
    }


def _despatches(metadata: MetaData, lane: str) -> dict[str, Table]:
    despatch = f"{lane}despatch_advice"

    def of_despatch() -> Column[int]:
        return link("despatch_id", despatch)

    return {
        "despatch_advice": Table(
            despatch,
            metadata,
            key(),
            link("customer_id", f"{lane}customer"),
            *texts("direction number type purpose state issued_on shipped_on expected order_number"),
            *texts("delivery_note bill_of_lading carrier carrier_reference transport_mode"),
            link("deliver_to_id", f"{lane}customer_location", null=True),
            *decimals("gross_weight"),
            *texts("weight_unit"),
            count("pack_count"),
            count("item_count"),
            *texts("partner content record"),
            message(),
            message("changed_by"),
            UniqueConstraint("customer_id", "direction", "number"),
            Index(None, "number"),
        ),
        "despatch_pack": Table(
            f"{lane}despatch_pack",
            metadata,
            of_despatch(),
            count("position"),
            count("parent"),  # position of the pack that holds it, 0 for an outermost one
            *texts("sscc level kind order_number tracking"),
            count("packages"),
            *decimals("gross_weight"),
            *texts("weight_unit"),
            message(),
            PrimaryKeyConstraint("despatch_id", "position"),
            Index(None, "sscc"),
        ),
        "despatch_item": Table(
            f"{lane}despatch_item",
            metadata,
            of_despatch(),
            count("position"),
            count("pack"),  # position of its pack, 0 for one without
            link("order_id", f"{lane}sales_order", null=True),  # NULL: no order is named, or it has not come yet
            *texts("number order_number order_line gtin buyer_item seller_item description unit"),
            *texts("batch best_before status"),
            *decimals("quantity ordered"),
            message(),
            PrimaryKeyConstraint("despatch_id", "position"),
            Index(None, "order_id"),
        ),
    }


def _remittances(metadata: MetaData, lane: str) -> dict[str, Table]:
    remittance = f"{lane}remittance"

    def of_remittance() -> Column[int]:
        return link("remittance_id", remittance)

    return {
        "remittance": Table(
            remittance,
            metadata,
            key(),
            link("customer_id", f"{lane}customer"),
            *texts("direction number purpose handling state issued_on paid_on value_date currency means trace"),
            *decimals("amount"),
            count("item_count"),
            *texts("partner content record"),
            message(),
            message("changed_by"),
            UniqueConstraint("customer_id", "direction", "number"),
            Index(None, "number"),
        ),
        "remittance_item": Table(
            f"{lane}remittance_item",
            metadata,
            of_remittance(),
            count("position"),
            link("invoice_id", f"{lane}invoice", null=True),  # NULL: what is paid has not come yet, or is no invoice
            *texts("document type action date currency order_number"),
            *decimals("amount gross discount deducted"),
            *texts("record"),
            message(),
            PrimaryKeyConstraint("remittance_id", "position"),
            Index(None, "invoice_id"),
        ),
        "remittance_deduction": Table(
            f"{lane}remittance_deduction",
            metadata,
            of_remittance(),
            count("item"),  # position of the item, 0 for the payment as a whole
            count("position"),
            *texts("line reason document type"),
            *decimals("amount"),
            message(),
            PrimaryKeyConstraint("remittance_id", "item", "position"),
        ),
    }
