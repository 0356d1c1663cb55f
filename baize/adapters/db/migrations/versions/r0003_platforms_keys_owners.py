"""Platforms, their keys, and the owners of answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "platforms",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("origins", sa.Text(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("former_secret", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", name="pk_platforms"),
    )
    op.create_table(
        "api_keys",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("key_id", _ID, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("rights", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("revoked_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("platform_id", "key_id", name="pk_api_keys"),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platforms.platform_id"], name="fk_api_keys_platforms", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_api_keys_digest", "api_keys", ["digest"], unique=True)
    # Answers of before belong to nobody in particular.
    op.add_column("answers", sa.Column("learner_id", _ID, nullable=False, server_default=""))
    op.create_index("ix_answers_stored_at", "answers", ["stored_at"])


def downgrade() -> None:
    op.drop_index("ix_answers_stored_at", "answers")
    op.drop_column("answers", "learner_id")
    op.drop_table("api_keys")
    op.drop_table("platforms")
