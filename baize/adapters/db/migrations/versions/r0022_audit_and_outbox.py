"""Who changed what; statements that wait for an LRS; platforms that want statements told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

_ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("platforms", sa.Column("tells", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "audit_log",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("entry_id", _ID, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("platform_id", "entry_id", name="pk_audit_log"),
    )
    op.create_index("ix_audit_log_platform_id_at", "audit_log", ["platform_id", "at"])
    op.create_index("ix_audit_log_at", "audit_log", ["at"])
    op.create_table(
        "outbox",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("statement_id", _ID, nullable=False),
        sa.Column("learner_id", _ID, nullable=False),
        sa.Column("next_at", sa.Double(), nullable=False),
        sa.Column("n_attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "statement_id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_next_at", "outbox", ["next_at"])


def downgrade() -> None:
    op.drop_table("outbox")
    op.drop_table("audit_log")
    op.drop_column("platforms", "tells")
