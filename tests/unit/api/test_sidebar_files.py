"""The bundle as browsers fetch it: compressed, cached by digest, from any origin."""

from __future__ import annotations

import gzip

import pytest

from baize.sidebar import DIST, ENTRY
from tests.unit.api.library import served

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not (DIST / ENTRY).is_file(), reason="the sidebar is not built: `make sidebar`"),
]


async def test_the_entry_is_fetched_anew_and_its_digest_is_kept() -> None:
    """A short life under its plain name, a year under its digest, 304 to whoever has it."""
    async with served() as client:
        plain = await client.get(f"/sidebar/{ENTRY}")
        digest = plain.headers["etag"].strip('"')
        fixed = await client.get(f"/sidebar/{ENTRY}?v={digest}")
        again = await client.get(f"/sidebar/{ENTRY}", headers={"If-None-Match": plain.headers["etag"]})

    assert "max-age=300" in plain.headers["cache-control"]
    assert "immutable" in fixed.headers["cache-control"]
    assert (again.status_code, again.content) == (304, b"")
    assert plain.content == (DIST / ENTRY).read_bytes()


async def test_every_page_of_the_world_may_load_it() -> None:
    """Module scripts are fetched with CORS; the bytes travel compressed."""
    async with served() as client:
        reply = await client.get(f"/sidebar/{ENTRY}", headers={"Origin": "https://learn.example"})
        async with client.stream("GET", f"/sidebar/{ENTRY}") as raw:
            zipped = b"".join([piece async for piece in raw.aiter_raw()])

    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["content-type"] == "text/javascript; charset=utf-8"
    assert gzip.decompress(zipped) == (DIST / ENTRY).read_bytes()


@pytest.mark.parametrize("name", ["nothing.js", "..%2f__init__.py", "__init__.py"])
async def test_there_is_nothing_but_the_bundle(name: str) -> None:
    """Other names are problems."""
    async with served() as client:
        assert (await client.get(f"/sidebar/{name}")).status_code == 404
