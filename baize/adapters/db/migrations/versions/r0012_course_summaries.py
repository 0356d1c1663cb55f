"""What a model worded of whole courses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "course_summaries",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("course_id", _ID, nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["platform_id", "course_id"],
            ["courses.platform_id", "courses.course_id"],
            name="fk_course_summaries_courses",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("platform_id", "course_id", name="pk_course_summaries"),
    )


def downgrade() -> None:
    op.drop_table("course_summaries")
