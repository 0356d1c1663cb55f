"""Libraries of half the videos: what is searched in them, and how scores are told apart."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from baize.domain.search import IndexedChunk, SparseVector
from baize.retrieval.rewrite import rewrite
from baize.retrieval.terms import query_vector
from baize.settings import Retrieval
from baize.testing.memory_index import MemoryIndex
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


@pytest.mark.anyio
async def test_an_index_without_what_is_left_out() -> None:
    """Its words do not count among the terms either: IDF ln(1 + ½ / 1.5) where all hold a term."""
    query = rewrite("血压怎么测量？", [])
    vector = np.array([1.0, 0.0], np.float32)
    chunk = replace(make_chunk(["血压的测量"], lesson="a", start=0.0), platform_id="p")
    index = MemoryIndex()
    lexical = SparseVector(query_vector(query.terms).indices[:1], (1.0,))
    await index.upsert([IndexedChunk(chunk, "b", 0.9 * vector, lexical)])
    found = await scores(Asked("a", query, vector), index, ["zh"])
    assert found["dense"] == pytest.approx(0.9)
    assert found["lexical"] == pytest.approx(math.log(1 + 0.5 / 1.5))
    # Both by meaning and by words it is the one passage there is.
    assert found["fused"] > (0.9 - Retrieval().dense_midpoint) / 0.1
    assert found["evidence"] > 0.5
    empty = await scores(Asked("a", query, vector), MemoryIndex(), ["zh"])
    assert empty["fused"] == 0.0
    assert "dense" not in empty


def test_a_leg_that_found_nothing_has_its_least() -> None:
    """By hand: of the four pairs dense puts 3 right; lexical 2, and 2 are ties at 0."""
    found = [{"dense": 0.9, "lexical": 2.0}, {"dense": 0.5}, {"dense": 0.7}, {"dense": 0.1}]
    told = separated(found, [True, True, False, False], ["dense", "lexical"])
    assert told == {"dense": pytest.approx(3 / 4), "lexical": pytest.approx(3 / 4)}
