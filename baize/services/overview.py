"""The places that say what a lesson or a course says as a whole, for a question about it: its summary's."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import groupby
from typing import TypeVar

from baize.domain.artefact import SummaryLine
from baize.domain.locator import Locator
from baize.domain.search import Position, Scope
from baize.errors import DependencyUnavailable, NotFound
from baize.ports import Artefacts, Catalog
from baize.retrieval.overview import Whole
from baize.services.summarize import shared_out, summarize_course

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Overviews:
    """Reads the summaries that were prepared at ingestion; nothing is generated when asked.

    Args:
        most: places of one overview.
    """

    def __init__(self, *, catalog: Catalog, artefacts: Artefacts, most: int) -> None:
        self._catalog = catalog
        self._artefacts = artefacts
        self._most = most

    async def places(self, whole: Whole, scope: Scope, at: Position | None) -> list[tuple[str, Locator]]:
        """Lesson and locator of each place, in the order of the course.

        None where scope and player do not say which lesson or course is meant, where it has no summary, and
        while the database does not answer: then the question is searched for like any other.
        """
        try:
            lines = await self._lines(whole, scope, at)
        except (NotFound, DependencyUnavailable) as reason:
            _log.info("A question about a whole is searched for: %s", type(reason).__name__)
            return []
        return [(line.lesson_id, line.locators[0]) for line in lines]

    async def _lines(self, whole: Whole, scope: Scope, at: Position | None) -> Sequence[SummaryLine]:
        here = at.lesson_id if at is not None else ""
        if not here and len(scope.lesson_ids) == 1:
            here = scope.lesson_ids[0]
        lesson = await self._catalog.lesson(scope.platform_id, here) if here else None
        course_id = lesson.course_id if lesson is not None else ""
        if len(scope.course_ids) == 1:
            course_id = scope.course_ids[0]
        if whole.number and course_id:
            here = await self._numbered(whole.number, scope.platform_id, course_id)
        if whole.number or (here and whole.of != "course"):
            return _evenly(await self._of_lesson(scope, here), self._most) if here else []
        return await self._of_course(scope, course_id) if course_id else []

    async def _numbered(self, number: int, platform_id: str, course_id: str) -> str:
        """The lesson that learners count as this one; empty where there are not so many."""
        lessons = [
            lesson for lesson in await self._catalog.lessons(platform_id, course_id) if not lesson.is_faq
        ]
        return lessons[number - 1].id if number <= len(lessons) else ""

    async def _of_lesson(self, scope: Scope, lesson_id: str) -> Sequence[SummaryLine]:
        if not _is_open(scope, lesson_id):
            return []
        prepared = await self._artefacts.prepared(scope.platform_id, lesson_id)
        return prepared.summary if prepared is not None else []

    async def _of_course(self, scope: Scope, course_id: str) -> Sequence[SummaryLine]:
        """Of each lesson that is open its first lines; of more lessons than there may be places, some."""
        course = await summarize_course(self._catalog, self._artefacts, scope.platform_id, course_id)
        lines = [line for line in course.summary if _is_open(scope, line.lesson_id)]
        by_lesson = [tuple(its) for _, its in groupby(lines, key=lambda line: line.lesson_id)]
        return _evenly(shared_out(by_lesson, self._most), self._most)


def _is_open(scope: Scope, lesson_id: str) -> bool:
    return lesson_id not in scope.after_lessons and (not scope.lesson_ids or lesson_id in scope.lesson_ids)


def _evenly(lines: Sequence[_T], most: int) -> Sequence[_T]:
    """So many of them, from the first to the last."""
    if len(lines) <= most:
        return lines
    return [lines[round(n * (len(lines) - 1) / max(most - 1, 1))] for n in range(most)]
