"""An index for the passage languages of a platform, which every question looks up."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index("ix_lessons_passage_languages", "lessons", ["platform_id", "passage_languages"])


def downgrade() -> None:
    op.drop_index("ix_lessons_passage_languages", "lessons")
