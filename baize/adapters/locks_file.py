"""Locks among the processes of one machine, by files: the port `Locks` for a library in a folder."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from filelock import FileLock, Timeout

_POLL_S = 0.05


class FileLocks:
    """The port `Locks`. The system frees a lock when its process ends, however it ends.

    Args:
        folder: for the files, made when absent. Names are digested: a file tells nothing of a course.
        digits: hexadecimal digits of a file's name. Three make few files however many the names; two names
            of one file wait for each other, no more. 64 make a file a name.
    """

    def __init__(self, folder: Path, *, digits: int = 3) -> None:
        self._folder = folder
        self._digits = digits

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncGenerator[None]:
        """As `Locks.hold`."""
        lock = self._lock(name)
        while not _taken(lock):  # noqa: ASYNC110 - it is another process that frees it
            await anyio.sleep(_POLL_S)
        try:
            yield
        finally:
            # The file stays: whoever waits for it may hold it open already.
            lock.release()

    async def held(self, name: str) -> bool:
        """As `Locks.held`."""
        lock = self._lock(name)
        if not _taken(lock):
            return True
        lock.release()
        return False

    def _lock(self, name: str) -> FileLock:
        self._folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(name.encode()).hexdigest()[: self._digits]
        return FileLock(self._folder / f"{name}.lock", thread_local=False)


def _taken(lock: FileLock) -> bool:
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    return True
