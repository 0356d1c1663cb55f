"""Reads the streamed replies of many calls in rounds; wakes whoever consumes one only where there is cause.

Nothing in Bai Ze acts on a single token: a learner is shown whole sentences, and only those that are cited.
To wake a task for each token costs more than to read it. So one timer looks at all replies, takes what has
come, and hands text on in pieces that hold a marker and end where its sentence may.
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
_MARKER_END = re.compile(r"[\]】］]")
_MAY_GO_ON = re.compile(r"[。！？!?；.\]】］]\s*\Z")
_WHOLE = re.compile(r"[。！？!?…；.\n]\W*(?:[\[【［][\d\s,，、]*[\]】］]\s*)*\Z")
"""The end of a sentence, its markers behind it."""
_ROUND_S = 0.025
_MOST_WAITING = 1 << 18
"""Characters that wait, for a marker or a slow consumer; beyond them all are handed on, none is read."""


class Rounds:
    """The replies that come in just now, each looked at every 25 ms. For one event loop at a time."""

    def __init__(self) -> None:
        self._incoming: set[Incoming] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, incoming: Incoming) -> None:
        """Look at this one too, from now on."""
        if (loop := asyncio.get_running_loop()) is not self._loop:
            self._loop, self._timer = loop, None
            self._incoming.clear()
        self._incoming.add(incoming)
        if self._timer is None:
            self._timer = loop.call_later(_ROUND_S, self._go)

    def discard(self, incoming: Incoming) -> None:
        """Look at this one no longer; where none is left, nothing runs."""
        self._incoming.discard(incoming)
        if not self._incoming and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _go(self) -> None:
        loop = asyncio.get_running_loop()
        # A round that took long must not be followed by the next one at once.
        self._timer = loop.call_later(_ROUND_S, self._go)
        now = loop.time()
        for incoming in tuple(self._incoming):
            incoming.look(now)


class Incoming:
    """The events of one response. Made inside a running loop; `close` it whatever happened.

    Args:
        first_by: until when the first token may take, on the loop's clock.
        silence_s: how long any other may take.
        deadline: of the whole call.
        too_silent: the error for an endpoint that was hung up on.
    """

    def __init__(
        self,
        rounds: Rounds,
        body: aiohttp.ClientResponse,
        reply: OpenAIReply,
        *,
        first_by: float,
        silence_s: float,
        deadline: float,
        too_silent: UpstreamBusy,
    ) -> None:
        self._rounds = rounds
        self._body = body
        self._content = body.content
        # After each read below this mark aiohttp goes on from a pause, whether there was one or not, and that
        # costs as much as the read. `_look` goes on where there was one.
        self._content._low_water = 0
        self._reply = reply
        self._silence_s = silence_s
        self._limit = first_by
        self._deadline = deadline
        self._too_silent = too_silent
        self._lines = EventLines()
        self._n_read = 0
        self._events: list[TextDelta | ThinkingDelta] = []
        self._text: list[str] = []
        self._n_waiting = 0
        self._started = False
        self._is_cited = False
        self._is_due = False
        self._ended = False
        self._failure: Exception | None = None
        self._loop = asyncio.get_running_loop()
        self._wanted: asyncio.Future[None] | None = None
        rounds.add(self)
        self._content.on_eof(self._on_eof)

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
        return events

    def close(self) -> None:
        """Hang up, unless the response was read to its end. What is told behind this is not looked at."""
        self._ended = True
        self._rounds.discard(self)
        self._body.close()

    def look(self, now: float) -> None:
        """Take what has come; tell of a pause, of the end, of a failure."""
        if self._n_waiting > _MOST_WAITING:
            self._flush_text()
            self._wake()
            # How long the consumer takes is not the endpoint's silence.
            self._limit = min(self._deadline, now + self._silence_s)
            return
        try:
            self._look(now)
        except Exception as failure:  # noqa: BLE001 - raised again in `next`, to whoever waits for the reply
            self._failure = failure
            self._end()

    def _on_eof(self) -> None:
        """Nothing follows that a round could gather. Not from within the parser, which is still at work."""
        self._loop.call_soon(self._at_end)

    def _at_end(self) -> None:
        if not self._ended:
            self.look(self._loop.time())

    def _look(self, now: float) -> None:
        content = self._content
        if content.total_bytes > self._n_read:
            # Not `read_nowait`, which keeps back what came before a connection broke: it may be the end.
            part = content._read_nowait(-1)
            if content._protocol._reading_paused:
                content._protocol.resume_reading()
            self._n_read += len(part)
            self._take(self._lines.feed(part), now)
            if self._reply.done:
                self._end()
        elif content.is_eof():
            self._take(self._lines.flush(), now)
            self._end()
        elif (lost := content.exception()) is not None:
            raise lost
        elif self._is_due:
            self._is_due = False
            self._flush_text()
            self._events.append(TextDelta(""))
            self._wake()
        if now >= self._limit and not self._ended:
            raise self._too_silent

    def _take(self, whole: list[bytes], now: float) -> None:
        progressed = may_end = False
        for data in whole:
            for event in self._reply.read(data):
                progressed = True
                if isinstance(event, TextDelta):
                    may_end = self._hold(event.text) or may_end
                else:
                    self._flush_text()
                    self._events.append(event)
                    self._n_waiting += len(event.text)
        if not progressed:
            return
        self._limit = min(self._deadline, now + self._silence_s)
        goes_on = may_end and bool(self._text) and _MAY_GO_ON.search(self._text[-1]) is not None
        # More markers may follow: text and the pause behind it are told together, a round later.
        if self._is_due or (may_end and not goes_on):
            self._flush_text()
        self._is_due = goes_on
        if self._events:
            self._wake()

    def _hold(self, text: str) -> bool:
        """Whether a sentence may end in this text, and what has come of it is cited."""
        self._text.append(text)
        self._n_waiting += len(text)
        if not self._started:
            # The first shows that there is an answer: it is not held for what is behind it.
            self._started = True
            self._flush_text()
        self._is_cited = self._is_cited or _MARKER_END.search(text) is not None
        return self._is_cited and _JOINT.search(text) is not None

    def _end(self) -> None:
        self._ended = True
        self._rounds.discard(self)
        self._flush_text()
        self._wake()

    def _flush_text(self) -> None:
        if self._text:
            text = "".join(self._text)
            self._events.append(TextDelta(text))
            self._text.clear()
            self._is_cited = self._is_cited and _WHOLE.search(text) is None

    def _wake(self) -> None:
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_result(None)
