"""The tables of the rollout: versions of the configuration, evidence, rehearsals, comparisons, what was seen.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from edi_bridge.database import Id
from edi_bridge.migrations.shorthand import create

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    create("version", "id id; text hash files made_at program", "id", unique="hash")
    op.create_table(
        "version_file", sa.Column("id", Id, nullable=False), sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False), sa.PrimaryKeyConstraint("id", name="pk_version_file"),
        sa.UniqueConstraint("sha256", name="uq_version_file_sha256"))
    create("activation", "id id version_id; text at actor reason", "id", links="version_id>version")
    op.add_column("outbox", sa.Column("version", sa.Text(), nullable=False, server_default=""))
    create("rollout_step", "id id; text partner step owner due note changed_at", "id", unique="partner,step")
    create("rollout_evidence", "id id; text partner step name value owner day file_name sha256 note at", "id", indexes="partner,step")
    create("rollout_waiver", "id id; text partner subject owner reason until at", "id", indexes="partner")
    create("scenario_run", "id id; text partner direction message scenario outcome details version at; id run; boolean negative", "id",
           indexes="partner,message")
    op.create_table(
        "comparison", sa.Column("id", Id, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False)
          for name in ("partner", "direction", "message", "key", "day", "outcome", "differences", "version", "at", "legacy")),
        sa.Column("exchange_id", Id), sa.Column("documents", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_comparison"),
        sa.UniqueConstraint("partner", "direction", "message", "key", name="uq_comparison_partner_direction_message_key"))
    op.create_index("ix_comparison_partner_day", "comparison", ["partner", "day"])
    create("explained", "id id; text partner direction message key field reason actor at until", "id", indexes="partner")
    create("observed", "id id; text partner direction message kind place value stage first_at accepted_by accepted_at; id exchange_id?", "id",
           unique="partner,direction,message,kind,place,value")
    create("piloted", "id id; text partner direction message since day; count documents", "id", unique="partner,direction,message,since,day")
    op.add_column("message", sa.Column("lane", sa.Text(), nullable=False, server_default=""))
    op.execute("UPDATE message SET lane = (SELECT exchange.lane FROM exchange WHERE exchange.id = message.exchange_id) "
               "WHERE exchange_id IN (SELECT id FROM exchange WHERE lane <> '')")
    create("watched", "id id; text name; id last", "id", unique="name")
