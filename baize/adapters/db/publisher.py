"""The writing side of the catalogue: the port `Publisher` over tables, each method one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from baize.adapters.db.course_rows import erase_lesson_rows, erase_rows
from baize.adapters.db.engine import Database
from baize.adapters.db.models import (
    ChapterRow,
    CourseFolderRow,
    CourseRow,
    CourseSummaryRow,
    ItemStateRow,
    LessonRow,
    PreparedRow,
    TranscriptRow,
)
from baize.adapters.db.upsert import course_values, insert_or_update
from baize.adapters.db.worded import Worded
from baize.domain.artefact import CourseSummary
from baize.domain.course import Course, Lesson
from baize.domain.library import BuiltLesson, ItemState, State
from baize.errors import Conflict, NotFound

_STATE = ("platform_id", "course_id", "item", "state", "stage", "n_chunks", "duration_s", "error")
_RECORD = Worded(
    lambda dialect: insert_or_update(dialect, ItemStateRow, dict.fromkeys((*_STATE, "recorded_at")))
)
"""Six times a lesson."""


class SqlPublisher:
    """The port `Publisher`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put_course(self, course: Course) -> None:
        """Create the course or replace what is known of it; its lessons stay."""
        async with self._database.writing() as session:
            await session.execute(insert_or_update(session, CourseRow, course_values(course)))

    async def publish(self, built: BuiltLesson) -> None:
        """As `Publisher.publish`.

        Raises:
            NotFound: the course was not put first.
            Conflict: another course of the platform has a lesson of this id.
        """
        async with self._database.writing() as session:
            await _hold_course(session, built.lesson)
            await _put_lesson(session, built)
            await _replace_chapters(session, built.lesson)
            await _replace_transcript(session, built)
            await _replace_prepared(session, built)

    async def record(self, state: ItemState) -> None:
        """As `Publisher.record`; the latest call wins, whatever its `at`."""
        values = {name: getattr(state, name) for name in _STATE}
        await self._database.write((_RECORD, values | {"recorded_at": state.at}))

    async def states(self, platform_id: str, course_id: str = "") -> list[ItemState]:
        """States of one course, or of all, by course and item."""
        found = select(ItemStateRow).where(ItemStateRow.platform_id == platform_id)
        if course_id:
            found = found.where(ItemStateRow.course_id == course_id)
        found = found.order_by(ItemStateRow.course_id, ItemStateRow.item)
        async with self._database.reading() as session:
            return [_state(row) for row in await session.scalars(found)]

    async def put_course_summary(self, platform_id: str, summary: CourseSummary) -> None:
        """As `Publisher.put_course_summary`."""
        values = {"platform_id": platform_id, "course_id": summary.course_id, "summary": summary}
        async with self._database.writing() as session:
            await session.execute(insert_or_update(session, CourseSummaryRow, values))

    async def put_folder(self, platform_id: str, course_id: str, folder: str) -> None:
        """As `Publisher.put_folder`."""
        values = {"platform_id": platform_id, "course_id": course_id, "folder": folder}
        async with self._database.writing() as session:
            await session.execute(insert_or_update(session, CourseFolderRow, values))

    async def folder(self, platform_id: str, course_id: str) -> str:
        """As `Publisher.folder`."""
        async with self._database.reading() as session:
            row = await session.get(CourseFolderRow, (platform_id, course_id))
            return row.folder if row else ""

    async def courses_in(self, platform_id: str, folder: str) -> list[str]:
        """As `Publisher.courses_in`."""
        found = (
            select(CourseFolderRow.course_id)
            .where(CourseFolderRow.platform_id == platform_id, CourseFolderRow.folder == folder)
            .order_by(CourseFolderRow.course_id)
        )
        async with self._database.reading() as session:
            return list(await session.scalars(found))

    async def forget(
        self, platform_id: str, course_id: str, lesson_ids: Sequence[str] | None = None
    ) -> list[str]:
        """As `Publisher.forget`, in course order; one that does not exist goes without a word.

        Answers are not touched: a citation keeps the quote that the learner was given.

        Args:
            lesson_ids: only these lessons (or other items that have a state), and the course stays;
                None means all of the course and the course itself.
        """
        of_course = [LessonRow.platform_id == platform_id, LessonRow.course_id == course_id]
        of_states = [ItemStateRow.platform_id == platform_id, ItemStateRow.course_id == course_id]
        if lesson_ids is not None:
            of_course.append(LessonRow.lesson_id.in_(lesson_ids))
            of_states.append(ItemStateRow.item.in_(lesson_ids))
        async with self._database.writing() as session:
            course = await session.get(CourseRow, (platform_id, course_id), with_for_update=True)
            in_order = select(LessonRow.lesson_id).where(*of_course)
            gone = list(await session.scalars(in_order.order_by(LessonRow.position, LessonRow.lesson_id)))
            await session.execute(delete(LessonRow).where(*of_course))
            await session.execute(delete(ItemStateRow).where(*of_states))
            if lesson_ids is None:
                # A lesson that only left its folder keeps its edits and the like: it may come back.
                await erase_rows(session, platform_id, course_id, gone)
            if course is not None and lesson_ids is None:
                await session.delete(course)
        return gone

    async def erase_lesson(self, platform_id: str, course_id: str, lesson_id: str) -> None:
        """As `Publisher.erase_lesson`."""
        async with self._database.writing() as session:
            await erase_lesson_rows(session, platform_id, course_id, lesson_id)


