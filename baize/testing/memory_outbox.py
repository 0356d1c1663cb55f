"""A double of the port `Outbox`: in memory."""

from __future__ import annotations

from collections.abc import Sequence

from baize.domain.outbox import Waiting


class MemoryOutbox:
    """As the real store, but gone with the process."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Waiting] = {}

    async def put(self, waiting: Sequence[Waiting]) -> None:
        """As `Outbox.put`."""
        self.rows |= {(one.platform_id, one.statement_id): one for one in waiting}

    async def due(self, now: float, limit: int) -> list[Waiting]:
        """As `Outbox.due`."""
        found = [one for one in self.rows.values() if one.next_at <= now]
        return sorted(found, key=lambda one: (one.next_at, one.platform_id, one.statement_id))[:limit]

    async def remove(self, waiting: Sequence[Waiting]) -> None:
        """As `Outbox.remove`."""
        for one in waiting:
            self.rows.pop((one.platform_id, one.statement_id), None)
