"""What exists, as readers see it: the ports `Catalog` and `Artefacts` over tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, Select, String, bindparam, case, func, select, type_coerce

from baize.adapters.db.codec import Frozen
from baize.adapters.db.engine import Database
from baize.adapters.db.models import (
    ChapterRow,
    CourseRow,
    CourseSummaryRow,
    LessonRow,
    PreparedRow,
    TranscriptRow,
)
from baize.adapters.db.worded import Worded
from baize.domain.artefact import CourseSummary, Prepared
from baize.domain.course import FAQ_SUFFIX, Chapter, Course, Lesson
from baize.domain.library import Holding, LiveLesson, Transcript
from baize.domain.search import Scope
from baize.domain.speech import SpeechReport


class SqlCatalog:
    """The port `Catalog`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def courses(self, platform_id: str, course_ids: Sequence[str] | None = None) -> list[Course]:
        """As `Catalog.courses`."""
        found = select(CourseRow).where(CourseRow.platform_id == platform_id).order_by(CourseRow.course_id)
        if course_ids is not None:
            found = found.where(CourseRow.course_id.in_(course_ids))
        async with self._database.reading() as session:
            return [_course(row) for row in await session.scalars(found)]

    async def page(
        self, platform_id: str, *, after: str, limit: int, course_ids: Sequence[str] | None = None
    ) -> list[Course]:
        """As `Catalog.page`: along the primary key, however many there are."""
        found = (
            select(CourseRow)
            .where(CourseRow.platform_id == platform_id, CourseRow.course_id > after)
            .order_by(CourseRow.course_id)
            .limit(limit)
        )
        if course_ids is not None:
            found = found.where(CourseRow.course_id.in_(course_ids))
        async with self._database.reading() as session:
            return [_course(row) for row in await session.scalars(found)]

    async def course(self, platform_id: str, course_id: str) -> Course | None:
        """As `Catalog.course`."""
        found = await self._database.fetch(_COURSE, of_platform=platform_id, of_course=course_id)
        return Course(*found[0]) if found else None

    async def lessons(self, platform_id: str, course_id: str) -> list[Lesson]:
        """As `Catalog.lessons`; lessons of one position by id."""
        found = (
            select(LessonRow)
            .where(LessonRow.platform_id == platform_id, LessonRow.course_id == course_id)
            .order_by(LessonRow.position, LessonRow.lesson_id)
        )
        async with self._database.reading() as session:
            return [_lesson(row) for row in (await session.scalars(found)).unique()]

    async def faq_only(self, platform_id: str) -> list[str]:
        """As `Catalog.faq_only`: one pass over the platform's lessons."""
        is_faq = case((LessonRow.lesson_id == LessonRow.course_id + FAQ_SUFFIX, 1), else_=0)
        found = (
            select(LessonRow.course_id)
            .where(LessonRow.platform_id == platform_id)
            .group_by(LessonRow.course_id)
            .having(func.min(is_faq) == 1)
        )
        async with self._database.reading() as session:
            return sorted(await session.scalars(found))

    async def lesson(self, platform_id: str, lesson_id: str) -> Lesson | None:
        """As `Catalog.lesson`."""
        found = await self._database.fetch(_LESSON, of_platform=platform_id, of_lesson=lesson_id)
        if not found:
            return None
        n = len(_LESSON_COLUMNS)
        chapters = tuple(Chapter(*row[n:]) for row in found if row[n] is not None)
        return replace(Lesson(*found[0][:n]), chapters=chapters)

    async def live(self, scope: Scope) -> list[LiveLesson]:
        """As `Catalog.live`, by course, position and id.

        Platform, courses and lessons choose the lessons. `up_to`, `languages` and `build_ids` choose among
        the passages of a lesson; they are the index's filters and change nothing here.
        """
        # All of a platform may be a hundred thousand rows.
        if 0 < len(scope.course_ids) + len(scope.lesson_ids) <= _MOST_WORDED:
            found = await self._database.fetch(_live_worded(*_n_places(scope)), **_values(scope))
            return [LiveLesson(*row) for row in found]
        async with self._database.reading() as session:
            rows = await session.execute(_live(scope.platform_id, scope.course_ids, scope.lesson_ids))
            return [LiveLesson(*row) for row in rows]

    async def languages(self, scope: Scope) -> list[str]:
        """As `Catalog.languages`; only platform, courses and lessons count."""
        if len(scope.course_ids) + len(scope.lesson_ids) <= _MOST_WORDED:
            rows = await self._database.fetch(_languages_worded(*_n_places(scope)), **_values(scope))
            held = [languages for (languages,) in rows]
        else:
            async with self._database.reading() as session:
                found = _passage_languages(scope.platform_id, scope.course_ids, scope.lesson_ids)
                held = list(await session.scalars(found))
        return sorted({language for languages in held for language in languages})


