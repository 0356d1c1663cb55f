"""What exists, as readers see it: the ports `Catalog` and `Artefacts` over tables."""

from __future__ import annotations

from sqlalchemy import select

from baize.adapters.db.engine import Database
from baize.adapters.db.models import CourseRow, LessonRow, PreparedRow, TranscriptRow
from baize.domain.artefact import Prepared
from baize.domain.course import Chapter, Course, Lesson
from baize.domain.library import LiveLesson, Transcript
from baize.domain.search import Scope
from baize.domain.speech import SpeechReport


class SqlCatalog:
    """The port `Catalog`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def courses(self, platform_id: str) -> list[Course]:
        """As `Catalog.courses`."""
        found = select(CourseRow).where(CourseRow.platform_id == platform_id).order_by(CourseRow.course_id)
        async with self._database.reading() as session:
            return [_course(row) for row in await session.scalars(found)]

    async def course(self, platform_id: str, course_id: str) -> Course | None:
        """As `Catalog.course`."""
        async with self._database.reading() as session:
            row = await session.get(CourseRow, (platform_id, course_id))
            return _course(row) if row else None

    async def lessons(self, platform_id: str, course_id: str) -> list[Lesson]:
        """As `Catalog.lessons`; lessons of one position by id."""
        found = (
            select(LessonRow)
            .where(LessonRow.platform_id == platform_id, LessonRow.course_id == course_id)
            .order_by(LessonRow.position, LessonRow.lesson_id)
        )
        async with self._database.reading() as session:
            return [_lesson(row) for row in (await session.scalars(found)).unique()]

    async def lesson(self, platform_id: str, lesson_id: str) -> Lesson | None:
        """As `Catalog.lesson`."""
        async with self._database.reading() as session:
            row = await session.get(LessonRow, (platform_id, lesson_id))
            return _lesson(row) if row else None

    async def live(self, scope: Scope) -> list[LiveLesson]:
        """As `Catalog.live`, by course, position and id.

        Platform, courses and lessons choose the lessons. `up_to`, `languages` and `build_ids` choose among
        the passages of a lesson; they are the index's filters and change nothing here.
        """
        found = (
            select(LessonRow.course_id, LessonRow.lesson_id, LessonRow.build_id, LessonRow.passage_languages)
            .where(LessonRow.platform_id == scope.platform_id)
            .order_by(LessonRow.course_id, LessonRow.position, LessonRow.lesson_id)
        )
        if scope.course_ids:
            found = found.where(LessonRow.course_id.in_(scope.course_ids))
        if scope.lesson_ids:
            found = found.where(LessonRow.lesson_id.in_(scope.lesson_ids))
        async with self._database.reading() as session:
            return [LiveLesson(*row) for row in await session.execute(found)]


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

    async def prepared(self, platform_id: str, lesson_id: str) -> Prepared | None:
        """As `Artefacts.prepared`."""
        async with self._database.reading() as session:
            row = await session.get(PreparedRow, (platform_id, lesson_id))
            return row.prepared if row else None

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
