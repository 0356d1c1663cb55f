"""GET /v1/audit: who changed what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from baize.api.auth import AdminCaller
from baize.api.depends import CurrentHouse
from baize.api.encoding import json_response
from baize.api.instants import instant
from baize.api.openapi import problems

router = APIRouter(tags=["keys"])


class AuditItem(BaseModel):
    """One write of a course team, an administrator or an operator."""

    id: str
    at: datetime
    who: str = Field(description="The key, the token's person, or the user at the command line.")
    action: str
    what: str = Field(description="The objects, `name=id`; a learner as a digest.")
    status: int | None = Field(description="HTTP status; 0: a command; null: cut off before it was known.")


class AuditPage(BaseModel):
    items: list[AuditItem]
    next_cursor: str | None


@router.get("/audit", summary="Who changed what", responses=problems(401, 403, 422), response_model=AuditPage)
async def audit(
    caller: AdminCaller,
    house: CurrentHouse,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: Annotated[str, Query(pattern=r"^(\d{1,12}\.\d{1,9}~[0-9a-f]{32})?$")] = "",
) -> Response:
    """Newest first. Entries are kept for `audit.keep_days`."""
    at, _, entry_id = cursor.partition("~")
    place = (float(at), entry_id) if entry_id else None
    # One more than asked for tells whether something follows.
    found = await house.audit_log.find(caller.platform_id, limit + 1, before=place)
    page = found[:limit]
    items = [
        AuditItem(
            id=one.id, at=instant(one.at), who=one.who, action=one.action, what=one.what, status=one.status
        )
        for one in page
    ]
    # `repr` gives the very same float back.
    following = f"{page[-1].at!r}~{page[-1].id}" if len(found) > limit else None
    return json_response(AuditPage(items=items, next_cursor=following))
