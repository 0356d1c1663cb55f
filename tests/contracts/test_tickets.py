"""What `Tickets` promises: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from baize.adapters.db.engine import Database
from baize.adapters.db.tickets import SqlTickets
from baize.domain.support import Ticket, TicketLine
from baize.ports import Tickets
from baize.testing.memory_tickets import MemoryTickets

pytestmark = pytest.mark.anyio
pytest_plugins = ["tests.servers.postgres"]

TICKET = Ticket("t1", "p", "奶奶", "证书名字错了", True, "zh", 1.5, "微信 x", "c", (TicketLine("问", "答"),))


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def tickets(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Tickets]:
    if request.param == "memory":
        yield MemoryTickets()
        return
    sqlite = request.param == "sqlite"
    database = Database(f"sqlite:///{tmp_path}/x.db" if sqlite else request.getfixturevalue("postgres_url"))
    await database.migrate()
    yield SqlTickets(database)
    await database.close()


async def test_a_ticket_comes_back_equal(tickets: Tickets) -> None:
    """Under its platform only; what is put again replaces it."""
    await tickets.put(TICKET)
    assert await tickets.get("p", "t1") == TICKET
    assert await tickets.get("q", "t1") is None
    await tickets.put(replace(TICKET, satisfaction=5))
    assert await tickets.get("p", "t1") == replace(TICKET, satisfaction=5)


async def test_what_waits_is_due_in_its_order(tickets: Tickets) -> None:
    """Of all platforms; not before its time, and not once it is sent or given up."""
    await tickets.put(replace(TICKET, id="late", next_at=9.0))
    await tickets.put(replace(TICKET, id="second", next_at=2.0))
    await tickets.put(replace(TICKET, id="first", platform_id="q", next_at=1.0))
    await tickets.put(replace(TICKET, id="sent", state="sent"))
    await tickets.put(replace(TICKET, id="failed", state="failed"))
    assert [one.id for one in await tickets.due(5.0, 9)] == ["first", "second"]
    assert [one.id for one in await tickets.due(5.0, 1)] == ["first"]


async def test_settling_keeps_what_the_learner_said_and_revives_nothing(tickets: Tickets) -> None:
    """A ticket that was erased while it was sent stays erased."""
    await tickets.settle(TICKET)
    assert await tickets.get("p", "t1") is None
    await tickets.put(replace(TICKET, satisfaction=4))
    await tickets.settle(replace(TICKET, state="sent", n_attempts=1))
    assert await tickets.get("p", "t1") == replace(TICKET, state="sent", n_attempts=1, satisfaction=4)
