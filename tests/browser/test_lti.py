"""A launch inside a learning platform's iframe, in Chromium, with every storage and cookie denied."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import anyio
import jwt
import pytest
from playwright.sync_api import Browser, Page, expect

from baize.api.app import create_app
from baize.bootstrap import opened
from baize.domain.lti import LtiRegistration
from baize.domain.platform import Platform
from baize.settings import Settings
from tests.browser.chromium import sample_library, watch
from tests.servers.lti_platform import CLAIM, CLIENT, DEEP_LINK, DEPLOYMENT, LtiPlatform
from tests.unit.api.library import LiveServer

pytest.importorskip("pylti1p3")
pytestmark = [pytest.mark.browser, pytest.mark.slow]

# As a browser does that blocks third parties' data: whoever touches it gets an error.
_DENIED = """
const refuse = () => { throw new DOMException("denied", "SecurityError"); };
for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"])
  Object.defineProperty(window, name, { get: refuse, configurable: true });
Object.defineProperty(Document.prototype, "cookie", { get: refuse, set: refuse });
"""
_COURSE = {"course_id": "elder-health", "lesson_id": "elder-health-01"}


@dataclass
class Stage:
    """The learning platform on one site (localhost), the companion on another (127.0.0.1)."""

    lms: LtiPlatform
    browser: Browser


@pytest.fixture(scope="module")
def stage(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    library = sample_library(tmp_path_factory.mktemp("lti"))
    lms = LtiPlatform()
    with LiveServer(lms.app()) as there:  # type: ignore[arg-type]  # any ASGI application
        lms.url = there.url.replace("127.0.0.1", "localhost")

        async def register(chosen: Settings) -> None:
            async with opened(chosen) as house:
                await house.platforms.put(Platform("default", secret="s" * 43))
                auth, keys, own = f"{lms.url}/auth", lms.jwks, house.lti_messages.new_key()
                await house.lti.register(
                    LtiRegistration("default", lms.url, CLIENT, auth, "", keys, (DEPLOYMENT,), own)
                )

        with ThreadPoolExecutor(1) as thread:
            thread.submit(anyio.run, register, library).result()
        with LiveServer(create_app(library)) as here:
            lms.tool = here.url
            yield Stage(lms, browser)


def visit(stage: Stage, page: Page) -> list[str]:
    """The course page of the learning platform; gives the headers that were wrong."""
    cookies: list[str] = []
    page.on("request", lambda asked: cookies.extend(v for k, v in asked.headers.items() if k == "cookie"))
    page.on(
        "response", lambda reply: cookies.extend(v for k, v in reply.headers.items() if k == "set-cookie")
    )
    page.goto(f"{stage.lms.url}/course")
    return cookies


def test_a_lesson_opens_with_storage_and_cookies_denied(stage: Stage) -> None:
    """A question is asked and answered with a citation; nothing was kept but by the platform's page."""
    stage.lms.message = {f"{CLAIM}custom": _COURSE}
    with stage.browser.new_context(locale="zh-CN") as context:
        context.add_init_script(_DENIED)
        page = context.new_page()
        page.set_default_timeout(60_000)
        faults = watch(page)
        cookies = visit(stage, page)
        tool = page.frame_locator("#tool")
        expect(tool.locator("baize-sidebar")).to_be_visible()
        box = tool.locator("baize-sidebar").get_by_role("textbox").first
        box.fill("量血压之前要安静坐几分钟？")
        box.press("Enter")
        expect(tool.locator("baize-sidebar").get_by_text("五分钟").first).to_be_visible(timeout=90_000)
        assert page.evaluate("window.storage_log") == ["lti.put_data", "lti.get_data"]
        assert cookies == []
        assert faults == []


def test_a_teacher_chooses_a_link(stage: Stage) -> None:
    """Deep linking, likewise: the platform gets a signed message."""
    stage.lms.message = stage.lms.deep_link()
    stage.lms.linked.clear()
    with stage.browser.new_context(locale="zh-CN") as context:
        context.add_init_script(_DENIED)
        page = context.new_page()
        page.set_default_timeout(60_000)
        visit(stage, page)
        tool = page.frame_locator("#tool")
        lesson = tool.locator("select").nth(1)
        expect(lesson.locator("option")).not_to_have_count(0)
        lesson.select_option("elder-health-01")
        tool.get_by_role("button").click()
        expect(tool.locator("#added")).to_be_visible()
    (got,) = stage.lms.linked
    message = jwt.decode(got["jwt"], options={"verify_signature": False})
    assert message[f"{DEEP_LINK}content_items"][0]["custom"] == _COURSE
