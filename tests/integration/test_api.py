"""The HTTP API over a small library of doubles: what goes in, what comes out, and what is refused."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator
from itertools import product
from typing import Any
from urllib.parse import unquote

import anyio
import httpx
import pytest

from baize.api.app import create_app
from baize.api.links import PlayerLinks
from baize.api.mapping import Mapper
from baize.api.sse import AnswerStream, frames
from baize.bootstrap import House
from baize.domain.chat import AnswerEvent, ThinkingDelta
from baize.domain.course import Course
from baize.domain.search import Vector
from baize.errors import Conflict, DependencyUnavailable, IndexUnavailable, UpstreamBusy
from baize.settings import DeepSeekChat, OpenAIChat, Server
from baize.testing.hash_embedder import HashEmbedder
from baize.testing.scripted_chat_model import ScriptedChatModel
from tests.servers.deepseek import DeepSeekServer
from tests.servers.wire import Pause, reply
from tests.unit.api.library import LESSONS, LiveServer, client_of, opens, served, settings

pytestmark = pytest.mark.anyio

QUESTION = {"question": "量血压之前坐多久？"}
SSE = {"Accept": "text/event-stream"}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with served() as client:
        yield client


def events_of(body: str) -> list[tuple[int, str, dict[str, Any]]]:
    """(id, event, data) of a whole stream; fails on a frame of another shape."""
    found = []
    for frame in body.strip().split("\n\n"):
        if frame.startswith(":"):
            continue
        fields = dict(line.split(": ", 1) for line in frame.split("\n"))
        assert fields.keys() == {"id", "event", "data"}
        found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


_OPENAI = ("/v1/chat/", "/v1/models")


def assert_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status
    assert {"type", "title", "detail"} <= problem.keys()
    return problem


# ------------------------------------------------------------------------------------------------ answers


async def test_an_answer_streams_in_order(client: httpx.AsyncClient) -> None:
    """start, evidence, then sentences each followed by their citations, then done; ids count up from 1."""
    response = await client.post("/v1/answers", json=QUESTION, headers=SSE)

    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-cache, no-transform"
    assert response.headers["x-accel-buffering"] == "no"
    events = events_of(response.text)
    names = [name for _, name, _ in events]
    assert [number for number, _, _ in events] == list(range(1, len(events) + 1))
    assert names[:2] == ["start", "evidence"]
    assert names[-1] == "done"
    assert set(names[2:-1]) == {"delta", "citation"}
    assert events[0][2]["ai_generated"] is True
    assert events[0][2]["label"] == "以下为课程原文摘录，由AI检索整理"


async def test_a_citation_follows_the_text_that_holds_its_marker(client: httpx.AsyncClient) -> None:
    """A client can bind the button that it has just drawn."""
    events = events_of((await client.post("/v1/answers", json=QUESTION, headers=SSE)).text)

    last_delta = ""
    n_cited = 0
    for _, name, data in events:
        if name == "delta":
            last_delta = data["text"]
        if name == "citation":
            n_cited += 1
            assert f"[{data['marker']}]" in last_delta
            assert data["quote"] in LESSONS[data["lesson_id"]][2]
    assert n_cited > 0


async def test_what_is_stored_equals_what_was_sent_byte_for_byte(client: httpx.AsyncClient) -> None:
    """`citations` of `GET /answers/{id}` are those of `done`, and so is all the rest."""
    streamed = await client.post("/v1/answers", json=QUESTION, headers=SSE)
    sent = re.findall(r"event: done\ndata: (.*)\n", streamed.text)[0]

    stored = await client.get(f"/v1/answers/{json.loads(sent)['answer_id']}")

    assert json.loads(sent)["citations"]
    assert stored.text == sent


async def test_without_sse_the_answer_comes_whole(client: httpx.AsyncClient) -> None:
    """The same object as `done`, and the contract's keys in it."""
    response = await client.post("/v1/answers", json=QUESTION)

    assert response.headers["content-type"] == "application/json"
    answer = response.json()
    assert {"text", "html", "citations", "follow_ups", "usage", "cost", "withheld"} <= answer.keys()
    assert "degraded" not in answer
    assert (answer["cost"], answer["follow_ups"]) == (0.0, [])
    assert '<cite data-marker="1">[1]</cite>' in answer["html"]


