"""The process of the embedded index: one per data folder, on loopback, gone when idle.

lock the folder → bind a free port of 127.0.0.1 → serve → write index.json
… SIGTERM or idle → remove index.json → finish the requests → flush and close the shards → unlock
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import uvicorn
from filelock import FileLock
from uvicorn.loops.auto import auto_loop_factory

from baize.edge.app import build_app
from baize.edge.endpoint import Record, lock_path, remove_record, write_record
from baize.edge.guard import Guard
from baize.edge.optimize import Optimizer
from baize.edge.store import Store

_LOOPBACK = "127.0.0.1"
_log = logging.getLogger(__name__)


def serve(data_dir: Path, *, idle_s: float, optimize_after: int, quiet_s: float, lock_wait_s: float) -> None:
    """Own the indexes of a data folder until SIGTERM or until nobody asked for `idle_s`.

    Raises:
        filelock.Timeout: another server owns the folder and does not end.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    # A predecessor that is just ending still flushes; it is worth waiting for.
    with FileLock(lock_path(data_dir), timeout=lock_wait_s):
        remove_record(data_dir)
        store = Store(data_dir / "index")
        try:
            optimizer = Optimizer(store, min_points=optimize_after, quiet_s=quiet_s)
            with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
                runner.run(_serve(data_dir, store, idle_s, optimizer))
        finally:
            remove_record(data_dir)
            store.close()
            _log.info("index server %d ended", os.getpid())


async def _serve(data_dir: Path, store: Store, idle_s: float, optimizer: Optimizer) -> None:
    token = secrets.token_urlsafe(32)
    guard = Guard(build_app(store), token)
    listener = _listen()
    record = Record(os.getpid(), f"http://{_LOOPBACK}:{listener.getsockname()[1]}", token)
    server = _Server(
        uvicorn.Config(
            guard,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=10,
        ),
        lambda: write_record(data_dir, record),
    )
    _stop_on_signal(server)
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(server.serve(sockets=[listener]))
        caretakers = [
            tasks.create_task(_end_when_idle(server, guard, optimizer, idle_s)),
            tasks.create_task(optimizer.run()),
        ]
        await serving
        for task in caretakers:
            task.cancel()


def _listen() -> socket.socket:
    """A free port of this machine only.

    The protocol is named because asyncio turns Nagle's algorithm off only on sockets that name it; with
    it on, each answer waits 40 ms for a delayed acknowledgement.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind((_LOOPBACK, 0))
    return listener


class _Server(uvicorn.Server):
    """Calls `announce` as soon as it answers."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()


def _stop_on_signal(server: uvicorn.Server) -> None:
    """Before uvicorn listens to signals, and after: it raises them again when it has ended."""

    def stop(*_: object) -> None:
        server.should_exit = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


async def _end_when_idle(server: uvicorn.Server, guard: Guard, optimizer: Optimizer, idle_s: float) -> None:
    while True:
        await asyncio.sleep(min(1.0, idle_s / 4))
        if time.monotonic() - guard.active_s >= idle_s and not optimizer.busy:
            _log.info("nobody asked for %.0f s", idle_s)
            server.should_exit = True
