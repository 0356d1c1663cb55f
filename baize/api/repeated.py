"""`Idempotency-Key`: a POST that is sent again, because its reply was lost, is done once.

The reply of the first is given again for a day, to the same caller, where doing it twice would make two of
something. Answers are kept by id alone: what was said is read from where it stands, so that an erasure
leaves nothing here. Of the one box's replies the course's answer is kept like that; what the platform
reports of a learner is not kept at all, it is looked up again. A key's text is told once. Ingestions and
tickets know their keys by themselves, durably (`POST /v1/ingestions`, `/v1/support/tickets`); PUT and DELETE
do the same twice anyway.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import anyio
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from baize.api.auth import caller_of
from baize.api.problems import problem_of_http, respond
from baize.domain.platform import Caller
from baize.errors import BaizeError, DependencyUnavailable
from baize.ports import Cache

HEADER = "Idempotency-Key"
KEPT_S = 86_400.0
MAX_CHARS = 255
_WORKING_S = 120.0
"""So long a request may take before its key is free again: its process may have died."""
_ANSWERS = "/v1/answers"
_SUPPORT = "/v1/support"
_REPLIES = re.compile(
    r"/v1/(?:quiz/[^/]+/attempts|reviews/[^/]+/grade|learners/[^/]+/reviews|feedback|answers/[^/]+/jumps"
    r"|statements|revocations)"
)
"""Their replies hold no learner's words and no secret."""
_TOLD_ONCE = re.compile(r"/v1/keys(?:/[^/]+/rotate)?")
_START = re.compile(rb"event: start\ndata: (\{.*\})\n")


def knows_keys(path: str) -> bool:
    """Whether a POST to this path is done once for each key."""
    return path in (_ANSWERS, _SUPPORT) or any(kind.fullmatch(path) for kind in (_REPLIES, _TOLD_ONCE))


class Repeated:
    """Stands next to the routes: what it asks for by itself is limited and counted as the first request was.

    Args:
        stream_kept_s: how long the events of an answer can be read again.
    """

    def __init__(self, app: ASGIApp, *, stream_kept_s: float) -> None:
        self._app = app
        self._stream_kept_s = stream_kept_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = Headers(scope=scope).get(HEADER, "") if scope["type"] == "http" else ""
        if not key or scope["method"] != "POST" or not knows_keys(scope["path"]):
            await self._app(scope, receive, send)
            return
        if len(key) > MAX_CHARS:
            await respond(problem_of_http(422, f"{HEADER} is longer than {MAX_CHARS} characters."))(
                scope, receive, send
            )
            return
        try:
            caller = await caller_of(Request(scope))
        except BaizeError:
            # The route refuses in its own words.
            await self._app(scope, receive, send)
            return
        try:
            body = await Request(scope, receive).body()
        except ClientDisconnect:
            return
        except HTTPException as error:
            await respond(problem_of_http(error.status_code, error.detail))(scope, receive, send)
            return
        place = _place(caller, scope, key)
        asked = _digest(body, str(_streams(scope)).encode())
        cache: Cache = scope["app"].state.house.cache
        if await cache.add(place, _packed({"asked": asked}), ttl_s=_WORKING_S):
            await self._first(scope, _given(body, receive), send, _Kept(cache, place, asked))
            return
        await self._again(scope, receive, send, json.loads(await cache.get(place) or b"{}"), asked)

    async def _first(self, scope: Scope, receive: Receive, send: Send, kept: _Kept) -> None:
        """The request itself; its reply is kept before the end of it is sent."""
        status, chunks = 0, b""
        stream = scope["path"] == _ANSWERS and _streams(scope)

        async def watched(message: Message) -> None:
            nonlocal status, chunks
            if message["type"] == "http.response.start":
                status = message["status"]
            elif 200 <= status < 300 and not kept.done:
                chunks += message.get("body", b"")
                if stream and (start := _START.search(chunks)):
                    answer_id = json.loads(start[1])["answer_id"]
                    await kept.keep({"answer_id": answer_id}, ttl_s=self._stream_kept_s)
                elif not message.get("more_body", False) and _is_kept(scope["path"], chunks):
                    await kept.keep(_reply(scope["path"], status, chunks), ttl_s=KEPT_S)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            # Refused, failed or cut off: it may be tried again under the same key.
            if not kept.done:
                # Where the cache doesn't answer, the key is free again after `_WORKING_S`.
                with anyio.move_on_after(1, shield=True), suppress(DependencyUnavailable):
                    await kept.drop()

    async def _again(
        self, scope: Scope, receive: Receive, send: Send, entry: Mapping[str, Any], asked: str
    ) -> None:
        if entry.get("asked", asked) != asked:
            problem = problem_of_http(
                422, f"This {HEADER} was used for another request.", "Use a new key for each request."
            )
            await respond(problem)(scope, receive, send)
        elif scope["path"] == _SUPPORT and (answer_id := entry.get("answer_id")):
            await self._box(scope, receive, send, entry, answer_id)
        elif answer_id := entry.get("answer_id"):
            path = f"{_ANSWERS}/{answer_id}" + ("/events" if _streams(scope) else "")
            await self._app({**scope, **_read(path)}, receive, send)
        elif entry.get("status"):
            reply = Response(entry["body"], entry["status"], media_type="application/json")
            await (reply if entry["body"] else Response(status_code=entry["status"]))(scope, receive, send)
        elif "told" in entry:
            problem = problem_of_http(
                409,
                "It was made by an earlier request; a key's text is told once.",
                "GET /v1/keys has its id.",
            )
            await respond(problem)(scope, receive, send)
        else:
            problem = problem_of_http(409, f"The first request of this {HEADER} is still being done.")
            await respond(problem, {"Retry-After": "1"})(scope, receive, send)

    async def _box(
        self, scope: Scope, receive: Receive, send: Send, entry: Mapping[str, Any], answer_id: str
    ) -> None:
        """The box's reply, with the course's answer from where it stands; or why it does not any more."""
        status, body = 0, b""

        async def caught(message: Message) -> None:
            nonlocal status, body
            status = message.get("status", status)
            body += message.get("body", b"")

        await self._app({**scope, **_read(f"{_ANSWERS}/{answer_id}")}, receive, caught)
        if status != 200:
            await Response(body, status, media_type="application/problem+json")(scope, receive, send)
            return
        answer = json.loads(body)
        reply = entry["body"] | {"text": answer["text"], "answer": answer}
        told = json.dumps(reply, ensure_ascii=False, separators=(",", ":"))
        await Response(told, entry["status"], media_type="application/json")(scope, receive, send)