async def test_evidence_is_as_the_contract_says(client: httpx.AsyncClient) -> None:
    """Each item has its place; the link is null while no player is configured."""
    events = events_of((await client.post("/v1/answers", json=QUESTION, headers=SSE)).text)

    items = events[1][2]["items"]
    assert [item["marker"] for item in items] == list(range(1, len(items) + 1))
    first = items[0]
    assert first.keys() == {"marker", "course_id", "lesson_id", "lesson_title", "locator", "text", "url"}
    assert first["locator"] == {"kind": "time", "start": 0.0, "end": 8.5}
    assert first["url"] is None


async def test_a_configured_player_is_linked() -> None:
    """`url` comes from the operator's template."""
    chosen = settings(server=Server(player_url="https://learn.example/{lesson_id}?t={start}"))
    async with served(chosen) as client:
        found = (await client.post("/v1/search", json={"query": "袖带要和心脏一样高"})).json()

    assert found["results"][0]["url"] == "https://learn.example/health-01?t=10"


async def test_a_question_without_evidence_is_refused_with_the_nearest_moments() -> None:
    """`refusal` is followed by `done`; nothing is cited."""
    async with served(settings(answers={"min_evidence": 1.0})) as client:
        events = events_of((await client.post("/v1/answers", json=QUESTION, headers=SSE)).text)

    names = [name for _, name, _ in events]
    assert names == ["start", "delta", "refusal", "done"]
    refusal = events[2][2]
    assert refusal["reason"] == "not_covered"
    assert 1 <= len(refusal["nearest"]) <= 3
    assert refusal["nearest"][0].keys() == {
        "course_id",
        "lesson_id",
        "lesson_title",
        "locator",
        "text",
        "url",
    }
    assert events[-1][2]["refusal"] == refusal
    assert events[-1][2]["citations"] == []


async def test_hostile_course_text_is_inert_in_html() -> None:
    """A quote and a title that hold markup stay text in `html` and plain data elsewhere."""
    async with served() as client:
        asked = {
            "question": "<script>alert(3)</script>降压药要天天吃吗？",
            "scope": {"lesson_ids": ["health-02"]},
        }
        answer = (await client.post("/v1/answers", json=asked)).json()

    assert "&lt;img src=x onerror=alert(2)&gt;" in answer["html"]
    assert "<img" not in answer["html"]
    assert "<script" not in answer["html"]
    assert answer["citations"][0]["lesson_title"] == LESSONS["health-02"][1]


async def test_a_model_answers_and_its_thinking_is_shown_when_asked_for() -> None:
    """`thinking: on` reaches the model; its words are `thinking` events, never part of the text."""
    chat = ScriptedChatModel([ThinkingDelta("先想想"), "量血压之前，先安静坐五分钟。[1]"], name="m")
    async with served(open_house=opens(chat=chat)) as client:
        response = await client.post("/v1/answers", json=QUESTION | {"thinking": "on"}, headers=SSE)

    events = events_of(response.text)
    assert chat.asked[0].sampling.thinking is True
    assert [data["text"] for _, name, data in events if name == "thinking"] == ["先想想"]
    start, done = events[0][2], events[-1][2]
    assert (start["model"], start["thinking"]) == ("m", True)
    assert start["label"] == "内容由AI生成，请以课程原文为准"
    assert done["text"] == "量血压之前，先安静坐五分钟。[1]"


@pytest.mark.parametrize(
    ("given", "meant"), [("auto", False), ("off", False), (False, False), ("on", True), (True, True)]
)
async def test_thinking_is_a_word_or_a_boolean(given: str | bool, meant: bool) -> None:
    """Both forms mean the same; `auto` leaves it to the service."""
    chat = ScriptedChatModel(["量血压之前，先安静坐五分钟。[1]"])
    async with served(open_house=opens(chat=chat)) as client:
        await client.post("/v1/answers", json=QUESTION | {"thinking": given})

    assert chat.asked[0].sampling.thinking is meant


async def test_a_failing_model_leaves_an_extractive_answer() -> None:
    """`degraded` says so; the stream still ends with `done`."""
    chat = ScriptedChatModel([UpstreamBusy("Too many requests.", status=429)])
    async with served(open_house=opens(chat=chat)) as client:
        events = events_of((await client.post("/v1/answers", json=QUESTION, headers=SSE)).text)

    assert events[-1][1] == "done"
    assert events[-1][2]["degraded"] == "extractive"
    assert events[-1][2]["citations"]


async def test_the_language_of_the_answer_can_be_asked_for(client: httpx.AsyncClient) -> None:
    """A region is dropped; the notice follows the answer's language."""
    answer = (await client.post("/v1/answers", json=QUESTION | {"language": "en-US"})).json()

    assert answer["language"] == "en"
    assert answer["label"] == "Excerpts from the course, found and arranged by AI"


# ----------------------------------------------------------------------------------------- early and late


