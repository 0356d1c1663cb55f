"""GET /v1/courses: the catalogue."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from baize.api.auth import IngestingCaller, ReadingCaller, TeachingCaller
from baize.api.catalog_wire import (
    CourseDetail,
    CoursePage,
    CoursePut,
    ErasedCourseBody,
    course_body,
    course_detail,
    erased_course,
    put_record,
)
from baize.api.depends import CurrentHouse, CurrentLinks
from baize.api.edit_wire import FaqAccepted
from baize.api.encoding import json_response
from baize.api.openapi import problems
from baize.api.requests import ID_REGEX
from baize.errors import InvalidInput, NotFound
from baize.services.provenance import provenance
from baize.services.read import no_course

router = APIRouter(prefix="/courses", tags=["catalogue"])

_PUT: dict[int | str, dict[str, Any]] = {
    201: {"model": CourseDetail, "description": "It was not there before."},
    **problems(401, 403, 422, 503),
}


@router.get("", summary="Courses", responses=problems(401, 403, 422), response_model=CoursePage)
async def courses(
    caller: ReadingCaller,
    house: CurrentHouse,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str, Query(max_length=1024, description="`next_cursor` of the page before.")] = "",
) -> Response:
    """All courses of the platform, by id."""
    # One more than asked for tells whether something follows.
    left = await house.catalog.page(
        caller.platform_id,
        after=_course_after(cursor),
        limit=limit + 1,
        course_ids=caller.courses or None,
    )
    page = left[:limit]
    following = _cursor(page[-1].id) if len(left) > limit else None
    sources = await provenance(caller.platform_id, [course.id for course in page], house.cards)
    items = [course_body(course, sources.get(course.id, ())) for course in page]
    return json_response(CoursePage(items=items, next_cursor=following))


@router.get(
    "/{course_id}",
    summary="A course with its lessons",
    responses=problems(401, 403, 404, 422),
    response_model=CourseDetail,
)
async def course(
    course_id: Annotated[str, Path(pattern=ID_REGEX)],
    caller: ReadingCaller,
    house: CurrentHouse,
    links: CurrentLinks,
) -> Response:
    """The course and its published lessons, in order."""
    found = await house.catalog.course(caller.platform_id, course_id)
    if found is None:
        raise no_course(course_id)
    lessons = await house.catalog.lessons(caller.platform_id, course_id)
    sources = await provenance(caller.platform_id, [course_id], house.cards)
    return json_response(course_detail(found, lessons, sources.get(course_id, ()), links))


@router.put(
    "/{course_id}",
    summary="Set the record of a course",
    responses=_PUT,
    response_model=CourseDetail,
)
async def put(
    course_id: Annotated[str, Path(pattern=ID_REGEX)],
    body: CoursePut,
    caller: IngestingCaller,
    house: CurrentHouse,
    links: CurrentLinks,
) -> Response:
    """It can be searched and recommended at once; media and documents come by `POST /v1/ingestions`.

    What is left out of the body is empty afterwards. A course that is read from a folder gets the record of
    its `course.yaml` again when it is next ingested. Many courses are docked quicker as a catalogue file.
    """
    before = await house.catalog.course(caller.platform_id, course_id)
    await house.docking.put(put_record(caller.platform_id, course_id, body, before), body.url)
    reply = await course(course_id, caller, house, links)
    reply.status_code = 200 if before else 201
    return reply


@router.put(
    "/{course_id}/faq",
    summary="Upload a FAQ",
    status_code=202,
    responses=problems(401, 403, 404, 413, 422, 503),
    response_model=FaqAccepted,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/x-ndjson": {
                    "schema": {"type": "string"},
                    "example": '{"id": "refund", "question": "可以退费吗？", "answer": "七天内可以。"}',
                }
            },
        }
    },
)
async def put_faq(
    course_id: Annotated[str, Path(pattern=ID_REGEX)],
    request: Request,
    caller: TeachingCaller,
    house: CurrentHouse,
) -> Response:
    """JSON Lines as in a course's `faq.jsonl`: `question`, `answer`, perhaps `id`. UTF-8, 2 MB.

    `POST /v1/support` quotes it as soon as a worker is free, before any other job. It is kept over every
    re-ingest, and stands in place of the folder's own; `DELETE /v1/lessons/{course_id}~faq` erases it.
    """
    if await house.catalog.course(caller.platform_id, course_id) is None:
        raise NotFound(f"There is no course {course_id!r}.", remedy="PUT /v1/courses/{id} makes it.")
    try:
        text = (await request.body()).decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        raise InvalidInput("The body is no UTF-8.", remedy="Save the file as UTF-8.") from cause
    job_id, n_entries = await house.editing.put_faq(caller.platform_id, course_id, text, caller.learner_id)
    return json_response(
        FaqAccepted(ingestion_id=job_id, n_entries=n_entries),
        {"Location": f"/v1/ingestions/{job_id}"},
        status_code=202,
    )


@router.delete(
    "/{course_id}",
    summary="Erase a course",
    responses=problems(401, 403, 404, 422, 503),
    response_model=ErasedCourseBody,
)
async def erase(
    course_id: Annotated[str, Path(pattern=ID_REGEX)], caller: IngestingCaller, house: CurrentHouse
) -> Response:
    """Every trace of it: lessons, index, edits, jobs, what was kept of the work on it, answers that quote it.

    It returns when the index has rewritten its files without the course, which takes minutes in a large
    library; a call that was cut off is finished by another one. Sums of usage stay, booked on no course.
    Backups keep what they have until they are overwritten.
    """
    return json_response(erased_course(await house.course_erasure.erase(caller.platform_id, course_id)))


def _cursor(course_id: str) -> str:
    return base64.urlsafe_b64encode(course_id.encode()).decode()


def _course_after(cursor: str) -> str:
    """The id that a cursor stands behind; empty for none.

    Raises:
        InvalidInput: it is none of our cursors.
    """
    try:
        return base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError) as cause:
        raise InvalidInput("The cursor is not valid.", remedy="Pass `next_cursor` as it came.") from cause
