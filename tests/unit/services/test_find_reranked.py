"""The finder with a reranker: another order, the same evidence score."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from baize.errors import ModelUnavailable
from baize.ports import Reranker
from baize.retrieval.assess import AssessOptions
from baize.retrieval.cosine import CosineScale
from baize.services.find import Finder, FindOptions
from baize.services.search import Searching
from baize.testing.overlap_reranker import OverlapReranker
from tests.unit.services.world import ALL, CHUNKS, World, make_world

pytestmark = pytest.mark.anyio

QUESTION = "降压药漏吃了一次要加倍补吗？"


class Backwards:
    """Prefers what the fusion put last, and notes what it was asked."""

    name = "backwards"

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    async def rerank(self, question: str, passages: Sequence[str]) -> Sequence[float]:
        self.asked.append((question, tuple(passages)))
        return range(len(passages))


class Broken:
    """Its model is missing."""

    name = "broken"

    async def rerank(self, question: str, passages: Sequence[str]) -> Sequence[float]:
        raise ModelUnavailable("It is missing.")


def finder(world: World, reranker: Reranker | None, *, n_moments: int = 10, n_reranked: int = 3) -> Finder:
    assessing = AssessOptions(CosineScale(0.4, 0.4), 4.0)
    options = FindOptions(20, n_moments, 2, assessing, n_reranked)
    return Finder(
        index=world.index,
        embedder=world.embedder,
        catalog=world.catalog,
        options=options,
        reranker=reranker,
    )


async def test_scores_of_a_search_fall_whoever_ordered_it() -> None:
    """Who sorts the rows by their score keeps the order."""
    world = await make_world()
    rows = await Searching(finder=finder(world, Backwards()), catalog=world.catalog).search(QUESTION, ALL)
    own = [row.moment.hit.score for row in rows]
    assert own != sorted(own, reverse=True)
    assert [row.score for row in rows] == sorted((row.score for row in rows), reverse=True)
    assert all(row.score <= score for row, score in zip(rows, own, strict=True))


async def test_the_first_hits_are_reordered() -> None:
    """`n_reranked` of them, read with their headings; the others stay behind them."""
    world = await make_world()
    plain = await finder(world, None).find(QUESTION, [], ALL)
    backwards = Backwards()
    found = await finder(world, backwards).find(QUESTION, [], ALL)
    before = [moment.hit.chunk for moment in plain.moments]
    assert len(before) == len(CHUNKS)
    assert [moment.hit.chunk for moment in found.moments] == [*before[2::-1], *before[3:]]
    assert [moment.hit.rank for moment in found.moments] == list(range(1, len(before) + 1))
    assert backwards.asked == [(QUESTION, tuple(chunk.indexed_text for chunk in before[:3]))]


async def test_a_hit_behind_the_cut_may_come_up() -> None:
    """The reranker sees `n_reranked` fused hits, however few are located."""
    world = await make_world()
    best, *_, last = (await finder(world, None).find(QUESTION, [], ALL)).moments
    (moment,) = (await finder(world, Backwards(), n_moments=1, n_reranked=5).find(QUESTION, [], ALL)).moments
    assert moment.hit.chunk == last.hit.chunk != best.hit.chunk


@pytest.mark.parametrize("n_moments", [1, 10])
async def test_the_evidence_score_stays(n_moments: int) -> None:
    """It is read off the legs in the fused order, so no threshold moves with the reranker."""
    world = await make_world()
    plain = await finder(world, None, n_moments=n_moments).find(QUESTION, [], ALL)
    for reranker in (Backwards(), OverlapReranker()):
        found = await finder(world, reranker, n_moments=n_moments, n_reranked=5).find(QUESTION, [], ALL)
        assert found.evidence_score == plain.evidence_score > 0


async def test_a_missing_model_is_an_error() -> None:
    """An operator who asked for a reranker is not given another order in silence."""
    with pytest.raises(ModelUnavailable):
        await finder(await make_world(), Broken()).find(QUESTION, [], ALL)
