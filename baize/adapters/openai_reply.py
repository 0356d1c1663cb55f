"""Reads one streamed reply: bytes of server-sent events → text, thinking and usage of the domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from baize.adapters.openai_failures import machine_word
from baize.domain.chat import TextDelta, ThinkingDelta, Usage
from baize.errors import UpstreamBusy

_INTERRUPTED = "insufficient_system_resource"
"""DeepSeek's finish reason for a reply that it gave up under load."""
_MAX_EVENT_BYTES = 4_000_000
_MOST_TOKENS = 10**12
_MAX_BLANK_CHARS = 400
"""White space before any text from which a reply is given up: JSON mode may go on with it to the limit."""

_decode = msgspec.json.Decoder().decode
_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Delta(msgspec.Struct, gc=False):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta
    finish_reason: str | None = None


class _Token(msgspec.Struct, gc=False):
    """An event as nearly all are. Any other, be it usage, an error or nonsense, is read field by field."""

    choices: tuple[_Choice]
    model: str | None = None
    usage: None = None
    error: None = None


_decode_token = msgspec.json.Decoder(_Token).decode


class EventLines:
    """Bytes, cut anywhere → the data of whole events (WHATWG HTML, section 9.2.6).

    Comments, blank lines and other fields than `data` are nothing.
    """

    def __init__(self) -> None:
        self._tail = b""
        self._data: list[bytes] = []

    def feed(self, part: bytes) -> list[bytes]:
        """The data of the events that became whole.

        Raises:
            UpstreamBusy: one event is larger than any reply.
        """
        alone = part.startswith(b"data:") and part.endswith(b"\n\n") and part.find(b"\n") == len(part) - 2
        if alone and not (self._tail or self._data):
            # One event and nothing else, as nearly all parts are.
            return [part[5:-2]]
        lines = (self._tail + part if self._tail else part).split(b"\n")
        self._tail = lines.pop()
        if len(self._tail) > _MAX_EVENT_BYTES:
            raise UpstreamBusy("The chat endpoint sent an event without an end.")
        whole: list[bytes] = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[5:])
            elif self._data and line in (b"", b"\r"):
                whole.append(self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
                self._data = []
        return whole

    def flush(self) -> list[bytes]:
        """The last event, where the stream ended without the blank line behind it."""
        return self.feed(b"\n\n")


class OpenAIReply:
    """What one upstream call has said so far.

    Attributes:
        started: something of it, be it thinking, was given to the caller.
        has_text: it holds more than white space.
        done: `[DONE]` came; nothing after it counts.
        reasoning: the thinking, whole.
    """

    def __init__(self) -> None:
        self.started = False
        self.has_text = False
        self.done = False
        self._n_blank = 0
        self._model = ""
        self._finish = ""
        self._counts = Usage()

    @property
    def usage(self) -> Usage:
        """Counts, model and finish reason as far as the stream told them."""
        return replace(self._counts, model=self._model, finish_reason=self._finish)

    def read(self, data: bytes) -> tuple[TextDelta | ThinkingDelta, ...]:
        """The events of one piece of data, thinking first; none is empty.

        Raises:
            UpstreamBusy: it is no event of a chat, or tells of an error, or is but white space without end.
        """
        if self.done:
            return ()
        try:
            token = _decode_token(data)
        except _NO_JSON:
            return self._read_any(data)
        if token.model:
            self._model = token.model
        (choice,) = token.choices
        delta = choice.delta
        thinking = delta.reasoning if delta.reasoning_content is None else delta.reasoning_content
        return self._said(choice.finish_reason, thinking, delta.content)

    def _read_any(self, data: bytes) -> tuple[TextDelta | ThinkingDelta, ...]:
        try:
            event = _decode(data)
        except _NO_JSON:
            if data.strip() == b"[DONE]":
                self.done = True
            elif not self._finish:
                raise UpstreamBusy("The chat endpoint sent what is no JSON.", remedy=_RETRY) from None
            return ()
        if not isinstance(event, dict):
            return ()
        if (error := event.get("error")) is not None:
            word = machine_word(error.get("code"), error.get("type")) if isinstance(error, dict) else ""
            raise UpstreamBusy(f"The chat endpoint broke off with an error{word}.", remedy=_RETRY)
        if isinstance(model := event.get("model"), str) and model:
            self._model = model
        if isinstance(counts := event.get("usage"), dict):
            self._counts = _counted(counts)
        # Gateways send usage with no choices, or null for them; with several, the first is the answer.
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        return self._events(choice) if isinstance(choice, dict) else ()

    def _events(self, choice: dict[str, Any]) -> tuple[TextDelta | ThinkingDelta, ...]:
        finish = choice.get("finish_reason")
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return self._said(finish, None, None)
        text = delta.get("content")
        thinking = delta.get("reasoning_content")
        if thinking is None:
            thinking = delta.get("reasoning")
        return self._said(finish, thinking, text)

    def _said(self, finish: object, thinking: object, text: object) -> tuple[TextDelta | ThinkingDelta, ...]:
        if isinstance(finish, str) and finish:
            self._finish = finish
        found: tuple[TextDelta | ThinkingDelta, ...] = ()
        if isinstance(thinking, str) and thinking:
            found = (ThinkingDelta(thinking),)
        if isinstance(text, str) and text:
            found += (TextDelta(text),)
            if not self.has_text:
                self._note_text(text)
        if found:
            self.started = True
        return found

    def _note_text(self, text: str) -> None:
        self.has_text = not text.isspace()
        self._n_blank += len(text)
        if not self.has_text and self._n_blank > _MAX_BLANK_CHARS:
            self._finish = "blank"
            self.done = True

    def check_complete(self) -> None:
        """A stream may end quietly although it was cut; its finish reason tells.

        Raises:
            UpstreamBusy: the reply is not whole.
        """
        if self._finish in ("", _INTERRUPTED):
            raise UpstreamBusy("The chat endpoint stopped before the end of its reply.", remedy=_RETRY)


_RETRY = "Try again in a moment."


def _counted(counts: Mapping[str, Any]) -> Usage:
    """Counts in DeepSeek's shape or in OpenAI's; what is absent, null or no count is 0."""
    hit = _count(counts.get("prompt_cache_hit_tokens"))
    if "prompt_cache_hit_tokens" not in counts:
        hit = _detail(counts, "prompt_tokens_details", "cached_tokens")
    prompt = _count(counts.get("prompt_tokens")) or hit + _count(counts.get("prompt_cache_miss_tokens"))
    return Usage(
        prompt_tokens=prompt,
        cache_hit_tokens=min(hit, prompt),
        completion_tokens=_count(counts.get("completion_tokens")),
        reasoning_tokens=_detail(counts, "completion_tokens_details", "reasoning_tokens"),
    )


def _detail(counts: Mapping[str, Any], group: str, name: str) -> int:
    details = counts.get(group)
    return _count(details.get(name)) if isinstance(details, dict) else 0


def _count(value: object) -> int:
    return (
        max(0, int(value)) if isinstance(value, int | float) and value == value and abs(value) < 1e12 else 0
    )


def add_usage(earlier: Usage, last: Usage) -> Usage:
    """The counts of both calls; model and finish reason of the last."""
    return replace(
        last,
        prompt_tokens=earlier.prompt_tokens + last.prompt_tokens,
        cache_hit_tokens=earlier.cache_hit_tokens + last.cache_hit_tokens,
        completion_tokens=earlier.completion_tokens + last.completion_tokens,
        reasoning_tokens=earlier.reasoning_tokens + last.reasoning_tokens,
    )
