"""Run by Alembic, never imported: the connection comes from the caller, with its transaction and lock."""

from __future__ import annotations

from alembic import context

from baize.adapters.db.migrations import VERSION_TABLE, is_compared
from baize.adapters.db.models import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
    include_name=is_compared,
)
with context.begin_transaction():
    context.run_migrations()
