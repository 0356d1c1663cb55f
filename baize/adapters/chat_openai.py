"""DeepSeek, or any OpenAI-compatible endpoint, behind the port `ChatModel`.

`answering/generate.py` calls it with a rendered prompt and reads text, thinking and usage. What such
endpoints do on the wire is scripted in `tests/servers/deepseek.py`, one test per behaviour.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Literal, TypeVar

import anyio

from baize.adapters.openai_failures import openai_failures
from baize.adapters.openai_reply import OpenAIReply, add_usage
from baize.domain.chat import ChatEvent, Message, Sampling, TextDelta, ThinkingDelta, Usage
from baize.errors import UpstreamBusy

_T = TypeVar("_T")

ThinkingStyle = Literal["deepseek", "none"]
"""`deepseek` sends the thinking switch with every call; `none` is for endpoints that know no such thing."""

_ENDPOINT = "The chat endpoint"
_RETRY_REMEDY = "Try again in a moment."
_MAX_PAUSE_S = 8.0


class OpenAIChatModel:
    """Streams chat completions; the one place that retries.

    Failures before the first token are retried with a jittered, doubling pause, or the pause that the
    endpoint asks for, as long as the call's total time allows. Nothing is retried after the first token,
    because the learner may have seen it.

    Args:
        base_url: of the OpenAI-compatible API, up to and without `/chat/completions`.
        api_key: may be empty for a local server.
        first_token_timeout_s: the longest silence before the first token and between tokens. Keep-alive
            comments are silence.
        total_timeout_s: limit of one `stream`, retries and pauses included.
        max_retries: further attempts after the first.
        extra_body: further fields of the request's body; those that Bai Ze itself sends win.
        first_pause_s: about how long to wait before the first retry.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        model: str,
        first_token_timeout_s: float,
        total_timeout_s: float,
        max_retries: int,
        extra_body: Mapping[str, Any] | None = None,
        thinking_style: ThinkingStyle = "deepseek",
        first_pause_s: float = 0.5,
    ) -> None:
        # 0.4 s, and the process may only ever answer extractively.
        from openai import AsyncOpenAI

        self.name = model
        self._first_token_timeout_s = first_token_timeout_s
        self._total_timeout_s = total_timeout_s
        self._max_retries = max_retries
        self._extra_body = dict(extra_body or {})
        self._thinking_style = thinking_style
        self._first_pause_s = first_pause_s
        self._client = AsyncOpenAI(
            base_url=base_url,
            api_key=api_key or "none",
            max_retries=0,
            timeout=total_timeout_s,
        )
        # The SDK takes these two from the environment and would send them to any endpoint.
        self._client.organization = self._client.project = None

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[ChatEvent]:
        """As `ChatModel.stream`. A reply of thinking only is asked for once more with thinking off."""
        deadline = anyio.current_time() + self._total_timeout_s
        spent = Usage()
        for attempt in (sampling, replace(sampling, thinking=False)):
            reply = OpenAIReply()
            request = self._request(messages, attempt)
            async with aclosing(self._with_retries(request, reply, deadline)) as events:
                async for event in events:
                    yield event
            spent = add_usage(spent, reply.usage)
            if reply.has_text or reply.usage.finish_reason == "content_filter":
                yield spent
                return
        raise UpstreamBusy(f"{_ENDPOINT} gave a reply without text, twice.", remedy=_RETRY_REMEDY)

    async def close(self) -> None:
        """Give back the connections. No call may be running."""
        await self._client.close()

    async def ready(self) -> str:
        """Ask the endpoint which models it serves, and say whether ours is among them.

        Raises:
            UpstreamFailed: it refuses or does not answer.
        """
        with openai_failures(_ENDPOINT):
            page = await _by(anyio.current_time() + self._first_token_timeout_s, self._client.models.list())
        served = sorted(model.id for model in page.data)
        if self.name in served:
            return f"{self.name} is served."
        return (
            f"The endpoint answers, but does not list {self.name}; it lists {', '.join(served) or 'nothing'}."
        )

    def _request(self, messages: Sequence[Message], sampling: Sampling) -> dict[str, Any]:
        body: dict[str, Any] = dict(self._extra_body)
        thinking = sampling.thinking and self._thinking_style == "deepseek"
        if self._thinking_style == "deepseek":
            body["thinking"] = {"type": "enabled" if thinking else "disabled"}
        if thinking:
            body["reasoning_effort"] = sampling.reasoning_effort
        else:
            body["temperature"] = sampling.temperature
        return {
            "model": self.name,
            "messages": [{"role": m.role, "content": m.content} for m in _merged(messages)],
            "max_tokens": sampling.max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
            "extra_body": body,
        }

    async def _with_retries(
        self, request: dict[str, Any], reply: OpenAIReply, deadline: float
    ) -> AsyncGenerator[TextDelta | ThinkingDelta]:
        for attempt in itertools.count():
            try:
                async with aclosing(self._call(request, reply, deadline)) as events:
                    async for event in events:
                        yield event
                return
            except UpstreamBusy as busy:
                pause_s = max(self._pause_s(attempt), busy.retry_after_s or 0.0)
                in_time = anyio.current_time() + pause_s < deadline
                if reply.started or attempt >= self._max_retries or not in_time:
                    raise
            await anyio.sleep(pause_s)

    def _pause_s(self, attempt: int) -> float:
        longest = min(_MAX_PAUSE_S, self._first_pause_s * 2.0**attempt)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards no secret

    async def _call(
        self, request: dict[str, Any], reply: OpenAIReply, deadline: float
    ) -> AsyncGenerator[TextDelta | ThinkingDelta]:
        """One upstream call. However it ends, its connection is closed on the way out."""
        with openai_failures(_ENDPOINT):
            limit = self._silence_limit(deadline)
            chunks = await _by(limit, self._client.chat.completions.create(**request))
            try:
                while (chunk := await _by(limit, anext(chunks, None))) is not None:
                    for event in reply.read(chunk):
                        yield event
                        limit = self._silence_limit(deadline)
            finally:
                with anyio.CancelScope(shield=True):
                    await chunks.close()
        reply.check_complete()

    def _silence_limit(self, deadline: float) -> float:
        return min(deadline, anyio.current_time() + self._first_token_timeout_s)


def _merged(messages: Sequence[Message]) -> list[Message]:
    """Neighbours of one role become one message, for some endpoints refuse two in a row.

    Lone surrogates, which JSON can smuggle into a question, cannot be sent and become question marks.
    """
    groups = itertools.groupby(messages, key=lambda message: message.role)
    joined = ((role, "\n\n".join(message.content for message in group)) for role, group in groups)
    return [Message(role, text.encode("utf-8", "replace").decode("utf-8")) for role, text in joined]


async def _by(limit: float, work: Awaitable[_T]) -> _T:
    """Await `work` until the clock shows `limit`.

    Raises:
        UpstreamBusy: it took longer.
    """
    try:
        with anyio.fail_after(max(0.0, limit - anyio.current_time())):
            return await work
    except TimeoutError:
        raise UpstreamBusy(f"{_ENDPOINT} was silent for too long.", remedy=_RETRY_REMEDY) from None
