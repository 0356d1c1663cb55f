"""What `Exercises` and `Attempts` promise: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from baize.adapters.db.engine import Database
from baize.adapters.db.practice import SqlAttempts, SqlExercises
from baize.domain.practice import Attempt, Exercise
from baize.ports import Attempts, Exercises
from baize.testing.memory_practice import MemoryAttempts, MemoryExercises

pytestmark = pytest.mark.anyio
pytest_plugins = ["tests.servers.postgres"]

Stores = tuple[Exercises, Attempts]
EXERCISE = Exercise("p", "e1", "c1", "l1", "几分钟？", "五分钟", ("5 minutes", "300 秒"), True, 1.5, None)
ATTEMPT = Attempt("p", "lin", "a1", "l1~q1", "c1", "l1", "五分钟 'x'", "correct", "terms", 2.5)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    if request.param == "memory":
        yield MemoryExercises(), MemoryAttempts()
        return
    sqlite = request.param == "sqlite"
    database = Database(f"sqlite:///{tmp_path}/x.db" if sqlite else request.getfixturevalue("postgres_url"))
    await database.migrate()
    yield SqlExercises(database), SqlAttempts(database)
    await database.close()


async def test_exercises_belong_to_a_platform(stores: Stores) -> None:
    """What was put last is what there is, by id; others have none."""
    exercises, _ = stores
    other = replace(EXERCISE, id="e0", course_id="c2", graded=False, opens_at=None)
    for one in (replace(EXERCISE, solution="old"), other, EXERCISE):
        await exercises.put(one)

    assert await exercises.all("p") == [other, EXERCISE]
    assert await exercises.all("q") == []
    assert await exercises.forget_course("p", "c2") == 1
    assert not await exercises.remove("q", "e1")
    assert await exercises.remove("p", "e1")
    assert await exercises.all("p") == []


async def test_attempts_belong_to_a_learner(stores: Stores) -> None:
    """In order of time; nobody else's; gone when the learner is forgotten."""
    _, attempts = stores
    later = replace(ATTEMPT, id="a0", at=3.5, verdict="uncertain")
    strangers = replace(ATTEMPT, id="a2", learner_id="wu", verdict="uncertain", at=4.0)
    elsewhere = replace(ATTEMPT, id="a1", platform_id="q", verdict="uncertain")
    for one in (later, ATTEMPT, strangers, elsewhere):
        await attempts.put(one)

    assert await attempts.of_learner("p", "lin") == [ATTEMPT, later]
    assert await attempts.uncertain("p", 10) == [strangers, later]
    assert await attempts.uncertain("p", 1) == [strangers]
    assert await attempts.uncertain("p", 1, offset=1) == [later]
    assert await attempts.forget("p", "lin") == 2
    assert await attempts.of_learner("p", "lin") == []
    assert await attempts.uncertain("p", 10) == [strangers]
    assert await attempts.of_learner("q", "lin") == [elsewhere]
