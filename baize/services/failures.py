"""What failed and waits for somebody: the dead letters of ingestion, each with its causes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from baize.domain.job import ENDED, Job, LessonJob
from baize.domain.library import ItemState
from baize.ports import Jobs, Locks, Publisher
from baize.services.erase import lesson_lock

_PAGE = 500
_CUT_OFF = "The process that worked on it ended before it was done."


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A lesson, a file or a whole course that failed, and that nobody is trying again.

    Attributes:
        course_id: empty where the course could not even be read.
        item: lesson id or file; empty for the course itself.
        stage: where it failed; empty where that is not known.
        causes: of each attempt, oldest first.
        folder: what to ingest again; empty where that is not known.
        job_id: the job that failed; empty for a `baize ingest`.
        at: seconds since the epoch.
    """

    course_id: str
    item: str
    stage: str
    causes: tuple[str, ...]
    folder: str
    job_id: str
    at: float


async def dead_letters(
    platform_id: str, course_id: str = "", *, jobs: Jobs, publisher: Publisher, locks: Locks
) -> list[DeadLetter]:
    """Of one course, or of all, by course and item."""
    states = {
        (state.course_id, state.item): state for state in await publisher.states(platform_id, course_id)
    }
    latest = [job async for job in _latest(jobs, platform_id) if course_id in ("", job.course_id)]
    busy = {job.course_id for job in latest if job.state not in ENDED}
    found: dict[tuple[str, str], DeadLetter] = {}
    for job in latest:
        if job.state == "failed":
            for letter in await _of_job(job, states, jobs=jobs, publisher=publisher):
                found[letter.course_id, letter.item or letter.folder] = letter
    for key, state in states.items():
        if key in found or state.course_id in busy:
            continue
        cut_off = state.state == "running" and not await locks.held(lesson_lock(platform_id, state.item))
        if state.state == "failed" or cut_off:
            folder = await publisher.folder(platform_id, state.course_id)
            causes = (_CUT_OFF,) if cut_off else (state.error,)
            found[key] = DeadLetter(state.course_id, state.item, state.stage, causes, folder, "", state.at)
    return [letter for _, letter in sorted(found.items())]


async def _latest(jobs: Jobs, platform_id: str) -> AsyncGenerator[Job]:
    """The newest job of each folder: what an older one says is history."""
    seen: set[str] = set()
    offset = 0
    while page := await jobs.list(platform_id, limit=_PAGE, offset=offset):
        for job in page:
            if job.folder not in seen:
                seen.add(job.folder)
                yield job
        offset += len(page)


async def _of_job(
    job: Job, states: dict[tuple[str, str], ItemState], *, jobs: Jobs, publisher: Publisher
) -> list[DeadLetter]:
    """What failed in it and was not done since, by another job or by `baize ingest`."""
    whole = await jobs.status(job.platform_id, job.id)
    if whole is None:
        return []
    ended = whole.ended_at or 0.0
    letters = [
        letter
        for lesson in whole.lessons
        if lesson.state == "failed" and (letter := _of_lesson(whole, lesson, states)) is not None
    ]
    if not whole.planned and whole.problems:
        known = await publisher.courses_in(whole.platform_id, whole.folder)
        if not any(state.at > ended for (course, _), state in states.items() if course in known):
            causes = whole.problems
            letters.append(DeadLetter(whole.course_id, "", "plan", causes, whole.folder, whole.id, ended))
    return letters


def _of_lesson(job: Job, lesson: LessonJob, states: dict[tuple[str, str], ItemState]) -> DeadLetter | None:
    state = states.get((job.course_id, lesson.lesson_id))
    ended = lesson.ended_at or job.ended_at or 0.0
    if state is not None and state.state == "done" and state.at >= (lesson.started_at or 0.0):
        return None
    stage = state.stage if state else ""
    causes = lesson.causes or ((state.error,) if state else ())
    return DeadLetter(job.course_id, lesson.lesson_id, stage, causes, job.folder, job.id, ended)
