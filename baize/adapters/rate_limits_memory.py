"""The port `RateLimits` in this process, by the generic cell rate algorithm (ITU-T I.371)."""

from __future__ import annotations

import time
from collections.abc import Callable

_MINUTE_S = 60.0
_MAX_NAMES = 100_000


class MemoryRateLimits:
    """One number a name: when it would be even again.

    Args:
        now: seconds on a clock that never goes back.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._even_at: dict[str, float] = {}

    async def take(self, name: str, per_minute: int) -> float:
        """As `RateLimits.take`."""
        now, interval = self._now(), _MINUTE_S / per_minute
        even_at = max(self._even_at.get(name, now), now)
        wait_s = even_at + interval - now - _MINUTE_S
        if wait_s > 1e-9:
            return wait_s
        if len(self._even_at) >= _MAX_NAMES:
            self._even_at = {name: at for name, at in self._even_at.items() if at > now}
        self._even_at[name] = even_at + interval
        return 0.0

    async def close(self) -> None:
        """As `RateLimits.close`: nothing is open."""
