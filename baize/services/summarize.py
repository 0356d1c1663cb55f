"""What a course says as a whole, from what was prepared for its lessons: nothing is generated when asked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from baize.domain.artefact import CourseSummary, KeyPoint, Prepared, SummaryLine
from baize.domain.course import Course
from baize.errors import NotFound
from baize.ports import Artefacts, Catalog
from baize.services.read import read_course, read_lesson

_Line = TypeVar("_Line", SummaryLine, KeyPoint)

MAX_LINES = 12
"""Of a course; a learner reads them on one screen or two."""


async def read_prepared(catalog: Catalog, artefacts: Artefacts, platform_id: str, lesson_id: str) -> Prepared:
    """What was prepared for a lesson.

    Raises:
        NotFound: the lesson does not exist, or nothing was prepared for it.
    """
    lesson = await read_lesson(catalog, platform_id, lesson_id)
    found = await artefacts.prepared(platform_id, lesson_id)
    if found is None:
        remedy = "A FAQ is answered from as it stands." if lesson.is_faq else "Ingest its course again."
        raise NotFound(f"Nothing was prepared for the lesson {lesson_id!r}.", remedy=remedy)
    return found


async def summarize_course(
    catalog: Catalog, artefacts: Artefacts, platform_id: str, course_id: str
) -> CourseSummary:
    """What a model worded of the course, as long as its lessons still say what it was made from.

    Else the lines of the lessons in course order: as many of each lesson as fit, the first ones first. Every
    lesson that has lines has one here, also in a course of more lessons than `MAX_LINES`.

    Raises:
        NotFound: the course does not exist, or nothing was prepared for its lessons.
    """
    course = await read_course(catalog, platform_id, course_id)
    lessons = await artefacts.prepared_of_course(platform_id, course_id)
    if not lessons:
        raise NotFound(f"Nothing was prepared for the course {course_id!r}.", remedy="Ingest it again.")
    own = _course_summary(course, lessons)
    written = await artefacts.course_summary(platform_id, course_id)
    if written is None or written.source != course_source(lessons):
        return own
    return replace(own, summary=written.summary, model=written.model)


def course_source(lessons: Sequence[Prepared]) -> str:
    """Digest of the lines that a course's summary is made from."""
    told = repr([line for lesson in lessons for line in lesson.summary])
    return hashlib.sha256(told.encode()).hexdigest()


def _course_summary(course: Course, lessons: Sequence[Prepared]) -> CourseSummary:
    models = [lesson.model for lesson in lessons if lesson.model != "extractive"]
    return CourseSummary(
        course.id,
        course.language or lessons[0].language,
        shared_out([lesson.summary for lesson in lessons]),
        shared_out([lesson.key_points for lesson in lessons]),
        models[0] if models else "extractive",
    )


def shared_out(lessons: Sequence[tuple[_Line, ...]], most: int = MAX_LINES) -> tuple[_Line, ...]:
    """Lines in turns, a line of each lesson a turn, until there are enough; then in course order."""
    counts = [0] * len(lessons)
    turn = 0
    while any(turn < len(lines) for lines in lessons) and sum(counts) < most:
        for number, lines in enumerate(lessons):
            if turn < len(lines) and (turn == 0 or sum(counts) < most):
                counts[number] += 1
        turn += 1
    return tuple(line for lines, n in zip(lessons, counts, strict=True) for line in lines[:n])
