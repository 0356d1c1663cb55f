"""Cross-origin requests, by platform: a page may call when its origin is one of the platform's.

No cookies are involved, so this guards nothing that a token does not guard: it lets a browser show the
answers to the platform's own pages, and keeps other pages from using a token that they got hold of.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from baize.api.problems import problem_of_http, respond
from baize.services.who import Doorkeeper

CALLER = "caller"
"""The key of `scope["state"]` under which the caller stands once it is known."""

_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        "Authorization, Accept, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID"
    ),
    "Access-Control-Max-Age": "600",
}
_EXPOSED = "ETag, Location, Retry-After, X-Answer-Id"


class Cors:
    """Answers preflights and lets admitted pages read responses."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else None
        origin = headers.get("origin", "") if headers is not None else ""
        if headers is None or not origin or is_own_page(origin, headers.get("host", "")):
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await (await _preflight(doorkeeper_of(scope), origin))(scope, receive, send)
        else:
            await self._app(scope, receive, _Marked(scope, send, origin))


class _Marked:
    """Sends on, with the headers that let an admitted page read the response."""

    def __init__(self, scope: Scope, send: Send, origin: str) -> None:
        # Made here, so that whoever copies the scope further in still fills this very mapping.
        self._state = scope.setdefault("state", {})
        self._doorkeeper = doorkeeper_of(scope)
        self._send = send
        self._origin = origin

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.add_vary_header("Origin")
            # Before the caller is known (a 401), any platform's page may read what is wrong.
            caller = self._state.get(CALLER)
            if await self._doorkeeper.admits(caller.platform_id if caller else None, self._origin):
                headers["Access-Control-Allow-Origin"] = self._origin
                headers["Access-Control-Expose-Headers"] = _EXPOSED
        await self._send(message)


async def _preflight(doorkeeper: Doorkeeper, origin: str) -> Response:
    """A preflight carries no token, so any platform's origin passes; the request is looked at again."""
    if not await doorkeeper.admits(None, origin):
        return respond(
            problem_of_http(
                403, "No platform has this web origin.", "`baize tenants update ID --origin …` adds it."
            ),
            {"Vary": "Origin"},
        )
    return Response(
        status_code=204, headers=_PREFLIGHT | {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
    )


def doorkeeper_of(scope: Scope) -> Doorkeeper:
    doorkeeper: Doorkeeper = scope["app"].state.house.doorkeeper
    return doorkeeper


def is_own_page(origin: str, host: str) -> bool:
    """Whether a page comes from this very server; a proxy may have changed the scheme."""
    return bool(host) and urlsplit(origin).netloc == host
