"""Storyboard, frames and media over HTTP."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from baize.bootstrap import House
from baize.testing.memory_catalog import MemoryCatalog
from baize.testing.still_footage import PICTURE, StillFootage
from tests.unit.api.library import opens, served, settings

pytestmark = pytest.mark.anyio

MEDIA = os.urandom(5000)
BASE = "/v1/lessons/health-01"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "01.mp4").write_bytes(MEDIA)

    def prepare(house: House) -> None:
        library = house.__dict__["catalog"]
        assert isinstance(library, MemoryCatalog)
        library._folders["default", "health"] = str(folder)
        house.__dict__ |= {"publisher": library, "footage": StillFootage()}

    async with served(settings(data_dir=tmp_path / "data"), opens(prepare=prepare)) as client:
        yield client


async def test_media_come_in_ranges(client: httpx.AsyncClient) -> None:
    """Whole, in part, and from a place on, as a player asks."""
    whole = await client.get(f"{BASE}/media")
    assert (whole.status_code, whole.headers["content-type"], whole.content) == (200, "video/mp4", MEDIA)
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["x-content-type-options"] == "nosniff"
    part = await client.get(f"{BASE}/media", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, MEDIA[100:200])
    assert part.headers["content-range"] == "bytes 100-199/5000"
    rest = await client.get(f"{BASE}/media", headers={"Range": "bytes=4990-"})
    assert (rest.status_code, rest.content) == (206, MEDIA[4990:])
    beyond = await client.get(f"{BASE}/media", headers={"Range": "bytes=9000-"})
    assert beyond.status_code == 416


@pytest.mark.parametrize(
    "path", ["sheets-01/media", "sheets-01/storyboard", "nope/media", "sheets-doc/media"]
)
async def test_what_the_library_does_not_hold_is_told(client: httpx.AsyncClient, path: str) -> None:
    """A lesson whose folder is unknown, no such lesson, one of documents only."""
    found = await client.get(f"/v1/lessons/{path}")
    assert (found.status_code, found.headers["content-type"]) == (404, "application/problem+json")


async def test_a_storyboard_and_its_frames(client: httpx.AsyncClient) -> None:
    """Every scene has its moment, its caption and a picture that is there."""
    found = await client.get(f"{BASE}/storyboard")
    scenes = found.json()["scenes"]
    assert [scene["n"] for scene in scenes] == list(range(len(scenes)))
    assert scenes[0]["caption"] == "量血压之前，先安静坐五分钟。"
    assert scenes[0]["locator"]["start"] == 0.0
    for scene in scenes:
        picture = await client.get(scene["frame"])
        assert (picture.headers["content-type"], picture.content) == ("image/jpeg", PICTURE)
    again = await client.get(f"{BASE}/storyboard", headers={"If-None-Match": found.headers["etag"]})
    assert again.status_code == 304
    assert (await client.get(f"{BASE}/frames/99")).status_code == 404
    assert (await client.get(f"{BASE}/frames/-1")).status_code == 422


async def test_the_page_runs_nothing(client: httpx.AsyncClient) -> None:
    """A title cannot become markup, and the page may not load or run anything."""
    page = await client.get(f"{BASE}/storyboard.html")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "开场 &lt;b&gt;" in page.text
