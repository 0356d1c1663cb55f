"""Learning platforms that may launch the companion by LTI 1.3."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

_ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "lti_registrations",
        sa.Column("platform_id", _ID, nullable=False),
        sa.Column("issuer", _ID, nullable=False),
        sa.Column("client_id", _ID, nullable=False),
        sa.Column("auth_url", sa.Text(), nullable=False),
        sa.Column("jwks_url", sa.Text(), nullable=False),
        sa.Column("jwks", sa.Text(), nullable=False),
        sa.Column("deployments", sa.Text(), nullable=False),
        sa.Column("private_key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", "issuer", "client_id", name="pk_lti_registrations"),
    )
    op.create_index(
        "ix_lti_registrations_issuer_client_id", "lti_registrations", ["issuer", "client_id"], unique=True
    )


def downgrade() -> None:
    op.drop_table("lti_registrations")
