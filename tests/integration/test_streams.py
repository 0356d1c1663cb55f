"""Streams on real networks: cut, left, stopped, read again, on another replica and behind proxies."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx
import jwt
import pytest

from baize.api.app import OpenHouse, create_app
from baize.bootstrap import House
from baize.domain.chat import ChatEvent, Message, Sampling, TextDelta, Usage
from baize.domain.platform import Platform
from baize.settings import Settings
from tests.servers.nginx import Nginx
from tests.servers.redis_server import RedisServer
from tests.unit.api.library import LiveServer, client_of, opens, settings

pytestmark = pytest.mark.anyio

QUESTION = {"question": "量血压之前坐多久？"}
SSE = {"Accept": "text/event-stream"}
SENTENCE = "量血压之前，先安静坐五分钟。[1]\n"
SECRET = "the-secret-of-the-platform-default-0123456789"
_FRAME = re.compile(rb"id: (\d+)\nevent: \w+\ndata: [^\n]*\n\n")


class PacedModel:
    """Says one true sentence after the other, at a pace; notes when it was closed early."""

    def __init__(self, n_sentences: int, pause_s: float) -> None:
        self.name = "paced"
        self._n = n_sentences
        self._pause_s = pause_s
        self.n_said = 0
        self.closed_at: float | None = None

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[ChatEvent]:
        """As `ChatModel.stream`."""
        try:
            for _ in range(self._n):
                await asyncio.sleep(self._pause_s)
                self.n_said += 1
                yield TextDelta(SENTENCE)
            yield Usage(model=self.name, finish_reason="stop")
        except BaseException:
            self.closed_at = time.monotonic()
            raise


def whole_frames(stream: bytes) -> bytes:
    """The complete events of a stream, without comments."""
    return b"".join(match.group() for match in _FRAME.finditer(stream))


def last_id(stream: bytes) -> int:
    ids = [int(match.group(1)) for match in _FRAME.finditer(stream)]
    return ids[-1] if ids else 0


def done_of(stream: bytes) -> bytes:
    return re.findall(rb"event: done\ndata: ([^\n]*)\n", stream)[0]


def answer_id_of(stream: bytes) -> str:
    return re.findall(rb'"answer_id":"([^"]+)"', stream)[0].decode()


def a_house(model: PacedModel | None = None, prepare: Callable[[House], None] = lambda _: None) -> OpenHouse:
    return opens(chat=model, prepare=prepare)


@asynccontextmanager
async def talking(url: str, path: str = "/v1/answers", **kwargs: Any) -> AsyncIterator[httpx.Response]:
    """A stream over a real socket."""
    method = "GET" if path.endswith("/events") else "POST"
    async with (
        httpx.AsyncClient(timeout=30) as client,
        client.stream(method, f"{url}{path}", **kwargs) as response,
    ):
        assert response.status_code == 200, await response.aread()
        yield response


async def read_some(response: httpx.Response, n_bytes: int) -> bytes:
    """At least so many bytes, or all."""
    found = b""
    async for part in response.aiter_raw():
        found += part
        if len(found) >= n_bytes:
            break
    return found


# ---------------------------------------------------------------------------------------------------- cuts


async def test_a_stream_cut_at_1000_random_bytes_is_resumed_byte_for_byte() -> None:
    """Wherever it is cut, the events that came whole and those of the resumed stream are the whole stream."""
    dice = random.Random(7)  # noqa: S311 - the same cuts each time
    async with client_of(create_app(settings(), open_house=a_house(PacedModel(12, 0.0)))) as client:
        stream = (await client.post("/v1/answers", json=QUESTION, headers=SSE)).content
        whole = whole_frames(stream)
        path = f"/v1/answers/{answer_id_of(stream)}/events"
        for n in range(1000):
            cut = stream[: dice.randrange(len(stream) + 1)]
            known = last_id(cut)
            given: dict[str, Any] = (
                {"headers": {"Last-Event-ID": str(known)}} if n % 2 else {"params": {"last_event_id": known}}
            )
            resumed = await client.get(path, **given)
            assert resumed.status_code == (204 if known == last_id(stream) else 200)
            assert whole_frames(cut) + whole_frames(resumed.content) == whole


async def test_a_stream_that_is_cut_while_it_runs_is_resumed_byte_for_byte() -> None:
    """Over real sockets, again and again until its end; what was read equals what is stored."""
    dice = random.Random(8)  # noqa: S311
    n_cuts = 0
    with LiveServer(create_app(settings(), open_house=a_house(PacedModel(60, 0.01)))) as server:
        async with talking(server.url, json=QUESTION, headers=SSE) as response:
            read = whole_frames(await read_some(response, dice.randrange(2100, 6000)))
        path = f"/v1/answers/{answer_id_of(read)}/events"
        while b"event: done" not in read:
            headers = {"Last-Event-ID": str(last_id(read))}
            async with talking(server.url, path, headers=headers) as response:
                read += whole_frames(await read_some(response, 2100 + dice.randrange(1500)))
            n_cuts += 1
        async with httpx.AsyncClient() as client:
            again = (await client.get(f"{server.url}{path}")).content
            stored = (await client.get(f"{server.url}{path.removesuffix('/events')}")).content

    assert n_cuts >= 2
    assert [int(number) for number in _FRAME.findall(read)] == list(range(1, last_id(read) + 1))
    assert whole_frames(again) == read
    assert stored == done_of(read)


async def test_what_cannot_be_resumed_is_said() -> None:
    """An unknown answer is 404, a number that is none 422."""
    async with client_of(create_app(settings(), open_house=a_house())) as client:
        assert (await client.get("/v1/answers/none/events")).status_code == 404
        assert (await client.delete("/v1/answers/none")).status_code == 404
        wrong = await client.get("/v1/answers/none/events", headers={"Last-Event-ID": "x"})
        assert wrong.status_code == 422


# --------------------------------------------------------------------------------------- leaving and stopping


async def test_an_answer_goes_on_for_those_who_come_back() -> None:
    """Within the grace, a lost connection costs nothing: the whole answer is written and stored."""
    model = PacedModel(20, 0.02)
    with LiveServer(create_app(settings(), open_house=a_house(model))) as server:
        async with talking(server.url, json=QUESTION, headers=SSE) as response:
            read = whole_frames(await read_some(response, 2100))
        await asyncio.sleep(1.0)
        path = f"/v1/answers/{answer_id_of(read)}/events"
        async with httpx.AsyncClient() as client:
            rest = await client.get(f"{server.url}{path}", headers={"Last-Event-ID": str(last_id(read))})

    assert model.closed_at is None
    assert b'"stopped"' not in rest.content
    assert json.loads(done_of(rest.content))["text"].count("五分钟") == 20


async def test_an_answer_that_nobody_reads_is_stopped_after_the_grace() -> None:
    """What was released until then is stored, and marked."""
    model = PacedModel(500, 0.02)
    chosen = settings(answers={"resume_grace_s": 0.3})
    with LiveServer(create_app(chosen, open_house=a_house(model))) as server:
        async with talking(server.url, json=QUESTION, headers=SSE) as response:
            read = await read_some(response, 5000)
        left_at = time.monotonic()
        await asyncio.sleep(5)
        async with httpx.AsyncClient() as client:
            stored = (await client.get(f"{server.url}/v1/answers/{answer_id_of(read)}")).json()

    assert model.closed_at is not None
    assert 0.2 <= model.closed_at - left_at <= 4.5
    assert stored["stopped"] is True
    assert stored["citations"]


async def test_a_stopped_answer_ends_with_what_was_sent() -> None:
    """The upstream is left at once; the reader gets `done`, which equals what is stored."""
    model = PacedModel(500, 0.02)
    with LiveServer(create_app(settings(), open_house=a_house(model))) as server:
        async with talking(server.url, json=QUESTION, headers=SSE) as response:
            parts = response.aiter_raw()
            read = b""
            while read.count(b"event: delta") < 3:
                read += await anext(parts)
            answer = f"{server.url}/v1/answers/{answer_id_of(read)}"
            async with httpx.AsyncClient() as client:
                asked_at = time.monotonic()
                assert (await client.delete(answer)).status_code == 204
                async for part in parts:
                    read += part
                stored = (await client.get(answer)).content
                assert (await client.delete(answer)).status_code == 204

    assert model.closed_at is not None
    assert model.closed_at - asked_at <= 4.0
    done = json.loads(done_of(read))
    deltas = "".join(json.loads(found)["text"] for found in re.findall(rb"event: delta\ndata: (.*)\n", read))
    assert done["stopped"] is True
    assert done["text"] == deltas.strip()
    assert stored == done_of(read)


async def test_a_stream_is_its_learners() -> None:
    """Another learner can neither read nor stop it; to that learner it does not exist."""

    def with_secret(house: House) -> None:
        house.__dict__["platforms"]._platforms["default"] = Platform("default", secret=SECRET)

    def token(learner_id: str) -> dict[str, str]:
        claims = {"iss": "default", "sub": learner_id, "exp": time.time() + 60}
        return {"Authorization": f"Bearer {jwt.encode(claims, SECRET, 'HS256')}"}

    async with client_of(create_app(settings(), open_house=a_house(prepare=with_secret))) as client:
        stream = (await client.post("/v1/answers", json=QUESTION, headers=SSE | token("lin"))).content
        path = f"/v1/answers/{answer_id_of(stream)}"
        statuses = {
            who: [
                (await client.get(f"{path}/events", headers=token(who))).status_code,
                (await client.delete(path, headers=token(who))).status_code,
            ]
            for who in ("wang", "lin")
        }
    assert statuses == {"wang": [404, 404], "lin": [200, 204]}


async def test_too_many_answers_at_once_are_told_when_to_ask_again() -> None:
    """503 with `Retry-After`, before anything is streamed."""
    chosen = settings(answers={"max_live": 1})
    with LiveServer(create_app(chosen, open_house=a_house(PacedModel(50, 0.02)))) as server:
        async with talking(server.url, json=QUESTION, headers=SSE), httpx.AsyncClient() as client:
            refused = await client.post(f"{server.url}/v1/answers", json=QUESTION, headers=SSE)
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json()["type"] == "urn:problem-type:baize:overloaded"


# -------------------------------------------------------------------------------------------------- replicas


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


def replica(chosen: Settings, model: PacedModel | None = None) -> LiveServer:
    return LiveServer(create_app(chosen, open_house=a_house(model)))


async def test_another_replica_resumes_keeps_alive_and_stops(redis_server: RedisServer) -> None:
    """With Redis between them it does not matter where an answer is written."""
    model = PacedModel(500, 0.02)
    chosen = settings(redis_url=redis_server.url, answers={"resume_grace_s": 0.6})
    with replica(chosen, model) as first, replica(chosen) as second:
        async with talking(first.url, json=QUESTION, headers=SSE) as response:
            read = whole_frames(await read_some(response, 4000))
        answer = f"/v1/answers/{answer_id_of(read)}"
        headers = {"Last-Event-ID": str(last_id(read))}
        async with talking(second.url, f"{answer}/events", headers=headers) as response:
            parts = response.aiter_raw()
            rest = b""
            read_until = time.monotonic() + 2.0
            while time.monotonic() < read_until:
                rest += await anext(parts)
            assert model.closed_at is None, "read elsewhere, it must go on beyond the grace"
            async with httpx.AsyncClient() as client:
                asked_at = time.monotonic()
                assert (await client.delete(f"{second.url}{answer}")).status_code == 204
                with anyio.fail_after(60):
                    async for part in parts:
                        rest += part
                again = (await client.get(f"{first.url}{answer}/events")).content
    assert model.closed_at is not None
    assert model.closed_at - asked_at <= 4.0
    assert read + whole_frames(rest) == whole_frames(again)


async def test_readiness_tells_of_redis_and_stays_ready_without(redis_server: RedisServer) -> None:
    """Answers can do without it, so no balancer must take the replica away."""
    with replica(settings(redis_url=redis_server.url)) as server:
        async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
            for _ in range(200):
                ready = (await client.get("/readyz")).json()
                # It may be ready before Redis was asked.
                if ready["status"] == "ready" and ready["parts"]["redis"] == "ready":
                    break
                await anyio.sleep(0.05)
            assert ready["parts"]["redis"] == "ready"
            redis_server.kill()
            try:
                without = await client.get("/readyz")
                answer = await client.post("/v1/answers", json=QUESTION, headers=SSE)
            finally:
                redis_server.start()
    assert without.status_code == 200
    assert "Redis does not answer" in without.json()["parts"]["redis"]
    assert "event: done" in answer.text


# --------------------------------------------------------------------------------------------------- proxies


async def through_two_nginx(folder: Path) -> tuple[list[float], bytes]:
    """The gaps in seconds between what arrived, and what did."""
    for name in ("inner", "outer"):
        (folder / name).mkdir()
    with LiveServer(create_app(settings(), open_house=a_house(PacedModel(60, 0.1)))) as server:
        port = urlsplit(server.url).port
        assert port is not None
        with (
            Nginx(folder / "inner", port) as inner,
            Nginx(folder / "outer", inner.port) as outer,
        ):
            arrived: list[float] = []
            read = b""
            async with talking(outer.url, json=QUESTION, headers=SSE) as response:
                async for part in response.aiter_bytes():
                    read += part
                    arrived.append(time.monotonic())
    return [after - before for before, after in pairwise(arrived)], read


async def test_events_pass_two_buffering_nginx_as_they_come(tmp_path: Path) -> None:
    """At least nine of ten gaps under 300 ms, though sentences come every 100 ms; nothing is lost."""
    gaps, read = await through_two_nginx(tmp_path)
    assert len(gaps) >= 50, "the stream came in lumps"
    assert sum(gap < 0.3 for gap in gaps) / len(gaps) >= 0.9
    assert last_id(read) == len(_FRAME.findall(read))
    assert b"event: done" in read
