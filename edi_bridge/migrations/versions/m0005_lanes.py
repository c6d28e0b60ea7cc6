"""The CRM once more for tests (staging_) and for pilots (pilot_), and the table in which the company's own programs lay what is to
be sent.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from edi_bridge.database import NAMING, Id

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

LANES = ("staging_", "pilot_")
LEDGER = (
    "receipt exchange message finding identity lookup outbox sent_message answered control_number message_document queue waiting "
    "channel seen network_report alarm audit alembic_version"
).split()


def upgrade() -> None:
    """Copy the live CRM's tables as they are at this revision, without their rows."""
    bind = op.get_bind()
    live = sa.MetaData()
    live.reflect(bind)
    names = {name for name in live.tables if name not in LEDGER}
    for lane in LANES:
        copies = sa.MetaData(naming_convention=NAMING)
        for name in LEDGER:
            if name in live.tables:
                sa.Table(name, copies, sa.Column("id", Id, primary_key=True))  # only what links need to know
        for name in sorted(names):
            _copy(live.tables[name], copies, lane, names)
        copies.create_all(bind, [copies.tables[f"{lane}{name}"] for name in sorted(names)])
    op.create_table(
        "outgoing",
        sa.Column("id", Id, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("partner", "type", "message")),
        sa.Column("test", sa.Boolean()),
        sa.Column("record", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False, server_default="") for name in ("done_at", "became", "note")),
        sa.PrimaryKeyConstraint("id", name="pk_outgoing"),
    )
    op.create_index("ix_outgoing_done_at", "outgoing", ["done_at"])


def _copy(table: sa.Table, copies: sa.MetaData, lane: str, names: set[str]) -> None:
    """One table under its lane's name; links go to the same lane, or to the ledger, of which there is one."""
    made = sa.Table(f"{lane}{table.name}", copies)
    keys = [column.name for column in table.primary_key.columns]
    for column in table.columns:
        type_ = Id if keys == ["id"] and column.name == "id" else column.type
        made.append_column(sa.Column(column.name, type_, nullable=column.nullable, primary_key=column.name in keys))
    for constraint in table.constraints:
        assert isinstance(constraint, sa.schema.ColumnCollectionConstraint)
        columns = [column.name for column in constraint.columns]
        if isinstance(constraint, sa.UniqueConstraint):
            made.append_constraint(sa.UniqueConstraint(*columns))
        elif isinstance(constraint, sa.ForeignKeyConstraint):
            targets = []
            for element in constraint.elements:
                name, _, theirs = element.target_fullname.partition(".")
                targets.append(f"{lane if name in names else ''}{name}.{theirs}")
            made.append_constraint(sa.ForeignKeyConstraint(columns, targets))
    for index in table.indexes:
        sa.Index(None, *(made.c[column.name] for column in index.columns), unique=index.unique)
