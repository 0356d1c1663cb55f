"""Completed courses, credits and certificates, as archives report them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "archive",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("learner_id", _ID, nullable=False),
        sa.Column("record_id", _ID, nullable=False),
        sa.Column("course_id", _ID, nullable=False),
        sa.Column("completed_at", sa.Double(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("credits", sa.Double(), nullable=True),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("imported_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "learner_id", "record_id", name="pk_archive"),
    )


def downgrade() -> None:
    op.drop_table("archive")
