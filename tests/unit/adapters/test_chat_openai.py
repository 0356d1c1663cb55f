"""What `OpenAIChatModel` makes of each thing that DeepSeek and its kin do on the wire."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, suppress
from types import SimpleNamespace
from typing import Any, Protocol

import anyio
import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import given, settings
from hypothesis import strategies as st

from baize.adapters import chat_openai, openai_incoming
from baize.adapters.chat_openai import OpenAIChatModel
from baize.adapters.openai_reply import EventLines
from baize.adapters.upstream_health import CircuitBreaker, RetryBudget
from baize.domain.chat import ChatEvent, Message, Sampling, TextDelta, ThinkingDelta, Usage
from baize.errors import UpstreamBusy, UpstreamFailed, UpstreamRejected
from benchmarks.wire_fuzz import fuzz
from tests.servers.deepseek import DeepSeekServer
from tests.servers.wire import (
    BLANK,
    DEEPSEEK_USAGE,
    DONE,
    KEEP_ALIVE,
    OPENAI_USAGE,
    Cut,
    Failure,
    Pause,
    Raw,
    chopped,
    chunk,
    data,
    finish,
    paced,
    reply,
    text,
    thinking,
)

pytestmark = pytest.mark.anyio

ASK = [Message("system", "policy"), Message("user", "我的秘密问题")]
THINK = Sampling(thinking=True, reasoning_effort="high", temperature=0.7)


@pytest.fixture(scope="module")
def running() -> Iterator[DeepSeekServer]:
    with DeepSeekServer() as server:
        yield server


@pytest.fixture
def server(running: DeepSeekServer) -> DeepSeekServer:
    running.reset()
    return running


class Build(Protocol):
    """A model on the scripted server, closed when the test ends."""

    def __call__(self, **options: Any) -> OpenAIChatModel: ...


def model_at(base_url: str, **options: Any) -> OpenAIChatModel:
    defaults: dict[str, Any] = {
        "api_key": "sk-secret-key",
        "model": "deepseek-flash",
        "first_token_timeout_s": 5,
        "total_timeout_s": 10,
        "max_retries": 2,
        "first_pause_s": 0.02,
    }
    return OpenAIChatModel(base_url=base_url, **(defaults | options))


@pytest.fixture
async def build(server: DeepSeekServer) -> AsyncIterator[Build]:
    built: list[OpenAIChatModel] = []

    def build_one(**options: Any) -> OpenAIChatModel:
        built.append(model_at(**({"base_url": server.base_url} | options)))
        return built[-1]

    yield build_one
    for model in built:
        await model.close()


@pytest.fixture
def model(build: Build) -> OpenAIChatModel:
    return build()


async def events_of(
    model: OpenAIChatModel, sampling: Sampling | None = None, messages: list[Message] | None = None
) -> list[ChatEvent]:
    async with aclosing(model.stream(messages or ASK, sampling or Sampling())) as events:
        return [event async for event in events]


async def usage_of(model: OpenAIChatModel) -> Usage:
    last = (await events_of(model))[-1]
    assert isinstance(last, Usage)
    return last


def said(events: list[ChatEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


# What is sent


async def test_thinking_off_is_said_and_temperature_sent(
    model: OpenAIChatModel, server: DeepSeekServer
) -> None:
    """DeepSeek thinks unless told not to; without thinking the temperature counts."""
    server.enqueue(reply("答"))
    await events_of(model, Sampling(temperature=0.3, max_tokens=77))
    body = server.chats[0].body
    assert body["thinking"] == {"type": "disabled"}
    assert (body["temperature"], body["max_tokens"]) == (0.3, 77)
    assert "reasoning_effort" not in body


async def test_thinking_on_sends_effort_and_no_temperature(
    model: OpenAIChatModel, server: DeepSeekServer
) -> None:
    """With thinking on the effort is sent, and not the temperature, which would be ignored."""
    server.enqueue(reply("答", thoughts=["想"]))
    await events_of(model, THINK)
    body = server.chats[0].body
    assert body["thinking"] == {"type": "enabled"}
    assert body["reasoning_effort"] == "high"
    assert "temperature" not in body
    assert Sampling().reasoning_effort == "low", "more is dear and slow, and a course's questions need little"


async def test_other_endpoints_are_not_sent_the_switch(build: Build, server: DeepSeekServer) -> None:
    """Style `none` sends nothing about thinking, for endpoints that refuse unknown fields."""
    server.enqueue(reply("答"))
    await events_of(build(thinking_style="none"), THINK)
    body = server.chats[0].body
    assert not {"thinking", "reasoning_effort"} & body.keys()
    assert body["temperature"] == 0.7


async def test_usage_is_asked_for_in_the_stream(model: OpenAIChatModel, server: DeepSeekServer) -> None:
    """Streams report usage only when asked."""
    server.enqueue(reply("答"))
    await events_of(model)
    assert server.chats[0].body["stream"] is True
    assert server.chats[0].body["stream_options"] == {"include_usage": True}


async def test_extra_body_is_sent_but_cannot_undo_the_switch(build: Build, server: DeepSeekServer) -> None:
    """Operators may add fields; those that Bai Ze decides win."""
    server.enqueue(reply("答"))
    extra = {"user_id": "course-hash", "thinking": {"type": "enabled"}, "stream": False, "model": "other"}
    await events_of(build(extra_body=extra | {"max_tokens": 1}), Sampling(max_tokens=77))
    body = server.chats[0].body
    assert body["user_id"] == "course-hash"
    assert body["thinking"] == {"type": "disabled"}
    assert (body["stream"], body["model"], body["max_tokens"]) == (True, "deepseek-flash", 77)


async def test_whom_the_endpoint_may_tell_apart_is_sent_where_it_knows_the_field(
    build: Build, server: DeepSeekServer
) -> None:
    """Its prefix cache and its safety checks go by `user_id`; other endpoints would refuse it."""
    server.enqueue(reply("答"), reply("答"), reply("答"))
    await events_of(build(extra_body={"user_id": "of-the-operator"}), Sampling(user_id="course"))
    await events_of(build(), Sampling())
    await events_of(build(thinking_style="none"), Sampling(user_id="course"))
    assert [chat.body.get("user_id") for chat in server.chats] == ["course", None, None]


async def test_neighbours_of_one_role_are_merged(model: OpenAIChatModel, server: DeepSeekServer) -> None:
    """Two messages of one role in a row are refused by some endpoints: they go as one."""
    server.enqueue(reply("答"))
    messages = [
        Message("system", "policy"),
        Message("system", "course"),
        Message("user", "一"),
        Message("assistant", "二"),
        Message("user", "三"),
        Message("user", "四"),
    ]
    await events_of(model, messages=messages)
    assert server.chats[0].body["messages"] == [
        {"role": "system", "content": "policy\n\ncourse"},
        {"role": "user", "content": "一"},
        {"role": "assistant", "content": "二"},
        {"role": "user", "content": "三\n\n四"},
    ]


async def test_reasoning_that_goes_back_is_whole_and_can_be_sent(
    build: Build, server: DeepSeekServer
) -> None:
    """Of two turns that become one, both; a lone surrogate in it breaks no request."""
    server.enqueue(reply("答"))
    earlier = [
        Message("user", "一"),
        Message("assistant", "二", reasoning="想"),
        Message("assistant", "三"),
        Message("assistant", "四", reasoning="又想\ud800"),
        Message("user", "五", reasoning="不是它的"),
    ]
    await events_of(build(replay_reasoning=True), THINK, earlier)
    assert server.chats[0].body["messages"] == [
        {"role": "user", "content": "一"},
        {"role": "assistant", "content": "二\n\n三\n\n四", "reasoning_content": "想\n\n又想?"},
        {"role": "user", "content": "五"},
    ]


async def test_what_is_no_utf8_is_replaced(model: OpenAIChatModel, server: DeepSeekServer) -> None:
    """A lone surrogate in a question does not break the request."""
    server.enqueue(reply("答"))
    await events_of(model, messages=[Message("user", "为什么\ud800")])
    assert server.chats[0].body["messages"][0]["content"] == "为什么?"


async def test_equal_questions_are_equal_bytes(model: OpenAIChatModel, server: DeepSeekServer) -> None:
    """Only a matching prefix is cached upstream, so nothing of a clock or an id may be in the body."""
    server.enqueue(reply("答"), reply("答"))
    await events_of(model)
    await events_of(model)
    first, second = server.chats
    assert first.raw_body == second.raw_body


async def test_organisation_of_the_environment_stays_here(
    build: Build, server: DeepSeekServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK's OPENAI_ORG_ID and OPENAI_PROJECT_ID are not told to another vendor."""
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")
    server.enqueue(reply("答"))
    await events_of(build())
    assert server.chats[0].headers["authorization"] == "Bearer sk-secret-key"
    assert not {"openai-organization", "openai-project"} & server.chats[0].headers.keys()


