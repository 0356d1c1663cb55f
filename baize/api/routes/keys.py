"""/v1/keys and /v1/revocations: what opens the platform's doors, and what does not any more."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from baize.api.auth import AdminCaller
from baize.api.depends import CurrentHouse
from baize.api.door_wire import (
    KeyPage,
    KeyRequest,
    NewKeyBody,
    RevocationBody,
    RevocationPage,
    RevocationRequest,
    RotationRequest,
    key_body,
    new_key_body,
    revocation_body,
)
from baize.api.encoding import json_response
from baize.api.instants import seconds_of
from baize.api.openapi import problems
from baize.api.paging import Cursor, Limit, page_within
from baize.api.requests import ID_REGEX
from baize.domain.platform import RIGHTS
from baize.services.who import create_key, revoke_key, revoke_tokens, rotate_key

router = APIRouter(tags=["keys"])

KeyId = Annotated[str, Path(pattern=ID_REGEX)]


@router.get(
    "/keys", summary="Keys of the platform", responses=problems(401, 403, 422), response_model=KeyPage
)
async def keys(caller: AdminCaller, house: CurrentHouse, limit: Limit = 100, cursor: Cursor = "") -> Response:
    """Oldest first, those that are not good any more included."""
    given, following = page_within(await house.api_keys.keys(caller.platform_id), limit, cursor)
    return json_response(KeyPage(items=[key_body(key) for key in given], next_cursor=following))


@router.post(
    "/keys",
    summary="Make a key",
    status_code=201,
    responses=problems(401, 403, 404, 422),
    response_model=NewKeyBody,
)
async def make(body: KeyRequest, caller: AdminCaller, house: CurrentHouse) -> Response:
    """Its text is in this response only; the SHA-256 of it is kept."""
    key, text = await create_key(
        house.platforms,
        house.api_keys,
        caller.platform_id,
        tuple(right for right in RIGHTS if right in body.scopes),
        body.label,
        house.clock.now(),
        expires_at=seconds_of(body.expires_at),
        courses=tuple(body.courses),
    )
    return json_response(new_key_body(key, text), status_code=201)


@router.post(
    "/keys/{key_id}/rotate",
    summary="Follow a key by another",
    status_code=201,
    responses=problems(401, 403, 404, 409, 422),
    response_model=NewKeyBody,
)
async def rotate(key_id: KeyId, body: RotationRequest, caller: AdminCaller, house: CurrentHouse) -> Response:
    """A new key of the same scopes and courses; both are good for `grace_s`, then only the new one."""
    made, text = await rotate_key(
        house.platforms,
        house.api_keys,
        caller.platform_id,
        key_id,
        now=house.clock.now(),
        grace_s=body.grace_s,
    )
    return json_response(new_key_body(made, text), status_code=201)


@router.delete(
    "/keys/{key_id}",
    summary="Revoke a key",
    status_code=204,
    responses=problems(401, 403, 404, 422),
    response_class=Response,
)
async def revoke(key_id: KeyId, caller: AdminCaller, house: CurrentHouse) -> Response:
    """Every replica refuses it within ten seconds."""
    await revoke_key(house.api_keys, caller.platform_id, key_id, house.clock.now())
    return Response(status_code=204)


@router.get(
    "/revocations", summary="Revoked tokens", responses=problems(401, 403, 422), response_model=RevocationPage
)
async def revocations(
    caller: AdminCaller, house: CurrentHouse, limit: Limit = 100, cursor: Cursor = ""
) -> Response:
    """Those that matter still: tokens that would have expired by now are refused anyway."""
    found = await house.revocations.of_platform(caller.platform_id, house.clock.now())
    given, following = page_within(found, limit, cursor)
    return json_response(RevocationPage(items=[revocation_body(one) for one in given], next_cursor=following))


@router.post(
    "/revocations",
    summary="Revoke learner tokens",
    status_code=201,
    responses=problems(401, 403, 422),
    response_model=RevocationBody,
)
async def refuse(body: RevocationRequest, caller: AdminCaller, house: CurrentHouse) -> Response:
    """One token, all of a learner, or all of the platform that were issued until now.

    Every replica refuses them within three seconds. Tokens issued later are good.
    """
    chosen = house.settings.learner_tokens
    made = await revoke_tokens(
        house.revocations,
        caller.platform_id,
        now=house.clock.now(),
        lifetime_s=chosen.max_lifetime_s + chosen.leeway_s,
        token_id=body.token_id or "",
        learner_id=body.learner_id or "",
        before=seconds_of(body.before),
    )
    return json_response(revocation_body(made), status_code=201)
