"""The tables of what follows an order: responses, despatch advices, remittances.

A response and a remittance keep their record as orders do: the head without its lines, each line (item) in its own row.
A despatch advice is a tree of packs; its record stands as a whole in the head row, packs and items are rows for searching.
"""

from __future__ import annotations

from functools import partial

from sqlalchemy import ForeignKeyConstraint, Index, MetaData, Table

from edi_bridge.crm.columns import count, decimals, head, link, part, texts


def followup_tables(metadata: MetaData, lane: str) -> list[Table]:
    """Define them for a lane."""
    return [*_responses(metadata, lane), *_despatches(metadata, lane), *_remittances(metadata, lane)]


def _responses(metadata: MetaData, lane: str) -> list[Table]:
    of_response = partial(part, metadata, lane, "order_response", "response_id")
    return [
        head(
            metadata,
            lane,
            "order_response",
            # `key`: release and number of the response; the hash of its content where it has no number
            *texts("direction order_number release number key"),
            link("order_id", f"{lane}sales_order", null=True),  # NULL: the order has not come yet
            *texts("outcome type purpose state issued_on expected currency"),
            *decimals("total"),
            count("line_count"),
            known_by="order_number key",
            found_by="order_id order_number",
        ),
        of_response(
            "response_line",
            *texts("number order_line outcome status gtin buyer_item seller_item description unit"),
            *texts("confirmed_on ship_on reason"),
            *decimals("ordered confirmed backordered net_price net_amount"),
            *texts("record"),
        ),
        of_response(
            "response_schedule",
            *texts("outcome unit date ship_on"),
            *decimals("quantity"),
            ForeignKeyConstraint(["response_id", "line"], [f"{lane}response_line.response_id", f"{lane}response_line.position"]),
            place="line position",
        ),
    ]


def _despatches(metadata: MetaData, lane: str) -> list[Table]:
    of_despatch = partial(part, metadata, lane, "despatch_advice", "despatch_id")
    return [
        head(
            metadata,
            lane,
            "despatch_advice",
            *texts("direction number type purpose state issued_on shipped_on expected order_number"),
            *texts("delivery_note bill_of_lading carrier carrier_reference transport_mode"),
            link("deliver_to_id", f"{lane}customer_location", null=True),
            *decimals("gross_weight"),
            *texts("weight_unit"),
            count("pack_count"),
            count("item_count"),
            known_by="number",
        ),
        of_despatch(
            "despatch_pack",
            count("parent"),  # position of the pack that holds it, 0 for an outermost one
            *texts("sscc level kind order_number tracking"),
            count("packages"),
            *decimals("gross_weight"),
            *texts("weight_unit"),
            Index(None, "sscc"),
        ),
        of_despatch(
            "despatch_item",
            count("pack"),  # position of its pack, 0 for one without
            link("order_id", f"{lane}sales_order", null=True),  # NULL: no order is named, or it has not come yet
            *texts("number order_number order_line gtin buyer_item seller_item description unit"),
            *texts("batch best_before status"),
            *decimals("quantity ordered"),
            Index(None, "order_id"),
        ),
    ]


def _remittances(metadata: MetaData, lane: str) -> list[Table]:
    of_remittance = partial(part, metadata, lane, "remittance", "remittance_id")
    return [
        head(
            metadata,
            lane,
            "remittance",
            *texts("direction number purpose handling state issued_on paid_on value_date currency means trace"),
            *decimals("amount"),
            count("item_count"),
            known_by="number",
        ),
        of_remittance(
            "remittance_item",
            link("invoice_id", f"{lane}invoice", null=True),  # NULL: what is paid has not come yet, or is no invoice
            *texts("document type action date currency order_number"),
            *decimals("amount gross discount deducted"),
            *texts("record"),
            Index(None, "invoice_id"),
        ),
        of_remittance(
            "remittance_deduction",
            *texts("line reason document type"),
            *decimals("amount"),
            place="item position",  # position of the item, 0 for the payment as a whole
        ),
    ]