# What comes back


async def test_empty_first_reasoning_piece_is_no_event(
    model: OpenAIChatModel, server: DeepSeekServer
) -> None:
    """The first reasoning chunk can be the empty string."""
    server.enqueue([thinking(""), thinking("想"), text("答"), finish(), DONE])
    assert (await events_of(model, THINK))[:-1] == [ThinkingDelta("想"), TextDelta("答")]


async def test_reasoning_under_its_other_name(model: OpenAIChatModel, server: DeepSeekServer) -> None:
    """vLLM and OpenRouter call the field `reasoning`."""
    server.enqueue([thinking("想", "reasoning"), text("答"), finish(), DONE])
    assert (await events_of(model, THINK))[0] == ThinkingDelta("想")


async def test_reasoning_and_text_in_one_chunk(model: OpenAIChatModel, server: DeepSeekServer) -> None:
    """One delta may hold both; thinking comes first."""
    server.enqueue([chunk({"reasoning_content": "想", "content": "答"}), finish(), DONE])
    assert (await events_of(model, THINK))[:-1] == [ThinkingDelta("想"), TextDelta("答")]


async def test_keep_alives_and_blank_lines_are_nothing(
    model: OpenAIChatModel, server: DeepSeekServer
) -> None:
    """Comments and blank lines while waiting change no event."""
    server.enqueue([KEEP_ALIVE, BLANK, BLANK, *reply("答", "案")[:-1], KEEP_ALIVE, BLANK, DONE])
    assert said(await events_of(model)) == "答案"


@pytest.mark.parametrize("usage", [DEEPSEEK_USAGE, OPENAI_USAGE], ids=["deepseek", "openai"])
async def test_both_shapes_of_usage(
    model: OpenAIChatModel, server: DeepSeekServer, usage: dict[str, Any]
) -> None:
    """Cache hits are read from DeepSeek's fields and from OpenAI's; the model is what answered."""
    server.enqueue([text("答"), finish(usage=None), chunk(usage=usage), DONE])
    expected = Usage(120, 64, 30, 12, model="deepseek-flash-1017", finish_reason="stop")
    assert await usage_of(model) == expected
    assert expected.cache_miss_tokens == 56


