"""GET /v1/lessons: a lesson and what was prepared for it; artefacts carry the build as their `ETag`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path
from starlette.responses import Response

from baize.api.auth import IngestingCaller, ReadingCaller
from baize.api.cached import cached, cached_json
from baize.api.catalog_wire import (
    ChaptersBody,
    ErasedLessonBody,
    LessonBody,
    LessonPut,
    TranscriptBody,
    chapters_body,
    lesson_body,
    put_lesson_record,
    transcript_body,
)
from baize.api.depends import CurrentHouse, CurrentLinks
from baize.api.encoding import encode, json_response
from baize.api.openapi import problems
from baize.api.requests import ID_REGEX
from baize.domain.course import Lesson
from baize.domain.library import Transcript
from baize.errors import NotFound
from baize.services import export
from baize.services.read import no_lesson

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

_PUT: dict[int | str, dict[str, Any]] = {
    201: {"model": LessonBody, "description": "It was not there before."},
    **problems(401, 403, 404, 409, 422, 503),
}

LessonId = Annotated[str, Path(pattern=ID_REGEX)]
IfNoneMatch = Annotated[str, Header()]


async def _lesson(lesson_id: LessonId, caller: ReadingCaller, house: CurrentHouse) -> Lesson:
    """
    Raises:
        NotFound: no such lesson on the caller's platform.
    """
    found = await house.catalog.lesson(caller.platform_id, lesson_id)
    if found is None:
        raise no_lesson(lesson_id)
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
async def lesson(lesson: CurrentLesson, links: CurrentLinks, if_none_match: IfNoneMatch = "") -> Response:
    """One published lesson."""
    return cached_json(lesson_body(lesson, links), if_none_match)


@router.put("", summary="Set the record of a lesson", responses=_PUT, response_model=LessonBody)
async def put(
    lesson_id: LessonId, body: LessonPut, caller: IngestingCaller, house: CurrentHouse, links: CurrentLinks
) -> Response:
    """Its title, place and language; what was read and heard of it stays, and is found under the new title.

    A new lesson has nothing to be found by yet: media and documents come by `POST /v1/ingestions`. Where its
    course is read from a folder, the next ingestion says what the folder does; one that is not there goes.
    """
    platform_id = caller.platform_id
    before = await house.catalog.lesson(platform_id, lesson_id)
    others = await house.catalog.lessons(platform_id, body.course_id)
    await house.docking.put_lesson(put_lesson_record(platform_id, lesson_id, body, before, others))
    found = await _lesson(lesson_id, caller, house)
    return json_response(lesson_body(found, links), status_code=200 if before else 201)


@router.delete(
    "",
    summary="Erase a lesson",
    responses=problems(401, 403, 404, 422, 503),
    response_model=ErasedLessonBody,
)
async def erase(lesson_id: LessonId, caller: IngestingCaller, house: CurrentHouse) -> Response:
    """Every trace of it: index, artefacts, edits, what learners did with it, answers that quote it.

    What was kept of the work on its course and the course's jobs go too, for they do not tell lessons apart;
    the other lessons stay as they are. It returns when the index has rewritten its files, which takes minutes
    in a large library; a call that was cut off is finished by another one. A lesson that is still in the
    course's folder comes back with the next ingestion.
    """
    gone = await house.course_erasure.erase_lesson(caller.platform_id, lesson_id)
    return json_response(
        ErasedLessonBody(
            lesson_id=lesson_id, course_id=gone.course_id, chunks=gone.n_points, answers=gone.n_answers
        )
    )


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
