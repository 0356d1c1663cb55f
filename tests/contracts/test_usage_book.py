"""The port `UsageBook`, and how `Answers` writes in it: the doubles, SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from baize.adapters.db.answers import SqlAnswers
from baize.adapters.db.engine import Database
from baize.adapters.db.usage import SqlUsageBook
from baize.domain.chat import Answer
from baize.domain.cost import Used
from baize.ports import Answers, UsageBook
from baize.testing.held_clock import HeldClock
from baize.testing.memory_answers import MemoryAnswers

pytestmark = pytest.mark.anyio
pytest_plugins = ["tests.servers.postgres"]

ONE = Used("p", "2026-11-28", "c", "m", 1, 0, 0, 100, 60, 20, 5, 0.25, 0)


@dataclass
class Counting:
    """A store of answers, and the book that it writes in.

    Attributes:
        other: of another process: with connections of its own.
    """

    answers: Answers
    book: UsageBook
    other: Answers
    ids: count[int] = field(default_factory=count)

    async def add(self, used: Used) -> None:
        """Store another answer that used this."""
        await self.answers.put(answer(str(next(self.ids))), used)


def answer(answer_id: str, text: str = "答。") -> Answer:
    return Answer(answer_id, "p", "k", "问？", "zh", "m", "v1", text)


@pytest.fixture(params=["double", "sqlite", "postgres"])
async def counting(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Counting]:
    if request.param == "double":
        answers = MemoryAnswers(HeldClock())
        yield Counting(answers, answers.usage_book, answers)
        return
    sqlite = f"sqlite:///{tmp_path}/usage.db"
    url = sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    database, other = Database(url), Database(url)
    await database.migrate()
    clock = HeldClock()
    yield Counting(SqlAnswers(database, clock), SqlUsageBook(database), SqlAnswers(other, clock))
    await database.close()
    await other.close()


async def test_sums_are_kept_by_day_course_and_model(counting: Counting) -> None:
    """What differs in any of them is another line; equal ones add up, in order."""
    lines = [ONE, replace(ONE, day="2026-11-27"), replace(ONE, course_id=""), replace(ONE, model="n"), ONE]
    for line in lines:
        await counting.add(line)
    found = await counting.book.between("p", "2026-11-27", "2026-11-28")
    assert [(u.day, u.course_id, u.model, u.n_answers) for u in found] == [
        ("2026-11-27", "c", "m", 1),
        ("2026-11-28", "", "m", 1),
        ("2026-11-28", "c", "m", 2),
        ("2026-11-28", "c", "n", 1),
    ]
    assert found[2] == Used("p", "2026-11-28", "c", "m", 2, 0, 0, 200, 120, 40, 10, 0.5, 0)


async def test_days_and_platforms_bound_what_is_seen(counting: Counting) -> None:
    """Both ends belong to the span; another platform's lines never do."""
    for day in ("2026-11-26", "2026-11-27", "2026-11-28"):
        await counting.add(replace(ONE, day=day))
        await counting.add(replace(ONE, day=day, platform_id="q"))
    assert [u.day for u in await counting.book.between("p", "2026-11-26", "2026-11-27")] == [
        "2026-11-26",
        "2026-11-27",
    ]
    assert {u.platform_id for u in await counting.book.between("p", "2026-01-01", "2026-12-31")} == {"p"}
    assert await counting.book.between("r", "2026-01-01", "2026-12-31") == []


async def test_writers_at_once_all_count(counting: Counting) -> None:
    """Fifty answers that end together are fifty answers."""
    await asyncio.gather(*(counting.add(ONE) for _ in range(50)))
    (used,) = await counting.book.between("p", "2026-11-28", "2026-11-28")
    assert (used.n_answers, used.prompt_tokens, used.cost) == (50, 5000, 12.5)


async def test_an_answer_that_is_stored_again_is_counted_once(counting: Counting) -> None:
    """A write that perhaps went may be repeated: a platform does not pay twice."""
    for text in ("答。", "答。", "改。"):
        await counting.answers.put(answer("a", text), ONE)
    await counting.answers.put(answer("b"))
    assert await counting.book.between("p", "2026-11-28", "2026-11-28") == [ONE]
    stored = await counting.answers.get("p", "a")
    assert stored is not None
    assert stored.text == "改。"


async def test_an_answer_that_two_processes_store_at_once_is_counted_once(counting: Counting) -> None:
    """One of them may bring it after an outage, while the other does: whoever is second counts nothing."""
    ids = [str(n) for n in range(40)]
    await asyncio.gather(
        *(store.put(answer(i), ONE) for i in ids for store in (counting.answers, counting.other))
    )
    (used,) = await counting.book.between("p", "2026-11-28", "2026-11-28")
    assert (used.n_answers, used.prompt_tokens, used.cost) == (40, 4000, 10.0)
    assert {turn.id for turn in await counting.answers.turns("p", "k", 100)} == set(ids)


@pytest.mark.parametrize("counting", ["sqlite", "postgres"], indirect=True)
async def test_an_answer_that_cannot_be_stored_is_not_counted(counting: Counting) -> None:
    """Both or neither: what the database refuses leaves no trace in the sums."""
    broken = replace(answer("a"), platform_id=None)  # type: ignore[arg-type]
    with pytest.raises((sqlite3.IntegrityError, IntegrityError)):
        await counting.answers.put(broken, ONE)
    assert await counting.book.between("p", "2026-11-28", "2026-11-28") == []
    with pytest.raises((sqlite3.IntegrityError, IntegrityError)):
        await counting.answers.put(answer("a"), replace(ONE, cost=None))  # type: ignore[arg-type]
    assert await counting.answers.get("p", "a") is None
    await counting.add(ONE)
    assert await counting.book.between("p", "2026-11-28", "2026-11-28") == [ONE]