async def test_prompt_tokens_are_hits_and_misses_where_they_are_missing(
    model: OpenAIChatModel, server: DeepSeekServer
) -> None:
    """DeepSeek's hit and miss add up to the prompt."""
    server.enqueue(
        [text("答"), finish(usage={"prompt_cache_hit_tokens": 3, "prompt_cache_miss_tokens": 4}), DONE]
    )
    assert (await usage_of(model)).prompt_tokens == 7


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        ({"prompt_tokens": 5, "prompt_cache_hit_tokens": 9}, (5, 5, 0, 0)),
        ({"prompt_tokens": -5, "completion_tokens": 10**30}, (0, 0, 0, 0)),
        ({"prompt_tokens": "5", "completion_tokens": None}, (0, 0, 0, 0)),
        (
            {
                "prompt_tokens": 5,
                "prompt_cache_hit_tokens": 0,
                "prompt_tokens_details": {"cached_tokens": 4},
            },
            (5, 0, 0, 0),
        ),
        ({"prompt_tokens": 5, "prompt_tokens_details": None, "completion_tokens_details": []}, (5, 0, 0, 0)),
    ],
)
async def test_counts_that_cannot_be_are_none(
    model: OpenAIChatModel, server: DeepSeekServer, usage: dict[str, Any], counts: tuple[int, ...]
) -> None:
    """They are a bill: never negative, never more hits than there is prompt."""
    server.enqueue([text("答"), finish(usage=usage), DONE])
    said_by = await usage_of(model)
    assert said_by == Usage(*counts, model="deepseek-flash-1017", finish_reason="stop")


async def test_what_is_no_json_behind_the_end_costs_nothing(
    model: OpenAIChatModel, server: DeepSeekServer
) -> None:
    """The finish reason came: the reply is whole, whatever a gateway adds to it."""
    server.enqueue([text("答"), finish(), Raw(b"data: bye\n\n"), DONE])
    assert said(await events_of(model)) == "答"


async def test_missing_usage_is_zeros_with_model_and_reason(
    model: OpenAIChatModel, server: DeepSeekServer
) -> None:
    """Endpoints that report no usage still give one Usage."""
    server.enqueue([text("答"), finish(usage=None), DONE])
    assert await usage_of(model) == Usage(model="deepseek-flash-1017", finish_reason="stop")


async def test_missing_done_is_fine_after_a_finish_reason(
    model: OpenAIChatModel, server: DeepSeekServer
) -> None:
    """The finish reason says that the reply is whole, not `[DONE]`; nor the blank line behind it."""
    for last in (finish(), Raw(finish().data.rstrip())):
        server.enqueue([text("答"), last])
        events = await events_of(model)
        assert said(events) == "答"
        assert events[-1] == Usage(120, 64, 30, 12, model="deepseek-flash-1017", finish_reason="stop")
    assert len(server.chats) == 2


async def test_a_stream_that_stays_open_behind_done_does_not_keep_the_learner(
    model: OpenAIChatModel, server: DeepSeekServer
) -> None:
    """`[DONE]` ends it, whether or not the endpoint hangs up."""
    server.enqueue([*reply("答"), Pause(20)])
    started = time.monotonic()
    assert said(await events_of(model)) == "答"
    assert time.monotonic() - started < 15


async def test_nothing_behind_done_counts(model: OpenAIChatModel, server: DeepSeekServer) -> None:
    """Whatever a gateway puts there, be it in the same packet."""
    behind = [
        text("不算"),
        chunk({}, finish="length", usage=OPENAI_USAGE | {"prompt_tokens": 9}),
        data({"error": "x"}),
    ]
    server.enqueue([Raw(b"".join(piece.data for piece in [*reply("答"), *behind] if isinstance(piece, Raw)))])
    events = await events_of(model)
    assert said(events) == "答"
    assert events[-1] == Usage(120, 64, 30, 12, model="deepseek-flash-1017", finish_reason="stop")


