"""The port `RateLimits` in Redis: one count for all replicas. Needs `baize[redis]`."""

from __future__ import annotations

import logging
from time import monotonic

from redis.asyncio import Redis
from redis.exceptions import RedisError

from baize.ports import RateLimits

_log = logging.getLogger(__name__)
_TIMEOUT_S = 0.25
_QUIET_S = 60.0
_PREFIX = "baize:rate:"
_TAKE = """
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000
local interval = 60000 / ARGV[1]
local even = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local wait = even + interval - now - 60000
if wait > 0.000001 then return tostring(wait) end
redis.call('SET', KEYS[1], string.format('%.3f', even + interval), 'PX', math.ceil(even + interval - now))
return '0'
"""
"""As `rate_limits_memory`, on Redis's own clock, in milliseconds."""


class RedisRateLimits:
    """
    Args:
        url: `redis://host:6379/0`; it may hold a password.
        otherwise: limits this process while Redis does not answer.
    """

    def __init__(self, url: str, *, otherwise: RateLimits) -> None:
        self._redis = Redis.from_url(url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S)
        self._take = self._redis.register_script(_TAKE)
        self._otherwise = otherwise
        self._told_at = -_QUIET_S

    async def take(self, name: str, per_minute: int) -> float:
        """As `RateLimits.take`."""
        try:
            return float(await self._take(keys=[_PREFIX + name], args=[per_minute])) / 1000
        except (RedisError, OSError) as failure:
            if monotonic() >= self._told_at + _QUIET_S:
                self._told_at = monotonic()
                _log.warning("Redis counts no requests (%s): each process does.", type(failure).__name__)
            return await self._otherwise.take(name, per_minute)

    async def close(self) -> None:
        """As `RateLimits.close`."""
        await self._redis.aclose()
