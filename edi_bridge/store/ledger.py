"""The ledger: which bytes came, which interchanges are in them, and what became of each message.

All functions work in the transaction that the caller has opened. Times are handed in. Duplicates are told apart by the
unique index of the `identity` table (`store.identity`), never by looking first and writing later outside one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from edi_bridge.database import insert_rows, take_ids
from edi_bridge.finding import Verdict
from edi_bridge.store.archive import Blob
from edi_bridge.store.state import UNFINISHED
from edi_bridge.store.tables import ledger

Versions = Mapping[str, str]
COPY = "copy of exchange "  # how the source begins of what a person edited or tries again
RELEASED = "released"  # how the reason begins of what a person let pass


@dataclass(frozen=True, slots=True)
class Receipt:
    """One delivery. `state`: see `state.py`; `partner` and `map` as told with it, '' where the envelope says them."""

    id: int
    sha256: str
    size: int
    name: str
    state: str
    partner: str = ""
    map: str = ""
    channel: str = ""
    test: bool | None = None
    source: str = ""  # what the transport calls this very file, or of what it is a copy


@dataclass(frozen=True, slots=True)
class Exchange:
    """One interchange of a receipt, by its place there (from 1)."""

    id: int
    receipt: int
    ordinal: int
    state: str
    outcome: str
    verdict: str
    original: int | None = None
    closings: int = 0  # how often it was closed before, and answered
    lane: str = ""  # of the CRM in which it is posted
    released: bool = False  # a person decided that it is posted, whatever came before
    reason: str = ""  # why a person must decide, or what one decided


# receipts


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came, its bytes in the archive. `name` is the partner's name for it, kept as text; `partner` and `map` where they are told
    with it; `source` is what the transport calls this very file; `test`: the channel is for tests."""

    blob: Blob
    name: str
    channel: str = ""
    partner: str = ""
    map: str = ""
    source: str = ""
    test: bool | None = None


def receive(
    connection: Connection, blob: Blob, name: str, received_at: str, channel: str = "", partner: str = "", map: str = "",
    source: str = "", test: bool | None = None,
) -> tuple[Receipt, bool]:
    """The row of one delivery, and whether it joins an earlier one of the same bytes; see `receive_all`."""
    return receive_all(connection, [Delivery(blob, name, channel, partner, map, source, test)], received_at)[0]


def receive_all(connection: Connection, deliveries: Sequence[Delivery], received_at: str) -> list[tuple[Receipt, bool]]:
    """The rows of deliveries in their order, and whether each joins an earlier one of the same bytes.

    It joins one that is not finished (the program was stopped), or one in which we failed: its failed exchanges are
    opened again, and what they have posted stays. What is told with this delivery (`partner`, `map`) holds. A file that a
    transport (`source`) shows again is the delivery that it was.
    """
    known = _known(connection, {one.blob.sha256 for one in deliveries})
    ids = take_ids(connection, ledger().receipt, len(deliveries))
    fresh: dict[str, Receipt] = {}
    made: list[tuple[Receipt, bool]] = []
    for one in deliveries:
        digest = one.blob.sha256
        earlier = known.get(digest, ())
        receipt = _joined(connection, one, earlier)
        if receipt is not None:
            known |= _known(connection, {digest})  # what the next one of the same bytes finds
        elif digest in fresh:  # twice in this group
            first = fresh[digest]
            same = one.source and (first.source, first.channel) == (one.source, one.channel)
            receipt = fresh[digest] = first if same else replace(first, partner=one.partner, map=one.map)
        made.append((receipt, True) if receipt is not None else (
            fresh.setdefault(digest, Receipt(next(ids), digest, one.blob.size, one.name, "received", one.partner, one.map, one.channel,
                                             one.test, one.source)), False))
    insert_rows(connection, ledger().receipt, _RECEIPT, [
        (one.id, one.sha256, one.size, one.name, one.channel, received_at, one.state, one.partner, one.map, "", one.source, one.test)
        for one in fresh.values()])
    return made


