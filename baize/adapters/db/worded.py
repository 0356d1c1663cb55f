"""Statements that are worded once, and the eye and the hand that ask SQLite for them, nothing in between.

For what every question asks. Building a statement, a session and a transaction, and handing each step to the
driver's thread, costs ten times what SQLite itself takes (1.1 ms of CPU against 0.1 for a dozen rows); so
these are compiled at their first use. What reads a dozen rows is asked on the loop, as a hop to a thread and
back takes longer than the answer; what writes waits for the disk and for others, in a thread of its own.
PostgreSQL is asked the same statement through SQLAlchemy.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler

_Rows = list[tuple[Any, ...]]
_T = TypeVar("_T")


class Worded:
    """A statement whose parameters alone change.

    Args:
        word: the statement for the dialect of this name, `sqlite` or `postgresql`. Its parameters are
            `bindparam`s, or the columns of an INSERT by their names.
    """

    def __init__(self, word: Callable[[str], Any]) -> None:
        self._word = word

    @cached_property
    def for_postgres(self) -> Executable:
        statement: Executable = self._word("postgresql")
        return statement

    @cached_property
    def _for_sqlite(self) -> _Compiled:
        return _Compiled(self._word("sqlite"))

    def on(self, connection: sqlite3.Connection, values: Mapping[str, Any]) -> _Rows:
        """The rows that it gives, with the values that columns stand for; blocks.

        Raises:
            sqlite3.Error: it cannot be answered.
        """
        return self._for_sqlite.run(connection, values)


Line = tuple[Worded, Mapping[str, Any]]
"""What is written, and its values."""


class _Compiled:
    """For SQLite: the text, and how its parameters and columns are written and read."""

    def __init__(self, statement: Any) -> None:
        dialect = sqlite.dialect(paramstyle="named")
        compiled: SQLCompiler = statement.compile(dialect=dialect)
        self._text = str(compiled)
        self._constants: dict[str, Any] = {}
        self._writers: dict[str, Callable[[Any], Any]] = {}
        for name, value in compiled.params.items():
            self._constants[name] = value
            if write := compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect):
                self._writers[name] = write
        columns: Sequence[Any] = tuple(getattr(statement, "selected_columns", ()))
        readers = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        self._readers = [(at, read) for at, read in enumerate(readers) if read is not None]

    def run(self, connection: sqlite3.Connection, values: Mapping[str, Any]) -> _Rows:
        bound = {**self._constants, **values}
        for name, write in self._writers.items():
            bound[name] = write(bound[name])
        rows: _Rows = connection.execute(self._text, bound).fetchall()
        if not self._readers or not rows:
            return rows
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        for at, read in self._readers:
            # Rows of one statement mostly hold the same; what a cell gives cannot be changed.
            known = {cell: read(cell) for cell in set(columns[at])}
            columns[at] = [known[cell] for cell in columns[at]]
        return list(zip(*columns, strict=True))


class SqliteEye:
    """One connection that reads on the caller's thread.

    Args:
        connect: opens the connection at the first call; one that does not wait for locks.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._connection: sqlite3.Connection | None = None

    def fetch(self, worded: Worded, values: Mapping[str, Any]) -> _Rows | None:
        """What the statement gives, as it is at one moment; None where the file is locked just now.

        Readers of a write-ahead log do not wait for its writer, only for one who mends or empties it.

        Raises:
            sqlite3.Error: it cannot be answered.
        """
        try:
            if self._connection is None:
                self._connection = self._connect()
            return worded.on(self._connection, values)
        except sqlite3.OperationalError as error:
            # The lower byte: there are several kinds of busy.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            return None

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class SqliteHand:
    """One connection in a thread of its own: each call is one hop there and back.

    Args:
        connect: opens the connection, in that thread, at the first call.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._connection: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(1, "sqlite")

    async def fetch(self, worded: Worded, values: Mapping[str, Any]) -> _Rows:
        """What the statement gives, as it is at one moment.

        Raises:
            sqlite3.Error: it cannot be answered.
        """
        return await self._call(lambda connection: worded.on(connection, values))

    async def write(self, line: Line) -> None:
        """Apply it; begun, it is not undone when the caller is cancelled.

        Raises:
            sqlite3.Error: nothing was written.
        """

        def apply(connection: sqlite3.Connection) -> None:
            worded, values = line
            worded.on(connection, values)

        await self._call(lambda connection: _whole(connection, apply))

    async def write_once(self, new: Line, *, first: Line, again: Line) -> None:
        """Apply `new`, and `first` where that gives a row, `again` where it gives none; both or neither.

        Raises:
            sqlite3.Error: nothing was written.
        """

        def apply(connection: sqlite3.Connection) -> None:
            worded, values = new
            worded, values = first if worded.on(connection, values) else again
            worded.on(connection, values)

        await self._call(lambda connection: _whole(connection, apply))

    async def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        if self._connection is not None:
            await self._call(sqlite3.Connection.close)
            self._connection = None
        self._thread.shutdown(wait=False)
        self._thread = ThreadPoolExecutor(1, "sqlite")

    async def _call(self, ask: Callable[[sqlite3.Connection], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, ask)

    def _ask(self, ask: Callable[[sqlite3.Connection], _T]) -> _T:
        if self._connection is None:
            self._connection = self._connect()
        return ask(self._connection)


def _whole(connection: sqlite3.Connection, apply: Callable[[sqlite3.Connection], None]) -> None:
    """A transaction of what `apply` writes."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        apply(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
