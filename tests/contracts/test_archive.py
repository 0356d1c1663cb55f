"""What `Archive` promises: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from baize.adapters.db.archive import SqlArchive
from baize.adapters.db.engine import Database
from baize.domain.archive import Completion
from baize.domain.learner import Begun
from baize.ports import Archive
from baize.testing.memory_archive import MemoryArchive

pytestmark = pytest.mark.anyio
pytest_plugins = ["tests.servers.postgres"]

FIRST = Completion("p", "奶奶", "r1", "c", 10.5, "健康", 1.5, "证-7", "老年大学", 100.0)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def archive(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Archive]:
    if request.param == "memory":
        yield MemoryArchive()
        return
    sqlite = request.param == "sqlite"
    database = Database(f"sqlite:///{tmp_path}/x.db" if sqlite else request.getfixturevalue("postgres_url"))
    await database.migrate()
    yield SqlArchive(database)
    await database.close()


async def test_the_same_again_changes_nothing(archive: Archive) -> None:
    """Not even when it came in; what says something else is replaced."""
    later = replace(FIRST, id="r2", completed_at=20.0, credits=None)
    assert await archive.put([]) == 0
    assert await archive.put([FIRST, later]) == 2
    assert await archive.put([replace(FIRST, imported_at=200.0), later]) == 0
    found = await archive.of_learner("p", "奶奶")
    assert found == [later, FIRST]
    assert found[1].imported_at == 100.0
    better = replace(FIRST, credits=2.0, imported_at=300.0)
    assert await archive.put([better, later]) == 1
    assert (await archive.of_learner("p", "奶奶"))[1].imported_at == 300.0


async def test_learners_and_platforms_see_their_own(archive: Archive) -> None:
    """And what trails are made of is of one platform, the first time of each course."""
    await archive.put(
        [
            FIRST,
            replace(FIRST, id="r0", completed_at=5.0),
            replace(FIRST, learner_id="b", course_id="z", completed_at=1.0),
            replace(FIRST, platform_id="q"),
        ]
    )
    assert len(await archive.of_learner("p", "奶奶")) == 2
    assert await archive.of_learner("q", "b") == []
    assert await archive.begun("p") == [Begun("b", "z", 1.0), Begun("奶奶", "c", 5.0)]
