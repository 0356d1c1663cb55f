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
from baize.api.paging import Cursor, offset_of, page_of
from baize.api.requests import ID_REGEX

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
    cursor: Cursor = "",
) -> Response:
    """Jobs of the platform, newest first."""
    offset = offset_of(cursor)
    found = await house.jobs.list(caller.platform_id, limit=limit + 1, offset=offset)
    jobs, following = page_of(found, limit, offset)
    return json_response(IngestionPage(items=[ingestion_summary(job) for job in jobs], next_cursor=following))


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
