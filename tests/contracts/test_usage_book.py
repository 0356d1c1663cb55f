"""The port `UsageBook`: the double, SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from baize.adapters.db.engine import Database
from baize.adapters.db.usage import SqlUsageBook
from baize.domain.cost import Used
from baize.ports import UsageBook
from baize.testing.memory_usage_book import MemoryUsageBook

pytestmark = pytest.mark.anyio
pytest_plugins = ["tests.servers.postgres"]

ONE = Used("p", "2026-11-28", "c", "m", 1, 0, 0, 100, 60, 20, 5, 0.25, 0)


@pytest.fixture(params=["double", "sqlite", "postgres"])
async def book(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[UsageBook]:
    if request.param == "double":
        yield MemoryUsageBook()
        return
    sqlite = f"sqlite:///{tmp_path}/usage.db"
    database = Database(sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_url"))
    await database.migrate()
    yield SqlUsageBook(database)
    await database.close()


async def test_sums_are_kept_by_day_course_and_model(book: UsageBook) -> None:
    """What differs in any of them is another line; equal ones add up, in order."""
    lines = [ONE, replace(ONE, day="2026-11-27"), replace(ONE, course_id=""), replace(ONE, model="n"), ONE]
    for line in lines:
        await book.add(line)
    found = await book.between("p", "2026-11-27", "2026-11-28")
    assert [(u.day, u.course_id, u.model, u.n_answers) for u in found] == [
        ("2026-11-27", "c", "m", 1),
        ("2026-11-28", "", "m", 1),
        ("2026-11-28", "c", "m", 2),
        ("2026-11-28", "c", "n", 1),
    ]
    assert found[2] == Used("p", "2026-11-28", "c", "m", 2, 0, 0, 200, 120, 40, 10, 0.5, 0)


async def test_days_and_platforms_bound_what_is_seen(book: UsageBook) -> None:
    """Both ends belong to the span; another platform's lines never do."""
    for day in ("2026-11-26", "2026-11-27", "2026-11-28"):
        await book.add(replace(ONE, day=day))
        await book.add(replace(ONE, day=day, platform_id="q"))
    assert [u.day for u in await book.between("p", "2026-11-26", "2026-11-27")] == [
        "2026-11-26",
        "2026-11-27",
    ]
    assert {u.platform_id for u in await book.between("p", "2026-01-01", "2026-12-31")} == {"p"}
    assert await book.between("r", "2026-01-01", "2026-12-31") == []


async def test_writers_at_once_all_count(book: UsageBook) -> None:
    """Fifty answers that end together are fifty answers."""
    await asyncio.gather(*(book.add(ONE) for _ in range(50)))
    (used,) = await book.between("p", "2026-11-28", "2026-11-28")
    assert (used.n_answers, used.prompt_tokens, used.cost) == (50, 5000, 12.5)
