"""DeepSeek, or any OpenAI-compatible endpoint, behind the port `ChatModel`.

`answering/generate.py` calls it with a rendered prompt and reads text, thinking and usage. What such
endpoints do on the wire is scripted in `tests/servers/deepseek.py`, one test per behaviour.
"""

from __future__ import annotations

import itertools
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import anyio
import msgspec

from baize.adapters.openai_failures import openai_failures
from baize.adapters.openai_incoming import Incoming, Rounds
from baize.adapters.openai_reply import OpenAIReply, add_usage
from baize.adapters.upstream_health import CircuitBreaker, RetryBudget
from baize.domain.chat import ChatEvent, Message, Sampling, TextDelta, ThinkingDelta, Usage
from baize.errors import UpstreamBusy, UpstreamFailed, UpstreamRejected

if TYPE_CHECKING:
    import aiohttp

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode
_T = TypeVar("_T")

ThinkingStyle = Literal["deepseek", "none"]
"""`deepseek` sends the thinking switch with every call; `none` is for endpoints that know no such thing."""

_ENDPOINT = "The chat endpoint"
_RETRY_REMEDY = "Try again in a moment."
_MAX_PAUSE_S = 8.0
_DRAIN_S = 0.1
_FINAL = frozenset({"content_filter"})
"""Finish reasons of an empty reply that would be the same the second time."""


class OpenAIChatModel:
    """Streams chat completions; the one place that retries.

    Failures before the first token are retried with a jittered, doubling pause, or the pause that the
    endpoint asks for, as long as `retry_within_s` and the budget of retries allow. Nothing is retried after
    the first token, because the learner may have seen it.

    Args:
        base_url: of the OpenAI-compatible API, up to and without `/chat/completions`.
        api_key: may be empty for a local server.
        first_token_timeout_s: the longest silence before the first token and between tokens. Keep-alive
            comments are silence.
        total_timeout_s: limit of one `stream`, retries and pauses included.
        max_retries: further attempts after the first.
        retry_within_s: no attempt starts later than this after the first: the learner waits meanwhile.
        extra_body: further fields of the request's body; those that Bai Ze itself sends win.
        replay_reasoning: whether the thinking of earlier turns is sent along. When the endpoint's 400 says
            otherwise, the call is repaired and the policy changes.
        first_pause_s: about how long to wait before the first retry.
        breaker: shared by the calls to one account.
        on_repair: called for each call that is sent again with the other policy about reasoning.
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
        retry_within_s: float = 2.0,
        extra_body: Mapping[str, Any] | None = None,
        thinking_style: ThinkingStyle = "deepseek",
        replay_reasoning: bool = False,
        first_pause_s: float = 0.2,
        breaker: CircuitBreaker | None = None,
        on_repair: Callable[[], None] = lambda: None,
    ) -> None:
        # 0.4 s, and the process may only ever answer extractively.
        import httpx2

        from baize.adapters.openai_posts import PostingOpenAI
        from baize.adapters.openai_transport import BODY, AiohttpTransport

        self.name = model
        self._on_repair = on_repair
        self.breaker = breaker or CircuitBreaker()
        self._first_token_timeout_s = first_token_timeout_s
        self._total_timeout_s = total_timeout_s
        self._max_retries = max_retries
        self._retry_within_s = retry_within_s
        self._extra_body = dict(extra_body or {})
        self._thinking_style = thinking_style
        self._replay_reasoning = replay_reasoning
        self._first_pause_s = first_pause_s
        self._budget = RetryBudget()
        self._rounds = Rounds()
        self._served = ""
        self._body = BODY
        self._client = PostingOpenAI(
            base_url=base_url,
            api_key=api_key or "none",
            timeout=total_timeout_s,
            http_client=httpx2.AsyncClient(
                transport=AiohttpTransport(base_url), trust_env=False, follow_redirects=True
            ),
        )
        # The SDK takes these two from the environment and would send them to any endpoint.
        self._client.organization = self._client.project = None

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[ChatEvent]:
        """As `ChatModel.stream`.

        A reply without text (thinking only; white space in JSON mode) is asked for once more, with thinking
        and JSON mode off.
        """
        deadline = anyio.current_time() + self._total_timeout_s
        spent = Usage()
        for attempt in (sampling, replace(sampling, thinking=False, json=False)):
            reply = OpenAIReply()
            async with aclosing(self._with_retries(messages, attempt, reply, deadline)) as events:
                async for event in events:
                    yield event
            spent = add_usage(spent, reply.usage)
            if reply.has_text or spent.finish_reason in _FINAL:
                self._note_served(spent.model)
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

    def _note_served(self, model: str) -> None:
        """Behind one name another model may come to answer; then the evaluation is due again."""
        if model and self._served not in ("", model):
            _log.warning("The model served as %s changed from %s to %s.", self.name, self._served, model)
        self._served = model or self._served

    def _request(self, messages: Sequence[Message], sampling: Sampling) -> dict[str, Any]:
        body: dict[str, Any] = dict(self._extra_body)
        thinking = sampling.thinking and self._thinking_style == "deepseek"
        if self._thinking_style == "deepseek":
            body["thinking"] = {"type": "enabled" if thinking else "disabled"}
            if sampling.user_id:
                body["user_id"] = sampling.user_id
        if thinking:
            body["reasoning_effort"] = sampling.reasoning_effort
        else:
            body["temperature"] = sampling.temperature
        if sampling.json:
            body["response_format"] = {"type": "json_object"}
        body["messages"] = [self._wire(message) for message in _merged(messages)]
        return body | {
            "model": self.name,
            "max_tokens": sampling.max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }

    def _wire(self, message: Message) -> dict[str, str]:
        wire = {"role": message.role, "content": message.content}
        if self._replay_reasoning and message.role == "assistant":
            wire["reasoning_content"] = message.reasoning
        return wire

    async def _with_retries(
        self, messages: Sequence[Message], sampling: Sampling, reply: OpenAIReply, deadline: float
    ) -> AsyncGenerator[TextDelta | ThinkingDelta]:
        latest = min(deadline, anyio.current_time() + self._retry_within_s)
        self._budget.called()
        repaired = False
        for attempt in itertools.count():
            replayed = self._replay_reasoning
            try:
                request = self._request(messages, sampling)
                async with aclosing(self._watched(request, reply, deadline)) as events:
                    async for event in events:
                        yield event
                return
            except UpstreamRejected as refused:
                if refused.about != "reasoning_content" or repaired or self._thinking_style == "none":
                    raise
                repaired = True
                self._repair(replayed)
                continue
            except UpstreamBusy as busy:
                pause_s = max(self._pause_s(attempt), busy.retry_after_s or 0.0)
                in_time = anyio.current_time() + pause_s < latest
                last = attempt >= self._max_retries or self.breaker.is_open
                if reply.started or last or not in_time or not self._budget.take():
                    raise
            await anyio.sleep(pause_s)

    def _repair(self, replayed: bool) -> None:
        """The other policy than the refused call's; of several at once the first turns it."""
        self._on_repair()
        if self._replay_reasoning != replayed:
            return
        self._replay_reasoning = not replayed
        policy = "sent back" if self._replay_reasoning else "left out"
        _log.warning("The chat endpoint minds earlier reasoning; from now on it is %s.", policy)

    def _pause_s(self, attempt: int) -> float:
        longest = min(_MAX_PAUSE_S, self._first_pause_s * 2.0**attempt)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards no secret

    async def _watched(
        self, request: dict[str, Any], reply: OpenAIReply, deadline: float
    ) -> AsyncGenerator[TextDelta | ThinkingDelta]:
        """One upstream call, through the breaker: what it learns of is whether calls get to a first token."""
        tries = self.breaker.enter()
        told = False
        try:
            async with aclosing(self._call(request, reply, deadline)) as events:
                async for event in events:
                    if not told:
                        told = True
                        self.breaker.succeeded()
                    yield event
            if not told:
                told = True
                self.breaker.succeeded()
        except UpstreamFailed as failure:
            if not told:
                told = True
                self.breaker.failed(failure, tries=tries)
            raise
        finally:
            if tries and not told:
                self.breaker.left()

    async def _post(self, request: dict[str, Any]) -> aiohttp.ClientResponse:
        """The response, its body not yet read.

        By the SDK's way for what it has no method for: `chat.completions.create` holds each field against its
        type and wraps a reply that we read ourselves.
        """
        answered = await self._client.post_bytes("/chat/completions", _encode(request))
        body: aiohttp.ClientResponse = answered.extensions[self._body]
        return body

    async def _call(
        self, request: dict[str, Any], reply: OpenAIReply, deadline: float
    ) -> AsyncGenerator[TextDelta | ThinkingDelta]:
        """One upstream call. However it ends, its connection is closed on the way out, or fit for another."""
        with openai_failures(_ENDPOINT):
            limit = min(deadline, anyio.current_time() + self._first_token_timeout_s)
            body = await _by(limit, self._post(request))
            incoming = Incoming(
                self._rounds,
                body,
                reply,
                first_by=limit,
                silence_s=self._first_token_timeout_s,
                deadline=deadline,
                too_silent=_too_silent(),
            )
            try:
                while events := await incoming.next():
                    for event in events:
                        yield event
                if reply.done and not body.content.at_eof():
                    await _drain(body)
            finally:
                incoming.close()
        reply.check_complete()


