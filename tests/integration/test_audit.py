"""The audit log over HTTP: every write of staff has a line, and none of them a learner's words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from baize.api.app import create_app
from baize.bootstrap import House
from baize.domain.platform import Platform
from baize.errors import DependencyUnavailable
from baize.settings import Server
from baize.testing.memory_audit import MemoryAuditLog
from tests.integration.test_every_route import BODIES, FOR_STAFF, NAMES
from tests.integration.test_what_they_may import key
from tests.integration.test_who_asks import OTHER_SECRET, SECRET, Door, token
from tests.unit.api.library import client_of, opens, settings

pytestmark = pytest.mark.anyio

EXERCISE = BODIES["put", "/v1/exercises/{exercise_id}"]


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    houses: list[House] = []
    app = create_app(settings(server=Server(require_key=True)), open_house=opens(prepare=houses.append))
    async with client_of(app) as client:
        await houses[0].platforms.put(Platform("default", "本平台", (), SECRET, token_role="teach"))
        await houses[0].platforms.put(Platform("other", "别的平台", (), OTHER_SECRET))
        yield Door(client, houses[0])


async def lines(door: Door, headers: dict[str, str], **asked: Any) -> list[dict[str, Any]]:
    reply = await door.client.get("/v1/audit", params=asked, headers=headers)
    assert reply.status_code == 200, reply.text
    items: list[dict[str, Any]] = reply.json()["items"]
    return items


async def test_who_changed_what(door: Door) -> None:
    """Keys and team tokens by name, with the object and how it ended; reading leaves no line."""
    admin, team = await key(door, "admin"), token("teacher-1", role="teach")
    assert (await door.client.put("/v1/exercises/e1", json=EXERCISE, headers=team)).status_code == 200
    assert (await door.client.put("/v1/exercises/e2", json={}, headers=team)).status_code == 422
    assert (await door.client.delete("/v1/exercises/e9", headers=admin)).status_code == 404
    made = (await door.client.post("/v1/keys", json={"scopes": ["read"]}, headers=admin)).json()
    await door.client.get("/v1/exercises", headers=team)
    found = await lines(door, admin)
    (own,) = (one.id for one in await door.house.api_keys.keys("default") if one.id != made["id"])
    assert [(one["who"], one["action"], one["what"], one["status"]) for one in reversed(found)] == [
        ("token of teacher-1", "PUT /v1/exercises/{exercise_id}", "exercise_id=e1", 200),
        ("token of teacher-1", "PUT /v1/exercises/{exercise_id}", "exercise_id=e2", 422),
        (f"key {own}", "DELETE /v1/exercises/{exercise_id}", "exercise_id=e9", 404),
        (f"key {own}", "POST /v1/keys", "", 201),
    ]


async def test_an_erasure_is_told_without_its_learner(door: Door) -> None:
    """That one was erased, by whom; a learner's own writes are no staff's."""
    admin = await key(door, "admin")
    await door.client.put("/v1/learners/lin/interests", json={"tags": ["x"]}, headers=token("lin"))
    assert (await door.client.delete("/v1/learners/lin", headers=admin)).status_code == 200
    (line,) = await lines(door, admin)
    assert line["action"] == "DELETE /v1/learners/{learner_id}"
    assert line["what"].startswith("learner_id=#")
    assert "lin" not in line["what"].removeprefix("learner_id=#")


async def test_every_write_of_staff_has_a_line(door: Door) -> None:
    """Of all operations: whatever becomes of it."""
    admin = await key(door, "admin")
    writes = [one for one in sorted(FOR_STAFF) if one[0] != "get" and "ingestions" not in one[1]]
    writes = [one for one in writes if one != ("delete", "/v1/courses/{course_id}")]
    for method, path in writes:
        # An empty body is refused; that it was tried is told all the same.
        await door.client.request(method, path.format(**NAMES), json={}, headers=admin)
    told = {one["action"] for one in await lines(door, admin, limit=100)}
    assert told == {f"{method.upper()} {path}" for method, path in writes}


async def test_pages_and_platforms(door: Door) -> None:
    """Newest first, page by page; only administrators, only their own platform's."""
    admin = await key(door, "admin")
    for n in range(3):
        await door.client.put(f"/v1/exercises/e{n}", json=EXERCISE, headers=admin)
    first = (await door.client.get("/v1/audit?limit=2", headers=admin)).json()
    rest = await lines(door, admin, limit=2, cursor=first["next_cursor"])
    assert [one["what"] for one in (*first["items"], *rest)] == [f"exercise_id=e{n}" for n in (2, 1, 0)]
    assert (await door.client.get("/v1/audit", headers=await key(door, "teach"))).status_code == 403
    foreign = await door.key("other", "admin")
    assert await lines(door, foreign) == []


class AwayLog(MemoryAuditLog):
    """A store that is away."""

    async def put(self, entry: Any) -> None:
        raise DependencyUnavailable("The database does not answer.")


async def test_without_a_line_nothing_is_changed() -> None:
    """The line comes first."""
    houses: list[House] = []

    def prepare(house: House) -> None:
        house.__dict__["audit_log"] = AwayLog()
        houses.append(house)

    app = create_app(settings(server=Server(require_key=True)), open_house=opens(prepare=prepare))
    async with client_of(app) as client:
        await houses[0].platforms.put(Platform("default", secret=SECRET))
        admin = await key(Door(client, houses[0]), "admin")
        reply = await client.put("/v1/exercises/e1", json=EXERCISE, headers=admin)
        assert reply.status_code == 503
        assert await houses[0].exercises.all("default") == []
