"""Locks among the machines of one PostgreSQL: the port `Locks` over advisory locks."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import anyio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from baize.adapters.db.engine import Database
from baize.adapters.db.failures import translated
from baize.errors import DependencyUnavailable

log = logging.getLogger(__name__)

_POLL_S = 0.1
_ANSWER_S = 30.0
_TAKE = text("SELECT pg_try_advisory_lock(:key)")
_GIVE = text("SELECT pg_advisory_unlock(:key)")
_TOUCH = text("SELECT 1")


class PostgresLocks:
    """The port `Locks`. All locks of a process share one connection, and the server frees them when it ends.

    A connection for each would be many: a server admits a hundred by default, and a worker holds a lock for
    every lesson that it is at. A connection that was lost is replaced at the next call, and what is held is
    taken again.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stack: AsyncExitStack | None = None
        self._connection: AsyncConnection | None = None
        # A session may take its own locks twice: among the tasks of this process they are ours to keep.
        self._own: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)
        self._users: Counter[str] = Counter()
        self._held: set[str] = set()
        self._taken: set[str] = set()
        self._asking = anyio.Lock()

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncGenerator[None]:
        """As `Locks.hold`."""
        self._users[name] += 1
        try:
            async with self._own[name]:
                while not await self._take(name):  # noqa: ASYNC110 - it is another process that frees it
                    await anyio.sleep(_POLL_S)
                try:
                    yield
                finally:
                    with anyio.CancelScope(shield=True):
                        await self._give(name)
        finally:
            self._users[name] -= 1
            if not self._users[name]:
                del self._users[name], self._own[name]

    async def held(self, name: str) -> bool:
        """As `Locks.held`. For a name of one's own, finds out whether the connection is still there, too."""
        async with self._connected() as connection:
            if name in self._held:
                await connection.execute(_TOUCH)
                return True
            if not await _took(connection, name):
                return True
            await connection.execute(_GIVE, {"key": _key(name)})
            return False

    async def _take(self, name: str) -> bool:
        async with self._connected() as connection:
            if await _took(connection, name):
                self._held.add(name)
                self._taken.add(name)
            return name in self._held

    async def _give(self, name: str) -> None:
        """Where the connection is lost the lock is free anyway: what was done under it is no failure."""
        self._held.discard(name)
        with suppress(DependencyUnavailable):
            async with self._connected() as connection:
                if name in self._taken:
                    self._taken.discard(name)
                    await connection.execute(_GIVE, {"key": _key(name)})

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[AsyncConnection]:
        """The one connection, for one task at a time; given back where nothing is held any more.

        Whoever is cancelled comes to the end of it first: a statement that is cut off takes the connection
        along, and with it every lock.
        """
        with anyio.CancelScope(shield=True), translated(self._database.url), anyio.fail_after(_ANSWER_S):
            async with self._asking:
                try:
                    connection = await self._open()
                    await self._retake(connection)
                    yield connection
                except BaseException:
                    await self._drop()
                    raise
                if not self._held:
                    await self._drop()

    async def _open(self) -> AsyncConnection:
        if self._connection is None:
            stack = AsyncExitStack()
            self._connection = await stack.enter_async_context(self._database.connection())
            self._stack = stack
        return self._connection

    async def _retake(self, connection: AsyncConnection) -> None:
        """After a loss. A name that somebody has taken meanwhile is tried again at each call."""
        for name in self._held - self._taken:
            if await _took(connection, name):
                self._taken.add(name)
            else:
                log.warning("A lock was lost with the connection to PostgreSQL, and is another's now.")

    async def _drop(self) -> None:
        stack, self._stack, self._connection = self._stack, None, None
        self._taken.clear()
        if stack is not None:
            with anyio.CancelScope(shield=True):
                await stack.aclose()


async def _took(connection: AsyncConnection, name: str) -> bool:
    return bool(await connection.scalar(_TAKE, {"key": _key(name)}))


def _key(name: str) -> int:
    """A signed 64-bit number, as PostgreSQL wants."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
