"""Look up one lesson or what was prepared for it; what is not there is a clear `NotFound`."""

from __future__ import annotations

from baize.domain.course import Course, Lesson
from baize.domain.library import Transcript
from baize.errors import NotFound
from baize.ports import Artefacts, Catalog


async def read_course(catalog: Catalog, platform_id: str, course_id: str) -> Course:
    """The course.

    Raises:
        NotFound: it does not exist on this platform.
    """
    found = await catalog.course(platform_id, course_id)
    if found is None:
        raise no_course(course_id)
    return found


async def read_lesson(catalog: Catalog, platform_id: str, lesson_id: str) -> Lesson:
    """The published lesson.

    Raises:
        NotFound: it does not exist on this platform.
    """
    found = await catalog.lesson(platform_id, lesson_id)
    if found is None:
        raise no_lesson(lesson_id)
    return found


async def read_transcript(
    catalog: Catalog, artefacts: Artefacts, platform_id: str, lesson_id: str
) -> Transcript:
    """What is said in a lesson.

    Raises:
        NotFound: the lesson does not exist, or has no speech.
    """
    await read_lesson(catalog, platform_id, lesson_id)
    found = await artefacts.transcript(platform_id, lesson_id)
    if found is None:
        raise NotFound(f"Lesson {lesson_id!r} has no speech.", remedy="It is made of documents only.")
    return found


def no_course(course_id: str) -> NotFound:
    """That the platform has no such course. Told on the command line and by the API."""
    return NotFound(
        f"There is no course {course_id!r}.", remedy="GET /v1/courses and `baize status` list the courses."
    )


def no_lesson(lesson_id: str) -> NotFound:
    """That the platform has no such lesson."""
    return NotFound(
        f"There is no lesson {lesson_id!r}.",
        remedy="GET /v1/courses/{id} and `baize status` list the lessons.",
    )
