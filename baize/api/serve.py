"""`baize serve`: the application under uvicorn, in one process or several."""

from __future__ import annotations

import logging
import math
import os
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import anyio
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from baize import large_pages
from baize.api.access_log import log_config
from baize.api.app import create_app
from baize.api.auth import check_binding
from baize.bootstrap import opened
from baize.collector import relax, settle
from baize.errors import BaizeError, InvalidSettings
from baize.settings import Server, Settings

_LAST_WORDS_S = 3
"""After `server.drain_s`: for streams that were stopped to say so."""
_WORKER_AFTER_S = 2.0


def serve(settings: Settings) -> None:
    """Serve until interrupted.

    Raises:
        InvalidSettings: another interface than loopback without a key, an address that cannot be had, or
            a wrong template.
        DependencyUnavailable: several workers are asked for, and the database cannot be used.
        SystemExit: it could not start, and why stands in the log.
    """
    check_binding(settings)
    create_app(settings)
    several = settings.server.workers > 1
    if several:
        anyio.run(_open_once, settings)
    # Workers are spawned: what they run must be picklable, which a built application is not.
    config = uvicorn.Config(
        partial(_app, settings),
        factory=True,
        workers=settings.server.workers,
        server_header=False,
        log_config=_logs(settings.server),
        timeout_graceful_shutdown=math.ceil(settings.server.drain_s) + _LAST_WORDS_S,
    )
    server = uvicorn.Server(config)
    with (
        listen(settings.server) as door,
        job_worker(settings, lambda: several or server.started),
        _shared_counts(settings.server),
    ):
        if several:
            if not settings.redis_url:
                logging.getLogger("uvicorn.error").warning(
                    "Workers without redis_url: only the one that writes a stream resumes or stops it."
                )
            supervisor = Multiprocess(config, sockets=[door])
            supervisor.run()
            # One process exits so by itself; the supervisor ends as if nothing had been wrong.
            if any(worker.exitcode == STARTUP_FAILURE for worker in supervisor.processes):
                sys.exit(STARTUP_FAILURE)
        else:
            server.run(sockets=[door])


async def _open_once(settings: Settings) -> None:
    """Before there are workers, each of which would tell by itself why the database cannot be used."""
    async with opened(settings):
        pass


def _logs(server: Server) -> dict[str, Any]:
    if server.logs == "text":
        return log_config()
    from baize.adapters.logs_structlog import as_json

    return as_json(log_config())


@contextmanager
def _shared_counts(server: Server) -> Iterator[None]:
    """Where several workers count together; each is told by its environment, before it counts."""
    if server.workers == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="baize-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield


def _app(settings: Settings) -> ASGIApp:
    """The application, in a process that does nothing else."""
    relax()
    return _plainly(create_app(settings, warmed=_warm))


def _warm() -> None:
    settle()
    large_pages.keep()


def _plainly(app: FastAPI) -> ASGIApp:
    """The application; why it cannot start is told in our words, as other commands tell it."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(message: Message) -> None:
            error = sys.exception()
            # Starlette puts a traceback here, while it handles the error.
            if message["type"] == "lifespan.startup.failed" and isinstance(error, BaizeError):
                message = {**message, "message": str(error)}
            await send(message)

        await app(scope, receive, tell if scope["type"] == "lifespan" else send)

    return served


@contextmanager
def job_worker(settings: Settings, started: Callable[[], bool]) -> Iterator[None]:
    """On the embedded default, a worker for ingestions beside the API, in a thread of this process.

    Args:
        started: whether the server answers; before, two threads would import SQLAlchemy at once, and one of
            them would find it half made.
    """
    if settings.database_url or not settings.jobs.with_server:
        yield
        return
    stop = threading.Event()
    threads = [
        threading.Thread(target=_work, args=(entry, settings, stop, started), name=f"worker-{entry.name}")
        for entry in entry_points(group="baize.workers")
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _work(entry: EntryPoint, settings: Settings, stop: threading.Event, started: Callable[[], bool]) -> None:
    """Starts once the server has had time to answer its first question."""
    while not stop.wait(_WORKER_AFTER_S):
        if started():
            entry.load()(settings, stop)
            return


def listen(server: Server) -> socket.socket:
    """A bound socket; the address that it got goes to the log, for whoever asked for port 0.

    Raises:
        InvalidSettings: the address is taken, or is none of this machine.
    """
    try:
        door = _bound(server.host, server.port)
    except OSError as cause:
        raise InvalidSettings(
            f"{server.host}:{server.port} cannot be served: {cause.strerror}.",
            remedy="Choose another --port or --host.",
        ) from cause
    door.set_inheritable(True)
    host = f"[{server.host}]" if ":" in server.host else server.host
    # uvicorn's own logger has a handler; it says nothing about sockets that it did not bind itself.
    logging.getLogger("uvicorn.error").info("Serving on http://%s:%d", host, door.getsockname()[1])
    return door


def _bound(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    # asyncio switches Nagle's delay off only where the socket names its protocol; with it a small event
    # would wait for the client's delayed ACK, some 40 ms.
    door = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(address)
    except OSError:
        door.close()
        raise
    return door
