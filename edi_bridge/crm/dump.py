"""The whole CRM of a lane as text that does not depend on row numbers: two CRMs that say the same dump the same.

For proofs (a crash and a restart leave what a run without faults leaves) and for comparing lanes.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from edi_bridge.crm.batch import FOLLOWUPS
from edi_bridge.crm.tables import CrmTables, of

_LEFT_OUT = ("id", "message_id", "changed_by")
_POINTERS = {
    "customer_id": "customer",
    "location_id": "customer_location",
    "deliver_to_id": "customer_location",
    "order_id": "sales_order",
    "invoice_id": "invoice",
    "response_id": "order_response",
    "despatch_id": "despatch_advice",
    "remittance_id": "remittance",
}
_KINDS = {"order": "sales_order"}  # other kinds of links are named as their tables
# What documents are known by within their customer.
_KNOWN_BY = {
    "customer_location": ("key",),
    "sales_order": ("direction", "number", "release"),
    "invoice": ("direction", "kind", "number"),
    **{table: columns[1:] for table, (columns, _) in FOLLOWUPS.items()},
}
_ENCODER = msgspec.json.Encoder(decimal_format="string", order="sorted")


def dump(connection: Connection) -> Iterator[str]:
    """One line a row, `table {…}`, sorted; row numbers are replaced by what the row is known by outside."""
    tables = of(connection)
    names = _names(connection, tables)
    for name in CrmTables.__dataclass_fields__:
        table = getattr(tables, name)
        lines = []
        for row in connection.execute(select(table)).mappings():
            shown = {key: _shown(key, value, row, names) for key, value in row.items() if key not in _LEFT_OUT}
            lines.append(f"{name} {_ENCODER.encode(shown).decode()}")
        yield from sorted(lines)


def _shown(key: str, value: Any, row: Any, names: dict[str, dict[int, str]]) -> Any:
    if value is None:
        return None
    if key in _POINTERS:
        return names[_POINTERS[key]][value]
    if key in ("from_id", "to_id"):
        kind = row[key.replace("_id", "_kind")]
        return names[_KINDS.get(kind, kind)][value]
    return value.normalize() + 0 if isinstance(value, Decimal) else value


def _names(connection: Connection, t: CrmTables) -> dict[str, dict[int, str]]:
    """What customers, locations and documents are known by."""
    customers: dict[int, str] = {}
    i, c = t.customer_identifier.c, t.customer.c
    for number, scheme, value in connection.execute(
        select(i.customer_id, i.scheme, i.value).order_by(i.scheme, i.value)
    ):
        customers[number] = f"{customers.get(number, '')} {scheme}:{value}".strip()
    for number, name in connection.execute(select(c.id, c.name)):
        customers.setdefault(number, name)
    names: dict[str, dict[int, str]] = {"customer": customers}
    for name, keys in _KNOWN_BY.items():
        table = getattr(t, name)
        names[name] = {
            row.id: " / ".join([customers[row.customer_id], *[getattr(row, key) for key in keys]])
            for row in connection.execute(select(table.c.id, table.c.customer_id, *[table.c[key] for key in keys]))
        }
    return names
