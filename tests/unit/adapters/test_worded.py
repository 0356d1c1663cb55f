"""Statements that are worded once: what SQLite is given, and what is left when it fails."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from sqlalchemy import bindparam, insert, select

from baize.adapters.db.engine import Database
from baize.adapters.db.models import CourseRow, LessonRow
from baize.adapters.db.worded import Worded
from baize.errors import DependencyUnavailable

pytestmark = pytest.mark.anyio

TAGS = Worded(lambda _: select(CourseRow.tags).where(CourseRow.course_id == bindparam("of_course")))
COURSE = {
    "platform_id": "p1",
    "course_id": "c1",
    "title": "水稻",
    "language": "zh",
    "description": "",
    "tags": ("农业", "rice"),
    "level": "",
    "prerequisites": (),
    "glossary": (),
}
PUT = Worded(lambda _: insert(CourseRow).values(dict.fromkeys(COURSE)))
ORPHAN = Worded(
    lambda _: insert(LessonRow).values(
        platform_id="p1", lesson_id="l1", course_id="nowhere", title="", position=1, language="zh", media=""
    )
)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite:///{tmp_path}/baize.db")
    await opened.migrate()
    yield opened
    await opened.close()


async def test_values_are_written_and_read_as_their_columns_hold_them(database: Database) -> None:
    await database.write((PUT, COURSE))
    assert await database.fetch(TAGS, of_course="c1") == [(("农业", "rice"),)]
    async with database.reading() as session:
        assert await session.scalar(select(CourseRow.tags)) == ("农业", "rice")


async def test_a_statement_that_fails_leaves_nothing_and_the_next_one_goes(database: Database) -> None:
    """Not what was written before it, either."""
    with pytest.raises(sqlite3.IntegrityError):
        await database.write_once((PUT, COURSE), first=(ORPHAN, {}), again=(ORPHAN, {}))
    assert await database.fetch(TAGS, of_course="c1") == []
    await database.write((PUT, COURSE))
    assert len(await database.fetch(TAGS, of_course="c1")) == 1


async def test_it_waits_for_another_writer(database: Database) -> None:
    async with anyio.create_task_group() as tasks, database.writing() as session:
        await session.execute(insert(CourseRow).values(COURSE))
        tasks.start_soon(lambda: database.write((PUT, COURSE | {"course_id": "c2"})))
        await anyio.lowlevel.checkpoint()
        assert await database.fetch(TAGS, of_course="c1") == []
    assert len(await database.fetch(TAGS, of_course="c1")) == 1
    assert len(await database.fetch(TAGS, of_course="c2")) == 1


async def test_a_reader_who_finds_the_file_locked_waits_in_a_thread(database: Database) -> None:
    """The eye gives up at once, and the loop goes on while the hand waits."""
    await database.write((PUT, COURSE))
    await database.close()
    held = sqlite3.connect(str(database.url.database), isolation_level=None, check_same_thread=False)
    held.execute("PRAGMA locking_mode=EXCLUSIVE")
    held.execute("BEGIN EXCLUSIVE")
    asked: list[list[tuple[object, ...]]] = []

    async def ask() -> None:
        asked.append(await database.fetch(TAGS, of_course="c1"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await anyio.sleep(0.05)
        assert asked == []
        held.close()
    assert asked == [[(("农业", "rice"),)]]


async def test_after_closing_it_opens_again(database: Database) -> None:
    await database.write((PUT, COURSE))
    await database.close()
    assert len(await database.fetch(TAGS, of_course="c1")) == 1


async def test_a_file_that_cannot_be_used_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "baize.db").write_bytes(b"not a database, but a text of some length" * 100)
    broken = Database(f"sqlite:///{tmp_path}/baize.db")
    with pytest.raises(DependencyUnavailable, match="cannot be used"):
        await broken.fetch(TAGS, of_course="c1")
    await broken.close()
