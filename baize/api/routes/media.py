"""GET the pictures and the media of a lesson: storyboard, frames, the file itself in ranges."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import FileResponse, Response

from baize.api.cached import cached, cached_json
from baize.api.depends import CurrentHouse
from baize.api.media_wire import StoryboardBody, storyboard_body
from baize.api.openapi import problems
from baize.api.routes.lessons import CACHED, CurrentLesson, IfNoneMatch
from baize.domain.storyboard import scene_at
from baize.services.media import TYPES, media_file
from baize.services.storyboard import storyboard_html

router = APIRouter(prefix="/lessons/{lesson_id}", tags=["catalogue"])

_PRIVATE = {
    "Cache-Control": "private, no-cache",
    "Vary": "Authorization",
    "X-Content-Type-Options": "nosniff",
}
_NOTHING_RUNS = {
    "Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"
}


def _binary(kind: str, what: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": what, "content": {kind: {"schema": {"type": "string", "format": "binary"}}}}}


@router.get("/storyboard", responses=CACHED, response_model=StoryboardBody)
async def storyboard(lesson: CurrentLesson, house: CurrentHouse, if_none_match: IfNoneMatch = "") -> Response:
    """Storyboard of a lesson; pictures are made when they are first asked for."""
    return cached_json(storyboard_body(await house.storyboards.of(lesson)), if_none_match)


@router.get(
    "/storyboard.html",
    responses={
        200: {"description": "A page.", "content": {"text/html": {"schema": {"type": "string"}}}},
        **CACHED,
    },
    response_class=Response,
)
async def storyboard_page(
    lesson: CurrentLesson, house: CurrentHouse, if_none_match: IfNoneMatch = ""
) -> Response:
    """Storyboard as one page with its pictures inside, without script."""
    page = storyboard_html(await house.storyboards.of(lesson))
    found = cached(page.encode(), "text/html; charset=utf-8", lesson.build_id, if_none_match)
    found.headers.update(_NOTHING_RUNS)
    return found


@router.get(
    "/frames/{n}",
    responses=_binary("image/jpeg", "The picture.") | problems(401, 403, 404, 422),
    response_class=FileResponse,
)
async def frame(
    lesson: CurrentLesson, house: CurrentHouse, n: Annotated[int, Path(ge=0, le=999)]
) -> FileResponse:
    """One picture of the storyboard."""
    board = await house.storyboards.of(lesson)
    return FileResponse(board.frame(n), media_type="image/jpeg", headers=_PRIVATE)


@router.get(
    "/frames",
    responses=_binary("image/jpeg", "The picture.") | problems(401, 403, 404, 422),
    response_class=FileResponse,
)
async def frame_at(
    lesson: CurrentLesson,
    house: CurrentHouse,
    t: Annotated[float, Query(ge=0, le=1e6, description="Seconds: the `start` of a hit or citation.")] = 0.0,
) -> FileResponse:
    """Picture of the storyboard that stands for a second: the thumbnail of a hit."""
    board = await house.storyboards.of(lesson)
    found = scene_at(board.scenes, t)
    return FileResponse(board.frame(found.number if found else 0), media_type="image/jpeg", headers=_PRIVATE)


@router.get(
    "/media",
    responses=_binary("video/mp4", "The whole file; 206 for a `Range`.") | problems(401, 403, 404, 422),
    response_class=FileResponse,
)
async def media(lesson: CurrentLesson, house: CurrentHouse) -> FileResponse:
    """Media of a lesson as it was ingested, where this server can read it, in ranges."""
    file = await media_file(house.publisher, lesson)
    return FileResponse(file, media_type=TYPES[file.suffix.lower()], headers=_PRIVATE)
