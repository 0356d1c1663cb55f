"""What `LearnerPreferences` and `FeedbackBox` promise: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from baize.adapters.db.engine import Database
from baize.adapters.db.preferences import SqlFeedbackBox, SqlLearnerPreferences
from baize.domain.preferences import Feedback, Preferences
from baize.ports import FeedbackBox, LearnerPreferences
from baize.testing.memory_preferences import MemoryFeedbackBox, MemoryLearnerPreferences

pytestmark = pytest.mark.anyio
pytest_plugins = ["tests.servers.postgres"]

Stores = tuple[LearnerPreferences, FeedbackBox]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    if request.param == "memory":
        yield MemoryLearnerPreferences(), MemoryFeedbackBox()
        return
    sqlite = request.param == "sqlite"
    database = Database(f"sqlite:///{tmp_path}/x.db" if sqlite else request.getfixturevalue("postgres_url"))
    await database.migrate()
    yield SqlLearnerPreferences(database), SqlFeedbackBox(database)
    await database.close()


async def test_preferences_belong_to_one_learner_of_one_platform(stores: Stores) -> None:
    """What was put last is what there is; others have nothing."""
    preferences, _ = stores
    chosen = Preferences(elder=True, theme="dark", speech_rate=0.75)
    await preferences.put("p", "奶奶", Preferences())
    await preferences.put("p", "奶奶", chosen)

    assert await preferences.get("p", "奶奶") == chosen
    assert await preferences.get("p", "other") is None
    assert await preferences.get("q", "奶奶") is None

    await preferences.forget("p", "奶奶")
    await preferences.forget("p", "奶奶")
    assert await preferences.get("p", "奶奶") is None


async def test_the_latest_word_on_an_answer_counts(stores: Stores) -> None:
    """One row per learner and answer, newest first, within the platform."""
    _, box = stores
    first = Feedback("p", "a1", "l1", "up", given_at=1.0)
    changed = replace(first, rating="down", reason="wrong", correction="五分钟", given_at=3.0)
    other = Feedback("p", "a1", "l2", "up", given_at=2.0)
    for feedback in (first, other, Feedback("q", "a1", "l1", "up"), changed):
        await box.put(feedback)

    assert await box.latest("p", 10) == [changed, other]
    assert await box.latest("p", 1) == [changed]
    assert await box.latest("p", 1, offset=1) == [other]
    assert await box.latest("p", 1, offset=2) == []

    await box.forget("p", "l1")
    assert await box.latest("p", 10) == [other]
