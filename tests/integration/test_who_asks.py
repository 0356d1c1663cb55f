"""Keys, learner tokens, owners and web origins, over HTTP."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
import pytest

from baize.api.app import create_app
from baize.bootstrap import House
from baize.domain.platform import Platform, Right
from baize.services.who import create_key, revoke_key
from baize.settings import Server
from tests.unit.api.library import client_of, opens, settings

pytestmark = pytest.mark.anyio

QUESTION = {"question": "量血压之前坐多久？"}
PAGE = "https://learn.example"
OTHER_PAGE = "https://other.example"
SECRET = "the-secret-of-the-platform-default-0123456789"
OTHER_SECRET = "the-secret-of-another-platform-0123456789abc"


@dataclass
class Door:
    """A server that asks for a key, its house, and a client without one."""

    client: httpx.AsyncClient
    house: House

    async def key(self, platform_id: str = "default", right: Right = "learn") -> dict[str, str]:
        _, text = await create_key(
            self.house.platforms, self.house.api_keys, platform_id, (right,), "", time.time()
        )
        return {"Authorization": f"Bearer {text}"}


def token(learner_id: str, secret: str = SECRET, **claims: Any) -> dict[str, str]:
    known = {"iss": "default", "sub": learner_id, "exp": time.time() + 60}
    return {"Authorization": f"Bearer {jwt.encode(known | claims, secret, 'HS256')}"}


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    houses: list[House] = []
    chosen = settings(server=Server(require_key=True))
    app = create_app(chosen, open_house=opens(prepare=houses.append))
    async with client_of(app) as client:
        await houses[0].platforms.put(Platform("default", "本平台", (PAGE,), SECRET))
        await houses[0].platforms.put(Platform("other", "别的平台", (OTHER_PAGE,), OTHER_SECRET))
        yield Door(client, houses[0])


async def ask(door: Door, headers: dict[str, str], **body: Any) -> dict[str, Any]:
    response = await door.client.post("/v1/answers", json=QUESTION | body, headers=headers)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


# ---------------------------------------------------------------------------------------------- credentials


@pytest.mark.parametrize(
    "credential",
    ["", "Bearer ", "Bearer bz_made_up", "Bearer a.b.c", "Basic YTpi", "Bearer bz_" + "x" * 5000],
)
async def test_without_a_good_credential_nothing_is_shown(door: Door, credential: str) -> None:
    """401, a problem, and how to ask."""
    headers = {"Authorization": credential} if credential else {}
    for path in ("/v1/courses", "/v1/answers/x", "/v1/lessons/health-01"):
        response = await door.client.get(path, headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.json()["type"] == "urn:problem-type:baize:unauthorised"


async def test_a_key_opens_its_platform_only(door: Door) -> None:
    """Another platform's key sees none of these courses, and none of these answers."""
    own, foreign = await door.key(), await door.key("other")
    answer = await ask(door, own)

    assert len((await door.client.get("/v1/courses", headers=own)).json()["items"]) == 2
    assert (await door.client.get("/v1/courses", headers=foreign)).json()["items"] == []
    for path in (
        f"/v1/answers/{answer['answer_id']}",
        f"/v1/conversations/{answer['conversation_id']}",
        "/v1/courses/health",
        "/v1/lessons/health-01",
    ):
        assert (await door.client.get(path, headers=own)).status_code == 200
        assert (await door.client.get(path, headers=foreign)).status_code == 404


async def test_a_revoked_key_is_refused(door: Door) -> None:
    """At once by a server that has not seen it yet."""
    own = await door.key()
    (key,) = await door.house.api_keys.keys("default")
    await revoke_key(door.house.api_keys, "default", key.id, time.time())
    assert (await door.client.get("/v1/courses", headers=own)).status_code == 401


@pytest.mark.parametrize(
    "bad",
    [
        {"secret": OTHER_SECRET},
        {"iss": "nowhere"},
        {"exp": time.time() - 3600},
        {"sub": "a b"},
    ],
)
async def test_a_bad_learner_token_is_refused(door: Door, bad: dict[str, Any]) -> None:
    """Forged, unknown, expired or without a learner."""
    response = await door.client.get("/v1/courses", headers=token("lin", **bad))
    assert response.status_code == 401


