"""Progress, interests and recommendations over HTTP, for one's own learner only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx
import pytest

from baize.api.app import create_app
from baize.bootstrap import House
from baize.domain.catalogue import CourseCard
from baize.domain.course import FAQ_SUFFIX, Course, Lesson
from baize.domain.library import BuiltLesson
from baize.domain.platform import Platform
from baize.settings import Server
from tests.integration.test_who_asks import SECRET, token
from tests.unit.api.library import client_of, opens, settings

pytestmark = pytest.mark.anyio


@pytest.fixture
def houses() -> list[House]:
    """The client's, once there is one."""
    return []


@pytest.fixture
async def client(houses: list[House]) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings(server=Server(require_key=True)), open_house=opens(prepare=houses.append))
    async with client_of(app) as client:
        await houses[0].platforms.put(Platform("default", secret=SECRET))
        yield client


@pytest.fixture
def lin() -> dict[str, str]:
    """Made for each test: it lives a minute."""
    return token("lin")


async def test_progress_is_joined_and_told_again(client: httpx.AsyncClient, lin: dict[str, str]) -> None:
    """Spans are merged, a second telling changes nothing, and 90 % watched is completed."""
    path = "/v1/learners/lin/progress/health-01"
    first = await client.put(
        path, json={"spans": [{"start": 5, "end": 9}, {"start": 0, "end": 6}]}, headers=lin
    )
    assert first.status_code == 200
    assert (first.json()["spans"], first.json()["course_id"]) == ([{"start": 0.0, "end": 9.0}], "health")
    again = await client.put(path, json={"spans": [{"start": 1, "end": 9}]}, headers=lin)
    assert again.json()["spans"] == first.json()["spans"]
    assert again.json()["completed_at"] is None
    done = (await client.put(path, json={"spans": [{"start": 9, "end": 1e5}]}, headers=lin)).json()
    assert datetime.fromisoformat(done["completed_at"]).utcoffset() == timedelta()
    same = (await client.put(path, json={"completed": True}, headers=lin)).json()
    assert same["completed_at"] == done["completed_at"]
    assert (await client.put(path, json={"completed": False}, headers=lin)).json()["completed_at"] is None
    listed = (await client.get("/v1/learners/lin/progress", headers=lin)).json()["items"]
    assert [item["lesson_id"] for item in listed] == ["health-01"]


async def test_bad_progress_is_refused(client: httpx.AsyncClient, lin: dict[str, str]) -> None:
    """Backwards, endless, of nowhere, of another learner."""
    path = "/v1/learners/lin/progress/health-01"
    for span in ({"start": 5, "end": 1}, {"start": -1, "end": 1}, {"start": 0, "end": 1e9}):
        assert (await client.put(path, json={"spans": [span]}, headers=lin)).status_code == 422
    assert (await client.put("/v1/learners/lin/progress/none", json={}, headers=lin)).status_code == 404
    for method, other in (
        ("PUT", "/v1/learners/wang/progress/health-01"),
        ("PUT", "/v1/learners/wang/interests"),
        ("GET", "/v1/learners/wang/interests"),
        ("GET", "/v1/learners/wang/progress"),
        ("GET", "/v1/learners/wang/recommendations"),
    ):
        body = {} if method == "PUT" else None
        assert (await client.request(method, other, json=body, headers=lin)).status_code == 403


async def test_recommended_with_reasons(client: httpx.AsyncClient, lin: dict[str, str]) -> None:
    """Courses by interest, the lesson that was left off, the moment to go on from."""
    await client.put("/v1/learners/lin/interests", json={"tags": ["健康", "健康"]}, headers=lin)
    assert (await client.get("/v1/learners/lin/interests", headers=lin)).json() == {"tags": ["健康"]}
    await client.put(
        "/v1/learners/lin/progress/health-01", json={"spans": [{"start": 0, "end": 12}]}, headers=lin
    )
    courses = (await client.get("/v1/learners/lin/recommendations", headers=lin)).json()["items"]
    assert [one["course_id"] for one in courses] == ["sheets"]
    assert courses[0]["reasons"][0] == courses[0]["reasons"][0] | {"kind": "interest", "tag": "健康"}
    assert "健康" in courses[0]["sentence"]

    path = "/v1/learners/lin/recommendations?kind={}&language=en"
    lessons = (await client.get(path.format("lessons"), headers=lin)).json()["items"]
    assert lessons[0]["lesson_id"] == "health-01"
    assert lessons[0]["sentence"] == "You stopped at 0:12: go on from there."
    moments = (await client.get(path.format("moments"), headers=lin)).json()["items"]
    assert moments[0]["locator"] == {"kind": "time", "start": 12.0, "end": 12.0}

    await client.put("/v1/learners/lin/progress/health-01", json={"completed": True}, headers=lin)
    lessons = (await client.get(path.format("lessons"), headers=lin)).json()["items"]
    assert lessons[0]["lesson_id"] == "health-02"
    assert lessons[0]["reasons"][0]["kind"] == "completed"
    assert datetime.fromisoformat(lessons[0]["reasons"][0]["at"]).utcoffset() == timedelta()


