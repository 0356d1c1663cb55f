"""The page for an iframe: who may frame it, and what is not in it."""

from __future__ import annotations

import pytest

from baize.bootstrap import House
from baize.domain.platform import Platform
from baize.testing.memory_platforms import MemoryPlatforms
from tests.unit.api.library import opens, served

pytestmark = pytest.mark.anyio


def _prepare(house: House) -> None:
    house.__dict__["platforms"] = MemoryPlatforms(
        Platform("default", origins=("https://learn.example", "https://m.example")),
        Platform("other", origins=("https://other.example",)),
        Platform("bare"),
    )


@pytest.mark.parametrize(
    ("query", "origins"),
    [("", "https://learn.example https://m.example"), ("?platform=other", "https://other.example")],
)
async def test_only_pages_of_the_platform_may_frame_it(query: str, origins: str) -> None:
    """By header for the browser, and in the page for the messages that it takes; no script but files."""
    async with served(open_house=opens(prepare=_prepare)) as client:
        reply = await client.get(f"/embed{query}")

    policy = reply.headers["content-security-policy"]
    assert policy.endswith(f"frame-ancestors {origins}")
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert f'content="{origins}"' in reply.text
    assert "<script>" not in reply.text
    assert reply.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("platform", ["bare", "nobody"])
async def test_a_platform_without_an_origin_has_no_such_page(platform: str) -> None:
    """Known or not: the problem says what is missing and who can mend it."""
    async with served(open_house=opens(prepare=_prepare)) as client:
        reply = await client.get(f"/embed?platform={platform}")

    assert reply.status_code == 404
    assert "baize tenants update" in reply.json()["remedy"]


async def test_an_address_cannot_smuggle_anything_in() -> None:
    """What is no id is refused."""
    async with served() as client:
        assert (await client.get("/embed?platform=x%22%3E%3Cscript%3E")).status_code == 422
