"""What `LearnerProgress` promises: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from baize.adapters.db.engine import Database
from baize.adapters.db.progress import SqlLearnerProgress
from baize.domain.learner import Begun, Progress
from baize.domain.locator import TimeSpan
from baize.ports import LearnerProgress
from baize.testing.memory_progress import MemoryLearnerProgress

pytestmark = pytest.mark.anyio
pytest_plugins = ["tests.servers.postgres"]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LearnerProgress]:
    if request.param == "memory":
        yield MemoryLearnerProgress()
        return
    sqlite = request.param == "sqlite"
    database = Database(f"sqlite:///{tmp_path}/x.db" if sqlite else request.getfixturevalue("postgres_url"))
    await database.migrate()
    yield SqlLearnerProgress(database)
    await database.close()


def row(platform: str, learner: str, course: str, lesson: str, at: float) -> Progress:
    return Progress(platform, learner, course, lesson, (TimeSpan(0.0, 9.5),), at + 1, at, at + 2)


async def test_progress_is_changed_in_place_within_its_platform(store: LearnerProgress) -> None:
    """`join` gets what is known; learners and platforms see their own only."""
    first, second = row("p", "奶奶", "c", "c.1", 1.0), row("p", "奶奶", "c", "c.1", 5.0)
    known: list[Progress | None] = []
    for made in (first, second):
        got = await store.change("p", "奶奶", "c.1", lambda before, made=made: known.append(before) or made)
        assert got == made
    assert known == [None, first]
    await store.change("q", "奶奶", "c.1", lambda _: row("q", "奶奶", "c", "c.1", 9.0))

    assert await store.of_learner("p", "奶奶") == [second]
    assert await store.of_learner("p", "other") == []


async def test_courses_were_begun_with_their_first_lesson(store: LearnerProgress) -> None:
    """By learner and time, within one platform."""
    for made in (
        row("p", "b", "y", "y.1", 3.0),
        row("p", "b", "x", "x.2", 2.0),
        row("p", "b", "x", "x.1", 4.0),
        row("p", "a", "y", "y.1", 9.0),
        row("q", "a", "x", "x.1", 1.0),
    ):
        await store.change(made.platform_id, made.learner_id, made.lesson_id, lambda _, made=made: made)
    assert await store.begun("p") == [Begun("a", "y", 9.0), Begun("b", "x", 2.0), Begun("b", "y", 3.0)]


async def test_interests_are_replaced(store: LearnerProgress) -> None:
    """The last word counts; nobody else's."""
    await store.put_interests("p", "a", ["书法", "健康"])
    await store.put_interests("p", "a", ["健康"])
    assert await store.interests("p", "a") == ("健康",)
    assert await store.interests("p", "b") == ()
    assert await store.interests("q", "a") == ()
