"""What somebody must look at: each thing once, however often it is noticed, until it is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, String, cast, insert, select, update
from sqlalchemy.exc import IntegrityError

from edi_bridge.store.tables import ledger

KINDS = {  # kind → what it means
    "acknowledgement_overdue": "a partner has not answered what we sent within the agreed time",
    "acknowledgement_negative": "a partner refused what we sent",
    "acknowledgement_unmatched": "an answer came to something that we never sent",
    "silence": "a partner who sends at certain times has not sent",
    "quarantine": "something came that a person must decide about",
    "refused": "a record of ours cannot be sent as it is",
    "unanswered": "something was refused, and no answer tells the partner so",
    "failed": "a mistake of edi_bridge itself: the exchange waits",
    "sending_failed": "something cannot be sent, and is not tried any more",
    "uncertain": "nobody can tell whether something was sent: a person must ask the partner",
    "channel": "a channel failed again and again",
    "trust": "a partner's server shows another host key or certificate than the one that is trusted",
    "expiry": "a certificate or key ends soon",
    "disk": "there is little room left, or the disk is not writable",
    "network": "a network refused or lost what we sent",
    "configuration": "files of the home were changed and cannot be used like that, or wait for somebody to activate them; the state before holds",
    "clock": "the clock of this machine jumped",
    "first_seen": "a partner's messages have something that they never had before",
    "rejects": "of a partner's messages too many are refused or held",
    "workers": "deliveries wait, and no worker is there to post them",
}


ONCE = frozenset((  # what happened once, and nothing that can be looked at says whether it is over: it is when somebody has seen to it
    "acknowledgement_negative", "acknowledgement_unmatched", "refused", "unanswered", "clock", "first_seen"))


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm; times are ISO 8601 in UTC, '' for what has not happened."""

    id: int
    kind: str
    subject: str
    sentence: str
    count: int
    raised_at: str
    last_at: str
    told_at: str
    cleared_at: str
    acknowledged_at: str
    acknowledged_by: str
    comment: str


def raise_(connection: Connection, kind: str, subject: str, sentence: str, at: str) -> bool:
    """Note that something must be looked at; whether it is new. `kind` is one of KINDS."""
    if kind not in KINDS:
        raise ValueError(f"no kind of alarm {kind!r}")
    t = ledger().alarm
    again = update(t).where(t.c.kind == kind, t.c.subject == subject, t.c.open == "open").values(count=t.c.count + 1, last_at=at)
    if connection.execute(again).rowcount:
        return False
    row = dict(kind=kind, subject=subject, open="open", sentence=sentence, count=1, raised_at=at, last_at=at, told_at="",
               cleared_at="", acknowledged_at="", acknowledged_by="", comment="")
    try:
        with connection.begin_nested():
            connection.execute(insert(t).values(**row))
    except IntegrityError:  # another process was first
        connection.execute(again)
        return False
    return True


def clear(connection: Connection, kind: str, subject: str, at: str) -> bool:
    """It is over; whether an alarm was open."""
    t = ledger().alarm
    over = update(t).where(t.c.kind == kind, t.c.subject == subject, t.c.open == "open")
    return bool(connection.execute(over.values(open=cast(t.c.id, String), cleared_at=at)).rowcount)


def acknowledge(connection: Connection, id: int, by: str, comment: str, at: str) -> Alarm | None:
    """Somebody takes care of it, and what is one of ONCE is over by that; the alarm as it is then, None when there is no such alarm."""
    t = ledger().alarm
    done = update(t).where(t.c.id == id).values(acknowledged_at=at, acknowledged_by=by, comment=comment)
    connection.execute(done)
    over = update(t).where(t.c.id == id, t.c.open == "open", t.c.kind.in_(sorted(ONCE)))
    connection.execute(over.values(open=cast(t.c.id, String), cleared_at=at))
    return next(iter(_alarms(connection.execute(select(t).where(t.c.id == id)))), None)


def untold(connection: Connection) -> list[Alarm]:
    """Those of which nobody was told yet, oldest first."""
    t = ledger().alarm
    return _alarms(connection.execute(select(t).where(t.c.told_at == "").order_by(t.c.id)))


def told(connection: Connection, ids: Sequence[int], at: str) -> None:
    """Note that people were told."""
    t = ledger().alarm
    connection.execute(update(t).where(t.c.id.in_(ids)).values(told_at=at))


def listing(connection: Connection, *, all: bool = False, limit: int = 1000) -> list[Alarm]:
    """The open ones, or all; the newest first."""
    t = ledger().alarm
    query = select(t).order_by(t.c.id.desc()).limit(limit)
    return _alarms(connection.execute(query if all else query.where(t.c.open == "open")))


def _alarms(rows: Any) -> list[Alarm]:
    return [Alarm(*(getattr(row, name) for name in Alarm.__slots__)) for row in rows]