def _known(connection: Connection, digests: Set[str]) -> dict[str, list[Any]]:
    """The receipts of these bytes, the oldest first."""
    t = ledger().receipt
    found: dict[str, list[Any]] = {}
    for row in connection.execute(select(t).where(t.c.sha256.in_(digests)).order_by(t.c.id)):
        found.setdefault(row.sha256, []).append(row)
    return found


_RECEIPT = ("id", "sha256", "size", "name", "channel", "received_at", "state", "partner", "map", "failure", "source", "test")


def _joined(connection: Connection, one: Delivery, earlier: Sequence[Any]) -> Receipt | None:
    """The earlier receipt of the same bytes that a delivery joins."""
    t = ledger().receipt
    for row in earlier:
        state = row.state
        if one.source and (row.source, row.channel) == (one.source, one.channel):
            return _receipt(row)  # this very file: it was taken in, and could not be confirmed
        if state == "quarantined":
            continue
        if state == "failed":
            state = "received"
            connection.execute(update(t).where(t.c.id == row.id).values(state=state, failure=""))
        elif state == "done" and _reopen(connection, row.id):
            state = "scanned"
            set_receipt(connection, row.id, state)
        if state != "done":
            connection.execute(update(t).where(t.c.id == row.id).values(partner=one.partner, map=one.map))
            return replace(_receipt(row, state), partner=one.partner, map=one.map)
    return None


def _receipt(row: Any, state: str = "") -> Receipt:
    return Receipt(row.id, row.sha256, row.size, row.name, state or row.state, row.partner, row.map, row.channel, row.test, row.source)


def started(connection: Connection, receipt: int) -> int:
    """Count that the processing of a receipt begins; how often it has begun without coming to its end."""
    return started_all(connection, [receipt])[receipt]


def started_all(connection: Connection, receipts: Sequence[int]) -> dict[int, int]:
    """The same for several: receipt → how often."""
    t = ledger().receipt
    made = connection.execute(update(t).where(t.c.id.in_(receipts)).values(starts=t.c.starts + 1).returning(t.c.id, t.c.starts))
    return {row[0]: row[1] for row in made}


def _reopen(connection: Connection, receipt: int) -> bool:
    """Open the failed exchanges of a receipt again, without the rows of their failed messages."""
    t = ledger()
    query = select(t.exchange.c.id).where(t.exchange.c.receipt_id == receipt, t.exchange.c.state == "failed")
    failed = connection.execute(query).scalars().all()
    if failed:
        _forget(connection, t.message.c.exchange_id.in_(failed) & (t.message.c.state == "failed"))
        _open(connection, failed)
    return bool(failed)


def do_again(connection: Connection, exchange: int, ordinals: Sequence[int]) -> None:
    """Take away the rows of messages and open their exchange: they go their whole way once more."""
    t = ledger()
    _forget(connection, (t.message.c.exchange_id == exchange) & t.message.c.ordinal.in_(ordinals))
    connection.execute(update(t.receipt).where(t.receipt.c.id.in_(_open(connection, [exchange]))).values(state="scanned"))


def _forget(connection: Connection, which: ColumnElement[bool]) -> None:
    """Take away the rows of messages, with what hangs on them."""
    t = ledger()
    messages = select(t.message.c.id).where(which)
    for table in (t.finding, t.message_document):
        connection.execute(delete(table).where(table.c.message_id.in_(messages)))
    connection.execute(delete(t.message).where(which))


def _open(connection: Connection, exchanges: Sequence[int]) -> list[int]:
    """Open exchanges again; the receipts in which they came."""
    t = ledger().exchange
    opened = update(t).where(t.c.id.in_(exchanges)).values(state="open", verdict="", failure="").returning(t.c.receipt_id)
    return list(connection.execute(opened).scalars())


def unfinished(connection: Connection) -> list[Receipt]:
    """The receipts that a stopped or killed process left, the oldest first."""
    t = ledger().receipt
    rows = connection.execute(select(t).where(t.c.state.in_(UNFINISHED)).order_by(t.c.id))
    return [_receipt(row) for row in rows]


