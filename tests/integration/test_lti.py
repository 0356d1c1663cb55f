"""LTI 1.3 over HTTP: a scripted learning platform launches, forges, replays and links."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest

from baize.api.app import create_app
from baize.bootstrap import House
from baize.domain.lti import LtiRegistration
from baize.domain.platform import Platform
from baize.settings import Server
from tests.integration.test_who_asks import OTHER_SECRET, SECRET
from tests.servers.lti_platform import CLAIM, CLIENT, DEEP_LINK, DEPLOYMENT, TEACHER, LtiPlatform
from tests.unit.api.library import client_of, opens, settings

pytest.importorskip("pylti1p3")
pytestmark = pytest.mark.anyio


@dataclass
class Stage:
    """A server that asks for a key, the learning platform, and a browser without cookies."""

    client: httpx.AsyncClient
    lms: LtiPlatform
    house: House

    async def begin(self, **more: str) -> tuple[dict[str, Any], dict[str, str]]:
        """What the login page is told, and what is asked of the learning platform."""
        reply = await self.client.get("/lti/login", params=self.lms.login(**more))
        assert reply.status_code == 200, reply.text
        assert "set-cookie" not in reply.headers
        told = told_by(reply)
        asked = {name: values[0] for name, values in parse_qs(urlsplit(told["url"]).query).items()}
        return told, asked

    async def launch(
        self, claims: dict[str, Any] | None = None, *, kept: str | None = None, token: str = "", **more: Any
    ) -> httpx.Response:
        """A launch from its login to the session; `claims`, `kept` and `token` go wrong."""
        told, asked = await self.begin()
        token = token or self.lms.sign(self.lms.claims(asked["nonce"]) | (claims or {}), **more)
        page = await self.client.post("/lti/launch", data={"state": asked["state"], "id_token": token})
        assert page.status_code == 200, page.text
        assert "set-cookie" not in page.headers
        back = told_by(page)
        assert (back["key"], back["target"]) == (told["key"], "_parent")
        assert told["secret"] not in page.text
        self.last = {"state": back["state"], "id_token": back["id_token"], "kept": told["secret"]}
        body = self.last | ({} if kept is None else {"kept": kept})
        return await self.client.post("/lti/session", json=body)


def told_by(page: httpx.Response) -> dict[str, Any]:
    (data,) = re.findall(r'<script type="application/json" id="lti">(.*?)</script>', page.text)
    told: dict[str, Any] = json.loads(unescape(data))
    return told


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    houses: list[House] = []
    app = create_app(settings(server=Server(require_key=True)), open_house=opens(prepare=houses.append))
    async with client_of(app) as client:
        (house,) = houses
        await house.platforms.put(Platform("default", "本平台", (), SECRET, token_role="teach"))
        await house.platforms.put(Platform("other", "别的平台", (), OTHER_SECRET))
        lms = LtiPlatform()
        key = house.lti_messages.new_key()
        await house.lti.register(
            LtiRegistration("default", lms.url, CLIENT, f"{lms.url}/auth", "", lms.jwks, (DEPLOYMENT,), key)
        )
        yield Stage(client, lms, house)


async def test_a_launch_opens_its_lesson(stage: Stage) -> None:
    """For an hour, for one course, as a learner of that learning platform."""
    custom = {"course_id": "health", "lesson_id": "health-01"}
    reply = await stage.launch({f"{CLAIM}custom": custom, f"{CLAIM}launch_presentation": {"locale": "zh-CN"}})
    assert reply.status_code == 200, reply.text
    session = reply.json()
    assert (session["course"], session["lesson"], session["locale"]) == ("health", "health-01", "zh-CN")
    mine = {"Authorization": f"Bearer {session['token']}"}
    who = (await stage.client.get("/v1/capabilities", headers=mine)).json()
    assert re.fullmatch(r"lti-[0-9a-f]{12}~lms-7", who["learner_id"])
    assert (await stage.client.get("/v1/lessons/health-01", headers=mine)).status_code == 200
    assert (await stage.client.get("/v1/lessons/sheets-01", headers=mine)).status_code == 404
    assert (await stage.client.get("/v1/exercises", headers=mine)).status_code == 403
    ends = jwt.decode(session["token"], options={"verify_signature": False})["exp"]
    assert 3500 < ends - time.time() <= 3600


async def test_odd_claims_open_a_learners_view(stage: Stage) -> None:
    """What a platform may send wrong is left out; it gives no rights."""
    odd = {
        f"{CLAIM}roles": 5,
        f"{CLAIM}custom": [1],
        f"{CLAIM}launch_presentation": {"locale": 7},
        "sub": "学 9",
    }
    session = (await stage.launch(odd)).json()
    assert (session["course"], session["lesson"], session["locale"]) == ("", "", "")
    mine = {"Authorization": f"Bearer {session['token']}"}
    who = (await stage.client.get("/v1/capabilities", headers=mine)).json()
    assert re.fullmatch(r"lti-[0-9a-f]{12}~[0-9a-f]{40}", who["learner_id"])
    assert (await stage.client.get("/v1/exercises", headers=mine)).status_code == 403


async def test_a_teacher_edits_where_the_operator_lets_tokens(stage: Stage) -> None:
    """By `token_role`; the course of the link alone."""
    claims = {f"{CLAIM}roles": TEACHER, f"{CLAIM}custom": {"course_id": "health"}}
    mine = {"Authorization": f"Bearer {(await stage.launch(claims)).json()['token']}"}
    for course_id, status in (("health", 200), ("sheets", 404)):
        body = {"course_id": course_id, "question": "x", "solution": "y"}
        reply = await stage.client.put(f"/v1/exercises/{course_id}", json=body, headers=mine)
        assert reply.status_code == status


async def test_the_login_goes_to_the_platform(stage: Stage) -> None:
    """With all that OpenID asks for, and to our own launch."""
    told, asked = await stage.begin()
    assert told["url"].startswith(f"{stage.lms.url}/auth?")
    assert told["origin"] == stage.lms.url
    expected = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": CLIENT,
        "login_hint": "lms-7",
        "lti_message_hint": "m1",
        "redirect_uri": "http://localhost/lti/launch",
    }
    assert expected.items() <= asked.items()
    assert told["secret"] not in told["url"]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"iss": "https://evil.example"}, 401),
        ({"client_id": "another"}, 401),
        ({"login_hint": ""}, 401),
        ({"lti_storage_target": ""}, 422),
    ],
)
async def test_a_bad_login_is_refused(stage: Stage, more: dict[str, str], status: int) -> None:
    """Of a stranger, without a hint, or of a platform whose page keeps nothing for us."""
    reply = await stage.client.post("/lti/login", data=stage.lms.login(**more))
    assert reply.status_code == status, reply.text


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"aud": "another"},
        {"aud": [CLIENT + "x", CLIENT]},
        {"iss": "https://evil.example"},
        {"exp": 1.0, "iat": 0.0},
        {"exp": None},
        {"iat": time.time() + 100_000},
        {"sub": None},
        {"sub": ""},
        {f"{CLAIM}version": "1.1"},
        {f"{CLAIM}deployment_id": "another"},
        {f"{CLAIM}deployment_id": None},
        {f"{CLAIM}message_type": "Else"},
        {f"{CLAIM}message_type": None},
        {f"{CLAIM}resource_link": None},
        {f"{CLAIM}message_type": "LtiDeepLinkingRequest", f"{DEEP_LINK}deep_linking_settings": 5},
    ],
)
async def test_a_wrong_launch_is_refused(stage: Stage, claims: dict[str, Any]) -> None:
    """Though it is signed by the platform."""
    assert (await stage.launch(claims)).status_code == 401


async def test_a_forged_launch_is_refused(stage: Stage) -> None:
    """Unsigned, signed with another key, with the public key as a secret, or under an unknown key id."""
    stranger = LtiPlatform()
    for forge in ("none", "stranger", "secret", "kid"):
        _, asked = await stage.begin()
        claims = stage.lms.claims(asked["nonce"])
        token = {
            "none": jwt.encode(claims, None, "none", headers={"kid": "k1"}),
            "stranger": stranger.sign(claims),
            "secret": jwt.encode(claims, "k" * 40, "HS256", headers={"kid": "k1"}),
            "kid": stage.lms.sign(claims, kid="k9"),
        }[forge]
        # The nonce is another launch's as well; the next test lets everything else be right.
        assert (await stage.launch(token=token)).status_code == 401


async def test_a_launch_is_good_once_and_for_its_page(stage: Stage) -> None:
    """Another page's secret opens nothing, and a second use neither."""
    assert (await stage.launch(kept="guessed")).status_code == 401
    assert (await stage.launch()).status_code == 200
    assert (await stage.client.post("/lti/session", json=stage.last)).status_code == 401


