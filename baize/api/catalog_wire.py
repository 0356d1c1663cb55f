"""What callers get of the catalogue: courses, lessons, chapters, transcripts."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from baize.api.wire import TimeLocator
from baize.domain.course import Chapter, Course, Lesson
from baize.domain.library import Transcript
from baize.domain.text import Cue


class CourseBody(BaseModel):
    """One course."""

    id: str
    title: str
    language: str
    description: str
    tags: list[str]
    level: str
    prerequisites: list[str]


class CoursePage(BaseModel):
    """Some courses, by id."""

    items: list[CourseBody]
    next_cursor: str | None = Field(description="Pass it as `cursor` for what follows; null at the end.")


class LessonBody(BaseModel):
    """One published lesson."""

    id: str
    course_id: str
    title: str
    position: int = Field(description="Place in the course, from 1.")
    language: str
    duration_s: float | None = Field(description="Of the media; null for a lesson of documents only.")
    media: str | None = Field(description="Path of the video or audio inside the course folder.")
    version: str = Field(description="Changes whenever anything of the lesson does.")


class CourseDetail(CourseBody):
    """One course with its published lessons, in order."""

    lessons: list[LessonBody]


class ChapterBody(BaseModel):
    """A part of a lesson."""

    title: str
    origin: Literal["person", "model"]
    locator: TimeLocator


class ChaptersBody(BaseModel):
    """The outline of a lesson."""

    lesson_id: str
    chapters: list[ChapterBody]


class CueBody(BaseModel):
    """A timed piece of speech, verbatim."""

    text: str
    locator: TimeLocator


class TranscriptBody(BaseModel):
    """The speech of a lesson."""

    lesson_id: str
    language: str
    source: str = Field(description="The subtitle file or the speech engine that it comes from.")
    cues: list[CueBody]


def course_body(course: Course) -> CourseBody:
    return CourseBody(
        id=course.id,
        title=course.title,
        language=course.language,
        description=course.description,
        tags=list(course.tags),
        level=course.level,
        prerequisites=list(course.prerequisites),
    )


def course_detail(course: Course, lessons: list[Lesson]) -> CourseDetail:
    return CourseDetail(
        **course_body(course).model_dump(), lessons=[lesson_body(lesson) for lesson in lessons]
    )


def lesson_body(lesson: Lesson) -> LessonBody:
    return LessonBody(
        id=lesson.id,
        course_id=lesson.course_id,
        title=lesson.title,
        position=lesson.position,
        language=lesson.language,
        duration_s=lesson.duration_s,
        media=lesson.media or None,
        version=lesson.build_id,
    )


def chapters_body(lesson: Lesson) -> ChaptersBody:
    return ChaptersBody(lesson_id=lesson.id, chapters=[_chapter_body(chapter) for chapter in lesson.chapters])


def _chapter_body(chapter: Chapter) -> ChapterBody:
    origin: Literal["person", "model"] = "person" if chapter.origin == "person" else "model"
    return ChapterBody(title=chapter.title, origin=origin, locator=_time(chapter.start, chapter.end))


def transcript_body(transcript: Transcript) -> TranscriptBody:
    return TranscriptBody(
        lesson_id=transcript.lesson_id,
        language=transcript.language,
        source=transcript.source,
        cues=[_cue_body(cue) for cue in transcript.cues],
    )


def _cue_body(cue: Cue) -> CueBody:
    return CueBody(text=cue.text, locator=_time(cue.start, cue.end))


def _time(start: float, end: float) -> TimeLocator:
    return TimeLocator(kind="time", start=round(start, 3), end=round(end, 3))
