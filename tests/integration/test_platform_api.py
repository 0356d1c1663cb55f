"""What an administrator sets of the platform: its player, and whose midnight ends a day."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from baize.api.app import create_app
from baize.bootstrap import House
from baize.domain.platform import Platform
from baize.services import who
from baize.settings import Server
from tests.integration.test_who_asks import SECRET, token
from tests.unit.api.library import client_of, opens, settings

pytestmark = pytest.mark.anyio

PLAYER = "https://own.example/{course_id}/{lesson_id}?t={start}"
FOUND = {"query": "袖带要和心脏一样高"}


@pytest.fixture
def houses() -> list[House]:
    return []


@pytest.fixture
async def client(houses: list[House], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """Of a server with a player of its own; what is read of platforms is not remembered."""
    monkeypatch.setattr(who, "_REMEMBERED_S", 0.0)
    server = Server(require_key=True, player_url="https://server.example/{lesson_id}?t={start}")
    app = create_app(settings(server=server), open_house=opens(prepare=houses.append))
    async with client_of(app) as client:
        await houses[0].platforms.put(Platform("default", secret=SECRET, token_role="admin"))
        yield client


@pytest.fixture
def admin() -> dict[str, str]:
    return token("boss", role="admin")


async def _url(client: httpx.AsyncClient, headers: dict[str, str]) -> str:
    found = (await client.post("/v1/search", json=FOUND, headers=headers)).json()
    url: str = found["results"][0]["url"]
    return url


async def test_a_platform_has_its_own_player(client: httpx.AsyncClient, admin: dict[str, str]) -> None:
    """It wins over the server's wherever a moment, a lesson or an annotation is linked."""
    lin = token("lin")
    assert await _url(client, lin) == "https://server.example/health-01?t=10"
    put = await client.put("/v1/platform", json={"player_url": PLAYER}, headers=admin)
    assert put.status_code == 200
    assert put.json() == (await client.get("/v1/platform", headers=admin)).json()
    assert await _url(client, lin) == "https://own.example/health/health-01?t=10"
    lesson = (await client.get("/v1/lessons/health-01", headers=lin)).json()
    assert lesson["url"].startswith("https://own.example/health/health-01?t=0")
    talk = {"model": "baize", "messages": [{"role": "user", "content": "量血压之前要坐多久？"}]}
    told = (await client.post("/v1/chat/completions", json=talk, headers=lin)).json()
    assert told["choices"][0]["message"]["annotations"][0]["url_citation"]["url"].startswith("https://own.")
    await client.put("/v1/platform", json={}, headers=admin)
    assert await _url(client, lin) == "https://server.example/health-01?t=10"


@pytest.mark.parametrize(
    "template",
    [
        "http://own.example/{lesson_id}",
        "javascript:alert(1)//{lesson_id}",
        "/watch/{lesson_id}",
        "https:///{lesson_id}",
        "https://{lesson_id}.example/",
        "https://own.example/{secret}",
        "https://own.example/{lesson_id.__class__}",
        "https://own.example/{start:>99999999}",
        "https://own.example/{start!r}",
        "https://own.example/{",
        "https://boss@own.example/{lesson_id}",
        "https://own.example/ {lesson_id}",
    ],
)
async def test_a_template_that_cannot_be_used(
    client: httpx.AsyncClient, admin: dict[str, str], template: str
) -> None:
    """Only https, a host that is written out, and fields that are known, as they are."""
    refused = await client.put("/v1/platform", json={"player_url": template}, headers=admin)
    assert refused.status_code == 422
    assert (await client.get("/v1/platform", headers=admin)).json()["player_url"] == ""


