"""Work that outlives a process: one ingestion and the lessons in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Priority = Literal["edit", "course", "bulk"]
"""A person waits for an edit, a course team for its course, nobody for a bulk load."""
JobState = Literal["queued", "running", "done", "failed", "cancelled"]

ENDED: frozenset[str] = frozenset(("done", "failed", "cancelled"))

_RECORD = "record:"


def folder_of_record(course_id: str) -> str:
    """What stands in place of a folder for a course that has only its record in the catalogue."""
    return f"{_RECORD}{course_id}"


def recorded_course(folder: str) -> str | None:
    """The course of `folder_of_record`; None of a real folder."""
    return folder.removeprefix(_RECORD) if folder.startswith(_RECORD) else None


@dataclass(frozen=True, slots=True)
class JobRequest:
    """An ingestion that somebody asks for. Ids and paths only: no learner's words, no course text.

    Attributes:
        folder: of the course; absolute, as the workers see it. Of one without a folder, `folder_of_record`.
        course_id: as far as it is known before the folder is read; else empty.
        lesson_ids: only these lessons; empty means the whole course, and what left it is removed.
        key: a request of the same key is the same job; empty makes a new one each time.
    """

    platform_id: str
    folder: str
    course_id: str = ""
    lesson_ids: tuple[str, ...] = ()
    priority: Priority = "course"
    key: str = ""


@dataclass(frozen=True, slots=True)
class LessonJob:
    """One lesson within a job.

    Attributes:
        outcome: `done`, `unchanged` or `failed`; empty until it ended.
        attempts: how many were made; above 1 after a failed dependency.
        stage_s: seconds of work by stage, of the last attempt.
        causes: why attempts failed, oldest first.
    """

    lesson_id: str
    state: JobState
    outcome: str = ""
    attempts: int = 0
    stage_s: tuple[tuple[str, float], ...] = ()
    causes: tuple[str, ...] = ()
    started_at: float | None = None
    ended_at: float | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its queue knows it. Instants are seconds since the epoch.

    Attributes:
        course_id: empty until the folder has been read.
        planned: whether the folder has been read, so that `n_lessons` is known.
        removed: lessons that left the course.
        problems: what of the course could not be used, one line each.
    """

    id: str
    platform_id: str
    course_id: str
    folder: str
    priority: Priority
    state: JobState
    submitted_at: float
    started_at: float | None = None
    ended_at: float | None = None
    planned: bool = False
    n_lessons: int = 0
    lessons: tuple[LessonJob, ...] = ()
    removed: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
