"""Scopes, roles, rotation, revocation and linked identities, over HTTP."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest

from baize.api.app import create_app
from baize.bootstrap import House
from baize.domain.platform import RIGHTS, Platform, Right
from baize.services.who import create_key
from baize.settings import Server
from tests.integration.test_every_route import BODIES, NAMES, call, operations
from tests.integration.test_who_asks import OTHER_SECRET, QUESTION, SECRET, Door, token
from tests.unit.api.library import client_of, opens, settings

pytestmark = pytest.mark.anyio

# One harmless call for each scope.
CALLS: dict[Right, tuple[str, str, dict[str, Any] | None]] = {
    "read": ("GET", "/v1/courses", None),
    "ask": ("POST", "/v1/answers", QUESTION),
    "learners": ("GET", "/v1/learners/lin/memory", None),
    "edit": ("GET", "/v1/exercises", None),
    "eval": ("GET", "/v1/feedback", None),
    "ingest": ("GET", "/v1/ingestions/00000000-0000-0000-0000-000000000000", None),
    "admin": ("GET", "/v1/keys", None),
}
OF_ROLE: dict[Right, set[Right]] = {
    "learn": {"read", "ask", "learners"},
    "teach": {"read", "ask", "learners", "edit", "eval"},
    "admin": {"read", "ask", "learners", "edit", "eval", "admin"},
}


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    houses: list[House] = []
    app = create_app(settings(server=Server(require_key=True)), open_house=opens(prepare=houses.append))
    async with client_of(app) as client:
        await houses[0].platforms.put(Platform("default", "本平台", (), SECRET, token_role="teach"))
        await houses[0].platforms.put(Platform("other", "别的平台", (), OTHER_SECRET))
        yield Door(client, houses[0])


def _in(seconds: float) -> str:
    """So many seconds from now, as the API tells instants."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


async def opened_by(door: Door, headers: dict[str, str]) -> set[Right]:
    """The scopes whose call is not refused. Jobs have no double: `ingest` is tried where it is refused."""
    found: set[Right] = set()
    for scope, (method, path, body) in CALLS.items():
        if scope == "ingest":
            continue
        status = (await door.client.request(method, path, json=body, headers=headers)).status_code
        assert status in (200, 403), (scope, status)
        found |= {scope} if status == 200 else set()
    return found


async def key(door: Door, *rights: Right, **more: Any) -> dict[str, str]:
    house = door.house
    _, text = await create_key(house.platforms, house.api_keys, "default", rights, "", time.time(), **more)
    return {"Authorization": f"Bearer {text}"}


# ----------------------------------------------------------------------------------------- scopes and roles


@pytest.mark.parametrize("scope", [scope for scope in CALLS if scope not in ("ingest", "admin")])
async def test_a_scope_opens_its_own_routes_only(door: Door, scope: Right) -> None:
    """And `edit` what it edits."""
    assert await opened_by(door, await key(door, scope)) == ({scope, "read"} if scope == "edit" else {scope})


@pytest.mark.parametrize("role", list(OF_ROLE))
async def test_a_role_opens_what_it_includes(door: Door, role: Right) -> None:
    """Of learners, course teams and administrators."""
    assert await opened_by(door, await key(door, role)) == OF_ROLE[role]


async def test_ingestion_is_for_administrators(door: Door) -> None:
    """Or for a key that may do nothing else."""
    method, path, _ = CALLS["ingest"]
    for role in ("learn", "teach", "read", "edit", "learners"):
        response = await door.client.request(method, path, headers=await key(door, role))
        assert response.status_code == 403
        assert "`ingest`" in response.json()["detail"]


async def test_every_route_names_a_right(door: Door) -> None:
    """Without any, nothing is open but what tells callers about themselves."""
    headers = token("lin", scopes=[])
    statuses = {one: await call(door.client, one, headers) for one in operations()}
    assert len(statuses) > 50
    assert {one for one, status in statuses.items() if status != 403} == {("get", "/v1/capabilities")}


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({}, OF_ROLE["learn"]),
        ({"role": "teach"}, OF_ROLE["teach"]),
        ({"role": "admin"}, OF_ROLE["learn"]),
        ({"role": "student"}, OF_ROLE["learn"]),
        ({"role": "teach", "courses": ["health"]}, OF_ROLE["teach"] - {"eval"}),
        ({"scopes": ["read"]}, {"read"}),
        ({"scopes": ["ask", "ingest", "edit", "nonsense"]}, {"ask"}),
        ({"scopes": []}, set()),
        ({"role": "teach", "scopes": ["edit"]}, {"edit", "read"}),
        ({"role": "admin", "scopes": ["admin"]}, set()),
    ],
)
async def test_a_token_opens_what_its_platform_lets_it(
    door: Door, claims: dict[str, Any], scopes: set[Right]
) -> None:
    """A role up to `token_role`, narrowed to the scopes that it names; names alone open nothing."""
    assert await opened_by(door, token("lin", **claims)) == scopes


