"""A question is embedded once, however often it is asked for; what failed is tried again."""

from __future__ import annotations

import numpy as np
import pytest

from baize.adapters.embed_remembered import QuestionsRemembered
from baize.domain.search import Vector
from baize.errors import ModelUnavailable
from baize.testing.hash_embedder import HashEmbedder

pytestmark = pytest.mark.anyio


class Counting(HashEmbedder):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.broken = False

    async def embed_query(self, text: str) -> Vector:
        self.asked.append(text)
        if self.broken:
            raise ModelUnavailable("It is broken.")
        return await super().embed_query(text)


async def test_a_question_is_embedded_once() -> None:
    inner = Counting()
    embedder = QuestionsRemembered(inner, n_kept=2)
    vectors = [await embedder.embed_query(text) for text in ("a", "b", "a", "\ud800", "b", "a")]
    assert inner.asked == ["a", "b", "\ud800", "a"]
    assert np.array_equal(vectors[0], vectors[5])
    assert np.array_equal(vectors[0], await inner.embed_query("a"))
    assert (embedder.name, embedder.dim) == (inner.name, inner.dim)


async def test_a_failure_is_not_remembered() -> None:
    inner = Counting()
    embedder = QuestionsRemembered(inner)
    inner.broken = True
    with pytest.raises(ModelUnavailable):
        await embedder.embed_query("a")
    inner.broken = False
    assert (await embedder.embed_query("a")).shape == (inner.dim,)
