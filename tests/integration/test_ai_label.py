"""What AI made says so at every door: a notice that people see, and a hidden label (GB 45438-2025)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from baize.api.app import create_app
from baize.api.labelled import is_made
from baize.api.notices import LABELS
from baize.testing.scripted_chat_model import ScriptedChatModel
from tests.unit.api.library import client_of, opens, settings

pytestmark = pytest.mark.anyio

QUESTION = "量血压之前坐多久？"


def hidden(response: httpx.Response) -> dict[str, str]:
    """The label, which must be whole."""
    found: dict[str, str] = json.loads(response.headers["AIGC"])
    assert list(found) == [
        *("Label", "ContentProducer", "ProduceID", "ReservedCode1"),
        *("ContentPropagator", "PropagateID", "ReservedCode2"),
    ]
    assert (found["Label"], found["ContentProducer"]) == ("1", "国家平台")
    assert found["ProduceID"]
    return found


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    chat = ScriptedChatModel(respond=lambda _: ["量血压之前，先安静坐五分钟 [1]。"])
    chosen = settings(answers={"reuse": "off"}, server={"ai_producer": "国家平台"})
    async with client_of(create_app(chosen, open_house=opens(chat=chat))) as made:
        yield made


async def test_every_door_says_so(client: httpx.AsyncClient) -> None:
    """Answers whole, streamed and read again, OpenAI's door, customer service, artefacts, grading, agents."""
    sse = {"Accept": "text/event-stream"}
    whole = await client.post("/v1/answers", json={"question": QUESTION})
    stream = await client.post("/v1/answers", json={"question": QUESTION}, headers=sse)
    stored = await client.get(f"/v1/answers/{whole.json()['answer_id']}")
    assert hidden(stored)["ProduceID"] == whole.json()["answer_id"]
    for response in (whole, stored):
        assert response.json()["label"] in LABELS
    told = [json.loads(line[6:]) for line in stream.text.splitlines() if line.startswith("data: ")]
    assert [event["label"] for event in told if "label" in event] == [whole.json()["label"]] * 2
    ask = {"model": "baize", "messages": [{"role": "user", "content": QUESTION}]}
    door = await client.post("/v1/chat/completions", json=ask)
    assert whole.json()["label"] in door.json()["choices"][0]["message"]["content"]
    support = await client.post("/v1/support", json={"question": QUESTION})
    assert support.json()["label"] in LABELS
    kinds = ("summary", "key-points", "glossary", "quiz", "highlights")
    artefacts = [await client.get(f"/v1/lessons/health-01/{kind}") for kind in kinds]
    for response in artefacts:
        assert response.json()["label"] in LABELS, response.text
    graded = await client.post("/v1/quiz/health-01~q1/attempts", json={"option": 1, "learner_id": "lin"})
    assert graded.json()["label"] in LABELS, graded.text
    tracks = [await client.get(f"/v1/lessons/health-01/{name}.vtt") for name in ("chapters", "transcript")]
    for response in (whole, stream, stored, door, support, *artefacts, graded, *tracks):
        assert response.status_code == 200, response.text
        hidden(response)


async def test_an_agent_gets_it_too(client: httpx.AsyncClient) -> None:
    """The tool's result holds the notice, the response the label."""
    call: dict[str, Any] = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "ask", "arguments": {"question": QUESTION}},
    }
    accept = {"Accept": "application/json, text/event-stream"}
    response = await client.post("/mcp", json=call, headers=accept)
    assert response.status_code == 200, response.text
    hidden(response)
    assert any(label in response.text for label in LABELS)


async def test_a_refusal_of_the_request_is_not_labelled(client: httpx.AsyncClient) -> None:
    """Nothing was made."""
    assert "AIGC" not in (await client.post("/v1/answers", json={"question": ""})).headers
    assert "AIGC" not in (await client.get("/v1/courses")).headers


def test_what_has_a_notice_has_a_label() -> None:
    """Whichever route shows the notice, today or later; and lists of courses or keys have neither."""
    document = create_app(settings()).openapi()
    noticed = {
        name
        for name, schema in document["components"]["schemas"].items()
        if "notice that must stand visibly"
        in schema.get("properties", {}).get("label", {}).get("description", "")
    }
    assert len(noticed) >= 6
    for path, operations in document["paths"].items():
        shown = json.dumps([one["responses"].get("200", {}) for one in operations.values()])
        if any(f'/{name}"' in shown for name in noticed):
            assert is_made(path.replace("{", "").replace("}", "")), path
    for path in ("/v1/courses", "/v1/keys", "/v1/usage", "/readyz"):
        assert not is_made(path)


def test_a_label_stands_in_the_docs(repo_root: Path) -> None:
    """How it looks is told to those who show it."""
    assert "GB 45438-2025" in (repo_root / "docs" / "platforms.md").read_text("utf-8")
