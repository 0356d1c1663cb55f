"""The Alembic environment, packed into the wheel and run by `baize.adapters.db.migrate`.

A new revision is a new module in `versions/`; `HEAD` moves with it, and a test compares both, and the
tables with the models.
"""

from __future__ import annotations

import re

HEAD = "0026"
"""The newest revision: a database that is there needs no Alembic at all."""

PARTITIONED = ("progress", "statements")
"""Tables of which PostgreSQL keeps the rows in `<table>_00` and so on."""

VERSION_TABLE = "baize_version"
"""Our own, so that another application of Alembic may share the database."""


def is_compared(name: str | None, kind: str, _parents: object) -> bool:
    """Alembic's `include_name`: the partitions of a table follow from it and stand in no model."""
    return not (kind == "table" and re.fullmatch(rf"(?:{'|'.join(PARTITIONED)})_\d\d", name or ""))
