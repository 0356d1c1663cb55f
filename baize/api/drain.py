"""Told to end, a server lets its streams go on for a while; what is left then is stopped and stored."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from baize.services.live import Live


@contextmanager
def draining(live: Live, drain_s: float) -> Iterator[None]:
    """Listens to SIGTERM and SIGINT beside the web server, which closes its door and waits for streams.

    Only in a process's main thread, where signals can be heard.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    stopping: list[asyncio.Task[None]] = []

    def stop_later() -> None:
        loop.call_later(drain_s, lambda: stopping.append(loop.create_task(live.stop_all())))

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def heard(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop_later)
        if callable(handler := before[signal.Signals(number)]):
            handler(number, frame)

    for number in before:
        signal.signal(number, heard)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