async def test_the_end_of_a_reply_is_not_waited_for(
    model: OpenAIChatModel, server: DeepSeekServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replies are looked at in rounds, which gather; behind a reply's end there is nothing to gather."""
    monkeypatch.setattr(openai_incoming, "_ROUND_S", 3600.0)
    server.enqueue(reply("先坐好。[1]再量。[2]"))
    async with asyncio.timeout(30):
        assert said(await events_of(model)) == "先坐好。[1]再量。[2]"


async def test_nothing_runs_while_nobody_asks(model: OpenAIChatModel, server: DeepSeekServer) -> None:
    """The rounds end with the last reply: an idle server sleeps."""
    server.enqueue(reply("答"), reply("答"))
    await asyncio.gather(events_of(model), events_of(model))
    assert (model._rounds._timer, model._rounds._incoming) == (None, set())


async def test_connections_are_used_again(model: OpenAIChatModel, server: DeepSeekServer) -> None:
    """A reply that was read to its end leaves its connection for the next question."""
    for _ in range(3):
        server.enqueue(reply("答"))
        await events_of(model)
    assert len({request.client for request in server.chats}) == 1


@pytest.mark.parametrize(
    "pieces", [[b"data: {", b"}\n\n"], [b"data:{}\r\n\r", b"\n"], [b"data: {\ndata: }\n\n"]]
)
def test_lines_are_events_however_they_are_written(pieces: list[bytes]) -> None:
    """Cut lines, no space, carriage returns, two lines of data: the same event."""
    lines = EventLines()
    found = [data for piece in pieces for data in lines.feed(piece)]
    assert [b"".join(data.split()) for data in found] == [b"{}"]


def test_an_event_without_an_end_is_given_up() -> None:
    """Whatever an endpoint sends, a reply takes no more than some megabytes."""
    lines = EventLines()
    for _ in range(40):
        assert lines.feed(b"x" * 100_000) == []
    with pytest.raises(UpstreamBusy, match="without an end"):
        lines.feed(b"x")


@pytest.mark.parametrize("reason", ["stop", "length", "content_filter", "tool_calls"])
async def test_finish_reason_is_passed_on(
    model: OpenAIChatModel, server: DeepSeekServer, reason: str
) -> None:
    """The services decide what a reason means to the learner."""
    server.enqueue([text("答"), finish(reason), DONE])
    assert (await usage_of(model)).finish_reason == reason


async def test_filtered_reply_without_text_is_not_asked_again(
    model: OpenAIChatModel, server: DeepSeekServer
) -> None:
    """A content filter would say the same the second time."""
    server.enqueue([finish("content_filter"), DONE])
    assert (await usage_of(model)).finish_reason == "content_filter"
    assert len(server.chats) == 1


# Replies without text


async def test_thinking_only_is_asked_once_more_without(
    model: OpenAIChatModel, server: DeepSeekServer
) -> None:
    """A reply of reasoning only is repeated with thinking off, and both calls are paid for."""
    server.enqueue([thinking("想"), finish("length"), DONE], reply("答"))
    events = await events_of(model, THINK)
    assert said(events) == "答"
    assert [c.body["thinking"]["type"] for c in server.chats] == ["enabled", "disabled"]
    assert events[-1] == Usage(240, 128, 60, 24, model="deepseek-flash-1017", finish_reason="stop")


async def test_empty_twice_is_busy(model: OpenAIChatModel, server: DeepSeekServer) -> None:
    """Content may be empty in JSON mode; a second empty reply is a failure, not an empty answer."""
    server.enqueue(reply(), reply())
    with pytest.raises(UpstreamBusy, match="without text"):
        await events_of(model)
    assert len(server.chats) == 2


async def test_empty_json_is_asked_for_once_more_without_json_mode(
    model: OpenAIChatModel, server: DeepSeekServer
) -> None:
    """JSON mode may end with nothing at all: the prompt still asks for JSON, the mode no longer does."""
    server.enqueue(reply(), reply('{"a": 1}'))
    assert said(await events_of(model, Sampling(json=True))) == '{"a": 1}'
    assert server.chats[0].body["response_format"] == {"type": "json_object"}
    assert "response_format" not in server.chats[1].body


async def test_white_space_without_end_is_given_up(model: OpenAIChatModel, server: DeepSeekServer) -> None:
    """A prompt without the word "json" makes JSON mode go on with blanks to the token limit."""
    # Five minutes of blanks: far more than it takes to give up on them, on a busy machine too.
    server.enqueue(paced([" \n" * 50] * 60_000, per_second=200), reply("{}"))
    started = time.monotonic()
    assert said(await events_of(model, Sampling(json=True))).strip() == "{}"
    assert time.monotonic() - started < 120
    assert len(server.chats) == 2


# Reasoning of earlier turns

TURNS = [
    Message("user", "一"),
    Message("assistant", "二", reasoning="想了想"),
    Message("user", "三"),
]
_BACK = {"error": {"message": "The `reasoning_content` in the thinking mode must be passed back"}}
_NOT = {"error": {"message": "reasoning_content is not allowed in input messages"}}


@pytest.mark.parametrize(("replays", "complaint"), [(False, _BACK), (True, _NOT)], ids=["wanted", "refused"])
async def test_policy_about_reasoning_is_repaired_once(
    build: Build, server: DeepSeekServer, replays: bool, complaint: object
) -> None:
    """That very 400 turns the policy round, for this call and those after it."""
    repairs: list[None] = []
    model = build(replay_reasoning=replays, on_repair=lambda: repairs.append(None))
    server.enqueue(Failure(400, complaint), reply("四"), reply("五"))
    assert said(await events_of(model, THINK, TURNS)) == "四"
    await events_of(model, THINK, TURNS)
    sent = [chat.body["messages"][1].get("reasoning_content") for chat in server.chats]
    assert sent == ["想了想" if policy else None for policy in (replays, not replays, not replays)]
    assert len(repairs) == 1


async def test_calls_at_once_turn_the_policy_once(build: Build, server: DeepSeekServer) -> None:
    """All of them are refused before the first learns it; none turns back what another one has turned."""

    def minds(body: dict[str, Any]) -> Any:
        return reply("四") if "reasoning_content" in body["messages"][1] else Failure(400, _BACK)

    model = build()
    server.enqueue(*[Failure(400, _BACK)] * 4)
    server.responder = minds
    answers = await asyncio.gather(*(events_of(model, THINK, TURNS) for _ in range(4)))
    assert [said(events) for events in answers] == ["四"] * 4
    await events_of(model, THINK, TURNS)
    assert len(server.chats) == 9


async def test_policy_about_reasoning_is_not_turned_twice(
    model: OpenAIChatModel, server: DeepSeekServer
) -> None:
    """An endpoint that minds either way is a refusal after two requests."""
    server.responder = lambda body: Failure(400, _BACK)
    with pytest.raises(UpstreamRejected):
        await events_of(model, THINK, TURNS)
    assert len(server.chats) == 2


@pytest.mark.parametrize(
    ("style", "refusal"),
    [("deepseek", Failure(400)), ("none", Failure(400, _BACK)), ("deepseek", Failure(422, _BACK))],
    ids=["another parameter", "an endpoint that is sent none", "another status"],
)
async def test_other_refusals_are_not_repaired(
    build: Build, server: DeepSeekServer, style: str, refusal: Failure
) -> None:
    """A wrong parameter stays wrong."""
    server.enqueue(refusal)
    with pytest.raises(UpstreamRejected):
        await events_of(build(thinking_style=style), THINK, TURNS)
    assert len(server.chats) == 1


# The breaker, and the budget of retries


async def test_five_failures_in_a_row_open_the_breaker(build: Build, server: DeepSeekServer) -> None:
    """Then nothing is asked until the pause is over; one call tries, and its success closes it."""
    now = [0.0]
    model = build(max_retries=0, breaker=CircuitBreaker(lambda: now[0]))
    server.responder = lambda body: Failure(503)
    for _ in range(7):
        with pytest.raises(UpstreamBusy):
            await events_of(model)
    assert len(server.chats) == 5
    assert "503" in model.breaker.reason
    now[0] = 6.0
    with pytest.raises(UpstreamBusy):
        await events_of(model)
    assert len(server.chats) == 6
    now[0] = 12.0
    with pytest.raises(UpstreamBusy):
        await events_of(model)
    assert len(server.chats) == 6
    now[0] = 17.0
    server.responder = lambda body: reply("答")
    assert said(await events_of(model)) == "答"
    assert not model.breaker.is_open
    assert said(await events_of(model)) == "答"


@pytest.mark.parametrize("status", [401, 402, 403])
async def test_what_only_the_operator_can_undo_opens_it_at_once(
    build: Build, server: DeepSeekServer, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """An empty account flips to extractive answers, and the log says what to do, once."""
    now = [0.0]
    model = build(breaker=CircuitBreaker(lambda: now[0]))
    server.responder = lambda body: Failure(status)
    for _ in range(3):
        with pytest.raises(UpstreamRejected) as caught:
            await events_of(model)
        assert caught.value.status == status
    assert len(server.chats) == 1
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 1
    assert "Answers are extractive" in errors[0]
    now[0] = 301.0
    server.responder = lambda body: reply("答")
    assert said(await events_of(model)) == "答"


async def test_an_empty_account_behind_an_outage_is_told_too(
    build: Build, server: DeepSeekServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Open already, the breaker says so all the same: nobody else can undo it."""
    now = [0.0]
    model = build(max_retries=0, breaker=CircuitBreaker(lambda: now[0]))
    server.enqueue(*[Failure(503)] * 5, *[Failure(402)] * 2)
    for _ in range(5):
        with pytest.raises(UpstreamBusy):
            await events_of(model)
    for now[0] in (6.0, 307.0):
        with pytest.raises(UpstreamRejected):
            await events_of(model)
    assert len(server.chats) == 7
    levels = [record.levelname for record in caplog.records if "Answers are extractive" in record.message]
    assert levels == ["WARNING", "ERROR"]


async def test_a_wrong_request_does_not_open_it(build: Build, server: DeepSeekServer) -> None:
    """An endpoint that refuses a request is there."""
    model = build()
    server.responder = lambda body: Failure(422)
    for _ in range(7):
        with pytest.raises(UpstreamRejected):
            await events_of(model)
    assert len(server.chats) == 7


@pytest.mark.parametrize(
    "answered", [Failure(422), [finish("content_filter"), DONE]], ids=["refused", "without text"]
)
async def test_an_endpoint_that_answers_is_there(build: Build, server: DeepSeekServer, answered: Any) -> None:
    """Whatever it says to this request: failures before it and behind it are not in a row."""
    now = [0.0]
    model = build(max_retries=0, breaker=CircuitBreaker(lambda: now[0]))
    server.responder = lambda body: Failure(503)
    for script in [None] * 4 + [answered] + [None] * 4:
        server.enqueue(*([script] if script else []))
        with suppress(UpstreamFailed):
            await events_of(model)
    assert not model.breaker.is_open
    with pytest.raises(UpstreamBusy):
        await events_of(model)
    assert model.breaker.is_open
    now[0] = 6.0
    server.enqueue(answered)
    with suppress(UpstreamFailed):
        await events_of(model)
    assert not model.breaker.is_open


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the model would have slept before each retry."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(chat_openai, "anyio", SimpleNamespace(**vars(anyio) | {"sleep": sleep}))
    return slept


async def test_pauses_double_and_are_not_alike(
    build: Build, server: DeepSeekServer, pauses: list[float]
) -> None:
    """Replicas that failed together must not come back together; and nobody waits for an open breaker."""
    server.responder = lambda body: Failure(503)
    patient = {"max_retries": 9, "retry_within_s": 1000.0, "total_timeout_s": 1000.0, "first_pause_s": 3.0}
    for _ in range(2):
        with pytest.raises(UpstreamBusy):
            await events_of(build(**patient))
    assert len(pauses) == 8
    for pause_s, longest_s in zip(pauses, [3.0, 6.0, 8.0, 8.0] * 2, strict=True):
        assert longest_s / 2 <= pause_s <= longest_s
    assert len(set(pauses)) == 8


async def test_no_pause_goes_beyond_the_end_of_the_call(
    build: Build, server: DeepSeekServer, pauses: list[float]
) -> None:
    """Whoever would be told after it that time is up is told at once."""
    model = build(retry_within_s=1000.0, total_timeout_s=3.0)
    server.enqueue(Failure(503, headers={"retry-after": "4"}))
    with pytest.raises(UpstreamBusy) as caught:
        await events_of(model)
    assert (caught.value.status, pauses) == (503, [])


def test_quiet_hours_save_no_more_than_a_burst() -> None:
    """After ten thousand good calls an outage is still met with ten retries."""
    budget = RetryBudget()
    for _ in range(10_000):
        budget.called()
    assert [budget.take() for _ in range(12)] == [True] * 10 + [False] * 2


async def test_leaving_a_try_leaves_the_next_one(build: Build, server: DeepSeekServer) -> None:
    """A learner who leaves while the breaker tries must not keep it open for ever."""
    now = [0.0]
    model = build(max_retries=0, breaker=CircuitBreaker(lambda: now[0]))
    server.responder = lambda body: Failure(503)
    for _ in range(5):
        with pytest.raises(UpstreamBusy):
            await events_of(model)
    now[0] = 6.0
    server.responder = lambda body: [Pause(5)]
    with anyio.move_on_after(0.2):
        await events_of(model)
    server.responder = lambda body: reply("答")
    assert said(await events_of(model)) == "答"


def test_an_outage_that_hits_many_at_once_is_one_outage() -> None:
    """Hundreds of calls are under way when it begins: the model is tried again after the first pause."""
    now = [0.0]
    breaker = CircuitBreaker(lambda: now[0])
    for _ in range(300):
        assert not breaker.enter()
    for _ in range(299):
        breaker.failed(UpstreamBusy("busy", status=503))
    now[0] = 5.5
    assert breaker.enter()
    breaker.failed(UpstreamBusy("busy", status=503))
    with pytest.raises(UpstreamBusy):
        breaker.enter()
    breaker.failed(UpstreamBusy("busy", status=503), tries=True)
    now[0] = 15.0
    assert breaker.is_open
    now[0] = 16.0
    assert breaker.enter()


def test_failed_tries_are_a_minute_apart_at_most() -> None:
    """Each doubles the pause, up to a minute; a success brings the first one back."""
    now = [0.0]
    breaker = CircuitBreaker(lambda: now[0])
    for _ in range(5):
        breaker.failed(UpstreamBusy("busy"))
    pauses = []
    for _ in range(6):
        begun = now[0]
        while breaker.is_open:
            now[0] += 1.0
        pauses.append(now[0] - begun)
        assert breaker.enter()
        breaker.failed(UpstreamBusy("busy"), tries=True)
    assert pauses == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
    now[0] += 60.0
    assert breaker.enter()
    breaker.succeeded()
    for n in range(5):
        assert not breaker.is_open, n
        breaker.failed(UpstreamBusy("busy"))
    now[0] += 5.0
    assert not breaker.is_open


@pytest.mark.parametrize(
    ("asked_s", "pause_s"), [(30.0, 30.0), (1.0, 5.0), (float("inf"), 300.0), (1_796_083_200.0, 300.0)]
)
def test_the_breaker_waits_as_long_as_the_endpoint_asks_and_never_for_ever(
    asked_s: float, pause_s: float
) -> None:
    """An instant where seconds belong must not leave a server without its model for 56 years."""
    now = [0.0]
    breaker = CircuitBreaker(lambda: now[0])
    for _ in range(5):
        breaker.failed(UpstreamBusy("busy", retry_after_s=asked_s))
    now[0] = pause_s - 0.5
    assert breaker.is_open
    now[0] = pause_s
    assert breaker.enter()


async def test_retries_do_not_triple_an_overload(build: Build, server: DeepSeekServer) -> None:
    """Beyond a burst of ten, a fifth of the calls may be repeated."""
    model = build(first_pause_s=0.001)
    server.responder = lambda body: Failure(503)
    for _ in range(40):
        model.breaker = CircuitBreaker()
        with pytest.raises(UpstreamBusy):
            await events_of(model)
    assert 40 + 10 <= len(server.chats) <= 40 + 10 + 8


async def test_no_attempt_starts_late(build: Build, server: DeepSeekServer) -> None:
    """The learner waits meanwhile: the course's own sentences come sooner than a third attempt."""
    model = build(retry_within_s=0.0)
    server.enqueue(Failure(503), reply("答"))
    with pytest.raises(UpstreamBusy):
        await events_of(model)
    assert len(server.chats) == 1


async def test_another_model_under_the_same_name_is_logged(
    model: OpenAIChatModel, server: DeepSeekServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Then the evaluation is due again."""
    other = [chunk({"content": "答"}, model="v5"), chunk({}, finish="stop", model="v5"), DONE]
    server.enqueue(reply("答"), other, other)
    await events_of(model)
    assert not [record for record in caplog.records if record.name.startswith("baize")]
    await events_of(model)
    await events_of(model)
    assert caplog.text.count("changed from deepseek-flash-1017 to v5") == 1


# Failures


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (400, "thinking style"),
        (401, "key"),
        (402, "balance"),
        (403, "permission"),
        (404, "base URL"),
        (413, "too long"),
        (422, "parameter"),
        (451, "not help"),
    ],
)
async def test_rejections_are_not_retried_and_say_what_to_do(
    model: OpenAIChatModel, server: DeepSeekServer, status: int, remedy: str
) -> None:
    """Each refusal has its status and its own remedy, and costs one request."""
    server.enqueue(Failure(status))
    with pytest.raises(UpstreamRejected) as caught:
        await events_of(model)
    assert caught.value.status == status
    assert remedy in str(caught.value)
    assert len(server.chats) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
async def test_busy_statuses_are_retried(model: OpenAIChatModel, server: DeepSeekServer, status: int) -> None:
    """Overload before the first token is hidden by a retry."""
    server.enqueue(Failure(status), reply("答"))
    assert said(await events_of(model)) == "答"
    assert len(server.chats) == 2


async def test_retries_are_limited(model: OpenAIChatModel, server: DeepSeekServer) -> None:
    """After the configured retries the last failure is raised, with its status; the SDK adds none."""
    server.responder = lambda body: Failure(503)
    with pytest.raises(UpstreamBusy) as caught:
        await events_of(model)
    assert caught.value.status == 503
    assert caught.value.retryable
    assert len(server.chats) == 3


async def test_retry_after_is_honoured(model: OpenAIChatModel, server: DeepSeekServer) -> None:
    """The second request comes no earlier than the endpoint asked for."""
    server.enqueue(Failure(429, headers={"retry-after": "0.4"}), reply("答"))
    await events_of(model)
    first, second = server.chats
    assert second.at - first.at >= 0.4


@pytest.mark.parametrize("wait", ["60", "Wed, 21 Oct 2099 07:28:00 GMT"], ids=["seconds", "date"])
async def test_retry_after_beyond_the_budget_fails_at_once(
    model: OpenAIChatModel, server: DeepSeekServer, wait: str
) -> None:
    """Who would have to wait longer than the whole call may take is told so now."""
    server.enqueue(Failure(429, headers={"retry-after": wait}))
    with pytest.raises(UpstreamBusy) as caught:
        await events_of(model)
    assert caught.value.retry_after_s is not None
    assert caught.value.retry_after_s >= 60
    assert len(server.chats) == 1


@pytest.mark.parametrize(
    ("told", "wait_s"),
    [
        ("-5", 0.0),
        ("soon", None),
        ("inf", 3600.0),
        ("nan", 0.0),
        ("1796083200", 3600.0),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0.0),
    ],
)
async def test_retry_after_is_seconds_whatever_it_says(
    build: Build, server: DeepSeekServer, told: str, wait_s: float | None
) -> None:
    """Callers put it into headers and pauses: it is a number of seconds, at most an hour, or nothing."""
    server.enqueue(Failure(429, headers={"retry-after": told}))
    with pytest.raises(UpstreamBusy) as caught:
        await events_of(build(max_retries=0))
    assert caught.value.retry_after_s == wait_s


async def test_nobody_there_is_busy(build: Build) -> None:
    """A refused connection is a failure that names the network."""
    model = build(base_url="http://127.0.0.1:9/v1", api_key="")
    with pytest.raises(UpstreamBusy, match="network"):
        await events_of(model)


async def test_cut_before_the_first_token_is_retried(model: OpenAIChatModel, server: DeepSeekServer) -> None:
    """Nothing was said yet, so asking again is invisible."""
    server.enqueue([KEEP_ALIVE, Cut()], reply("答"))
    assert said(await events_of(model)) == "答"


async def test_cut_after_the_first_token_is_not_retried(
    model: OpenAIChatModel, server: DeepSeekServer
) -> None:
    """What the learner has seen can't be asked for again."""
    server.enqueue([text("半"), Cut()], reply("答"))
    with pytest.raises(UpstreamBusy):
        await events_of(model)
    assert len(server.chats) == 1


async def test_thinking_counts_as_a_first_token(model: OpenAIChatModel, server: DeepSeekServer) -> None:
    """A stream that breaks in its reasoning is not started again."""
    server.enqueue([thinking("想"), Cut()], reply("答"))
    with pytest.raises(UpstreamBusy):
        await events_of(model, THINK)
    assert len(server.chats) == 1


@pytest.mark.parametrize(
    "ending",
    [
        [DONE],
        [],
        [finish("insufficient_system_resource"), DONE],
        [data({"error": {"message": "我的秘密问题", "type": "server_error"}})],
        [Raw(b"data: {broken\n\n")],
        [Raw(b"data: \xff\xfe\n\n")],
        [Raw(b"data: " + b"[" * 5000 + b"\n\n")],
        [data({"error": {"type": "server_error"}}), text("整"), finish(), DONE],
        [Raw(b"data: {broken\n\n"), text("整"), finish(), DONE],
    ],
    ids=[
        "no finish reason",
        "quiet end",
        "gave up",
        "error event",
        "no JSON",
        "no UTF-8",
        "no bottom",
        "an error, and on",
        "a piece that is lost, and on",
    ],
)
async def test_broken_ends_are_busy(
    model: OpenAIChatModel, server: DeepSeekServer, ending: list[Raw]
) -> None:
    """However a stream fails to end, the caller learns that the answer is not whole."""
    server.enqueue([text("半"), *ending])
    with pytest.raises(UpstreamBusy):
        await events_of(model)


async def test_a_pause_behind_a_sentence_is_told(build: Build, server: DeepSeekServer) -> None:
    """By an empty text, so that the sentence need not wait for the next token; none behind half of one."""
    server.enqueue([text("先坐好"), Pause(0.5), text("。[1]"), Pause(2), *reply("再量。")])
    said_by = [event.text for event in await events_of(build()) if isinstance(event, TextDelta)]
    assert said_by[:3] == ["先坐好", "。[1]", ""]
    assert "".join(said_by) == "先坐好。[1]再量。"


async def test_what_came_before_a_connection_broke_counts(build: Build, server: DeepSeekServer) -> None:
    """Some endpoints hang up right behind `[DONE]`, and the next look at the reply finds both."""
    server.enqueue([*reply("先坐好。"), Cut()])
    events = await events_of(build(max_retries=0))
    assert [event.text for event in events if isinstance(event, TextDelta) and event.text] == ["先坐好。"]


async def test_text_is_handed_on_where_a_cited_sentence_may_end(build: Build, server: DeepSeekServer) -> None:
    """Token by token it would cost more to pass on than to read, and what is not cited is not released."""
    tokens = ["一", "二", "。", "三", "。", "[1]", "\n四", "[2]", "五", "。", "见图2", "[3]", "。", "六"]
    server.enqueue([piece for token in tokens for piece in (text(token), Pause(0.1))] + reply("。"))
    said_by = [
        event.text for event in await events_of(build()) if isinstance(event, TextDelta) and event.text
    ]
    assert said_by == ["一", "二。三。[1]", "\n四[2]", "五。", "见图2[3]", "。", "六。"]


async def test_a_long_reply_without_a_marker_arrives_whole(build: Build, server: DeepSeekServer) -> None:
    """What waits for a marker is bounded; nothing of it is lost, and reading goes on behind it."""
    server.enqueue([text("字" * 1000 + "。")] * 600 + reply("完"))
    pieces = [event.text for event in await events_of(build()) if isinstance(event, TextDelta)]
    assert "".join(pieces) == ("字" * 1000 + "。") * 600 + "完"
    assert max(map(len, pieces)) < 600 * 1001


@pytest.mark.parametrize(
    "script",
    [[KEEP_ALIVE, Pause(30)], [text("半"), Pause(30)]],
    ids=["before the first token", "in the middle"],
)
async def test_silence_is_cut_off(build: Build, server: DeepSeekServer, script: list[Any]) -> None:
    """Too long a silence raises and hangs up, before the first token and between tokens."""
    model = build(first_token_timeout_s=2.0, max_retries=0)
    server.enqueue(script)
    started = time.monotonic()
    with pytest.raises(UpstreamBusy, match="silent"):
        await events_of(model)
    assert time.monotonic() - started < 25
    assert await asyncio.to_thread(server.chats[0].disconnected.wait, 30)


async def test_an_endpoint_that_takes_the_question_and_says_nothing_is_given_up(build: Build) -> None:
    """Not even the head of a response, as where a balancer has lost what stands behind it."""
    left: list[asyncio.StreamReader] = []

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        left.append(reader)
        writer.close()

    async with await asyncio.start_server(hold, "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        model = build(base_url=f"http://127.0.0.1:{port}/v1", first_token_timeout_s=0.3, max_retries=0)
        with anyio.fail_after(30):
            with pytest.raises(UpstreamBusy, match="silent"):
                await events_of(model)
            with pytest.raises(UpstreamBusy, match="silent"):
                await model.ready()
            while len(left) < 2:  # noqa: ASYNC110 - a socket tells nobody
                await anyio.sleep(0.01)


async def test_keep_alives_are_silence(build: Build, server: DeepSeekServer) -> None:
    """An endpoint that only keeps the line open does not hold the learner for ever."""
    model = build(first_token_timeout_s=0.3, max_retries=0)
    server.enqueue([piece for _ in range(20) for piece in (KEEP_ALIVE, Pause(0.1))])
    with pytest.raises(UpstreamBusy, match="silent"):
        await events_of(model)


async def test_whole_call_has_a_limit(build: Build, server: DeepSeekServer) -> None:
    """Steady tokens don't outlast the total time."""
    model = build(total_timeout_s=0.4)
    server.enqueue(paced("一" * 400, per_second=20))
    started = time.monotonic()
    with pytest.raises(UpstreamBusy):
        await events_of(model)
    assert time.monotonic() - started < 15


async def test_the_limit_of_a_call_holds_in_its_first_silence_too(
    build: Build, server: DeepSeekServer
) -> None:
    """However patient the settings are with a first token."""
    model = build(total_timeout_s=0.4, first_token_timeout_s=60)
    server.enqueue([KEEP_ALIVE, Pause(50)])
    started = time.monotonic()
    with pytest.raises(UpstreamBusy, match="silent"):
        await events_of(model)
    assert time.monotonic() - started < 25


@pytest.mark.parametrize("status", [400, 401, 429, 500])
async def test_errors_hold_no_question_and_no_key(build: Build, server: DeepSeekServer, status: int) -> None:
    """Bodies that echo prompt and key leave no trace in the error or its printed traceback."""
    echo = {"error": {"message": "bad key sk-secret-key for 我的秘密问题", "type": "invalid_request_error"}}
    server.enqueue(Failure(status, body=echo))
    with pytest.raises(UpstreamFailed) as caught:
        await events_of(build(max_retries=0))
    printed = "".join(traceback.format_exception(caught.value))
    assert "invalid_request_error" in printed
    assert "sk-secret-key" not in printed
    assert "秘密" not in printed


# Hanging up


async def test_closing_hangs_up_upstream(model: OpenAIChatModel, server: DeepSeekServer) -> None:
    """The slot upstream is free within a second after the learner left."""
    server.enqueue(paced("一" * 100, per_second=20))
    async with aclosing(model.stream(ASK, Sampling())) as events:
        assert await anext(events) == TextDelta("一")
    assert await asyncio.to_thread(server.chats[0].disconnected.wait, 30)


async def test_cancelling_hangs_up_upstream(model: OpenAIChatModel, server: DeepSeekServer) -> None:
    """So does cancelling the task that waits for the next token."""
    server.enqueue([text("一"), Pause(20)])
    reading = asyncio.create_task(events_of(model))
    await asyncio.to_thread(server.until_asked)
    reading.cancel()
    assert await asyncio.to_thread(server.chats[0].disconnected.wait, 30)


async def test_a_healthy_stream_is_read_to_its_end(model: OpenAIChatModel, server: DeepSeekServer) -> None:
    """Nothing is hung up on when the reply was whole."""
    server.enqueue(reply("答"))
    await events_of(model)
    assert await asyncio.to_thread(server.chats[0].ended.wait, 30)
    assert not server.chats[0].disconnected.is_set()


# Probing


async def test_ready_says_whether_the_model_is_served(build: Build, server: DeepSeekServer) -> None:
    """`baize doctor` learns of a renamed model before a learner does."""
    model = build()
    assert await model.ready() == "deepseek-flash is served."
    server.models[:] = ["deepseek-v5"]
    try:
        assert "does not list deepseek-flash; it lists deepseek-v5" in await model.ready()
    finally:
        server.models[:] = ["deepseek-flash"]


async def test_cited_echo_needs_no_script(model: OpenAIChatModel, server: DeepSeekServer) -> None:
    """Without a script the server quotes the passages of the prompt, cited."""
    prompt = '<passage id="3" title="t">\n学习率过大会震荡。后来发散。\n</passage>\nQuestion: 会怎样？'
    assert said(await events_of(model, messages=[Message("user", prompt)])) == "学习率过大会震荡。 [3]\n"


# Whatever comes


async def test_random_streams_are_all_handled(server: DeepSeekServer) -> None:
    """Each ends in one Usage or in an UpstreamFailed; ten thousand are run by `benchmarks.wire_fuzz`."""
    endings, unhandled = await fuzz(server, 150, seed=20261128)
    assert unhandled == []
    assert endings.total() == 150


# However the bytes are cut


@pytest.fixture(scope="module")
def listen(running: DeepSeekServer) -> Iterator[Callable[[], list[ChatEvent]]]:
    """Asks from a loop that outlives the examples, so that all share one client."""
    with start_blocking_portal() as portal:
        model = model_at(running.base_url, max_retries=0)
        yield lambda: portal.call(events_of, model, THINK)
        portal.call(model.close)


@settings(max_examples=200)
@given(cuts=st.lists(st.integers(0, 10_000), max_size=8))
def test_cuts_of_the_bytes_change_no_event(
    running: DeepSeekServer, listen: Callable[[], list[ChatEvent]], cuts: list[int]
) -> None:
    """A stream that arrives in other parts, cut inside characters too, gives the same events."""
    whole = [KEEP_ALIVE, *reply("学习率👍", "过大 [1]。", thoughts=["想", "一想"])]
    running.reset()
    running.enqueue(list(chopped(whole, cuts)))
    assert listen() == [
        ThinkingDelta("想"),
        ThinkingDelta("一想"),
        TextDelta("学习率👍"),
        TextDelta("过大 [1]。"),
        Usage(120, 64, 30, 12, model="deepseek-flash-1017", finish_reason="stop"),
    ]
