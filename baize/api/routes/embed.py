"""/embed: the sidebar as a page of its own, for an iframe on a host that cannot load scripts.

The page holds no secret and its address no token: the host hands the token over by `postMessage`, and the
page takes messages from the platform's web origins alone. Only pages of these may frame it.
"""

from __future__ import annotations

from html import escape
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse

from baize.api.depends import CurrentHouse
from baize.api.requests import ID_REGEX
from baize.errors import NotFound

router = APIRouter(include_in_schema=False)

_PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<title>白泽课程助手</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="baize-origins" content="{origins}">
<script type="module" src="sidebar/baize-sidebar.js"></script>
<script type="module" src="sidebar/baize-embed.js"></script>
</head>
<body></body>
</html>
"""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors {origins}"
)


@router.get("/embed")
async def page(house: CurrentHouse, platform: Annotated[str, Query(pattern=ID_REGEX)] = "") -> HTMLResponse:
    """The page, framed by the platform's own pages only."""
    platform_id = platform or house.settings.platform_id
    origins = " ".join(await house.doorkeeper.origins(platform_id))
    if not origins:
        raise NotFound(
            f"No page may frame the sidebar of the platform {platform_id!r}: it has no web origin.",
            remedy=f"`baize tenants update {platform_id} --origin https://…` adds one.",
        )
    headers = {
        "Content-Security-Policy": _POLICY.format(origins=origins),
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }
    return HTMLResponse(_PAGE.format(origins=escape(origins)), headers=headers)
