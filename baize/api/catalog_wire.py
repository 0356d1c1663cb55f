"""What callers get of the catalogue: courses, lessons, chapters, transcripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from baize.api.instants import instant, instant_or_none
from baize.api.links import PlayerLinks
from baize.api.requests import Id, RequestBody, Words
from baize.api.wire import TimeLocator
from baize.domain.catalogue import Provenance
from baize.domain.course import Chapter, Course, Lesson
from baize.domain.edit import cue_id, text_hash
from baize.domain.library import Transcript
from baize.domain.sentences import detect_language
from baize.domain.speech import SpeechReport
from baize.domain.text import Cue
from baize.services.erase import Erased


class SourceBody(BaseModel):
    """A catalogue that describes a course."""

    source_id: str
    external_id: str = Field(description="The course's id there, as it is written there.")
    url: str = Field(description="Its page there; empty where none is given.")
    docked_at: datetime = Field(description="When it first came in.")
    harvested_at: datetime | None = Field(
        description="When the catalogue was last read to its end; null while that is going on."
    )


class CourseBody(BaseModel):
    """One course."""

    id: str
    title: str
    language: str
    description: str
    tags: list[str]
    level: str
    prerequisites: list[str]
    published_at: str = Field(description="The day, 2026-05-31; empty where nobody says it.")
    sources: list[SourceBody] = Field(
        description="Catalogues that it comes from, first the one that describes it; none for a folder's."
    )


def _in_the_calendar(day: str) -> str:
    if day:
        date.fromisoformat(day)
    return day


_Tag = Annotated[Words, Field(min_length=1, max_length=100)]
_Day = Annotated[str, Field(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"), AfterValidator(_in_the_calendar)]


class CoursePut(RequestBody):
    """The record of a course."""

    title: Words = Field(min_length=1, max_length=500)
    language: str = Field("", pattern=r"^([a-z]{2})?$")
    """ISO 639-1; found from the words where it is left out."""
    description: Words = Field("", max_length=20_000)
    tags: list[_Tag] = Field([], max_length=50)
    level: Literal["", "beginner", "intermediate", "advanced"] = ""
    prerequisites: list[Id] = Field([], max_length=50)
    published_at: _Day = ""
    url: str = Field("", max_length=2_000, pattern=r"^(https?://[^\s\x00]+)?$")
    """The course's page on the platform."""


class LessonPut(RequestBody):
    """What a catalogue says of a lesson."""

    course_id: Id
    """A lesson stays in its course."""
    title: Words = Field(min_length=1, max_length=500)
    position: int | None = Field(None, ge=1, le=100_000)
    """Place in the course, from 1; left out, the lesson keeps its own, and a new one comes last."""
    language: str = Field("", pattern=r"^([a-z]{2})?$")
    """ISO 639-1; left out, the lesson keeps its own, and a new one's is found from the title."""


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
    url: str | None = Field(description="Into the platform's player; null when none is configured.")
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

    id: str = Field(description="Names the line in an edit; the same for as long as it stands there.")
    hash: str = Field(description="Of the text: an edit's `base_hash`.")
    origin: Literal["source", "person"] = Field(description="`person`: a course team corrected it.")
    text: str
    locator: TimeLocator


class MarkedBody(BaseModel):
    """Somebody seems to speak here, and no text could be trusted."""

    reason: str
    locator: TimeLocator


class DroppedBody(BaseModel):
    """Pieces of text that were kept out for one reason."""

    reason: str
    n: int


class SpeechReportBody(BaseModel):
    """How well a transcript was heard."""

    language: str
    heard_s: float = Field(description="Seconds of sound.")
    speech_s: float = Field(description="Seconds within cues.")
    gaps: list[TimeLocator] = Field(description="Stretches of 5 s and more without a cue.")
    mean_logprob: float | None = Field(description="Of the words, by their seconds; null where unknown.")
    n_reruns: int = Field(description="Stretches that were listened to again with other options.")
    dropped: list[DroppedBody]
    marked: list[MarkedBody]
    doubtful: bool = Field(description="Whether a person should listen to it.")


class TranscriptBody(BaseModel):
    """The speech of a lesson."""

    lesson_id: str
    language: str
    source: str = Field(description="The subtitle file or the speech engine that it comes from.")
    cues: list[CueBody]
    report: SpeechReportBody | None = Field(description="How well it was heard; null for subtitles.")


