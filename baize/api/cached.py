"""A body with its `ETag`: 304 when the caller has it already."""

from __future__ import annotations

import hashlib

from pydantic import BaseModel
from starlette.responses import Response

from baize.api.encoding import encode


def cached(body: bytes, media_type: str, etag: str, if_none_match: str) -> Response:
    """The body, or 304 when `etag` is among those that the caller knows."""
    quoted = f'"{etag}"'
    # `private`: the key decides who may read. `no-cache`: ask again each time; the answer is mostly a 304.
    headers = {"ETag": quoted, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    known = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    if quoted in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def cached_json(model: BaseModel, if_none_match: str) -> Response:
    """The same for what changes without a new build of its lesson: the `ETag` is the body's own digest."""
    body = encode(model)
    return cached(body, "application/json", hashlib.sha256(body).hexdigest()[:32], if_none_match)
