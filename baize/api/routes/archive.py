"""Lifelong-learning archives: records in from the platform, and a learner's own out."""

from __future__ import annotations

import io
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from baize.api.archive_wire import ImportBody, RecordBody, import_body, record_body
from baize.api.auth import AdminCaller, LearnersCaller, check_owner
from baize.api.depends import CurrentHouse
from baize.api.encoding import json_response
from baize.api.openapi import problems
from baize.api.paging import Cursor, Limit, page_within
from baize.api.requests import ID_REGEX
from baize.errors import InvalidInput
from baize.services.archive_file import Format

router = APIRouter(prefix="/learners", tags=["learners"])

LearnerId = Annotated[str, Path(pattern=ID_REGEX)]
_FORMATS: dict[str, Format] = {
    "text/csv": "csv",
    "application/json": "json",
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
}
_TEXT = {"schema": {"type": "string"}}


@router.post(
    "/import",
    summary="Take in records of completed courses",
    responses=problems(401, 403, 413, 422, 503),
    response_model=ImportBody,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "text/csv": _TEXT,
                "application/x-ndjson": _TEXT,
                "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
            },
        }
    },
)
async def take(request: Request, caller: AdminCaller, house: CurrentHouse) -> Response:
    """CSV with a header, JSON or JSON Lines: `learner_id`, `course_id`, `completed_at`, and as far as there
    are any `title`, `credits`, `certificate`, `issuer`, `record_id`; or xAPI statements (completed, passed,
    satisfied). UTF-8, 16 MB. Good lines are kept, every other one is told; sent again, nothing changes.
    """
    form = _FORMATS.get(request.headers.get("content-type", "").partition(";")[0].strip().lower())
    if form is None:
        raise InvalidInput("The content type is none that is read.", remedy=f"Use {', '.join(_FORMATS)}.")
    try:
        text = (await request.body()).decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        raise InvalidInput("The body is no UTF-8.", remedy="Save the file as UTF-8.") from cause
    lines = io.StringIO(text, newline="")
    return json_response(import_body(await house.archiving.take(caller.platform_id, lines, form)))


@router.get(
    "/{learner_id}/record",
    summary="Completed courses, credits and certificates",
    responses=problems(401, 403, 422, 503),
    response_model=RecordBody,
)
async def record(
    learner_id: LearnerId,
    caller: LearnersCaller,
    house: CurrentHouse,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response:
    """As the platform's archive reports them."""
    check_owner(caller, learner_id)
    own = await house.archive.of_learner(caller.platform_id, learner_id)
    seen = [one for one in own if caller.sees(one.course_id)]
    return json_response(record_body(*page_within(seen, limit, cursor)))
