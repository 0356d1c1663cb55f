"""Of many questions at once, a few are worked on at a time, in the order in which they came.

Side by side all would be ready together, at the end; in turn, the first of them are long before.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class InTurn:
    """Questions of one process.

    Args:
        at_once: enough to keep a core busy while some of them wait for the index or the embedder.
        longest_s: nobody waits longer, for those in front may hang on something that does not answer.
    """

    def __init__(self, at_once: int = 12, longest_s: float = 2.0) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._longest_s = longest_s

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Begins when it is its turn, or has waited for long enough."""
        held = await self._wait()
        try:
            yield
        finally:
            if held:
                self._places.release()

    async def _wait(self) -> bool:
        """Whether there was a place."""
        try:
            async with asyncio.timeout(self._longest_s):
                return await self._places.acquire()
        except TimeoutError:
            return False