async def test_an_early_failure_is_a_problem_response(client: httpx.AsyncClient) -> None:
    """Nothing has been streamed yet, so the status tells."""
    body = QUESTION | {"scope": {"course_ids": ["no-such-course"]}}

    problem = assert_problem(await client.post("/v1/answers", json=body, headers=SSE), 404)

    assert "no-such-course" in problem["detail"]


async def test_a_silent_index_is_a_503_problem() -> None:
    """A dependency that is down is not the caller's fault."""

    class SilentIndex:
        async def search(self, *_: object) -> None:
            raise IndexUnavailable("The index does not answer.", remedy="Start it.")

        async def count(self, _: object) -> int:
            raise IndexUnavailable("The index does not answer.", remedy="Start it.")

        async def upsert(self, _: object) -> None:
            raise IndexUnavailable("The index does not answer.", remedy="Start it.")

    def silence(house: House) -> None:
        house.__dict__["index"] = SilentIndex()

    async with served(open_house=opens(prepare=silence)) as client:
        problem = assert_problem(await client.post("/v1/answers", json=QUESTION, headers=SSE), 503)
        ready = await client.get("/readyz")

    assert problem["remedy"] == "Start it."
    assert ready.status_code == 503
    assert ready.json()["parts"] == {
        "database": "ready",
        "embedder": "ready",
        "index": "The index does not answer. Start it.",
        "retrieval": "The index does not answer. Start it.",
        "answers": "ready",
    }


async def test_readiness_names_the_part_that_is_missing() -> None:
    """A database that does not answer, an embedder that fails in its own way: nothing else is blamed."""

    class Away:
        async def course(self, *_: object) -> None:
            raise DependencyUnavailable("The database does not answer.", remedy="Start it.")

    class Broken(HashEmbedder):
        broken = False

        async def embed_query(self, text: str) -> Vector:
            if self.broken:
                raise MemoryError(QUESTION["question"])
            return await super().embed_query(text)

    houses: list[House] = []
    embedder = Broken()

    def prepare(house: House) -> None:
        houses.append(house)
        house.__dict__["embedder"] = embedder

    async with served(open_house=opens(prepare=prepare)) as client:
        before = await client.get("/readyz")
        houses[0].__dict__["catalog"], catalog = Away(), houses[0].catalog
        database = await client.get("/readyz")
        houses[0].__dict__["catalog"], embedder.broken = catalog, True
        model = await client.get("/readyz")
        embedder.broken = False
        after = await client.get("/readyz")

    ready = before.json()["parts"]
    assert set(ready.values()) == {"ready"}
    assert [one.status_code for one in (before, database, model, after)] == [200, 503, 503, 200]
    assert database.json()["parts"] == ready | {"database": "The database does not answer. Start it."}
    assert model.json()["parts"] == ready | {"embedder": "failed: MemoryError; the log says more"}


class UnwritableAnswers:
    """Fails when the answer is whole: late."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def put(self, *_: object) -> None:
        raise self._error

    async def turns(self, *_: object) -> list[object]:
        return []


def _late(error: Exception) -> Any:
    def prepare(house: House) -> None:
        house.__dict__["answers"] = UnwritableAnswers(error)

    return opens(prepare=prepare)


async def test_a_late_failure_is_an_error_event_and_the_last() -> None:
    """The same object as the response would have been; no `done` beside it."""
    failing = _late(Conflict("There is an answer of this id.", remedy="Ask again."))
    async with served(open_house=failing) as client:
        streamed = await client.post("/v1/answers", json=QUESTION, headers=SSE)
        whole = await client.post("/v1/answers", json=QUESTION)

    events = events_of(streamed.text)
    assert [name for _, name, _ in events].count("error") == 1
    assert events[-1][1] == "error"
    assert "done" not in [name for _, name, _ in events]
    assert events[-1][2] == assert_problem(whole, 409)


async def test_an_unexpected_failure_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the caller nor the log sees the message; both have the same instance."""
    failing = _late(RuntimeError("secret: " + QUESTION["question"]))
    with caplog.at_level(logging.ERROR):
        async with served(open_house=failing) as client:
            streamed = await client.post("/v1/answers", json=QUESTION, headers=SSE)
            whole = await client.post("/v1/answers", json=QUESTION)

    problem = assert_problem(whole, 500)
    assert problem["instance"] in caplog.text
    assert "secret" not in streamed.text + whole.text + caplog.text
    assert QUESTION["question"] not in caplog.text
    assert events_of(streamed.text)[-1][2]["status"] == 500


# -------------------------------------------------------------------------------------- heartbeat, leaving


