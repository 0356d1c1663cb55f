"""/v1/learners/{learner_id}/identities: the learner's names at docked sources."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from baize.api.auth import LearnersCaller, check_owner
from baize.api.depends import CurrentHouse
from baize.api.door_wire import IdentityBody, IdentityPage, LinkRequest, identity_body
from baize.api.encoding import json_response
from baize.api.openapi import problems
from baize.api.paging import Cursor, Limit, page_within
from baize.api.requests import ID_REGEX

router = APIRouter(prefix="/learners/{learner_id}/identities", tags=["learners"])

LearnerId = Annotated[str, Path(pattern=ID_REGEX)]
Name = Annotated[str, Path(pattern=ID_REGEX)]


@router.get("", summary="Linked identities", responses=problems(401, 403, 422), response_model=IdentityPage)
async def identities(
    learner_id: LearnerId,
    caller: LearnersCaller,
    house: CurrentHouse,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response:
    """By source and subject."""
    check_owner(caller, learner_id)
    found = await house.linking.of(caller.platform_id, learner_id)
    given, following = page_within(found, limit, cursor)
    return json_response(IdentityPage(items=[identity_body(one) for one in given], next_cursor=following))


@router.post(
    "",
    summary="Link an identity",
    status_code=201,
    responses=problems(401, 403, 409, 422),
    response_model=IdentityBody,
)
async def link(
    learner_id: LearnerId, body: LinkRequest, caller: LearnersCaller, house: CurrentHouse
) -> Response:
    """By a token that the platform signed for it. Tokens of the pair speak for this learner then.

    What was kept under the pair's own name is kept there until it is unlinked; export and erasure of the
    learner include it. It holds within ten seconds on every replica.
    """
    check_owner(caller, learner_id)
    made = await house.linking.link(caller.platform_id, learner_id, body.token)
    return json_response(identity_body(made), status_code=201)


@router.delete(
    "/{source}/{subject}",
    summary="Unlink an identity",
    status_code=204,
    responses=problems(401, 403, 404, 422),
    response_class=Response,
)
async def unlink(
    learner_id: LearnerId, source: Name, subject: Name, caller: LearnersCaller, house: CurrentHouse
) -> Response:
    """Tokens of the pair speak for a learner of their own again, within ten seconds."""
    check_owner(caller, learner_id)
    await house.linking.unlink(caller.platform_id, learner_id, source, subject)
    return Response(status_code=204)
