"""What stands around every route: headers, size of bodies, names of hosts, and the last catch."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from baize.api.auth import is_loopback
from baize.api.problems import problem_of, problem_of_http, respond
from baize.services import archive
from baize.services.dictate import MAX_BYTES

MAX_BODY_BYTES = 256 * 1024
_LARGER = {"/v1/transcriptions": MAX_BYTES, "/v1/learners/import": archive.MAX_BYTES}
"""Paths whose bodies are files."""
_FAQ = re.compile(r"/v1/courses/[^/]+/faq")
_FAQ_BYTES = 2 * 1024 * 1024


class LastCatch:
    """Turns what nobody expected into a 500 problem. It tells no internals and logs no learner's words.

    Starlette's own handler re-raises after answering, and the server would log the message of the
    exception, which may quote a question.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                MutableHeaders(scope=message).setdefault("X-Content-Type-Options", "nosniff")
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - the last catch: whatever it is, the caller gets a problem
            problem = problem_of(error)
            if not begun:
                await respond(problem)(scope, receive, watched)


class Heads:
    """HEAD of a page, a file or a probe is its GET without the body, as monitors and `curl -I` ask.

    Not below /v1: what streams there would be written for nobody.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or scope["method"] != "HEAD" or path.startswith(("/v1/", "/mcp")):
            await self._app(scope, receive, send)
            return

        async def bodiless(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, bodiless)


class LoopbackNamesOnly:
    """Refuses a `Host` that is not this machine, on a server without a key.

    Without it a web page could point a name of its own at 127.0.0.1 and read the library through the
    learner's browser (DNS rebinding).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_loopback(_hostname(Headers(scope=scope).get("host", ""))):
            problem = problem_of_http(
                421,
                "This server answers to loopback names only.",
                "Use http://127.0.0.1 or http://localhost; for other names the operator sets a key.",
            )
            await respond(problem)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


class BodyLimit:
    """Refuses bodies over `MAX_BODY_BYTES`, or over what the path allows, announced or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = _limit_of(scope["path"])
        too_large = f"The body is larger than {limit // 1024} kB."
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > limit:
            await respond(problem_of_http(413, too_large))(scope, receive, send)
            return
        n_bytes = 0

        async def counted() -> Message:
            nonlocal n_bytes
            message = await receive()
            n_bytes += len(message.get("body", b""))
            if n_bytes > limit:
                raise HTTPException(413, too_large)
            return message

        await self._app(scope, counted, send)


def _limit_of(path: str) -> int:
    return _FAQ_BYTES if _FAQ.fullmatch(path) else _LARGER.get(path, MAX_BODY_BYTES)