async def test_a_pause_is_filled_with_comments() -> None:
    """A proxy that sees nothing for a minute would cut the stream."""

    async def slow() -> AsyncGenerator[bytes]:
        yield b"one"
        await anyio.sleep(0.12)
        yield b"two"

    sent: list[bytes] = []

    async def send(message: Any) -> None:
        if body := message.get("body"):
            sent.append(body)

    await AnswerStream(slow(), heartbeat_s=0.05)({"type": "http"}, _never, send)

    assert [sent[0], sent[-1]] == [b"one", b"two"]
    assert set(sent[1:-1]) == {b": ping\n\n"}


async def test_a_comment_never_comes_while_an_event_is_being_sent() -> None:
    """A slow client takes one thing at a time; what is whole there is whole here."""

    async def two() -> AsyncGenerator[bytes]:
        yield b"one"
        yield b"two"

    sending = 0
    most = 0

    async def send(message: Any) -> None:
        nonlocal sending, most
        sending += 1
        most = max(most, sending)
        await anyio.sleep(0.15 if message.get("body") else 0.0)
        sending -= 1

    with anyio.fail_after(30):
        await AnswerStream(two(), heartbeat_s=0.05)({"type": "http"}, _never, send)

    assert most == 1


async def test_no_comment_comes_behind_the_end() -> None:
    """One that the client does not take is given up when the stream ends."""

    async def slow() -> AsyncGenerator[bytes]:
        yield b"one"
        await anyio.sleep(0.12)

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)
        if message.get("body") == b": ping\n\n":
            await anyio.sleep_forever()

    with anyio.fail_after(30):
        await AnswerStream(slow(), heartbeat_s=0.05)({"type": "http"}, _never, send)

    assert [message.get("body") for message in sent] == [None, b"one", b": ping\n\n", b""]
    assert not sent[-1]["more_body"]


async def _never() -> Any:
    await anyio.sleep_forever()


async def test_a_client_that_leaves_ends_the_generator_at_once() -> None:
    """Also while the service waits in silence, and while the client takes nothing."""
    closed = anyio.Event()

    async def waiting() -> AsyncGenerator[AnswerEvent]:
        try:
            yield ThinkingDelta("…")
            await anyio.sleep_forever()
        finally:
            closed.set()

    left = anyio.Event()

    async def receive() -> Any:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message.get("body"):
            left.set()

    with anyio.fail_after(30):
        stream = AnswerStream(frames(waiting(), Mapper("default", PlayerLinks(""))))
        await stream({"type": "http"}, receive, send)

    assert closed.is_set()


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
async def test_leaving_frees_the_upstream_slot_long_before_the_answer_ends(accept: str) -> None:
    """Over real sockets: our client hangs up, and the chat endpoint sees its own client hang up."""
    with DeepSeekServer() as upstream:
        chat = OpenAIChat(base_url=upstream.base_url, model="m")
        upstream.enqueue([*reply("量血压之前，先安静坐五分钟。[1]")[:1], Pause(20)])
        # A stream is given `resume_grace_s` to come back; here none.
        chosen = settings(answers={"resume_grace_s": 0.0}).model_copy(update={"chat": chat})

        def real_chat(house: House) -> None:
            del house.__dict__["chat"]

        with LiveServer(create_app(chosen, open_house=opens(prepare=real_chat))) as server:
            started = asyncio.create_task(_ask_and_wait(server.url, accept))
            await anyio.to_thread.run_sync(upstream.until_asked)
            started.cancel()
            left_at = time.monotonic()
            freed = await anyio.to_thread.run_sync(lambda: upstream.chats[0].disconnected.wait(30))
            took_s = time.monotonic() - left_at

    assert freed
    assert took_s <= 15


async def _ask_and_wait(url: str, accept: str) -> None:
    async with httpx.AsyncClient(timeout=30) as client:
        await client.post(f"{url}/v1/answers", json=QUESTION, headers={"Accept": accept})


