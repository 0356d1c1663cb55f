"""/v1/learners/{id}: a learner's record, to take along and to erase."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from baize.api.auth import CurrentCaller, check_owner
from baize.api.depends import CurrentHouse
from baize.api.encoding import json_response
from baize.api.openapi import problems
from baize.api.record_wire import ErasureBody, ExportBody, erasure_body, export_body
from baize.api.requests import ID_REGEX

router = APIRouter(prefix="/learners/{learner_id}", tags=["learners"])

LearnerId = Annotated[str, Path(pattern=ID_REGEX)]


@router.get(
    "/export",
    summary="Everything that is kept of a learner",
    responses=problems(401, 403, 422, 503),
    response_model=ExportBody,
)
async def export(learner_id: LearnerId, caller: CurrentCaller, house: CurrentHouse) -> Response:
    """To take along: every row of every store, and what the learner did as xAPI 1.0.3 statements."""
    check_owner(caller, learner_id)
    taken = await house.learner_record.export(caller.platform_id, learner_id)
    headers = {"Content-Disposition": 'attachment; filename="record.json"', "Cache-Control": "no-store"}
    return json_response(export_body(taken), headers)


@router.delete(
    "",
    summary="Erase a learner",
    responses=problems(401, 403, 422, 503),
    response_model=ErasureBody,
)
async def erase(learner_id: LearnerId, caller: CurrentCaller, house: CurrentHouse) -> Response:
    """Everything that is kept of the learner goes, and the reply proves it: what was found afterwards.

    Answers that are being written are stopped. Doing it again is safe. Sums in `GET /v1/usage` stay: they
    name no learner. Backups keep what they have until they are overwritten.
    """
    check_owner(caller, learner_id)
    done = await house.learner_record.erase(caller.platform_id, learner_id)
    return json_response(erasure_body(done))
