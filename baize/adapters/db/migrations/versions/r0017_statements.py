"""xAPI statements of what learners did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "statements",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("statement_id", _ID, nullable=False),
        sa.Column("learner_id", _ID, nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.Double(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "statement_id", name="pk_statements"),
    )
    op.create_index(
        "ix_statements_platform_id_learner_id_stored_at",
        "statements",
        ["platform_id", "learner_id", "stored_at"],
    )
    op.create_index("ix_statements_stored_at", "statements", ["platform_id", "stored_at"])


def downgrade() -> None:
    op.drop_table("statements")
