"""What every `EventLog` promises: in memory and over a real Redis."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing

import anyio
import pytest

from baize.adapters.event_log_memory import MemoryEventLog
from baize.adapters.event_log_redis import RedisEventLog
from baize.domain.live import AnswerKey
from baize.errors import AnswerLost, DependencyUnavailable
from baize.ports import EventLog
from tests.servers.redis_server import RedisServer

pytestmark = pytest.mark.anyio

FRAMES = [f"id: {n}\ndata: 第{n}句 \r {'x' * n}\n\n".encode() for n in range(1, 41)]


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One for all tests here; each uses a key of its own."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def key() -> AnswerKey:
    return AnswerKey("p1", str(uuid.uuid4()))


@pytest.fixture(params=["memory", "redis"])
async def log(request: pytest.FixtureRequest) -> AsyncIterator[EventLog]:
    if request.param == "memory":
        made: EventLog = MemoryEventLog(keep_s=600)
    else:
        made = RedisEventLog(request.getfixturevalue("redis_server").url, keep_s=600)
    yield made
    await made.close()


@pytest.fixture(params=["same process", "another replica"])
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[tuple[EventLog, EventLog]]:
    """Where an answer is written, and where it is read."""
    url = request.getfixturevalue("redis_server").url
    writer = RedisEventLog(url, keep_s=600)
    reader = writer if request.param == "same process" else RedisEventLog(url, keep_s=600)
    yield writer, reader
    await writer.close()
    await reader.close()


async def everything(log: EventLog, key: AnswerKey, after: int = 0) -> list[bytes]:
    with anyio.fail_after(60):
        return [frame async for frames in log.read(key, after) for frame in frames]


async def write(
    log: EventLog, key: AnswerKey, frames: Sequence[bytes] = FRAMES, *, pause_s: float = 0.0
) -> None:
    await log.begin(key, "lin")
    for n in range(0, len(frames), 3):
        await log.append(key, frames[n : n + 3])
        await asyncio.sleep(pause_s)
    await log.finish(key)


@pytest.mark.parametrize("after", [0, 1, 17, 39, 40, 99])
async def test_a_finished_log_is_read_from_any_point(log: EventLog, key: AnswerKey, after: int) -> None:
    """Byte for byte; nothing behind the end."""
    await write(log, key)
    assert await everything(log, key, after) == FRAMES[after:]


async def test_readers_follow_a_writer(log: EventLog, key: AnswerKey) -> None:
    """Several at once, each from its own point, each event once and in order."""
    await log.begin(key, "lin")

    async def writing() -> None:
        for frame in FRAMES:
            await log.append(key, [frame])
            await asyncio.sleep(0.001)
        await log.finish(key)

    found = await asyncio.gather(*(everything(log, key, after) for after in (0, 0, 5)), writing())
    assert found[:3] == [FRAMES, FRAMES, FRAMES[5:]]


async def test_the_head_knows_owner_and_length(log: EventLog, key: AnswerKey) -> None:
    """Before the first event, in the middle and at the end; None for an unknown one."""
    assert await log.head(key) is None
    await log.begin(key, "lin")
    head = await log.head(key)
    assert head is not None
    assert (head.learner_id, head.n_events, head.finished) == ("lin", 0, False)
    await log.append(key, FRAMES[:7])
    await log.finish(key)
    head = await log.head(key)
    assert head is not None
    assert (head.n_events, head.finished) == (7, True)


async def test_an_answer_without_events_ends(log: EventLog, key: AnswerKey) -> None:
    """Its readers do not wait for ever."""
    await log.begin(key, "")
    await log.finish(key)
    assert await everything(log, key) == []


async def test_a_reader_who_claims_to_know_more_does_not_wait_for_ever(log: EventLog, key: AnswerKey) -> None:
    """`Last-Event-ID` is the caller's word; once the answer has ended, nothing comes behind it."""
    await log.begin(key, "")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write_after, log, key, 0.1)
        with anyio.fail_after(60):
            assert await everything(log, key, 100_000) == []


