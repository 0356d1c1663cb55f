"""What learners like, and what they say of answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "preferences",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("learner_id", _ID, nullable=False),
        sa.Column("preferences", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "learner_id", name="pk_preferences"),
    )
    # No foreign key: what was said of an answer outlives the answer, which is deleted after a while.
    op.create_table(
        "feedback",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("answer_id", _ID, nullable=False),
        sa.Column("learner_id", _ID, nullable=False),
        sa.Column("rating", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("correction", sa.Text(), nullable=False),
        sa.Column("given_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "answer_id", "learner_id", name="pk_feedback"),
    )
    op.create_index("ix_feedback_platform_id_given_at", "feedback", ["platform_id", "given_at"])


def downgrade() -> None:
    op.drop_table("feedback")
    op.drop_table("preferences")
