"""`Idempotency-Key`: what is sent again is done once, for the same caller and the same request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

import anyio
import httpx
import pytest

from baize.adapters.cache_memory import MemoryCache
from baize.api.app import create_app
from baize.api.repeated import HEADER
from baize.bootstrap import House
from baize.domain.platform import Platform
from baize.errors import DependencyUnavailable
from baize.settings import Server
from tests.integration.test_who_asks import OTHER_SECRET, SECRET, token
from tests.unit.api.library import client_of, opens, settings

pytestmark = pytest.mark.anyio

ASKED = {"question": "量血压之前要坐多久？"}


async def _each(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


class _Dead(MemoryCache):
    """Does as a shared cache that is down: knows of nothing, and cannot forget."""

    async def get(self, key: str) -> bytes | None:
        return None

    async def add(self, key: str, value: bytes, *, ttl_s: float) -> bool:
        return True

    async def set(self, key: str, value: bytes, *, ttl_s: float) -> None:
        return

    async def forget(self, keys: Sequence[str]) -> None:
        raise DependencyUnavailable("The cache does not answer.", remedy="Start it.")


@pytest.fixture
def houses() -> list[House]:
    """The one that answers, once it is open."""
    return []


@pytest.fixture
async def client(houses: list[House]) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings(server=Server(require_key=True)), open_house=opens(prepare=houses.append))
    async with client_of(app) as client:
        await houses[0].platforms.put(Platform("default", secret=SECRET, token_role="admin"))
        yield client


@pytest.fixture
def lin() -> dict[str, str]:
    return token("lin") | {HEADER: "k-1"}


async def test_an_answer_is_given_again(client: httpx.AsyncClient, lin: dict[str, str]) -> None:
    """Byte for byte, one answer; another key, another learner or another question is another matter."""
    first = await client.post("/v1/answers", json=ASKED, headers=lin)
    again = await client.post("/v1/answers", json=ASKED, headers=lin)
    assert first.status_code == again.status_code == 200
    assert first.content == again.content
    answers = {first.json()["answer_id"]}
    for headers in (lin | {HEADER: "k-2"}, token("wang") | {HEADER: "k-1"}):
        answers.add((await client.post("/v1/answers", json=ASKED, headers=headers)).json()["answer_id"])
    assert len(answers) == 3
    other = await client.post("/v1/answers", json={"question": "袖带绑哪里？"}, headers=lin)
    assert other.status_code == 422
    assert other.headers["content-type"] == "application/problem+json"


async def test_a_key_is_of_one_platform_and_one_route(
    client: httpx.AsyncClient, houses: list[House], lin: dict[str, str]
) -> None:
    """Learners of two platforms may have the same name, and clients count their keys from 1."""
    await houses[0].platforms.put(Platform("other", secret=OTHER_SECRET))
    elsewhere = token("lin", OTHER_SECRET, iss="other") | {HEADER: "k-1"}
    (item, *_) = (await client.get("/v1/lessons/health-01/quiz", headers=lin)).json()["items"]
    mine = await client.post(f"/v1/quiz/{item['id']}/attempts", json={"option": 0}, headers=lin)
    assert mine.status_code == 200
    theirs = await client.post(f"/v1/quiz/{item['id']}/attempts", json={"option": 0}, headers=elsewhere)
    assert theirs.status_code == 404
    assert (await client.post("/v1/answers", json=ASKED, headers=lin)).status_code == 200


async def test_a_stream_and_a_whole_answer_are_two_requests(
    client: httpx.AsyncClient, lin: dict[str, str]
) -> None:
    """Whoever asked for one of them is not given the other."""
    assert (await client.post("/v1/answers", json=ASKED, headers=lin)).status_code == 200
    streamed = await client.post("/v1/answers", json=ASKED, headers=lin | {"Accept": "text/event-stream"})
    assert streamed.status_code == 422


async def test_a_stream_is_read_again(client: httpx.AsyncClient, lin: dict[str, str]) -> None:
    """From its first event, byte for byte."""
    headers = lin | {"Accept": "text/event-stream"}
    first = await client.post("/v1/answers", json=ASKED, headers=headers)
    again = await client.post("/v1/answers", json=ASKED, headers=headers)
    assert b"event: done" in first.content
    assert first.content == again.content
    assert again.headers["content-type"].startswith("text/event-stream")


async def test_two_at_once_are_one(client: httpx.AsyncClient, lin: dict[str, str]) -> None:
    """The later one is told to come again, or has the same answer; never a second one."""
    got: list[httpx.Response] = []

    async def ask() -> None:
        got.append(await client.post("/v1/answers", json=ASKED, headers=lin))

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(ask)
    done = [one for one in got if one.status_code == 200]
    assert len({one.json()["answer_id"] for one in done}) == 1
    assert all(one.headers["retry-after"] == "1" for one in got if one not in done)
    assert {one.status_code for one in got} <= {200, 409}


async def test_a_refused_request_is_no_use_of_its_key(client: httpx.AsyncClient, lin: dict[str, str]) -> None:
    """Put right, it may be sent again under the same key. A caller who is not known is refused as ever."""
    assert (await client.post("/v1/answers", json={}, headers=lin)).status_code == 422
    assert (await client.post("/v1/answers", json=ASKED, headers=lin)).status_code == 200
    unknown = await client.post("/v1/answers", json=ASKED, headers={HEADER: "k-1"})
    assert unknown.status_code == 401
    long = await client.post("/v1/answers", json=ASKED, headers=lin | {HEADER: "k" * 256})
    assert long.status_code == 422
    pieces = (b" " * 100_000 for _ in range(3))
    assert (await client.post("/v1/answers", content=_each(pieces), headers=lin)).status_code == 413


async def test_a_review_is_graded_once(client: httpx.AsyncClient, lin: dict[str, str]) -> None:
    """So is an attempt counted once: the second reply is the first one's."""
    (item, *_) = (await client.get("/v1/lessons/health-01/quiz", headers=lin)).json()["items"]
    path = f"/v1/quiz/{item['id']}/attempts"
    tries = [(await client.post(path, json={"option": 0}, headers=lin)).content for _ in range(2)]
    assert tries[0] == tries[1]
    card = f"/v1/reviews/{item['id']}/grade"
    grades = [(await client.post(card, json={"recall": "good"}, headers=lin)).json() for _ in range(2)]
    assert grades[0] == grades[1]
    other = await client.post(card, json={"recall": "again"}, headers=lin | {HEADER: "k-2"})
    assert other.json()["due"] != grades[0]["due"]


