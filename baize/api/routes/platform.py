"""/v1/platform: what an administrator may set of the platform; the rest is the operator's."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter
from starlette.responses import Response

from baize.api.auth import AdminCaller
from baize.api.depends import CurrentHouse
from baize.api.encoding import json_response
from baize.api.openapi import problems
from baize.api.platform_wire import PlatformBody, PlatformPut, platform_body
from baize.services.who import change_platform, checked_player_url, checked_timezone, read_platform

router = APIRouter(prefix="/platform", tags=["keys"])


@router.get("", summary="The platform", responses=problems(401, 403, 404), response_model=PlatformBody)
async def platform(caller: AdminCaller, house: CurrentHouse) -> Response:
    """As it is kept; `baize tenants update` changes what cannot be set here."""
    return json_response(platform_body(await read_platform(house.platforms, caller.platform_id)))


@router.put(
    "",
    summary="Set the platform's player and time zone",
    responses=problems(401, 403, 404, 413, 422),
    response_model=PlatformBody,
)
async def put(body: PlatformPut, caller: AdminCaller, house: CurrentHouse) -> Response:
    """Both at once. Every replica uses them within ten seconds."""
    player_url, timezone = checked_player_url(body.player_url), checked_timezone(body.timezone)
    changed = await change_platform(
        house.platforms,
        caller.platform_id,
        lambda found: replace(found, player_url=player_url, timezone=timezone),
    )
    return json_response(platform_body(changed))
