"""The port `Cache` within one process: the oldest entry goes first, by number and by age."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from time import monotonic

_ENTRY_BYTES = 280
"""What the dictionary, the key's and the value's objects and the instant take beside the characters.

Measured with tracemalloc: 215 to 325, as full as the dictionary happens to be.
"""


class MemoryCache:
    """What one process may forget at any time. Not shared: another worker has its own.

    Args:
        max_bytes: of all entries together, their keys and what Python needs for them included.
    """

    def __init__(self, *, max_bytes: int = 48_000_000, clock: Callable[[], float] = monotonic) -> None:
        self._max_bytes = max_bytes
        self._clock = clock
        self._n_bytes = 0
        self._entries: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    async def get(self, key: str) -> bytes | None:
        """As `Cache.get`."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        until, value = entry
        if self._clock() >= until:
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return value

    async def set(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """As `Cache.set`."""
        self._drop(key)
        if _size(key, value) > self._max_bytes:
            return
        self._entries[key] = (self._clock() + ttl_s, value)
        self._n_bytes += _size(key, value)
        while self._n_bytes > self._max_bytes:
            self._drop(next(iter(self._entries)))

    async def add(self, key: str, value: bytes, *, ttl_s: float) -> bool:
        """As `Cache.add`: nothing else runs between the look and the entry."""
        entry = self._entries.get(key)
        if entry is not None and self._clock() < entry[0]:
            return False
        await self.set(key, value, ttl_s=ttl_s)
        return True

    async def forget(self, keys: Sequence[str]) -> None:
        """As `Cache.forget`."""
        for key in keys:
            self._drop(key)

    async def close(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._n_bytes = 0

    def _drop(self, key: str) -> None:
        if (entry := self._entries.pop(key, None)) is not None:
            self._n_bytes -= _size(key, entry[1])


def _size(key: str, value: bytes) -> int:
    """Bytes; keys are ASCII."""
    return _ENTRY_BYTES + len(key) + len(value)