async def test_a_token_signed_by_one_platform_is_no_token_of_another(door: Door) -> None:
    """`iss` chooses the secret, and the secret must fit."""
    good = await door.client.get("/v1/courses", headers=token("lin", OTHER_SECRET, iss="other"))
    forged = await door.client.get("/v1/courses", headers=token("lin", SECRET, iss="other"))
    assert (good.status_code, good.json()["items"]) == (200, [])
    assert forged.status_code == 401


async def test_an_open_server_still_checks_what_it_is_given() -> None:
    """On loopback without a key: nothing is needed, a stranger's word is ignored, a bad token is refused."""
    houses: list[House] = []
    app = create_app(settings(), open_house=opens(prepare=houses.append))
    async with client_of(app) as client:
        await houses[0].platforms.put(Platform("default", secret=SECRET))
        statuses = [
            (await client.get("/v1/courses", headers=headers)).status_code
            for headers in ({}, {"Authorization": "Bearer none"}, token("lin"), token("lin", OTHER_SECRET))
        ]
    assert statuses == [200, 200, 200, 401]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"}, 403),
        (
            {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "video", "Referer": "https://evil.example/"},
            403,
        ),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "video", "Referer": f"{PAGE}/a"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "video"}, 200),
        ({"Sec-Fetch-Site": "none", "Sec-Fetch-Dest": "document"}, 200),
    ],
)
async def test_a_strangers_page_embeds_nothing_of_an_open_server(
    headers: dict[str, str], status: int
) -> None:
    """An image or a video is fetched without `Origin`, and would let it play lessons or keep a core busy."""
    houses: list[House] = []
    app = create_app(settings(), open_house=opens(prepare=houses.append))
    async with client_of(app) as client:
        await houses[0].platforms.put(Platform("default", secret=SECRET, origins=(PAGE,)))
        assert (await client.get("/v1/lessons/health-01", headers=headers)).status_code == status


# --------------------------------------------------------------------------------------------------- owners


async def test_an_answer_is_its_learners(door: Door) -> None:
    """Another learner gets 404, as for one that does not exist; the platform sees it."""
    answer = await ask(door, token("lin"))
    paths = [f"/v1/answers/{answer['answer_id']}", f"/v1/conversations/{answer['conversation_id']}"]

    for path in paths:
        assert (await door.client.get(path, headers=token("lin"))).status_code == 200
        hidden = await door.client.get(path, headers=token("wang"))
        assert hidden.status_code == 404
        assert (await door.client.get(path, headers=await door.key())).status_code == 200
    assert (await door.client.delete(paths[1], headers=token("wang"))).status_code == 404
    assert (await door.client.delete(paths[1], headers=token("lin"))).status_code == 204
    assert (await door.client.get(paths[0], headers=token("lin"))).status_code == 404


async def test_a_conversation_shows_exactly_what_was_said(door: Door) -> None:
    """Each turn's answer equals the answer that was sent, byte for byte."""
    streamed = await door.client.post(
        "/v1/answers", json=QUESTION, headers=token("lin") | {"Accept": "text/event-stream"}
    )
    sent = re.findall(r"event: done\ndata: (.*)\n", streamed.text)[0]
    conversation_id = json.loads(sent)["conversation_id"]
    second = await ask(door, token("lin"), conversation_id=conversation_id)

    shown = await door.client.get(f"/v1/conversations/{conversation_id}", headers=token("lin"))

    assert f'"answer":{sent}' in shown.text
    assert [turn["question"] for turn in shown.json()["turns"]] == [QUESTION["question"]] * 2
    assert shown.json()["turns"][1]["answer"] == second


async def test_a_deleted_conversation_cannot_be_streamed_again(door: Door) -> None:
    """Neither what was stored nor what was kept for those whose connection broke."""
    mine = token("lin")
    streaming = mine | {"Accept": "text/event-stream"}
    stream = await door.client.post("/v1/answers", json=QUESTION, headers=streaming)
    start = json.loads(re.findall(r"event: start\ndata: (.*)\n", stream.text)[0])
    path = f"/v1/answers/{start['answer_id']}"
    paths = [path, f"{path}/events"]
    before = [(await door.client.get(one, headers=mine)).status_code for one in paths]
    gone = await door.client.delete(f"/v1/conversations/{start['conversation_id']}", headers=mine)
    after = [(await door.client.get(one, headers=mine)).status_code for one in paths]
    assert (before, gone.status_code, after) == ([200, 200], 204, [404, 404])


