"""What `MemoryEdits` promises: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from baize.adapters.db.engine import Database
from baize.adapters.db.memory import SqlMemoryEdits
from baize.domain.memory import MemoryEdit
from baize.ports import MemoryEdits
from baize.testing.memory_memory_edits import MemoryMemoryEdits

pytestmark = pytest.mark.anyio
pytest_plugins = ["tests.servers.postgres"]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def edits(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MemoryEdits]:
    if request.param == "memory":
        yield MemoryMemoryEdits()
        return
    sqlite = request.param == "sqlite"
    database = Database(f"sqlite:///{tmp_path}/x.db" if sqlite else request.getfixturevalue("postgres_url"))
    await database.migrate()
    yield SqlMemoryEdits(database)
    await database.close()


async def test_edits_belong_to_one_learner_and_the_latest_counts(edits: MemoryEdits) -> None:
    """Oldest first, of one platform."""
    first = MemoryEdit("p", "奶奶", "course-1", "我在学书法。", 1.0)
    gone = MemoryEdit("p", "奶奶", "elder-2", "", 2.0)
    for edit in (first, gone, replace(first, learner_id="other"), replace(first, platform_id="q")):
        await edits.put(edit)
    assert await edits.of_learner("p", "奶奶") == [first, gone]
    changed = replace(first, text="我在学国画。", at=3.0)
    await edits.put(changed)
    assert await edits.of_learner("p", "奶奶") == [gone, changed]
    assert await edits.of_learner("p", "nobody") == []
