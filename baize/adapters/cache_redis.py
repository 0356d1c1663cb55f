"""The port `Cache` in Redis: shared by all replicas. Needs `baize[redis]`.

A cache that does not answer is no cache: reads find nothing and writes are lost, each logged once a minute.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from time import monotonic

from redis.asyncio import Redis
from redis.exceptions import RedisError

from baize.errors import DependencyUnavailable

_log = logging.getLogger(__name__)
_TIMEOUT_S = 0.25
_PREFIX = "baize:cache:"
_QUIET_S = 60.0


class RedisCache:
    """Keys of ours carry a prefix, so that the server may hold other things too.

    Args:
        url: `redis://host:6379/0`; it may hold a password.
    """

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S, decode_responses=False
        )
        self._told_at = -_QUIET_S

    async def get(self, key: str) -> bytes | None:
        """As `Cache.get`."""
        try:
            value = await self._redis.get(_PREFIX + key)
        except (RedisError, OSError) as failure:
            self._tell(failure)
            return None
        return value.encode() if isinstance(value, str) else value

    async def set(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """As `Cache.set`."""
        try:
            await self._redis.set(_PREFIX + key, value, px=max(1, round(1000 * ttl_s)))
        except (RedisError, OSError) as failure:
            self._tell(failure)

    async def add(self, key: str, value: bytes, *, ttl_s: float) -> bool:
        """As `Cache.add`."""
        try:
            added = await self._redis.set(_PREFIX + key, value, px=max(1, round(1000 * ttl_s)), nx=True)
        except (RedisError, OSError) as failure:
            self._tell(failure)
            return True
        return bool(added)

    async def forget(self, keys: Sequence[str]) -> None:
        """As `Cache.forget`: who erases must know that it failed."""
        if not keys:
            return
        try:
            await self._redis.delete(*(_PREFIX + key for key in keys))
        except (RedisError, OSError) as failure:
            raise DependencyUnavailable(
                f"Redis does not answer ({type(failure).__name__}).",
                remedy="Check that it runs and redis_url is right.",
            ) from failure

    async def close(self) -> None:
        """Give back the connections."""
        await self._redis.aclose()

    def _tell(self, failure: Exception) -> None:
        if monotonic() - self._told_at >= _QUIET_S:
            self._told_at = monotonic()
            _log.warning("The cache in Redis does not answer (%s); going on without.", type(failure).__name__)
