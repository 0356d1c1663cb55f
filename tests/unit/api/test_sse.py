"""What a stream begins with, whether its first event is at hand or not; what is left of one that breaks."""

import asyncio
import gc
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from baize.api.sse import AnswerStream, padded, while_connected


async def _said(*frames: bytes) -> AsyncGenerator[bytes]:
    for frame in frames:
        yield frame


@pytest.mark.parametrize(("at_once", "n_writes"), [(False, 2), (True, 3)])
@pytest.mark.anyio
async def test_the_bytes_are_the_same_however_many_writes_they_take(at_once: bool, n_writes: int) -> None:
    written = [part async for part in padded(_said(b"id: 1\n\n", b"id: 2\n\n"), at_once=at_once)]

    assert len(written) == n_writes
    assert len(written[0]) > 2048
    whole = b"".join(written)
    assert whole.startswith(b": ")
    assert whole.lstrip(b": \n") == b"id: 1\n\nid: 2\n\n"


@pytest.fixture
async def unhandled() -> AsyncGenerator[list[dict[str, Any]]]:
    """What the loop is told of failures that nobody took."""
    told: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: told.append(context))
    yield told
    loop.set_exception_handler(None)


async def _left(before: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """Tasks that were not there before, once cancelled ones have had their turn."""
    for _ in range(3):
        await asyncio.sleep(0)
    gc.collect()
    return asyncio.all_tasks() - before


@pytest.mark.anyio
async def test_a_connection_that_cannot_be_heard_is_gone(unhandled: list[dict[str, Any]]) -> None:
    """The work is cancelled, as where the client says that it leaves; nothing is left of it."""
    ended: list[str] = []

    async def broken() -> dict[str, Any]:
        await asyncio.sleep(0)
        raise OSError("the connection is reset")

    async def work() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return "done"

    before = asyncio.all_tasks()
    assert await while_connected(broken, work) is None
    assert ended == ["cancelled"]
    assert await _left(before) == set()
    assert unhandled == []


@pytest.mark.anyio
async def test_who_is_answered_is_listened_to_no_longer(unhandled: list[dict[str, Any]]) -> None:
    async def silent() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def work() -> str:
        await asyncio.sleep(0)
        return "done"

    before = asyncio.all_tasks()
    assert await while_connected(silent, work) == "done"
    assert await _left(before) == set()
    assert unhandled == []


@pytest.mark.anyio
async def test_a_stream_whose_connection_breaks_is_closed(unhandled: list[dict[str, Any]]) -> None:
    """Its generator too, which may hold an endpoint's call."""
    sent: list[dict[str, Any]] = []
    closed: list[bool] = []

    async def frames() -> AsyncGenerator[bytes]:
        try:
            yield b"id: 1\n\n"
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    begun = asyncio.Event()

    async def broken() -> dict[str, Any]:
        await begun.wait()
        raise RuntimeError("the server's own")

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) == 2:
            begun.set()

    before = asyncio.all_tasks()
    await AnswerStream(frames())({"type": "http"}, broken, send)
    assert closed == [True]
    assert [one.get("body") for one in sent] == [None, b"id: 1\n\n"]
    assert await _left(before) == set()
    assert unhandled == []
