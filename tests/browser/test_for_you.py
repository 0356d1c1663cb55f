"""The tab "For you" in Chromium, over the real server: reasons, a jump, an empty start, WCAG, 320 px."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from baize.api.app import create_app
from baize.settings import Settings
from tests.browser.chromium import keep_screenshot, watch
from tests.browser.host import MODULES, ready
from tests.servers.sidebar_api import VIDEOS
from tests.unit.api.library import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.slow]
_WAIT_MS = 60_000


@pytest.fixture(scope="module")
def server(library: Settings) -> Iterator[str]:
    with LiveServer(create_app(library)) as server:
        yield server.url


@pytest.fixture(scope="module")
def host(server: str) -> Iterator[str]:
    async def page(request: Request) -> Response:
        learner, locale = request.query_params["learner"], request.query_params.get("locale", "zh-CN")
        return Response(
            f'<!doctype html><html lang="{locale}"><head><meta charset="utf-8"><title>课程</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<script type="module" src="/sidebar/baize-sidebar.js"></script></head><body><main>'
            '<video id="video" src="/one.mp4" controls muted width="280" aria-label="课"></video>'
            '<baize-sidebar course="elder-health" lesson="elder-health-01" player="#video" '
            f'locale="{locale}" learner="{learner}" api="/v1"></baize-sidebar></main></body></html>',
            media_type="text/html",
        )

    async def video(_: Request) -> Response:
        return FileResponse(VIDEOS / "01-measure.mp4")

    async def passed_on(request: Request) -> Response:
        """The page and the API on one origin, as behind a platform's own proxy."""
        body = await request.body()
        kind = request.headers.get("content-type", "")
        async with httpx.AsyncClient(base_url=server, timeout=120) as client:
            got = await client.request(
                request.method,
                f"{request.url.path}?{request.url.query}",
                content=body,
                headers={"Content-Type": kind} if kind else {},
            )
        return Response(got.content, got.status_code, media_type=got.headers.get("content-type"))

    routes = [
        Route("/", page),
        Route("/one.mp4", video),
        Route("/{path:path}", passed_on, methods=["GET", "PUT", "POST"]),
    ]
    app: Any = Starlette(routes=routes)
    with LiveServer(app) as served:
        yield served.url


def tell(server: str, path: str, body: dict[str, Any]) -> None:
    httpx.put(f"{server}/v1/learners/{path}", json=body, timeout=60).raise_for_status()


def opened(browser: Browser, url: str, **context: Any) -> Page:
    page = browser.new_context(**context).new_page()
    page.set_default_timeout(_WAIT_MS)
    page.goto(url)
    ready(page)
    return page


def for_you(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


def test_what_is_next_says_why_and_opens_it(browser: Browser, server: str, host: str) -> None:
    """The lesson that was left off is first; its card goes there; courses and moments follow."""
    tell(server, "mei/progress/elder-health-01", {"spans": [{"start": 0, "end": 25}]})
    tell(server, "mei/interests", {"tags": ["电商"]})
    page = opened(browser, f"{host}/?learner=mei", viewport={"width": 320, "height": 720})
    faults = watch(page)
    assert not page.evaluate(
        "performance.getEntriesByType('resource').some(({ name }) => name.includes('/panel-'))"
    )
    for_you(page, "推荐")
    cards = page.locator("[part=recommendation]")
    expect(cards.first).to_contain_text("上次学到 0:25", timeout=_WAIT_MS)
    page.wait_for_function(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth", timeout=_WAIT_MS
    )
    keep_screenshot(page, "for-you")
    page.evaluate((MODULES / "axe-core" / "axe.min.js").read_text())
    found = page.evaluate(
        "axe.run(document, { runOnly: { type: 'tag', values: "
        "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] } })"
        ".then(({ violations }) => violations.map(({ id }) => id))"
    )
    assert found == []
    page.locator("[part=recommendation]", has_text="0:25").last.click()
    page.wait_for_function("document.querySelector('#video').currentTime >= 24.5", timeout=_WAIT_MS)
    assert faults == []
    page.context.close()


def test_a_stranger_is_told_how_to_begin_and_a_course_is_the_hosts_to_open(
    browser: Browser, server: str, host: str
) -> None:
    """In English; what is chosen is announced to the page."""
    tell(server, "new/interests", {"tags": []})
    page = opened(browser, f"{host}/?learner=new&locale=en")
    page.evaluate(
        "document.querySelector('baize-sidebar').addEventListener('baize-course', "
        "({ detail }) => { window.opened = detail.course_id; })"
    )
    for_you(page, "For you")
    course = page.locator("[part=recommendation]", has_text="From the channel").first
    expect(course).to_be_visible(timeout=_WAIT_MS)
    titles = page.locator(".panel h3")
    expect(titles.last).to_have_text("Courses for you")
    page.locator("ul[part=recommendations]").last.locator("button").first.click()
    assert page.evaluate("window.opened")
    page.context.close()


def test_without_a_learner_there_is_no_tab(browser: Browser, host: str) -> None:
    """Nobody to recommend to."""
    page = opened(browser, f"{host}/?learner=")
    expect(page.get_by_role("tab")).not_to_have_count(0)
    expect(page.get_by_role("tab", name="推荐", exact=True)).to_have_count(0)
    page.context.close()