async def test_a_faq_is_no_lesson_to_take(
    client: httpx.AsyncClient, houses: list[House], lin: dict[str, str]
) -> None:
    """It is not proposed, and a course is completed without it: what builds on the course is open then."""
    (house,) = houses
    faq = Lesson("default", "health", f"health{FAQ_SUFFIX}", "常见问题", 9, "zh", None, "", "b")
    await house.artefacts.publish(BuiltLesson(faq, ("zh",), 0, None))
    await house.catalog.put_course(Course("default", "more", "血压第二课", "zh", prerequisites=("health",)))
    path = "/v1/learners/lin/recommendations?kind={}"

    async def told(kind: str, field: str) -> list[str]:
        items = (await client.get(path.format(kind), headers=lin)).json()["items"]
        return [one[field] for one in items]

    await client.put("/v1/learners/lin/interests", json={"tags": ["健康"]}, headers=lin)
    for lesson in ("health-01", "health-02"):
        assert "more" not in await told("courses", "course_id")
        await client.put(f"/v1/learners/lin/progress/{lesson}", json={"completed": True}, headers=lin)
    assert "more" in await told("courses", "course_id")
    assert faq.id not in await told("lessons", "lesson_id")


async def test_a_course_that_only_helps_is_none_to_begin(
    client: httpx.AsyncClient, houses: list[House], lin: dict[str, str]
) -> None:
    """A course `help` of nothing but a FAQ is not proposed; one that somebody described is, FAQ or not."""
    (house,) = houses
    for course_id in ("help", "garden"):
        course = Course("default", course_id, "帮助", "zh", tags=("健康",))
        await house.catalog.put_course(course)
        faq = Lesson("default", course_id, f"{course_id}{FAQ_SUFFIX}", "常见问题", 1, "zh", None, "", "b")
        await house.artefacts.publish(BuiltLesson(faq, ("zh",), 0, None))
    card = CourseCard("zj", "g-7", course, "", "garden~card", "b", "zh", 1)
    await house.cards.put("default", [card], 0.0)
    await client.put("/v1/learners/lin/interests", json={"tags": ["健康"]}, headers=lin)
    for kind in ("courses", "lessons"):
        found = await client.get(f"/v1/learners/lin/recommendations?kind={kind}", headers=lin)
        told = {one["course_id"] for one in found.json()["items"]}
        assert "help" not in told
        assert kind == "lessons" or "garden" in told


async def test_a_token_for_some_courses_is_told_of_no_others(
    client: httpx.AsyncClient, lin: dict[str, str]
) -> None:
    """Neither as a course nor by its progress."""
    await client.put("/v1/learners/lin/progress/health-01", json={"completed": True}, headers=lin)
    narrow = token("lin", courses=["sheets"])
    for kind in ("courses", "lessons", "moments"):
        found = await client.get(f"/v1/learners/lin/recommendations?kind={kind}", headers=narrow)
        assert {one["course_id"] for one in found.json()["items"]} <= {"sheets"}
    assert (await client.get("/v1/learners/lin/progress", headers=narrow)).json()["items"] == []


async def test_questions_and_enrolments_count(client: httpx.AsyncClient, lin: dict[str, str]) -> None:
    """Each with its reason, which names what can be looked up; an erased question counts no more."""
    path = "/v1/learners/lin/recommendations?language=zh"

    async def reasons() -> dict[str, list[dict[str, object]]]:
        reply = await client.get(path, headers=lin)
        assert reply.status_code == 200, reply.text
        return {one["course_id"]: one["reasons"] for one in reply.json()["items"]}

    before = await reasons()
    asked = await client.post("/v1/answers", json={"question": "量血压之前要坐多久？"}, headers=lin)
    (cited, *_) = asked.json()["citations"]
    named = {"kind": "asked", "course_id": cited["course_id"], "lesson_id": cited["lesson_id"]}
    (found, *_) = (await reasons())[cited["course_id"]]
    assert found == found | named
    assert datetime.fromisoformat(str(found["at"])).utcoffset() == timedelta()

    gone = await client.delete("/v1/learners/lin", headers=lin)
    assert gone.json()["complete"] is True, gone.text
    assert await reasons() == before

    registered = {
        "actor": {"account": {"homePage": "https://learn.example", "name": "lin"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/registered"},
        "object": {"id": "urn:baize:course:default:sheets"},
    }
    told = await client.post("/v1/statements", json=registered, headers=lin)
    assert told.status_code == 200, told.text
    (first, *_) = (await client.get(path, headers=lin)).json()["items"]
    assert first["course_id"] == "sheets"
    assert first["reasons"][0] == first["reasons"][0] | {"kind": "enrolled", "course_id": "sheets"}
    assert "已报名" in first["sentence"]
