"""What is shown while ingestion works."""

from __future__ import annotations

import logging
import time
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ingest.report import LessonReport

log = logging.getLogger("baize.ingest")


class Watch(Protocol):
    """Told by the pipeline where it is."""

    def stage(self, item: str, stage: str) -> None: ...

    def advance(self, done: float, total: float) -> None:
        """Within the stage, in its own unit."""
        ...

    def finished(self, report: LessonReport) -> None: ...


class LogWatch:
    """Plain lines, for logs and for machines: one per lesson, and one every ten seconds within a stage."""

    _EVERY_S = 10.0

    def __init__(self, n_items: int) -> None:
        self._n_items = n_items
        self._n_done = 0
        self._item = ""
        self._stage = ""
        self._last = time.monotonic()

    def stage(self, item: str, stage: str) -> None:
        self._item, self._stage = item, stage

    def advance(self, done: float, total: float) -> None:
        if time.monotonic() - self._last >= self._EVERY_S:
            self._last = time.monotonic()
            log.info("%s: %s %.0f of %.0f", self._item, self._stage, done, total)

    def finished(self, report: LessonReport) -> None:
        self._n_done += 1
        log.info(
            "%d/%d %s: %s, %d chunks",
            self._n_done,
            self._n_items,
            report.lesson_id,
            report.outcome,
            report.n_chunks,
        )


class BarWatch:
    """A bar with item, stage and estimated time left, for a terminal. Use it as a context manager."""

    def __init__(self, n_items: int, console: Console) -> None:
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._lessons = self._bar.add_task("lessons", total=n_items)
        self._within = self._bar.add_task("", total=1.0, visible=False)

    def __enter__(self) -> BarWatch:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def stage(self, item: str, stage: str) -> None:
        self._bar.reset(self._within, total=1.0, description=f"{item} · {stage}", visible=True)

    def advance(self, done: float, total: float) -> None:
        self._bar.update(self._within, completed=round(done), total=round(total))

    def finished(self, report: LessonReport) -> None:
        self._bar.update(self._within, visible=False)
        self._bar.advance(self._lessons)
        for problem in report.problems:
            self._bar.console.print(str(problem), style="yellow", markup=False, highlight=False)
