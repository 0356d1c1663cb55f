"""Records of an archive: in by the platform, shown to their learner, and heard by recommendations."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from baize.api.app import create_app
from baize.bootstrap import House
from baize.domain.course import Course
from baize.domain.platform import Platform
from baize.services.who import create_key
from baize.settings import Server
from tests.integration.test_who_asks import OTHER_SECRET, SECRET, token
from tests.unit.api.library import client_of, opens, settings

pytestmark = pytest.mark.anyio

FILE = """learner_id,course_id,completed_at,credits,certificate
lin,health,2026-05-31,1.5,证-7
lin,elsewhere,2025-05-31,,
lin,health
wang,sheets,2026-05-30,2,
"""


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    houses: list[House] = []
    app = create_app(settings(server=Server(require_key=True)), open_house=opens(prepare=houses.append))
    async with client_of(app) as client:
        house = houses[0]
        await house.platforms.put(Platform("default", secret=SECRET))
        await house.platforms.put(Platform("other", secret=OTHER_SECRET))
        after = Course("default", "after", "血压第二课", "zh", tags=("健康",), prerequisites=("health",))
        await house.catalog.put_course(after)  # type: ignore[attr-defined]
        _, key = await create_key(house.platforms, house.api_keys, "default", ("learn", "admin"), "", 0.0)
        client.headers["authorization"] = f"Bearer {key}"
        yield client


async def take(client: httpx.AsyncClient, text: str, kind: str = "text/csv") -> httpx.Response:
    return await client.post("/v1/learners/import", content=text.encode(), headers={"content-type": kind})


async def test_good_lines_are_kept_and_bad_ones_told(client: httpx.AsyncClient) -> None:
    """Once: the same file again changes nothing; a learner sees their own, as it was reported."""
    first = (await take(client, FILE)).json()
    assert {name: first[name] for name in ("read", "changed", "same", "other")} == {
        "read": 4,
        "changed": 3,
        "same": 0,
        "other": 0,
    }
    assert [(one["line"], one["problem"]) for one in first["unusable"]] == [(4, "completed_at is missing.")]
    again = (await take(client, FILE)).json()
    assert (again["changed"], again["same"]) == (0, 3)

    own = (await client.get("/v1/learners/lin/record", headers=token("lin"))).json()["items"]
    assert [(one["course_id"], one.get("credits"), one["certificate"]) for one in own] == [
        ("health", 1.5, "证-7"),
        ("elsewhere", None, ""),
    ]
    assert (await client.get("/v1/learners/wang/record", headers=token("lin"))).status_code == 403
    narrow = token("lin", courses=["sheets"])
    assert (await client.get("/v1/learners/lin/record", headers=narrow)).json()["items"] == []
    elsewhere = token("lin", OTHER_SECRET, iss="other")
    assert (await client.get("/v1/learners/lin/record", headers=elsewhere)).json()["items"] == []


async def test_completed_courses_are_not_recommended_again(client: httpx.AsyncClient) -> None:
    """They open what builds on them, and the reason names the record."""
    path = "/v1/learners/lin/recommendations"
    await client.put("/v1/learners/lin/interests", json={"tags": ["健康"]})
    before = (await client.get(path)).json()["items"]
    assert {one["course_id"] for one in before} == {"health", "sheets"}
    await take(client, FILE)
    after = (await client.get(path)).json()["items"]
    assert {one["course_id"] for one in after} == {"after", "sheets"}
    reasons = next(one["reasons"] for one in after if one["course_id"] == "after")
    assert reasons[0]["kind"] == "prerequisite"
    (record,) = (await client.get("/v1/learners/lin/record")).json()["items"][:1]
    named = {"course_id": "health", "at": record["completed_at"], "record_id": record["record_id"]}
    assert reasons[-1] == reasons[-1] | {"kind": "completed"} | named


async def test_lessons_of_a_completed_course_wait_for_the_learner(client: httpx.AsyncClient) -> None:
    """Left off before the record: over. Come back to afterwards: gone on with."""
    seen = {"spans": [{"start": 0, "end": 12}]}
    await client.put("/v1/learners/lin/progress/health-01", json=seen)
    lessons, moments = (f"/v1/learners/lin/recommendations?kind={kind}" for kind in ("lessons", "moments"))
    assert (await client.get(lessons)).json()["items"][0]["lesson_id"] == "health-01"
    assert (await client.get(moments)).json()["items"][0]["lesson_id"] == "health-01"
    later = datetime.fromtimestamp(time.time() + 3600, UTC).isoformat()
    done = {"learner_id": "lin", "course_id": "health", "completed_at": later}
    await take(client, json.dumps([done]), "application/json")
    told = (await client.get(lessons)).json()["items"]
    assert [one["lesson_id"] for one in told] == ["sheets-01"]
    assert "health" not in {one["course_id"] for one in (await client.get(moments)).json()["items"]}
    await take(client, json.dumps(done | {"completed_at": "2026-05-31"}), "application/json")
    assert (await client.get(lessons)).json()["items"][0]["lesson_id"] == "health-01"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"x", "application/pdf"),
        (b"\xff\xfe", "text/csv"),
        (b"a,b\n", "text/csv"),
        (b"[", "application/json"),
    ],
)
async def test_what_is_no_archive_is_refused(client: httpx.AsyncClient, content: bytes, kind: str) -> None:
    """With a remedy."""
    response = await client.post("/v1/learners/import", content=content, headers={"content-type": kind})
    assert response.status_code == 422
    assert response.json()["detail"]
