"""Reciprocal rank fusion: ranks count, scores never."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.domain.search import Hit, Query
from baize.retrieval.fuse import FOREIGN_DENSE_WEIGHT, FOREIGN_LEXICAL_WEIGHT, fuse
from tests.unit.services.world import make_chunk

QUERY = Query("q", "q", "zh", ())
POOL = [make_chunk([f"第{n}句。"], start=float(n), language="zh" if n % 3 else "en") for n in range(8)]
LEGS = ["dense", "lexical", "dense"]
RUNS = st.lists(
    st.permutations(range(8)).flatmap(lambda p: st.integers(0, 8).map(lambda n: p[:n])), max_size=3
)


def run_of(order: list[int], leg: str, scale: float = 1.0) -> list[Hit]:
    return [Hit(POOL[n], rank, scale / rank, leg) for rank, n in enumerate(order, 1)]


@given(RUNS, st.floats(1e-6, 1e6))
def test_the_scale_of_scores_is_ignored(orders: list[list[int]], scale: float) -> None:
    """Any positive rescaling of one leg's scores leaves the fused order and scores as they were."""
    plain = fuse([run_of(o, leg) for o, leg in zip(orders, LEGS, strict=False)], QUERY)
    scaled = fuse([run_of(o, leg, scale) for o, leg in zip(orders, LEGS, strict=False)], QUERY)
    assert [(h.chunk.id, h.rank, h.score) for h in plain] == [(h.chunk.id, h.rank, h.score) for h in scaled]


@given(RUNS)
def test_every_passage_comes_once_best_first_with_its_parts(orders: list[list[int]]) -> None:
    """Ranks from 1 without gaps, scores falling, each part one of the hits that went in."""
    runs = [run_of(o, leg) for o, leg in zip(orders, LEGS, strict=False)]
    fused = fuse(runs, QUERY)
    assert {h.chunk.id for h in fused} == {h.chunk.id for run in runs for h in run}
    assert [h.rank for h in fused] == list(range(1, len(fused) + 1))
    assert [h.score for h in fused] == sorted((h.score for h in fused), reverse=True)
    assert sum(len(h.parts) for h in fused) == sum(map(len, runs))
    assert all(part.chunk.id == h.chunk.id for h in fused for part in h.parts)
    assert {h.leg for h in fused} <= {"fused"}


def test_agreement_wins_and_foreign_passages_weigh_less() -> None:
    """Two legs beat one; a passage of another language counts for less in each leg."""
    home, foreign, both = POOL[1], POOL[0], POOL[2]
    fused = fuse(
        [
            [Hit(home, 1, 0.9, "dense"), Hit(both, 2, 0.8, "dense")],
            [Hit(foreign, 1, 0.95, "dense")],
            [Hit(both, 1, 3.0, "lexical"), Hit(foreign, 2, 2.0, "lexical")],
        ],
        QUERY,
    )
    assert [h.chunk.id for h in fused] == [both.id, home.id, foreign.id] or fused[0].chunk.id == both.id
    scores = {h.chunk.id: h.score for h in fused}
    assert scores[foreign.id] == pytest.approx(FOREIGN_DENSE_WEIGHT / 61 + FOREIGN_LEXICAL_WEIGHT / 62)
    assert scores[both.id] == pytest.approx(1 / 62 + 1 / 61)


def test_ties_keep_the_order_of_first_sight() -> None:
    """Equal ranks in two lists of equal weight: the list that came first goes first."""
    a, b = replace(POOL[1], id="a"), replace(POOL[2], id="b")
    assert [h.chunk.id for h in fuse([[Hit(b, 1, 1, "dense")], [Hit(a, 1, 1, "dense")]], QUERY)] == ["b", "a"]
    assert fuse([], QUERY) == []
    with pytest.raises(ValueError, match="negative"):
        fuse([], QUERY, k=-1)
