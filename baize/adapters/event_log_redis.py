"""The events of answers in Redis streams, so that any replica can show any answer: the port `EventLog`.

The replica that writes an answer also keeps it in memory and serves its own readers from there; only readers
on other replicas hold a connection to Redis. Event n is entry `n-0`, the owner is entry `0-1`, and an entry
`n-1` without a frame is the end. While Redis is away an answer goes on for the readers of its own replica.
Each process renews a key of its own: once that has run out, readers elsewhere know that nothing will come.

Commands: https://redis.io/docs/latest/commands/xadd/, …/xread/, …/publish/.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
import uuid
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import redis.asyncio as redis
from redis.exceptions import RedisError, ResponseError

from baize.adapters.event_log_memory import MemoryEventLog
from baize.domain.live import AnswerKey, LogHead, Word
from baize.errors import AnswerLost, DependencyUnavailable

_log = logging.getLogger(__name__)

_CHANNEL = "baize:signals"
_FRAME, _OWNER, _END, _WRITER = b"f", b"o", b"e", b"w"
_LONGEST_ANSWER_S = 900
_BLOCK_MS = 5000
_BATCH = 1000
_RETRY_S = 0.5
_WRITE_TIMEOUT_S = 1.0
_FAILURES = (RedisError, OSError, asyncio.TimeoutError)


@dataclass(slots=True)
class _Copy:
    """How much of an answer is in Redis. What is missing there goes with the next write that succeeds."""

    learner_id: str
    frames: list[bytes] = field(default_factory=list)
    finished: bool = False
    begun: bool = False
    n_copied: int = 0


class RedisEventLog:
    """The port `EventLog`.

    Args:
        url: `redis://host:6379/0`.
        keep_s: how long a finished log stays.
        alive_s: how long a process that says nothing is taken to live.
    """

    def __init__(self, url: str, *, keep_s: float, alive_s: float = 10.0) -> None:
        self._redis = _client(url, timeout_s=_WRITE_TIMEOUT_S)
        self._blocking = _client(url, timeout_s=_BLOCK_MS / 1000 + _WRITE_TIMEOUT_S)
        self._keep_s = keep_s
        self._own = MemoryEventLog(keep_s=keep_s)
        self._copies: dict[AnswerKey, _Copy] = {}
        self._waiting: deque[tuple[float, AnswerKey]] = deque()
        self._away = False
        self._writer = str(uuid.uuid4()).encode()
        self._alive_s = alive_s
        self._said_at = 0.0
        self._block_ms = min(_BLOCK_MS, int(250 * alive_s))

    async def begin(self, key: AnswerKey, learner_id: str) -> None:
        """As `EventLog.begin`."""
        await self._own.begin(key, learner_id)
        self._forget_old()
        self._copies[key] = _Copy(learner_id)
        await self._copy(key)

    async def append(self, key: AnswerKey, frames: Sequence[bytes]) -> None:
        """As `EventLog.append`: first for the readers here, then for those elsewhere."""
        await self._own.append(key, frames)
        self._copies[key].frames.extend(frames)
        await self._copy(key)

    async def finish(self, key: AnswerKey) -> None:
        """As `EventLog.finish`."""
        await self._own.finish(key)
        self._copies[key].finished = True
        self._waiting.append((time.monotonic(), key))
        await self._copy(key)

    async def forget(self, key: AnswerKey) -> None:
        """As `EventLog.forget`."""
        if (own := await self._own.head(key)) is not None and not own.finished:
            return
        await self._own.forget(key)
        self._copies.pop(key, None)
        try:
            await self._redis.delete(_name(key))
        except _FAILURES as error:
            raise _unavailable(error) from error

    def _forget_old(self) -> None:
        """While Redis is away, ended answers wait for it no longer than they would stay in it."""
        oldest = time.monotonic() - self._keep_s
        while self._waiting and self._waiting[0][0] <= oldest:
            _, key = self._waiting.popleft()
            self._copies.pop(key, None)

    async def _copy(self, key: AnswerKey) -> None:
        """Bring Redis up to date with one answer; while it is away, that waits."""
        copy = self._copies.get(key)
        if self._away or copy is None:
            return
        name, n = _name(key), len(copy.frames)
        pipe = self._redis.pipeline(transaction=False)
        if not copy.begun:
            pipe.set(_presence(self._writer), b"", px=int(1000 * self._alive_s))
            pipe.xadd(name, {_OWNER: copy.learner_id.encode(), _WRITER: self._writer}, id="0-1")
            pipe.expire(name, int(_LONGEST_ANSWER_S + self._keep_s))
        for number in range(copy.n_copied + 1, n + 1):
            pipe.xadd(name, {_FRAME: copy.frames[number - 1]}, id=f"{number}-0")
        if copy.finished:
            pipe.xadd(name, {_END: b"1"}, id=f"{n}-{1 if n else 2}")
            pipe.expire(name, int(self._keep_s))
        try:
            # An entry that a broken connection did write is refused the second time: no harm.
            await pipe.execute(raise_on_error=False)
        except _FAILURES as error:
            self._note(error)
            return
        copy.begun, copy.n_copied = True, n
        if copy.finished:
            self._copies.pop(key, None)

    async def head(self, key: AnswerKey) -> LogHead | None:
        """As `EventLog.head`."""
        own = await self._own.head(key)
        if own is not None:
            return own
        try:
            first: Any = await self._redis.xrange(_name(key), "0-1", "0-1")
            last: Any = await self._redis.xrevrange(_name(key), count=1)
        except _FAILURES as error:
            raise _unavailable(error) from error
        if not first or not last:
            return None
        number, _, _ = last[0][0].partition(b"-")
        return LogHead(key, first[0][1][_OWNER].decode(), int(number), _END in last[0][1])

    async def of_learner(self, platform_id: str, learner_id: str) -> list[AnswerKey]:
        """As `EventLog.of_learner`, by the owner of every log of the platform: ten minutes' worth."""
        keys = dict.fromkeys(await self._own.of_learner(platform_id, learner_id))
        prefix = _name(AnswerKey(platform_id, ""))
        owner = learner_id.encode()
        try:
            async for name in self._redis.scan_iter(match=f"{_literally(prefix)}*", count=_BATCH):
                first: Any = await self._redis.xrange(name, "0-1", "0-1")
                if first and first[0][1].get(_OWNER) == owner:
                    keys[AnswerKey(platform_id, name.decode().removeprefix(prefix))] = None
        except _FAILURES as error:
            raise _unavailable(error) from error
        return list(keys)

    async def read(self, key: AnswerKey, after: int) -> AsyncGenerator[Sequence[bytes]]:
        """As `EventLog.read`."""
        if await self._own.head(key) is not None:
            async for frames in self._own.read(key, after):
                yield frames
            return
        last: bytes | str = f"{after}-0" if after else "0-1"
        while True:
            try:
                found: Any = await self._blocking.xread(
                    {_name(key): last}, count=_BATCH, block=self._block_ms
                )
                if not found and await self._is_over(key, after):
                    return
                lost = None if found else await self._lost(key)
            except _FAILURES as error:
                raise _unavailable(error) from error
            if lost is not None:
                raise lost
            entries = found[0][1] if isinstance(found, list) and found else _entries(found)
            if frames := [fields[_FRAME] for _, fields in entries if _FRAME in fields]:
                yield frames
            if entries:
                last = entries[-1][0]
                if _END in entries[-1][1]:
                    return

    async def _is_over(self, key: AnswerKey, after: int) -> bool:
        """Whether nothing can come any more: it is gone, or it ended before the event that was named."""
        head = await self.head(key)
        return head is None or (head.finished and head.n_events <= after)

    async def _lost(self, key: AnswerKey) -> AnswerLost | None:
        """Set when its writer has not been heard of for too long. Logs of older versions name no writer."""
        first: Any = await self._redis.xrange(_name(key), "0-1", "0-1")
        writer = first[0][1].get(_WRITER) if first else None
        if writer is None or await self._redis.exists(_presence(writer)):
            return None
        head = await self.head(key)
        if head is None or head.finished:
            return None
        return AnswerLost(
            "The server that wrote this answer is gone.", remedy="Ask again.", n_events=head.n_events
        )

    async def close_lost(self, key: AnswerKey, n_events: int, frame: bytes) -> None:
        """As `EventLog.close_lost`: Redis takes an entry of a number once."""
        name, n = _name(key), n_events + 1
        try:
            if await self._redis.xadd(name, {_FRAME: frame}, id=f"{n}-0", nomkstream=True):
                await self._redis.xadd(name, {_END: b"1"}, id=f"{n}-1")
                await self._redis.expire(name, int(self._keep_s))
        except ResponseError:
            return
        except _FAILURES as error:
            self._note(error)

    async def signal(self, key: AnswerKey, word: Word) -> None:
        """As `EventLog.signal`: to every replica, this one included."""
        message = json.dumps([word, key.platform_id, key.answer_id])
        try:
            await self._redis.publish(_CHANNEL, message)
        except _FAILURES as error:
            self._note(error)
            await self._own.signal(key, word)

    async def signals(self) -> AsyncGenerator[tuple[AnswerKey, Word]]:
        """As `EventLog.signals`; goes on when Redis comes back."""
        while True:
            try:
                async with self._blocking.pubsub() as pubsub:
                    await pubsub.subscribe(_CHANNEL)
                    await self._back()
                    while True:
                        await self._say_that_we_live()
                        message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=1.0)
                        if message is not None and (heard := _signal(message["data"])) is not None:
                            yield heard
                        for waiting in self._own.waiting_signals():
                            yield waiting
                        if self._away:
                            # A write failed, and yet this connection lives: nobody else would notice.
                            await self._redis.ping()
                            await self._back()
            except _FAILURES as error:
                self._note(error)
                for waiting in self._own.waiting_signals():
                    yield waiting
                await asyncio.sleep(_RETRY_S)

    async def _say_that_we_live(self) -> None:
        now = time.monotonic()
        if now - self._said_at >= self._alive_s / 5:
            await self._redis.set(_presence(self._writer), b"", px=int(1000 * self._alive_s))
            self._said_at = now

    async def ping(self) -> None:
        """As `EventLog.ping`."""
        try:
            await self._redis.ping()
        except _FAILURES as error:
            raise _unavailable(error) from error

    async def close(self) -> None:
        """As `EventLog.close`."""
        await self._redis.aclose()
        await self._blocking.aclose()

    def _note(self, error: BaseException) -> None:
        if not self._away:
            _log.warning("Redis is away (%s): answers go on, here only", type(error).__qualname__)
        self._away = True

    async def _back(self) -> None:
        """Redis answers again, perhaps empty: the answers that are being written are copied whole."""
        if not self._away:
            return
        _log.warning("Redis is back")
        self._away = False
        self._said_at = 0.0
        for key, copy in list(self._copies.items()):
            copy.begun, copy.n_copied = False, 0
            await self._copy(key)


