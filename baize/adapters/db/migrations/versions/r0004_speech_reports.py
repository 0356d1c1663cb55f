"""How well a lesson was heard, beside its transcript."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("transcripts", sa.Column("report", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("transcripts", "report")
