"""What every `Statements` promises: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from baize.adapters.db.engine import Database
from baize.adapters.db.statements import SqlStatements
from baize.domain.statement import Statement, StatementQuery
from baize.ports import Statements
from baize.testing.memory_statements import MemoryStatements

pytestmark = pytest.mark.anyio
pytest_plugins = ["tests.servers.postgres"]

ASKED = "http://adlnet.gov/expapi/verbs/asked"


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Statements]:
    if request.param == "memory":
        yield MemoryStatements()
        return
    sqlite = request.param == "sqlite"
    database = Database(f"sqlite:///{tmp_path}/x.db" if sqlite else request.getfixturevalue("postgres_url"))
    await database.migrate()
    yield SqlStatements(database)
    await database.close()


def statement(n: int, learner_id: str = "lin", verb: str = ASKED) -> Statement:
    name = f"00000000-0000-0000-0000-{n:012}"
    return Statement("p", name, learner_id, verb, f"urn:a:{n}", 100.25 + n // 2, f'{{"n":{n}}}')


async def test_statements_come_back_and_never_change(store: Statements) -> None:
    """An id that is taken keeps what it has; another platform has nothing."""
    await store.put([statement(1), statement(2)])
    await store.put([replace(statement(1), body="{}"), statement(3)])
    ids = [statement(n).id for n in (3, 1, 9)]
    assert await store.get("p", ids) == [statement(3), statement(1)]
    assert await store.get("q", ids) == []
    assert await store.find("q", StatementQuery(), 10) == []


async def test_what_was_asked_for_is_found(store: Statements) -> None:
    """By learner, verb, activity and time; since is exclusive, until is not."""
    other = statement(7, "mei", "urn:v:jumped")
    await store.put([*(statement(n) for n in range(4)), other])

    async def found(**wanted: object) -> list[str]:
        return [one.id for one in await store.find("p", StatementQuery(**wanted), 10)]  # type: ignore[arg-type]

    assert await found(learner_id="mei") == [other.id]
    assert await found(verb="urn:v:jumped") == [other.id]
    assert await found(activity="urn:a:2") == [statement(2).id]
    assert await found(until=100.25, ascending=True) == [statement(0).id, statement(1).id]
    assert await found(since=100.25, until=101.25) == [statement(3).id, statement(2).id]


@pytest.mark.parametrize("ascending", [False, True])
async def test_pages_lose_and_double_nothing(store: Statements, ascending: bool) -> None:
    """Though two share an instant."""
    await store.put([statement(n) for n in range(7)])
    read: list[str] = []
    query = StatementQuery(ascending=ascending)
    while page := await store.find("p", query, 2):
        read += [one.id for one in page]
        query = replace(query, after=(page[-1].stored_at, page[-1].id))
    wanted = [statement(n).id for n in range(7)]
    assert read == (wanted if ascending else wanted[::-1])
