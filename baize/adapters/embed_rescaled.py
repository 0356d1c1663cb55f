"""An embedder whose cosines are moved to where e5's lie, on which every threshold of this code base is set.

Trained with another temperature, a model spreads the same texts over another range of cosines: where two
have nothing in common and where one answers the other, e5 has .80 and .88, EmbeddingGemma .1 and .5. One
number that all vectors of a model share brings its range to e5's, and texts stay in their order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from baize.domain.search import Vector
from baize.ports import Embedder


class RescaledEmbedder:
    """`1 - cosine` of any two vectors is `scale` times what the inner embedder has.

    A vector v of unit length becomes (√scale · v, √(1 - scale)), of unit length too: the products of the last
    numbers make 1 - scale, those of the others scale · cosine.

    Args:
        scale: over 0, at most 1.
    """

    def __init__(self, inner: Embedder, scale: float) -> None:
        self._inner = inner
        self._stretch = np.float32(math.sqrt(scale))
        self._shared = np.float32(math.sqrt(1 - scale))
        self.name = f"{inner.name}*{scale:g}"
        self.dim = inner.dim + 1

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        """As `Embedder.embed_passages`."""
        return self._rescaled(await self._inner.embed_passages(texts))

    async def embed_query(self, text: str) -> Vector:
        """As `Embedder.embed_query`."""
        return self._rescaled(await self._inner.embed_query(text))

    def _rescaled(self, vectors: Vector) -> Vector:
        """(…, dim of the inner one) → (…, dim)."""
        shared = np.full((*vectors.shape[:-1], 1), self._shared, dtype=np.float32)
        return np.concatenate([self._stretch * vectors, shared], axis=-1)
