"""The outline of a lesson: a person's chapters. Comes after `segment`; `chunk` follows."""

from __future__ import annotations

from collections.abc import Sequence

from baize.domain.course import Chapter
from ingest.plan import PlannedChapter


def chapters_of(planned: Sequence[PlannedChapter], duration_s: float | None) -> tuple[Chapter, ...]:
    """Planned chapters with their ends: each ends where the next one starts, the last with the lesson.

    Chapters that start after the lesson's end are left out.
    """
    end = duration_s if duration_s is not None else max((c.start for c in planned), default=0.0)
    kept = [chapter for chapter in planned if chapter.start <= end]
    ends = [chapter.start for chapter in kept[1:]] + [end]
    return tuple(
        Chapter(chapter.start, stop, chapter.title, "person")
        for chapter, stop in zip(kept, ends, strict=False)
    )
