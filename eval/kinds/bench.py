"""What every kind runs with, and what it hands over."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from baize.domain.locator import TimeSpan
from baize.domain.search import Moment
from baize.errors import InvalidInput, NotFound
from baize.services.search import Kind, Result
from eval.baselines import Stock
from eval.dataset import Question, Suite, Video
from eval.legs import LegView
from eval.library import Library, ScratchHouse, video_number
from eval.progress import stage
from eval.record import ItemView, Latency, Measure

T = TypeVar("T")
Q = TypeVar("Q")


@dataclass(frozen=True, slots=True)
class Bench:
    """A suite with its library.

    Attributes:
        stock: the stock pipelines by chunk size; empty unless asked for.
        limit: how many items, evenly spaced; 0 for all.
    """

    suite: Suite
    library: Library
    stock: dict[int, Stock] = field(default_factory=dict)
    limit: int = 0

    def some(self, items: Sequence[T]) -> list[T]:
        """The items to run."""
        return evenly(items, self.limit)

    async def each(self, items: Sequence[Q], run: Callable[[Q], Awaitable[T]]) -> list[T]:
        """Run one after the other, so that latencies are those of a single learner, and show progress."""
        return await one_by_one(self.suite.name, items, run)

    async def legs(self, question: str, kind: Kind = "moments") -> list[str]:
        """The legs that the product asks, found out by asking it this."""
        house = self.library.house
        views = LegView(house.index), LegView(house.card_index)
        await house.searching_over(*views).search(question, self.library.scope, kind=kind, k=1)
        return list(dict.fromkeys(leg for view in views for leg in view.asked))


@dataclass(frozen=True, slots=True)
class Desk:
    """A suite whose kind needs no library: what is judged is made while it is ingested.

    Attributes:
        baselines: whether the kind's baselines run too.
        limit: how many items, evenly spaced; 0 for all.
    """

    suite: Suite
    house: ScratchHouse
    baselines: bool = False
    limit: int = 0

    async def each(self, items: Sequence[Q], run: Callable[[Q], Awaitable[T]]) -> list[T]:
        """Run those within the limit, one after the other, and show progress."""
        return await one_by_one(self.suite.name, evenly(items, self.limit), run)


def evenly(items: Sequence[T], limit: int) -> list[T]:
    """Every n-th of them, so that a few still come from everywhere; all for a limit of 0."""
    if not 0 < limit < len(items):
        return list(items)
    return [items[n * len(items) // limit] for n in range(limit)]


async def one_by_one(name: str, items: Sequence[Q], run: Callable[[Q], Awaitable[T]]) -> list[T]:
    """Each after the one before, with progress."""
    done: list[T] = []
    with stage(f"{name}: {len(items)} items") as advance:
        for item in items:
            done.append(await run(item))
            advance(len(done), len(items))
    return done


@dataclass(frozen=True, slots=True)
class Timed:
    """What a call took, in milliseconds; `embedding_ms` is the part of the query's vector."""

    total_ms: float
    embedding_ms: float


@dataclass(frozen=True, slots=True)
class Spot:
    """A place that a system found: a video or document, the second in it, and what is said there."""

    place: str
    t: float = 0.0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Scored:
    """What `score` gives."""

    items: tuple[ItemView, ...]
    measures: tuple[Measure, ...]
    latency: Latency = field(default_factory=Latency)


async def timed(bench: Bench, call: Callable[[], Awaitable[T]]) -> tuple[T, Timed]:
    """The result and what it took. A remembered query vector counts with what it cost when made."""
    embedder = bench.library.house.embedder
    embedder.spent_ms = embedder.cost_ms = 0.0
    begin = time.perf_counter()
    result = await call()
    wall_ms = 1000 * (time.perf_counter() - begin)
    return result, Timed(wall_ms - embedder.spent_ms + embedder.cost_ms, embedder.cost_ms)


async def timed_whole(call: Awaitable[T]) -> tuple[T, Timed]:
    """The result and what it took, where no query's vector is remembered."""
    begin = time.perf_counter()
    result = await call
    return result, Timed(1000 * (time.perf_counter() - begin), 0.0)


def reason(error: InvalidInput | NotFound) -> str:
    """Why one item could not be scored; any other error ends the run."""
    return f"{type(error).__name__}: {error.message}"


def unjudgeable(question: Question, videos: Sequence[Video]) -> str:
    """Why nothing that is found could answer the question as its suite says; empty where it can."""
    video = next((one for one in videos if one.id == question.video_id), None)
    if video is None:
        return f"NotFound: the library has no video {question.video_id!r}"
    if question.start >= video.duration_s:
        return (
            f"InvalidInput: the answer starts at {question.start:g} s, "
            f"and the speech of {video.id!r} ends at {video.duration_s:g} s"
        )
    return ""


def video_spots(bench: Bench, results: Sequence[Result], n_texts: int = 0) -> list[Spot]:
    """Search results as places in videos; the first `n_texts` with what is said there."""
    return [moment_spot(bench, result.moment, rank < n_texts) for rank, result in enumerate(results)]


def moment_spot(bench: Bench, moment: Moment, with_text: bool = True) -> Spot:
    """A moment as a place in a video of the suite."""
    locator = moment.focus.locator
    start = locator.start if isinstance(locator, TimeSpan) else 0.0
    video = bench.suite.videos[video_number(moment.hit.chunk.lesson_id)]
    return Spot(video.id, start, moment.focus.text if with_text else "")


def latency_of(timings: Sequence[Timed | None]) -> Latency:
    """The latencies of those that were timed."""
    known = [timing for timing in timings if timing]
    return Latency(tuple(t.total_ms for t in known), tuple(t.embedding_ms for t in known))