def count_unfinished(connection: Connection) -> int:
    """How many receipts are not through."""
    t = ledger().receipt
    return int(connection.execute(select(func.count()).select_from(t).where(t.c.state.in_(UNFINISHED))).scalar_one())


def by_ids(connection: Connection, receipts: Sequence[int]) -> list[Receipt]:
    """These receipts, the oldest first."""
    t = ledger().receipt
    return [_receipt(row) for row in connection.execute(select(t).where(t.c.id.in_(receipts)).order_by(t.c.id))]


def earlier_unfinished(connection: Connection, receipt: int, partner: str, besides: Iterable[int] = ()) -> int | None:
    """The last receipt that came before this one, is not finished, and may hold documents of the same partner; None: there is none
    (`besides` those that are known to be read before it).

    One that is not scanned may, unless it came by the channel of another partner."""
    t = ledger()
    r, e = t.receipt, t.exchange
    mine = select(e.c.id).where(e.c.receipt_id == r.c.id, e.c.state == "open", e.c.partner == partner).exists()
    unread = (r.c.state == "received") & r.c.partner.in_(("", partner))
    query = select(func.max(r.c.id)).where(r.c.id < receipt, r.c.id.not_in(list(besides)), unread | ((r.c.state == "scanned") & mine))
    found: int | None = connection.execute(query).scalar()
    return found


def done(connection: Connection, receipts: Sequence[int]) -> None:
    """Receipts are through, unless one of their exchanges was opened again meanwhile."""
    t = ledger().exchange
    again = set(connection.execute(select(t.c.receipt_id).where(t.c.receipt_id.in_(receipts), t.c.state == "open").distinct()).scalars())
    set_receipts(connection, sorted(again), "scanned")
    set_receipts(connection, [receipt for receipt in receipts if receipt not in again], "done")


def oldest_unfinished(connection: Connection) -> str:
    """When the oldest receipt came that is not finished; '' when all are."""
    t = ledger().receipt
    query = select(t.c.received_at).where(t.c.state.in_(UNFINISHED)).order_by(t.c.id).limit(1)
    return connection.execute(query).scalar() or ""


def suspects(connection: Connection) -> set[int]:
    """Those of the unfinished receipts whose processing began before: one of them may be what stopped the program."""
    t = ledger().receipt
    query = select(t.c.id).where(t.c.state.in_(UNFINISHED), t.c.starts > 0)
    return set(connection.execute(query).scalars())


def got_further(connection: Connection, receipts: Sequence[int]) -> None:
    """What stopped the program before did not stop it this time: of their beginnings only this one counts against these receipts."""
    t = ledger().receipt
    if receipts:
        connection.execute(update(t).where(t.c.id.in_(receipts), t.c.starts > 1).values(starts=1))


def released(connection: Connection, receipts: Sequence[int]) -> None:
    """Take back that the processing of these receipts began: it was ended in good order, and counts for nothing against them."""
    t = ledger().receipt
    if receipts:
        connection.execute(update(t).where(t.c.id.in_(receipts), t.c.starts > 0).values(starts=t.c.starts - 1))


def set_receipt(connection: Connection, receipt: int, state: str, failure: str = "") -> None:
    """Note the state of a receipt. One that came to an end may be started again as often as any other."""
    set_receipts(connection, [receipt], state, failure)


def set_receipts(connection: Connection, receipts: Sequence[int], state: str, failure: str = "") -> None:
    """Note the state of several receipts."""
    t = ledger().receipt
    if not receipts:
        return
    values: dict[str, Any] = {"state": state, "failure": failure}
    if state in ("done", "failed"):
        values["starts"] = 0
    connection.execute(update(t).where(t.c.id.in_(receipts)).values(**values))


# exchanges


def exchanges(connection: Connection, receipt: int) -> list[Exchange]:
    """The exchanges of a receipt in its order."""
    return exchanges_of(connection, [receipt])[receipt]


