"""Where a course is read from, so that it can be read again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "course_folders",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("course_id", _ID, nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "course_id", name="pk_course_folders"),
        sa.ForeignKeyConstraint(
            ["platform_id", "course_id"],
            ["courses.platform_id", "courses.course_id"],
            name="fk_course_folders_courses",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    op.drop_table("course_folders")
