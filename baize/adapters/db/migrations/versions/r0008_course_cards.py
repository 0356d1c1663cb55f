"""Docked catalogues: a card for each course of each source, and how far a source was docked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def _ids(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _ID, nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "course_cards",
        *_ids("platform_id", "source_id", "external_id", "course_id", "card_id"),
        sa.Column("build_id", sa.String(), nullable=False),
        *_ids("language"),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("course", sa.Text(), nullable=False),
        sa.Column("n_chunks", sa.Integer(), nullable=False),
        sa.Column("docked_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "source_id", "external_id", name="pk_course_cards"),
        sa.ForeignKeyConstraint(
            ["platform_id", "course_id"],
            ["courses.platform_id", "courses.course_id"],
            name="fk_course_cards_courses",
            ondelete="CASCADE",
        ),
    )
    for column in ("card_id", "course_id", "language"):
        op.create_index(f"ix_course_cards_platform_id_{column}", "course_cards", ["platform_id", column])
    op.create_table(
        "catalogue_sources",
        *_ids("platform_id", "source_id"),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("until", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "source_id", name="pk_catalogue_sources"),
    )


def downgrade() -> None:
    op.drop_table("catalogue_sources")
    op.drop_table("course_cards")
