"""An index by which a worker finds the oldest deliveries of each partner that are not through, however many wait.

Revision ID: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create it."""
    left = sa.text("state IN ('received', 'scanned')")
    op.create_index("ix_receipt_left", "receipt", ["partner", "channel", "id"], postgresql_where=left, sqlite_where=left)
