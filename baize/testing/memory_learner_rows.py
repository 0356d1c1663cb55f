"""A double of the port `LearnerRows`: rows in memory, as whoever plants them wants them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from baize.domain.record import Row


class MemoryLearnerRows:
    """As the real one, but its tables are given: (platform, learner) → table → rows."""

    def __init__(self, tables: Sequence[str] = ("answers", "feedback", "preferences")) -> None:
        self._tables = sorted(tables)
        self.rows: dict[tuple[str, str], dict[str, list[Row]]] = defaultdict(dict)

    async def read(self, platform_id: str, learner_id: str) -> Mapping[str, Sequence[Row]]:
        """As `LearnerRows.read`."""
        own = self.rows.get((platform_id, learner_id), {})
        return {table: list(own.get(table, [])) for table in self._tables}

    async def erase(self, platform_id: str, learner_id: str) -> Mapping[str, int]:
        """As `LearnerRows.erase`."""
        gone = await self.count(platform_id, learner_id)
        self.rows.pop((platform_id, learner_id), None)
        return gone

    async def count(self, platform_id: str, learner_id: str) -> Mapping[str, int]:
        """As `LearnerRows.count`."""
        rows = await self.read(platform_id, learner_id)
        return {table: len(found) for table, found in rows.items()}

    async def scrub(self) -> None:
        """As `LearnerRows.scrub`."""
