"""The page for an iframe, on a host of another origin that loads no script of ours, over the real server."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from typer.testing import CliRunner

from baize.api.app import create_app
from baize.cli import build
from tests.browser.chromium import keep_screenshot, sample_library, watch
from tests.servers.sidebar_api import VIDEOS
from tests.unit.api.library import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_QUESTION = "量血压之前要安静坐几分钟？"
# As docs/sidebar.md shows it.
_SCRIPT = """
const [frame, video] = [document.querySelector("#baize"), document.querySelector("#video")];
const home = "{api}";
window.heard = [];
const tell = (message) => frame.contentWindow.postMessage(message, home);
addEventListener("message", ({ source, origin, data }) => {
  if (source !== frame.contentWindow || origin !== home) return;
  window.heard.push(data);
  if (data.baize === "hello")
    tell({ baize: "set", course: "elder-health", lesson: "elder-health-01", token: "{token}" });
  if (data.baize === "size") frame.style.height = `${data.height}px`;
  if (data.name === "baize-seek") video.currentTime = data.detail.start;
});
video.addEventListener("timeupdate", () => tell({ baize: "set", position: video.currentTime }));
"""


@dataclass
class Stage:
    """A host page, an alike one of a stranger, and the server whose page they frame."""

    api: str
    host: str
    stranger: str
    token: str
    browser: Browser

    @contextmanager
    def open(self, url: str, *, allowed: str = "\0", script: str = "") -> Iterator[Page]:
        """A page; fails when something in it went wrong or a URL or referrer had the token."""
        with self.browser.new_context(locale="zh-CN") as context:
            if script:
                context.add_init_script(script)
            page = context.new_page()
            page.set_default_timeout(30_000)
            faults, urls = watch(page), []
            context.on("request", lambda r: urls.extend([r.url, r.headers.get("referer", "")]))
            page.goto(url)
            yield page
            assert [fault for fault in faults if allowed not in fault] == []
            assert not [one for one in urls if self.token in one]


@pytest.fixture(scope="module")
def stage(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    library = sample_library(tmp_path_factory.mktemp("data"))
    state = {"token": "", "api": ""}

    async def page(_: Request) -> Response:
        return Response(
            '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>课程</title></head><body>'
            '<video id="video" src="/one.mp4" controls muted width="280" aria-label="课"></video>'
            f'<iframe id="baize" title="课程助手" width="400" src="{state["api"]}/embed"></iframe>'
            '<script src="/host.js"></script></body></html>',
            media_type="text/html",
            headers={
                "Content-Security-Policy": f"default-src 'none'; script-src 'self'; media-src 'self'; "
                f"frame-src {state['api']}"
            },
        )

    async def script(_: Request) -> Response:
        text = _SCRIPT.replace("{api}", state["api"]).replace("{token}", state["token"])
        return Response(text, media_type="text/javascript")

    async def video(_: Request) -> Response:
        return FileResponse(VIDEOS / "01-measure.mp4")

    routes = [Route("/", page), Route("/host.js", script), Route("/one.mp4", video)]
    app: Any = Starlette(routes=routes)
    with LiveServer(app) as host, LiveServer(create_app(library)) as server:
        # Another name for the same machine is another site.
        port = urlsplit(host.url).port
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BAIZE_DATA_DIR", str(library.data_dir))
            _run("tenants", "create", "default", "--origin", f"http://localhost:{port}")
            state["token"] = _run("tenants", "token", "default", "--learner", "lin-42")
        state["api"] = server.url
        yield Stage(server.url, f"http://localhost:{port}/", f"{host.url}/", state["token"], browser)


def _run(*words: str) -> str:
    # Playwright's own event loop runs in this thread.
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(CliRunner().invoke, build(), list(words)).result()
    assert done.exit_code == 0, done.output
    return done.stdout.strip()


def _sidebar(page: Page) -> FrameLocator:
    return page.frame_locator("#baize")


def test_a_question_is_answered_and_its_citation_moves_the_hosts_player(stage: Stage) -> None:
    """Token by message, answer in the frame, the seek by message, the frame as high as its content."""
    with stage.open(stage.host) as page:
        sidebar = _sidebar(page)
        sidebar.locator("#question").fill(_QUESTION)
        sidebar.locator("#question").press("Enter")
        page.evaluate("document.querySelector('video').currentTime = 0.5")
        chip = sidebar.locator(".chip").first
        chip.click()
        page.wait_for_function("() => document.querySelector('video').currentTime > 2")
        expect(sidebar.locator("[part=back]")).to_be_visible()
        names = page.evaluate("window.heard.map(({ baize, name }) => name ?? baize)")
        assert names[0] == "hello"
        assert {"size", "baize-ready", "baize-answer", "baize-seek"} <= set(names)
        seek = page.evaluate("window.heard.find(({ name }) => name === 'baize-seek').detail")
        assert seek["lesson_id"] == "elder-health-01"
        chosen = "new CustomEvent('baize-course', { detail: { course_id: 'c9' }, cancelable: true })"
        sidebar.locator("baize-sidebar").evaluate(f"(element) => element.dispatchEvent({chosen})")
        page.wait_for_function("() => window.heard.some(({ name }) => name === 'baize-course')")
        height = "document.querySelector('#baize').getBoundingClientRect().height"
        assert page.evaluate(height) > 300
        keep_screenshot(page, "embed")


def test_denied_storage_changes_nothing(stage: Stage) -> None:
    """As browsers do to frames of other sites: every access is an error."""
    deny = (
        "if (window.parent !== window) for (const name of ['sessionStorage', 'localStorage', 'indexedDB'])"
        " Object.defineProperty(window, name, { get() { throw new DOMException('', 'SecurityError') } })"
    )
    with stage.open(stage.host, script=deny) as page:
        sidebar = _sidebar(page)
        sidebar.locator("#question").fill(_QUESTION)
        sidebar.locator("#question").press("Enter")
        expect(sidebar.locator(".chip").first).to_be_visible()
        assert page.evaluate("window.heard.some(({ name }) => name === 'baize-answer')")


def test_a_page_of_another_origin_cannot_frame_it(stage: Stage) -> None:
    """The browser refuses by `frame-ancestors`; nothing of the sidebar comes up."""
    with stage.open(stage.stranger, allowed="frame-ancestors") as page:
        page.wait_for_load_state("load")
        expect(_sidebar(page).locator("baize-sidebar")).to_have_count(0)
        assert page.evaluate("window.heard") == []


def test_a_message_that_is_not_the_hosts_is_not_heard(stage: Stage) -> None:
    """From the frame's own window with the host's words: no element comes up, nothing is sent out."""
    with stage.open(f"{stage.api}/embed") as page:
        page.evaluate("postMessage({ baize: 'set', course: 'elder-health', token: 'x' }, '*')")
        page.evaluate("() => new Promise((resolve) => setTimeout(resolve))")
        expect(page.locator("baize-sidebar")).to_have_count(0)
