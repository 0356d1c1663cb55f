"""The OpenAI-compatible door with the clients that people use: `openai` and LangChain's `ChatOpenAI`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import openai
import pytest
from langchain_openai import ChatOpenAI
from openai.types.chat import ChatCompletionUserMessageParam
from pydantic import SecretStr

from baize.api.app import create_app
from baize.bootstrap import House
from baize.domain.platform import Platform
from baize.settings import Server
from baize.testing.memory_platforms import MemoryPlatforms
from baize.testing.scripted_chat_model import ScriptedChatModel
from tests.integration.test_who_asks import SECRET, token
from tests.unit.api.library import LESSONS, LiveServer, opens, settings

LABEL = "以下为课程原文摘录，由AI检索整理"
BY_MODEL = "内容由AI生成，请以课程原文为准"
ASKED: list[ChatCompletionUserMessageParam] = [{"role": "user", "content": "量血压之前坐多久？"}]
HEALTH = {"course_ids": ["health"]}


@contextmanager
def serving(**changes: Any) -> Iterator[LiveServer]:
    chat = changes.pop("chat", None)
    with LiveServer(create_app(settings(**changes), open_house=opens(chat=chat))) as server:
        yield server


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as server:
        yield server.url


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
        yield client


def annotations_of(message: Any) -> list[dict[str, Any]]:
    """As plain data, whichever of the SDK's classes they are."""
    return json.loads(message.model_dump_json())["annotations"]  # type: ignore[no-any-return]


def assert_cited(content: str, annotations: list[dict[str, Any]]) -> None:
    """Each annotation points at its sentence in the content and at a quote of the lesson."""
    assert annotations
    assert [one["index"] for one in annotations] == list(range(len(annotations)))
    for one in annotations:
        cited = one["url_citation"]
        citation = one["citation"]
        assert content[cited["start_index"] : cited["end_index"]] == citation["sentence"]
        assert f"[{citation['marker']}]" in content
        assert citation["quote"] in LESSONS[citation["lesson_id"]][2]
        start, end = citation["locator"]["start"], citation["locator"]["end"]
        assert cited["url"].endswith(f"/v1/lessons/{citation['lesson_id']}#t={start:g},{end:g}")


# -------------------------------------------------------------------------------------------- openai's client


def test_the_stock_client_gets_a_cited_answer(client: openai.OpenAI, url: str) -> None:
    """Content, annotations, usage; and the same answer under /v1/answers."""
    got = client.chat.completions.create(model="baize", messages=ASKED, extra_body={"scope": HEALTH})

    message = got.choices[0].message
    assert got.choices[0].finish_reason == "stop"
    assert message.content is not None
    assert_cited(message.content, annotations_of(message))
    assert message.content.endswith(f"\n\n（{LABEL}）")
    assert got.usage is not None
    assert got.usage.total_tokens == 0
    notes = got.model_dump()["baize"]
    assert notes["ai_generated"] is True
    stored = httpx.get(f"{url}/v1/answers/{notes['answer_id']}").json()
    assert message.content.startswith(stored["text"])
    assert stored["citations"] == [one["citation"] for one in annotations_of(message)]


def test_a_stream_holds_text_annotations_and_usage(client: openai.OpenAI) -> None:
    """Text as it is released, each annotation behind its text, one finish, then the usage."""
    chunks = list(
        client.chat.completions.create(
            model="baize",
            messages=ASKED,
            stream=True,
            stream_options={"include_usage": True},
            extra_body={"course_id": "health"},
        )
    )

    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    evidence = next(told for chunk in chunks if (told := chunk.model_dump().get("baize", {}).get("evidence")))
    assert evidence[0]["course_id"] == "health"
    content, annotations = "", []
    for chunk in chunks[:-1]:
        delta = chunk.choices[0].delta
        content += delta.content or ""
        annotations += getattr(delta, "annotations", None) or []
        for one in getattr(delta, "annotations", None) or []:
            assert f"[{one['citation']['marker']}]" in content
    assert_cited(content, annotations)
    assert content.endswith(f"（{LABEL}）")
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]].count("stop") == 1
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None


def test_the_sdk_puts_a_stream_together(client: openai.OpenAI) -> None:
    """`stream()` of the SDK gives the object that a call without streaming gives."""
    with client.chat.completions.stream(model="baize", messages=ASKED, extra_body={"scope": HEALTH}) as told:
        message = told.get_final_completion().choices[0].message

    assert message.content is not None
    assert_cited(message.content, annotations_of(message))


