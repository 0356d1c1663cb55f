"""Answers that are being written: whatever fails, they end, their places are free and the others go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

import anyio
import pytest

from baize.adapters.event_log_memory import MemoryEventLog
from baize.domain.chat import Answer, AnswerEvent, Completed, Released, Sampling, Turn
from baize.domain.cost import Used
from baize.domain.live import AnswerKey
from baize.domain.search import Query, Scope
from baize.errors import DependencyUnavailable, Overloaded
from baize.services.answer import Prepared
from baize.services.live import Live
from baize.testing.memory_answers import MemoryAnswers

pytestmark = pytest.mark.anyio

DONE = b"done"


class Words:
    """Frames that a test can read."""

    def frames(self, event: AnswerEvent) -> list[bytes]:
        match event:
            case Released(text):
                return [text.encode()]
            case Completed(answer):
                return [b"stopped" if answer.stopped else DONE]
        return []

    def error(self, error: Exception) -> bytes:
        return f"error {type(error).__name__}".encode()


class SlowAnswers(MemoryAnswers):
    """A database whose lock somebody else holds."""

    async def put(self, answer: Answer, used: Used | None = None) -> None:
        await anyio.sleep_forever()


class FailingLog(MemoryEventLog):
    """Fails as often as it is told to."""

    def __init__(self) -> None:
        super().__init__(keep_s=60)
        self.n_failures = 0

    async def begin(self, key: AnswerKey, learner_id: str) -> None:
        self._fail()
        await super().begin(key, learner_id)

    async def append(self, key: AnswerKey, frames: Sequence[bytes]) -> None:
        self._fail()
        await super().append(key, frames)

    def _fail(self) -> None:
        if self.n_failures:
            self.n_failures -= 1
            raise DependencyUnavailable("away", remedy="Start it.")


class SlowToTell(MemoryEventLog):
    """As with Redis: who reads here has a frame before its copy is written."""

    async def append(self, key: AnswerKey, frames: Sequence[bytes]) -> None:
        await super().append(key, frames)
        if DONE in frames:
            await anyio.sleep_forever()


def prepared(answer_id: str = "a1") -> Prepared:
    turn = Turn(Query("问", "问", "zh", ()), (), None, (), Sampling())
    return Prepared(answer_id, "c1", Scope("p"), turn, (), covered=True)


async def endless() -> AsyncGenerator[AnswerEvent]:
    yield Released("一")
    await anyio.sleep_forever()


async def whole() -> AsyncGenerator[AnswerEvent]:
    yield Released("一")
    yield Completed(Answer("a1", "p", "c1", "问", "zh", "m", "p", "一"))


async def unwilling() -> AsyncGenerator[AnswerEvent]:
    try:
        yield Released("一")
        await anyio.sleep_forever()
    finally:
        raise OSError("the connection broke while it was closed")


def live(log: MemoryEventLog | None = None, answers: MemoryAnswers | None = None) -> Live:
    return Live(
        log=log or MemoryEventLog(keep_s=60), answers=answers or MemoryAnswers(), grace_s=60, max_live=1
    )


async def all_of(found: Live, key: AnswerKey) -> list[bytes]:
    with anyio.fail_after(60):
        return [frame async for frame in found.read(key)]


async def test_a_stopped_answer_ends_though_the_database_is_busy() -> None:
    """Its reader hears so, instead of heartbeats for ever."""
    found = live(answers=SlowAnswers())
    async with found.running():
        key = await found.start(prepared(), endless(), Words())
        await anyio.sleep(0.05)
        await found.stop(key)
        frames = await all_of(found, key)
    assert frames[-1].endswith(b"error DependencyUnavailable")
    assert found.n_live == 0


async def test_an_endpoint_that_cannot_be_closed_costs_no_place() -> None:
    """And no other answer: they share a task group."""
    found = live()
    async with found.running():
        key = await found.start(prepared(), unwilling(), Words())
        await anyio.sleep(0.05)
        await found.stop(key)
        assert (await all_of(found, key))[-1].endswith(b"stopped")
        key = await found.start(prepared("a2"), whole(), Words())
        assert (await all_of(found, key))[-1].endswith(DONE)
    assert found.n_live == 0


@pytest.mark.parametrize("n_failures", [1, 2])
async def test_a_log_that_fails_costs_no_place(n_failures: int) -> None:
    """Once while an event is told, and once more while the failure is."""
    log = FailingLog()
    found = live(log)
    async with found.running():
        key = await found.start(prepared(), whole(), Words())
        log.n_failures = n_failures
        frames = await all_of(found, key)
        assert frames == ([b"error DependencyUnavailable"] if n_failures == 1 else [])
        with anyio.fail_after(60):
            while found.n_live:  # noqa: ASYNC110 - it ends by itself
                await asyncio.sleep(0.01)


async def test_an_answer_that_cannot_begin_costs_no_place() -> None:
    """The next one is written."""
    log = FailingLog()
    log.n_failures = 1
    found = live(log)
    async with found.running():
        with pytest.raises(DependencyUnavailable):
            await found.start(prepared(), whole(), Words())
        key = await found.start(prepared(), whole(), Words())
        assert (await all_of(found, key))[-1].endswith(DONE)


async def test_a_whole_answer_is_not_stored_again_as_a_stopped_one() -> None:
    """Stopped while its last event is being told."""
    answers = MemoryAnswers()
    found = live(SlowToTell(keep_s=60), answers)
    async with found.running():
        key = await found.start(prepared(), whole(), Words())
        await anyio.sleep(0.05)
        await found.stop(key)
        assert (await all_of(found, key))[-1].endswith(DONE)
    assert await answers.get("p", "a1") is None


async def test_a_full_house_is_said() -> None:
    """The events of the one that is refused are closed."""
    found = live()
    async with found.running():
        await found.start(prepared(), endless(), Words())
        with pytest.raises(Overloaded):
            await found.start(prepared("a2"), endless(), Words())


async def test_whole_answers_and_streams_share_the_places() -> None:
    """Leaving out `Accept` is no way around the limit; a place is free again, whatever happened."""
    found = live()
    async with found.running():
        with found.place():
            with pytest.raises(Overloaded):
                await found.start(prepared(), endless(), Words())
            with pytest.raises(Overloaded), found.place():
                pass
        with pytest.raises(RuntimeError), found.place():
            raise RuntimeError
        key = await found.start(prepared(), whole(), Words())
        with pytest.raises(Overloaded), found.place():
            pass
        assert (await all_of(found, key))[-1].endswith(DONE)
