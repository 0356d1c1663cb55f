"""What callers send and get of ingestions."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from baize.api.instants import instant, instant_or_none
from baize.api.requests import ID_REGEX, RequestBody, Words
from baize.domain.job import Job
from baize.services.ingestions import Ingestion, LessonProgress

JobStateName = Literal["queued", "running", "done", "failed", "cancelled"]
ItemId = Annotated[str, Field(pattern=ID_REGEX)]


class IngestionRequest(RequestBody):
    """A course to read: by `path`, or again by `course_id`."""

    path: Annotated[Words, Field(max_length=1024)] = ""
    """A course folder or file, relative to the operator's folder."""
    course_id: Annotated[str, Field(pattern=f"{ID_REGEX}|^$")] = ""
    """A course that was ingested before."""
    lesson_ids: list[ItemId] = Field(default_factory=list, max_length=1000)
    """Only these lessons; the others are left as they are."""
    priority: Literal["course", "bulk"] = "course"
    """`bulk` waits for every `course`; edits come before both."""


class IngestionSummary(BaseModel):
    """One job."""

    id: str
    course_id: str | None = Field(description="Null until the folder has been read.")
    state: JobStateName
    priority: Literal["edit", "course", "bulk"]
    submitted_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class StageBody(BaseModel):
    """One stage over all lessons of the job."""

    name: str
    n_done: int
    n_running: int
    n_failed: int
    seconds: float = Field(description="Of work, over all workers.")


class LessonIngestionBody(BaseModel):
    """One lesson of the job."""

    lesson_id: str
    state: JobStateName
    outcome: Literal["done", "unchanged", "failed"] | None
    stage: str | None = Field(description="Where it is, or where it failed.")
    n_chunks: int
    attempts: int
    error: str | None
    causes: list[str] = Field(description="Why attempts failed, oldest first.")


class IngestionBody(IngestionSummary):
    """One job, and how far it came."""

    progress: float = Field(description="Share of the work that is done, 0 to 1.")
    eta_s: float | None = Field(description="Seconds left, if it goes on as so far.")
    n_lessons: int
    stages: list[StageBody]
    lessons: list[LessonIngestionBody]
    removed: list[str] = Field(description="Lessons that left the course.")
    problems: list[str] = Field(description="What of the course could not be used.")


class IngestionPage(BaseModel):
    """Some jobs, newest first."""

    items: list[IngestionSummary]
    next_cursor: str | None = Field(description="Pass it as `cursor` for what follows; null at the end.")


def ingestion_summary(job: Job) -> IngestionSummary:
    return IngestionSummary(
        id=job.id,
        course_id=job.course_id or None,
        state=job.state,
        priority=job.priority,
        submitted_at=instant(job.submitted_at),
        started_at=instant_or_none(job.started_at),
        ended_at=instant_or_none(job.ended_at),
    )


def ingestion_body(found: Ingestion) -> IngestionBody:
    return IngestionBody(
        **ingestion_summary(found.job).model_dump(),
        progress=round(found.share, 4),
        eta_s=None if found.eta_s is None else round(found.eta_s, 1),
        n_lessons=found.job.n_lessons,
        stages=[
            StageBody(
                name=stage.name,
                n_done=stage.n_done,
                n_running=stage.n_running,
                n_failed=stage.n_failed,
                seconds=round(stage.seconds, 3),
            )
            for stage in found.stages
        ],
        lessons=[_lesson(lesson, found.job.folder) for lesson in found.lessons],
        removed=list(found.job.removed),
        problems=[_within(problem, found.job.folder) for problem in found.job.problems],
    )


def _lesson(lesson: LessonProgress, folder: str) -> LessonIngestionBody:
    job = lesson.job
    outcome: Literal["done", "unchanged", "failed"] | None = None
    if job.outcome in ("done", "unchanged", "failed"):
        outcome = job.outcome  # type: ignore[assignment]  # narrowed by the line above
    return LessonIngestionBody(
        lesson_id=job.lesson_id,
        state=job.state,
        outcome=outcome,
        stage=lesson.stage or None,
        n_chunks=lesson.n_chunks,
        attempts=job.attempts,
        error=_within(lesson.error, folder) or None,
        causes=[_within(cause, folder) for cause in job.causes],
    )


def _within(text: str, folder: str) -> str:
    """Paths as the caller knows them: where the operator keeps his folders is his business."""
    return text.replace(f"{folder}/", "").replace(folder, Path(folder).name) if folder else text