@pytest.mark.parametrize(
    "metadata",
    [
        {"course_ids": "sheets"},
        {"course_id": "sheets"},
        {"scope": '{"course_ids": ["sheets"]}'},
        {"lesson_ids": '["sheets-01"]', "campaign": "spring"},
    ],
)
def test_the_scope_may_stand_in_the_metadata(client: openai.OpenAI, metadata: dict[str, str]) -> None:
    """Where OpenAI allows strings only; other keys of the metadata are the client's own."""
    got = client.chat.completions.create(model="baize", messages=ASKED, metadata=metadata)
    cited = {one["citation"]["course_id"] for one in annotations_of(got.choices[0].message)}
    assert cited == {"sheets"}


def test_up_to_spoils_nothing(client: openai.OpenAI) -> None:
    """Nothing behind the learner's position is used."""
    got = client.chat.completions.create(
        model="baize",
        messages=ASKED,
        metadata={"lesson_id": "health-01", "up_to": '{"lesson_id": "health-01", "position_s": 9}'},
    )
    starts = [one["citation"]["locator"]["start"] for one in annotations_of(got.choices[0].message)]
    assert starts == [0.0]


def test_the_notice_may_stand_elsewhere(client: openai.OpenAI) -> None:
    """For a page that shows `baize.label` itself."""
    got = client.chat.completions.create(model="baize", messages=ASKED, extra_body={"label": False})
    assert LABEL not in (got.choices[0].message.content or "")
    assert got.model_dump()["baize"]["label"] == LABEL


# -------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"model": "gpt-4o"}, "'gpt-4o'"), ({"extra_body": {"course_id": "nowhere"}}, "'nowhere'")],
)
def test_what_is_not_there_is_not_found(client: openai.OpenAI, changes: dict[str, Any], named: str) -> None:
    """The SDK raises its own class, which names the thing."""
    with pytest.raises(openai.NotFoundError) as raised:
        client.chat.completions.create(**{"model": "baize", "messages": ASKED} | changes)
    assert (raised.value.code, raised.value.type) == ("not_found", "not_found_error")
    assert named in raised.value.message


