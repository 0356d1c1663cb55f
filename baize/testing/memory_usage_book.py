"""A double of the port `UsageBook`."""

from __future__ import annotations

from dataclasses import astuple, fields

from baize.domain.cost import Used

_N_KEYS = 4


class MemoryUsageBook:
    """As the real store, but gone with the process."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, ...], Used] = {}

    def add(self, used: Used) -> None:
        """Count this too."""
        key, counts = astuple(used)[:_N_KEYS], astuple(used)[_N_KEYS:]
        before = self._used.get(key)
        sums = [a + b for a, b in zip(astuple(before)[_N_KEYS:], counts, strict=True)] if before else counts
        names = [field.name for field in fields(Used)]
        self._used[key] = Used(**dict(zip(names, (*key, *sums), strict=True)))

    async def between(self, platform_id: str, first_day: str, last_day: str) -> list[Used]:
        """As `UsageBook.between`."""
        return [
            used
            for key, used in sorted(self._used.items())
            if used.platform_id == platform_id and first_day <= used.day <= last_day
        ]
