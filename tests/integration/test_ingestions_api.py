"""/v1/ingestions over doubles: what may be asked for, and what is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from baize.adapters.clock_system import SystemClock
from baize.api.app import create_app
from baize.bootstrap import House
from baize.domain.job import LessonJob
from baize.domain.library import ItemState
from baize.errors import NotAllowed
from baize.services.ingestions import Ingestions
from baize.testing.memory_catalog import MemoryCatalog
from baize.testing.memory_jobs import MemoryJobs
from tests.unit.api.library import opens, settings

pytestmark = pytest.mark.anyio


@dataclass
class Door:
    http: httpx.AsyncClient
    jobs: MemoryJobs
    library: MemoryCatalog
    root: Path


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    root = tmp_path / "courses"
    (root / "default" / "first").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (root / "default" / "link").symlink_to(tmp_path / "secret")
    jobs = MemoryJobs()
    library: list[MemoryCatalog] = []

    def prepare(house: House) -> None:
        house.__dict__ |= {"jobs": jobs, "publisher": house.catalog}
        library.append(house.__dict__["catalog"])

    app = create_app(settings(jobs={"folder": root / "{platform_id}"}), open_house=opens(prepare=prepare))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost/v1") as http:
            yield Door(http, jobs, library[0], root)


async def test_a_folder_becomes_a_job(door: Door) -> None:
    """202 with the job and where to look; the worker is told the whole path."""
    response = await door.http.post("/ingestions", json={"path": "first", "priority": "bulk"})
    assert response.status_code == 202
    body = response.json()
    assert (body["state"], body["progress"], body["eta_s"], body["lessons"]) == ("queued", 0.0, None, [])
    assert response.headers["location"] == f"/v1/ingestions/{body['id']}"
    (request,) = door.jobs.requests.values()
    assert request.folder == str(door.root / "default" / "first")
    assert request.priority == "bulk"
    assert (await door.http.get(response.headers["location"].removeprefix("/v1"))).json()["id"] == body["id"]


async def test_a_folder_for_all_is_the_home_platforms_alone(tmp_path: Path) -> None:
    """Else the operator of one platform could take another's courses."""
    (tmp_path / "first").mkdir()
    library = MemoryCatalog()
    ingestions = Ingestions(
        jobs=MemoryJobs(), publisher=library, clock=SystemClock(), root=tmp_path, home="default"
    )
    assert await ingestions.submit("default", path="first")
    with pytest.raises(NotAllowed, match="'other'"):
        await ingestions.submit("other", path="first")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("../other/x", 403),
        ("/etc", 403),
        ("link", 403),
        (".", 403),
        ("first/../../default", 403),
        ("missing", 404),
    ],
)
async def test_no_path_leads_out_of_the_folder(door: Door, path: str, status: int) -> None:
    """Neither dots, absolute paths nor links; the root itself is no course."""
    response = await door.http.post("/ingestions", json={"path": path})
    assert response.status_code == status
    assert response.json()["remedy"]
    assert door.jobs.requests == {}


async def test_a_known_course_is_read_again(door: Door) -> None:
    """By its id, from where it was read before; one that was never read is not found."""
    await door.library.put_folder("default", "health", "/courses/health")
    response = await door.http.post("/ingestions", json={"course_id": "health", "lesson_ids": ["health-01"]})
    assert response.status_code == 202
    (request,) = door.jobs.requests.values()
    assert (request.folder, request.lesson_ids) == ("/courses/health", ("health-01",))
    assert (await door.http.post("/ingestions", json={"course_id": "sheets"})).status_code == 404


@pytest.mark.parametrize(
    "body",
    [{}, {"path": "first", "course_id": "health"}, {"path": "a\0b"}, {"course_id": "a/b"}, {"folder": "x"}],
)
async def test_bad_requests_name_the_field(door: Door, body: dict[str, str]) -> None:
    """422 with a remedy."""
    response = await door.http.post("/ingestions", json=body)
    assert response.status_code == 422
    assert response.json()["remedy"]


async def test_an_idempotency_key_makes_one_job(door: Door) -> None:
    """The same body is the same job; another body under the key is a conflict."""
    (door.root / "default" / "second").mkdir()
    headers = {"Idempotency-Key": "k1"}
    first = await door.http.post("/ingestions", json={"path": "first"}, headers=headers)
    again = await door.http.post("/ingestions", json={"path": "first"}, headers=headers)
    assert first.json()["id"] == again.json()["id"]
    other = await door.http.post("/ingestions", json={"path": "second"}, headers=headers)
    assert other.status_code == 409


async def test_progress_counts_stages_of_lessons(door: Door) -> None:
    """One lesson done, one embedding, one waiting: half of the work, and as long again to go."""
    job_id = (await door.http.post("/ingestions", json={"path": "first"})).json()["id"]
    done = LessonJob("a", "done", "done", 1, (("extract", 2.5), ("load", 0.5)))
    door.jobs.jobs[job_id] = replace(
        door.jobs.jobs[job_id],
        state="running",
        course_id="health",
        planned=True,
        n_lessons=4,
        started_at=0.0,
        lessons=(
            done,
            LessonJob("b", "running"),
            LessonJob("c", "queued"),
            LessonJob("d", "failed", "failed"),
        ),
    )
    for item, state, stage in (("a", "done", "load"), ("b", "running", "embed"), ("d", "failed", "extract")):
        await door.library.record(
            ItemState("default", "health", item, state, stage, error="x" if item == "d" else "")  # type: ignore[arg-type]
        )
    body = (await door.http.get(f"/ingestions/{job_id}")).json()
    assert body["progress"] == pytest.approx((1 + 1 + 4 / 7) / 4, abs=1e-4)
    assert body["eta_s"] > 0
    stages = {
        stage["name"]: (stage["n_done"], stage["n_running"], stage["n_failed"]) for stage in body["stages"]
    }
    assert stages == {
        "plan": (3, 0, 0),
        "extract": (2, 0, 1),
        "chapter": (2, 0, 0),
        "chunk": (2, 0, 0),
        "embed": (1, 1, 0),
        "compose": (1, 0, 0),
        "load": (1, 0, 0),
    }
    lessons = {lesson["lesson_id"]: (lesson["stage"], lesson["error"]) for lesson in body["lessons"]}
    assert lessons == {"a": ("load", None), "b": ("embed", None), "c": (None, None), "d": ("extract", "x")}


async def test_list_and_cancel(door: Door) -> None:
    """Newest first, by cursor; a cancelled job is told so; an unknown one is not found."""
    ids = [(await door.http.post("/ingestions", json={"path": "first"})).json()["id"] for _ in range(3)]
    page = (await door.http.get("/ingestions?limit=2")).json()
    rest = (await door.http.get(f"/ingestions?limit=2&cursor={page['next_cursor']}")).json()
    assert [item["id"] for item in page["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None
    assert (await door.http.delete(f"/ingestions/{ids[0]}")).json()["state"] == "cancelled"
    assert (await door.http.get("/ingestions?cursor=x")).status_code == 422
    missing = "00000000-0000-0000-0000-000000000000"
    assert (await door.http.get(f"/ingestions/{missing}")).status_code == 404
    assert (await door.http.delete(f"/ingestions/{missing}")).status_code == 404
    unknown = await door.http.get("/ingestions/no-such-job")
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, "application/problem+json")