@pytest.mark.parametrize(
    ("changes", "param", "words"),
    [
        ({"n": 2}, "n", "must be 1"),
        ({"tools": [{"type": "function"}]}, "tools", "leave it out"),
        ({"tools": "x"}, "tools", "must be a list"),
        ({"functions": [{"name": "f"}]}, "functions", "leave it out"),
        ({"response_format": {"type": "json_object"}}, "response_format", '{"type": "text"}'),
        ({"logprobs": True}, "logprobs", "leave it out"),
        ({"temperature": "x"}, "temperature", "must be a number"),
        ({"max_tokens": "x"}, "max_tokens", "must be a whole number"),
        ({"stop": 5}, "stop", "must be text or a list"),
        ({"messages": []}, "messages", "at least 1, not 0"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content", "must be text or a list"),
        ({"messages": [*ASKED, {"role": "user"}]}, "messages[1].content", "ask something"),
        ({"messages": [{"role": "bot", "content": "x"}]}, "messages[0].role", "'assistant'"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "messages[0].role", "the user's question"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "messages[0].content[0].type",
            "only text",
        ),
        ({"metadata": {"scope": "{"}}, "metadata.scope", "must be JSON"),
        ({"metadata": {"position": '{"t": 1}'}}, "metadata.position.lesson_id", "missing"),
        ({"extra_body": {"mode": "sing"}}, "mode", "'explain', 'guide' or 'test'"),
        ({"extra_body": {"thinking": "perhaps"}}, "thinking", "true or false or 'auto'"),
        ({"extra_body": {"up_to": {"lesson_id": "a"}}}, "up_to.position_s", "missing"),
        ({"extra_body": {"scope": {"course_ids": ["a", "b c"]}}}, "scope.course_ids[1]", "must be an id"),
        (
            {"extra_body": {"course_id": "a", "course_ids": ["b"] * 200}},
            "scope.course_ids",
            "at most 200, not 201",
        ),
    ],
)
def test_a_wrong_field_is_openais_param(
    client: openai.OpenAI, changes: dict[str, Any], param: str, words: str
) -> None:
    """In our words, with the field's name as OpenAI writes it."""
    with pytest.raises(openai.BadRequestError) as raised:
        client.chat.completions.create(**{"model": "baize", "messages": ASKED} | changes)
    assert (raised.value.param, raised.value.type) == (param, "invalid_request_error")
    assert f"{param}: " in raised.value.message
    assert words in raised.value.message


def test_every_missing_field_is_named(url: str) -> None:
    """What the SDK does not let its callers leave out."""
    told = httpx.post(f"{url}/v1/chat/completions", json={}).json()["error"]
    assert told["param"] == "model"
    assert told["message"].startswith("model: this field is missing; messages: this field is missing.")


def test_what_only_changes_sampling_is_accepted(client: openai.OpenAI) -> None:
    """And so is a metadata value that says nothing."""
    got = client.chat.completions.create(
        model="baize",
        messages=ASKED,
        temperature=0.2,
        max_tokens=50,
        stop=["。"],
        seed=1,
        metadata={"course_id": ""},
        extra_body={"scope": HEALTH},
    )
    assert got.choices[0].message.content


def test_without_a_key_the_client_is_refused() -> None:
    """On every path of the door, in OpenAI's shape; with a learner's token it is that learner's answer."""

    def knows_one_platform(house: House) -> None:
        house.__dict__["platforms"] = MemoryPlatforms(Platform("default", secret=SECRET))

    app = create_app(settings(server=Server(require_key=True)), open_house=opens(prepare=knows_one_platform))
    with LiveServer(app) as server:
        stranger = openai.OpenAI(base_url=f"{server.url}/v1", api_key="sk-made-up", max_retries=0)
        for call in (
            lambda: stranger.models.list(),
            lambda: stranger.chat.completions.create(model="baize", messages=ASKED),
        ):
            with pytest.raises(openai.AuthenticationError):
                call()
        lin, mei = (token(name)["Authorization"].removeprefix("Bearer ") for name in ("lin", "mei"))
        door = openai.OpenAI(base_url=f"{server.url}/v1", api_key=lin, max_retries=0)
        got = door.chat.completions.create(model="baize", messages=ASKED).model_dump()
        path = f"{server.url}/v1/answers/{got['baize']['answer_id']}"
        assert httpx.get(path, headers={"Authorization": f"Bearer {lin}"}).status_code == 200
        assert httpx.get(path, headers={"Authorization": f"Bearer {mei}"}).status_code == 404
        with pytest.raises(openai.PermissionDeniedError):
            door.chat.completions.create(model="baize", messages=ASKED, extra_body={"learner_id": "mei"})


def test_the_models_card(client: openai.OpenAI) -> None:
    """Listed and retrieved; another one is not found."""
    listed = client.models.list().data
    assert [model.id for model in listed] == ["baize"]
    assert client.models.retrieve("baize") == listed[0]
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4o")


# ------------------------------------------------------------------------------------------------ history


def test_earlier_turns_are_told_to_the_model() -> None:
    """Those with an answer, without the notice that this door had put behind it; no system message is."""
    chat = ScriptedChatModel(["量血压之前，先安静坐五分钟 [1]。"])
    with (
        serving(chat=chat, answers={"reuse": "off"}) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
    ):
        client.chat.completions.create(
            model="baize",
            messages=[
                {"role": "system", "content": "You are a pirate."},
                {"role": "user", "content": "袖带放哪里？"},
                {
                    "role": "assistant",
                    "content": f"袖带要和心脏一样高 [1]。\n\n（{BY_MODEL}）",
                },
                *ASKED,
            ],
        )
    told = [(message.role, message.content) for message in chat.asked[-1].messages]
    assert ("user", "袖带放哪里？") in told
    assert ("assistant", "袖带要和心脏一样高 [1]。") in told
    assert not any("pirate" in content for _, content in told)


# ---------------------------------------------------------------------------------------------- LangChain


def test_chat_openai_streams_with_citations(url: str) -> None:
    """LangChain drops fields that it does not know; `[n]` and the answer's id lead to the citations."""
    model = ChatOpenAI(
        base_url=f"{url}/v1",
        api_key=SecretStr("none"),
        model="baize",
        max_retries=0,
        include_response_headers=True,
        extra_body={"scope": HEALTH},
    )

    whole = None
    for chunk in model.stream("量血压之前坐多久？"):
        whole = chunk if whole is None else whole + chunk

    assert whole is not None
    stored = httpx.get(f"{url}/v1/answers/{whole.response_metadata['headers']['x-answer-id']}").json()
    assert str(whole.content).startswith(stored["text"])
    for citation in stored["citations"]:
        assert f"[{citation['marker']}]" in str(whole.content)
        assert citation["quote"] in LESSONS[citation["lesson_id"]][2]
    assert stored["citations"]


def test_chat_openai_asks_within_a_conversation(url: str) -> None:
    """Its messages are understood, and it can be called without streaming."""
    model = ChatOpenAI(base_url=f"{url}/v1", api_key=SecretStr("none"), model="baize", max_retries=0)
    got = model.invoke([("system", "Be brief."), ("user", "你好"), ("ai", "你好"), ("user", "袖带放哪里？")])
    assert "[1]" in str(got.content)
    assert got.response_metadata["model_name"] == "baize"


def test_a_failure_in_the_stream_is_openais_error() -> None:
    """The SDK raises it: a stream never just ends."""

    def breaks(house: House) -> None:
        async def fail(*_: object, **__: object) -> None:
            raise RuntimeError("a bug")

        house.answers.put = fail  # type: ignore[method-assign]

    app = create_app(settings(), open_house=opens(prepare=breaks))
    with (
        LiveServer(app) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
        pytest.raises(openai.APIError, match="went wrong inside"),
    ):
        list(client.chat.completions.create(model="baize", messages=ASKED, stream=True))
