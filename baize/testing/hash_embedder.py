"""A double of the port `Embedder`: no model, yet texts that share words lie nearer to each other."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import anyio
import numpy as np

from baize.domain.search import Vector

_WORD_OR_IDEOGRAPH = re.compile(r"[一-鿿]|[^\W一-鿿]+")


class HashEmbedder:
    """Feature hashing over words, ideographs and neighbouring ideographs; the same in every process.

    Args:
        dim: length of the vectors; more means fewer collisions.
        delay_s: what each batch of passages takes, as a real model would.
        log: told how many passages each batch has, a line each, from any process.
    """

    def __init__(self, dim: int = 256, *, delay_s: float = 0.0, log: Path | None = None) -> None:
        self.dim = dim
        self._delay_s = delay_s
        self._log = log
        self.name = f"hash-{dim}"

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        """As `Embedder.embed_passages`."""
        if self._delay_s:
            await anyio.sleep(self._delay_s)
        if self._log:
            with self._log.open("a") as log:
                log.write(f"{len(texts)}\n")
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self._embed(text)
        return vectors

    async def embed_query(self, text: str) -> Vector:
        """As `Embedder.embed_query`."""
        return self._embed(text)

    def _embed(self, text: str) -> Vector:
        digests = [_digest(feature) for feature in _features(text)]
        places = [(digest >> 1) % self.dim for digest in digests]
        signs = [1.0 if digest & 1 else -1.0 for digest in digests]
        vector = (
            np.bincount(places, signs, self.dim).astype(np.float32)
            if places
            else np.zeros(self.dim, np.float32)
        )
        norm = float(np.linalg.norm(vector))
        if norm == 0.0:
            # Nothing to hash, or features that cancel out: unit length all the same.
            vector[0] = norm = 1.0
        return vector / np.float32(norm)


@lru_cache(maxsize=1 << 14)
def _digest(feature: str) -> int:
    """Remembered: benchmarks call it the free embedder."""
    return int.from_bytes(hashlib.blake2b(feature.encode("utf-8", "replace"), digest_size=8).digest())


def _features(text: str) -> Iterator[str]:
    words = _WORD_OR_IDEOGRAPH.findall(text.lower())
    yield from words
    yield from (a + b for a, b in pairwise(words) if len(a) == len(b) == 1)