@pytest.mark.parametrize(("isolation", "n_ids"), [("none", 1), ("course", 2), ("learner", 4)])
async def test_the_endpoint_can_tell_apart_whom_the_operator_lets_it(isolation: str, n_ids: int) -> None:
    """Two learners, two courses: by ids that say neither; without them all of the account are one to it."""
    with DeepSeekServer() as upstream:
        chat = {"base_url": upstream.base_url, "api_key": "sk-x", "isolation": isolation}
        chosen = settings(answers={"reuse": "off"}).model_copy(update={"chat": DeepSeekChat(**chat)})

        def real_chat(house: House) -> None:
            del house.__dict__["chat"]

        async with served(chosen, opens(prepare=real_chat)) as client:
            for learner_id, course_id in product(("lin", "wang"), ("health", "sheets")):
                asked = QUESTION | {"learner_id": learner_id, "scope": {"course_ids": [course_id]}}
                assert (await client.post("/v1/answers", json=asked)).status_code == 200
        bodies = [request.body for request in upstream.chats]
        raw = b"".join(request.raw_body for request in upstream.chats)
    assert len(bodies) == 4
    ids = {body.get("user_id") for body in bodies}
    assert len(ids) == n_ids
    assert (ids == {None}) is (isolation == "none")
    assert b"wang" not in raw


# ------------------------------------------------------------------------------------------ wrong requests


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "question"),
        ({"question": 3}, "question"),
        ({"question": "x\x00y"}, "question"),
        (QUESTION | {"quetsion": "x"}, "quetsion"),
        (QUESTION | {"scope": {"course": ["a"]}}, "scope.course"),
        (QUESTION | {"scope": {"course_ids": ["a b"]}}, "scope.course_ids.0"),
        (QUESTION | {"scope": {"up_to": {"lesson_id": "a", "position_s": -1}}}, "scope.up_to.position_s"),
        (QUESTION | {"position": {"lesson_id": "a"}}, "position.t"),
        (QUESTION | {"thinking": "perhaps"}, "thinking"),
        (QUESTION | {"language": "Chinese!"}, "language"),
        (QUESTION | {"conversation_id": "../x"}, "conversation_id"),
        (QUESTION | {"mode": "shout"}, "mode"),
    ],
)
async def test_a_wrong_field_is_named(client: httpx.AsyncClient, body: dict[str, Any], field: str) -> None:
    """Also one that does not exist: a misspelt option must not be ignored in silence."""
    problem = assert_problem(await client.post("/v1/answers", json=body), 422)

    assert field in [error["field"] for error in problem["errors"]]
    assert f"{field}: " in problem["detail"]


@pytest.mark.parametrize(("mode", "kind"), [("guide", "hint"), ("test", "asked")])
async def test_each_mode_says_where_the_conversation_stands(
    client: httpx.AsyncClient, mode: str, kind: str
) -> None:
    """`step` tells the mode and what was done; `explain` has none."""
    body = (await client.post("/v1/answers", json=QUESTION | {"mode": mode})).json()
    assert (body["step"]["mode"], body["step"]["kind"]) == (mode, kind)
    assert "step" not in (await client.post("/v1/answers", json=QUESTION)).json()


async def test_a_problem_never_repeats_what_the_learner_wrote(client: httpx.AsyncClient) -> None:
    """A validator quotes its input readily; ours must not."""
    wrong = {"question": ["我的血压一百八"], "scope": "我的血压一百八"}

    response = await client.post("/v1/answers", json=wrong)

    assert_problem(response, 422)
    assert "血压" not in response.text


@pytest.mark.parametrize("text", ["", "   ", "问" * 2001])
async def test_an_empty_or_endless_question_is_refused(client: httpx.AsyncClient, text: str) -> None:
    """The service's own check, before any work."""
    problem = assert_problem(await client.post("/v1/answers", json={"question": text}), 422)

    assert problem["remedy"]


async def test_a_body_that_is_not_json_is_a_400(client: httpx.AsyncClient) -> None:
    """Broken JSON, JSON that is no object, and half a surrogate pair."""
    headers = {"Content-Type": "application/json"}

    assert_problem(await client.post("/v1/answers", content=b'{"question": ', headers=headers), 400)
    assert_problem(await client.post("/v1/answers", content=b"[1]", headers=headers), 422)
    assert_problem(await client.post("/v1/answers", content=b'{"question": "\\ud800"}', headers=headers), 422)
    nan = b'{"question": "x", "position": {"lesson_id": "a", "t": NaN}}'
    assert_problem(await client.post("/v1/answers", content=nan, headers=headers), 422)


async def test_a_large_body_is_refused(client: httpx.AsyncClient) -> None:
    """Announced by its length, or found out while it comes."""

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield b" " * 1024

    announced = await client.post("/v1/answers", content=b" " * (256 * 1024 + 1))
    counted = await client.post(
        "/v1/answers", content=endless(), headers={"Content-Type": "application/json"}
    )

    assert_problem(announced, 413)
    assert_problem(counted, 413)


