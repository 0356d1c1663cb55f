"""A learner's progress in a lesson: what is reported is joined to what is known."""

from __future__ import annotations

from dataclasses import dataclass

from baize.domain.course import Lesson
from baize.domain.learner import COMPLETE, Progress, merged, watched_s
from baize.domain.locator import TimeSpan
from baize.ports import Clock, LearnerProgress


@dataclass(frozen=True, slots=True)
class Report:
    """What a player tells.

    Attributes:
        completed: None where the player does not say: then the share that was watched decides.
    """

    spans: tuple[TimeSpan, ...] = ()
    completed: bool | None = None


async def report(
    progress: LearnerProgress, clock: Clock, learner_id: str, lesson: Lesson, told: Report
) -> Progress:
    """Join it to what is known. The same report twice changes nothing but the instant."""
    now = clock.now()

    def join(before: Progress | None) -> Progress:
        known = before or Progress(lesson.platform_id, learner_id, lesson.course_id, lesson.id, first_at=now)
        spans = merged((*known.spans, *told.spans))
        completed_at = known.completed_at
        if told.completed is False:
            completed_at = None
        elif completed_at is None and (told.completed or _is_watched(lesson, spans)):
            completed_at = now
        return Progress(
            lesson.platform_id,
            learner_id,
            lesson.course_id,
            lesson.id,
            spans,
            completed_at,
            known.first_at,
            now,
        )

    return await progress.change(lesson.platform_id, learner_id, lesson.id, join)


def _is_watched(lesson: Lesson, spans: tuple[TimeSpan, ...]) -> bool:
    return bool(lesson.duration_s) and watched_s(spans) >= COMPLETE * (lesson.duration_s or 0.0)
