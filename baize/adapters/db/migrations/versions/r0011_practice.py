"""Exercises of course teams, and what learners answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "exercises",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("exercise_id", _ID, nullable=False),
        sa.Column("course_id", _ID, nullable=False),
        sa.Column("lesson_id", _ID, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("solution", sa.Text(), nullable=False),
        sa.Column("forms", sa.Text(), nullable=False),
        sa.Column("graded", sa.Boolean(), nullable=False),
        sa.Column("opens_at", sa.Double(), nullable=True),
        sa.Column("closes_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("platform_id", "exercise_id", name="pk_exercises"),
    )
    op.create_index("ix_exercises_platform_id_course_id", "exercises", ["platform_id", "course_id"])
    op.create_table(
        "attempts",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("attempt_id", _ID, nullable=False),
        sa.Column("learner_id", _ID, nullable=False),
        sa.Column("item_id", _ID, nullable=False),
        sa.Column("course_id", _ID, nullable=False),
        sa.Column("lesson_id", _ID, nullable=False),
        sa.Column("given", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("grader", sa.String(), nullable=False),
        sa.Column("attempted_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "attempt_id", name="pk_attempts"),
    )
    op.create_index(
        "ix_attempts_platform_id_learner_id_attempted_at",
        "attempts",
        ["platform_id", "learner_id", "attempted_at"],
    )
    op.create_index("ix_attempts_verdict", "attempts", ["platform_id", "verdict", "attempted_at"])


def downgrade() -> None:
    op.drop_table("attempts")
    op.drop_table("exercises")
