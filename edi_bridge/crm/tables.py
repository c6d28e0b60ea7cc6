"""The CRM's tables, made from one definition for each lane (live, staging_, pilot_).

A document's searched fields stand in columns; the whole record stands beside them as JSON, so that nothing is lost:
the head without its lines in `record` of the head row, each line in `record` of its row. Lines, schedules and the
like are numbered within their document and have no number of their own. Every row names the ledger's message it
came from (`message_id`).

Texts that take part in a unique index are '' where unknown, since NULLs are all different there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from edi_bridge.database import Exact, Id, lane_of, new_metadata


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
    return CrmTables(
        **_party_tables(metadata, lane), **_order_tables(metadata, lane), **_invoice_tables(metadata, lane)
    )


def _key() -> Column[int]:
    return Column("id", Id, primary_key=True)


def _texts(names: str) -> list[Column[str]]:
    return [Column(name, Text, nullable=False) for name in names.split()]


def _decimals(names: str) -> list[Column[Any]]:
    return [Column(name, Exact) for name in names.split()]


def _count(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, Integer, nullable=null)


def _link(name: str, target: str, *, null: bool = False) -> Column[int]:
    return Column(name, Id, ForeignKey(f"{target}.id"), nullable=null)


def _message(name: str = "message_id") -> Column[int]:
    return _link(name, "message")


_ADDRESS = "department street street_2 building city region postcode po_box country"


def _party_tables(metadata: MetaData, lane: str) -> dict[str, Table]:
    customer, location = f"{lane}customer", f"{lane}customer_location"
    return {
        "customer": Table(
            customer,
            metadata,
            _key(),
            Column("is_customer", Boolean, nullable=False),
            Column("is_supplier", Boolean, nullable=False),
            *_texts("name status language currency website valid_from valid_to record"),
            _message(),
            _message("changed_by"),
        ),
        "customer_name": Table(
            f"{customer}_name",
            metadata,
            _link("customer_id", customer),
            *_texts("name kind"),
            _message(),
            PrimaryKeyConstraint("customer_id", "name"),
        ),
        "customer_address": Table(
            f"{customer}_address",
            metadata,
            _link("customer_id", customer),
            *_texts(f"kind {_ADDRESS}"),
            _message(),
            PrimaryKeyConstraint("customer_id", "kind"),
        ),
        "customer_location": Table(
            location,
            metadata,
            _key(),
            _link("customer_id", customer),
            *_texts(f"key role name name_2 {_ADDRESS} valid_from record"),
            _message(),
            UniqueConstraint("customer_id", "key"),
        ),
        "customer_identifier": Table(
            f"{customer}_identifier",
            metadata,
            _key(),
            _link("customer_id", customer),
            *_texts("scheme value"),
            _link("location_id", location, null=True),  # the branch it stands for; NULL: the customer as a whole
            _message(),
            UniqueConstraint("scheme", "value"),
            Index(None, "customer_id"),
        ),
        "customer_contact": Table(
            f"{customer}_contact",
            metadata,
            _key(),
            _link("customer_id", customer),
            _link("location_id", location, null=True),
            *_texts("role name phone fax email"),
            _message(),
            Index(None, "customer_id"),
        ),
        "customer_account": Table(
            f"{customer}_account",
            metadata,
            _key(),
            _link("customer_id", customer),
            *_texts("iban bic account bank_code bank_name holder currency country"),
            _message(),
            Index(None, "customer_id"),
        ),
        "product": Table(
            f"{lane}product",
            metadata,
            _key(),
            _link("customer_id", customer),
            *_texts("gtin our_item partner_item description"),
            _message(),
            UniqueConstraint("customer_id", "gtin", "our_item", "partner_item"),
            Index(None, "gtin"),
        ),
    }


_ALLOWANCE = "kind code reason unit tax_category"


def _order_tables(metadata: MetaData, lane: str) -> dict[str, Table]:
    order, customer, location = f"{lane}sales_order", f"{lane}customer", f"{lane}customer_location"

    def of_order() -> Column[int]:
        return _link("order_id", order)

    return {
        "sales_order": Table(
            order,
            metadata,
            _key(),
            _link("customer_id", customer),
            *_texts("direction number release type purpose state"),
            *_texts("issued_on requested_delivery currency"),
            _link("deliver_to_id", location, null=True),
            *_decimals("total"),
            _count("line_count"),
            *_texts("partner content record"),
            _message(),
            _message("changed_by"),
            UniqueConstraint("customer_id", "direction", "number", "release"),
            Index(None, "number"),
        ),
        "order_line": Table(
            f"{lane}order_line",
            metadata,
            of_order(),
            _count("position"),
            *_texts("number state gtin buyer_item seller_item description unit requested_delivery"),
            *_decimals("quantity net_price net_amount"),
            *_texts("record"),
            _message(),
            PrimaryKeyConstraint("order_id", "position"),
        ),
        "order_schedule": Table(
            f"{lane}order_schedule",
            metadata,
            of_order(),
            _count("line"),
            _count("position"),
            _link("location_id", location, null=True),
            *_texts("location unit date"),
            *_decimals("quantity"),
            _message(),
            PrimaryKeyConstraint("order_id", "line", "position"),
            ForeignKeyConstraint(["order_id", "line"], [f"{lane}order_line.order_id", f"{lane}order_line.position"]),
        ),
        "order_allowance": Table(
            f"{lane}order_allowance",
            metadata,
            of_order(),
            _count("line"),
            _count("position"),
            *_texts(_ALLOWANCE),
            *_decimals("percent amount base quantity tax_rate"),
            _message(),
            PrimaryKeyConstraint("order_id", "line", "position"),
        ),
        "order_change": Table(
            f"{lane}order_change",
            metadata,
            _key(),
            _link("customer_id", customer),
            *_texts("direction order_number release"),
            _link("order_id", order, null=True),
            *_texts("number type purpose act state issued_on content record before"),
            _message(),
            Index(None, "customer_id", "order_number"),
            Index(None, "order_id"),
        ),
    }


def _invoice_tables(metadata: MetaData, lane: str) -> dict[str, Table]:
    invoice, customer = f"{lane}invoice", f"{lane}customer"

    def of_invoice() -> Column[int]:
        return _link("invoice_id", invoice)

    return {
        "invoice": Table(
            invoice,
            metadata,
            _key(),
            _link("customer_id", customer),
            *_texts("direction kind number type purpose state"),
            *_texts("issued_on due_on currency"),
            *_decimals("net tax payable"),
            _count("line_count"),
            *_texts("order_number partner content record"),
            _message(),
            _message("changed_by"),
            UniqueConstraint("customer_id", "direction", "kind", "number"),
            Index(None, "number"),
        ),
        "invoice_line": Table(
            f"{lane}invoice_line",
            metadata,
            of_invoice(),
            _count("position"),
            *_texts("number gtin buyer_item seller_item description unit order_number order_line"),
            *_decimals("quantity net_price net_amount"),
            *_texts("record"),
            _message(),
            PrimaryKeyConstraint("invoice_id", "position"),
        ),
        "invoice_tax": Table(
            f"{lane}invoice_tax",
            metadata,
            of_invoice(),
            _count("line"),
            _count("position"),
            *_texts("type category currency exemption"),
            *_decimals("rate base amount"),
            _message(),
            PrimaryKeyConstraint("invoice_id", "line", "position"),
        ),
        "invoice_allowance": Table(
            f"{lane}invoice_allowance",
            metadata,
            of_invoice(),
            _count("line"),
            _count("position"),
            *_texts(_ALLOWANCE),
            *_decimals("percent amount base quantity tax_rate"),
            _message(),
            PrimaryKeyConstraint("invoice_id", "line", "position"),
        ),
        "document_link": Table(
            f"{lane}document_link",
            metadata,
            _key(),
            _link("customer_id", customer),
            *_texts("relation from_kind"),
            Column("from_id", Id, nullable=False),
            *_texts("to_kind to_number"),
            Column("to_id", Id),  # NULL: the other document has not come yet
            _message(),
            UniqueConstraint("from_kind", "from_id", "relation", "to_kind", "to_number"),
            Index(None, "customer_id", "to_kind", "to_number"),
        ),
    }