async def _drain(body: aiohttp.ClientResponse) -> None:
    """Read the end behind `[DONE]`, so that the connection is kept; one that does not end at once is not."""
    with suppress(Exception), anyio.move_on_after(_DRAIN_S):
        while not body.content.at_eof():
            await body.content.readany()


def _too_silent() -> UpstreamBusy:
    return UpstreamBusy(f"{_ENDPOINT} was silent for too long.", remedy=_RETRY_REMEDY)


def _merged(messages: Sequence[Message]) -> list[Message]:
    """Neighbours of one role become one message, for some endpoints refuse two in a row.

    Lone surrogates, which JSON can smuggle into a question, cannot be sent and become question marks.
    """
    merged: list[Message] = []
    for message in messages:
        text = message.content.encode("utf-8", "replace").decode("utf-8")
        thought = message.reasoning.encode("utf-8", "replace").decode("utf-8")
        if merged and merged[-1].role == message.role:
            last = merged.pop()
            text = f"{last.content}\n\n{text}"
            thought = "\n\n".join(filter(None, (last.reasoning, thought)))
        merged.append(Message(message.role, text, thought))
    return merged


async def _by(limit: float, work: Awaitable[_T]) -> _T:
    """Await `work` until the clock shows `limit`.

    Raises:
        UpstreamBusy: it took longer.
    """
    try:
        with anyio.fail_after(max(0.0, limit - anyio.current_time())):
            return await work
    except TimeoutError:
        raise _too_silent() from None