async def test_head_is_get_without_its_body(client: httpx.AsyncClient) -> None:
    """Of pages, files and probes, for monitors; what is not there is not there."""
    for path in ("/livez", "/openapi.json", "/docs"):
        asked, got = await client.head(path), await client.get(path)
        assert (asked.status_code, asked.content) == (200, b"")
        assert asked.headers["content-length"] == got.headers["content-length"]
    assert (await client.head("/nothing")).status_code == 404
    assert (await client.head("/v1/courses")).status_code == 405


async def test_unknown_paths_and_methods_are_problems(client: httpx.AsyncClient) -> None:
    """What is not there, or not yet, says so in the same form as everything else."""
    absent = assert_problem(await client.get("/v1/nothing"), 404)
    assert absent["detail"] == "There is no GET /v1/nothing."
    refused = await client.delete("/v1/courses")
    assert assert_problem(refused, 405)["detail"] == "There is no DELETE /v1/courses."
    assert "GET" in refused.headers["allow"]


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "text/plain"}])
async def test_a_body_that_is_not_said_to_be_json_is_told_so(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    """As `curl -d` sends it: the fields are right, the header is not."""
    sent = await client.post("/v1/answers", content=json.dumps(QUESTION), headers=headers)
    assert "Content-Type: application/json" in assert_problem(sent, 422)["remedy"]
    empty = await client.post("/v1/answers", json=[])
    assert "Content-Type" not in assert_problem(empty, 422)["remedy"]


# ------------------------------------------------------------------------------------------ search, courses


@pytest.mark.parametrize(("kind", "n_at_most"), [("moments", 10), ("lessons", 3), ("courses", 2)])
async def test_search_finds_rows_of_its_kind(client: httpx.AsyncClient, kind: str, n_at_most: int) -> None:
    """Best first, ranks from 1, each with its moment."""
    found = (await client.post("/v1/search", json={"query": "量血压 坐五分钟", "kind": kind})).json()[
        "results"
    ]

    assert 1 <= len(found) <= n_at_most
    assert [row["rank"] for row in found] == list(range(1, len(found) + 1))
    assert found[0]["lesson_id"] == "health-01"
    assert found[0]["course_title"] == "血压第一课"


async def test_search_stays_in_its_scope(client: httpx.AsyncClient) -> None:
    """Courses, lessons, and nothing after the learner's position."""
    up_to = {"lesson_id": "health-01", "position_s": 9}
    query = {"query": "袖带要和心脏一样高", "scope": {"lesson_ids": ["health-01"], "up_to": up_to}}

    found = (await client.post("/v1/search", json=query)).json()["results"]

    assert [(row["lesson_id"], row["locator"]["start"]) for row in found] == [("health-01", 0.0)]


@pytest.mark.parametrize("k", [0, 101])
async def test_search_refuses_a_silly_k(client: httpx.AsyncClient, k: int) -> None:
    """The service's own limit."""
    assert_problem(await client.post("/v1/search", json={"query": "x", "k": k}), 422)


async def test_courses_come_page_by_page() -> None:
    """Following the cursor gives every course once, in order, also when one comes in between."""

    async def all_ids(client: httpx.AsyncClient, limit: int) -> list[str]:
        ids, cursor = [], ""
        while cursor is not None:
            page = (await client.get("/v1/courses", params={"limit": limit, "cursor": cursor})).json()
            assert len(page["items"]) <= limit
            ids += [course["id"] for course in page["items"]]
            cursor = page["next_cursor"]
        return ids

    app = create_app(settings(), open_house=opens())
    async with client_of(app) as client:
        for n in range(5):
            await app.state.house.catalog.put_course(Course("default", f"c{n}", f"Course {n}"))
        await app.state.house.catalog.put_course(Course("other", "hidden", "Another platform's"))

        for limit in (1, 2, 7, 200):
            assert await all_ids(client, limit) == ["c0", "c1", "c2", "c3", "c4", "health", "sheets"]
        assert_problem(await client.get("/v1/courses", params={"cursor": "not base64!"}), 422)


async def test_a_course_lists_its_lessons_in_order(client: httpx.AsyncClient) -> None:
    """Published lessons only, as the catalogue orders them."""
    course = (await client.get("/v1/courses/health")).json()

    assert (course["title"], course["tags"]) == ("血压第一课", ["健康"])
    assert [lesson["id"] for lesson in course["lessons"]] == ["health-01", "health-02"]
    assert_problem(await client.get("/v1/courses/nothing"), 404)


async def test_nothing_of_another_platform_is_seen() -> None:
    """A caller's platform comes from the server, never from the request."""
    async with served(settings(platform_id="elsewhere")) as client:
        assert (await client.get("/v1/courses")).json() == {"items": [], "next_cursor": None}
        assert_problem(await client.get("/v1/lessons/health-01"), 404)
        assert_problem(await client.get("/v1/lessons/health-01/transcript.vtt"), 404)
        assert (await client.post("/v1/search", json={"query": "血压"})).json() == {"results": []}


async def test_answers_of_another_platform_are_not_found() -> None:
    """An id that leaked is of no use elsewhere."""
    async with served() as client:
        answer_id = (await client.post("/v1/answers", json=QUESTION)).json()["answer_id"]
        app = client._transport.app  # type: ignore[attr-defined]  # to change the caller, not the library
        app.state.settings = settings(platform_id="elsewhere")

        assert_problem(await client.get(f"/v1/answers/{answer_id}"), 404)


@pytest.mark.parametrize("path", ["", "/chapters", "/chapters.vtt", "/transcript", "/transcript.vtt"])
async def test_artefacts_are_fetched_once_per_build(client: httpx.AsyncClient, path: str) -> None:
    """The ETag of an artefact is the build; a client that has it gets 304 and no body.

    A lesson's own record also tells the platform's player, which may change without a build.
    """
    first = await client.get(f"/v1/lessons/health-01{path}")
    etag = first.headers["etag"]

    assert first.status_code == 200
    assert (etag == '"build-health-01"') == bool(path)
    for known in (etag, f"W/{etag}", f'"older", {etag}', "*"):
        again = await client.get(f"/v1/lessons/health-01{path}", headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
    changed = await client.get(f"/v1/lessons/health-01{path}", headers={"If-None-Match": '"older"'})
    assert changed.status_code == 200


async def test_transcripts_and_chapters_carry_their_locators(client: httpx.AsyncClient) -> None:
    """JSON for programs, WebVTT for players."""
    transcript = (await client.get("/v1/lessons/health-01/transcript")).json()
    chapters = (await client.get("/v1/lessons/health-01/chapters")).json()
    track = await client.get("/v1/lessons/health-02/transcript.vtt")
    outline = await client.get("/v1/lessons/health-01/chapters.vtt")

    assert transcript["cues"][1] == {
        "id": "c10000-18500",
        "hash": "3635311ac095088f",
        "origin": "source",
        "text": "袖带要和心脏一样高。",
        "locator": {"kind": "time", "start": 10.0, "end": 18.5},
    }
    assert [(part["title"], part["origin"]) for part in chapters["chapters"]] == [
        ("开场 <b>", "person"),
        ("正文", "model"),
    ]
    assert track.headers["content-type"] == "text/vtt; charset=utf-8"
    assert "&lt;img src=x onerror=alert(2)&gt;降压药要天天吃。" in track.text
    assert "开场 &lt;b&gt;" in outline.text
    assert_problem(await client.get("/v1/lessons/sheets-doc/transcript"), 404)


# ---------------------------------------------------------------------------------- keys, hosts, operations


async def test_with_a_key_every_route_of_v1_wants_it() -> None:
    """Whatever the path; health needs none, and the page without a key is not there."""
    chosen = settings(server=Server(api_key="bz_secret"))
    async with served(chosen) as client:
        described = (await client.get("/openapi.json")).json()["paths"]
        routes = [
            (method, path)
            for path, methods in described.items()
            for method in methods
            if path.startswith("/v1")
        ]
        for method, path in routes:
            url = re.sub(r"\{\w+\}", "1", path)
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic bz_secret"}):
                refused = await client.request(method, url, json=QUESTION, headers=headers)
                if path.startswith(_OPENAI):
                    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthorised")
                else:
                    assert_problem(refused, 401)
                assert refused.headers["www-authenticate"] == "Bearer"
        allowed = await client.get("/v1/courses", headers={"Authorization": "Bearer bz_secret"})
        assert allowed.status_code == 200
        assert (await client.get("/livez")).status_code == 200
        assert_problem(await client.get("/demo"), 404)
        assert_problem(await client.get("/"), 404)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "192.168.1.5:8420", ""])
