"""What learners saw of lessons, and what they are interested in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "progress",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("learner_id", _ID, nullable=False),
        sa.Column("lesson_id", _ID, nullable=False),
        sa.Column("course_id", _ID, nullable=False),
        sa.Column("spans", sa.Text(), nullable=False),
        sa.Column("completed_at", sa.Double(), nullable=True),
        sa.Column("first_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "learner_id", "lesson_id", name="pk_progress"),
    )
    op.create_table(
        "interests",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("learner_id", _ID, nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "learner_id", name="pk_interests"),
    )


def downgrade() -> None:
    op.drop_table("interests")
    op.drop_table("progress")
