"""What was prepared, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.unit.api.library import LESSONS, SOLUTION, served

pytestmark = pytest.mark.anyio

FIRST = {"kind": "time", "start": 0.0, "end": 8.5}
LESSON_PATHS = ["summary", "key-points", "glossary", "quiz", "highlights"]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with served() as client:
        yield client


@pytest.mark.parametrize(
    "path",
    [
        *(f"lessons/health-01/{name}" for name in LESSON_PATHS),
        "courses/health/summary",
        "courses/health/key-points",
    ],
)
async def test_artefacts_carry_an_etag_and_a_label(client: httpx.AsyncClient, path: str) -> None:
    """A client that has the artefact gets 304; the notice that must be shown comes with it."""
    first = await client.get(f"/v1/{path}")
    assert (first.status_code, first.headers["content-type"]) == (200, "application/json")
    assert first.json()["label"] == "以下为课程原文摘录，由AI检索整理"
    assert first.json()["model"] == "extractive"
    again = await client.get(f"/v1/{path}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_every_line_carries_its_moment(client: httpx.AsyncClient) -> None:
    """Text, lesson, locators and who worded it."""
    said = LESSONS["health-01"][2][0]
    line = {"text": said, "lesson_id": "health-01", "locators": [FIRST], "origin": "extractive"}
    summary = (await client.get("/v1/lessons/health-01/summary")).json()
    points = (await client.get("/v1/lessons/health-01/key-points")).json()
    terms = (await client.get("/v1/lessons/health-01/glossary")).json()["terms"]
    highlights = (await client.get("/v1/lessons/health-01/highlights")).json()
    assert summary["lines"] == points["key_points"] == [line]
    assert (terms[0]["term"], terms[0]["explanation"], terms[0]["locators"]) == ("量血压", said, [FIRST])
    assert highlights["highlights"] == [{"text": said, "locator": FIRST, "origin": "extractive"}]
    assert highlights["duration_s"] == 8.5


async def test_a_course_has_the_lines_of_its_lessons(client: httpx.AsyncClient) -> None:
    """In course order, each line with its lesson."""
    summary = (await client.get("/v1/courses/health/summary")).json()
    assert [line["lesson_id"] for line in summary["lines"]] == ["health-01", "health-02"]
    points = (await client.get("/v1/courses/health/key-points")).json()
    assert [point["lesson_id"] for point in points["key_points"]] == ["health-01", "health-02"]


async def test_the_quiz_keeps_its_solution(client: httpx.AsyncClient) -> None:
    """The right option is only one of the options: neither its place nor the sentence leaves the server."""
    response = await client.get("/v1/lessons/health-01/quiz")
    (item,) = response.json()["items"]
    assert item.keys() == {"id", "kind", "question", "options", "locators", "origin", "ask_at"}
    assert item["ask_at"] == 15.0
    assert response.text.count(SOLUTION) == 1
    assert LESSONS["health-01"][2][0] not in response.text


@pytest.mark.parametrize(
    "path",
    ["lessons/none/quiz", "lessons/sheets-doc/summary", "courses/none/summary", "courses/none/key-points"],
)
async def test_what_is_not_there_is_a_problem(client: httpx.AsyncClient, path: str) -> None:
    """An unknown lesson or course, and a lesson for which nothing was prepared."""
    response = await client.get(f"/v1/{path}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
