"""Courses carry the day on which they were published."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.add_column("courses", sa.Column("published_at", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("courses", "published_at")
