"""How many may use a resource of one worker at a time."""

from __future__ import annotations

from collections.abc import Sequence

import anyio

from baize.domain.search import Vector
from baize.ports import Embedder


class LimitedEmbedder:
    """An embedder that at most `n` lessons use at a time, a batch each: the others prepare meanwhile."""

    def __init__(self, inner: Embedder, n: int) -> None:
        self._inner = inner
        self._limit = anyio.CapacityLimiter(n)
        self.name = inner.name
        self.dim = inner.dim

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        """As `Embedder.embed_passages`."""
        async with self._limit:
            return await self._inner.embed_passages(texts)

    async def embed_query(self, text: str) -> Vector:
        """As `Embedder.embed_query`."""
        return await self._inner.embed_query(text)
