"""Cosines of a rescaled embedder, held against those of the one inside."""

from __future__ import annotations

import numpy as np
import pytest

from baize.adapters.embed_rescaled import RescaledEmbedder
from baize.testing.hash_embedder import HashEmbedder

pytestmark = pytest.mark.anyio

_TEXTS = ["学习率过大", "learning rate", "学习率过大，损失会震荡", "tomatoes want sun"]


@pytest.mark.parametrize("scale", [0.22, 0.9])
async def test_distances_are_scaled(scale: float) -> None:
    """1 - cosine is `scale` times what it was, for passages and questions alike."""
    inner = HashEmbedder()
    outer = RescaledEmbedder(inner, scale)
    question, passages = await inner.embed_query(_TEXTS[0]), await inner.embed_passages(_TEXTS)
    before = np.array([*(passages @ question), *(passages @ passages.T).ravel()])
    question, passages = await outer.embed_query(_TEXTS[0]), await outer.embed_passages(_TEXTS)
    after = np.array([*(passages @ question), *(passages @ passages.T).ravel()])
    np.testing.assert_allclose(1 - after, scale * (1 - before), atol=1e-6)


async def test_the_name_tells_the_scale() -> None:
    """Vectors of two scales do not compare."""
    inner = HashEmbedder()
    names = {RescaledEmbedder(inner, scale).name for scale in (0.2, 0.25)} | {inner.name}
    assert len(names) == 3