class _Kept:
    """What is remembered of one key."""

    def __init__(self, cache: Cache, place: str, asked: str) -> None:
        self._cache = cache
        self._place = place
        self._asked = asked
        self.done = False

    async def keep(self, entry: Mapping[str, Any], *, ttl_s: float) -> None:
        self.done = True
        await self._cache.set(self._place, _packed({"asked": self._asked, **entry}), ttl_s=ttl_s)

    async def drop(self) -> None:
        await self._cache.forget([self._place])


def _reply(path: str, status: int, body: bytes) -> dict[str, Any]:
    if path == _ANSWERS:
        return {"answer_id": json.loads(body)["answer_id"]}
    if path == _SUPPORT and (answer := (reply := json.loads(body)).get("answer")):
        # The places stay where they were, so that the reply is the same to the byte.
        return {
            "answer_id": answer["answer_id"],
            "status": status,
            "body": reply | {"text": None, "answer": None},
        }
    return {"told": True} if _TOLD_ONCE.fullmatch(path) else {"status": status, "body": body.decode()}


def _read(path: str) -> dict[str, Any]:
    """What makes a request the reading of `path`."""
    return {"method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}


def _is_kept(path: str, body: bytes) -> bool:
    """Whether the reply may be kept: a learner's records are the platform's to report, each time."""
    return path != _SUPPORT or not json.loads(body)["records"]


def _place(caller: Caller, scope: Scope, key: str) -> str:
    named = (caller.platform_id, caller.learner_id, caller.name, scope["path"], key)
    return f"repeated:{_digest(json.dumps(named).encode())}"


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _packed(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry).encode()


def _streams(scope: Scope) -> bool:
    return "text/event-stream" in Headers(scope=scope).get("accept", "")


def _given(body: bytes, receive: Receive) -> Receive:
    """A body that was read, then whatever else comes: that the client left."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def given() -> Message:
        return pending.pop() if pending else await receive()

    return given
