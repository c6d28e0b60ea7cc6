"""The exchange: what goes out and what is said of it, control numbers, what waits, channels, alarms, the audit log.

Revision ID: 0004
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from edi_bridge.database import Id

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# table → columns: a name alone is a text; `name:type` another, with ? where NULL is allowed; `>table` a link
TABLES = {
    "outbox": "partner channel kind name standard sender_qualifier sender receiver_qualifier receiver control test:boolean "
    "exchange_id:id?>exchange sha256 size:id content:bytes? file_name state tries:count next_at error created_at sent_at due_at "
    "outcome network origin",
    "queue": "partner key map record_type record size:id origin test:boolean created_at",
    "sent_message": "outbox_id:id>outbox ordinal:count partner group_control group_kind reference type document map map_hash "
    "record_type record outcome created_at origin test:boolean",
    "answered": "outbox_id:id?>outbox exchange_id:id>exchange answer family level group_control reference outcome below said words "
    "late:boolean at",
    "control_number": "scope kind last:id wrapped:count wrapped_at",
    "message_document": "message_id:id>message kind number",
    "waiting": "exchange_id:id>exchange ordinal:count key since due_at",
    "channel": "name polled_at good_at received_at next_at failures:count error",
    "seen": "channel name size:id modified receipt_id:id>receipt",
    "network_report": "receipt_id:id>receipt outbox_id:id?>outbox channel status sender receiver control group_control at words",
    "alarm": "kind subject open sentence count:count raised_at last_at told_at cleared_at acknowledged_at acknowledged_by comment",
    "audit": "at actor act subject reason details before hash",
}
UNIQUE = {
    "control_number": "scope,kind",
    "channel": "name",
    "seen": "channel,name,size,modified",
    "alarm": "kind,subject,open",
    "audit": "hash",
}
INDEXES = {
    "outbox": "state,next_at exchange_id partner,control",
    "sent_message": "outbox_id document",
    "answered": "outbox_id exchange_id",
    "message_document": "message_id number",
    "queue": "partner,key",
    "waiting": "exchange_id key",
    "network_report": "outbox_id receipt_id",
}
TYPES: dict[str, Any] = {"": sa.Text(), "id": Id, "count": sa.Integer(), "boolean": sa.Boolean(), "bytes": sa.LargeBinary()}
AUDIT = "the audit log is only ever added to"


def upgrade() -> None:
    """Create the tables, add the columns, and let the database itself refuse a change of the audit log."""
    for table, columns in TABLES.items():
        _create(table, columns.split())
    for table, column in (("receipt", "source"), ("receipt", "worker"), ("receipt", "held_until"),
                          ("exchange", "lane"), ("exchange", "received_at"), ("exchange", "hold_until"), ("exchange", "reason")):
        op.add_column(table, sa.Column(column, sa.Text(), nullable=False, server_default=""))
    op.add_column("receipt", sa.Column("test", sa.Boolean()))
    op.add_column("receipt", sa.Column("starts", sa.Integer(), nullable=False, server_default="0"))
    for column in ("messages", "closings"):
        op.add_column("exchange", sa.Column(column, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("exchange", sa.Column("copy_of", Id))
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(f"CREATE TRIGGER audit_no_{act.lower()} BEFORE {act} ON audit BEGIN SELECT RAISE(ABORT, '{AUDIT}'); END")
        return
    op.execute("CREATE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS "
               f"$$ BEGIN RAISE EXCEPTION '{AUDIT}'; END $$")
    op.execute("CREATE TRIGGER audit_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
               "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses()")


def _create(table: str, columns: list[str]) -> None:
    made: list[Any] = [sa.Column("id", Id, nullable=False)]
    rules: list[Any] = [sa.PrimaryKeyConstraint("id", name=f"pk_{table}")]
    for text in columns:
        rest, _, target = text.partition(">")
        name, _, type_ = rest.partition(":")
        made.append(sa.Column(name, TYPES[type_.rstrip("?")], nullable=type_.endswith("?")))
        if target:
            rules.append(sa.ForeignKeyConstraint([name], [f"{target}.id"], name=f"fk_{table}_{name}"))
    if table in UNIQUE:
        rules.append(sa.UniqueConstraint(*UNIQUE[table].split(","), name=f"uq_{table}_{UNIQUE[table].replace(',', '_')}"))
    op.create_table(table, *made, *rules)
    for index in INDEXES.get(table, "").split():
        op.create_index(f"ix_{table}_{index.replace(',', '_')}", table, index.split(","))
