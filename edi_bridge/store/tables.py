"""The ledger's tables. There is one ledger for all lanes, so it has no prefix.

Times are ISO 8601 texts in UTC, equal on both databases; JSON is text. What is unknown is '' (texts that searches
compare) or NULL (numbers, links).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint, text

from edi_bridge.database import Id, new_metadata
from edi_bridge.store.state import UNFINISHED

LEFT = f"state IN {UNFINISHED}"  # of a receipt, as SQL


@dataclass(frozen=True, slots=True)
class LedgerTables:
    """The ledger by name."""

    receipt: Table
    exchange: Table
    message: Table
    finding: Table
    identity: Table
    lookup: Table
    outbox: Table
    sent_message: Table
    answered: Table
    control_number: Table
    message_document: Table
    queue: Table
    outgoing: Table
    waiting: Table
    channel: Table
    seen: Table
    network_report: Table
    alarm: Table
    audit: Table


def _key() -> Column[int]:
    return Column("id", Id, primary_key=True)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _later(name: str) -> Column[str]:
    """A text that a later release added: '' in the rows that were there."""
    return Column(name, Text, nullable=False, server_default="")


def _link(name: str, target: str, *, null: bool = False) -> Column[int]:
    return Column(name, Id, ForeignKey(f"{target}.id"), nullable=null)


def make(metadata: MetaData) -> LedgerTables:
    """Define the ledger in `metadata`."""
    receipt = Table(
        "receipt",
        metadata,
        _key(),
        _text("sha256"),
        Column("size", Id, nullable=False),
        _text("name"),  # the partner's file name, as text only: never a path of ours
        _text("channel"),
        _text("received_at"),
        _text("state"),
        _text("partner"),
        _text("map"),  # as told with the delivery, for doing it again; '': found from the envelope
        _text("failure"),
        _later("source"),  # what the transport calls this very file: a name alone may come again
        _later("worker"),  # who holds it, and until when the others leave it alone
        _later("held_until"),
        Column("test", Boolean),  # the channel is for tests; NULL: the envelope alone decides
        Column("starts", Integer, nullable=False, server_default="0"),  # how often its processing began
        Index(None, "sha256"),
        Index(None, "state"),
        Index("ix_receipt_left", "partner", "channel", "id", postgresql_where=text(LEFT), sqlite_where=text(LEFT)),
    )
    exchange = Table(
        "exchange",
        metadata,
        _key(),
        _link("receipt_id", "receipt"),
        Column("ordinal", Integer, nullable=False),
        _text("standard"),
        _text("syntax"),
        _text("sender_qualifier"),
        _text("sender"),
        _text("receiver_qualifier"),
        _text("receiver"),
        _text("control"),
        Column("test", Boolean),
        _text("partner"),
        _text("state"),
        _text("outcome"),
        _text("verdict"),
        _link("original_id", "exchange", null=True),
        _text("versions"),
        _text("failure"),
        _later("lane"),  # staging_: it is a test; pilot_: all of it; its messages say where each is
        _later("received_at"),
        _later("hold_until"),  # legal hold: a day before which it is not purged
        _later("reason"),  # why a person must decide about it
        Column("messages", Integer, nullable=False, server_default="0"),  # that its envelope holds
        Column("closings", Integer, nullable=False, server_default="0"),  # what was closed before is not answered again
        Column("copy_of", Id),  # the exchange that it is an edited copy of
        UniqueConstraint("receipt_id", "ordinal"),
        Index(None, "control"),
        Index(None, "state"),
    )
    message = Table(
        "message",
        metadata,
        _key(),
        _link("exchange_id", "exchange"),
        Column("ordinal", Integer, nullable=False),
        _text("type"),
        _text("reference"),
        _text("state"),
        _text("verdict"),
        _text("content"),
        _text("map"),
        _text("map_hash"),
        _text("record_type"),
        Column("records", Integer, nullable=False),
        _text("failure"),  # a traceback; of one that is held by its stage, why
        _later("lane"),  # of the CRM in which it is posted: '' live, staging_, pilot_
        UniqueConstraint("exchange_id", "ordinal"),
    )
    finding = Table(
        "finding",
        metadata,
        _key(),
        _link("receipt_id", "receipt"),
        _link("exchange_id", "exchange", null=True),
        _link("message_id", "message", null=True),
        _text("kind"),
        _text("value"),
        _text("note"),
        _text("position"),
        Index(None, "receipt_id"),
        Index(None, "exchange_id"),
        Index(None, "message_id"),
    )
    identity = Table(
        "identity",
        metadata,
        _key(),
        _text("kind"),
        _text("scope"),
        _text("value"),
        _link("exchange_id", "exchange"),
        Column("message", Integer, nullable=False),  # ordinal; 0: the whole exchange
        UniqueConstraint("kind", "scope", "value"),
        Index(None, "exchange_id"),
    )
    lookup = Table(  # partners' keys and ours; rows are added and never changed
        "lookup",
        metadata,
        _key(),
        _text("name"),
        _text("partner"),  # '': for all
        _text("theirs"),
        _text("ours"),  # '': from then on the key means nothing
        _text("valid_from"),  # days, ISO 8601; '': open
        _text("valid_to"),
        Column("write", Boolean, nullable=False),
        _text("recorded_at"),
        Index(None, "name", "partner", "theirs"),
    )
    return LedgerTables(receipt, exchange, message, finding, identity, lookup, *_outward(metadata), *_watching(metadata))


def _outward(metadata: MetaData) -> tuple[Table, ...]:
    """What goes out, and what is said of it."""
    outbox = Table(
        "outbox",
        metadata,
        _key(),
        _text("partner"),
        _text("channel"),  # '': the partner's own way for sending, looked up when it is sent
        _text("kind"),  # document, answer
        _text("name"),  # of answers: contrl, 997 …; of documents the message type
        _text("standard"),
        _text("sender_qualifier"),
        _text("sender"),
        _text("receiver_qualifier"),
        _text("receiver"),
        _text("control"),
        Column("test", Boolean, nullable=False),
        _link("exchange_id", "exchange", null=True),  # what it answers
        _text("sha256"),
        Column("size", Id, nullable=False),
        Column("content", LargeBinary),  # NULL: in the archive
        _text("file_name"),  # at the partner; '' until it is first sent, then the same for ever
        _text("state"),
        Column("tries", Integer, nullable=False),
        _text("next_at"),
        _text("error"),
        _text("created_at"),
        _text("sent_at"),
        _text("due_at"),  # when its acknowledgement must be here; '': none is expected
        _text("outcome"),  # what the partner said of it; '': nothing yet
        _text("network"),  # the newest status that a network reported
        _text("origin"),  # whose wish it was: a file of outgoing/, a person, the exchange it answers
        _later("version"),  # of the configuration by which it was written
        Index(None, "state", "next_at"),
        Index(None, "exchange_id"),
        Index(None, "partner", "control"),
    )
    sent_message = Table(
        "sent_message",
        metadata,
        _key(),
        _link("outbox_id", "outbox"),
        Column("ordinal", Integer, nullable=False),
        _text("partner"),
        _text("group_control"),
        _text("group_kind"),
        _text("reference"),
        _text("type"),
        _text("document"),  # the number of the business document
        _text("map"),
        _text("map_hash"),
        _text("record_type"),
        _text("record"),  # JSON; what was written
        _text("outcome"),
        _text("created_at"),
        _text("origin"),
        Column("test", Boolean, nullable=False),
        Index(None, "outbox_id"),
        Index(None, "document"),
    )
    answered = Table(
        "answered",
        metadata,
        _key(),
        Column("outbox_id", Id, ForeignKey("outbox.id")),  # NULL: nothing we sent is meant
        _link("exchange_id", "exchange"),  # the interchange that brought it
        _text("answer"),  # CONTRL, 997 …
        _text("family"),
        _text("level"),
        _text("group_control"),
        _text("reference"),
        _text("outcome"),
        _text("below"),  # what holds for everything inside that it does not name
        _text("said"),
        _text("words"),
        Column("late", Boolean, nullable=False),
        _text("at"),
        Index(None, "outbox_id"),
        Index(None, "exchange_id"),
    )
    control_number = Table(
        "control_number",
        metadata,
        _key(),
        _text("scope"),
        _text("kind"),  # interchange, group
        Column("last", Id, nullable=False),
        Column("wrapped", Integer, nullable=False),
        _text("wrapped_at"),
        UniqueConstraint("scope", "kind"),
    )
    message_document = Table(
        "message_document",
        metadata,
        _key(),
        _link("message_id", "message"),
        _text("kind"),
        _text("number"),
        Index(None, "message_id"),
        Index(None, "number"),
    )
    queue = Table(  # records that wait for others, to go out in one interchange
        "queue",
        metadata,
        _key(),
        _text("partner"),
        _text("key"),
        _text("map"),
        _text("record_type"),
        _text("record"),
        Column("size", Id, nullable=False),
        _text("origin"),
        Column("test", Boolean, nullable=False),
        _text("created_at"),
        Index(None, "partner", "key"),
    )
    outgoing = Table(  # where the company's own programs lay what is to be sent
        "outgoing",
        metadata,
        _key(),
        _text("partner"),
        _text("type"),
        _text("message"),
        Column("test", Boolean),
        _text("record"),
        _later("done_at"),
        _later("became"),
        _later("note"),
        Index(None, "done_at"),
    )
    return outbox, sent_message, answered, control_number, message_document, queue, outgoing


def _watching(metadata: MetaData) -> tuple[Table, ...]:
    """What waits, what is polled, what somebody must look at, and who did what."""
    waiting = Table(  # messages that wait for the business document they refer to
        "waiting",
        metadata,
        _key(),
        _link("exchange_id", "exchange"),
        Column("ordinal", Integer, nullable=False),
        _text("key"),
        _text("since"),
        _text("due_at"),
        Index(None, "exchange_id"),
        Index(None, "key"),
    )
    channel = Table(
        "channel",
        metadata,
        _key(),
        _text("name"),
        _text("polled_at"),
        _text("good_at"),
        _text("received_at"),
        _text("next_at"),
        Column("failures", Integer, nullable=False),
        _text("error"),
        UniqueConstraint("name"),
    )
    seen = Table(  # files that stay at the partner after we have them
        "seen",
        metadata,
        _key(),
        _text("channel"),
        _text("name"),
        Column("size", Id, nullable=False),
        _text("modified"),
        _link("receipt_id", "receipt"),
        UniqueConstraint("channel", "name", "size", "modified"),
    )
    network_report = Table(
        "network_report",
        metadata,
        _key(),
        _link("receipt_id", "receipt"),
        Column("outbox_id", Id, ForeignKey("outbox.id")),
        _text("channel"),
        _text("status"),
        _text("sender"),
        _text("receiver"),
        _text("control"),
        _text("group_control"),
        _text("at"),
        _text("words"),
        Index(None, "outbox_id"),
        Index(None, "receipt_id"),
    )
    alarm = Table(
        "alarm",
        metadata,
        _key(),
        _text("kind"),
        _text("subject"),
        _text("open"),  # 'open', or its own number once it is over: so that one thing rings once
        _text("sentence"),
        Column("count", Integer, nullable=False),
        _text("raised_at"),
        _text("last_at"),
        _text("told_at"),
        _text("cleared_at"),
        _text("acknowledged_at"),
        _text("acknowledged_by"),
        _text("comment"),
        UniqueConstraint("kind", "subject", "open"),
    )
    audit = Table(  # only ever added to; each row holds the hash of the one before
        "audit",
        metadata,
        _key(),
        _text("at"),
        _text("actor"),
        _text("act"),
        _text("subject"),
        _text("reason"),
        _text("details"),
        _text("before"),
        _text("hash"),
        UniqueConstraint("hash"),
    )
    return waiting, channel, seen, network_report, alarm, audit


@cache
def ledger() -> LedgerTables:
    """The ledger for queries."""
    return make(new_metadata())
