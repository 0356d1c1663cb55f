"""Locks among the machines of one PostgreSQL: the port `Locks` over advisory locks."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from baize.adapters.db.engine import Database

_POLL_S = 0.1
_TAKE = text("SELECT pg_try_advisory_lock(:key)")
_GIVE = text("SELECT pg_advisory_unlock(:key)")


class PostgresLocks:
    """The port `Locks`. Each lock has a connection; the server frees it when the connection ends."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncGenerator[None]:
        """As `Locks.hold`."""
        async with self._database.connection() as connection:
            while not await _taken(connection, name):  # noqa: ASYNC110 - it is another process that frees it
                await anyio.sleep(_POLL_S)
            try:
                yield
            finally:
                with anyio.CancelScope(shield=True):
                    await connection.execute(_GIVE, {"key": _key(name)})

    async def held(self, name: str) -> bool:
        """As `Locks.held`."""
        async with self._database.connection() as connection:
            if not await _taken(connection, name):
                return True
            await connection.execute(_GIVE, {"key": _key(name)})
            return False


async def _taken(connection: AsyncConnection, name: str) -> bool:
    return bool(await connection.scalar(_TAKE, {"key": _key(name)}))


def _key(name: str) -> int:
    """A signed 64-bit number, as PostgreSQL wants."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
