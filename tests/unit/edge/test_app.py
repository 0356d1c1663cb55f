"""The index server's routes, without a process: filters, refusals and Qdrant's envelope."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from baize.edge.app import build_app
from baize.edge.guard import Guard
from baize.edge.store import Store

pytestmark = pytest.mark.anyio

SPEC = {
    "vectors": {"dense": {"size": 2, "distance": "Cosine"}},
    "sparse_vectors": {"lexical": {"modifier": "idf"}},
}
QUANTIZED = {"quantization_config": {"scalar": {"type": "int8", "quantile": 0.99, "always_ram": True}}}
IDS = [str(uuid.UUID(int=n)) for n in range(1, 4)]
PAYLOADS: list[dict[str, Any]] = [
    {"platform": "p1", "builds": ["b1"], "start": 0.0},
    {"platform": "p1", "builds": ["b1", "b2"], "start": 30.0},
    {"platform": "p2", "builds": ["b2"]},
]


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the right token, over a store with one collection of three points."""
    store = Store(tmp_path)
    transport = httpx.ASGITransport(Guard(build_app(store), "secret"))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://edge", headers={"api-key": "secret"}
    ) as client:
        await client.put("/collections/c", json=SPEC)
        points = [
            {"id": id_, "vector": {"dense": [1.0, n]}, "payload": payload}
            for n, (id_, payload) in enumerate(zip(IDS, PAYLOADS, strict=True))
        ]
        written = await client.put("/collections/c/points?wait=true", json={"points": points})
        assert written.json()["result"]["status"] == "completed"
        yield client
    store.close()


async def matching(http: httpx.AsyncClient, condition: dict[str, Any]) -> list[int]:
    """Numbers of the points that match, from 1."""
    body = {"filter": {"must": [condition]}, "limit": 10, "with_payload": False}
    answer = (await http.post("/collections/c/points/scroll", json=body)).json()
    return sorted(IDS.index(point["id"]) + 1 for point in answer["result"]["points"])


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"key": "platform", "match": {"value": "p1"}}, [1, 2]),
        ({"key": "builds", "match": {"any": ["b2", "b9"]}}, [2, 3]),
        ({"key": "builds", "match": {"any": []}}, []),
        ({"key": "start", "range": {"lt": 30}}, [1]),
        ({"key": "start", "range": {"gte": 30, "lte": 30.0}}, [2]),
        ({"has_id": [IDS[0], IDS[2]]}, [1, 3]),
        ({"must_not": {"key": "platform", "match": {"value": "p1"}}}, [3]),
        (
            {
                "should": [
                    {"must_not": [{"key": "platform", "match": {"value": "p1"}}]},
                    {"key": "start", "range": {"lt": 10}},
                ]
            },
            [1, 3],
        ),
    ],
)
async def test_filters_match_what_qdrant_matches(
    http: httpx.AsyncClient, condition: dict[str, Any], expected: list[int]
) -> None:
    """Value, any, range, ids and nested clauses select the points that they describe."""
    assert await matching(http, condition) == expected


@pytest.mark.parametrize(
    "condition",
    [
        {"key": "platform", "match": {"text": "p1"}},
        {"key": "platform", "match": {"value": "p1", "any": ["p1"]}},
        {"key": "platform", "match": {"value": 1.5}},
        {"key": "platform", "match": {"value": "p1"}, "range": {"lt": 1}},
        {"key": "platform"},
        {"key": "start", "range": {"lt": "later"}},
        {"key": "start", "range": {}},
        {"key": "platform", "match": {"value": "p1"}, "is_empty": True},
        {"nested": {"key": "platform", "filter": {}}},
        {"must": [{"is_null": {"key": "platform"}}]},
        {"min_should": {"conditions": [], "min_count": 1}},
        {"has_id": ["no-uuid"]},
        {"must": [{}]},
        "platform",
    ],
)
@pytest.mark.parametrize("route", ["scroll", "count", "delete"])
async def test_a_filter_that_is_not_understood_is_refused(
    http: httpx.AsyncClient, route: str, condition: object
) -> None:
    """Status 400 in Qdrant's error shape, and nothing is read or deleted."""
    body = {"filter": {"must": [condition]}} | ({"limit": 1} if route == "scroll" else {})
    answer = await http.post(f"/collections/c/points/{route}?wait=true", json=body)
    assert answer.status_code == 400
    assert "Format error" in answer.json()["status"]["error"]
    assert await matching(http, {"has_id": IDS}) == [1, 2, 3]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("PUT", "/collections/c", SPEC, 409, "already exists"),
        ("GET", "/collections/other", None, 404, "Collection `other` doesn't exist!"),
        ("PUT", "/collections/%2E%2E", SPEC, 400, "no valid collection name"),
        ("PUT", "/collections/.hidden", SPEC, 400, "no valid collection name"),
        ("PUT", "/collections/a%2Fb", SPEC, 404, ""),
        ("PUT", "/collections/d", {"vectors": {"x": {"size": 2, "distance": "Far"}}}, 400, "distance"),
        ("PUT", "/collections/d", SPEC | {"shard_number": 2}, 400, "shard_number"),
        ("PUT", "/collections/c/index", {"field_name": "a", "field_schema": "geo"}, 400, "geo"),
        ("PUT", "/collections/c/points", {"points": [{"id": IDS[0]}]}, 400, "vector"),
        ("PUT", "/collections/c/points", {"points": [{"id": IDS[0], "vector": [1, 2]}]}, 400, "named"),
        (
            "PUT",
            "/collections/c/points",
            {"points": [{"id": IDS[0], "vector": {"dense": [1]}}]},
            400,
            "dimension",
        ),
        (
            "PUT",
            "/collections/c/points",
            {"points": [{"id": IDS[0], "vector": {"x": [1]}}]},
            400,
            "vector name",
        ),
        ("PUT", "/collections/c/points", {"points": [{"id": "x", "vector": {"dense": [1, 2]}}]}, 400, "UUID"),
        ("POST", "/collections/c/points/delete", {}, 400, "filter"),
        ("POST", "/collections/c/points/scroll", {"limit": "all"}, 400, ""),
        (
            "POST",
            "/collections/c/points/query/batch",
            {"searches": [{"query": {"fusion": "rrf"}}]},
            400,
            "lacks",
        ),
        ("POST", "/collections/c/points/query", {}, 404, ""),
        ("PATCH", "/collections/c", {"vectors": {"x": QUANTIZED}}, 400, "does not support x"),
        ("PATCH", "/collections/c", {"vectors": {"dense": {"size": 3}}}, 400, "does not support size"),
        (
            "PATCH",
            "/collections/c",
            {"vectors": {"dense": {"quantization_config": {"scalar": {}}}}},
            400,
            "type",
        ),
        ("PATCH", "/collections/c", {"hnsw_config": {}}, 400, "hnsw_config"),
    ],
)
async def test_a_request_that_cannot_be_served_is_refused(
    http: httpx.AsyncClient, method: str, path: str, body: object, status: int, said: str
) -> None:
    """The status that Qdrant gives, and its reason in Qdrant's shape."""
    answer = await http.request(method, path, json=body)
    assert answer.status_code == status
    assert said in answer.text


