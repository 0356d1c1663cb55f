"""Public keys with which platforms sign learner tokens, beside the secret that they share with us."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("platforms", sa.Column("jwks", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("platforms", "jwks")