async def test_nobody_continues_somebody_elses_conversation(door: Door) -> None:
    """The same id in another learner's hands is another conversation, without the first one's history."""
    answer = await ask(door, token("lin"))
    conversation_id = answer["conversation_id"]
    await ask(door, token("wang"), conversation_id=conversation_id)

    turns = [
        (await door.client.get(f"/v1/conversations/{conversation_id}", headers=token(who))).json()["turns"]
        for who in ("lin", "wang")
    ]
    assert [len(found) for found in turns] == [1, 1]
    assert turns[0][0]["answer"]["answer_id"] == answer["answer_id"]


async def test_a_platform_names_the_learner(door: Door) -> None:
    """What its server asked for a learner is the learner's; a learner names nobody else."""
    answer = await ask(door, await door.key(), learner_id="lin")
    path = f"/v1/answers/{answer['answer_id']}"
    assert (await door.client.get(path, headers=token("lin"))).status_code == 200
    assert (await door.client.get(path, headers=token("wang"))).status_code == 404

    refused = await door.client.post(
        "/v1/answers", json=QUESTION | {"learner_id": "lin"}, headers=token("wang")
    )
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/courses/health", 200),
        ("/v1/lessons/health-01/transcript", 200),
        ("/v1/courses/sheets", 404),
        ("/v1/lessons/sheets-01", 404),
    ],
)
async def test_a_token_for_some_courses_opens_no_others(door: Door, path: str, status: int) -> None:
    """Neither by id nor in the list."""
    only = token("lin", courses=["health", "gone"])
    assert (await door.client.get(path, headers=only)).status_code == status
    listed = (await door.client.get("/v1/courses", headers=only)).json()["items"]
    assert [course["id"] for course in listed] == ["health"]


async def test_a_lesson_elsewhere_looks_like_one_nowhere(door: Door) -> None:
    """Ids cannot be tried out: but for the id the problems are the same."""
    only = token("lin", courses=["health"])
    problems = [
        (await door.client.get(f"/v1/lessons/{lesson_id}/summary", headers=only)).text.replace(lesson_id, "·")
        for lesson_id in ("sheets-01", "sheets-99")
    ]
    assert problems[0] == problems[1]


@pytest.mark.parametrize(
    ("scope", "status", "courses"),
    [
        ({}, 200, {"health"}),
        ({"course_ids": ["health"]}, 200, {"health"}),
        ({"lesson_ids": ["sheets-01"]}, 200, set()),
        ({"course_ids": ["sheets"]}, 404, set()),
    ],
)
async def test_questions_and_searches_stay_in_the_tokens_courses(
    door: Door, scope: dict[str, Any], status: int, courses: set[str]
) -> None:
    """Whatever scope is asked for."""
    only = token("lin", courses=["health", "gone"])
    found = await door.client.post("/v1/search", json={"query": "formula 血压", "scope": scope}, headers=only)
    asked = await door.client.post("/v1/answers", json=QUESTION | {"scope": scope}, headers=only)
    assert (found.status_code, asked.status_code) == (status, status)
    if status == 200:
        assert {row["course_id"] for row in found.json()["results"]} == courses


# ---------------------------------------------------------------------------------------------------- pages


async def test_a_preflight_passes_for_a_platforms_page(door: Door) -> None:
    """With the headers that the sidebar sends; another origin is refused."""
    asked = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,last-event-id",
    }
    good = await door.client.options("/v1/answers", headers=asked | {"Origin": PAGE})
    bad = await door.client.options("/v1/answers", headers=asked | {"Origin": "https://evil.example"})

    assert good.status_code == 204
    assert good.headers["access-control-allow-origin"] == PAGE
    allowed = good.headers["access-control-allow-headers"].lower()
    assert all(name in allowed for name in ("authorization", "content-type", "last-event-id"))
    assert bad.status_code == 403
    assert "access-control-allow-origin" not in bad.headers