async def test_only_an_administrator_sets_it(client: httpx.AsyncClient, houses: list[House]) -> None:
    """And the audit log tells."""
    for who_asks in (token("lin"), token("team", role="teach")):
        assert (await client.get("/v1/platform", headers=who_asks)).status_code == 403
        put = await client.put("/v1/platform", json={"player_url": PLAYER}, headers=who_asks)
        assert put.status_code == 403
    admin = token("boss", role="admin")
    assert (await client.put("/v1/platform", json={"timezone": "Mars/One"}, headers=admin)).status_code == 422
    assert (await client.put("/v1/platform", json={"timezone": "Asia/Urumqi"}, headers=admin)).is_success
    actions = [line["action"] for line in (await client.get("/v1/audit", headers=admin)).json()["items"]]
    assert "PUT /v1/platform" in actions


async def test_whose_midnight_ends_a_day(
    client: httpx.AsyncClient, houses: list[House], admin: dict[str, str]
) -> None:
    """The learner's own zone, else the platform's, else the server's: of every attempt, in test mode too."""
    zones: list[str] = []
    real = houses[0].reviews.after_attempt

    async def watched(*args: object) -> None:
        zones.append(str(args[-1]))
        await real(*args)  # type: ignore[arg-type]

    houses[0].reviews.after_attempt = watched  # type: ignore[method-assign]

    async def answer(headers: dict[str, str]) -> None:
        asked = {"question": "考考我量血压", "mode": "test", "scope": {"lesson_ids": ["health-01"]}}
        first = (await client.post("/v1/answers", json=asked, headers=headers)).json()
        goes_on = asked | {"question": "五分钟", "conversation_id": first["conversation_id"]}
        await client.post("/v1/answers", json=goes_on, headers=headers)

    await answer(token("lin"))
    await client.put("/v1/platform", json={"timezone": "Asia/Urumqi"}, headers=admin)
    await answer(token("wang"))
    await answer(token("hu", zoneinfo="Pacific/Honolulu"))
    assert zones == ["None", "Asia/Urumqi", "Pacific/Honolulu"]


async def test_lists_come_in_pages(client: httpx.AsyncClient, admin: dict[str, str]) -> None:
    """Each of them is the same read at once and read page by page; a cursor of ours only."""
    lin = token("lin")
    for n in range(3):
        await client.post("/v1/keys", json={"scopes": ["read"], "label": f"k{n}"}, headers=admin)
        await client.post("/v1/revocations", json={"token_id": f"t{n}"}, headers=admin)
        exercise = {"course_id": "health", "question": f"问题{n}", "solution": "答案"}
        await client.put(f"/v1/exercises/ex-{n}", json=exercise, headers=admin)
        linked = token(f"sub-{n}", source="docked", link_to="lin")["Authorization"].removeprefix("Bearer ")
        await client.post("/v1/learners/lin/identities", json={"token": linked}, headers=lin)
    for lesson in ("health-01", "health-02", "sheets-01"):
        await client.put(f"/v1/learners/lin/progress/{lesson}", json={"completed": True}, headers=lin)
        record = {"learner_id": "lin", "course_id": lesson, "completed_at": "2026-11-02"}
        assert (await client.post("/v1/learners/import", json=[record], headers=admin)).is_success
    lists = ("keys", "revocations", "exercises", "learners/lin/identities", "learners/lin/progress")
    for name in (*lists, "learners/lin/record"):
        reader = lin if name.startswith("learners/") else admin
        whole = (await client.get(f"/v1/{name}", headers=reader)).json()
        assert len(whole["items"]) == 3, name
        assert whole["next_cursor"] is None
        pages: list[list[object]] = []
        cursor: str | None = ""
        while cursor is not None:
            asked = {"limit": 2, "cursor": cursor}
            page = (await client.get(f"/v1/{name}", params=asked, headers=reader)).json()
            pages.append(page["items"])
            cursor = page["next_cursor"]
        assert [len(page) for page in pages] == [2, 1], name
        assert [one for page in pages for one in page] == whole["items"]
        bad = await client.get(f"/v1/{name}", params={"cursor": "x"}, headers=reader)
        assert bad.status_code == 422
