"""Questions that were handed to a person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "support_tickets",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("ticket_id", _ID, nullable=False),
        sa.Column("learner_id", _ID, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("next_at", sa.Double(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "ticket_id", name="pk_support_tickets"),
    )
    op.create_index("ix_support_tickets_state_next_at", "support_tickets", ["state", "next_at"])
    op.create_index(
        "ix_support_tickets_platform_id_learner_id", "support_tickets", ["platform_id", "learner_id"]
    )


def downgrade() -> None:
    op.drop_table("support_tickets")
