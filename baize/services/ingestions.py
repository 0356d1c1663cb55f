"""Ask for an ingestion, and see how far it came. The queue does the work (`Jobs`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from baize.domain.job import ENDED, Job, JobRequest, LessonJob, Priority, folder_of_record
from baize.domain.library import ItemState
from baize.errors import InvalidInput, NotAllowed, NotFound
from baize.ports import Clock, Jobs, Publisher

_EACH = "{platform_id}"
STAGES = ("plan", "extract", "chapter", "chunk", "embed", "compose", "load")
"""Of a lesson, in order."""


@dataclass(frozen=True, slots=True)
class LessonProgress:
    """One lesson of a job. `stage` is where it is, or where it failed."""

    job: LessonJob
    stage: str
    n_chunks: int
    error: str


@dataclass(frozen=True, slots=True)
class StageProgress:
    """One stage over all lessons of a job. `seconds` are of work, over all workers."""

    name: str
    n_done: int
    n_running: int
    n_failed: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Ingestion:
    """A job and how far it came.

    Attributes:
        share: of the work that is done, 0..1, each stage of each lesson counting alike.
        eta_s: seconds left if it goes on as it went so far; None before anything is done, and after the end.
    """

    job: Job
    lessons: tuple[LessonProgress, ...]
    stages: tuple[StageProgress, ...]
    share: float
    eta_s: float | None


class Ingestions:
    """The use cases of `/v1/ingestions`.

    Args:
        root: the folder whose courses callers may name; None where there is none. Without `{platform_id}` in
            it, it is the home platform's alone: one platform must not read another's courses.
        home: the server's own platform.
    """

    def __init__(
        self, *, jobs: Jobs, publisher: Publisher, clock: Clock, root: Path | None, home: str
    ) -> None:
        self._jobs = jobs
        self._publisher = publisher
        self._clock = clock
        self._root = root
        self._home = home

    async def submit(
        self,
        platform_id: str,
        *,
        path: str = "",
        course_id: str = "",
        lesson_ids: tuple[str, ...] = (),
        priority: Priority = "course",
        key: str = "",
    ) -> str:
        """Queue a course: a folder inside the operator's, or a course that is known. Gives the job's id.

        Raises:
            InvalidInput: neither or both are given.
            NotAllowed: the path is not inside the operator's folder, or there is no such folder.
            NotFound: the course is not known, or it is not known where it was read from.
        """
        if bool(path) == bool(course_id):
            raise InvalidInput(
                "Give either a path or a course_id.", remedy="A path is inside the operator's folder."
            )
        folder = str(self._inside(platform_id, path)) if path else await self._known(platform_id, course_id)
        request = JobRequest(platform_id, folder, course_id, lesson_ids, priority, key)
        return await self._jobs.submit(request)

    async def submit_recorded(self, platform_id: str, course_id: str, lesson_id: str) -> str:
        """Build one item of a course again, before other jobs; the course may have no folder."""
        folder = await self._publisher.folder(platform_id, course_id) or folder_of_record(course_id)
        return await self._jobs.submit(JobRequest(platform_id, folder, course_id, (lesson_id,), "edit"))

    async def status(self, platform_id: str, job_id: str) -> Ingestion:
        """
        Raises:
            NotFound: there is no such job on this platform.
        """
        job = await self._jobs.status(platform_id, job_id)
        if job is None:
            raise NotFound(f"There is no ingestion {job_id!r}.", remedy="GET /v1/ingestions lists them.")
        states = await self._publisher.states(platform_id, job.course_id) if job.course_id else []
        return progress_of(job, states, self._clock.now())

    async def cancel(self, platform_id: str, job_id: str) -> Ingestion:
        """Stop it; lessons that are published stay as they are.

        Raises:
            NotFound: there is no such job on this platform.
        """
        await self._jobs.cancel(platform_id, job_id)
        return await self.status(platform_id, job_id)

    def _inside(self, platform_id: str, path: str) -> Path:
        if self._root is None:
            raise NotAllowed(
                "This server reads no folders that a caller names.", remedy="The operator sets jobs.folder."
            )
        if _EACH not in str(self._root) and platform_id != self._home:
            raise NotAllowed(
                f"This server reads no folders that the platform {platform_id!r} names.",
                remedy=f"The operator writes {_EACH} into jobs.folder, so that each platform has its own.",
            )
        root = Path(str(self._root).replace(_EACH, platform_id)).resolve()
        # Resolved, so that neither `..` nor a link leads out.
        found = (root / path).resolve()
        if not found.is_relative_to(root) or found == root:
            raise NotAllowed(
                "The path is not inside the operator's folder.", remedy="Name a course folder relative to it."
            )
        if not found.exists():
            raise NotFound(f"There is no {path!r} in the operator's folder.", remedy="Check the path.")
        return found

    async def _known(self, platform_id: str, course_id: str) -> str:
        folder = await self._publisher.folder(platform_id, course_id)
        if not folder:
            raise NotFound(
                f"It is not known where the course {course_id!r} is read from.",
                remedy="Ingest it once by its path.",
            )
        return folder


def progress_of(job: Job, states: list[ItemState], now: float) -> Ingestion:
    """The job's lessons with what the catalogue knows of them."""
    known = {state.item: state for state in states}
    lessons = tuple(_lesson(lesson, known.get(lesson.lesson_id)) for lesson in job.lessons)
    share = 1.0 if job.state in ENDED else _share(job, lessons)
    eta_s = None
    if job.state == "running" and share > 0 and job.started_at is not None:
        eta_s = (now - job.started_at) * (1 - share) / share
    return Ingestion(job, lessons, tuple(_stage(name, lessons) for name in STAGES), share, eta_s)


def _lesson(job: LessonJob, state: ItemState | None) -> LessonProgress:
    if state is None or job.state == "queued":
        # What the catalogue remembers of it is of an earlier job.
        return LessonProgress(job, "", 0, "")
    return LessonProgress(job, state.stage, state.n_chunks, state.error)


def _share(job: Job, lessons: tuple[LessonProgress, ...]) -> float:
    if not job.planned or not job.n_lessons:
        return 0.0
    done = sum(1.0 if lesson.job.state in ENDED else _within(lesson) for lesson in lessons)
    return done / job.n_lessons


def _within(lesson: LessonProgress) -> float:
    if lesson.job.state != "running" or lesson.stage not in STAGES:
        return 0.0
    return STAGES.index(lesson.stage) / len(STAGES)


def _stage(name: str, lessons: tuple[LessonProgress, ...]) -> StageProgress:
    at = STAGES.index(name)

    def count(state: str) -> int:
        return sum(lesson.job.state == state and lesson.stage == name for lesson in lessons)

    passed = sum(
        lesson.job.state == "done"
        or (lesson.job.state in ("running", "failed") and lesson.stage in STAGES[at + 1 :])
        for lesson in lessons
    )
    seconds = sum(dict(lesson.job.stage_s).get(name, 0.0) for lesson in lessons)
    return StageProgress(name, passed, count("running"), count("failed"), seconds)
