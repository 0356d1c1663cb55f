"""The finder reads a question with slips once more, where little was found; one without words not at all."""

from __future__ import annotations

import pytest

from baize.domain.chat import Message
from baize.domain.search import Scope, Vector
from baize.retrieval.assess import AssessOptions
from baize.retrieval.cosine import CosineScale
from baize.services.find import Finder, FindOptions
from baize.testing.hash_embedder import HashEmbedder
from tests.unit.services.world import ALL, PLATFORM, PRESSURE, World, make_world

pytestmark = pytest.mark.anyio

TYPED, MEANT = "袖待要和心脏一养高", "袖带要和心脏一样高"


class Noting(HashEmbedder):
    """Keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def embed_query(self, text: str) -> Vector:
        self.asked.append(text)
        return await super().embed_query(text)


def finder(world: World, embedder: HashEmbedder, midpoint: float) -> Finder:
    options = FindOptions(20, 10, 2, AssessOptions(CosineScale(midpoint, midpoint), 4.0))
    return Finder(index=world.index, embedder=embedder, catalog=world.catalog, options=options)


async def test_a_question_that_seems_not_covered_is_read_as_it_was_meant() -> None:
    """At this midpoint the typed question is off the subject and the meant one on it."""
    world, embedder = await make_world(), Noting()
    found = await finder(world, embedder, 0.35).find(TYPED, [], ALL)
    assert embedder.asked == [TYPED, MEANT]
    assert found.evidence_score >= 0.7
    assert (found.query.question, found.query.text) == (TYPED, MEANT)
    assert found.moments[0].focus.text == PRESSURE[1]


async def test_what_is_covered_as_typed_is_looked_up_once() -> None:
    """No second embedding where the evidence is good enough."""
    embedder = Noting()
    found = await finder(await make_world(), embedder, 0.1).find(TYPED, [], ALL)
    assert embedder.asked == [TYPED]
    assert found.query.text == TYPED


async def test_a_reading_that_does_not_help_is_dropped() -> None:
    """Little is found for either: the question stays, and the score of what was typed."""
    embedder = Noting()
    found = await finder(await make_world(), embedder, 2.0).find(TYPED, [], ALL)
    assert len(embedder.asked) == 2
    assert found.query.text == TYPED
    assert found.evidence_score < 0.5


@pytest.mark.parametrize("signs", ["👍", "......", "……", ":)", "—", "👵🏽👵🏽", "\u0336\u0335"])
async def test_signs_alone_ask_nothing(signs: str) -> None:
    """Something is near to any vector, and in the other language that was evidence enough."""
    found = await finder(await make_world(), HashEmbedder(), -1.0).find(signs, [], ALL)
    assert (found.moments, found.evidence_score) == ((), 0.0)


async def test_signs_are_answered_in_the_language_of_the_courses() -> None:
    """An elder's 👍 in a Chinese course was answered in English."""
    scope = Scope(PLATFORM, course_ids=("health",))
    found = await finder(await make_world(), HashEmbedder(), 0.1).find("👍", [], scope)
    assert found.query.language == "zh"


async def test_signs_behind_a_question_are_about_it() -> None:
    """As whoever sends "？？" after a question means it."""
    before = [Message("user", TYPED), Message("assistant", "…")]
    found = await finder(await make_world(), HashEmbedder(), 0.1).find("？？", before, ALL)
    assert found.moments
