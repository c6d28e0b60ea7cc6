"""Partners' keys and ours.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from edi_bridge.database import Id

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The table of lookups."""
    texts = ("name", "partner", "theirs", "ours", "valid_from", "valid_to")
    op.create_table(
        "lookup",
        sa.Column("id", Id, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        sa.Column("write", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_lookup"),
    )
    op.create_index("ix_lookup_name_partner_theirs", "lookup", ["name", "partner", "theirs"])
