"""Answer events → Server-Sent Events (WHATWG HTML, section 9.2), and the end of both when a client leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import aclosing, suppress
from itertools import count
from typing import TypeVar

import anyio
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from baize.api.encoding import encode
from baize.api.mapping import Mapper, citation_body
from baize.api.problems import problem_of
from baize.api.wire import TextEvent
from baize.domain.chat import (
    AnswerEvent,
    Completed,
    EvidenceFound,
    Refusal,
    Released,
    Started,
    ThinkingDelta,
)

HEARTBEAT_S = 15.0
_CLOSING_S = 1.0
_HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
_PADDING = b": " + b" " * 2048 + b"\n\n"
_T = TypeVar("_T")


class Frames:
    """The frames of one answer, ids behind the first `n_before`. The port `Framer` of `services.live`."""

    def __init__(self, mapper: Mapper, n_before: int = 0) -> None:
        self._mapper = mapper
        self._ids = count(n_before + 1)

    def frames(self, event: AnswerEvent) -> list[bytes]:
        """One event may be several frames: a text and its citations."""
        return [_frame(next(self._ids), name, body) for name, body in _named(event, self._mapper)]

    def error(self, error: Exception) -> bytes:
        """The frame that ends a stream that failed."""
        return _frame(next(self._ids), "error", problem_of(error))


async def padded(content: AsyncGenerator[bytes], *, at_once: bool = False) -> AsyncGenerator[bytes]:
    """The stream behind a comment that is long enough to make buffers on the way give way.

    Args:
        at_once: the comment does not wait for the first chunk, which may take a while; else both go together.
    """
    async with aclosing(content):
        ahead = _PADDING
        if at_once:
            yield ahead
            ahead = b""
        async for chunk in content:
            yield ahead + chunk
            ahead = b""


async def frames(events: AsyncGenerator[AnswerEvent], mapper: Mapper) -> AsyncGenerator[bytes]:
    """Each event framed, ids from 1; the last frame is `done`, or `error` when `events` raised."""
    framer = Frames(mapper)
    try:
        async with aclosing(events):
            async for event in events:
                for frame in framer.frames(event):
                    yield frame
                if isinstance(event, Completed):
                    return
    except Exception as error:  # noqa: BLE001 - the response has begun: whatever it is, the stream must say so
        yield framer.error(error)


def _named(event: AnswerEvent, mapper: Mapper) -> Iterator[tuple[str, BaseModel]]:
    """The wire events of one domain event: a citation comes right behind the text that holds its marker."""
    match event:
        case Started():
            yield "start", mapper.start(event)
        case EvidenceFound():
            yield "evidence", mapper.evidence(event)
        case ThinkingDelta(text):
            yield "thinking", TextEvent(text=text)
        case Released(text, citations):
            yield "delta", TextEvent(text=text)
            for citation in citations:
                yield "citation", citation_body(citation)
        case Refusal():
            yield "refusal", mapper.refusal(event)
        case Completed(answer):
            yield "done", mapper.answer(answer)


def _frame(number: int, name: str, body: BaseModel) -> bytes:
    # `encode` gives one line: a newline inside a text is escaped.
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, name.encode(), encode(body))


class AnswerStream(EventSourceResponse):
    """Sends frames as they come and a comment whenever nothing came for `heartbeat_s`.

    The generator is closed as soon as the client leaves. Starlette alone would notice only when it next
    has something to send (ASGI 2.4), and a slow model may keep it waiting.
    """

    def __init__(
        self,
        content: AsyncGenerator[bytes],
        *,
        heartbeat_s: float = HEARTBEAT_S,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(content, headers=_HEADERS | dict(headers or {}))
        self._content = content
        self._heartbeat_s = heartbeat_s
        self._turn = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        await while_connected(receive, lambda: self.stream_response(send))

    async def stream_response(self, send: Send) -> None:
        """The whole response, its pauses filled."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        heartbeat = _Heartbeat(self._heartbeat_s, lambda: self._tell(send, KEEPALIVE_COMMENT))
        try:
            await self._pass_on(send, heartbeat)
        finally:
            await heartbeat.stop()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pass_on(self, send: Send, heartbeat: _Heartbeat) -> None:
        whole = False
        try:
            async for frame in self._content:
                await self._tell(send, frame)
                heartbeat.told()
            whole = True
        finally:
            if not whole:
                # Cancelled, we may still have to tell the endpoint that nobody listens any more.
                with anyio.move_on_after(_CLOSING_S, shield=True):
                    await self._content.aclose()

    async def _tell(self, send: Send, chunk: bytes) -> None:
        async with self._turn:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})


class _Heartbeat:
    """Beats whenever a stream was silent for so long. By a timer: a task costs as much as some events do."""

    def __init__(self, every_s: float, beat: Callable[[], Coroutine[None, None, None]]) -> None:
        self._every_s = every_s
        self._beat = beat
        self._loop = asyncio.get_running_loop()
        self._told_at = self._loop.time()
        self._timer = self._loop.call_later(every_s, self._look)
        self._beating: asyncio.Task[None] | None = None

    def told(self) -> None:
        """The stream said something."""
        self._told_at = self._loop.time()

    async def stop(self) -> None:
        """No beat comes after this."""
        self._timer.cancel()
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.wait([self._beating])

    async def _once(self) -> None:
        # A client that is gone is noticed by the stream itself.
        with suppress(OSError):
            await self._beat()

    def _look(self) -> None:
        if self._loop.time() >= self._told_at + self._every_s:
            # A client that takes nothing is not told more and more.
            if self._beating is None or self._beating.done():
                self._beating = self._loop.create_task(self._once())
            self.told()
        self._timer = self._loop.call_at(self._told_at + self._every_s, self._look)


async def while_connected(receive: Receive, work: Callable[[], Awaitable[_T]]) -> _T | None:
    """The result of `work`, or None when the client left first: then the work is cancelled at once.

    A connection that cannot be heard is gone, too.
    """
    with anyio.CancelScope() as scope:
        # A plain task: out of a task group what the work raises would come as a group.
        watching = asyncio.get_running_loop().create_task(_cancel_when_gone(receive, scope))
        try:
            return await work()
        finally:
            watching.cancel()
    return None


async def _cancel_when_gone(receive: Receive, work: anyio.CancelScope) -> None:
    try:
        while (await receive())["type"] != "http.disconnect":
            pass
    finally:
        # Behind the end of the work this does nothing. A failure is told to nobody: the task is cancelled.
        work.cancel()