async def test_another_keys_signature_is_all_that_is_wrong(stage: Stage) -> None:
    """Same claims, same key id, another key."""
    told, asked = await stage.begin()
    claims = stage.lms.claims(asked["nonce"])
    body = {"state": asked["state"], "kept": told["secret"], "id_token": LtiPlatform().sign(claims)}
    assert (await stage.client.post("/lti/session", json=body)).status_code == 401
    good = body | {"id_token": stage.lms.sign(claims)}
    assert (await stage.client.post("/lti/session", json=good)).status_code == 200


async def test_a_state_of_another_platform_is_no_state(stage: Stage) -> None:
    """Nor one that nobody signed, nor a learner token."""
    learner = jwt.encode(
        {"iss": "default", "sub": "l", "exp": time.time() + 60, "issuer": stage.lms.url, "client_id": CLIENT},
        SECRET,
        "HS256",
    )
    for state in ("x", "state-x", learner, f"state-{learner}"):
        reply = await stage.client.post("/lti/launch", data={"state": state, "id_token": "x"})
        assert reply.status_code == 401
    assert (await stage.client.post("/lti/launch", data={"error": "login_required"})).status_code in (
        400,
        422,
    )


async def test_a_link_is_chosen_and_signed(stage: Stage) -> None:
    """The learning platform can check it with our public key, and gets its `data` back."""
    session = (await stage.launch(stage.lms.deep_link())).json()
    body = {"linking": session["linking"], "course_id": "health", "lesson_id": "health-01"}
    reply = await stage.client.post("/lti/link", json=body)
    assert reply.status_code == 200, reply.text
    assert reply.json()["return_url"] == f"{stage.lms.url}/return"
    (entry,) = (await stage.client.get("/lti/jwks")).json()["keys"]
    message = jwt.decode(reply.json()["jwt"], jwt.PyJWK(entry), ["RS256"], audience=stage.lms.url)
    assert message["iss"] == CLIENT
    assert message[f"{CLAIM}message_type"] == "LtiDeepLinkingResponse"
    assert message[f"{DEEP_LINK}data"] == "opaque-1"
    (item,) = message[f"{DEEP_LINK}content_items"]
    assert item == {
        "type": "ltiResourceLink",
        "title": "在家量血压",
        "custom": {"course_id": "health", "lesson_id": "health-01"},
    }
    for wrong in ({"course_id": "gone"}, {"lesson_id": "sheets-01"}):
        assert (await stage.client.post("/lti/link", json=body | wrong)).status_code == 404
    assert (await stage.client.post("/lti/link", json=body | {"linking": "a.b.c"})).status_code == 401


async def test_links_go_to_the_platform_only(stage: Stage) -> None:
    """Not wherever a message says."""
    claims = stage.lms.deep_link()
    claims[f"{DEEP_LINK}deep_linking_settings"]["deep_link_return_url"] = "https://evil.example/return"
    assert (await stage.launch(claims)).status_code == 401


async def test_the_pages_are_framed_by_the_platform_only(stage: Stage) -> None:
    """And hold nothing that a browser would run."""
    hostile = "</script><script>alert(1)</script>"
    page = await stage.client.get("/lti/login", params=stage.lms.login(lti_storage_target=hostile))
    assert f"frame-ancestors {stage.lms.url}" in page.headers["content-security-policy"]
    assert "alert(1)</script>" not in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_one_registration_belongs_to_one_platform(stage: Stage) -> None:
    """Another tenant cannot take its launches over."""
    taken = LtiRegistration("other", stage.lms.url, CLIENT, "https://evil.example/auth", "", stage.lms.jwks)
    with pytest.raises(Exception, match="another platform"):
        await stage.house.lti.register(taken)
