"""Makes a SQLite file that several processes read while one writes."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

LOCK_WAIT_S = 30
"""How long a writer waits for another one."""
_SWITCH_WAIT_S = 0.05


def create_file(path: Path) -> None:
    """The file in WAL mode, which it keeps, and its folder; nothing changes where it is already.

    Of two connections that switch a new file at once, SQLite refuses one without waiting: it tries again.

    Raises:
        sqlite3.OperationalError: it cannot be made, or is locked for longer than `LOCK_WAIT_S`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    until_s = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            with closing(sqlite3.connect(path, timeout=LOCK_WAIT_S)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
                return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until_s:
                raise
            time.sleep(_SWITCH_WAIT_S)
