"""Views of the index: all legs, noting which the product asks, or one leg alone."""

from __future__ import annotations

from collections.abc import Sequence

from baize.domain.search import DenseQuery, IndexedChunk, Run, Scope, SparseQuery, StoredChunk
from baize.ports import ChunkIndex


class LegView:
    """A `ChunkIndex` that answers the queries of one leg only, the others with nothing.

    Over it the product's own finder gives what this leg alone would find.

    Args:
        leg: empty for all.

    Attributes:
        asked: the legs that were asked for, in the order of the first time.
    """

    def __init__(self, inner: ChunkIndex, leg: str = "") -> None:
        self._inner = inner
        self._leg = leg
        self.asked: list[str] = []

    async def search(self, queries: Sequence[DenseQuery | SparseQuery], scope: Scope, k: int) -> list[Run]:
        """As `ChunkIndex.search`."""
        for query in queries:
            if query.leg not in self.asked:
                self.asked.append(query.leg)
        if not self._leg:
            return await self._inner.search(queries, scope, k)
        own = [n for n, query in enumerate(queries) if query.leg == self._leg]
        runs = [Run(query.leg, query.language) for query in queries]
        if own:
            found = await self._inner.search([queries[n] for n in own], scope, k)
            for n, run in zip(own, found, strict=True):
                runs[n] = run
        return runs

    async def chunks(self, platform_id: str, chunk_ids: Sequence[str]) -> dict[str, StoredChunk]:
        """As `ChunkIndex.chunks`."""
        return await self._inner.chunks(platform_id, chunk_ids)

    async def upsert(self, points: Sequence[IndexedChunk]) -> None:
        """As `ChunkIndex.upsert`."""
        await self._inner.upsert(points)

    async def delete(self, platform_id: str, lesson_ids: Sequence[str], *, keep_builds: Sequence[str]) -> int:
        """As `ChunkIndex.delete`."""
        return await self._inner.delete(platform_id, lesson_ids, keep_builds=keep_builds)

    async def erase(self, platform_id: str, lesson_ids: Sequence[str]) -> int:
        """As `ChunkIndex.erase`."""
        return await self._inner.erase(platform_id, lesson_ids)

    async def ids(self, scope: Scope) -> list[str]:
        """As `ChunkIndex.ids`."""
        return await self._inner.ids(scope)

    async def count(self, scope: Scope) -> int:
        """As `ChunkIndex.count`."""
        return await self._inner.count(scope)
