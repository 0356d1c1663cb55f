"""What reading the catalogue costs as the library grows."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from baize.adapters.db.catalog import SqlCatalog
from baize.adapters.db.engine import Database
from baize.adapters.db.models import CourseRow, LessonRow
from baize.domain.search import Scope

pytestmark = pytest.mark.anyio

SCOPES = {
    "lessons": Scope("p1", lesson_ids=tuple(f"l{n}" for n in range(10))),
    "course": Scope("p1", course_ids=("c1",)),
    "lessons of a course": Scope("p1", course_ids=("c0",), lesson_ids=("l0", "l1")),
}
READS: dict[str, Callable[[SqlCatalog, Scope], Awaitable[Any]]] = {
    "live": SqlCatalog.live,
    "languages": SqlCatalog.languages,
}


COURSE = {
    "platform_id": "p1",
    "title": "",
    "language": "zh",
    "description": "",
    "tags": (),
    "level": "",
    "prerequisites": (),
    "glossary": (),
}
LESSON = {
    "platform_id": "p1",
    "title": "",
    "language": "zh",
    "media": "",
    "build_id": "b",
    "n_chunks": 1,
    "passage_languages": ("zh",),
}


async def steps(url: str, n_courses: int, read: Callable[[SqlCatalog], Awaitable[Any]]) -> int:
    """Steps of SQLite's machine for one reading in a library of so many courses of ten lessons."""
    database = Database(url)
    await database.migrate()
    courses = [COURSE | {"course_id": f"c{n}"} for n in range(n_courses)]
    lessons = [
        LESSON | {"course_id": f"c{n // 10}", "lesson_id": f"l{n}", "position": n % 10}
        for n in range(10 * n_courses)
    ]
    async with database.writing() as session:
        await session.execute(insert(CourseRow), courses)
        await session.execute(insert(LessonRow), lessons)
    n_steps = 0

    def stepped() -> int:
        nonlocal n_steps
        n_steps += 1
        return 0

    catalog = SqlCatalog(database)
    await read(catalog)
    assert database._eye is not None
    connection = database._eye._connection
    assert isinstance(connection, sqlite3.Connection)
    connection.set_progress_handler(stepped, 1)
    assert await read(catalog)
    await database.close()
    return n_steps


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
@pytest.mark.parametrize("read", READS.values(), ids=READS)
async def test_a_few_lessons_cost_no_more_in_a_larger_library(
    tmp_path: Path, read: Callable[[SqlCatalog, Scope], Awaitable[Any]], scope: Scope
) -> None:
    small, large = [
        await steps(f"sqlite:///{tmp_path}/{n}.db", n, lambda catalog: read(catalog, scope))
        for n in (10, 200)
    ]
    assert 0 < large <= 1.2 * small
