"""/v1/ingestions: courses into the library, as durable jobs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query
from starlette.responses import Response

from baize.api.auth import IngestingCaller
from baize.api.depends import CurrentHouse
from baize.api.encoding import json_response
from baize.api.ingestion_wire import (
    IngestionBody,
    IngestionPage,
    IngestionRequest,
    ingestion_body,
    ingestion_summary,
)
from baize.api.openapi import problems
from baize.api.requests import ID_REGEX
from baize.errors import InvalidInput

router = APIRouter(prefix="/ingestions", tags=["ingestion"])

JobId = Annotated[str, Path(pattern=ID_REGEX)]
IdempotencyKey = Annotated[
    str, Header(max_length=255, description="The same key with the same body is the same job.")
]


@router.post(
    "",
    summary="Ingest a course",
    status_code=202,
    responses=problems(401, 403, 404, 409, 422, 503),
    response_model=IngestionBody,
)
async def submit(
    asked: IngestionRequest,
    caller: IngestingCaller,
    house: CurrentHouse,
    idempotency_key: IdempotencyKey = "",
) -> Response:
    """Queue a course. It returns at once; `GET /v1/ingestions/{id}` tells how far it came."""
    job_id = await house.ingestions.submit(
        caller.platform_id,
        path=asked.path,
        course_id=asked.course_id,
        lesson_ids=tuple(asked.lesson_ids),
        priority=asked.priority,
        key=idempotency_key,
    )
    found = await house.ingestions.status(caller.platform_id, job_id)
    return json_response(
        ingestion_body(found), status_code=202, headers={"Location": f"/v1/ingestions/{job_id}"}
    )


@router.get("", summary="Ingestions", responses=problems(401, 403, 422, 503), response_model=IngestionPage)
async def ingestions(
    caller: IngestingCaller,
    house: CurrentHouse,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str, Query(max_length=9, description="`next_cursor` of the page before.")] = "",
) -> Response:
    """Jobs of the platform, newest first."""
    if cursor and not (cursor.isascii() and cursor.isdecimal()):
        raise InvalidInput("The cursor is not valid.", remedy="Pass `next_cursor` as it came.")
    offset = int(cursor or 0)
    found = await house.jobs.list(caller.platform_id, limit=limit + 1, offset=offset)
    following = str(offset + limit) if len(found) > limit else None
    return json_response(
        IngestionPage(items=[ingestion_summary(job) for job in found[:limit]], next_cursor=following)
    )


@router.get(
    "/{job_id}",
    summary="How far an ingestion came",
    responses=problems(401, 403, 404, 422, 503),
    response_model=IngestionBody,
)
async def ingestion(job_id: JobId, caller: IngestingCaller, house: CurrentHouse) -> Response:
    """State, stages, lessons, progress and the time that is left."""
    return json_response(ingestion_body(await house.ingestions.status(caller.platform_id, job_id)))


@router.delete(
    "/{job_id}",
    summary="Cancel an ingestion",
    responses=problems(401, 403, 404, 422, 503),
    response_model=IngestionBody,
)
async def cancel(job_id: JobId, caller: IngestingCaller, house: CurrentHouse) -> Response:
    """Stop it. Lessons that are published stay as they are."""
    return json_response(ingestion_body(await house.ingestions.cancel(caller.platform_id, job_id)))