async def test_where_tokens_are_for_learners_no_role_counts(door: Door) -> None:
    """As by default."""
    foreign = token("lin", OTHER_SECRET, iss="other", role="teach")
    assert await opened_by(door, foreign) == OF_ROLE["learn"]


async def test_a_key_for_some_courses_sees_no_others(door: Door) -> None:
    """Whatever it asks; and it opens no records of learners, whatever its role."""
    only = await key(door, "teach", courses=("health",))
    assert await opened_by(door, only) == {"read", "ask", "edit"}
    listed = (await door.client.get("/v1/courses", headers=only)).json()["items"]
    assert [course["id"] for course in listed] == ["health"]
    for path in ("/v1/courses/sheets", "/v1/lessons/sheets-01", "/v1/lessons/sheets-01/edits"):
        assert (await door.client.get(path, headers=only)).status_code == 404


async def test_a_team_of_some_courses_sets_no_exercise_of_others(door: Door) -> None:
    """Neither a new one, nor by taking one's id, nor by removing it; and it lists its own."""
    body = BODIES["put", "/v1/exercises/{exercise_id}"]
    all_, only = await key(door, "teach"), await key(door, "teach", courses=("health",))
    foreign = body | {"course_id": "sheets"}
    assert (await door.client.put("/v1/exercises/s", json=foreign, headers=all_)).status_code == 200
    tries = [
        await door.client.put("/v1/exercises/t", json=foreign, headers=only),
        await door.client.put("/v1/exercises/s", json=body, headers=only),
        await door.client.delete("/v1/exercises/s", headers=only),
    ]
    assert [one.status_code for one in tries] == [404, 404, 404]
    assert (await door.client.put("/v1/exercises/h", json=body, headers=only)).status_code == 200
    listed = [
        [one["exercise_id"] for one in (await door.client.get("/v1/exercises", headers=who)).json()["items"]]
        for who in (only, all_)
    ]
    assert listed == [["h"], ["h", "s"]]


async def test_an_agent_needs_the_same_scopes(door: Door) -> None:
    """The tools of `/mcp` do what their routes do."""
    pytest.importorskip("mcp")
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "ask", "arguments": {"question": "量血压之前坐多久？"}},
    }
    headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
    said = {}
    for scope in ("read", "ask"):
        reply = await door.client.post("/mcp", json=call, headers=headers | await key(door, scope))
        said[scope] = reply.json()["result"]["isError"], reply.text
    assert [said[scope][0] for scope in said] == [True, False]
    assert "scope `ask`" in said["read"][1]


# --------------------------------------------------------------------------------------------- spoiler-safe


@pytest.mark.parametrize("in_token", [True, False])
async def test_nothing_after_the_learners_place_is_told(door: Door, in_token: bool) -> None:
    """By the token or by the question: neither later seconds, nor later lessons of the course."""
    up_to = {"lesson_id": "health-01", "position_s": 15.0}
    mine = token("lin", **({"up_to": up_to} if in_token else {}))
    scope = {} if in_token else {"up_to": up_to}
    for words in ("一次量几遍？", "降压药要天天吃吗？", "血压过高怎么办？"):
        found = await door.client.post("/v1/search", json={"query": words, "scope": scope}, headers=mine)
        asked = await door.client.post("/v1/answers", json={"question": words, "scope": scope}, headers=mine)
        assert (found.status_code, asked.status_code) == (200, 200)
        told = found.text + asked.text.replace(words, "")
        for late in ("一次量两遍", "降压药", "血压过高", "health-02"):
            assert late not in told, (words, late)
        assert {row["lesson_id"] for row in found.json()["results"]} >= {"health-01"}


@pytest.mark.parametrize(
    ("asked", "seen"), [({"position_s": 5.0}, 1), ({"position_s": 500.0}, 2), ({"lesson_id": "health-02"}, 0)]
)
async def test_a_question_looks_no_further_than_its_token(
    door: Door, asked: dict[str, Any], seen: int
) -> None:
    """An earlier second counts, a later one does not, another lesson is refused."""
    mine = token("lin", up_to={"lesson_id": "health-01", "position_s": 15.0})
    up_to = {"lesson_id": "health-01", "position_s": 15.0} | asked
    body = {"query": "量血压", "scope": {"up_to": up_to, "lesson_ids": ["health-01"]}}
    response = await door.client.post("/v1/search", json=body, headers=mine)
    assert response.status_code == (200 if seen else 403)
    assert len(response.json().get("results", [])) == seen


