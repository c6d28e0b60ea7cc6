"""What goes out: bytes frozen before they are sent, and what became of them.

An entry is made in the transaction that draws its number. Its bytes, its number and (from the first attempt on) its name at the
partner never change: whatever is sent again is the same. Small contents stand in the row, large ones in the archive.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, BinaryIO

from sqlalchemy import Connection, bindparam, func, insert, or_, select, update

from edi_bridge.database import insert_rows, take_ids
from edi_bridge.fault import TerminalFault
from edi_bridge.interchange import Address
from edi_bridge.store.archive import Archive
from edi_bridge.store.tables import ledger

IN_ROW = 256 * 1024  # bytes; larger contents go into the archive

OPEN = ("waiting", "sending", "uncertain")


@dataclass(frozen=True, slots=True)
class SentMessage:
    """One message in what goes out. `record` is the JSON of what was written, '' for answers."""

    ordinal: int
    reference: str
    type: str
    group_control: str = ""
    group_kind: str = ""
    document: str = ""
    map: str = ""
    map_hash: str = ""
    record_type: str = ""
    record: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is to go out. `kind`: document or answer; `channel` '' is the partner's own way, found when it is sent; `exchange` is
    the one it answers; `due_at` when the partner's acknowledgement must be here ('' : none is expected)."""

    partner: str
    kind: str
    name: str
    standard: str
    sender: Address
    receiver: Address
    control: str
    content: bytes
    test: bool = False
    channel: str = ""
    file_name: str = ""
    exchange: int | None = None
    due_at: str = ""
    origin: str = ""
    next_at: str = ""  # not before
    state: str = "waiting"  # or held (a person must approve it), shadowed (written dry, never sent)
    error: str = ""  # why it is held
    version: str = ""  # of the configuration by which it was written; of answers that of the exchange
    messages: Sequence[SentMessage] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the outbox, without its bytes."""

    id: int
    partner: str
    channel: str
    kind: str
    name: str
    standard: str
    sender_qualifier: str
    sender: str
    receiver_qualifier: str
    receiver: str
    control: str
    test: bool
    exchange_id: int | None
    sha256: str
    size: int
    file_name: str
    state: str
    tries: int
    next_at: str
    error: str
    created_at: str
    sent_at: str
    due_at: str
    outcome: str
    network: str
    origin: str
    version: str = ""


_ROW = ("id", "partner", "channel", "kind", "name", "standard", "sender_qualifier", "sender", "receiver_qualifier", "receiver", "control",
        "test", "exchange_id", "sha256", "size", "content", "file_name", "state", "tries", "next_at", "error", "created_at", "sent_at",
        "due_at", "outcome", "network", "origin", "version")
_SENT = ("outbox_id", "ordinal", "partner", "group_control", "group_kind", "reference", "type", "document", "map", "map_hash",
         "record_type", "record", "outcome", "created_at", "origin", "test")


def add(connection: Connection, archive: Archive, one: Outgoing, at: str) -> int:
    """Freeze what is to go out; its number. Nothing is sent before the transaction is committed."""
    return add_all(connection, archive, [one], at)[0]


def add_all(connection: Connection, archive: Archive, outgoing: Sequence[Outgoing], at: str) -> list[int]:
    """The same for several; their numbers in order."""
    t = ledger()
    ids: list[int] = []
    rows, sent = [], []
    numbers = take_ids(connection, t.outbox, len(outgoing))
    for one in outgoing:
        ids.append(next(numbers))
        content: bytes | None = one.content
        if len(one.content) > IN_ROW:
            archive.put(io.BytesIO(one.content))
            content = None
        rows.append((ids[-1], one.partner, one.channel, one.kind, one.name, one.standard, one.sender.qualifier, one.sender.id,
                     one.receiver.qualifier, one.receiver.id, one.control, one.test, one.exchange, sha256(one.content).hexdigest(),
                     len(one.content), content, one.file_name, one.state, 0, one.next_at, one.error, at, "", one.due_at, "", "", one.origin, one.version))
        sent += [(ids[-1], m.ordinal, one.partner, m.group_control, m.group_kind, m.reference, m.type, m.document, m.map, m.map_hash,
                  m.record_type, m.record, "", at, m.origin or one.origin, one.test) for m in one.messages]
    insert_rows(connection, t.outbox, _ROW, rows)
    insert_rows(connection, t.sent_message, _SENT, sent)
    return ids


def repeat(connection: Connection, exchange: int, for_exchange: int, at: str) -> list[int]:
    """Lay the answers to an exchange down again, byte for byte and under the same numbers; the numbers of the new entries.

    The same interchange came again: its sender gets the answers that it got the first time.
    """
    t = ledger().outbox
    made = []
    rows = connection.execute(select(t).where(t.c.exchange_id == exchange, t.c.kind == "answer").order_by(t.c.id)).all()
    under_way = {row.sha256 for row in rows if row.state in OPEN}  # one that is still on its way answers both
    for row in {one.sha256: one for one in rows if one.sha256 not in under_way}.values():  # what was repeated before is not doubled
        again = {name: value for name, value in row._mapping.items() if name != "id"}
        again |= {"exchange_id": for_exchange, "state": "waiting", "tries": 0, "next_at": "", "error": "", "created_at": at,
                  "sent_at": "", "outcome": "", "network": "", "origin": f"the answer of exchange {exchange} again"}
        made.append(connection.execute(insert(t).values(**again).returning(t.c.id)).scalar_one())
    return made


_ENTRY = tuple(Entry.__slots__)


def _columns() -> list[Any]:
    t = ledger().outbox
    return [t.c[name] for name in _ENTRY]


def _entry(row: Any) -> Entry:
    return Entry(*(getattr(row, name) for name in _ENTRY))


def get(connection: Connection, id: int) -> Entry | None:
    """One entry."""
    t = ledger().outbox
    row = connection.execute(select(*_columns()).where(t.c.id == id)).first()
    return _entry(row) if row else None


def open_content(connection: Connection, archive: Archive, id: int) -> BinaryIO:
    """The frozen bytes, verified. TerminalFault when they were altered."""
    return opened(contents(connection, [id])[id], archive, id)


def contents(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[bytes | None, str]]:
    """What stands in the rows of entries: their bytes (None: in the archive) and SHA-256."""
    t = ledger().outbox
    rows = connection.execute(select(t.c.id, t.c.content, t.c.sha256).where(t.c.id.in_(ids)))
    return {row.id: (row.content, row.sha256) for row in rows}


def opened(stored: tuple[bytes | None, str], archive: Archive, id: int) -> BinaryIO:
    """The bytes of an entry, verified. TerminalFault when they were altered."""
    content, digest = stored
    if content is None:
        return archive.open(digest)
    if sha256(content).hexdigest() != digest:
        raise TerminalFault(f"the bytes of entry {id} of the outbox were altered: their SHA-256 is no longer the one they had")
    return io.BytesIO(content)


def due(connection: Connection, now: str, limit: int = 100, partners: Sequence[str] = ()) -> list[Entry]:
    """What is to be sent, or looked after, now: the oldest first; of these partners alone, where any are named."""
    t = ledger().outbox
    query = select(*_columns()).where(t.c.state.in_(OPEN), t.c.next_at <= now).order_by(t.c.id).limit(limit)
    if partners:
        query = query.where(t.c.partner.in_(partners))
    return [_entry(row) for row in connection.execute(query)]


def next_due(connection: Connection) -> str | None:
    """When the next one is to be sent ('' at once); None when nothing is."""
    t = ledger().outbox
    value: str | None = connection.execute(select(func.min(t.c.next_at)).where(t.c.state.in_(OPEN))).scalar()
    return value


def oldest_waiting(connection: Connection) -> str:
    """When the oldest entry was made that is not sent; '' when all are."""
    t = ledger().outbox
    return connection.execute(select(t.c.created_at).where(t.c.state.in_(OPEN)).order_by(t.c.id).limit(1)).scalar() or ""


def begin(connection: Connection, wanted: Sequence[tuple[Entry, str]], channel: str, until: str) -> list[Entry | None]:
    """Take entries, as they were read, for sending through a channel, each with its name at the partner; None for one that is not as it
    was read: another has it, or a person has changed it. A process that dies in the middle leaves them `sending` (`give_back`), not
    due before `until`."""
    t = ledger().outbox
    rows = connection.execute(select(*_columns()).where(t.c.id.in_([entry.id for entry, _ in wanted])).order_by(t.c.id).with_for_update())
    here = {row.id: _entry(row) for row in rows}
    begun: list[Entry | None] = []
    for seen, file_name in wanted:
        entry = here.pop(seen.id, None)
        begun.append(None if entry is None or entry.state not in OPEN or _changed(entry, seen) else replace(
            entry, state="sending" if entry.state == "waiting" else "uncertain", tries=entry.tries + 1, next_at=until, channel=channel,
            file_name=file_name or entry.file_name))
    taken = [{"entry": one.id, "state": one.state, "tries": one.tries, "next_at": until, "channel": channel, "file_name": one.file_name}
             for one in begun if one is not None]
    if taken:
        connection.execute(update(t).where(t.c.id == bindparam("entry")).values(
            {name: bindparam(name) for name in ("state", "tries", "next_at", "channel", "file_name")}), taken)
    return begun


def _changed(now: Entry, seen: Entry) -> bool:
    return (now.state, now.tries, now.next_at) != (seen.state, seen.tries, seen.next_at)


def in_hand(connection: Connection, never: str) -> dict[int, int]:
    """What is being sent, or was when a process died (and what waits before it is looked after again): entry → number of the attempt."""
    t = ledger().outbox
    return {row.id: row.tries for row in connection.execute(select(t.c.id, t.c.tries).where(_begun(never)))}


def _begun(never: str) -> Any:
    t = ledger().outbox
    return ((t.c.state == "sending") | ((t.c.state == "uncertain") & (t.c.next_at != never))) & (t.c.next_at != "")


def give_back(connection: Connection, never: str, begun: Mapping[int, int] | None = None) -> int:
    """Entries that nobody is sending any more (these attempts of theirs, as `in_hand` says; None: all) are looked after at once, not
    only when their time is over; how many. Those whose `next_at` is `never` wait for a person."""
    t = ledger().outbox
    change = update(t).where(_begun(never)).values(state="uncertain", next_at="")
    if begun is None:
        return connection.execute(change).rowcount
    return sum(connection.execute(change.where(t.c.id == id, t.c.tries == tries)).rowcount for id, tries in begun.items())


def not_later(connection: Connection, latest: str, never: str) -> int:
    """After a clock was set back: what is to be tried later than `latest` is tried then; how many. `never` stays."""
    t = ledger().outbox
    late = t.c.state.in_(OPEN) & (t.c.next_at > latest) & (t.c.next_at != never)
    return connection.execute(update(t).where(late).values(next_at=latest)).rowcount


def mark(connection: Connection, id: int, state: str, *, at: str = "", next_at: str = "", error: str = "", due_at: str | None = None,
         tries: int | None = None, begun: int | None = None) -> None:
    """Note what became of an attempt: sent (`at`), waiting (again at `next_at`), uncertain, failed, cancelled. `tries` 0: its attempts
    are counted anew. `begun`: the number of the attempt it is about; nothing is noted when another one has begun since."""
    t = ledger().outbox
    values: dict[str, Any] = {"state": state, "next_at": next_at, "error": error}
    if at:
        values["sent_at"] = at
    if due_at is not None:
        values["due_at"] = due_at
    if tries is not None:
        values["tries"] = tries
    which = t.c.id == id if begun is None else (t.c.id == id) & (t.c.tries == begun)
    connection.execute(update(t).where(which).values(**values))


def mark_sent(connection: Connection, sent: Sequence[tuple[int, str]], at: str) -> None:
    """Note that entries went out: each with the time when it must be answered, '' where no answer is expected."""
    t = ledger().outbox
    by_time: dict[str, list[int]] = {}
    for id, due_at in sent:
        by_time.setdefault(due_at, []).append(id)
    for due_at, ids in by_time.items():
        connection.execute(update(t).where(t.c.id.in_(ids)).values(state="sent", next_at="", error="", sent_at=at, due_at=due_at))


def listing(connection: Connection, *, states: Iterable[str] = (), partner: str = "", exchange: int | None = None,
            limit: int = 200) -> list[Entry]:
    """Entries by state and partner, the newest first."""
    t = ledger().outbox
    query = select(*_columns()).order_by(t.c.id.desc()).limit(limit)
    if chosen := tuple(states):
        query = query.where(t.c.state.in_(chosen))
    if partner:
        query = query.where(t.c.partner == partner)
    if exchange is not None:
        query = query.where(t.c.exchange_id == exchange)
    return [_entry(row) for row in connection.execute(query)]


def answers_of(connection: Connection, receipts: Sequence[int]) -> dict[int, list[int]]:
    """The entries that answer the exchanges of some receipts: exchange → their numbers."""
    t, x = ledger().outbox, ledger().exchange
    query = select(t.c.exchange_id, t.c.id).join(x, x.c.id == t.c.exchange_id).where(x.c.receipt_id.in_(receipts)).order_by(t.c.id)
    made: dict[int, list[int]] = {}
    for exchange, entry in connection.execute(query):
        made.setdefault(exchange, []).append(entry)
    return made


def counts(connection: Connection) -> dict[str, int]:
    """How many entries are in each state."""
    t = ledger().outbox
    rows = connection.execute(select(t.c.state, func.count()).group_by(t.c.state))
    return {row[0]: row[1] for row in rows}


def overdue(connection: Connection, now: str) -> list[Entry]:
    """What was sent and not answered in time."""
    t = ledger().outbox
    query = select(*_columns()).where(t.c.state == "sent", t.c.due_at != "", t.c.due_at < now,
                                      or_(t.c.outcome == "", t.c.outcome == "received")).order_by(t.c.id)
    return [_entry(row) for row in connection.execute(query)]


def messages(connection: Connection, id: int) -> list[Any]:
    """The messages in an entry, in their order (rows of `sent_message`)."""
    t = ledger().sent_message
    return list(connection.execute(select(t).where(t.c.outbox_id == id).order_by(t.c.ordinal)))


def types(connection: Connection, entry: Entry) -> list[str]:
    """The types of the messages in an entry (`edifact/D96A/INVOIC`), or of those that it answers."""
    s, m = ledger().sent_message, ledger().message
    query = select(s.c.type).where(s.c.outbox_id == entry.id) if entry.kind == "document" else select(m.c.type).where(m.c.exchange_id == entry.exchange_id)
    return list(connection.execute(query.distinct()).scalars())


def has_origin(connection: Connection, origin: str) -> bool:
    """Whether a record of this origin was written before, or waits for others. Reads every row: for what a killed program left."""
    t = ledger()
    return any(connection.execute(select(one.c.id).where(one.c.origin == origin).limit(1)).first() for one in (t.sent_message, t.queue))


def candidates(connection: Connection, standard: str, sender: Address, receiver: Address, limit: int = 500) -> list[Entry]:
    """What we sent between two addresses and an answer could be about, the newest last: what was sent, or may have been.

    Qualifiers are compared by who matches the answer (`ack.reconcile`), ids here.
    """
    t = ledger().outbox
    query = select(*_columns()).where(
        t.c.kind == "document", t.c.standard == standard, t.c.sender == sender.id.rstrip(), t.c.receiver == receiver.id.rstrip(),
        t.c.state.in_(("sent", "sending", "uncertain", "waiting", "failed"))).order_by(t.c.id.desc()).limit(limit)
    return [_entry(row) for row in connection.execute(query)][::-1]


def set_outcome(connection: Connection, id: int, outcome: str) -> None:
    """What the partner's answers say of the whole entry."""
    t = ledger().outbox
    connection.execute(update(t).where(t.c.id == id).values(outcome=outcome))


def set_message_outcome(connection: Connection, id: int, group_control: str, reference: str, outcome: str) -> None:
    """What the partner's answers say of one message of an entry."""
    t = ledger().sent_message
    connection.execute(update(t).where(t.c.outbox_id == id, t.c.group_control == group_control, t.c.reference == reference)
                       .values(outcome=outcome))
