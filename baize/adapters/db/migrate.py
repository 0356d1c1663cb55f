"""Brings a database to the tables that this version of the code knows.

Alembic costs more to import than the whole check, so it is imported only when something is to be done.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, column, inspect, select, table, text

from baize.adapters.db.migrations import VERSION_TABLE
from baize.errors import DependencyUnavailable

if TYPE_CHECKING:
    from alembic.config import Config

_SCRIPTS = Path(__file__).with_name("migrations")
_LOCK_KEY = 0x6261697A65  # "baize"


def current_revision(connection: Connection) -> str | None:
    """The revision of the tables; None when there are none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.scalar(select(column("version_num")).select_from(table(VERSION_TABLE)))


def upgrade(connection: Connection) -> None:
    """Upgrade to head inside the caller's transaction, one process at a time.

    Raises:
        DependencyUnavailable: the tables are of a revision that this code does not know.
    """
    from alembic import command
    from alembic.util import CommandError

    if connection.dialect.name == "postgresql":
        # On SQLite the caller's transaction is the lock.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
    try:
        command.upgrade(alembic_config(connection), "head")
    except CommandError as error:
        raise DependencyUnavailable(
            f"The database is of revision {current_revision(connection)}, which this version does not know.",
            remedy="Upgrade baize to the version that made it, or use another database.",
        ) from error


def alembic_config(connection: Connection) -> Config:
    """What Alembic's commands need, without an alembic.ini."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
