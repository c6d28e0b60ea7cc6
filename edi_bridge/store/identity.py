"""The identities by which duplicates are told apart: each is one exchange's or message's, by a unique index.

All functions work in the transaction that the caller has opened.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select

from edi_bridge.interchange import Interchange
from edi_bridge.rollout.stage import PILOT
from edi_bridge.store.tables import ledger


def own(connection: Connection, exchange: int, message: int, kind: str, scope: str, value: str) -> None:
    """Take an identity for an exchange or message. The unique index refuses what another has (IntegrityError)."""
    connection.execute(
        insert(ledger().identity).values(kind=kind, scope=scope, value=value, exchange_id=exchange, message=message)
    )


def control_key(interchange: Interchange, types: Iterable[str], lane: str = "") -> tuple[str, str, str]:
    """The identity (kind, scope, value) of a control number."""
    return "control", _scope(interchange, types, lane), interchange.control


def _scope(interchange: Interchange, types: Iterable[str], lane: str = "") -> str:
    """In which circle a control number is unique: standard, test or live, sender and receiver; of XML, whose number is the
    document's own, the document type as well."""
    sender, receiver = interchange.sender, interchange.receiver
    lane = "" if lane == PILOT else lane
    parts = [
        interchange.standard,
        *([lane or "test"] if lane or interchange.test else []),  # tests have a memory of their own, a pilot has not
        sender.qualifier,
        sender.id,
        sender.internal,
        receiver.qualifier,
        receiver.id,
        receiver.internal,
    ]
    if interchange.standard == "xml":
        parts += sorted(set(types))[:1]
    return json.dumps(parts)


def own_number(connection: Connection, exchange: int, interchange: Interchange, lane: str = "") -> None:
    """Take the control number for an exchange that was posted after a person let it pass or tried it again; what another has stays his."""
    if interchange.control and interchange.standard != "xml" and _holder(connection, interchange, lane) is None:
        own(connection, exchange, 0, *control_key(interchange, (), lane))


def number_taken(connection: Connection, exchange: int, interchange: Interchange, lane: str = "") -> str:
    """Why a control number is no longer free for an exchange; '' when it is."""
    holder = _holder(connection, interchange, lane) if interchange.control and interchange.standard != "xml" else None
    return f"its control number came before with other content, in exchange {holder}" if holder not in (None, exchange) else ""


def _holder(connection: Connection, interchange: Interchange, lane: str) -> int | None:
    """The exchange that has the control number: one at the most, by the unique index."""
    i, key = ledger().identity, control_key(interchange, (), lane)
    return connection.execute(select(i.c.exchange_id).where(i.c.kind == key[0], i.c.scope == key[1], i.c.value == key[2])).scalar()


def disown(connection: Connection, exchange: int) -> None:
    """Give back every identity of an exchange of which nothing is posted: the same bytes are new again."""
    i = ledger().identity
    connection.execute(delete(i).where(i.c.exchange_id == exchange))