async def write_after(log: EventLog, key: AnswerKey, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await log.append(key, FRAMES[:2])
    await log.finish(key)


async def test_what_is_forgotten_is_gone_once_it_is_finished(log: EventLog, key: AnswerKey) -> None:
    """What is being written stays until then; forgetting nothing is no failure."""
    await log.forget(key)
    await log.begin(key, "lin")
    await log.append(key, FRAMES[:2])
    await log.forget(key)
    assert await log.head(key) is not None
    await log.finish(key)
    await log.forget(key)
    assert await log.head(key) is None
    assert await everything(log, key) == []


async def test_a_log_is_ended_for_its_writer_once(
    log: EventLog, redis_server: RedisServer, key: AnswerKey
) -> None:
    """By whoever comes first, behind what there is; a log that is longer, or has ended, is left alone."""
    await log.begin(key, "lin")
    await log.append(key, FRAMES[:3])
    reader = log if isinstance(log, MemoryEventLog) else RedisEventLog(redis_server.url, keep_s=600)
    await reader.close_lost(key, 2, b"wrong")
    head = await reader.head(key)
    assert head is not None
    assert (head.n_events, head.finished) == (3, False)
    await reader.close_lost(key, 3, FRAMES[3])
    await reader.close_lost(key, 3, b"late")
    assert await everything(reader, key) == FRAMES[:4]
    none = AnswerKey("p1", "none")
    await reader.close_lost(none, 0, b"nothing")
    assert await reader.head(none) is None
    await reader.close()


async def test_readers_elsewhere_are_told_that_the_writer_is_gone(
    redis_server: RedisServer, key: AnswerKey
) -> None:
    """They get what was written, then an error; the log can be ended with it, and reads like any other."""
    writer = RedisEventLog(redis_server.url, keep_s=600, alive_s=0.4)
    reader = RedisEventLog(redis_server.url, keep_s=600, alive_s=0.4)
    await writer.begin(key, "lin")
    await writer.append(key, FRAMES[:3])
    await writer.close()
    read = reader.read(key, 0)
    assert list(await anext(read)) == FRAMES[:3]
    with anyio.fail_after(60), pytest.raises(AnswerLost) as lost:
        await anext(read)
    assert lost.value.n_events == 3
    await reader.close_lost(key, 3, FRAMES[3])
    await reader.close_lost(key, 3, b"late")
    assert await everything(reader, key) == FRAMES[:4]
    head = await reader.head(key)
    assert head is not None
    assert (head.n_events, head.finished) == (4, True)
    await reader.close()


async def test_one_platform_does_not_see_anothers(log: EventLog, key: AnswerKey) -> None:
    """The same answer id elsewhere is another answer."""
    await write(log, key)
    other = AnswerKey("p2", key.answer_id)
    assert await log.head(other) is None
    assert await everything(log, other) == []


async def test_signals_arrive(log: EventLog, key: AnswerKey) -> None:
    """What one says, the listener hears, in order."""
    heard: list[object] = []

    async def listen() -> None:
        async with aclosing(log.signals()) as signals:
            async for found_key, word in signals:
                if found_key == key:
                    heard.append(word)
                if len(heard) == 2:
                    return

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            await anyio.sleep(0.2)
            await log.signal(key, "heard")
            await log.signal(key, "stop")
    assert heard == ["heard", "stop"]


async def test_a_finished_log_goes_after_a_while(key: AnswerKey) -> None:
    """Memory does not grow with every answer."""
    now = 0.0
    log = MemoryEventLog(keep_s=600, monotonic=lambda: now)
    await write(log, key)
    now = 599.0
    assert await log.head(key) is not None
    now = 600.0
    assert await log.head(key) is None


# ---------------------------------------------------------------------------------------------------- Redis


@pytest.mark.parametrize("after", [0, 11])
async def test_another_replica_reads_the_same_bytes(
    pair: tuple[EventLog, EventLog], key: AnswerKey, after: int
) -> None:
    """While it is written and when it is finished."""
    writer, reader = pair
    writing = asyncio.create_task(write(writer, key, pause_s=0.002))
    await asyncio.sleep(0.02)
    assert await everything(reader, key, after) == FRAMES[after:]
    await writing
    assert await everything(reader, key, after) == FRAMES[after:]
    head = await reader.head(key)
    assert head is not None
    assert (head.learner_id, head.n_events, head.finished) == ("lin", 40, True)


async def test_an_answer_goes_on_while_redis_is_away(
    tmp_path_factory: pytest.TempPathFactory, key: AnswerKey
) -> None:
    """Its own readers lose nothing; when Redis is back, another replica gets the whole of it."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        writer, reader = RedisEventLog(server.url, keep_s=600), RedisEventLog(server.url, keep_s=600)
        listening = asyncio.create_task(_listen(writer))
        await asyncio.sleep(0.2)
        await writer.begin(key, "lin")
        await writer.append(key, FRAMES[:5])
        own = asyncio.create_task(everything(writer, key))
        server.kill()
        await writer.append(key, FRAMES[5:20])
        with pytest.raises(DependencyUnavailable):
            await reader.head(key)
        server.start()
        with anyio.fail_after(60):
            while await reader.head(key) is None:  # noqa: ASYNC110 - another process decides
                await asyncio.sleep(0.1)
        await writer.append(key, FRAMES[20:])
        await writer.finish(key)
        assert await own == FRAMES
        assert await everything(reader, key) == FRAMES
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await writer.close()
        await reader.close()


async def test_one_write_that_failed_does_not_part_the_replicas(
    redis_server: RedisServer, key: AnswerKey
) -> None:
    """The connection that listens lives on, so only the writer itself can notice that all is well."""
    writer, reader = RedisEventLog(redis_server.url, keep_s=600), RedisEventLog(redis_server.url, keep_s=600)
    listening = asyncio.create_task(_listen(writer))
    await asyncio.sleep(0.2)
    writer._note(TimeoutError())
    await write(writer, key)
    with anyio.fail_after(60):
        while (head := await reader.head(key)) is None or not head.finished:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.1)
    assert await everything(reader, key) == FRAMES
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await writer.close()
    await reader.close()


async def _listen(log: EventLog) -> None:
    """What `Live` does all the time; it is also how an event log notices that Redis is back."""
    async with aclosing(log.signals()) as signals:
        async for _ in signals:
            pass


async def test_the_logs_of_a_learner_are_found(pair: tuple[EventLog, EventLog]) -> None:
    """Written and finished ones, from every replica; nobody else's, and no other platform's."""
    writer, reader = pair
    platform, learner = f"p[{uuid.uuid4()}]*", "奶奶"
    going, ended = AnswerKey(platform, "a:1"), AnswerKey(platform, "a2")
    for key in (going, ended):
        await writer.begin(key, learner)
    await writer.finish(ended)
    await writer.begin(AnswerKey(platform, "a3"), "other")
    await writer.begin(AnswerKey("q", "a4"), learner)
    assert set(await reader.of_learner(platform, learner)) == {going, ended}
    assert await reader.of_learner(platform, "nobody") == []
