"""What a course team changes in a lesson: kept over every re-ingest."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from baize.api.auth import TeachingCaller
from baize.api.depends import CurrentHouse
from baize.api.edit_wire import (
    ChaptersPut,
    EditAccepted,
    EditsBody,
    KeyPointsPut,
    SummaryPut,
    TranscriptPatch,
    edits_body,
)
from baize.api.encoding import json_response
from baize.api.openapi import problems
from baize.api.routes.lessons import CurrentLesson
from baize.domain.platform import Caller
from baize.services.edit import CueChange

router = APIRouter(prefix="/lessons/{lesson_id}", tags=["edits"])

_ERRORS = problems(401, 403, 404, 409, 422, 503)


@router.patch(
    "/transcript", summary="Correct the transcript", status_code=202, responses=_ERRORS,
    response_model=EditAccepted,
)  # fmt: skip
async def patch_transcript(
    asked: TranscriptPatch, lesson: CurrentLesson, caller: TeachingCaller, house: CurrentHouse
) -> Response:
    """Index, chapters and citations follow as soon as a worker is free, before any other job."""
    changes = [CueChange(edit.cue_id, edit.base_hash, edit.text) for edit in asked.edits]
    return _accepted(await house.editing.change_cues(lesson, changes, _person(caller)))


@router.put(
    "/chapters", summary="Set the chapters", status_code=202, responses=_ERRORS, response_model=EditAccepted
)
async def put_chapters(
    asked: ChaptersPut, lesson: CurrentLesson, caller: TeachingCaller, house: CurrentHouse
) -> Response:
    """They win over the source's own and over computed ones."""
    chapters = [(chapter.start, chapter.title) for chapter in asked.chapters]
    return _accepted(await house.editing.put_chapters(lesson, chapters, _person(caller)))


@router.put(
    "/summary", summary="Set the summary", status_code=202, responses=_ERRORS, response_model=EditAccepted
)
async def put_summary(
    asked: SummaryPut, lesson: CurrentLesson, caller: TeachingCaller, house: CurrentHouse
) -> Response:
    """A person's lines stand in place of the prepared ones, over every re-ingest."""
    lines = [line.edited() for line in asked.lines]
    return _accepted(await house.editing.put_lines(lesson, "summary", lines, _person(caller)))


@router.put(
    "/key-points", summary="Set the key points", status_code=202, responses=_ERRORS,
    response_model=EditAccepted,
)  # fmt: skip
async def put_key_points(
    asked: KeyPointsPut, lesson: CurrentLesson, caller: TeachingCaller, house: CurrentHouse
) -> Response:
    """As the summary."""
    lines = [line.edited() for line in asked.key_points]
    return _accepted(await house.editing.put_lines(lesson, "key_points", lines, _person(caller)))


@router.get("/edits", summary="Changes of a lesson", responses=_ERRORS, response_model=EditsBody)
async def edits(lesson: CurrentLesson, caller: TeachingCaller, house: CurrentHouse) -> Response:
    """What people changed, and which of it conflicts with the source of today."""
    return json_response(edits_body(lesson.id, await house.edits.of(caller.platform_id, lesson.id)))


def _person(caller: Caller) -> str:
    """Who a learner token speaks for; a platform key speaks for nobody by name."""
    return caller.learner_id or ""


def _accepted(job_id: str) -> Response:
    return json_response(
        EditAccepted(ingestion_id=job_id),
        {"Location": f"/v1/ingestions/{job_id}"},
        status_code=202,
    )