async def test_without_a_key_only_loopback_names_are_served(client: httpx.AsyncClient, host: str) -> None:
    """DNS rebinding: a page on a name of its own must not read the library."""
    assert_problem(await client.get("/v1/courses", headers={"Host": host}), 421)


@pytest.mark.parametrize("host", ["localhost", "localhost:8420", "127.0.0.1:1", "[::1]:8420"])
async def test_loopback_names_are_served(client: httpx.AsyncClient, host: str) -> None:
    """With any port."""
    assert (await client.get("/v1/courses", headers={"Host": host})).status_code == 200


async def test_with_a_key_the_host_may_have_any_name() -> None:
    """Behind a proxy the name is the platform's."""
    chosen = settings(server=Server(api_key="bz_secret"))
    async with served(chosen, Authorization="Bearer bz_secret") as client:
        found = await client.get("/v1/courses", headers={"Host": "learn.example"})

    assert found.status_code == 200


async def test_alive_at_once_and_ready_when_warm() -> None:
    """While the embedder loads, /livez answers, /readyz names it, and a question waits instead of failing."""
    loaded = anyio.Event()

    class SlowEmbedder(HashEmbedder):
        async def embed_query(self, text: str) -> Vector:
            await loaded.wait()
            return await super().embed_query(text)

    def slow_embedder(house: House) -> None:
        house.__dict__["embedder"] = SlowEmbedder()

    app = create_app(settings(), open_house=opens(prepare=slow_embedder))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        assert (await client.get("/livez")).json() == {"status": "alive"}
        starting = await client.get("/readyz")
        asking = asyncio.create_task(client.post("/v1/search", json={"query": "血压"}))
        await anyio.sleep(0.05)
        assert not asking.done()
        loaded.set()
        assert (await asking).status_code == 200
        ready = await client.get("/readyz")

    assert starting.status_code == 503
    assert starting.json()["parts"]["embedder"] == "starting"
    assert ready.status_code == 200
    assert ready.json()["status"] == "ready"


