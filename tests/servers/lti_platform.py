"""A scripted learning platform (LMS) that launches tools by LTI 1.3; its page keeps what they ask it to."""

from __future__ import annotations

import json
import time
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
DEEP_LINK = "https://purl.imsglobal.org/spec/lti-dl/claim/"
CLIENT = "baize-tool-1"
DEPLOYMENT = "dep-1"
LEARNER = ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"]
TEACHER = ["http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"]

# What Canvas and others do: values are kept by origin, and given back to that origin only.
_STORAGE = """
const kept = {};
window.storage_log = [];
addEventListener("message", ({ source, origin, data }) => {
  const { subject, message_id, key, value } = data ?? {};
  if (subject !== "lti.put_data" && subject !== "lti.get_data") return;
  if (subject === "lti.put_data") kept[origin + key] = value;
  window.storage_log.push(subject);
  source.postMessage({ subject: `${subject}.response`, message_id, key, value: kept[origin + key] }, origin);
});
"""


class LtiPlatform:
    """Keys, messages and pages.

    Args:
        storage: whether its page keeps what tools ask it to keep.
    """

    def __init__(self, url: str = "https://lms.example", *, storage: bool = True) -> None:
        self.url = url
        self.storage = storage
        self.key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
        self.person: dict[str, Any] = {"sub": "lms-7", f"{CLAIM}roles": LEARNER}
        self.message: dict[str, Any] = {}
        self.tool = ""
        self.linked: list[dict[str, Any]] = []

    @property
    def jwks(self) -> str:
        entry = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return json.dumps({"keys": [entry | {"kid": "k1", "alg": "RS256", "use": "sig"}]})

    def login(self, **more: str) -> dict[str, str]:
        """What it sends to a tool's login."""
        return {
            "iss": self.url,
            "login_hint": "lms-7",
            "target_link_uri": "https://tool.example",
            "client_id": CLIENT,
            "lti_deployment_id": DEPLOYMENT,
            "lti_message_hint": "m1",
            "lti_storage_target": "_parent",
        } | more

    def claims(self, nonce: str, **more: Any) -> dict[str, Any]:
        """Of a launch of a lesson, or what `message` and `more` make of it."""
        now = time.time()
        return {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            f"{CLAIM}message_type": "LtiResourceLinkRequest",
            f"{CLAIM}version": "1.3.0",
            f"{CLAIM}deployment_id": DEPLOYMENT,
            f"{CLAIM}target_link_uri": "https://tool.example",
            f"{CLAIM}resource_link": {"id": "link-1"},
            **self.person,
            **self.message,
            **more,
        }

    def deep_link(self) -> dict[str, Any]:
        """Claims that make a launch a deep link request."""
        settings = {
            "deep_link_return_url": f"{self.url}/return",
            "accept_types": ["ltiResourceLink"],
            "accept_presentation_document_targets": ["iframe"],
            "data": "opaque-1",
        }
        kind = {
            f"{CLAIM}message_type": "LtiDeepLinkingRequest",
            f"{DEEP_LINK}deep_linking_settings": settings,
        }
        return kind | {f"{CLAIM}roles": TEACHER}

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """A message, signed with its key."""
        return jwt.encode(claims, self.key, "RS256", headers={"kid": "k1"} | header)

    def app(self) -> Starlette:
        """Its pages: a course with the tool in an iframe, the login, the keys, and where links come back."""

        async def course(_: Request) -> Response:
            frame = f"{self.tool}/lti/login?{urlencode(self.login())}"
            script = f"<script>{_STORAGE}</script>" if self.storage else ""
            head = f'<head><meta charset="utf-8"><title>课程</title>{script}</head>'
            tool = f'<iframe id="tool" src="{escape(frame)}" width="900" height="700" title="白泽"></iframe>'
            return HTMLResponse(f'<!doctype html><html lang="zh-CN">{head}<body>{tool}</body></html>')

        async def auth(request: Request) -> Response:
            asked = request.query_params
            token = self.sign(self.claims(asked["nonce"]))
            fields = {"id_token": token, "state": asked["state"]}
            inputs = "".join(
                f'<input type="hidden" name="{k}" value="{escape(v)}">' for k, v in fields.items()
            )
            form = f'<form method="post" action="{escape(asked["redirect_uri"])}">{inputs}</form>'
            script = "<script>document.forms[0].submit()</script>"
            return HTMLResponse(f"<!doctype html><title>-</title>{form}{script}")

        async def keys(_: Request) -> Response:
            return JSONResponse(json.loads(self.jwks))

        async def back(request: Request) -> Response:
            (token,) = parse_qs((await request.body()).decode())["JWT"]
            self.linked.append({"jwt": token})
            return HTMLResponse('<!doctype html><title>-</title><p id="added">已添加</p>')

        return Starlette(
            routes=[
                Route("/course", course),
                Route("/auth", auth),
                Route("/jwks", keys),
                Route("/return", back, methods=["POST"]),
            ]
        )
