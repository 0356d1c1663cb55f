"""What platforms have used, by day, course and model."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_COUNTS = (
    "n_answers n_degraded n_reused prompt_tokens cache_hit_tokens completion_tokens reasoning_tokens "
    "n_unpriced"
).split()


def upgrade() -> None:
    op.create_table(
        "usage",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("course_id", _ID, nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _COUNTS),
        sa.Column("cost", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "day", "course_id", "model", name="pk_usage"),
    )


def downgrade() -> None:
    op.drop_table("usage")