async def test_the_document_names_every_event_and_problem(client: httpx.AsyncClient) -> None:
    """What a stream holds is in the contract too, and every reference resolves."""
    text = (await client.get("/openapi.json")).text
    document = json.loads(text)

    ask = document["paths"]["/v1/answers"]["post"]
    stream = ask["responses"]["200"]["content"]["text/event-stream"]
    assert set(stream["schema"]["x-events"]) == {
        "start", "evidence", "thinking", "delta", "citation", "refusal", "done", "error",
    }  # fmt: skip
    defined = document["components"]["schemas"].keys()
    assert set(re.findall(r"#/components/schemas/(\w+)", text)) <= defined
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"]
            assert operation["tags"]
            if path.startswith("/v1"):
                for status, response in operation["responses"].items():
                    if int(status) >= 400:
                        assert list(response["content"]) == [_error_type(path)]


def _error_type(path: str) -> str:
    """OpenAI's clients know one form of errors, everybody else another."""
    return "application/json" if path.startswith(_OPENAI) else "application/problem+json"


async def test_the_docs_need_nobody_else(client: httpx.AsyncClient) -> None:
    """Readable offline: no script, no address of another host."""
    page = (await client.get("/docs")).text

    assert "POST /v1/answers" in page
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"?(https?:)?//", page)


# ---------------------------------------------------------------------------------------------- demo page


async def test_the_demo_page_allows_no_code_but_its_own(client: httpx.AsyncClient) -> None:
    """Its policy forbids inline scripts and other hosts, and it has none."""
    page = await client.get("/demo")
    bare = await client.get("/")

    assert (bare.status_code, bare.headers["location"]) == (307, "/demo")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=|https?://", page.text)
    for name in re.findall(r'(?:src|href)="(/demo/[^"]+)"', page.text):
        assert (await client.get(name)).status_code == 200


async def test_media_comes_in_ranges(client: httpx.AsyncClient) -> None:
    """A player that seeks asks for the middle."""
    part = await client.get("/demo/media/elder-health/01-measure.mp4", headers={"Range": "bytes=100-199"})

    assert (part.status_code, len(part.content)) == (206, 100)
    assert part.headers["content-type"] == "video/mp4"


@pytest.mark.parametrize(
    "path",
    [
        b"elder-health/course.yaml",
        b"elder-health/../spreadsheets-101/01-first-sum.mp4",
        b"elder-health/..%2F..%2F__init__.py",
        b"../courses/elder-health/01-measure.mp4",
        b"..%2Fcourses/elder-health/01-measure.mp4",
        b"../page/main.js",
        b"./elder-health/01-measure.mp4",
        b"elder-health/%2Fetc%2Fpasswd",
        b"%2Fetc/passwd",
        b"elder-health/no-such.mp4",
        b"elder-health/01-measure.mp4%00.mp4",
    ],
)
async def test_media_serves_nothing_else(path: bytes) -> None:
    """Only videos, only inside their course, however the path is written; a client would tidy it up first."""
    status = 0

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    raw = b"/demo/media/" + path
    scope = {
        "type": "http",
        "method": "GET",
        "path": unquote(raw.decode()),
        "raw_path": raw,
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
    }
    await create_app(settings())(scope, _never, send)

    assert status == 404
