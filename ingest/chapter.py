"""The outline of a lesson: a person's chapters, else computed ones. After `segment`; `chunk` follows."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from baize.domain.course import Chapter
from baize.domain.locator import TimeSpan
from baize.domain.search import Vector
from baize.domain.sentences import ends_sentence
from baize.domain.text import Cue, Segment
from baize.errors import InvalidInput
from baize.retrieval.disarm import trusted
from baize.services.edit import late_chapter
from ingest.boundaries import Spoken, boundaries
from ingest.cohesion import Floats
from ingest.plan import LessonPlan, PlannedChapter
from ingest.title import titles

_NEAR_S = 0.05
"""Seconds by proportion are this exact where a sentence starts with its cue."""


def chapters_of(planned: Sequence[PlannedChapter], duration_s: float | None) -> tuple[Chapter, ...]:
    """Planned chapters with their ends: each ends where the next one starts, the last with the lesson.

    Chapters that start after the lesson's end are left out; `late_chapters` tells them.
    """
    end = duration_s if duration_s is not None else max((c.start for c in planned), default=0.0)
    kept = [chapter for chapter in planned if chapter.start <= end]
    ends = [chapter.start for chapter in kept[1:]] + [end]
    return tuple(
        Chapter(chapter.start, stop, chapter.title, "person")
        for chapter, stop in zip(kept, ends, strict=False)
    )


def late_chapters(plan: LessonPlan, duration_s: float | None) -> list[InvalidInput]:
    """Of each chapter that starts after the lesson's end, that it is left out."""
    return [
        late_chapter(chapter.title, chapter.start, plan.id, duration_s)
        for chapter in plan.chapters
        if duration_s is not None and chapter.start > duration_s
    ]


def computed_chapters(
    segments: Sequence[Segment],
    cues: Sequence[Cue],
    vectors: Vector,
    duration_s: float,
    *,
    slide_starts: Sequence[float] = (),
    orders: Collection[str] = (),
) -> tuple[Chapter, ...]:
    """Chapters of one track by its own words, the first from 0 s; none where the lesson is of one piece.

    Args:
        segments: the sentences of `cues`.
        vectors: one a sentence, of unit length.
        slide_starts: seconds at which another slide is shown.
        orders: sentences that speak to a model; no title is made of them.
    """
    if not segments:
        return ()
    spoken = spoken_of(segments, cues, vectors, slide_starts=slide_starts)
    starts = boundaries(spoken, duration_s)
    if not starts:
        return ()
    firsts = [0, *starts]
    stops = [*starts, len(segments)]
    kept = set(trusted(spoken.texts, orders))
    parts = [
        [spoken.texts[n] for n in range(first, stop) if n in kept] or ["…"]
        for first, stop in zip(firsts, stops, strict=True)
    ]
    seconds = [0.0, *(float(spoken.starts[n]) for n in starts), duration_s]
    return tuple(Chapter(seconds[n], seconds[n + 1], title, "model") for n, title in enumerate(titles(parts)))


def spoken_of(
    segments: Sequence[Segment], cues: Sequence[Cue], vectors: Vector, *, slide_starts: Sequence[float] = ()
) -> Spoken:
    """What `boundaries` works on: sentences; where captions have no full stops, their lines.

    A chapter may begin with the first of them in each cue; where a later one begins is a guess.
    """
    texts: list[str] = []
    spans: list[TimeSpan] = []
    rows: list[int] = []
    for row, segment in enumerate(segments):
        for text, span in _lines(segment, cues):
            texts.append(text)
            spans.append(span)
            rows.append(row)
    starts = np.array([span.start for span in spans])
    usable = _usable(starts, [cue.start for cue in cues])
    ends = np.array([span.end for span in spans])
    return Spoken(texts, starts, ends, usable, vectors[rows], slide_starts)


def _lines(segment: Segment, cues: Sequence[Cue]) -> list[tuple[str, TimeSpan]]:
    """The segment itself, or its cues where it is a run of captions that no full stop ends."""
    assert isinstance(segment.locator, TimeSpan)  # noqa: S101 - sentences of a track
    span = segment.locator
    if ends_sentence(segment.text):
        return [(segment.text, span)]
    first = bisect_left(cues, span.start - _NEAR_S, key=lambda cue: cue.start)
    last = bisect_left(cues, span.end - _NEAR_S, key=lambda cue: cue.start)
    inside = cues[first:last]
    if len(inside) < 2:
        return [(segment.text, span)]
    return [(cue.text, cue.span) for cue in inside]


def _usable(starts: Floats, heard: Sequence[float]) -> npt.NDArray[np.bool_]:
    """Whether each start is the first one in its cue; the cue may have begun within a sentence."""
    holding = np.searchsorted(np.sort(heard), starts + _NEAR_S, side="right")
    return np.concatenate([[True], holding[1:] != holding[:-1]])
