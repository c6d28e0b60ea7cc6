"""The CRM's tables, made from one definition for each lane (live, staging_, pilot_).

A document's searched fields stand in columns; the whole record stands beside them as JSON, so that nothing is lost:
the head without its lines in `record` of the head row, each line in `record` of its row. Lines, schedules and the
like are numbered within their document and have no number of their own. Every row names the ledger's message it
came from (`message_id`).

Texts that take part in a unique index are '' where unknown, since NULLs are all different there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKeyConstraint,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from edi_bridge.crm.columns import count, decimals, head, key, link, message, part, texts
from edi_bridge.crm.followup_tables import followup_tables
from edi_bridge.database import Id, lane_of, new_metadata


@dataclass(frozen=True, slots=True)
class CrmTables:
    """The CRM of one lane by name."""

    customer: Table
    customer_name: Table
    customer_address: Table
    customer_location: Table
    customer_identifier: Table
    customer_contact: Table
    customer_account: Table
    sales_order: Table
    order_line: Table
    order_schedule: Table
    order_allowance: Table
    order_change: Table
    invoice: Table
    invoice_line: Table
    invoice_tax: Table
    invoice_allowance: Table
    order_response: Table
    response_line: Table
    response_schedule: Table
    despatch_advice: Table
    despatch_pack: Table
    despatch_item: Table
    remittance: Table
    remittance_item: Table
    remittance_deduction: Table
    product: Table
    document_link: Table


def of(connection: Connection) -> CrmTables:
    """The tables of the lane that the connection is bound to."""
    return tables(lane_of(connection))


@cache
def tables(lane: str = "") -> CrmTables:
    """The tables of a lane for queries."""
    return make(new_metadata(), lane)


def make(metadata: MetaData, lane: str = "") -> CrmTables:
    """Define a lane's tables in `metadata`. The ledger's `message` is shared by all lanes."""
    made = [
        *_party_tables(metadata, lane),
        *_order_tables(metadata, lane),
        *_invoice_tables(metadata, lane),
        *followup_tables(metadata, lane),
    ]
    return CrmTables(**{table.name.removeprefix(lane): table for table in made})


_ADDRESS = "department street street_2 building city region postcode po_box country"


def _party_tables(metadata: MetaData, lane: str) -> list[Table]:
    customer, location = f"{lane}customer", f"{lane}customer_location"
    return [
        Table(
            customer,
            metadata,
            key(),
            Column("is_customer", Boolean, nullable=False),
            Column("is_supplier", Boolean, nullable=False),
            *texts("name status language currency website valid_from valid_to record"),
            message(),
            message("changed_by"),
        ),
        Table(
            f"{customer}_name",
            metadata,
            link("customer_id", customer),
            *texts("name kind"),
            message(),
            PrimaryKeyConstraint("customer_id", "name"),
        ),
        Table(
            f"{customer}_address",
            metadata,
            link("customer_id", customer),
            *texts(f"kind {_ADDRESS}"),
            message(),
            PrimaryKeyConstraint("customer_id", "kind"),
        ),
        Table(
            location,
            metadata,
            key(),
            link("customer_id", customer),
            *texts(f"key role name name_2 {_ADDRESS} valid_from record"),
            message(),
            UniqueConstraint("customer_id", "key"),
        ),
        Table(
            f"{customer}_identifier",
            metadata,
            key(),
            link("customer_id", customer),
            *texts("scheme value"),
            link("location_id", location, null=True),  # the branch it stands for; NULL: the customer as a whole
            message(),
            UniqueConstraint("scheme", "value"),
            Index(None, "customer_id"),
        ),
        Table(
            f"{customer}_contact",
            metadata,
            key(),
            link("customer_id", customer),
            link("location_id", location, null=True),
            *texts("role name phone fax email"),
            message(),
            Index(None, "customer_id"),
        ),
        Table(
            f"{customer}_account",
            metadata,
            key(),
            link("customer_id", customer),
            *texts("iban bic account bank_code bank_name holder currency country"),
            message(),
            Index(None, "customer_id"),
        ),
        Table(
            f"{lane}product",
            metadata,
            key(),
            link("customer_id", customer),
            *texts("gtin our_item partner_item description"),
            message(),
            UniqueConstraint("customer_id", "gtin", "our_item", "partner_item"),
            Index(None, "gtin"),
        ),
    ]


def _order_tables(metadata: MetaData, lane: str) -> list[Table]:
    of_order = partial(part, metadata, lane, "sales_order", "order_id")
    customer, location = f"{lane}customer", f"{lane}customer_location"
    return [
        head(
            metadata,
            lane,
            "sales_order",
            *texts("direction number release type purpose state"),
            *texts("issued_on requested_delivery currency"),
            link("deliver_to_id", location, null=True),
            *decimals("total"),
            count("line_count"),
            known_by="number release",
        ),
        of_order(
            "order_line",
            *texts("number state gtin buyer_item seller_item description unit requested_delivery"),
            *decimals("quantity net_price net_amount"),
            *texts("record"),
        ),
        of_order(
            "order_schedule",
            link("location_id", location, null=True),
            *texts("location unit date"),
            *decimals("quantity"),
            ForeignKeyConstraint(["order_id", "line"], [f"{lane}order_line.order_id", f"{lane}order_line.position"]),
            place="line position",
        ),
        of_order("order_allowance", *_allowance(), place="line position"),
        Table(
            f"{lane}order_change",
            metadata,
            key(),
            link("customer_id", customer),
            *texts("direction order_number release"),
            link("order_id", f"{lane}sales_order", null=True),
            *texts("number type purpose act state issued_on content record before"),
            message(),
            Index(None, "customer_id", "order_number"),
            Index(None, "order_id"),
        ),
    ]


def _allowance() -> list[Column[Any]]:
    return [*texts("kind code reason unit tax_category"), *decimals("percent amount base quantity tax_rate")]


def _invoice_tables(metadata: MetaData, lane: str) -> list[Table]:
    of_invoice = partial(part, metadata, lane, "invoice", "invoice_id")
    return [
        head(
            metadata,
            lane,
            "invoice",
            *texts("direction kind number type purpose state"),
            *texts("issued_on due_on currency"),
            *decimals("net tax payable"),
            count("line_count"),
            *texts("order_number"),
            known_by="kind number",
        ),
        of_invoice(
            "invoice_line",
            *texts("number gtin buyer_item seller_item description unit order_number order_line"),
            *decimals("quantity net_price net_amount"),
            *texts("record"),
        ),
        of_invoice(
            "invoice_tax",
            *texts("type category currency exemption"),
            *decimals("rate base amount"),
            place="line position",
        ),
        of_invoice("invoice_allowance", *_allowance(), place="line position"),
        Table(
            f"{lane}document_link",
            metadata,
            key(),
            link("customer_id", f"{lane}customer"),
            *texts("relation from_kind"),
            Column("from_id", Id, nullable=False),
            *texts("to_kind to_number"),
            Column("to_id", Id),  # NULL: the other document has not come yet
            message(),
            UniqueConstraint("from_kind", "from_id", "relation", "to_kind", "to_number"),
            Index(None, "to_number"),
        ),
    ]
