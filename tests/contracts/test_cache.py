"""The port `Cache`: in process, and in a real Redis."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator

import pytest

from baize.adapters import cache_memory
from baize.adapters.cache_memory import MemoryCache
from baize.adapters.cache_redis import RedisCache
from baize.errors import DependencyUnavailable
from baize.ports import Cache

pytestmark = pytest.mark.anyio
pytest_plugins = ["tests.servers.redis"]


@pytest.fixture(params=["memory", "redis"])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[Cache]:
    made = MemoryCache() if request.param == "memory" else RedisCache(request.getfixturevalue("redis_url"))
    yield made
    await made.close()


async def test_what_was_set_is_found_byte_for_byte(cache: Cache) -> None:
    """Any bytes, under any key; the latest value wins; another key finds nothing."""
    await cache.set("键", b"\x00\xff\n", ttl_s=60)
    await cache.set("键", b"", ttl_s=60)
    assert await cache.get("键") == b""
    assert await cache.get("other") is None


async def test_what_is_too_old_is_gone(cache: Cache) -> None:
    """After its time nothing is found."""
    await cache.set("short", b"1", ttl_s=0.05)
    await cache.set("long", b"2", ttl_s=60)
    await asyncio.sleep(0.15)
    assert await cache.get("short") is None
    assert await cache.get("long") == b"2"


async def test_what_is_forgotten_is_gone(cache: Cache) -> None:
    """These keys, whether or not they are there, and no others; none at all is nothing."""
    await cache.set("a", b"1", ttl_s=60)
    await cache.set("b", b"2", ttl_s=60)
    await cache.forget(["a", "never set"])
    await cache.forget([])
    assert await cache.get("a") is None
    assert await cache.get("b") == b"2"


async def test_of_many_who_add_one_wins(cache: Cache) -> None:
    """The first value stays; what is too old or forgotten can be added again."""
    added = await asyncio.gather(*(cache.add("once", b"%d" % n, ttl_s=60) for n in range(20)))
    assert sum(added) == 1
    assert await cache.get("once") == b"%d" % added.index(True)
    await cache.forget(["once"])
    assert await cache.add("once", b"again", ttl_s=60)
    assert await cache.add("short", b"1", ttl_s=0.05)
    await asyncio.sleep(0.15)
    assert await cache.add("short", b"2", ttl_s=60)


async def test_memory_keeps_what_was_used_last() -> None:
    """Over its size, the entry that nobody asked for longest goes."""
    cache = MemoryCache(max_bytes=600)
    await cache.set("a", b"1234", ttl_s=60)
    await cache.set("b", b"1234", ttl_s=60)
    await cache.get("a")
    await cache.set("c", b"1234", ttl_s=60)
    assert [await cache.get(key) for key in "abc"] == [b"1234", None, b"1234"]
    await cache.set("d", b"x" * 600, ttl_s=60)
    assert [await cache.get(key) for key in "acd"] == [b"1234", b"1234", None], "too large for any place"


async def test_memory_is_no_larger_than_it_says() -> None:
    """Most entries are small: their keys, and what Python needs for each, are more than their values."""
    cache = MemoryCache(max_bytes=5_000_000)
    tracemalloc.start()
    for number in range(50_000):
        await cache.set(f"reuse-of:default:{number:036}", b"%d" % number * 6, ttl_s=60)
    here = [tracemalloc.Filter(True, file) for file in (__file__, cache_memory.__file__)]
    taken = sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces(here).traces)
    tracemalloc.stop()
    assert 4_000_000 < taken < 5_600_000


async def test_a_redis_that_is_gone_is_no_cache(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is found and nothing raised; the log says so once."""
    cache = RedisCache("redis://127.0.0.1:9/0")
    await cache.set("a", b"1", ttl_s=60)
    assert await cache.get("a") is None
    assert await cache.add("a", b"1", ttl_s=60)
    assert caplog.text.count("going on without") == 1
    with pytest.raises(DependencyUnavailable):
        await cache.forget(["a"])
    await cache.close()