# ------------------------------------------------------------------------------------------------- rotation


async def test_keys_are_made_rotated_and_revoked_over_http(door: Door) -> None:
    """By an administrator's key; the text of a key is told once."""
    admin = await key(door, "admin")
    asked = {"scopes": ["ask", "read"], "label": "portal", "expires_at": _in(3600)}
    made = await door.client.post("/v1/keys", json=asked, headers=admin)
    assert made.status_code == 201
    old = made.json()
    first = {"Authorization": f"Bearer {old['key']}"}
    assert await opened_by(door, first) == {"ask", "read"}

    rotated = await door.client.post(f"/v1/keys/{old['id']}/rotate", json={"grace_s": 600}, headers=admin)
    assert rotated.status_code == 201
    second = {"Authorization": f"Bearer {rotated.json()['key']}"}
    assert await opened_by(door, first) == await opened_by(door, second) == {"ask", "read"}

    assert (await door.client.delete(f"/v1/keys/{rotated.json()['id']}", headers=admin)).status_code == 204
    listed = (await door.client.get("/v1/keys", headers=admin)).json()["items"]
    by_id = {one["id"]: one for one in listed}
    assert by_id[rotated.json()["id"]]["revoked_at"] is not None
    assert by_id[old["id"]]["expires_at"] < _in(700)
    assert "key" not in listed[0]
    assert old["key"] not in str(listed)


async def test_an_expired_key_is_refused(door: Door) -> None:
    """Though nobody revoked it."""
    late = await key(door, "learn", expires_at=time.time() + 3600)
    assert (await door.client.get("/v1/courses", headers=late)).status_code == 200
    (kept,) = await door.house.api_keys.keys("default")
    assert not kept.is_good(time.time() + 3601)


# ----------------------------------------------------------------------------------------------- revocation


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read is asked for again: the seconds for which it is kept are over."""
    monkeypatch.setattr("baize.services.who._REMEMBERED_S", 0.0)
    monkeypatch.setattr("baize.services.who._REVOCATIONS_S", 0.0)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("revoked", "refused"),
    [
        ({"token_id": "t1"}, {"t1"}),
        ({"learner_id": "lin"}, {"t1", "t2", "unsaid"}),
        ({"all": True}, {"t1", "t2", "unsaid", "wang"}),
    ],
)
async def test_a_revoked_token_is_refused(revoked: dict[str, Any], refused: set[str]) -> None:
    """One, a learner's or all of a platform; not those that are issued later, nor another platform's."""
    houses: list[House] = []
    app = create_app(settings(server=Server(require_key=True)), open_house=opens(prepare=houses.append))
    async with client_of(app) as client:
        await houses[0].platforms.put(Platform("default", secret=SECRET))
        await houses[0].platforms.put(Platform("other", secret=OTHER_SECRET))
        door = Door(client, houses[0])
        then = time.time() - 30
        tokens = {
            "t1": token("lin", jti="t1", iat=then),
            "t2": token("lin", jti="t2", iat=then),
            "unsaid": token("lin"),
            "wang": token("wang", jti="t4", iat=then),
            "other": token("lin", OTHER_SECRET, iss="other", jti="t1", iat=then),
            "later": token("lin", jti="t5", iat=time.time() + 30),
        }
        admin = await key(door, "admin")
        for headers in tokens.values():
            assert (await client.get("/v1/courses", headers=headers)).status_code == 200
        assert (await client.post("/v1/revocations", json=revoked, headers=admin)).status_code == 201
        replies = {name: await client.get("/v1/courses", headers=headers) for name, headers in tokens.items()}
        listed = (await client.get("/v1/revocations", headers=admin)).text
    assert {name for name, reply in replies.items() if reply.status_code == 401} == refused
    for name in refused:  # a new one without `iat` would be refused, too
        assert ("Sign `iat`" in replies[name].json()["remedy"]) == (name == "unsaid")
    assert "lin" not in listed
    assert "t1" not in listed


async def test_a_revocation_says_what_it_means(door: Door) -> None:
    """Nothing or two things are no revocation: all of a platform's by mistake is an outage."""
    admin = await key(door, "admin")
    for body in (
        {},
        {"all": False},
        {"token_id": "t", "learner_id": "lin"},
        {"all": True, "learner_id": "l"},
    ):
        assert (await door.client.post("/v1/revocations", json=body, headers=admin)).status_code == 422


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({"aud": "elsewhere"}, "audience"),
        ({"exp": 1.0}, "expired"),
        ({"exp": time.time() + 10 * 86_400}, "too long"),
        ({"nbf": time.time() + 7200}, "not valid yet"),
        ({"scopes": "admin"}, "scopes"),
        ({"up_to": {"lesson_id": "health-01"}}, "up_to"),
        ({"up_to": "end"}, "up_to"),
        ({"jti": "x" * 300}, "jti"),
        ({"source": "a b"}, "source"),
    ],
)
async def test_a_wrong_token_is_refused(door: Door, bad: dict[str, Any], why: str) -> None:
    """With the reason."""
    response = await door.client.get("/v1/courses", headers=token("lin", **bad))
    assert response.status_code == 401
    assert why in response.json()["detail"]


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512"])
async def test_another_algorithm_is_refused(door: Door, algorithm: str) -> None:
    """Unsigned above all."""
    claims = {"iss": "default", "sub": "lin", "exp": time.time() + 60}
    text = jwt.encode(claims, None if algorithm == "none" else SECRET * 2, algorithm)
    response = await door.client.get("/v1/courses", headers={"Authorization": f"Bearer {text}"})
    assert response.status_code == 401


