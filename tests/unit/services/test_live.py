"""Answers that are being written: whatever fails, they end, their places are free and the others go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

import anyio
import pytest

from baize.adapters.event_log_memory import MemoryEventLog
from baize.domain.chat import Answer, AnswerEvent, Citation, Completed, Released, Sampling, Started, Turn
from baize.domain.cost import Used
from baize.domain.live import AnswerKey, LogHead
from baize.domain.locator import TimeSpan
from baize.domain.search import Query, Scope
from baize.errors import AnswerLost, DependencyUnavailable, Overloaded
from baize.services import live as services_live
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


def live(
    log: MemoryEventLog | None = None, answers: MemoryAnswers | None = None, grace_s: float = 60
) -> Live:
    return Live(
        log=log or MemoryEventLog(keep_s=60), answers=answers or MemoryAnswers(), grace_s=grace_s, max_live=1
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


# Who reads, here and elsewhere


async def until_free(found: Live) -> None:
    with anyio.fail_after(60):
        while found.n_live:  # noqa: ASYNC110 - it ends by itself
            await asyncio.sleep(0.01)


async def test_an_answer_that_nobody_begins_to_read_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client hung up before its first byte: no slot is held for it."""
    monkeypatch.setattr(services_live, "_FIRST_READER_S", 0.05)
    answers = MemoryAnswers()
    found = live(answers=answers, grace_s=0.05)
    async with found.running():
        await found.start(prepared(), endless(), Words())
        await until_free(found)
    stored = await answers.get("p", "a1")
    assert stored is not None
    assert (stored.stopped, stored.text, stored.usage.finish_reason) == (True, "一", "stopped")


async def test_what_is_read_goes_on_for_as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many times the grace, be it read here, or elsewhere by a process that says so."""
    monkeypatch.setattr(services_live, "_FIRST_READER_S", 0.05)
    for elsewhere in (False, True):
        log = MemoryEventLog(keep_s=60)
        found = live(log, grace_s=0.45)
        reading = live(log, grace_s=0.45) if elsewhere else found

        async def long() -> AsyncGenerator[AnswerEvent]:
            yield Released("一")
            await anyio.sleep(2.5)
            yield Completed(Answer("a1", "p", "c1", "问", "zh", "m", "p", "一"))

        async with found.running():
            key = await found.start(prepared(), long(), Words())
            assert (await all_of(reading, key))[-1].endswith(DONE)


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "elsewhere"])
async def test_when_the_last_reader_has_left_the_grace_begins(elsewhere: bool) -> None:
    """Also where another process told that it was being read: it must stop telling."""
    log, answers = MemoryEventLog(keep_s=60), MemoryAnswers()
    found = live(log, answers, grace_s=0.3)
    reading = live(log, grace_s=0.3) if elsewhere else found
    async with found.running():
        key = await found.start(prepared(), endless(), Words())
        async with aclosing(reading.read(key)) as frames:
            assert await anext(frames) == "一".encode()
            await anyio.sleep(0.15)
            assert found.n_live == 1
        await until_free(found)
    stored = await answers.get("p", "a1")
    assert stored is not None
    assert stored.stopped


async def test_what_was_cited_until_then_is_kept_with_its_learner() -> None:
    """A stopped answer is somebody's, and its markers lead somewhere."""
    cited = Citation(1, "一", "chunk", "c", "l", "t", TimeSpan(0, 1), "一", 1.0)

    async def events() -> AsyncGenerator[AnswerEvent]:
        yield Started("a1", "c1", "zh", "model", "prompt", False)
        yield Released("一[1]", (cited,))
        await anyio.sleep_forever()

    answers = MemoryAnswers()
    found = live(answers=answers)
    async with found.running():
        key = await found.start(replace(prepared(), learner_id="lin"), events(), Words())
        await anyio.sleep(0.05)
        await found.stop(key)
        await until_free(found)
    stored = await answers.get("p", "a1")
    assert stored is not None
    assert (stored.learner_id, stored.model, stored.prompt) == ("lin", "model", "prompt")
    assert (stored.text, stored.citations) == ("一[1]", (cited,))


async def test_a_stop_and_a_deletion_reach_whoever_writes_or_keeps_it() -> None:
    """They are asked of a process that does not."""
    log = MemoryEventLog(keep_s=60)
    found, other = live(log), live(log)
    async with found.running():
        key = await found.start(prepared(), endless(), Words())
        await anyio.sleep(0.05)
        await other.stop(key)
        await until_free(found)
        assert await found.head(key) is not None
        # As another process does that has no copy of its own.
        await log.signal(key, "forget")
        with anyio.fail_after(60):
            while await found.head(key) is not None:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
    await other.forget(key)
    assert log.waiting_signals() == [(key, "forget")]


class WithoutWriter(MemoryEventLog):
    """The process that wrote is gone, and its lease with it."""

    async def read(self, key: AnswerKey, after: int) -> AsyncGenerator[Sequence[bytes]]:
        n = after
        async for frames in super().read(key, after):
            n += len(frames)
            yield frames
            if not (await self.head(key) or LogHead(key, "")).finished:
                raise AnswerLost("The writer is gone.", n_events=n)


async def test_an_answer_whose_writer_is_gone_ends_for_all_readers_alike() -> None:
    """The first who notices says so, and whoever comes later reads the same bytes."""
    log = WithoutWriter(keep_s=60)
    key = AnswerKey("p", "a1")
    await log.begin(key, "")
    await log.append(key, [b"one", b"two"])
    n_known: list[int] = []

    def framer(n_before: int) -> Words:
        n_known.append(n_before)
        return Words()

    first = [frame async for frame in live(log).read(key, 0, framer)]
    assert first == [b"onetwo", b"error AnswerLost"]
    assert n_known == [2]
    assert b"".join([frame async for frame in live(log).read(key, 0, framer)]) == b"".join(first)
