"""Search: moments, lessons or courses, each once, best first, of one platform."""

from __future__ import annotations

import pytest

from baize.domain.search import IndexedChunk, Scope, UpTo
from baize.errors import IndexUnavailable, InvalidInput, NotFound
from baize.retrieval.terms import passage_vector, terms
from baize.services.search import MAX_K, Kind
from baize.testing.memory_index import MemoryIndex
from tests.unit.services.world import ALL, MEDICINE, PLATFORM, PRESSURE, make_chunk, make_world

pytestmark = pytest.mark.anyio


async def test_the_best_moment_comes_first_and_points_to_its_sentence() -> None:
    """The link lands on the sentence that answers, not on the start of its passage."""
    world = await make_world()
    results = await world.searching.search("袖带应该放多高？", ALL)
    assert results[0].moment.focus.text == PRESSURE[1]
    assert results[0].course_title == "Course health"
    assert [r.rank for r in results] == list(range(1, len(results) + 1))


@pytest.mark.parametrize(("kind", "key"), [("lessons", "lesson_id"), ("courses", "course_id")])
async def test_lessons_and_courses_come_once(kind: Kind, key: str) -> None:
    """Each with its best moment."""
    world = await make_world()
    results = await world.searching.search("量血压吃药 formula", ALL, kind=kind)
    ids = [getattr(r.moment.hit.chunk, key) for r in results]
    assert len(ids) == len(set(ids)) > 1


async def test_the_same_place_comes_once() -> None:
    """Neighbouring chunks overlap; their common sentence is one moment."""
    world = await make_world(
        [
            make_chunk(PRESSURE),
            make_chunk(PRESSURE[1:], start=5.0, lesson="health.01"),
            make_chunk(MEDICINE, lesson="b"),
        ]
    )
    results = await world.searching.search("袖带应该放多高？", ALL)
    assert [r.moment.focus.text for r in results].count(PRESSURE[1]) == 1


async def test_a_lost_index_is_told_not_taken_for_nothing_found() -> None:
    """The library has lessons, the index has no passage: that is no "not covered"."""
    world = await make_world()
    world.index = MemoryIndex()
    with pytest.raises(IndexUnavailable, match="nothing of what the library has"):
        await world.searching.search("袖带应该放多高？", ALL)
    start = Scope(PLATFORM, up_to=UpTo("health.01", 0.0))
    assert await world.searching.search("袖带应该放多高？", start) == []


async def test_what_is_not_live_is_searched_past() -> None:
    """Better points of builds that are not published, or no longer, neither show nor push a live one out."""
    world = await make_world([make_chunk(PRESSURE), make_chunk(MEDICINE, lesson="b")])
    question = "袖带应该放多高？"
    vector = await world.embedder.embed_query(question)
    lexical = passage_vector(terms(question) * 3)
    for lesson in ("health.01", "unpublished"):
        stale = [make_chunk([f"袖带应该放多高？{n}"], lesson=lesson, start=100.0 * n) for n in range(30)]
        await world.index.upsert([IndexedChunk(chunk, "b-dead", vector, lexical) for chunk in stale])
    results = await world.searching.search(question, ALL)
    assert {r.moment.hit.chunk.lesson_id for r in results} == {"health.01", "b"}
    assert PRESSURE[1] in {r.moment.focus.text for r in results}


async def test_scope_narrows_and_nothing_later_is_found() -> None:
    """Courses, lessons and `up_to` hold before ranking."""
    world = await make_world(
        [make_chunk(PRESSURE[:1]), make_chunk(PRESSURE[3:], start=60.0, lesson="health.09")]
    )
    only = await world.searching.search("高血压", Scope(PLATFORM, lesson_ids=("health.01",)))
    assert {r.moment.hit.chunk.lesson_id for r in only} == {"health.01"}
    unseen = Scope(PLATFORM, up_to=UpTo("health.09", 30.0))
    assert {r.moment.hit.chunk.lesson_id for r in await world.searching.search("高血压", unseen)} == {
        "health.01"
    }


@pytest.mark.parametrize(
    ("text", "k"), [("", 5), (" ", 5), ("血压", 0), ("血压", MAX_K + 1), ("血\udcff压", 5)]
)
async def test_a_query_that_is_none_is_refused(text: str, k: int) -> None:
    """Empty, no valid text, or an impossible number of results."""
    with pytest.raises(InvalidInput) as caught:
        await (await make_world()).searching.search(text, ALL, k=k)
    assert caught.value.remedy


async def test_an_unknown_course_is_not_found() -> None:
    """With the way to see which there are."""
    with pytest.raises(NotFound, match="nope"):
        await (await make_world()).searching.search("血压", Scope(PLATFORM, course_ids=("nope",)))


async def test_nothing_in_an_empty_library() -> None:
    """No error, no results."""
    assert await (await make_world([])).searching.search("血压", ALL) == []
