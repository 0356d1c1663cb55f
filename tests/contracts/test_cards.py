"""What every `Cards` promises: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from baize.adapters.db.cards import SqlCards
from baize.adapters.db.catalog import SqlCatalog
from baize.adapters.db.engine import Database
from baize.adapters.db.publisher import SqlPublisher
from baize.domain.catalogue import CourseCard, KnownCard, SourceState
from baize.domain.course import Course, Lesson
from baize.domain.library import BuiltLesson, LiveLesson
from baize.domain.search import Scope
from baize.ports import Cards, Catalog, Publisher
from baize.testing.memory_cards import MemoryCards
from baize.testing.memory_catalog import MemoryCatalog

pytestmark = pytest.mark.anyio
pytest_plugins = ["tests.servers.postgres"]


@dataclass(frozen=True)
class Library:
    cards: Cards
    catalog: Catalog
    publisher: Publisher


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def library(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Library]:
    if request.param == "memory":
        double = MemoryCatalog()
        yield Library(MemoryCards(double), double, double)
        return
    url = (
        f"sqlite:///{tmp_path}/c.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    )
    database = Database(str(url))
    await database.migrate()
    yield Library(SqlCards(database), SqlCatalog(database), SqlPublisher(database))
    await database.close()


def card(
    external_id: str,
    course_id: str = "",
    *,
    source: str = "zj",
    platform: str = "p1",
    build: str = "b1",
    language: str = "zh",
    title: str = "",
) -> CourseCard:
    course_id = course_id or external_id
    course = Course(
        platform, course_id, title or f"{source}:{external_id}", language, "d", ("t",), "beginner"
    )
    url = f"https://{source}.example/{external_id}"
    return CourseCard(source, external_id, course, url, f"card:{source}:{external_id}", build, language, 2)


async def test_cards_make_courses(library: Library) -> None:
    """A card and its course are there together, on their platform only."""
    await library.cards.put("p1", [card("a/b", "a-b"), card("c")], 1.0)
    assert [course.id for course in await library.catalog.courses("p1")] == ["a-b", "c"]
    assert await library.cards.known("p1", "zj") == {
        "a/b": KnownCard("a-b", "card:zj:a/b", "b1"),
        "c": KnownCard("c", "card:zj:c", "b1"),
    }
    assert await library.cards.of_courses("p1", ["a-b", "none"]) == [card("a/b", "a-b")]
    assert await library.cards.live(Scope("p1", lesson_ids=("card:zj:c",))) == [
        LiveLesson("c", "card:zj:c", "b1", ("zh",))
    ]
    assert await library.cards.n_chunks("p1") == 4
    for other in ("p2", ""):
        assert await library.cards.known(other, "zj") == {}
        assert await library.cards.of_courses(other, ["c"]) == []
        assert await library.cards.live(Scope(other)) == []
        assert await library.cards.n_chunks(other) == 0


async def test_two_sources_describe_one_course(library: Library) -> None:
    """The first card describes it; when that one goes the next does, and the course goes with the last."""
    await library.cards.put("p1", [card("1", "ml", source="zj")], 1.0)
    await library.cards.put("p1", [card("x", "ml", source="ah")], 2.0)
    assert (await library.catalog.course("p1", "ml")) == card("1", "ml").course
    assert [c.source_id for c in await library.cards.of_courses("p1", ["ml"])] == ["zj", "ah"]
    assert await library.cards.owners("p1", ["ml", "none"]) == {"ml": "zj"}
    await library.cards.put("p1", [card("1", "ml", source="zj", title="renamed")], 3.0)
    found = await library.catalog.course("p1", "ml")
    assert found is not None
    assert found.title == "renamed"
    assert await library.cards.remove("p1", "zj", ["1", "unknown"]) == []
    assert (await library.catalog.course("p1", "ml")) == card("x", "ml", source="ah").course
    assert await library.cards.remove("p1", "ah", ["x"]) == ["ml"]
    assert await library.catalog.courses("p1") == []


async def test_a_course_with_lessons_is_described_by_its_folder(library: Library) -> None:
    """A catalogue neither overwrites nor removes it."""
    own = Course("p1", "ml", "of the folder", glossary=("梯度",))
    await library.publisher.put_course(own)
    lesson = Lesson("p1", "ml", "ml-1", "one", 1, "zh", None, "", "b")
    await library.publisher.publish(BuiltLesson(lesson, ("zh",), 1, None))
    assert await library.cards.owners("p1", ["ml"]) == {"ml": ""}
    await library.cards.put("p1", [card("ml")], 1.0)
    assert await library.catalog.course("p1", "ml") == own
    assert await library.cards.remove("p1", "zj", ["ml"]) == []
    assert await library.catalog.course("p1", "ml") == own


async def test_cards_go_with_their_course(library: Library) -> None:
    await library.cards.put("p1", [card("a"), card("b")], 1.0)
    await library.publisher.forget("p1", "a")
    assert set(await library.cards.known("p1", "zj")) == {"b"}


async def test_languages_in_scope(library: Library) -> None:
    """Of a platform, or of some courses."""
    cards = [card("a", language="zh"), card("b", language="en"), card("c", language="en")]
    await library.cards.put("p1", cards, 1.0)
    await library.cards.put("p2", [card("a", platform="p2", language="ja")], 1.0)
    assert await library.cards.languages(Scope("p1")) == ["en", "zh"]
    assert await library.cards.languages(Scope("p1", course_ids=("a",))) == ["zh"]
    assert await library.cards.languages(Scope("p3")) == []


async def test_states_of_sources(library: Library) -> None:
    """The latest note wins, by platform and source."""
    assert await library.cards.state("p1", "zj") is None
    for state in (SourceState("p1", "zj", False, "", 1.0), SourceState("p1", "zj", True, "2026-11-01", 2.0)):
        await library.cards.note(state)
        assert await library.cards.state("p1", "zj") == state
    assert await library.cards.state("p2", "zj") is None


async def test_many_cards_at_once(library: Library) -> None:
    """More than one statement takes."""
    await library.cards.put("p1", [card(f"c{n:04}") for n in range(1200)], 1.0)
    assert len(await library.cards.known("p1", "zj")) == 1200
    assert len(await library.cards.remove("p1", "zj", [f"c{n:04}" for n in range(1100)])) == 1100
    assert len(await library.catalog.courses("p1")) == 100
