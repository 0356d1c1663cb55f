"""The door of the server: a token on every request, and a clock that says when the last one came."""

from __future__ import annotations

import hmac
import time

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class Guard:
    """Lets a request through when it carries the token in `api-key`.

    Attributes:
        active_s: monotonic time when the last request with the right token came or was answered.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()
        self.active_s = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope["headers"]).get(b"api-key", b"")
        if not hmac.compare_digest(given, self._token):
            body = {
                "status": {"error": "Must provide the index server's token in the header api-key"},
                "time": 0.0,
            }
            await JSONResponse(body, 401)(scope, receive, send)
            return
        self.active_s = time.monotonic()
        try:
            await self._app(scope, receive, send)
        finally:
            self.active_s = time.monotonic()
