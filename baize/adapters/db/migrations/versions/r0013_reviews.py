"""Cards of learners, and their reviews."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "review_cards",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("learner_id", _ID, nullable=False),
        sa.Column("card_id", _ID, nullable=False),
        sa.Column("course_id", _ID, nullable=False),
        sa.Column("lesson_id", _ID, nullable=False),
        sa.Column("front", sa.Text(), nullable=False),
        sa.Column("back", sa.Text(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("locators", sa.Text(), nullable=False),
        sa.Column("added_at", sa.Double(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("due", sa.Double(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=True),
        sa.Column("stability", sa.Double(), nullable=True),
        sa.Column("difficulty", sa.Double(), nullable=True),
        sa.Column("reviewed_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("platform_id", "learner_id", "card_id", name="pk_review_cards"),
    )
    op.create_index("ix_review_cards_due", "review_cards", ["platform_id", "learner_id", "due"])
    op.create_table(
        "reviews",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("learner_id", _ID, nullable=False),
        sa.Column("card_id", _ID, nullable=False),
        sa.Column("reviewed_at", sa.Double(), nullable=False),
        sa.Column("recall", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "learner_id", "card_id", "reviewed_at", name="pk_reviews"),
    )


def downgrade() -> None:
    op.drop_table("reviews")
    op.drop_table("review_cards")
