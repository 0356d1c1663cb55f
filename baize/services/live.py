"""Answers while they are written: detached from connections, read by whoever may, stopped by who asked.

`Answering` says what an answer is; this says how long it lives (decisions 13).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import anyio
from anyio.abc import TaskGroup

from baize.domain.chat import Answer, AnswerEvent, Citation, Completed, Released, Started, Usage
from baize.domain.live import AnswerKey, LogHead
from baize.errors import AnswerLost, DependencyUnavailable, Overloaded
from baize.ports import Answers, EventLog
from baize.services.answer import Prepared

_log = logging.getLogger(__name__)

_CLOSING_S = 1.0
_FIRST_READER_S = 5.0
_RETRY_AFTER_S = 5.0


class Framer(Protocol):
    """Domain event → frames, with ids that count up from 1."""

    def frames(self, event: AnswerEvent) -> list[bytes]: ...

    def error(self, error: Exception) -> bytes: ...


@dataclass(slots=True, eq=False)
class _Writing:
    """An answer that this process writes.

    Attributes:
        scope: cancelled to stop it.
        grace: runs while nobody listens.
    """

    key: AnswerKey
    prepared: Prepared
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    started: Started | None = None
    text: str = ""
    citations: list[Citation] = field(default_factory=list)
    n_listeners: int = 0
    grace: asyncio.TimerHandle | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, event: AnswerEvent) -> None:
        match event:
            case Released(text, citations):
                self.text += text
                self.citations.extend(citations)
            case Started():
                self.started = event

    def so_far(self) -> Answer:
        """What was released, as an answer that was stopped."""
        prepared, started = self.prepared, self.started
        return Answer(
            prepared.answer_id,
            prepared.scope.platform_id,
            prepared.conversation_id,
            prepared.turn.query.question,
            prepared.turn.query.language,
            started.model if started else "",
            started.prompt if started else "",
            text=self.text.strip(),
            citations=tuple(self.citations),
            usage=Usage(finish_reason="stopped"),
            learner_id=prepared.learner_id,
            stopped=True,
        )


class Live:
    """The answers that are being written.

    Args:
        grace_s: how long an answer goes on while nobody reads it.
        max_live: how many this process writes at once; more are refused.
    """

    def __init__(self, *, log: EventLog, answers: Answers, grace_s: float, max_live: int) -> None:
        self._log = log
        self._answers = answers
        self._grace_s = grace_s
        self._max_live = max_live
        self._writing: dict[AnswerKey, _Writing] = {}
        self._n_whole = 0
        self._tasks: TaskGroup | None = None

    @property
    def n_live(self) -> int:
        return len(self._writing)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Answers can be started inside; at the end those that are left are stopped, their ends written."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            tasks.start_soon(self._obey)
            try:
                yield
            finally:
                with anyio.move_on_after(2 * _CLOSING_S, shield=True):
                    await self.stop_all()
                self._tasks = None
                tasks.cancel_scope.cancel()

    async def start(
        self, prepared: Prepared, events: AsyncGenerator[AnswerEvent], framer: Framer
    ) -> AnswerKey:
        """Begin to write an answer in the background.

        Raises:
            Overloaded: too many are being written.
        """
        if self._tasks is None or self._is_full():
            await events.aclose()
            raise _too_many()
        key = AnswerKey(prepared.scope.platform_id, prepared.answer_id)
        writing = _Writing(key, prepared)
        self._writing[key] = writing
        try:
            await self._log.begin(key, prepared.learner_id)
            tasks = self._tasks
            if tasks is None:
                raise _too_many()
        except BaseException:
            self._forget(writing)
            with anyio.CancelScope(shield=True):
                await events.aclose()
            raise
        # Whoever asked will read: that takes a moment.
        self._wait_for_listeners(writing, self._grace_s + _FIRST_READER_S)
        tasks.start_soon(self._write, writing, events, framer)
        return key

    @contextmanager
    def place(self) -> Iterator[None]:
        """Held by an answer that is not streamed: it is no lighter than one that is.

        Raises:
            Overloaded: too many are being written.
        """
        if self._is_full():
            raise _too_many()
        self._n_whole += 1
        try:
            yield
        finally:
            self._n_whole -= 1

    def _is_full(self) -> bool:
        return len(self._writing) + self._n_whole >= self._max_live

    async def head(self, key: AnswerKey) -> LogHead | None:
        """As `EventLog.head`."""
        return await self._log.head(key)

    async def of_learner(self, platform_id: str, learner_id: str) -> list[AnswerKey]:
        """As `EventLog.of_learner`."""
        return await self._log.of_learner(platform_id, learner_id)

    async def read(
        self, key: AnswerKey, after: int = 0, framer: Callable[[int], Framer] | None = None
    ) -> AsyncGenerator[bytes]:
        """The frames behind the first `after`, as they come. Whoever reads keeps the answer going.

        Args:
            framer: given how many frames there are, makes the one that says that no more will come because
                the process that wrote them is gone.
        """
        async with aclosing(self._log.read(key, after)) as batches:
            writing = self._writing.get(key)
            read = self._here(writing, batches) if writing else self._elsewhere(key, batches, framer)
            async with aclosing(read):
                async for frames in read:
                    yield frames

    async def _here(
        self, writing: _Writing, batches: AsyncGenerator[Sequence[bytes]]
    ) -> AsyncGenerator[bytes]:
        writing.n_listeners += 1
        if writing.grace is not None:
            writing.grace.cancel()
        try:
            async for batch in batches:
                yield batch[0] if len(batch) == 1 else b"".join(batch)
        finally:
            writing.n_listeners -= 1
            self._wait_for_listeners(writing)

    async def _elsewhere(
        self,
        key: AnswerKey,
        batches: AsyncGenerator[Sequence[bytes]],
        framer: Callable[[int], Framer] | None,
    ) -> AsyncGenerator[bytes]:
        """Another process writes it, or none any more."""
        telling = asyncio.create_task(self._tell_that_it_is_heard(key))
        try:
            async for batch in batches:
                yield b"".join(batch)
        except AnswerLost as lost:
            if framer is None:
                raise
            frame = framer(lost.n_events).error(lost)
            await self._log.close_lost(key, lost.n_events, frame)
            yield frame
        finally:
            telling.cancel()

    async def stop(self, key: AnswerKey) -> None:
        """Stop an answer wherever it is written; it ends with what was released."""
        if (writing := self._writing.get(key)) is not None:
            writing.scope.cancel()
        else:
            await self._log.signal(key, "stop")

    async def forget(self, key: AnswerKey) -> None:
        """Remove the events of an answer that has ended, in every process.

        Raises:
            DependencyUnavailable: the log does not answer.
        """
        await self._log.forget(key)
        await self._log.signal(key, "forget")

    async def stop_all(self) -> None:
        """Stop every answer of this process, and wait for their ends to be written."""
        leaving = list(self._writing.values())
        for writing in leaving:
            writing.scope.cancel()
        for writing in leaving:
            await writing.ended.wait()

    def _wait_for_listeners(self, writing: _Writing, grace_s: float | None = None) -> None:
        if writing.grace is not None:
            writing.grace.cancel()
        if writing.n_listeners == 0:
            after_s = self._grace_s if grace_s is None else grace_s
            writing.grace = asyncio.get_running_loop().call_later(after_s, writing.scope.cancel)

    async def _obey(self) -> None:
        async for key, word in self._log.signals():
            if word == "forget":
                with _contained("was not forgotten", key):
                    await self._log.forget(key)
            elif (writing := self._writing.get(key)) is None:
                continue
            elif word == "stop":
                writing.scope.cancel()
            elif writing.n_listeners == 0:
                self._wait_for_listeners(writing)

    async def _tell_that_it_is_heard(self, key: AnswerKey) -> None:
        while True:
            await self._log.signal(key, "heard")
            await anyio.sleep(max(self._grace_s / 3, 0.1))

    async def _write(self, writing: _Writing, events: AsyncGenerator[AnswerEvent], framer: Framer) -> None:
        """Whatever fails here stays here: the other answers and the server go on, and the place is free."""
        ended = whole = False
        try:
            with writing.scope:
                async for event in events:
                    writing.note(event)
                    # Before it is told: stopped while it is, a whole answer must not be stored as a part.
                    ended = isinstance(event, Completed)
                    await self._log.append(writing.key, framer.frames(event))
                whole = True
        except Exception as error:  # noqa: BLE001 - the stream must say so, whatever it is
            # Stopped, it may fail over the closing of what it read: it was stopped all the same.
            ended = ended or not writing.scope.cancel_called
            if not writing.scope.cancel_called:
                with _contained("was not told that it failed", writing.key):
                    await self._log.append(writing.key, [framer.error(error)])
        finally:
            # Each step has its own time: one that takes too long must not take the next ones with it.
            if not whole:
                with anyio.move_on_after(_CLOSING_S, shield=True), _contained("was not closed", writing.key):
                    # Stopped, we may still have to tell the endpoint that nobody listens any more.
                    await events.aclose()
            if not ended:
                await self._say_that_it_was_stopped(writing, framer)
            with anyio.move_on_after(_CLOSING_S, shield=True), _contained("was not ended", writing.key):
                await self._log.finish(writing.key)
            self._forget(writing)

    async def _say_that_it_was_stopped(self, writing: _Writing, framer: Framer) -> None:
        frames: list[bytes] = []
        with anyio.move_on_after(_CLOSING_S, shield=True), _contained("was not framed", writing.key):
            frames = await self._stopped(writing, framer)
        with anyio.move_on_after(_CLOSING_S, shield=True), _contained("was not told its end", writing.key):
            too_slow = DependencyUnavailable("The answer could not be stored in time.", remedy="Ask again.")
            await self._log.append(writing.key, frames or [framer.error(too_slow)])

    async def _stopped(self, writing: _Writing, framer: Framer) -> list[bytes]:
        answer = writing.so_far()
        try:
            await self._answers.put(answer)
        except Exception as error:  # noqa: BLE001 - as above
            return [framer.error(error)]
        return framer.frames(Completed(answer))

    def _forget(self, writing: _Writing) -> None:
        if writing.grace is not None:
            writing.grace.cancel()
        self._writing.pop(writing.key, None)
        writing.ended.set()


def _too_many() -> Overloaded:
    return Overloaded(
        "Too many answers are being written just now.",
        remedy=f"Ask again in {_RETRY_AFTER_S:g} s.",
        retry_after_s=_RETRY_AFTER_S,
    )


@contextmanager
def _contained(what: str, key: AnswerKey) -> Iterator[None]:
    """An error stays inside and is logged by its kind: its message may hold a learner's words."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - it would end every answer of the process
        _log.error("The answer %s %s: %s", key.answer_id, what, type(error).__qualname__)