async def test_a_body_that_is_no_json_is_refused(http: httpx.AsyncClient) -> None:
    """Status 400, not a crash."""
    answer = await http.post("/collections/c/points/count", content=b"{")
    assert answer.status_code == 400


@pytest.mark.parametrize("key", ["", "Secret", "secret2", "秘密"])
async def test_without_the_token_nothing_is_answered(http: httpx.AsyncClient, key: str) -> None:
    """Every route, an unknown one and the health route too, answers 401 to a wrong token."""
    for path in ("/", "/healthz", "/collections", "/collections/c"):
        assert (await http.get(path, headers={b"api-key": key.encode()})).status_code == 401


async def test_answers_come_in_qdrants_envelope(http: httpx.AsyncClient) -> None:
    """`result`, `status` and `time`; vectors by name, and the payload fields that were asked for."""
    search = {
        "query": [1.0, 0.0],
        "using": "dense",
        "limit": 2,
        "with_payload": ["platform"],
        "with_vector": True,
    }
    answer = (
        await http.post("/collections/c/points/query/batch", json={"searches": [search, search]})
    ).json()
    assert answer["status"] == "ok"
    assert answer["time"] >= 0
    first, second = answer["result"]
    assert first == second
    assert [point["id"] for point in first["points"]] == IDS[:2]
    assert first["points"][0]["payload"] == {"platform": "p1"}
    assert first["points"][0]["vector"]["dense"] == [1.0, 0.0]


async def test_vectors_can_be_quantized_later(http: httpx.AsyncClient) -> None:
    """The collection describes itself so from then on, and what it holds is found as before."""
    search = {
        "query": [1.0, 0.0],
        "using": "dense",
        "limit": 3,
        "params": {"hnsw_ef": 32, "quantization": {"rescore": True, "oversampling": 2.0}},
    }
    asked = {"searches": [search]}
    before = (await http.post("/collections/c/points/query/batch", json=asked)).json()["result"]
    changed = await http.patch("/collections/c", json={"vectors": {"dense": QUANTIZED}})
    assert changed.json()["result"] is True
    described = (await http.get("/collections/c")).json()["result"]
    assert described["config"]["params"]["vectors"]["dense"] == SPEC["vectors"]["dense"] | QUANTIZED
    after = (await http.post("/collections/c/points/query/batch", json=asked)).json()["result"]
    assert [point["id"] for point in after[0]["points"]] == IDS
    assert after == before


async def test_payloads_can_be_set_and_overwritten(http: httpx.AsyncClient) -> None:
    """Setting keeps the other fields, overwriting drops them."""
    await http.post(
        "/collections/c/points/payload?wait=true", json={"payload": {"start": 5.0}, "points": [IDS[0]]}
    )
    await http.put(
        "/collections/c/points/payload?wait=true", json={"payload": {"start": 6.0}, "points": [IDS[1]]}
    )
    answer = await http.post("/collections/c/points", json={"ids": IDS[:2], "with_payload": True})
    payloads = {point["id"]: point["payload"] for point in answer.json()["result"]}
    assert payloads == {IDS[0]: {"platform": "p1", "builds": ["b1"], "start": 5.0}, IDS[1]: {"start": 6.0}}


async def test_a_dropped_collection_is_gone(http: httpx.AsyncClient) -> None:
    """It is listed no more, can be dropped only once, and a new one of its name is empty."""
    assert (await http.delete("/collections/c")).json()["result"] is True
    assert (await http.delete("/collections/c")).json()["result"] is False
    assert (await http.get("/collections")).json()["result"] == {"collections": []}
    await http.put("/collections/c", json=SPEC)
    assert (await http.post("/collections/c/points/count", json={})).json()["result"] == {"count": 0}
