"""The Alembic environment, packed into the wheel and run by `baize.adapters.db.migrate`.

A new revision is a new module in `versions/`; `HEAD` moves with it, and a test compares both, and the
tables with the models.
"""

from __future__ import annotations

HEAD = "0024"
"""The newest revision: a database that is there needs no Alembic at all."""

VERSION_TABLE = "baize_version"
"""Our own, so that another application of Alembic may share the database."""
