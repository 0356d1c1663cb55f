"""/v1/learners/{id}: a learner's record, to take along and to erase."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from baize.api.auth import LearnersCaller, check_owner
from baize.api.depends import CurrentHouse
from baize.api.encoding import json_response
from baize.api.openapi import problems
from baize.api.record_wire import (
    ErasureBody,
    ExportBody,
    MemoryBody,
    MemoryItemBody,
    MemoryRequest,
    erasure_body,
    export_body,
    memory_item_body,
)
from baize.api.requests import ID_REGEX

router = APIRouter(prefix="/learners/{learner_id}", tags=["learners"])

LearnerId = Annotated[str, Path(pattern=ID_REGEX)]
ItemId = Annotated[str, Path(pattern=ID_REGEX)]


@router.get(
    "/export",
    summary="Everything that is kept of a learner",
    responses=problems(401, 403, 422, 503),
    response_model=ExportBody,
)
async def export(learner_id: LearnerId, caller: LearnersCaller, house: CurrentHouse) -> Response:
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
async def erase(learner_id: LearnerId, caller: LearnersCaller, house: CurrentHouse) -> Response:
    """Everything that is kept of the learner goes, and the reply proves it: what was found afterwards.

    Answers that are being written are stopped. Doing it again is safe. Sums in `GET /v1/usage` stay: they
    name no learner. Backups keep what they have until they are overwritten.
    """
    check_owner(caller, learner_id)
    done = await house.learner_record.erase(caller.platform_id, learner_id)
    return json_response(erasure_body(done))


@router.get(
    "/memory",
    summary="What is remembered of a learner",
    responses=problems(401, 403, 422, 503),
    response_model=MemoryBody,
)
async def memory(learner_id: LearnerId, caller: LearnersCaller, house: CurrentHouse) -> Response:
    """Up to five plain sentences, made by rule from the learner's own answers and preferences."""
    check_owner(caller, learner_id)
    items = await house.remembering.items(caller.platform_id, learner_id)
    return json_response(MemoryBody(items=[memory_item_body(item) for item in items]))


@router.put(
    "/memory/{item_id}",
    summary="Say a remembered sentence in one's own words",
    responses=problems(401, 403, 404, 422, 503),
    response_model=MemoryItemBody,
)
async def change(
    learner_id: LearnerId, item_id: ItemId, body: MemoryRequest, caller: LearnersCaller, house: CurrentHouse
) -> Response:
    """The learner's words stay, whatever else becomes known."""
    check_owner(caller, learner_id)
    item = await house.remembering.change(caller.platform_id, learner_id, item_id, body.text)
    return json_response(memory_item_body(item))


@router.delete(
    "/memory/{item_id}",
    summary="Forget a remembered sentence",
    status_code=204,
    responses=problems(401, 403, 404, 422, 503),
    response_class=Response,
)
async def forget(
    learner_id: LearnerId, item_id: ItemId, caller: LearnersCaller, house: CurrentHouse
) -> Response:
    """It stays away until the facts behind it are others."""
    check_owner(caller, learner_id)
    await house.remembering.delete(caller.platform_id, learner_id, item_id)
    return Response(status_code=204)
