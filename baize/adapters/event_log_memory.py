"""The events of answers in this process's memory: the port `EventLog` where one process serves."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

from baize.domain.live import AnswerKey, LogHead, Word


@dataclass(slots=True)
class _Log:
    learner_id: str
    frames: list[bytes] = field(default_factory=list)
    finished: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def change(self) -> None:
        """Wake the readers; those who come later wait for the next change."""
        self.changed.set()
        self.changed = asyncio.Event()


class MemoryEventLog:
    """The port `EventLog`.

    Args:
        keep_s: how long a finished log stays.
        monotonic: seconds that never go back.
    """

    def __init__(self, *, keep_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._keep_s = keep_s
        self._monotonic = monotonic
        self._logs: dict[AnswerKey, _Log] = {}
        self._going: deque[tuple[float, AnswerKey]] = deque()
        self._signals: asyncio.Queue[tuple[AnswerKey, Word]] = asyncio.Queue()

    async def begin(self, key: AnswerKey, learner_id: str) -> None:
        """As `EventLog.begin`."""
        self._expire()
        self._logs[key] = _Log(learner_id)

    async def append(self, key: AnswerKey, frames: Sequence[bytes]) -> None:
        """As `EventLog.append`."""
        log = self._logs[key]
        log.frames.extend(frames)
        log.change()

    async def finish(self, key: AnswerKey) -> None:
        """As `EventLog.finish`."""
        log = self._logs[key]
        log.finished = True
        log.change()
        self._going.append((self._monotonic() + self._keep_s, key))

    async def forget(self, key: AnswerKey) -> None:
        """As `EventLog.forget`."""
        if (log := self._logs.get(key)) is not None and log.finished:
            del self._logs[key]

    async def head(self, key: AnswerKey) -> LogHead | None:
        """As `EventLog.head`."""
        self._expire()
        log = self._logs.get(key)
        return LogHead(key, log.learner_id, len(log.frames), log.finished) if log else None

    async def of_learner(self, platform_id: str, learner_id: str) -> list[AnswerKey]:
        """As `EventLog.of_learner`."""
        self._expire()
        return [
            key
            for key, log in self._logs.items()
            if (key.platform_id, log.learner_id) == (platform_id, learner_id)
        ]

    async def read(self, key: AnswerKey, after: int) -> AsyncGenerator[Sequence[bytes]]:
        """As `EventLog.read`."""
        log = self._logs.get(key)
        while log is not None:
            changed, finished = log.changed, log.finished
            if new := log.frames[after:]:
                after += len(new)
                yield new
            elif finished:
                return
            else:
                await changed.wait()

    async def close_lost(self, key: AnswerKey, n_events: int, frame: bytes) -> None:
        """As `EventLog.close_lost`; who writes here and who reads are gone together."""
        log = self._logs.get(key)
        if log is not None and not log.finished and len(log.frames) == n_events:
            await self.append(key, [frame])
            await self.finish(key)

    async def signal(self, key: AnswerKey, word: Word) -> None:
        """As `EventLog.signal`."""
        self._signals.put_nowait((key, word))

    async def signals(self) -> AsyncGenerator[tuple[AnswerKey, Word]]:
        """As `EventLog.signals`."""
        while True:
            yield await self._signals.get()

    def waiting_signals(self) -> list[tuple[AnswerKey, Word]]:
        """What nobody has taken yet, without waiting."""
        return [self._signals.get_nowait() for _ in range(self._signals.qsize())]

    async def ping(self) -> None:
        """As `EventLog.ping`."""

    async def close(self) -> None:
        """As `EventLog.close`."""

    def _expire(self) -> None:
        while self._going and self._going[0][0] <= self._monotonic():
            _, key = self._going.popleft()
            self._logs.pop(key, None)
