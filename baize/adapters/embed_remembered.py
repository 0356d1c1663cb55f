"""An embedder that remembers the last questions: one is searched for, compared with earlier ones, and kept.

A model takes milliseconds for each, and gives the same vector for the same text.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b

from baize.domain.search import Vector
from baize.ports import Embedder


class QuestionsRemembered:
    """Passages always go to the embedder inside; questions, unless they are among the last `n_kept`.

    Only a digest of a question is kept beside its vector.
    """

    def __init__(self, inner: Embedder, *, n_kept: int = 256) -> None:
        self._inner = inner
        self._n_kept = n_kept
        self._kept: OrderedDict[bytes, Vector] = OrderedDict()
        self.name = inner.name
        self.dim = inner.dim

    async def embed_query(self, text: str) -> Vector:
        """As `Embedder.embed_query`; not to be changed."""
        key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        vector = self._kept.get(key)
        if vector is None:
            vector = self._kept[key] = await self._inner.embed_query(text)
            vector.setflags(write=False)
            if len(self._kept) > self._n_kept:
                self._kept.popitem(last=False)
        return vector

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        """As `Embedder.embed_passages`."""
        return await self._inner.embed_passages(texts)
