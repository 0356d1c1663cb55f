"""The latest answers of a learner are found by an index."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"

_NAME = "ix_answers_platform_id_learner_id_stored_at"


def upgrade() -> None:
    op.create_index(_NAME, "answers", ["platform_id", "learner_id", "stored_at"])


def downgrade() -> None:
    op.drop_index(_NAME, "answers")
