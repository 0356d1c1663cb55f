"""Entries of the audit log are settled when the response is known."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from baize.domain.audit import AuditEntry

ENTRY = "audit"
"""The key of `scope["state"]` under which an entry waits."""


class Audited:
    """Tells the house how what was begun ended."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Made here, so that whoever copies the scope further in still fills this very mapping.
        state = scope.setdefault("state", {})

        async def watched(message: Message) -> None:
            entry = state.get(ENTRY)
            if message["type"] == "http.response.start" and isinstance(entry, AuditEntry):
                await scope["app"].state.house.auditing.settle(entry, message["status"])
            await send(message)

        await self._app(scope, receive, watched)
