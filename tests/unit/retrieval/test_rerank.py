"""Reranking: a permutation, by falling score, of the first hits only."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from baize.domain.search import Hit
from baize.retrieval.rerank import rerank
from tests.unit.services.world import make_chunk

HITS = [Hit(make_chunk([f"{n}"], lesson=f"l{n}"), n + 1, 1.0 / (n + 1), "fused") for n in range(8)]
SCORES = st.lists(st.sampled_from([-2.0, -1.0, 0.0, 0.5, 3.0]), max_size=len(HITS))


def place(hit: Hit) -> int:
    return next(n for n, known in enumerate(HITS) if known.chunk == hit.chunk)


@given(scores=SCORES)
def test_only_the_first_are_reordered(scores: list[float]) -> None:
    """Those with a score fall by it, ties in the order of the fusion; the rest stand behind as they stood."""
    places = [place(hit) for hit in rerank(HITS, scores)]
    head, rest = places[: len(scores)], places[len(scores) :]
    assert rest == list(range(len(scores), len(HITS)))
    assert head == sorted(range(len(scores)), key=lambda n: (-scores[n], n))


@given(scores=SCORES)
def test_hits_change_in_rank_only(scores: list[float]) -> None:
    """Ranks run from 1; the fused score and what it was made of stay with the hit."""
    found = rerank(HITS, scores)
    assert [hit.rank for hit in found] == list(range(1, len(HITS) + 1))
    assert {(hit.chunk.id, hit.score, hit.leg, hit.parts) for hit in found} == {
        (hit.chunk.id, hit.score, hit.leg, hit.parts) for hit in HITS
    }


def test_nothing_gives_nothing() -> None:
    """No hits, no scores."""
    assert rerank([], []) == []
