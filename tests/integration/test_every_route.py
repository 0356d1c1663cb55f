"""No route is forgotten: each asks who is there, and what is not for learners is closed to their tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from baize.api.app import create_app
from baize.bootstrap import House
from baize.domain.platform import Platform
from baize.settings import Server
from tests.integration.test_who_asks import OTHER_SECRET, SECRET, token
from tests.unit.api.library import client_of, opens, settings

pytestmark = pytest.mark.anyio

FOR_STAFF = {
    ("put", "/v1/courses/{course_id}"),
    ("delete", "/v1/courses/{course_id}"),
    ("put", "/v1/lessons/{lesson_id}"),
    ("delete", "/v1/lessons/{lesson_id}"),
    ("put", "/v1/courses/{course_id}/faq"),
    ("get", "/v1/feedback"),
    ("post", "/v1/learners/import"),
    ("get", "/v1/ingestions"),
    ("post", "/v1/ingestions"),
    ("get", "/v1/ingestions/{job_id}"),
    ("delete", "/v1/ingestions/{job_id}"),
    ("patch", "/v1/lessons/{lesson_id}/transcript"),
    ("put", "/v1/lessons/{lesson_id}/chapters"),
    ("put", "/v1/lessons/{lesson_id}/key-points"),
    ("put", "/v1/lessons/{lesson_id}/summary"),
    ("get", "/v1/lessons/{lesson_id}/edits"),
    ("get", "/v1/usage"),
    ("get", "/v1/attempts/uncertain"),
    ("get", "/v1/exercises"),
    ("put", "/v1/exercises/{exercise_id}"),
    ("delete", "/v1/exercises/{exercise_id}"),
    ("get", "/v1/keys"),
    ("post", "/v1/keys"),
    ("post", "/v1/keys/{key_id}/rotate"),
    ("delete", "/v1/keys/{key_id}"),
    ("get", "/v1/audit"),
    ("get", "/v1/platform"),
    ("put", "/v1/platform"),
    ("get", "/v1/revocations"),
    ("post", "/v1/revocations"),
}
"""Everything that a learner token must not open. New routes for course teams and operators too."""

NAMES = {
    "course_id": "health",
    "lesson_id": "health-01",
    "job_id": "00000000-0000-0000-0000-000000000000",
    "learner_id": "lin",
    "answer_id": "none",
    "conversation_id": "none",
    "model": "baize",
    "ticket_id": "none",
    "n": "0",
    "item_id": "health-01~q1",
    "exercise_id": "e1",
    "card_id": "health-01~q1",
    "key_id": "none",
    "source": "gd",
    "subject": "9",
}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("put", "/v1/learners/{learner_id}/memory/{item_id}"): {"text": "x"},
    ("put", "/v1/courses/{course_id}"): {"title": "x"},
    ("put", "/v1/lessons/{lesson_id}"): {"course_id": "health", "title": "x"},
    ("post", "/v1/ingestions"): {"course_id": "health"},
    ("patch", "/v1/lessons/{lesson_id}/transcript"): {
        "edits": [{"cue_id": "c0-1", "base_hash": "0" * 16, "text": "x"}]
    },
    ("post", "/v1/learners/{learner_id}/reviews"): {"lesson_id": "health-01"},
    ("post", "/v1/reviews/{card_id}/grade"): {"recall": "good"},
    ("post", "/v1/quiz/{item_id}/attempts"): {"option": 0},
    ("put", "/v1/exercises/{exercise_id}"): {"course_id": "health", "question": "x", "solution": "y"},
    ("put", "/v1/lessons/{lesson_id}/chapters"): {"chapters": [{"start": 0.0, "title": "x"}]},
}


def operations() -> Iterator[tuple[str, str]]:
    document = create_app(settings()).openapi()
    for path, methods in document["paths"].items():
        if path.startswith("/v1/"):
            yield from ((method, path) for method in methods)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    houses: list[House] = []
    app = create_app(settings(server=Server(require_key=True)), open_house=opens(prepare=houses.append))
    async with client_of(app) as client:
        await houses[0].platforms.put(Platform("default", secret=SECRET))
        await houses[0].platforms.put(Platform("other", secret=OTHER_SECRET))
        yield client


async def call(client: httpx.AsyncClient, operation: tuple[str, str], headers: dict[str, str]) -> int:
    method, path = operation
    body = BODIES.get(operation, {}) if method in ("post", "put", "patch") else None
    return (await client.request(method, path.format(**NAMES), json=body, headers=headers)).status_code


async def test_every_route_asks_who_is_there(client: httpx.AsyncClient) -> None:
    """Before it looks at anything else."""
    open_to_all = {one for one in operations() if await call(client, one, {}) != 401}
    assert open_to_all == set()


async def test_learner_tokens_open_nothing_for_staff(client: httpx.AsyncClient) -> None:
    """403, whatever role the token claims; and nothing else is closed to them."""
    headers = token("lin", role="admin", scope="admin", rights=["admin"])
    refused = {one for one in operations() if await call(client, one, headers) == 403}
    assert refused == FOR_STAFF


async def test_another_platforms_learner_finds_nothing_by_id(client: httpx.AsyncClient) -> None:
    """Of this platform's courses and lessons: each path that names one is not found."""
    headers = token("lin", OTHER_SECRET, iss="other")
    named = [one for one in operations() if "{course_id}" in one[1] or "{lesson_id}" in one[1]]
    statuses = {one: await call(client, one, headers) for one in named if one not in FOR_STAFF}
    assert len(statuses) > 10
    assert {one: status for one, status in statuses.items() if status != 404} == {}


async def test_a_token_for_other_courses_finds_nothing_by_id(client: httpx.AsyncClient) -> None:
    """Likewise on its own platform."""
    headers = token("lin", courses=["sheets"])
    named = [one for one in operations() if "{course_id}" in one[1] or "{lesson_id}" in one[1]]
    statuses = {one: await call(client, one, headers) for one in named if one not in FOR_STAFF}
    assert {one: status for one, status in statuses.items() if status != 404} == {}