def _client(url: str, *, timeout_s: float) -> redis.Redis:
    return redis.Redis.from_url(url, socket_connect_timeout=_WRITE_TIMEOUT_S, socket_timeout=timeout_s)


def _name(key: AnswerKey) -> str:
    return f"baize:events:{key.platform_id}:{key.answer_id}"


def _presence(writer: bytes) -> str:
    return f"baize:writers:{writer.decode()}"


def _literally(name: str) -> str:
    """For SCAN's patterns, in which ids are only text."""
    return re.sub(r"([\\*?\[\]])", r"\\\1", name)


def _entries(found: Any) -> list[Any]:
    """RESP 3 answers with a mapping where RESP 2 has a list of pairs."""
    if not found:
        return []
    entries = next(iter(found.values()))
    return list(entries[0]) if entries and isinstance(entries[0], list) else list(entries)


def _signal(data: bytes) -> tuple[AnswerKey, Word] | None:
    """What a message says; None where it is none of ours."""
    try:
        word, platform_id, answer_id = json.loads(data)
    except (ValueError, TypeError):
        return None
    return (AnswerKey(str(platform_id), str(answer_id)), word) if word in get_args(Word) else None


def _unavailable(error: BaseException) -> DependencyUnavailable:
    return DependencyUnavailable(
        f"Redis does not answer ({type(error).__qualname__}).",
        remedy="Check that it runs and redis_url is right.",
    )
