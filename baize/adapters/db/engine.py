"""The way to the relational store: one address, sessions that read, sessions that write.

SQLite and PostgreSQL differ here and in `migrate.py`; the stores above never ask which one it is. A
`Database` belongs to one event loop, and several processes may open the same one.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from baize.adapters.db.failures import translated
from baize.adapters.db.migrate import current_revision, upgrade
from baize.adapters.db.migrations import HEAD
from baize.adapters.db.worded import Line, SqliteEye, SqliteHand, Worded
from baize.adapters.sqlite_file import LOCK_WAIT_S, create_file
from baize.errors import DependencyUnavailable, InvalidSettings

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}
_CONNECT_TIMEOUT_S = 10
_CONNECTIONS = 5
"""Of one process to PostgreSQL, and as many for a moment: a server admits a hundred by default, from all."""
_WRITES = "baize_writes"
_SCRUB_TRIES = 3
_SCRUB_WAIT_S = 0.2


class Database:
    """The relational store at `url`. Nothing is opened before the first use.

    Args:
        url: `sqlite:///folder/file.db` or `postgresql://user@host/name`; the driver is chosen here.

    Raises:
        InvalidSettings: the address cannot be read or names another database.
        DependencyUnavailable: the driver for PostgreSQL is not installed.
    """

    def __init__(self, url: str) -> None:
        self.url = _with_driver(url)
        self._engine = _engine(self.url)
        self._writing_engine = self._engine.execution_options(**{_WRITES: True})
        self._read_sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self._write_sessions = async_sessionmaker(self._writing_engine, expire_on_commit=False)
        # SQLite has one writer. Its own queue is a loop of sleeps, three times slower than ours; it is left
        # to settle matters with other processes.
        self._writer: AbstractAsyncContextManager[Any] = (
            asyncio.Lock() if _is_sqlite(self.url) else nullcontext()
        )
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        # For what every question asks, and what every answer writes.
        self._eye = SqliteEye(lambda: self._open_file(0)) if _is_file(self.url) else None
        self._pen = SqliteHand(lambda: self._open_file(LOCK_WAIT_S)) if _is_file(self.url) else None

    async def migrate(self) -> None:
        """Create or upgrade the tables. Cheap when there is nothing to do; safe from several processes.

        Raises:
            DependencyUnavailable: the database does not answer, or a newer version of Bai Ze made it.
        """
        with translated(self.url):
            if _is_sqlite(self.url) and self.url.database:
                await asyncio.to_thread(create_file, Path(self.url.database))
            async with self._engine.connect() as connection:
                revision = await connection.run_sync(current_revision)
            if revision == HEAD:
                return
            async with self._writing_engine.begin() as connection:
                await connection.run_sync(upgrade)

    async def scrub(self) -> None:
        """After an erasure: nothing of it stays in SQLite's log. PostgreSQL's own vacuum does the same.

        Raises:
            DependencyUnavailable: somebody reads or writes for so long that the log cannot be emptied.
        """
        if self.shared:
            return
        for _ in range(_SCRUB_TRIES):
            async with self._writer, self.connection() as connection:
                busy, *_ = (await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")).one()
            if not busy:
                return
            await asyncio.sleep(_SCRUB_WAIT_S)
        raise DependencyUnavailable(
            "The database's log cannot be emptied: another process uses it all the time.",
            remedy="Erase again, or run `PRAGMA wal_checkpoint(TRUNCATE)` when it is quiet.",
        )

    async def close(self) -> None:
        """Close every connection. A process that forgets it may see warnings, but loses nothing."""
        if self._eye is not None and self._pen is not None:
            self._eye.close()
            await self._pen.close()
        await self._engine.dispose()

    async def fetch(self, worded: Worded, **values: Any) -> list[tuple[Any, ...]]:
        """The few rows of a statement that every question asks, as of one moment; never waits for a writer.

        Raises:
            DependencyUnavailable: the database does not answer.
        """
        with translated(self.url):
            if self._eye is not None and self._pen is not None:
                rows = self._eye.fetch(worded, values)
                return await self._pen.fetch(worded, values) if rows is None else rows
            async with self._autocommit.connect() as connection:
                found = await connection.execute(worded.for_postgres, values)
                return [tuple(row) for row in found]

    async def write(self, line: Line) -> None:
        """A statement that is written often, a transaction by itself.

        Raises:
            DependencyUnavailable: the database does not answer, or is locked for too long.
        """
        with translated(self.url):
            if self._pen is not None:
                async with self._writer:
                    await self._pen.write(line)
                return
            # Without BEGIN and COMMIT, which are two trips to the server.
            async with self._autocommit.connect() as connection:
                worded, values = line
                await connection.execute(worded.for_postgres, dict(values))

    async def write_once(self, new: Line, *, first: Line, again: Line) -> None:
        """A transaction: `new`, then `first` where that gave a row, and `again` where it gave none.

        Raises:
            DependencyUnavailable: the database does not answer, or is locked for too long.
        """
        with translated(self.url):
            if self._pen is not None:
                async with self._writer:
                    await self._pen.write_once(new, first=first, again=again)
                return
            async with self._engine.begin() as connection:
                came_in = await connection.execute(new[0].for_postgres, dict(new[1]))
                worded, values = first if came_in.first() else again
                await connection.execute(worded.for_postgres, dict(values))

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncSession]:
        """A session that sees one state of the database and never waits for a writer.

        Raises:
            DependencyUnavailable: the database does not answer.
        """
        with translated(self.url):
            async with self._read_sessions() as session:
                yield session

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncSession]:
        """A transaction: committed at the end of the block, rolled back if it raises.

        Raises:
            DependencyUnavailable: the database does not answer, or is locked for too long.
        """
        with translated(self.url):
            async with self._writer, self._write_sessions.begin() as session:
                yield session

    @property
    def shared(self) -> bool:
        """Whether other machines may use it too: PostgreSQL, not a file."""
        return not _is_sqlite(self.url)

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[AsyncConnection]:
        """A connection of one's own, outside any transaction, for what lives as long as it does.

        Raises:
            DependencyUnavailable: the database does not answer.
        """
        with translated(self.url):
            async with self._autocommit.connect() as connection:
                yield connection

    def _open_file(self, wait_s: float) -> sqlite3.Connection:
        connection = sqlite3.connect(
            str(self.url.database), timeout=wait_s, isolation_level=None, check_same_thread=False
        )
        _set_pragmas(connection, None)
        return connection


def _with_driver(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InvalidSettings(
            "The address of the database cannot be read.",
            remedy="Write database_url as sqlite:///folder/file.db or postgresql://user@host/name.",
        ) from error
    driver = _DRIVERS.get(parsed.get_backend_name())
    if driver is None:
        raise InvalidSettings(
            f"{parsed.get_backend_name()} is no database that Bai Ze knows.",
            remedy="Set database_url to a sqlite:/// or postgresql:// address.",
        )
    return parsed.set(drivername=driver)


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _is_file(url: URL) -> bool:
    """A database in memory belongs to one connection."""
    return _is_sqlite(url) and bool(url.database) and url.database != ":memory:"


def _engine(url: URL) -> AsyncEngine:
    if _is_sqlite(url):
        # The driver's own transactions start too late: `_begin` starts them.
        engine = create_async_engine(
            url, hide_parameters=True, connect_args={"timeout": LOCK_WAIT_S, "isolation_level": None}
        )
        event.listen(engine.sync_engine, "connect", _set_pragmas)
        event.listen(engine.sync_engine, "begin", _begin)
        return engine
    try:
        return create_async_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=_CONNECTIONS,
            max_overflow=_CONNECTIONS,
            connect_args={"connect_timeout": _CONNECT_TIMEOUT_S},
        )
    except ImportError as error:
        raise DependencyUnavailable(
            "The driver for PostgreSQL is not installed.", remedy="Run: pip install 'baize[postgres]'"
        ) from error


def _set_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # What is deleted is overwritten: erasure means the file too.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    """A writer takes the lock at once: one that read first could not wait for it, only fail."""
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