@pytest.mark.parametrize(
    ("origin", "status", "readable"),
    [
        (PAGE, 200, True),
        (OTHER_PAGE, 403, False),
        ("https://evil.example", 403, False),
        ("null", 403, False),
        ("http://localhost", 200, False),
    ],
)
async def test_only_the_platforms_own_pages_may_call(
    door: Door, origin: str, status: int, readable: bool
) -> None:
    """A page of another platform may not, though a preflight lets it through; the server's own pages may."""
    response = await door.client.get("/v1/courses", headers=token("lin") | {"Origin": origin})
    assert response.status_code == status
    assert ("access-control-allow-origin" in response.headers) is readable
    if readable:
        assert response.headers["access-control-allow-origin"] == origin
        assert "origin" in response.headers["vary"].lower()


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize(
    ("platform", "secret", "own"), [("default", SECRET, PAGE), ("other", OTHER_SECRET, OTHER_PAGE)]
)
async def test_pages_are_let_in_by_platform(
    door: Door, platform: str, secret: str, own: str, method: str
) -> None:
    """Each platform's page for its own learners; never any page (`*`), and never with a browser's cookies."""
    asked = {"Access-Control-Request-Method": "GET"} if method == "OPTIONS" else {}
    headers = token("lin", secret, iss=platform) | asked
    read = {
        page: await door.client.request(method, "/v1/courses", headers=headers | {"Origin": page})
        for page in (
            PAGE,
            OTHER_PAGE,
            "https://evil.example",
            own.upper(),
            f"{own}.evil.example",
            f"{own}:444",
        )
    }
    allowed = {
        page: reply.headers["access-control-allow-origin"]
        for page, reply in read.items()
        if "access-control-allow-origin" in reply.headers
    }
    # A preflight carries no token, so it cannot tell one platform's page from another's.
    assert allowed == ({own: own} if method == "GET" else {PAGE: PAGE, OTHER_PAGE: OTHER_PAGE})
    for reply in read.values():
        assert "access-control-allow-credentials" not in reply.headers
        assert "origin" in reply.headers["vary"].lower()
        assert reply.status_code in ({200, 403} if method == "GET" else {204, 403})


async def test_who_has_no_origin_needs_none(door: Door) -> None:
    """A server or an app calls with a key and no page; the reply is no page's to read."""
    response = await door.client.get("/v1/courses", headers=await door.key())
    assert response.status_code == 200
    assert not any(name.startswith("access-control-") for name in response.headers)


async def test_a_page_can_read_why_its_token_was_refused(door: Door) -> None:
    """Else the sidebar could not tell an expired token from a dead server."""
    response = await door.client.get("/v1/courses", headers=token("lin", exp=1) | {"Origin": PAGE})
    assert response.status_code == 401
    assert response.headers["access-control-allow-origin"] == PAGE


# ---------------------------------------------------------------------------------- preferences and feedback


async def test_preferences_and_feedback_are_the_learners_own(door: Door) -> None:
    """A token opens the preferences of its own learner, and speaks of that learner's answers only."""
    mine, other = token("u1"), token("u2")
    answer = await ask(door, mine)
    said = {"answer_id": answer["answer_id"], "rating": "up"}

    assert (await door.client.get("/v1/capabilities", headers=mine)).json()["learner_id"] == "u1"
    for method in ("GET", "PUT"):
        path, body = "/v1/learners/u1/preferences", {"elder": True} if method == "PUT" else None
        assert (await door.client.request(method, path, json=body, headers=mine)).status_code == 200
        assert (await door.client.request(method, path, json=body, headers=other)).status_code == 403
    assert (await door.client.post("/v1/feedback", json=said, headers=other)).status_code == 404
    assert (await door.client.post("/v1/feedback", json=said, headers=mine)).status_code == 204
    assert (await door.client.get("/v1/feedback", headers=mine)).status_code == 403
    teacher = await door.key(right="teach")
    assert len((await door.client.get("/v1/feedback", headers=teacher)).json()["items"]) == 1


async def test_a_place_in_the_player_opens_no_course(door: Door) -> None:
    """The lesson counts within the token's courses only."""
    for question, lesson, heard in (
        ("他刚才说的是什么意思？", "health-01", {"health-01"}),
        ("What did he just say?", "sheets-01", set()),
    ):
        body = {"question": question, "position": {"lesson_id": lesson, "t": 12}}
        response = await door.client.post("/v1/answers", json=body, headers=token("lin", courses=["health"]))
        answer = response.json()
        assert response.status_code == 200
        assert {c["lesson_id"] for c in answer["citations"]} & {lesson} == heard
        assert all(c["course_id"] == "health" for c in answer["citations"])