class ErasedLessonBody(BaseModel):
    """What went."""

    lesson_id: str
    course_id: str
    chunks: int = Field(description="Passages in the index.")
    answers: int = Field(description="Answers that quoted it.")


class ErasedCourseBody(BaseModel):
    """What went."""

    course_id: str
    lessons: int
    chunks: int = Field(description="Passages in the index.")
    answers: int = Field(description="Answers that quoted it.")


def erased_course(erased: Erased) -> ErasedCourseBody:
    return ErasedCourseBody(
        course_id=erased.course_id,
        lessons=erased.n_lessons,
        chunks=erased.n_points,
        answers=erased.n_answers,
    )


def put_record(platform_id: str, course_id: str, body: CoursePut, before: Course | None) -> Course:
    """The course of this record; the glossary is no part of it and stays."""
    return Course(
        platform_id,
        course_id,
        body.title,
        body.language or detect_language(f"{body.title} {body.description}"),
        body.description,
        tuple(body.tags),
        body.level,
        tuple(body.prerequisites),
        before.glossary if before else (),
        body.published_at,
    )


def put_lesson_record(
    platform_id: str, lesson_id: str, body: LessonPut, before: Lesson | None, others: Sequence[Lesson]
) -> Lesson:
    """The lesson of this record; a new one has no media and nothing that was read."""
    if before is not None:
        return replace(
            before,
            course_id=body.course_id,
            title=body.title,
            position=body.position or before.position,
            language=body.language or before.language,
        )
    last = max((lesson.position for lesson in others), default=0)
    language = body.language or detect_language(body.title)
    return Lesson(
        platform_id, body.course_id, lesson_id, body.title, body.position or last + 1, language, None, "", ""
    )


def course_body(course: Course, sources: Sequence[Provenance] = ()) -> CourseBody:
    return CourseBody(
        id=course.id,
        title=course.title,
        language=course.language,
        description=course.description,
        tags=list(course.tags),
        level=course.level,
        prerequisites=list(course.prerequisites),
        published_at=course.published_at,
        sources=[_source(source) for source in sources],
    )


def _source(source: Provenance) -> SourceBody:
    card = source.card
    return SourceBody(
        source_id=card.source_id,
        external_id=card.external_id,
        url=card.url,
        docked_at=instant(card.docked_at),
        harvested_at=instant_or_none(source.harvested_at),
    )


def course_detail(
    course: Course, lessons: list[Lesson], sources: Sequence[Provenance], links: PlayerLinks
) -> CourseDetail:
    return CourseDetail(
        **course_body(course, sources).model_dump(),
        lessons=[lesson_body(lesson, links) for lesson in lessons],
    )


def lesson_body(lesson: Lesson, links: PlayerLinks) -> LessonBody:
    """`url` leads to the start; a template that wants a second has none for a lesson of documents only."""
    span = None if lesson.duration_s is None else (0.0, lesson.duration_s)
    return LessonBody(
        id=lesson.id,
        course_id=lesson.course_id,
        title=lesson.title,
        position=lesson.position,
        language=lesson.language,
        duration_s=lesson.duration_s,
        media=lesson.media or None,
        url=links.url_of(lesson.platform_id, lesson.course_id, lesson.id, span),
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
        report=_report_body(transcript.report) if transcript.report else None,
    )


def _report_body(report: SpeechReport) -> SpeechReportBody:
    return SpeechReportBody(
        language=report.language,
        heard_s=report.heard_s,
        speech_s=report.speech_s,
        gaps=[_time(gap.start, gap.end) for gap in report.gaps],
        mean_logprob=report.mean_logprob,
        n_reruns=report.n_reruns,
        dropped=[DroppedBody(reason=reason, n=n) for reason, n in report.dropped],
        marked=[
            MarkedBody(reason=span.reason, locator=_time(span.start, span.end)) for span in report.marked
        ],
        doubtful=report.doubtful,
    )


def _cue_body(cue: Cue) -> CueBody:
    return CueBody(
        id=cue_id(cue),
        hash=text_hash(cue.text),
        origin="person" if cue.by_person else "source",
        text=cue.text,
        locator=_time(cue.start, cue.end),
    )


def _time(start: float, end: float) -> TimeLocator:
    return TimeLocator(kind="time", start=round(start, 3), end=round(end, 3))
