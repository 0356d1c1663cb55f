"""What every `Slots` promises: in memory and over a real Redis."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
import redis

from baize.adapters.slots_memory import MemorySlots
from baize.adapters.slots_redis import RedisSlots
from baize.errors import Overloaded
from baize.ports import Slots
from tests.servers.redis_server import RedisServer

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def url(redis_server: RedisServer) -> str:
    """Of an empty Redis."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest.fixture(params=["memory", "redis"])
async def slots(request: pytest.FixtureRequest) -> AsyncIterator[Slots]:
    if request.param == "memory":
        made: Slots = MemorySlots(2, 3)
    else:
        made = RedisSlots(request.getfixturevalue("url"), 2, 3)
    yield made
    await made.close()


async def test_never_more_than_there_are(slots: Slots) -> None:
    """Five come, two at a time."""
    inside = most = 0

    async def work() -> None:
        nonlocal inside, most
        async with slots.hold("a", 5):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    await asyncio.gather(*(work() for _ in range(5)))
    assert most == 2


async def test_a_full_queue_is_told_at_once_and_a_long_wait_in_time(slots: Slots) -> None:
    """Both with when to ask again."""
    async with slots.hold("a", 1), slots.hold("a", 1):
        waiting = [asyncio.create_task(_hold(slots, 0.1)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="wait") as refused:
            await _hold(slots, 0.1)
        assert refused.value.retry_after_s > 0
        results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [Overloaded] * 3
    await _hold(slots, 0.1)


async def test_who_leaves_while_waiting_or_working_frees_its_place(slots: Slots) -> None:
    """However it leaves, both slots are there afterwards."""
    for delay_s in (0.0, 0.001, 0.005):
        tasks = [asyncio.create_task(_hold(slots, 1, work_s=0.002)) for _ in range(5)]
        await asyncio.sleep(delay_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    async with slots.hold("a", 0.1), slots.hold("b", 0.1):
        pass


async def test_the_tenant_that_holds_least_comes_first(slots: Slots) -> None:
    """One that asks for more than all gets no more than its half while the other waits."""
    turns: list[str] = []
    both, go = asyncio.Event(), asyncio.Event()

    async def work(tenant: str) -> None:
        async with slots.hold(tenant, 60):
            turns.append(tenant)
            if len(turns) == 2:
                both.set()
            await go.wait()

    greedy = [asyncio.create_task(work("greedy")) for _ in range(4)]
    await both.wait()
    modest = asyncio.create_task(work("modest"))
    # Long enough for Redis to have heard of it; nobody gets a slot meanwhile.
    await asyncio.sleep(0.5)
    go.set()
    await asyncio.gather(modest, *greedy)
    assert turns.index("modest") == 2


async def test_replicas_share_one_limit_fairly(url: str) -> None:
    """Three processes' worth of callers, two tenants, 4 slots: never 5, and neither tenant under its half."""
    inside = most = 0
    turns: list[str] = []

    async def work(slots: Slots, tenant: str) -> None:
        nonlocal inside, most
        async with slots.hold(tenant, 20):
            turns.append(tenant)
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.02)
            inside -= 1

    async with _replicas(url, 3, n_slots=4, n_waiting=200) as replicas:
        calls = [work(replica, "a") for replica in replicas for _ in range(20)]
        calls += [work(replicas[0], "b") for _ in range(20)]
        await asyncio.gather(*calls)
    assert most == 4
    assert len(turns) == 80
    assert turns[4:36].count("b") == pytest.approx(16, abs=2)


async def test_the_slots_of_a_process_that_died_come_back(url: str) -> None:
    """When its lease ends, and not before."""
    dead = RedisSlots(url, 1, 3, lease_s=0.6)
    held = dead.hold("a", 1)
    await held.__aenter__()
    assert dead._keeping is not None
    dead._keeping.cancel()  # it renews nothing any more
    async with _replicas(url, 1, n_slots=1, n_waiting=3) as (alive,):
        with pytest.raises(Overloaded):
            await _hold(alive, 0.1)
        await _hold(alive, 2)
    await held.__aexit__(None, None, None)
    await dead.close()


async def test_closing_ends_though_a_cancellation_is_lost(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As redis-py loses one that comes when a command has just been sent."""
    slots = RedisSlots(url, 1, 10)
    async with slots.hold("a", 5):
        pass
    step, deaf = slots._step, asyncio.Event()

    async def deaf_step() -> bool:
        monkeypatch.setattr(slots, "_step", step)
        deaf.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(600)
        return await step()

    monkeypatch.setattr(slots, "_step", deaf_step)
    slots._news.set()
    await deaf.wait()
    closing = asyncio.create_task(slots.close())
    await asyncio.wait([closing], timeout=30)
    assert closing.done()


async def test_a_keeper_that_ended_is_started_again(url: str) -> None:
    """By the next who asks; else everyone would wait in vain from then on."""
    slots = RedisSlots(url, 1, 10)
    async with slots.hold("a", 5):
        pass
    assert slots._keeping is not None
    slots._keeping.cancel()
    await asyncio.wait([slots._keeping])
    async with slots.hold("a", 5):
        pass
    await slots.close()


async def test_a_lease_is_renewed(url: str) -> None:
    """However long a call takes."""
    async with _replicas(url, 2, n_slots=1, n_waiting=3, lease_s=0.3) as (one, other), one.hold("a", 1):
        with pytest.raises(Overloaded):
            await _hold(other, 1.2)


async def test_while_redis_is_away_each_has_its_share_and_then_they_share_again(
    url: str, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """4 slots, 2 processes: 2 each, what is held counted. Back and empty, Redis hears who holds what."""
    caplog.set_level(logging.WARNING, "baize")
    async with _replicas(url, 2, n_slots=4, n_waiting=9) as (one, other), AsyncExitStack() as stack:
        await _hold(one, 1)
        await _hold(other, 1)
        await stack.enter_async_context(one.hold("a", 1))
        redis_server.kill()
        try:
            await stack.enter_async_context(one.hold("a", 2))
            with pytest.raises(Overloaded):
                await _hold(one, 0.1)
            await stack.enter_async_context(other.hold("b", 2))
        finally:
            redis_server.start()
        await asyncio.sleep(1.2)
        async with other.hold("b", 1):
            with pytest.raises(Overloaded):
                await _hold(one, 0.3)
    told = [record.message for record in caplog.records]
    assert sum("Redis is away" in text and "2 slots" in text for text in told) == 2
    assert sum("Redis is back" in text for text in told) == 2


@asynccontextmanager
async def _replicas(
    url: str, n: int, *, n_slots: int, n_waiting: int, lease_s: float = 5.0
) -> AsyncIterator[list[Slots]]:
    made: list[Slots] = [RedisSlots(url, n_slots, n_waiting, lease_s=lease_s) for _ in range(n)]
    try:
        yield made
    finally:
        for slots in made:
            await slots.close()


async def _hold(slots: Slots, wait_s: float, *, work_s: float = 0.0) -> None:
    async with slots.hold("a", wait_s):
        await asyncio.sleep(work_s)