def exchanges_of(connection: Connection, receipts: Sequence[int]) -> dict[int, list[Exchange]]:
    """The exchanges of some receipts, each in its order."""
    t = ledger().exchange
    made: dict[int, list[Exchange]] = {receipt: [] for receipt in receipts}
    query = select(*(t.c[name] for name in _EXCHANGE)).where(t.c.receipt_id.in_(receipts)).order_by(t.c.receipt_id, t.c.ordinal)
    for row in connection.execute(query):
        made[row.receipt_id].append(Exchange(row.id, row.receipt_id, row.ordinal, row.state, row.outcome, row.verdict, row.original_id,
                                             row.closings, row.lane, row.reason.startswith(RELEASED), row.reason))
    return made


_EXCHANGE = ("id", "receipt_id", "ordinal", "state", "outcome", "verdict", "original_id", "closings", "lane", "reason")


def taken_in(connection: Connection, places: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """Which of these interchanges (receipt, place in it) have their row already."""
    t = ledger().exchange
    receipts, ordinals = ({place[part] for place in places} for part in (0, 1))
    query = select(t.c.receipt_id, t.c.ordinal).where(t.c.receipt_id.in_(receipts), t.c.ordinal.in_(ordinals))
    return {(row[0], row[1]) for row in connection.execute(query)}


def lock_exchanges(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Which of these exchanges are open; on PostgreSQL their rows are locked until the transaction ends, so that two
    processes never post the same message at once (on SQLite the transaction itself is the lock)."""
    t = ledger().exchange
    rows = connection.execute(
        select(t.c.id).where(t.c.id.in_(ids), t.c.state == "open").order_by(t.c.id).with_for_update()
    )
    return set(rows.scalars())


def close(connection: Connection, exchange: int, failure: str = "") -> tuple[str, str]:
    """The closing of one exchange; see `close_all`."""
    return close_all(connection, [exchange], failure)[exchange]


def close_all(connection: Connection, exchanges: Sequence[int], failure: str = "") -> dict[int, tuple[str, str]]:
    """The closing of exchanges from what became of their messages: (state, verdict) of each.

    A wholly refused exchange gives back its control number and keeps only the identity of its bytes.
    """
    t, m = ledger().exchange, ledger().message
    counts: dict[int, dict[tuple[str, str], int]] = {}
    grouped = select(m.c.exchange_id, m.c.state, m.c.verdict, func.count()).where(m.c.exchange_id.in_(exchanges))
    for number, state, verdict, count in connection.execute(grouped.group_by(m.c.exchange_id, m.c.state, m.c.verdict)):
        counts.setdefault(number, {})[state, verdict] = count
    outcomes = connection.execute(select(t.c.id, t.c.outcome).where(t.c.id.in_(exchanges)))
    made = {row[0]: _closed(counts.get(row[0], {}), row[1] == "refused", failure) for row in outcomes}
    together: dict[tuple[str, str], list[int]] = {}
    for number, end in made.items():
        together.setdefault(end, []).append(number)
    for (state, verdict), ids in together.items():
        closings = t.c.closings if state == "failed" else t.c.closings + 1
        connection.execute(update(t).where(t.c.id.in_(ids)).values(state=state, verdict=verdict, failure=failure, closings=closings))
        if state == "rejected":
            i = ledger().identity
            connection.execute(delete(i).where(i.c.exchange_id.in_(ids), i.c.kind != "bytes"))
    return made


GOOD = ("posted", "reconciled", "waiting", "shadowed")


def _closed(counts: Mapping[tuple[str, str], int], refused: bool, failure: str) -> tuple[str, str]:
    """State and verdict by how many messages are in each state with each verdict."""
    states = {state for state, _ in counts}
    if failure or "failed" in states:
        return "failed", ""
    if refused or not states.intersection(GOOD):
        return "held" if "held" in states else "rejected", Verdict.REJECTED.value
    clean = states.issubset(GOOD) and all(verdict != Verdict.WITH_ERRORS.value for _, verdict in counts)
    return "done", (Verdict.ACCEPTED if clean else Verdict.WITH_ERRORS).value
