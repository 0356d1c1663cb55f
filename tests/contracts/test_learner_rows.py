"""What `LearnerRows` promises: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, delete, insert, types

from baize.adapters.db.engine import Database
from baize.adapters.db.learner_rows import LEARNER, SqlLearnerRows, learner_tables
from baize.domain.chat import Answer
from baize.domain.preferences import Preferences
from baize.ports import LearnerRows
from baize.testing.memory_learner_rows import MemoryLearnerRows

pytestmark = pytest.mark.anyio
pytest_plugins = ["tests.servers.postgres"]

OWNERS = (("p", "lin"), ("p", "wang"), ("q", "lin"))
VALUES: dict[str, Any] = {
    "answer": Answer("a", "p", "c", "问？", "zh", "m", "", "答。"),
    "preferences": Preferences(elder=True),
}
"""For columns that hold a noun; the others take a value of their type."""


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def rows(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LearnerRows]:
    """Every table of learners holds a row of each owner."""
    if request.param == "memory":
        memory = MemoryLearnerRows()
        for owner in OWNERS:
            memory.rows[owner] = {"answers": [{"platform_id": owner[0], LEARNER: owner[1]}]}
        yield memory
        return
    sqlite = request.param == "sqlite"
    database = Database(f"sqlite:///{tmp_path}/x.db" if sqlite else request.getfixturevalue("postgres_url"))
    await database.migrate()
    async with database.writing() as session:
        for table in reversed(learner_tables()):
            await session.execute(delete(table))
            for n, (platform_id, learner_id) in enumerate(OWNERS):
                known = {"platform_id": platform_id, LEARNER: learner_id}
                made = {column.name: known.get(column.name, _value(column, n)) for column in table.columns}
                await session.execute(insert(table).values(made))
    yield SqlLearnerRows(database)
    await database.close()


def _value(column: Column[Any], n: int) -> Any:
    if column.name in VALUES:
        return VALUES[column.name]
    if isinstance(column.type, types.Boolean):
        return True
    if isinstance(column.type, types.Integer | types.Float):
        return n
    return f"v{n}" if isinstance(column.type, types.String) else ()


async def test_a_learner_takes_along_the_rows_of_one_platform(rows: LearnerRows) -> None:
    """As plain values, by table, tables without any included."""
    found = await rows.read("p", "lin")
    assert set(found) >= {"answers", "feedback", "preferences"}
    told = [(row["platform_id"], row[LEARNER]) for of_table in found.values() for row in of_table]
    assert told
    assert set(told) == {("p", "lin")}
    assert not any((await rows.read("p", "nobody")).values())


async def test_an_erasure_takes_all_of_one_learner(rows: LearnerRows) -> None:
    """And nothing of another learner or platform; a second time there is nothing to take."""
    there = dict(await rows.count("p", "lin"))
    assert sum(there.values()) >= 1
    assert dict(await rows.erase("p", "lin")) == there
    await rows.scrub()
    assert not any((await rows.count("p", "lin")).values())
    assert not any((await rows.erase("p", "lin")).values())
    for other in OWNERS[1:]:
        assert dict(await rows.count(*other)) == there
