"""What every `RateLimits` promises: in memory and over a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from baize.adapters.rate_limits_memory import MemoryRateLimits
from baize.adapters.rate_limits_redis import RedisRateLimits
from baize.ports import RateLimits
from tests.servers.redis_server import RedisServer

pytestmark = pytest.mark.anyio
Make = Callable[[], RateLimits]


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(params=["memory", "redis"])
async def limits(request: pytest.FixtureRequest) -> AsyncIterator[RateLimits]:
    if request.param == "memory":
        made: RateLimits = MemoryRateLimits()
    else:
        server: RedisServer = request.getfixturevalue("redis_server")
        made = RedisRateLimits(server.url, otherwise=MemoryRateLimits())
    yield made
    await made.close()


async def test_a_minutes_worth_may_come_at_once(limits: RateLimits) -> None:
    """The next one is told when; another name is not concerned."""
    taken = [await limits.take("a", 2) for _ in range(3)]
    assert taken[:2] == [0, 0]
    assert 0 < taken[2] <= 30
    assert await limits.take("b", 2) == 0


async def test_none_slips_through(limits: RateLimits) -> None:
    """Of fifty at once, ten."""
    waits = await asyncio.gather(*(limits.take("crowd", 10) for _ in range(50)))
    # On a machine that took longer than six seconds for it, one more is right.
    assert 10 <= waits.count(0) <= 12


async def test_replicas_share_a_limit(redis_server: RedisServer) -> None:
    """Two processes, one count."""
    one, other = (RedisRateLimits(redis_server.url, otherwise=MemoryRateLimits()) for _ in range(2))
    assert [await one.take("shared", 2), await other.take("shared", 2)] == [0, 0]
    assert await one.take("shared", 2) > 0
    assert await other.take("shared", 2) > 0
    await one.close()
    await other.close()


async def test_without_redis_each_process_limits_itself() -> None:
    """Nobody is turned away, and nobody floods, because Redis is away."""
    lonely = RedisRateLimits("redis://127.0.0.1:1/0", otherwise=MemoryRateLimits())
    assert [await lonely.take("a", 1) == 0 for _ in range(2)] == [True, False]
    await lonely.close()


async def test_time_gives_back() -> None:
    """A third of a minute, a third of the limit."""
    now = [100.0]
    limits = MemoryRateLimits(lambda: now[0])
    assert [await limits.take("a", 3) for _ in range(4)] == [0, 0, 0, 20]
    now[0] += 20
    assert await limits.take("a", 3) == 0
    assert await limits.take("a", 3) == 20