async def test_a_reply_without_a_body(client: httpx.AsyncClient, lin: dict[str, str]) -> None:
    """204 again."""
    answer = (await client.post("/v1/answers", json=ASKED, headers=lin)).json()["answer_id"]
    said = {"answer_id": answer, "rating": "up"}
    got = [await client.post("/v1/feedback", json=said, headers=lin) for _ in range(2)]
    assert [(one.status_code, one.content) for one in got] == [(204, b"")] * 2


async def test_a_key_is_made_once_and_told_once(client: httpx.AsyncClient) -> None:
    """Its text is kept nowhere, so the second reply can't have it."""
    admin = token("boss", role="admin") | {HEADER: "k-1"}
    made = [await client.post("/v1/keys", json={"scopes": ["ask"]}, headers=admin) for _ in range(2)]
    assert [one.status_code for one in made] == [201, 409]
    listed = (await client.get("/v1/keys", headers=admin)).json()["items"]
    assert [one["id"] for one in listed] == [made[0].json()["id"]]


async def test_a_cache_that_does_not_answer_costs_no_reply(lin: dict[str, str]) -> None:
    """What is asked is done, and what is refused is refused in the route's own words."""
    houses: list[House] = []
    app = create_app(settings(server=Server(require_key=True)), open_house=opens(prepare=houses.append))
    async with client_of(app) as client:
        await houses[0].platforms.put(Platform("default", secret=SECRET, token_role="admin"))
        houses[0].__dict__["cache"] = _Dead()
        for _ in range(2):
            assert (await client.post("/v1/answers", json=ASKED, headers=lin)).status_code == 200
        assert (await client.post("/v1/answers", json={}, headers=lin)).status_code == 422
        # Nor does it hide what went wrong.
        houses[0].__dict__["answering"] = None
        assert (await client.post("/v1/answers", json=ASKED, headers=lin)).status_code == 500


async def test_an_erased_answer_is_not_told_again(client: httpx.AsyncClient, lin: dict[str, str]) -> None:
    """Only its id was kept."""
    await client.post("/v1/answers", json=ASKED, headers=lin)
    assert (await client.delete("/v1/learners/lin", headers=lin)).json()["complete"] is True
    assert (await client.post("/v1/answers", json=ASKED, headers=lin)).status_code == 404
