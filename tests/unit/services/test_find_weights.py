"""What the finder's options say reaches the search."""

from __future__ import annotations

import pytest

from baize.retrieval.assess import AssessOptions
from baize.retrieval.cosine import CosineScale
from baize.services.find import Finder, FindOptions
from tests.unit.services.world import ALL, make_world

pytestmark = pytest.mark.anyio


async def test_what_terms_count_is_an_option() -> None:
    """Twice the weight, twice what a hit has of its words; without, only its meaning is left."""
    world = await make_world()
    best: dict[float, float] = {}
    for weight in (0.0, 0.4, 0.8):
        options = FindOptions(20, 10, 2, AssessOptions(CosineScale(0.4, 0.4), 4.0), sparse_weight=weight)
        finder = Finder(index=world.index, embedder=world.embedder, catalog=world.catalog, options=options)
        found = await finder.find("降压药漏吃了一次要加倍补吗？", [], ALL)
        best[weight] = found.moments[0].hit.score
    words = best[0.4] - best[0.0]
    assert words > 0.05
    assert best[0.8] - best[0.0] == pytest.approx(2 * words)
