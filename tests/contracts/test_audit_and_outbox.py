"""What every `AuditLog` and `Outbox` promises: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from baize.adapters.db.audit import SqlAuditLog
from baize.adapters.db.engine import Database
from baize.adapters.db.outbox import SqlOutbox
from baize.domain.audit import AuditEntry
from baize.domain.outbox import Waiting
from baize.ports import AuditLog, Outbox
from baize.testing.memory_audit import MemoryAuditLog
from baize.testing.memory_outbox import MemoryOutbox

pytestmark = pytest.mark.anyio
pytest_plugins = ["tests.servers.postgres"]

LINE = AuditEntry("p", "e1", 10.5, "key k1", "PUT /v1/lessons/{lesson_id}/summary", "lesson_id=l1")


@dataclass(frozen=True)
class Stores:
    log: AuditLog
    outbox: Outbox


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    if request.param == "memory":
        yield Stores(MemoryAuditLog(), MemoryOutbox())
        return
    sqlite = f"sqlite:///{tmp_path}/catalogue.db"
    database = Database(sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_url"))
    await database.migrate()
    yield Stores(SqlAuditLog(database), SqlOutbox(database))
    await database.close()


async def test_entries_come_newest_first_and_are_settled(stores: Stores) -> None:
    """On their own platform; page by page; old ones go, of all platforms."""
    lines = [replace(LINE, id=f"e{n}", at=float(n)) for n in range(1, 5)]
    for line in (*lines, replace(LINE, platform_id="q")):
        await stores.log.put(line)
    await stores.log.settle("p", "e2", 204)
    await stores.log.settle("q", "e3", 500)
    found = await stores.log.find("p", 10)
    assert [(one.id, one.status) for one in found] == [("e4", None), ("e3", None), ("e2", 204), ("e1", None)]
    assert await stores.log.find("p", 2, before=(3.0, "e3")) == found[2:]
    assert await stores.log.expire(3.0) == 2
    assert [one.id for one in await stores.log.find("p", 10)] == ["e4", "e3"]
    assert [one.id for one in await stores.log.find("q", 10)] == ["e1"]


async def test_what_waits_is_due_in_order(stores: Stores) -> None:
    """Until it is removed; put again, it is another time."""
    waiting = [Waiting("p", f"s{n}", "lin", float(n)) for n in (3, 1, 2)]
    await stores.outbox.put(waiting)
    await stores.outbox.put([replace(waiting[0], platform_id="q")])
    assert [one.statement_id for one in await stores.outbox.due(2.0, 10)] == ["s1", "s2"]
    await stores.outbox.put([replace(waiting[1], next_at=9.0, n_attempts=1)])
    assert [one.statement_id for one in await stores.outbox.due(5.0, 1)] == ["s2"]
    await stores.outbox.remove(waiting[:1])
    assert [(one.platform_id, one.statement_id) for one in await stores.outbox.due(9.0, 10)] == [
        ("p", "s2"),
        ("q", "s3"),
        ("p", "s1"),
    ]
    await stores.outbox.remove([])
