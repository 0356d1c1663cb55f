"""A double of the port `Locks`, for one process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio


class MemoryLocks:
    """The port `Locks` among the tasks of one event loop."""

    def __init__(self) -> None:
        self._locks: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncGenerator[None]:
        """As `Locks.hold`."""
        async with self._locks[name]:
            yield

    async def held(self, name: str) -> bool:
        """As `Locks.held`."""
        return self._locks[name].locked()
