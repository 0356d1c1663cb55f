"""The self-test finds a leg that is silently empty."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from baize.domain.search import DenseQuery, Run, Scope, SparseQuery
from baize.errors import IndexUnavailable
from baize.services.selftest import PLATFORM, PROBES, self_test
from baize.testing.hash_embedder import HashEmbedder
from baize.testing.memory_index import MemoryIndex

pytestmark = pytest.mark.anyio


class WithoutLeg(MemoryIndex):
    """An index whose one leg answers nothing, as a lexical leg with the wrong tokeniser does."""

    def __init__(self, leg: str) -> None:
        super().__init__()
        self._missing = leg

    async def search(self, queries: Sequence[DenseQuery | SparseQuery], scope: Scope, k: int) -> list[Run]:
        found = await super().search(queries, scope, k)
        return [Run(run.leg, run.language) if run.leg == self._missing else run for run in found]


async def test_a_whole_index_passes_twice_with_the_same_points() -> None:
    """Running it again stores nothing new."""
    index, embedder = MemoryIndex(), HashEmbedder()
    n_asked = await self_test(index, embedder)
    assert n_asked == 2 * len(PROBES) + sum(1 for probe in PROBES if probe.misheard)
    assert await self_test(index, embedder) == n_asked
    assert await index.count(Scope(PLATFORM)) == len(PROBES)
    assert await index.count(Scope("default")) == 0


@pytest.mark.parametrize("leg", ["dense", "lexical", "pinyin"])
async def test_an_empty_leg_is_named(leg: str) -> None:
    """The message says which leg, and that answers would suffer."""
    with pytest.raises(IndexUnavailable, match=f"The {leg} leg does not find"):
        await self_test(WithoutLeg(leg), HashEmbedder())
