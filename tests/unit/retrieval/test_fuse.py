"""Fusion: margins and shares, so that a leg that found nothing adds nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.domain.search import Query, Run
from baize.domain.text import Chunk
from baize.retrieval.cosine import CosineScale
from baize.retrieval.fuse import SPARSE_WEIGHT, fuse
from tests.unit.services.world import make_chunk

SCALE = CosineScale(home=0.85, foreign=0.80)
QUERY = Query("q", "q", "zh", ("a", "b"), ("p q",))
POOL = [make_chunk([f"第{n}句。"], start=float(n), language="zh" if n % 3 else "en") for n in range(8)]
LEGS = ["dense", "lexical", "pinyin"]
RUNS = st.lists(
    st.permutations(range(8)).flatmap(lambda p: st.integers(0, 8).map(lambda n: p[:n])), max_size=3
)


def run_of(leg: str, *found: tuple[Chunk, float], language: str | None = None) -> Run:
    """Of the language of its first passage, as a dense one is."""
    own = found[0][0].language if found else ""
    ids, scores = (chunk.id for chunk, _ in found), (score for _, score in found)
    return Run(leg, own if language is None else language, tuple(ids), tuple(scores))


def in_order(order: list[int], leg: str) -> Run:
    """Of all languages, as a sparse one is."""
    return run_of(leg, *((POOL[n], 1 / rank) for rank, n in enumerate(order, 1)), language="")


@given(RUNS)
def test_every_passage_comes_once_best_first_with_its_parts(orders: list[list[int]]) -> None:
    """Ranks from 1 without gaps, scores falling, each part one of the hits that went in."""
    runs = [in_order(o, leg) for o, leg in zip(orders, LEGS, strict=False)]
    fused = list(fuse(runs, QUERY, SCALE))
    assert {h.chunk_id for h in fused} == {h.chunk_id for run in runs for h in run}
    assert [h.rank for h in fused] == list(range(1, len(fused) + 1))
    assert [h.score for h in fused] == sorted((h.score for h in fused), reverse=True)
    assert sum(len(h.parts) for h in fused) == sum(map(len, runs))
    assert all(part.chunk_id == h.chunk_id for h in fused for part in h.parts)
    assert {h.leg for h in fused} <= {"fused"}


@given(RUNS)
def test_a_dense_list_alone_keeps_its_order(orders: list[list[int]]) -> None:
    """Without any other leg and within one language, fusing changes nothing."""
    home = [n for n in (orders[0] if orders else []) if POOL[n].language == "zh"]
    fused = list(fuse([in_order(home, "dense")], QUERY, SCALE))
    assert [h.chunk_id for h in fused] == [POOL[n].id for n in home]


def test_languages_merge_by_margin_not_by_cosine() -> None:
    """A foreign passage with the lower cosine wins when it is further above its own midpoint."""
    home, foreign = POOL[1], POOL[0]
    runs = [run_of("dense", (home, 0.86)), run_of("dense", (foreign, 0.84))]
    assert [h.chunk_id for h in fuse(runs, QUERY, SCALE)] == [foreign.id, home.id]


def test_a_lexical_hit_in_noise_does_not_overturn_meaning() -> None:
    """First of its list, but with a sliver of the question's terms: it stays behind the nearer passage."""
    near, noise = POOL[1], POOL[2]
    runs = [run_of("dense", (near, 0.93), (noise, 0.86)), run_of("lexical", (noise, 0.4))]
    assert [h.chunk_id for h in fuse(runs, QUERY, SCALE)] == [near.id, noise.id]


def test_a_passage_found_by_words_only_is_as_near_as_the_last_one_found_by_meaning() -> None:
    """Its dense part is the tail's, its sparse part the share of the terms; sound and words do not add up."""
    near, words = POOL[1], POOL[2]
    runs = [
        run_of("dense", (near, 0.90)),
        run_of("lexical", (words, 16.0)),
        run_of("pinyin", (words, 4.0)),
    ]
    scores = {h.chunk_id: h.score for h in fuse(runs, QUERY, SCALE)}
    assert scores[near.id] == pytest.approx(0.5)
    assert scores[words.id] == pytest.approx(0.5 + SPARSE_WEIGHT)
    less = {h.chunk_id: h.score for h in fuse(runs, QUERY, SCALE, 0.2)}
    assert (less[near.id], less[words.id]) == (pytest.approx(0.5), pytest.approx(0.7))


def test_ties_keep_the_order_of_first_sight() -> None:
    """Equal scores in two lists: the list that came first goes first."""
    a, b = replace(POOL[1], id="a"), replace(POOL[2], id="b")
    runs = [run_of("dense", (b, 0.9)), run_of("dense", (a, 0.9))]
    assert [h.chunk_id for h in fuse(runs, QUERY, SCALE)] == ["b", "a"]
    assert list(fuse([], QUERY, SCALE)) == []
