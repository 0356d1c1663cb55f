"""Reads one streamed reply in the background of whoever consumes it, who is woken only where there is cause.

Nothing in Bai Ze acts on a single token: a learner is shown whole sentences. Handing each token through the
layers above costs more than to read it, so text is handed on in pieces that end where a sentence may.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from baize.adapters.openai_reply import EventLines, OpenAIReply
from baize.domain.chat import TextDelta, ThinkingDelta
from baize.errors import UpstreamBusy

if TYPE_CHECKING:
    import aiohttp

_JOINT = re.compile(r"[。！？!?…；.\n\]】］]")
_MAY_GO_ON = re.compile(r"[。！？!?；.\]】］]\s*\Z")
_PAUSE_S = 0.02
_MOST_WAITING = 1 << 18
"""Characters that wait for a slow consumer; beyond them nothing is read."""


class Incoming:
    """The events of one response. Made inside a running loop; `close` it whatever happened.

    Args:
        first_by: until when the first token may take, on the loop's clock.
        silence_s: how long any other may take.
        deadline: of the whole call.
        too_silent: makes the error for an endpoint that was hung up on.
    """

    def __init__(
        self,
        body: aiohttp.ClientResponse,
        reply: OpenAIReply,
        *,
        first_by: float,
        silence_s: float,
        deadline: float,
        too_silent: UpstreamBusy,
    ) -> None:
        self._body = body
        self._reply = reply
        self._silence_s = silence_s
        self._limit = first_by
        self._deadline = deadline
        self._too_silent = too_silent
        self._was_silent = False
        self._reading = True
        self._events: list[TextDelta | ThinkingDelta] = []
        self._text: list[str] = []
        self._n_waiting = 0
        self._started = False
        self._ended = False
        self._failure: Exception | None = None
        self._loop = asyncio.get_running_loop()
        self._wanted: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._timer = self._loop.call_at(first_by, self._look)
        self._task = self._loop.create_task(self._read())

    async def next(self) -> list[TextDelta | ThinkingDelta]:
        """What came, as soon as there is cause to look at it; nothing at the end.

        Raises:
            UpstreamBusy, and what aiohttp raises: behind the events that came before.
        """
        while not self._events:
            if self._ended:
                if self._failure is not None:
                    raise self._failure
                return []
            self._wanted = self._loop.create_future()
            try:
                await self._wanted
            finally:
                self._wanted = None
        events, self._events, self._n_waiting = self._events, [], 0
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        return events

    def close(self) -> None:
        """Hang up, unless the response was read to its end."""
        self._timer.cancel()
        self._no_pause()
        self._task.cancel()
        self._body.close()

    async def _read(self) -> None:
        lines, readany, reply = EventLines(), self._body.content.readany, self._reply
        try:
            while not reply.done and (part := await readany()):
                self._take(lines.feed(part))
                if self._n_waiting > _MOST_WAITING:
                    await self._until_taken()
            self._take(lines.flush())
        except Exception as failure:  # noqa: BLE001 - raised again in `next`, to whoever waits for the reply
            self._failure = self._too_silent if self._was_silent else failure
        finally:
            self._ended = True
            self._timer.cancel()
            self._no_pause()
            self._flush_text()
            self._wake()

    def _take(self, whole: list[bytes]) -> None:
        due = progressed = False
        for data in whole:
            for event in self._reply.read(data):
                progressed = True
                if isinstance(event, TextDelta):
                    self._text.append(event.text)
                    self._n_waiting += len(event.text)
                    if not self._started:
                        # The first shows that there is an answer: it is not held for what is behind it.
                        self._started = True
                        self._flush_text()
                    due = due or _JOINT.search(event.text) is not None
                else:
                    self._flush_text()
                    self._events.append(event)
                    self._n_waiting += len(event.text)
        if not progressed:
            return
        # How long the consumer takes is not the endpoint's silence: only what is read counts.
        self._limit = min(self._deadline, self._loop.time() + self._silence_s)
        self._no_pause()
        if due:
            if self._text and _MAY_GO_ON.search(self._text[-1]):
                self._pause = self._loop.call_later(_PAUSE_S, self._paused)
            self._flush_text()
        if self._events:
            self._wake()

    async def _until_taken(self) -> None:
        self._flush_text()
        self._wake()
        self._reading, self._room = False, self._loop.create_future()
        await self._room
        self._reading, self._room = True, None
        self._limit = min(self._deadline, self._loop.time() + self._silence_s)

    def _flush_text(self) -> None:
        if self._text:
            self._events.append(TextDelta("".join(self._text)))
            self._text.clear()

    def _wake(self) -> None:
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_result(None)

    def _paused(self) -> None:
        self._pause = None
        self._events.append(TextDelta(""))
        self._wake()

    def _no_pause(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def _look(self) -> None:
        """One timer a call instead of one a token."""
        now = self._loop.time()
        if self._reading and now >= self._limit:
            self._was_silent = True
            # Ends the read that waits.
            self._body.close()
            return
        self._timer = self._loop.call_at(max(self._limit, now + 0.05), self._look)
