"""/demo: a plain host page for the sample courses, and the media of these courses alone."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, RedirectResponse

import baize.demo

router = APIRouter(include_in_schema=False)

_DEMO = Path(baize.demo.__file__).resolve().parent
_COURSES = _DEMO / "courses"
_PAGE = _DEMO / "page"

_PAGE_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_MEDIA_TYPES = {".mp4": "video/mp4", ".webm": "video/webm", ".m4a": "audio/mp4", ".mp3": "audio/mpeg"}
_HEADERS = {
    # Only files of our own, no inline script or style: what a course or a model says cannot become code.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@router.get("/")
async def root() -> RedirectResponse:
    """Who opens the bare address of the demo means its page."""
    return RedirectResponse("/demo")


@router.get("/demo")
async def page() -> FileResponse:
    """The page itself."""
    return _page_file("index.html")


@router.get("/demo/page/{name}")
async def asset(name: str) -> FileResponse:
    """Its style sheet, scripts and icon."""
    return _page_file(name)


@router.api_route("/demo/media/{course_id}/{file:path}", methods=["GET", "HEAD"])
async def media(course_id: str, file: str) -> FileResponse:
    """A video of a sample course, in ranges, so that a player can seek."""
    wanted = _sample(course_id, file)
    if wanted is None:
        raise HTTPException(404, "There is no such file in the sample courses.")
    return FileResponse(wanted, media_type=_MEDIA_TYPES[wanted.suffix])


def _sample(course_id: str, file: str) -> Path | None:
    """The media file, if it is one and lies inside its course, a direct child of the folder of courses."""
    if "\0" in course_id + file:
        return None
    folder = (_COURSES / course_id).resolve()
    wanted = (folder / file).resolve()
    inside = folder.parent == _COURSES and wanted.is_relative_to(folder)
    return wanted if inside and wanted.suffix in _MEDIA_TYPES and wanted.is_file() else None


def _page_file(name: str) -> FileResponse:
    wanted = _PAGE / Path(name).name
    kind = _PAGE_TYPES.get(wanted.suffix)
    if kind is None or not wanted.is_file():
        raise HTTPException(404, "The demo page has no such file.")
    return FileResponse(wanted, media_type=kind, headers=_HEADERS)
