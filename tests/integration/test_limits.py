"""Limits over HTTP: 429 with `Retry-After`, by learner and by platform, at every door."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from baize.api.app import create_app
from baize.bootstrap import House
from baize.domain.platform import Platform
from baize.settings import Server
from baize.testing.memory_platforms import MemoryPlatforms
from tests.integration.test_who_asks import OTHER_SECRET, SECRET, token
from tests.unit.api.library import client_of, opens, settings

pytestmark = pytest.mark.anyio

SEARCH = {"query": "袖带"}


def _with_platforms(house: House) -> None:
    house.__dict__["platforms"] = MemoryPlatforms(
        Platform("default", secret=SECRET), Platform("other", secret=OTHER_SECRET)
    )


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    limits = {"learner_per_minute": 1, "platform_per_minute": 3}
    chosen = settings(server=Server(require_key=True), limits=limits)
    async with client_of(create_app(chosen, open_house=opens(prepare=_with_platforms))) as client:
        yield client


async def search(client: httpx.AsyncClient, learner: str, secret: str = SECRET, iss: str = "default") -> int:
    headers = token(learner, secret, iss=iss)
    return (await client.post("/v1/search", json=SEARCH, headers=headers)).status_code


async def test_a_learner_is_told_when_to_ask_again(client: httpx.AsyncClient) -> None:
    """What was asked for too often is a problem; reading goes on."""
    assert await search(client, "lin") == 200
    response = await client.post("/v1/search", json=SEARCH, headers=token("lin"))
    assert response.status_code == 429
    assert 1 <= int(response.headers["retry-after"]) <= 60
    assert response.json()["type"] == "urn:problem-type:baize:too-often"
    assert (await client.get("/v1/courses", headers=token("lin"))).status_code == 200


async def test_a_platform_has_a_limit_of_its_own(client: httpx.AsyncClient) -> None:
    """A flood of one learner does not use it up; and another platform is not concerned."""
    flood = [await search(client, "lin") for _ in range(6)]
    assert flood.count(200) == 1
    assert [await search(client, f"learner-{n}") for n in range(4)] == [200, 200, 429, 429]
    assert await search(client, "lin", OTHER_SECRET, "other") == 200


async def test_every_door_counts(client: httpx.AsyncClient) -> None:
    """OpenAI's clients read their own error, an agent a problem."""
    body = {"model": "baize", "messages": [{"role": "user", "content": "袖带放哪里？"}]}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    assert await search(client, "lin") == 200
    chat = await client.post("/v1/chat/completions", json=body, headers=token("lin"))
    assert (chat.status_code, chat.json()["error"]["type"]) == (429, "rate_limit_error")
    agent = await client.post("/mcp", json=call, headers=token("lin"))
    assert agent.status_code == 429
