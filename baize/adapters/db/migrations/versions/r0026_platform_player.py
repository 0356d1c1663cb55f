"""Platforms have a player and a time zone of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
_COLUMNS = ("player_url", "timezone")


def upgrade() -> None:
    for name in _COLUMNS:
        op.add_column("platforms", sa.Column(name, sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    for name in _COLUMNS:
        op.drop_column("platforms", name)
