"""/mcp with the official SDK's own client over a live server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from baize.api.app import create_app
from baize.bootstrap import House
from baize.domain.platform import Platform
from baize.settings import Server
from baize.testing.memory_platforms import MemoryPlatforms
from tests.integration.test_who_asks import SECRET, token
from tests.unit.api.library import LESSONS, LiveServer, opens, settings

pytestmark = pytest.mark.anyio


def _with_platform(house: House) -> None:
    house.__dict__["platforms"] = MemoryPlatforms(Platform("default", secret=SECRET))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    app = create_app(settings(server=Server(require_key=True)), open_house=opens(prepare=_with_platform))
    with LiveServer(app) as server:
        yield server.url


@asynccontextmanager
async def agent(url: str, headers: dict[str, str]) -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http)) as client,
    ):
        yield client


async def test_an_agent_lists_and_calls_the_tools(url: str) -> None:
    """Search, ask and lesson, with what the routes give."""
    async with agent(url, token("lin")) as client:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == ["search", "ask", "lesson"]
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)

        found = await client.call_tool("search", {"query": "袖带", "course_ids": ["health"], "k": 3})
        assert found.structured_content is not None
        assert any("袖带" in one["text"] for one in found.structured_content["results"])

        told = await client.call_tool("ask", {"question": "量血压之前坐多久？", "course_ids": ["health"]})
        answer = told.structured_content
        assert answer is not None
        assert answer["ai_generated"] is True
        assert answer["label"]
        assert answer["citations"]
        for citation in answer["citations"]:
            assert citation["quote"] in LESSONS[citation["lesson_id"]][2]

        page = (await client.call_tool("lesson", {"lesson_id": "health-01"})).structured_content
        assert page is not None
        assert page["lesson"]["title"] == "在家量血压"
        assert page["summary"]["lines"][0]["locators"]

    path = f"{url}/v1/answers/{answer['answer_id']}"
    async with httpx.AsyncClient() as http:
        assert (await http.get(path, headers=token("lin"))).status_code == 200
        assert (await http.get(path, headers=token("mei"))).status_code == 404


async def test_a_token_opens_its_courses_only(url: str) -> None:
    """By search, question and id; the tool's error says what is wrong."""
    async with agent(url, token("lin", courses=["sheets"])) as client:
        for name, arguments in (
            ("search", {"query": "袖带", "course_ids": ["health"]}),
            ("ask", {"question": "袖带放哪里？", "course_ids": ["health"]}),
            ("lesson", {"lesson_id": "health-01"}),
        ):
            result = await client.call_tool(name, arguments)
            assert result.is_error, name
            assert "There is no" in result.content[0].text  # type: ignore[union-attr]
        found = (await client.call_tool("search", {"query": "袖带"})).structured_content
        assert found is not None
        assert {one["course_id"] for one in found["results"]} <= {"sheets"}


async def test_what_cannot_be_used_is_named(url: str) -> None:
    """A wrong argument is the tool's error, not the server's."""
    async with agent(url, token("lin")) as client:
        result = await client.call_tool("ask", {"question": "x", "course_ids": ["no/id"]})
        assert result.is_error
        assert ": course_ids.0: must be an id" in result.content[0].text  # type: ignore[union-attr]
        for arguments, words in (
            ({"q": "高血压是什么？"}, "question: this field is missing."),
            ({"question": "x", "mode": "secretly"}, "mode: must be 'explain', 'guide' or 'test'."),
            ({"question": "x", "course_ids": "health"}, "course_ids: must be a list."),
        ):
            told = (await client.call_tool("ask", arguments)).content[0].text  # type: ignore[union-attr]
            assert told == f"Error executing tool ask: {words}"


def test_nobody_calls_without_a_key(url: str) -> None:
    """401 before the protocol is spoken, and 403 from a page that is none of the platform's."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    for headers, status in (
        ({}, 401),
        ({"Authorization": "Bearer a.b.c"}, 401),
        (token("lin") | {"Origin": "https://evil.example"}, 403),
    ):
        response = httpx.post(f"{url}/mcp", json=call, headers=headers)
        assert response.status_code == status
        assert response.headers["content-type"] == "application/problem+json"
