"""What learners did to what is remembered of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "memory_edits",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("learner_id", _ID, nullable=False),
        sa.Column("item_id", _ID, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("edited_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "learner_id", "item_id", name="pk_memory_edits"),
    )


def downgrade() -> None:
    op.drop_table("memory_edits")
