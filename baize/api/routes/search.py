"""POST /v1/search: moments, lessons or courses for a query."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from baize.api.auth import ReadingCaller
from baize.api.depends import CurrentMapper, WarmHouse
from baize.api.encoding import json_response
from baize.api.openapi import problems
from baize.api.requests import SearchRequest
from baize.api.wire import SearchResponse
from baize.services.who import within

router = APIRouter(prefix="/search", tags=["search"])


@router.post(
    "",
    summary="Find moments, lessons or courses",
    responses=problems(401, 403, 404, 413, 422, 503),
    response_model=SearchResponse,
)
async def search(
    body: SearchRequest, caller: ReadingCaller, house: WarmHouse, mapper: CurrentMapper
) -> Response:
    """At most `k` results, best first, each with the sentence that fits best and its second."""
    scope = await within(caller, body.scope.scope(caller.platform_id), house.catalog)
    return json_response(
        mapper.results(await house.searching.search(body.query, scope, kind=body.kind, k=body.k))
    )
