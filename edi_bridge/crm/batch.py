"""What one transaction knows and is about to write.

Reading row by row and writing row by row is what makes posting slow, so a batch reads what its documents may need in
a few queries, keeps it, and collects new rows until `flush` writes them table by table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, and_, select, tuple_, update

from edi_bridge.crm.alongside import leave_out
from edi_bridge.crm.identity import Identifier, OwnIdentities
from edi_bridge.crm.line_match import LineIndex
from edi_bridge.crm.live_customers import brought
from edi_bridge.crm.tables import CrmTables, of
from edi_bridge.crm.written import COLUMNS
from edi_bridge.database import chunks, decimal_value, insert_rows, take_ids

ID_BLOCK = 64


@dataclass(slots=True)
class Known:
    """A customer as far as posting must know it."""

    id: int
    name: str = ""
    status: str = "active"
    is_customer: bool = False
    is_supplier: bool = False
    changed_by: int = 0  # the message that changed it last
    identifiers: dict[str, set[str]] = field(default_factory=dict)  # those of branches left out
    names: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)  # kinds
    contacts: set[tuple[Any, ...]] = field(default_factory=set)
    locations: dict[str, int | None] = field(default_factory=dict)  # by key; None: looked for and not there
    fresh: bool = False  # created by this batch: there is nothing to look up


DocumentKey = tuple[int, str, str]  # customer, direction, number
Entry = tuple[int, str]  # id, content hash

# The columns by which what follows an order is known, and the one of them by which it is looked up.
FOLLOWUPS = {
    "order_response": (("customer_id", "direction", "order_number", "key"), "order_number"),
    "despatch_advice": (("customer_id", "direction", "number"), "number"),
    "remittance": (("customer_id", "direction", "number"), "number"),
}


class Batch:
    """The state of one posting transaction. It lives as long as the caller's transaction and not longer."""

    def __init__(self, connection: Connection, own: OwnIdentities):
        self.connection = connection
        self.own = own
        self.tables: CrmTables = of(connection)
        self.decimal = decimal_value(connection)
        self.rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in COLUMNS}
        self.products: dict[tuple[int, str, str, str], tuple[str, int]] = {}
        self.changes: list[tuple[str, int, dict[str, Any]]] = []  # table, id, new values
        self._ids: dict[str, Iterator[int]] = {}
        self.forget()

    def forget(self) -> None:
        """Drop everything that was read: a savepoint was rolled back."""
        self.owner: dict[Identifier, int | None] = {}
        self.customers: dict[int, Known] = {}
        self.orders: dict[DocumentKey, dict[str, Entry]] = {}  # by release
        self.partner_orders: dict[tuple[str, str, str], set[int]] = {}  # partner, direction, number → customers
        self.invoices: dict[DocumentKey, dict[str, Entry]] = {}  # by kind
        self.partner_invoices: dict[tuple[str, str, str], set[int]] = {}  # partner, direction, number → customers
        self.followups: dict[str, dict[tuple[Any, ...], Entry]] = {table: {} for table in FOLLOWUPS}
        self.waiting: set[tuple[str, str]] = set()  # kind, number of documents that something waits for
        self.early: set[tuple[int, str]] = set()  # customer, number of orders that a change waits for
        self.order_lines: dict[int, LineIndex] = {}

    def new_id(self, table: str) -> int:
        """The number of a new row."""
        ids = self._ids.get(table)
        number = next(ids, None) if ids is not None else None
        if number is None:
            self._ids[table] = ids = take_ids(self.connection, getattr(self.tables, table), ID_BLOCK)
            number = next(ids)
        return number

    def change(self, table: str, row: int, **values: Any) -> None:
        """Change columns of a row when the batch is flushed."""
        self.changes.append((table, row, values))

    def flush(self) -> None:
        """Write what is collected, parents first; what others have added since is left out."""
        leave_out(self)
        for name, columns in COLUMNS.items():
            if self.rows[name]:
                insert_rows(self.connection, getattr(self.tables, name), columns, self.rows[name])
                self.rows[name] = []
        for name, row, values in self.changes:
            table: Table = getattr(self.tables, name)
            self.connection.execute(update(table).where(table.c.id == row).values(**values))
        self.changes = []
        self._write_products()

    def discard(self) -> None:
        """Drop what is collected and read since the last flush."""
        for name in self.rows:
            self.rows[name] = []
        self.changes = []
        self.products = {}
        self._ids = {}
        self.forget()

    def _write_products(self) -> None:
        """Products seen for the first time; the unique index sorts out those that are there."""
        if not self.products:
            return
        rows = [(*key, *rest) for key, rest in self.products.items()]
        self.products = {}
        table = self.tables.product.name
        columns = "customer_id, gtin, our_item, partner_item, description, message_id"
        if self.connection.dialect.name == "sqlite":
            self.connection.exec_driver_sql(
                f'INSERT INTO "{table}" ({columns}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING', rows
            )
            return
        rows.sort()  # two transactions that insert the same keys in the same order do not block each other for ever
        self.connection.exec_driver_sql(
            f'INSERT INTO "{table}" ({columns}) SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], '
            "%s::text[], %s::bigint[]) ON CONFLICT DO NOTHING",
            tuple(list(column) for column in zip(*rows, strict=True)),
        )

    # reading

    def learn_identifiers(self, wanted: Iterable[Identifier]) -> None:
        """Look up who owns these identifiers, and what is on file for those customers."""
        missing = {pair for pair in wanted if pair not in self.owner}
        if not missing:
            return
        table = self.tables.customer_identifier
        found: dict[Identifier, int] = {}
        for values in chunks(sorted({value for _, value in missing})):
            for scheme, value, customer in self.connection.execute(
                select(table.c.scheme, table.c.value, table.c.customer_id).where(table.c.value.in_(values))
            ):
                found[scheme, value] = customer
        found |= brought(self, missing - found.keys())
        for pair in missing:
            self.owner[pair] = found.get(pair)
        self.learn_customers({customer for customer in self.owner.values() if customer})

    def learn_customers(self, wanted: Iterable[int]) -> None:
        """Read what is on file for these customers."""
        missing = sorted({customer for customer in wanted if customer not in self.customers})
        t = self.tables
        for ids in chunks(missing):
            for row in self.connection.execute(
                select(
                    t.customer.c.id,
                    t.customer.c.name,
                    t.customer.c.status,
                    t.customer.c.is_customer,
                    t.customer.c.is_supplier,
                    t.customer.c.changed_by,
                ).where(t.customer.c.id.in_(ids))
            ):
                self.customers[row.id] = Known(*row, names={row.name})
            i = t.customer_identifier.c
            for customer, scheme, value in self.connection.execute(
                select(i.customer_id, i.scheme, i.value).where(and_(i.customer_id.in_(ids), i.location_id.is_(None)))
            ):
                self.customers[customer].identifiers.setdefault(scheme, set()).add(value)
            n, a, c = t.customer_name.c, t.customer_address.c, t.customer_contact.c
            for customer, name in self.connection.execute(select(n.customer_id, n.name).where(n.customer_id.in_(ids))):
                self.customers[customer].names.add(name)
            for customer, kind in self.connection.execute(select(a.customer_id, a.kind).where(a.customer_id.in_(ids))):
                self.customers[customer].addresses.add(kind)
            for customer, *contact in self.connection.execute(
                select(c.customer_id, c.location_id, c.role, c.name, c.phone, c.fax, c.email).where(
                    c.customer_id.in_(ids)
                )
            ):
                self.customers[customer].contacts.add(tuple(contact))

    def learn_locations(self, wanted: Iterable[tuple[int, str]]) -> None:
        """Look up locations by customer and key; those of new customers are known already."""
        missing = sorted({(customer, key) for customer, key in wanted if key not in self.customers[customer].locations})
        for customer, key in missing:
            self.customers[customer].locations[key] = None
        c = self.tables.customer_location.c
        for pairs in chunks([pair for pair in missing if not self.customers[pair[0]].fresh]):
            for number, customer, key in self.connection.execute(
                select(c.id, c.customer_id, c.key).where(tuple_(c.customer_id, c.key).in_(pairs))
            ):
                self.customers[customer].locations[key] = number

    def learn_documents(self, orders: Iterable[str], invoices: Iterable[str]) -> None:
        """Look up orders and invoices by their numbers, whoever their customer is."""
        o, i = self.tables.sales_order.c, self.tables.invoice.c
        for some in chunks(sorted(set(orders))):
            for row in self.connection.execute(
                select(o.customer_id, o.direction, o.number, o.release, o.id, o.content, o.partner).where(
                    o.number.in_(some)
                )
            ):
                self.put_order(
                    row.customer_id, row.direction, row.number, row.release, (row.id, row.content), row.partner
                )
        for some in chunks(sorted(set(invoices))):
            for found in self.connection.execute(
                select(i.customer_id, i.direction, i.number, i.kind, i.id, i.content, i.partner).where(
                    i.number.in_(some)
                )
            ):
                key = (found.customer_id, found.direction, found.number)
                self.put_invoice(key, found.kind, (found.id, found.content), found.partner)

    def put_order(self, customer: int, direction: str, number: str, release: str, entry: Entry, partner: str) -> None:
        """Remember an order."""
        self.orders.setdefault((customer, direction, number), {})[release] = entry
        self.partner_orders.setdefault((partner, direction, number), set()).add(customer)

    def put_invoice(self, key: DocumentKey, kind: str, entry: Entry, partner: str) -> None:
        """Remember an invoice."""
        self.invoices.setdefault(key, {})[kind] = entry
        self.partner_invoices.setdefault((partner, key[1], key[2]), set()).add(key[0])

    def learn_followups(self, table: str, numbers: Iterable[str]) -> None:
        """Look up what is here of responses (by the number of their order), despatch advices or remittances."""
        keys, by = FOLLOWUPS[table]
        c = getattr(self.tables, table).c
        for some in chunks(sorted(set(numbers))):
            for row in self.connection.execute(select(c.id, c.content, *[c[key] for key in keys]).where(c[by].in_(some))):
                self.followups[table][tuple(row[2:])] = (row.id, row.content)

    def learn_lines(self, orders: Iterable[int]) -> None:
        """Read by what the lines of these orders are known."""
        missing = sorted(set(orders) - set(self.order_lines))
        c = self.tables.order_line.c
        for some in chunks(missing):
            self.order_lines.update({order: LineIndex() for order in some})
            for order, *line in self.connection.execute(
                select(c.order_id, c.position, c.number, c.gtin, c.buyer_item, c.seller_item)
                .where(c.order_id.in_(some))
                .order_by(c.order_id, c.position)
            ):
                self.order_lines[order].add(*line)

    def lines_of(self, order: int) -> LineIndex:
        """By what the lines of an order are known."""
        if order not in self.order_lines:
            self.flush()  # it may have come in this batch
            self.learn_lines([order])
        return self.order_lines[order]

    def learn_waiting(self, customers: Iterable[int], orders: Iterable[str], invoices: Iterable[str]) -> None:
        """Look up which of these documents are waited for: by links, or by order changes that came before their order."""
        link, change = self.tables.document_link.c, self.tables.order_change.c
        ids, orders = sorted(set(customers)), sorted(set(orders))
        for some in chunks(sorted({*orders, *invoices})):
            for row in self.connection.execute(
                select(link.to_kind, link.to_number).where(link.to_number.in_(some), link.to_id.is_(None)).distinct()
            ):
                self.waiting.add((row[0], row[1]))
        for some in chunks(orders):
            for few in chunks(ids):
                for early in self.connection.execute(
                    select(change.customer_id, change.order_number).where(
                        change.customer_id.in_(few), change.order_number.in_(some), change.order_id.is_(None)
                    )
                ):
                    self.early.add((early[0], early[1]))


def texts(part: Mapping[str, Any], *names: str) -> tuple[str, ...]:
    """Fields of a record's part as the columns take them."""
    get = part.get
    return tuple([get(name, "") for name in names])