# ----------------------------------------------------------------------------------------------- identities


def linking(subject: str, learner_id: str, secret: str = SECRET, **claims: Any) -> dict[str, str]:
    headers = token(subject, secret, **({"source": "gd", "link_to": learner_id} | claims))
    return {"token": headers["Authorization"].removeprefix("Bearer ")}


@pytest.mark.usefixtures("at_once")
async def test_two_names_of_one_person_are_linked_and_unlinked(door: Door) -> None:
    """A source's learner is another one until then, and again afterwards."""
    lin, abroad = token("lin"), token("9", source="gd")

    async def who(client: httpx.AsyncClient) -> str:
        answer: str = (await client.get("/v1/capabilities", headers=abroad)).json()["learner_id"]
        return answer

    assert await who(door.client) == "gd~9"
    linked = await door.client.post("/v1/learners/lin/identities", json=linking("9", "lin"), headers=lin)
    assert linked.status_code == 201
    assert await who(door.client) == "lin"
    listed = (await door.client.get("/v1/learners/lin/identities", headers=lin)).json()["items"]
    assert [(one["source"], one["subject"]) for one in listed] == [("gd", "9")]
    path = "/v1/learners/lin/identities/gd/9"
    assert (await door.client.delete(path, headers=token("wang"))).status_code == 403
    assert (await door.client.delete(path, headers=lin)).status_code == 204
    assert (await door.client.delete(path, headers=lin)).status_code == 404
    assert await who(door.client) == "gd~9"


@pytest.mark.parametrize(
    ("made", "status"),
    [
        # Made in the test: a token that was made when tests were collected may be old by then.
        (lambda: linking("9", "wang"), 422),
        (lambda: linking("9", ""), 422),
        (lambda: linking("9", "lin", source=""), 422),
        (lambda: linking("9", "lin", exp=1.0), 401),
        (lambda: linking("9", "lin", OTHER_SECRET), 401),
        (lambda: linking("9", "lin", OTHER_SECRET, iss="other"), 401),
        (lambda: {"token": "a.b.c"}, 401),
    ],
)
async def test_only_the_platform_links(door: Door, made: Callable[[], dict[str, str]], status: int) -> None:
    """By a token that it signed for this learner; one that only opens the other's things does not do."""
    body = made()
    response = await door.client.post("/v1/learners/lin/identities", json=body, headers=token("lin"))
    assert response.status_code == status, response.text


async def test_a_linked_name_is_taken(door: Door) -> None:
    """Nobody else gets it meanwhile."""
    for learner_id, status in (("lin", 201), ("lin", 201), ("wang", 409)):
        response = await door.client.post(
            f"/v1/learners/{learner_id}/identities", json=linking("9", learner_id), headers=token(learner_id)
        )
        assert response.status_code == status


async def test_export_and_erasure_include_the_linked(door: Door) -> None:
    """What was kept under the name of before goes with the learner; a stranger's of the same source stays."""
    rows = door.house.learner_rows.rows  # type: ignore[attr-defined]  # the double's
    for name in ("lin", "gd~9", "gd~8"):
        rows["default", name] = {"preferences": [{"learner_id": name}]}
    lin = token("lin")
    await door.client.post("/v1/learners/lin/identities", json=linking("9", "lin"), headers=lin)
    export = (await door.client.get("/v1/learners/lin/export", headers=lin)).json()
    assert [row["learner_id"] for row in export["records"]["preferences"]] == ["lin", "gd~9"]
    assert (await door.client.delete("/v1/learners/lin", headers=lin)).status_code == 200
    assert set(rows) == {("default", "gd~8")}


def test_names_of_paths_are_known() -> None:
    """Of the new routes, too."""
    assert {"key_id", "source", "subject"} <= set(NAMES)
    assert {"learn", "teach", "admin"} < set(RIGHTS)
