"""/mcp: callers are known as on every route. The SDK is loaded with the first call: that takes seconds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from importlib.util import find_spec

import anyio
from anyio.abc import TaskGroup, TaskStatus
from fastapi import FastAPI, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from baize.api.auth import caller_of
from baize.api.depends import check_limits
from baize.errors import NotFound


class McpDoor:
    """An ASGI application for the route `/mcp`."""

    def __init__(self) -> None:
        self._tasks: TaskGroup | None = None
        self._lock = anyio.Lock()
        self._open: ASGIApp | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Calls can be answered inside."""
        async with anyio.create_task_group() as self._tasks:
            try:
                yield
            finally:
                self._open = None
                self._tasks.cancel_scope.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Raises:
            Unauthorised, NotAllowed: as for every route.
            NotFound: the extra is not installed.
        """
        caller = await caller_of(Request(scope, receive))
        if scope["method"] == "POST":
            await check_limits(caller, scope["app"].state.house)
        door = await self._opened(scope["app"])
        await door(scope, receive, send)

    async def _opened(self, app: FastAPI) -> ASGIApp:
        async with self._lock:
            if self._open is None:
                if find_spec("mcp") is None or self._tasks is None:
                    raise NotFound("There is no MCP server here.", remedy="Run: pip install 'baize[mcp]'")
                self._open = await self._tasks.start(_run, app)
            return self._open


async def _run(app: FastAPI, *, task_status: TaskStatus[ASGIApp]) -> None:
    # Imported in a thread: streams go on meanwhile.
    door_of = await anyio.to_thread.run_sync(_imported)
    async with door_of(app, version("baize")) as door:
        task_status.started(door)
        await anyio.sleep_forever()


def _imported():  # type: ignore[no-untyped-def]  # the SDK's types come with its import
    from baize.api.mcp_tools import door_of

    return door_of
