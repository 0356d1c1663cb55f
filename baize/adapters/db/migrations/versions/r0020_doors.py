"""Keys that expire or are for some courses, roles of tokens, revoked tokens, linked learners."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

_ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("platforms", sa.Column("token_role", sa.Text(), nullable=False, server_default="learn"))
    op.add_column("api_keys", sa.Column("expires_at", sa.Double(), nullable=True))
    op.add_column("api_keys", sa.Column("courses", sa.Text(), nullable=False, server_default="[]"))
    op.create_table(
        "revocations",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("kind", _ID, nullable=False),
        sa.Column("digest", _ID, nullable=False),
        sa.Column("before", sa.Double(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "kind", "digest", name="pk_revocations"),
    )
    op.create_table(
        "identities",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("source", _ID, nullable=False),
        sa.Column("subject", _ID, nullable=False),
        sa.Column("learner_id", _ID, nullable=False),
        sa.Column("linked_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "source", "subject", name="pk_identities"),
    )
    op.create_index("ix_identities_platform_id_learner_id", "identities", ["platform_id", "learner_id"])


def downgrade() -> None:
    op.drop_table("identities")
    op.drop_table("revocations")
    op.drop_column("api_keys", "courses")
    op.drop_column("api_keys", "expires_at")
    op.drop_column("platforms", "token_role")
