"""GET /v1/lessons: a lesson and what was prepared for it; artefacts carry the build as their `ETag`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path
from starlette.responses import Response

from baize.api.auth import ReadingCaller
from baize.api.cached import cached
from baize.api.catalog_wire import (
    ChaptersBody,
    LessonBody,
    TranscriptBody,
    chapters_body,
    lesson_body,
    transcript_body,
)
from baize.api.depends import CurrentHouse
from baize.api.encoding import encode
from baize.api.openapi import problems
from baize.api.requests import ID_REGEX
from baize.domain.course import Lesson
from baize.domain.library import Transcript
from baize.errors import NotFound
from baize.services import export

router = APIRouter(prefix="/lessons/{lesson_id}", tags=["catalogue"])

_JSON = "application/json"
_VTT = "text/vtt"
CACHED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Not changed since the `ETag` in `If-None-Match`."},
    **problems(401, 403, 404, 422),
}
_CACHED_VTT: dict[int | str, dict[str, Any]] = {
    200: {"description": "WebVTT, for `<track>`.", "content": {_VTT: {"schema": {"type": "string"}}}},
    **CACHED,
}

IfNoneMatch = Annotated[str, Header()]


async def _lesson(
    lesson_id: Annotated[str, Path(pattern=ID_REGEX)], caller: ReadingCaller, house: CurrentHouse
) -> Lesson:
    """
    Raises:
        NotFound: no such lesson on the caller's platform.
    """
    found = await house.catalog.lesson(caller.platform_id, lesson_id)
    if found is None:
        raise NotFound(f"There is no lesson {lesson_id!r}.", remedy="GET /v1/courses/{id} lists them.")
    return found


CurrentLesson = Annotated[Lesson, Depends(_lesson)]


async def _transcript(lesson: CurrentLesson, house: CurrentHouse) -> Transcript:
    """
    Raises:
        NotFound: the lesson has no speech.
    """
    found = await house.artefacts.transcript(lesson.platform_id, lesson.id)
    if found is None:
        raise NotFound(f"The lesson {lesson.id!r} has no transcript.", remedy="It has only documents.")
    return found


CurrentTranscript = Annotated[Transcript, Depends(_transcript)]


@router.get("", summary="A lesson", responses=CACHED, response_model=LessonBody)
async def lesson(lesson: CurrentLesson, if_none_match: IfNoneMatch = "") -> Response:
    """One published lesson."""
    return _artefact(encode(lesson_body(lesson)), _JSON, lesson, if_none_match)


@router.get("/chapters", summary="Chapters of a lesson", responses=CACHED, response_model=ChaptersBody)
async def chapters(lesson: CurrentLesson, if_none_match: IfNoneMatch = "") -> Response:
    """The outline; empty where there is none."""
    return _artefact(encode(chapters_body(lesson)), _JSON, lesson, if_none_match)


@router.get("/chapters.vtt", summary="Chapters as WebVTT", responses=_CACHED_VTT, response_class=Response)
async def chapters_vtt(lesson: CurrentLesson, if_none_match: IfNoneMatch = "") -> Response:
    """For `<track kind="chapters">`."""
    return _artefact(export.chapters_vtt(lesson.chapters).encode(), _VTT, lesson, if_none_match)


@router.get("/transcript", summary="Transcript of a lesson", responses=CACHED, response_model=TranscriptBody)
async def transcript(
    lesson: CurrentLesson, transcript: CurrentTranscript, if_none_match: IfNoneMatch = ""
) -> Response:
    """The speech of the lesson, cue by cue."""
    return _artefact(encode(transcript_body(transcript)), _JSON, lesson, if_none_match)


@router.get("/transcript.vtt", summary="Transcript as WebVTT", responses=_CACHED_VTT, response_class=Response)
async def transcript_vtt(
    lesson: CurrentLesson, transcript: CurrentTranscript, if_none_match: IfNoneMatch = ""
) -> Response:
    """For `<track kind="subtitles">`."""
    return _artefact(export.cues_vtt(transcript.cues).encode(), _VTT, lesson, if_none_match)


def _artefact(body: bytes, media_type: str, lesson: Lesson, if_none_match: str) -> Response:
    """The body, or 304 when the caller has this build of the lesson already."""
    return cached(body, media_type, lesson.build_id, if_none_match)