async def _hold_course(session: AsyncSession, lesson: Lesson) -> None:
    """Keeps the course from being forgotten until the transaction ends."""
    held = (
        select(CourseRow.course_id)
        .where(CourseRow.platform_id == lesson.platform_id, CourseRow.course_id == lesson.course_id)
        .with_for_update(read=True, key_share=True)
    )
    if await session.scalar(held) is None:
        raise NotFound(
            f"Course {lesson.course_id} does not exist, so lesson {lesson.id} cannot be published.",
            remedy="Put the course first.",
        )


async def _put_lesson(session: AsyncSession, built: BuiltLesson) -> None:
    lesson = built.lesson
    values = {
        "platform_id": lesson.platform_id,
        "lesson_id": lesson.id,
        "course_id": lesson.course_id,
        "title": lesson.title,
        "position": lesson.position,
        "language": lesson.language,
        "duration_s": lesson.duration_s,
        "media": lesson.media,
        "build_id": lesson.build_id,
        "passage_languages": built.languages,
        "n_chunks": built.n_chunks,
    }
    put = insert_or_update(session, LessonRow, values, same="course_id")
    if await session.scalar(put.returning(LessonRow.lesson_id)) is None:
        raise Conflict(
            f"Lesson {lesson.id} belongs to another course already.",
            remedy="Give it another id, or forget the other course first.",
        )


async def _replace_chapters(session: AsyncSession, lesson: Lesson) -> None:
    await session.execute(
        delete(ChapterRow).where(
            ChapterRow.platform_id == lesson.platform_id, ChapterRow.lesson_id == lesson.id
        )
    )
    rows = [
        {
            "platform_id": lesson.platform_id,
            "lesson_id": lesson.id,
            "ordinal": ordinal,
            "start_s": chapter.start,
            "end_s": chapter.end,
            "title": chapter.title,
            "origin": chapter.origin,
        }
        for ordinal, chapter in enumerate(lesson.chapters)
    ]
    if rows:
        await session.execute(insert(ChapterRow), rows)


async def _replace_transcript(session: AsyncSession, built: BuiltLesson) -> None:
    lesson, transcript = built.lesson, built.transcript
    await session.execute(
        delete(TranscriptRow).where(
            TranscriptRow.platform_id == lesson.platform_id, TranscriptRow.lesson_id == lesson.id
        )
    )
    if transcript is not None:
        row = {
            "platform_id": lesson.platform_id,
            "lesson_id": lesson.id,
            "language": transcript.language,
            "source": transcript.source,
            "cues": transcript.cues,
            "report": transcript.report,
        }
        await session.execute(insert(TranscriptRow), row)


async def _replace_prepared(session: AsyncSession, built: BuiltLesson) -> None:
    lesson = built.lesson
    await session.execute(
        delete(PreparedRow).where(
            PreparedRow.platform_id == lesson.platform_id, PreparedRow.lesson_id == lesson.id
        )
    )
    if built.prepared is not None:
        row = {"platform_id": lesson.platform_id, "lesson_id": lesson.id, "prepared": built.prepared}
        await session.execute(insert(PreparedRow), row)


def _state(row: ItemStateRow) -> ItemState:
    return ItemState(
        row.platform_id,
        row.course_id,
        row.item,
        cast("State", row.state),
        row.stage,
        row.n_chunks,
        row.duration_s,
        row.error,
        row.recorded_at,
    )
