"""What is prepared for a lesson: summary, key points, glossary, quiz, highlights."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "prepared",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("lesson_id", _ID, nullable=False),
        sa.Column("prepared", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "lesson_id", name="pk_prepared"),
        sa.ForeignKeyConstraint(
            ["platform_id", "lesson_id"],
            ["lessons.platform_id", "lessons.lesson_id"],
            name="fk_prepared_lessons",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    op.drop_table("prepared")
