"""Every request counted by route, method and status, with the time to its first byte."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metered:
    """Tells the house's meter. A path that no route has, and what a client made up, is `other`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = route_of(scope)
                method = scope["method"] if scope["method"] in _METHODS else "other"
                seconds = time.perf_counter() - begun
                house = getattr(scope["app"].state, "house", None)
                if house is not None:
                    house.meter.request(route, method, message["status"], seconds)
            await send(message)

        await self._app(scope, receive, watched)


def route_of(scope: Scope) -> str:
    """`/v1/answers/{answer_id}`; a route within a router knows its path without the router's prefix."""
    path: str = getattr(scope.get("route"), "path", "")
    if not path:
        return "other"
    prefix = "/v1" if scope["path"].startswith("/v1/") and not path.startswith("/v1/") else ""
    return prefix + path
