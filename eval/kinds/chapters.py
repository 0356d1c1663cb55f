"""`chapters`: computed chapters against a person's. Gold chapters are never ingested.

F1 is micro-averaged over all recordings. `title_similarity` is the mean over gold chapters, 0 for one whose
start (± 30 s) no computed chapter has; the one at 0 s is compared with the chapter that starts first.
A recording without a person's boundary can't be judged and is unscored. Baselines: `eval.segmenters`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from baize.domain.course import Chapter
from baize.domain.locator import TimeSpan
from baize.domain.text import Segment
from eval.dataset import Video
from eval.kinds.bench import Desk, Scored, Timed, latency_of, timed_whole
from eval.metrics.segmentation import inner, pk, windowdiff
from eval.metrics.segmentation import match as match_boundaries
from eval.metrics.titles import title_similarity
from eval.record import Cells, ItemView, Measure
from eval.segmenters import baselines
from ingest.chapter import computed_chapters
from ingest.segment import segment_cues

BANDS = (("<10min", 0, 10), ("10-30min", 10, 30), ("30-60min", 30, 60), (">=60min", 60, float("inf")))
"""Name, least and most minutes."""

_TITLE_TOLERANCE_S = 30.0
_ON_START_S = 0.3
_BOUNDARY_METRICS = (("pk", "mean"), ("windowdiff", "mean"), ("f1@15", "f1"), ("f1@30", "f1"))
"""Names with their statistics."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where a chapter starts, in seconds, and its title."""

    start: float
    title: str


@dataclass(frozen=True, slots=True)
class Observed:
    """One recording with both outlines.

    Attributes:
        stock: boundaries in seconds of each baseline, by name, once for each of its draws.
        on_start: share of the computed boundaries at most 0.3 s from where a cue or a sentence begins.
    """

    id: str
    title: str
    duration_s: float
    gold: tuple[Boundary, ...]
    predicted: tuple[Boundary, ...] = ()
    error: str = ""
    stock: Mapping[str, tuple[tuple[float, ...], ...]] = field(default_factory=dict)
    on_start: float | None = None
    timing: Timed | None = None


async def observe(desk: Desk) -> list[Observed]:
    """Divide every recording as ingestion does; its gold chapters are not looked at."""

    async def divide(video: Video) -> Observed:
        gold = tuple(Boundary(chapter.start, chapter.title) for chapter in video.chapters)
        if not inner([boundary.start for boundary in gold]):
            return Observed(video.id, video.title, video.duration_s, gold, error="No gold boundary.")
        segments = segment_cues(video.cues)
        chapters, timing = await timed_whole(_chapters(desk, video, segments))
        found = tuple(Boundary(chapter.start, chapter.title) for chapter in chapters)
        n_gold = len(inner(_starts(gold)))
        stock = baselines(segments, video.duration_s, n_gold) if desk.baselines else {}
        on_start = _on_start(found, [*(cue.start for cue in video.cues), *_sentence_starts(segments)])
        seen = Observed(video.id, video.title, video.duration_s, gold, found, stock=stock)
        return replace(seen, on_start=on_start, timing=timing)

    return await desk.each(desk.suite.videos, divide)


async def _chapters(desk: Desk, video: Video, segments: Sequence[Segment]) -> Sequence[Chapter]:
    vectors = await desk.house.embedder.embed_passages([segment.text for segment in segments])
    return computed_chapters(segments, video.cues, vectors, video.duration_s)


def _sentence_starts(segments: Sequence[Segment]) -> list[float]:
    return [segment.locator.start for segment in segments if isinstance(segment.locator, TimeSpan)]


def _on_start(found: Sequence[Boundary], starts: Sequence[float]) -> float | None:
    boundaries = inner(_starts(found))
    near = [min(abs(boundary - start) for start in starts) <= _ON_START_S for boundary in boundaries]
    return sum(near) / len(near) if near else None


def score(items: Sequence[Observed]) -> Scored:
    """Over all recordings, then by duration band; a band without recordings has no metrics."""
    usable = [not item.error for item in items]
    measures = _measures(items, "", usable)
    measures.append(
        Measure("on_start", "mean", tuple(None if i.on_start is None else (i.on_start,) for i in items))
    )
    for name in dict.fromkeys(name for item in items for name in item.stock):
        measures += _stock_measures(items, name)
    for name, least, most in BANDS:
        inside = [not item.error and least * 60 <= item.duration_s < most * 60 for item in items]
        if any(inside):
            measures += _measures(items, f"{name}/", inside)
    latency = latency_of([item.timing for item in items])
    return Scored(tuple(_view(item) for item in items), tuple(measures), latency)


def _measures(items: Sequence[Observed], prefix: str, inside: Sequence[bool]) -> list[Measure]:
    def each(name: str, statistic: str, cells: Sequence[Cells | None]) -> Measure:
        kept = (cell if use else None for cell, use in zip(cells, inside, strict=True))
        return Measure(f"{prefix}{name}", statistic, tuple(kept))

    return [
        *(
            each(name, statistic, [_judge(name, item, _starts(item.predicted)) for item in items])
            for name, statistic in _BOUNDARY_METRICS
        ),
        each("title_similarity", "mean", [_one(_titles(item)) for item in items]),
    ]


def _stock_measures(items: Sequence[Observed], system: str) -> list[Measure]:
    """The metrics of a baseline; of several draws, the mean."""
    found = []
    for name, statistic in _BOUNDARY_METRICS:
        cells: list[Cells | None] = []
        for item in items:
            drawn = [_judge(name, item, list(draw)) for draw in item.stock.get(system, ())]
            known = [cell for cell in drawn if cell is not None]
            means = tuple(sum(values) / len(known) for values in zip(*known, strict=True))
            cells.append(means if known and not item.error else None)
        found.append(Measure(f"{system}/{name}", statistic, tuple(cells)))
    return found


def _judge(name: str, item: Observed, predicted: list[float]) -> Cells | None:
    gold = _starts(item.gold)
    match name:
        case "pk":
            return _one(pk(gold, predicted, item.duration_s))
        case "windowdiff":
            return _one(windowdiff(gold, predicted, item.duration_s))
        case _:
            n_matched = len(match_boundaries(gold, predicted, float(name.removeprefix("f1@"))))
            return (float(n_matched), float(len(inner(predicted))), float(len(inner(gold))))


def _titles(item: Observed) -> float | None:
    if not item.gold:
        return None
    partners = dict(match_boundaries(_starts(item.gold), _starts(item.predicted), _TITLE_TOLERANCE_S))
    titles = {boundary.start: boundary.title for boundary in item.predicted}
    first = min(titles, default=None)
    found = [partners.get(boundary.start) if boundary.start > 0 else first for boundary in item.gold]
    alike = [
        0.0 if start is None else title_similarity(boundary.title, titles[start])
        for boundary, start in zip(item.gold, found, strict=True)
    ]
    return sum(alike) / len(alike)


def _starts(boundaries: Sequence[Boundary]) -> list[float]:
    return [boundary.start for boundary in boundaries]


def _one(value: float | None) -> Cells | None:
    return None if value is None else (value,)


def _view(item: Observed) -> ItemView:
    return ItemView(
        item.id,
        item.title,
        item.error,
        item.timing.total_ms if item.timing else None,
        {"video": item.id, "chapters": [[boundary.start, boundary.title] for boundary in item.gold]},
        [{"video": item.id, "t": boundary.start, "text": boundary.title} for boundary in item.predicted],
        failed=not item.error and not match_boundaries(_starts(item.gold), _starts(item.predicted), 30.0),
    )
