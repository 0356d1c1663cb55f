"""Of many questions at once, a few are worked on at a time, in the order in which they came.

Side by side all would be ready together, at the end; in turn, the first of them are long before. And whoever
has seen something lets those pass who have seen nothing yet, before more is made of the answer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress


class InTurn:
    """Questions of one process.

    Args:
        at_once: enough to keep a core busy while some of them wait for the index or the embedder.
        longest_s: nobody waits longer, for those in front may hang on something that does not answer.
        pass_s: nobody lets others pass for longer.
    """

    def __init__(self, at_once: int = 12, longest_s: float = 2.0, pass_s: float = 0.3) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._longest_s = longest_s
        self._pass_s = pass_s
        self._last = 0
        self._here: dict[int, None] = {}
        """Those who wait or are worked on, by the number in which they came."""
        self._passed: deque[tuple[int, asyncio.Future[None]]] = deque()
        """Who lets pass: up to whom, in rising order."""

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Begins when it is its turn, or has waited for long enough."""
        self._last += 1
        number = self._last
        self._here[number] = None
        held = False
        try:
            held = await self._wait()
            yield
        finally:
            if held:
                self._places.release()
            del self._here[number]
            self._tell()

    async def let_pass(self) -> None:
        """Returns when all who are in line now have had their turn, or after `pass_s`."""
        # Even where nobody is: what was just said goes out first.
        await asyncio.sleep(0)
        if not self._here:
            return
        gone = asyncio.get_running_loop().create_future()
        self._passed.append((self._last, gone))
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pass_s):
                await gone

    def _tell(self) -> None:
        first = next(iter(self._here), self._last + 1)
        while self._passed and self._passed[0][0] < first:
            _, gone = self._passed.popleft()
            if not gone.done():
                gone.set_result(None)

    async def _wait(self) -> bool:
        """Whether there was a place."""
        if not self._places.locked():
            return await self._places.acquire()
        try:
            async with asyncio.timeout(self._longest_s):
                return await self._places.acquire()
        except TimeoutError:
            return False
