"""How far an evaluation is: a bar on a terminal, else a line every ten seconds."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger("baize.eval")

Advance = Callable[[float, float], None]
"""Called with (done, total)."""

_EVERY_S = 10.0


@contextmanager
def stage(title: str) -> Iterator[Advance]:
    """Show one stage while it lasts."""
    if sys.stderr.isatty():
        yield from _bar(title)
    else:
        yield from _lines(title)


def _bar(title: str) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=round(done), total=round(total))


def _lines(title: str) -> Iterator[Advance]:
    begin = last = time.monotonic()

    def advance(done: float, total: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _EVERY_S:
            last = now
            left_s = (now - begin) / done * (total - done) if done else 0.0
            log.info("%s: %.0f of %.0f, about %.0f s left", title, done, total, left_s)

    yield advance
    log.info("%s: done in %.1f s", title, time.monotonic() - begin)