class SqlArtefacts:
    """The port `Artefacts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def transcript(self, platform_id: str, lesson_id: str) -> Transcript | None:
        """As `Artefacts.transcript`."""
        async with self._database.reading() as session:
            row = await session.get(TranscriptRow, (platform_id, lesson_id))
            return Transcript(row.lesson_id, row.language, row.source, row.cues, row.report) if row else None

    async def speech_reports(self, platform_id: str, course_id: str = "") -> dict[str, SpeechReport]:
        """As `Artefacts.speech_reports`."""
        found = (
            select(TranscriptRow.lesson_id, TranscriptRow.report)
            .join(
                LessonRow,
                (LessonRow.platform_id == TranscriptRow.platform_id)
                & (LessonRow.lesson_id == TranscriptRow.lesson_id),
            )
            .where(TranscriptRow.platform_id == platform_id, TranscriptRow.report.is_not(None))
        )
        if course_id:
            found = found.where(LessonRow.course_id == course_id)
        async with self._database.reading() as session:
            return {lesson_id: report for lesson_id, report in await session.execute(found) if report}

    async def holdings(self, platform_id: str, course_id: str = "") -> list[Holding]:
        """As `Artefacts.holdings`: one statement, and no transcript is read for it."""

        def mine(row: Any) -> Any:
            return (row.platform_id == LessonRow.platform_id) & (row.lesson_id == LessonRow.lesson_id)

        n_chapters = (
            select(func.count())
            .select_from(ChapterRow)
            .where(mine(ChapterRow))
            .correlate(LessonRow)
            .scalar_subquery()
        )
        spoken = select(TranscriptRow.lesson_id).where(mine(TranscriptRow)).correlate(LessonRow).exists()
        found = (
            select(
                *(LessonRow.course_id, LessonRow.lesson_id, LessonRow.media),
                *(spoken, n_chapters, PreparedRow.prepared),
            )
            .join(PreparedRow, mine(PreparedRow), isouter=True)
            .where(LessonRow.platform_id == platform_id)
            .order_by(LessonRow.course_id, LessonRow.position, LessonRow.lesson_id)
        )
        if course_id:
            found = found.where(LessonRow.course_id == course_id)
        async with self._database.reading() as session:
            return [_holding(*row) for row in await session.execute(found)]

    async def prepared(self, platform_id: str, lesson_id: str) -> Prepared | None:
        """As `Artefacts.prepared`."""
        async with self._database.reading() as session:
            row = await session.get(PreparedRow, (platform_id, lesson_id))
            return row.prepared if row else None

    async def course_summary(self, platform_id: str, course_id: str) -> CourseSummary | None:
        """As `Artefacts.course_summary`."""
        async with self._database.reading() as session:
            row = await session.get(CourseSummaryRow, (platform_id, course_id))
            return row.summary if row else None

    async def prepared_of_course(self, platform_id: str, course_id: str) -> list[Prepared]:
        """As `Artefacts.prepared_of_course`."""
        found = (
            select(PreparedRow.prepared)
            .join(
                LessonRow,
                (LessonRow.platform_id == PreparedRow.platform_id)
                & (LessonRow.lesson_id == PreparedRow.lesson_id),
            )
            .where(LessonRow.platform_id == platform_id, LessonRow.course_id == course_id)
            .order_by(LessonRow.position, LessonRow.lesson_id)
        )
        async with self._database.reading() as session:
            return list(await session.scalars(found))


_Id = str | BindParameter[str]


def _live(platform_id: _Id, course_ids: Sequence[_Id], lesson_ids: Sequence[_Id]) -> Select[Any]:
    course = _read_off(LessonRow.course_id) if lesson_ids else LessonRow.course_id
    found: Any = (
        select(LessonRow.course_id, LessonRow.lesson_id, LessonRow.build_id, LessonRow.passage_languages)
        .where(LessonRow.platform_id == platform_id)
        .order_by(course, LessonRow.position, LessonRow.lesson_id)
    )
    if course_ids:
        found = found.where(LessonRow.course_id.in_(course_ids))
    chosen: Select[Any] = found.where(LessonRow.lesson_id.in_(lesson_ids)) if lesson_ids else found
    return chosen


def _read_off(column: Any) -> Any:
    """The column as no index has it.

    Else SQLite walks the index of the whole platform for the sake of its order, where a few rows are meant.
    """
    return type_coerce(func.coalesce(column, ""), column.type)


def _passage_languages(platform_id: _Id, course_ids: Sequence[_Id], lesson_ids: Sequence[_Id]) -> Select[Any]:
    """The different sets of languages that a lesson in scope has.

    Over a whole platform each is looked up by the one before it, in the index: a few steps, where DISTINCT
    would read every lesson (https://wiki.postgresql.org/wiki/Loose_indexscan).
    """
    languages = LessonRow.passage_languages
    of_platform = LessonRow.platform_id == platform_id
    if course_ids or lesson_ids:
        found = select(_read_off(languages)).where(of_platform).distinct()
        if course_ids:
            found = found.where(LessonRow.course_id.in_(course_ids))
        return found.where(LessonRow.lesson_id.in_(lesson_ids)) if lesson_ids else found
    seen = select(func.min(languages).label("held")).where(of_platform).cte("seen", recursive=True)
    following = select(func.min(languages)).where(of_platform, languages > seen.c.held).scalar_subquery()
    seen = seen.union_all(select(following).where(seen.c.held.is_not(None)))
    return select(type_coerce(seen.c.held, Frozen())).where(seen.c.held.is_not(None))


_MOST_WORDED = 64
"""Courses and lessons of a scope up to which its statement is kept, compiled."""


def _n_places(scope: Scope) -> tuple[int, int]:
    """For courses and for lessons: powers of two, so that few statements are compiled."""
    n_courses, n_lessons = (
        1 << (len(ids) - 1).bit_length() if ids else 0 for ids in (scope.course_ids, scope.lesson_ids)
    )
    return n_courses, n_lessons


def _places(kind: str, n: int) -> list[_Id]:
    return [bindparam(f"{kind}_{i}", type_=String) for i in range(n)]


def _values(scope: Scope) -> dict[str, str]:
    """What the statements of a scope of this size are given; the last id fills the places that are left."""
    n_courses, n_lessons = _n_places(scope)
    values = {"of_platform": scope.platform_id}
    values |= {f"course_{i}": scope.course_ids[min(i, len(scope.course_ids) - 1)] for i in range(n_courses)}
    values |= {f"lesson_{i}": scope.lesson_ids[min(i, len(scope.lesson_ids) - 1)] for i in range(n_lessons)}
    return values


@lru_cache(maxsize=512)
def _live_worded(n_courses: int, n_lessons: int) -> Worded:
    places = _places("course", n_courses), _places("lesson", n_lessons)
    return Worded(lambda _: _live(_OF_PLATFORM, *places))


@lru_cache(maxsize=512)
def _languages_worded(n_courses: int, n_lessons: int) -> Worded:
    places = _places("course", n_courses), _places("lesson", n_lessons)
    return Worded(lambda _: _passage_languages(_OF_PLATFORM, *places))


_OF_PLATFORM = bindparam("of_platform", type_=String)
_COURSE_COLUMNS = (
    *(CourseRow.platform_id, CourseRow.course_id, CourseRow.title, CourseRow.language),
    *(CourseRow.description, CourseRow.tags, CourseRow.level, CourseRow.prerequisites, CourseRow.glossary),
    CourseRow.published_at,
)
"""In the order of `Course`."""
_COURSE = Worded(
    lambda _: select(*_COURSE_COLUMNS).where(
        CourseRow.platform_id == _OF_PLATFORM, CourseRow.course_id == bindparam("of_course", type_=String)
    )
)
_LESSON_COLUMNS = (
    *(LessonRow.platform_id, LessonRow.course_id, LessonRow.lesson_id, LessonRow.title, LessonRow.position),
    *(LessonRow.language, LessonRow.duration_s, LessonRow.media, LessonRow.build_id),
)
_CHAPTER_COLUMNS = (ChapterRow.start_s, ChapterRow.end_s, ChapterRow.title, ChapterRow.origin)
"""In the order of `Lesson` and of `Chapter`."""
# Joined: one statement sees one version of a lesson while another is published.
_LESSON = Worded(
    lambda _: (
        select(*_LESSON_COLUMNS, *_CHAPTER_COLUMNS)
        .join(
            ChapterRow,
            (ChapterRow.platform_id == LessonRow.platform_id) & (ChapterRow.lesson_id == LessonRow.lesson_id),
            isouter=True,
        )
        .where(
            LessonRow.platform_id == _OF_PLATFORM, LessonRow.lesson_id == bindparam("of_lesson", type_=String)
        )
        .order_by(ChapterRow.ordinal)
    )
)


def _holding(
    course_id: str, lesson_id: str, media: str, spoken: bool, n_chapters: int, prepared: Prepared | None
) -> Holding:
    n_summary, n_quiz = (len(prepared.summary), len(prepared.quiz)) if prepared else (0, 0)
    return Holding(course_id, lesson_id, media, spoken, n_chapters, n_summary, n_quiz)


def _course(row: CourseRow) -> Course:
    return Course(
        row.platform_id,
        row.course_id,
        row.title,
        row.language,
        row.description,
        row.tags,
        row.level,
        row.prerequisites,
        row.glossary,
        row.published_at,
    )


def _lesson(row: LessonRow) -> Lesson:
    return Lesson(
        row.platform_id,
        row.course_id,
        row.lesson_id,
        row.title,
        row.position,
        row.language,
        row.duration_s,
        row.media,
        row.build_id,
        tuple(Chapter(part.start_s, part.end_s, part.title, part.origin) for part in row.chapters),
    )
