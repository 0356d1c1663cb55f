"""Libraries of half the videos: what is searched in them, and how scores are told apart."""

from __future__ import annotations

import pytest

from baize.domain.search import Match
from baize.retrieval.rewrite import rewrite
from baize.settings import Retrieval
from benchmarks.near_misses import Asked, scores, separated, splits
from tests.unit.services.world import make_chunk


def test_each_half_is_followed_by_the_other_and_a_seed_repeats_them() -> None:
    videos = [f"v{n}" for n in range(6)]
    halves = list(splits(videos, 3))
    assert len(halves) == 6
    for half, other in zip(halves[::2], halves[1::2], strict=True):
        assert half | other == set(videos)
        assert not half & other
    assert halves == list(splits(videos, 3))


def test_what_is_not_in_the_library_is_not_found() -> None:
    first, second = (make_chunk([f"血压的测量 {name}"], lesson=name, start=0.0) for name in ("a", "b"))
    runs = (
        tuple(
            Match(c.id, "zh", rank, score, "dense")
            for rank, (c, score) in enumerate([(first, 0.9), (second, 0.8)], 1)
        ),
        (Match(second.id, "zh", 1, 4.0, "lexical"),),
    )
    asked = Asked("a", rewrite("血压怎么测量？", []), runs)
    chunks = {chunk.id: chunk for chunk in (first, second)}
    in_a, in_b = (scores(asked, {name}, chunks, Retrieval()) for name in ("a", "b"))
    assert (in_a["dense"], in_b["dense"]) == (0.9, 0.8)
    assert "lexical" not in in_a
    assert in_b["lexical"] == 4.0
    assert scores(asked, {"c"}, chunks, Retrieval())["fused"] == 0.0


def test_a_leg_that_found_nothing_has_its_least() -> None:
    """By hand: of the four pairs dense puts 3 right; lexical 2, and 2 are ties at 0."""
    found = [{"dense": 0.9, "lexical": 2.0}, {"dense": 0.5}, {"dense": 0.7}, {"dense": 0.1}]
    told = separated(found, [True, True, False, False], ["dense", "lexical"])
    assert told == {"dense": pytest.approx(3 / 4), "lexical": pytest.approx(3 / 4)}
