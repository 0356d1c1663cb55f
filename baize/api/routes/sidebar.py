"""/sidebar: the built course sidebar, for any page of any origin. Files only; no key, no cookies."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.exceptions import HTTPException
from starlette.responses import Response

from baize.sidebar import DIST, EMBED, ENTRY

router = APIRouter(prefix="/sidebar", include_in_schema=False)

_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
_IMMUTABLE = "public, max-age=31536000, immutable"
# The entries keep their names: browsers ask again after five minutes, and mostly hear 304.
_FRESH = "public, max-age=300, stale-while-revalidate=86400"
_HEADERS = {
    # Module scripts are always fetched with CORS.
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Vary": "Accept-Encoding",
}


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    zipped: bytes
    digest: str
    media_type: str


@router.get("/{name}")
async def file(
    name: str,
    accept_encoding: Annotated[str, Header()] = "",
    if_none_match: Annotated[str, Header()] = "",
    v: Annotated[str, Query(description="The digest of the entry, to keep it for a year.")] = "",
) -> Response:
    """A file of the bundle. What has its digest in the name, or in `v`, may be kept for a year."""
    found = _file(name)
    if found is None:
        raise HTTPException(404, _missing(name))
    etag = f'"{found.digest}"'
    is_fixed = name not in (ENTRY, EMBED) or v == found.digest
    headers = {**_HEADERS, "ETag": etag, "Cache-Control": _IMMUTABLE if is_fixed else _FRESH}
    if etag in if_none_match:
        return Response(status_code=304, headers=headers)
    if "gzip" in accept_encoding:
        headers["Content-Encoding"] = "gzip"
        return Response(found.zipped, headers=headers, media_type=found.media_type)
    return Response(found.body, headers=headers, media_type=found.media_type)


@cache
def _listed() -> frozenset[str]:
    return frozenset(path.name for path in DIST.iterdir()) if DIST.is_dir() else frozenset()


@cache
def _file(name: str) -> _File | None:
    """The file of that name, if the bundle has it; compressed once."""
    path = DIST / name
    if name not in _listed() or path.suffix not in _TYPES:
        return None
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()[:16]
    return _File(body, gzip.compress(body, 9, mtime=0), digest, _TYPES[path.suffix])


def _missing(name: str) -> str:
    if ENTRY not in _listed():
        return "The sidebar is not built: run `make sidebar`."
    return f"The sidebar has no file {name!r}."
