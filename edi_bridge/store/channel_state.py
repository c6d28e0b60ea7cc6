"""What is remembered of each channel: when it was polled, how it went, which files of it stay at the partner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from edi_bridge.store.tables import ledger


@dataclass(frozen=True, slots=True)
class ChannelState:
    """One channel; times are ISO 8601 in UTC, '' for what never was. `failures` in succession, `error` the newest."""

    name: str
    polled_at: str = ""
    good_at: str = ""
    received_at: str = ""
    next_at: str = ""
    failures: int = 0
    error: str = ""


def get(connection: Connection, name: str) -> ChannelState:
    """What is known of a channel."""
    t = ledger().channel
    row = connection.execute(select(t).where(t.c.name == name)).first()
    return _state(row) if row else ChannelState(name)


def all_of(connection: Connection) -> list[ChannelState]:
    """Every channel that was ever polled."""
    t = ledger().channel
    return [_state(row) for row in connection.execute(select(t).order_by(t.c.name))]


def _state(row: Any) -> ChannelState:
    return ChannelState(*(getattr(row, name) for name in ChannelState.__slots__))


def polled(connection: Connection, name: str, at: str, next_at: str, error: str = "") -> int:
    """Note a poll and how it went; how often in succession it has failed now."""
    t = ledger().channel
    values: dict[str, Any] = {"polled_at": at, "next_at": next_at, "error": error}
    values |= {"failures": t.c.failures + 1} if error else {"failures": 0, "good_at": at}
    noting = update(t).where(t.c.name == name).values(**values).returning(t.c.failures)
    if (failures := connection.execute(noting).scalar()) is None:  # its first poll
        _there(connection, name)
        failures = connection.execute(noting).scalar_one()
    return int(failures)


def received(connection: Connection, name: str, at: str) -> None:
    """Note that something came."""
    t = ledger().channel
    _there(connection, name)
    connection.execute(update(t).where(t.c.name == name).values(received_at=at))


def _there(connection: Connection, name: str) -> None:
    t = ledger().channel
    if connection.execute(select(t.c.id).where(t.c.name == name)).first() is None:
        try:
            with connection.begin_nested():
                connection.execute(insert(t).values(name=name, polled_at="", good_at="", received_at="", next_at="", failures=0, error=""))
        except IntegrityError:  # another process was first
            pass


def seen(connection: Connection, channel: str, name: str, size: int, modified: str) -> bool:
    """Whether a file that stays at the partner was taken in before."""
    t = ledger().seen
    known = (t.c.channel == channel) & (t.c.name == name) & (t.c.size == size) & (t.c.modified == modified)
    return connection.execute(select(t.c.id).where(known)).first() is not None


def note_seen(connection: Connection, channel: str, name: str, size: int, modified: str, receipt: int) -> None:
    """Remember a file that stays at the partner."""
    if not seen(connection, channel, name, size, modified):
        connection.execute(insert(ledger().seen).values(channel=channel, name=name, size=size, modified=modified, receipt_id=receipt))
