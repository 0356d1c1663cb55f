"""Forget a course: whoever works on it stops, and what others kept of it goes too."""

from __future__ import annotations

from baize.ports import Answers, Catalog, Jobs, Locks, Publisher


async def stop_work(
    platform_id: str, course_id: str, *, jobs: Jobs, locks: Locks, catalog: Catalog, publisher: Publisher
) -> None:
    """Before a course is forgotten: its jobs are cancelled and dropped, and its lessons come to rest.

    A lesson that is being built would otherwise write what was just removed.
    """
    await jobs.forget(platform_id, course_id)
    lessons = {lesson.id for lesson in await catalog.lessons(platform_id, course_id)}
    items = {state.item for state in await publisher.states(platform_id, course_id)}
    for lesson_id in sorted(lessons | items):
        async with locks.hold(lesson_lock(platform_id, lesson_id)):
            pass


async def forget_answers(platform_id: str, course_id: str, *, answers: Answers) -> int:
    """Answers that quote the course, whole: a quote is the course's text. Returns how many went."""
    return await answers.forget_course(platform_id, course_id)


def lesson_lock(platform_id: str, lesson_id: str) -> str:
    """The name under which a lesson is built or erased, by one at a time."""
    return f"lesson:{platform_id}:{lesson_id}"
