"""xAPI statements over HTTP: what is kept, what is refused, and who sees what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from baize.api.app import create_app
from baize.api.statement_wire import StatementBody
from baize.bootstrap import House
from baize.domain.platform import Platform
from baize.services.statements import statements
from baize.settings import Server
from baize.testing.memory_platforms import MemoryPlatforms
from tests.integration.test_who_asks import OTHER_SECRET, SECRET, token
from tests.unit.api.library import client_of, opens, settings

pytestmark = pytest.mark.anyio

UUID = "2f1a6c3e-9a54-4c39-8f7e-0c1d2e3f4a5b"
VERBS = {
    "asked": "http://adlnet.gov/expapi/verbs/asked",
    "answered": "http://adlnet.gov/expapi/verbs/answered",
    "jumped": "https://w3id.org/xapi/video/verbs/seeked",
    "completed": "http://adlnet.gov/expapi/verbs/completed",
}


def said(learner: str = "lin", verb: str = "jumped", **more: Any) -> dict[str, Any]:
    return {
        "actor": {"account": {"homePage": "https://learn.example", "name": learner}},
        "verb": {"id": VERBS[verb], "display": {"zh-CN": "跳转"}},
        "object": {"id": "urn:baize:lesson:default:health-01", "definition": {"name": {"zh": "在家量血压"}}},
        "result": {
            "extensions": {"https://w3id.org/xapi/video/extensions/time-to": 12.5},
            "duration": "PT1M3S",
        },
        "timestamp": "2026-11-28T08:00:00+08:00",
    } | more


def _with_platforms(house: House) -> None:
    house.__dict__["platforms"] = MemoryPlatforms(
        Platform("default", secret=SECRET), Platform("other", secret=OTHER_SECRET)
    )


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings(server=Server(require_key=True)), open_house=opens(prepare=_with_platforms))
    async with client_of(app) as client:
        yield client


async def send(client: httpx.AsyncClient, body: Any, learner: str = "lin") -> httpx.Response:
    return await client.post("/v1/statements", json=body, headers=token(learner))


async def test_a_statement_comes_back(client: httpx.AsyncClient) -> None:
    """With what is set here, and valid again; by id and in the list."""
    for verb in VERBS:
        assert (await send(client, said(verb=verb))).status_code == 200
    response = await send(client, said(id=UUID))
    assert response.json() == [UUID]
    one = await client.get("/v1/statements", params={"statementId": UUID}, headers=token("lin"))
    assert one.headers["x-experience-api-version"] == "1.0.3"
    kept = one.json()
    assert kept["id"] == UUID
    assert kept["result"]["extensions"] == {"https://w3id.org/xapi/video/extensions/time-to": 12.5}
    assert kept["timestamp"].startswith("2026-11-28T08:00:00")
    assert {"stored", "authority", "version"} <= kept.keys()
    StatementBody.model_validate(kept)
    listed = (await client.get("/v1/statements", headers=token("lin"))).json()
    assert len(listed["statements"]) == len(VERBS) + 1
    assert listed["more"] == ""
    asked = (await client.get("/v1/statements", params={"verb": VERBS["asked"]}, headers=token("lin"))).json()
    assert [entry["verb"]["id"] for entry in asked["statements"]] == [VERBS["asked"]]


async def test_pages_lead_on(client: httpx.AsyncClient) -> None:
    """`more` to the end, each statement once."""
    ids = (await send(client, [said() for _ in range(5)])).json()
    read: list[str] = []
    path = "/v1/statements?limit=2"
    while path:
        page = (await client.get(path, headers=token("lin"))).json()
        read += [one["id"] for one in page["statements"]]
        path = page["more"]
    assert sorted(read) == sorted(ids)
    assert len(read) == 5


async def test_the_same_again_changes_nothing(client: httpx.AsyncClient) -> None:
    """Another one under its id is a conflict, whoever sends it."""
    for _ in range(2):
        assert (await send(client, said(id=UUID))).status_code == 200
    assert (await send(client, said(id=UUID, verb="completed"))).status_code == 409
    assert (await send(client, said("mei", id=UUID), "mei")).status_code == 409
    assert len((await client.get("/v1/statements", headers=token("lin"))).json()["statements"]) == 1


async def test_a_learner_speaks_for_nobody_else(client: httpx.AsyncClient) -> None:
    """Neither sends for others nor sees them; nor does another platform."""
    await send(client, said(id=UUID))
    assert (await send(client, said("mei"))).status_code == 403
    for headers in (token("mei"), token("lin", OTHER_SECRET, iss="other")):
        by_id = await client.get("/v1/statements", params={"statementId": UUID}, headers=headers)
        assert by_id.status_code == 404
        assert (await client.get("/v1/statements", headers=headers)).json()["statements"] == []
    agent = '{"account": {"homePage": "https://learn.example", "name": "lin"}}'
    for params in ({"agent": agent}, {"learner_id": "lin"}):
        refused = await client.get("/v1/statements", params=params, headers=token("mei"))
        assert refused.status_code == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"actor": {"mbox": "mailto:lin@example.org"}},
        {"actor": {"account": {"homePage": "nowhere", "name": "lin"}}},
        {"verb": {"id": "asked"}},
        {"verb": {"id": VERBS["asked"], "display": {"no tag!": "x"}}},
        {"object": {"id": "lesson"}},
        {"object": {"id": "urn:x:1", "made_up": 1}},
        {"result": {"score": {"scaled": 1.5}}},
        {"result": {"score": {"raw": 5, "min": 6, "max": 9}}},
        {"result": {"score": {"min": 9, "max": 9}}},
        {"result": {"duration": "a minute"}},
        {"result": {"duration": "P"}},
        {"result": {"success": None}},
        {"context": {"registration": "x"}},
        {"timestamp": "yesterday"},
        {"id": "1"},
        {"version": "2.0"},
        {"attachments": []},
    ],
)
async def test_what_breaks_the_rules_is_refused(client: httpx.AsyncClient, changes: dict[str, Any]) -> None:
    """422, and nothing of its list is kept."""
    response = await send(client, [said(), said() | changes])
    assert response.status_code == 422, response.text
    assert (await client.get("/v1/statements", headers=token("lin"))).json()["statements"] == []


async def test_another_version_is_refused(client: httpx.AsyncClient) -> None:
    """xAPI 2.0 has other rules."""
    headers = token("lin") | {"X-Experience-API-Version": "2.0.0"}
    assert (await client.post("/v1/statements", json=said(), headers=headers)).status_code == 422


def test_what_the_export_tells_is_valid() -> None:
    """Statements that are made of rows pass the same rules as those that are sent."""
    rows = {
        "answers": [
            {
                "answer_id": "a-1",
                "answer": {"question": "坐多久？", "text": "五分钟 [1]。", "refusal": None},
                "stored_at": 1_800_000_000.5,
            }
        ],
        "feedback": [
            {"answer_id": "a-1", "correction": "", "reason": "", "rating": "up", "given_at": 1_800_000_001.0}
        ],
    }
    told = statements("default", "lin", rows)
    assert len(told) == 2
    for one in told:
        StatementBody.model_validate(one)
