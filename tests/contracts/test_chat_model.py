"""The port `ChatModel`: the scripted double, and the OpenAI adapter over a scripted DeepSeek endpoint."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from typing import Protocol

import pytest

from baize.adapters.chat_openai import OpenAIChatModel
from baize.domain.chat import ChatEvent, Message, Sampling, TextDelta, ThinkingDelta, Usage
from baize.errors import UpstreamBusy, UpstreamRejected
from baize.ports import ChatModel
from baize.testing.scripted_chat_model import ScriptedChatModel, Step
from tests.servers import wire
from tests.servers.deepseek import DeepSeekServer

pytestmark = pytest.mark.anyio

ASK = [Message("system", "Answer from the passages."), Message("user", "学习率过大会怎样？")]


class Make(Protocol):
    """A model that says these steps, one list per call."""

    def __call__(self, *scripts: Sequence[Step]) -> ChatModel: ...


@pytest.fixture(scope="module")
def server() -> Iterator[DeepSeekServer]:
    with DeepSeekServer() as running:
        yield running


@pytest.fixture(params=["double", "openai"])
async def make(request: pytest.FixtureRequest, server: DeepSeekServer) -> AsyncIterator[Make]:
    if request.param == "double":
        yield lambda *scripts: ScriptedChatModel(*scripts)
        return
    server.reset()
    model = OpenAIChatModel(
        base_url=server.base_url,
        api_key="sk-test",
        model="deepseek-flash",
        first_token_timeout_s=5,
        total_timeout_s=10,
        max_retries=0,
    )

    def over_the_wire(*scripts: Sequence[Step]) -> ChatModel:
        server.enqueue(*(_script(steps) for steps in scripts))
        return model

    yield over_the_wire
    await model.close()


def _script(steps: Sequence[Step]) -> wire.Script:
    pieces: list[wire.Piece] = []
    for step in steps:
        if isinstance(step, UpstreamRejected):
            return wire.Failure(step.status or 400)
        if isinstance(step, Exception):
            return wire.Failure(503) if not pieces else [*pieces, wire.Cut()]
        pieces.append(wire.text(step) if isinstance(step, str) else wire.thinking(step.text))
    return [*pieces, wire.finish(), wire.DONE]


async def events_of(model: ChatModel, sampling: Sampling | None = None) -> list[ChatEvent]:
    async with aclosing(model.stream(ASK, sampling or Sampling())) as events:
        return [event async for event in events]


async def test_text_comes_in_order_and_one_usage_comes_last(make: Make) -> None:
    """The pieces join to what was said; exactly one Usage ends the stream."""
    events = await events_of(make(["学习率", "过大会震荡 ", "[1]。"]))
    assert "".join(e.text for e in events if isinstance(e, TextDelta)) == "学习率过大会震荡 [1]。"
    assert [isinstance(event, Usage) for event in events] == [False] * (len(events) - 1) + [True]


async def test_usage_names_the_model_and_why_it_stopped(make: Make) -> None:
    """The last event says who answered, why it ended and what it cost."""
    usage = (await events_of(make(["答案"])))[-1]
    assert isinstance(usage, Usage)
    assert usage.model
    assert usage.finish_reason == "stop"
    assert usage.prompt_tokens > 0
    assert usage.cache_miss_tokens >= 0


async def test_thinking_is_told_apart_from_text(make: Make) -> None:
    """With thinking on, reasoning comes as its own events, before the text it led to."""
    events = await events_of(make([ThinkingDelta("先想想。"), "答案"]), Sampling(thinking=True))
    assert events[:2] == [ThinkingDelta("先想想。"), TextDelta("答案")]


async def test_no_event_is_empty(make: Make) -> None:
    """An empty piece on the wire is no event."""
    events = await events_of(make(["a", "b"]))
    assert all(event.text for event in events if not isinstance(event, Usage))


async def test_rejection_is_raised_before_any_event(make: Make) -> None:
    """A refused request raises UpstreamRejected, which says that asking again is no use."""
    with pytest.raises(UpstreamRejected) as caught:
        await events_of(make([UpstreamRejected("no balance", status=402)]))
    assert not caught.value.retryable
    assert caught.value.status == 402


async def test_break_in_the_middle_is_raised_after_what_was_said(make: Make) -> None:
    """A stream that breaks gives its events first, then UpstreamBusy, and no Usage."""
    seen: list[ChatEvent] = []
    model = make(["前半句", UpstreamBusy("cut")])

    async def listen() -> None:
        async with aclosing(model.stream(ASK, Sampling())) as events:
            async for event in events:
                seen.append(event)

    with pytest.raises(UpstreamBusy):
        await listen()
    assert seen == [TextDelta("前半句")]


async def test_closing_early_leaves_the_model_usable(make: Make) -> None:
    """After a stream that was closed at its first event the next call works."""
    model = make(["one", "two"], ["three"])
    async with aclosing(model.stream(ASK, Sampling())) as events:
        assert await anext(events) == TextDelta("one")
    assert (await events_of(model))[0] == TextDelta("three")
