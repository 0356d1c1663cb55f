"""The sidebar on a page of another origin, over the real server, with a real learner token.

The model alone is scripted: an endpoint on loopback that writes at a learner's pace.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from typer.testing import CliRunner

from baize.api.app import create_app
from baize.cli import build
from baize.settings import OpenAIChat, Settings
from tests.browser.chromium import keep_screenshot, watch
from tests.browser.host import ready, say
from tests.servers.deepseek import Body, DeepSeekServer
from tests.servers.paced import draft
from tests.servers.sidebar_api import VIDEOS
from tests.servers.wire import Script, paced
from tests.unit.api.library import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_QUESTION = "量血压之前要安静坐几分钟？"


@dataclass
class Stage:
    """A host page on its own origin, the API on another, and the model behind it."""

    api: str
    page: str
    token: str
    model: DeepSeekServer
    browser: Browser

    @contextmanager
    def open(self, **context: Any) -> Iterator[Page]:
        """The page with its sidebar ready; fails when something in it went wrong or a URL had the token."""
        with self.browser.new_context(locale="zh-CN", **context) as opened:
            page = opened.new_page()
            page.set_default_timeout(30_000)
            faults, urls = watch(page), _urls(opened)
            page.goto(self.page)
            ready(page)
            yield page
            assert faults == []
            assert not [url for url in urls if self.token in url]

    def get(self, path: str) -> Any:
        """What the API has for the learner."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.get(f"{self.api}/v1/{path}", headers=headers).raise_for_status().json()

    def post(self, path: str, body: Any) -> Any:
        """What the API makes of it for the learner."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.post(f"{self.api}/v1/{path}", json=body, headers=headers).raise_for_status().json()

    def forget(self) -> None:
        """Erase what the learner did before: in other modules, or in a first try of the same test."""
        headers = {"Authorization": f"Bearer {self.token}"}
        httpx.delete(f"{self.api}/v1/learners/lin-42", headers=headers, timeout=120).raise_for_status()


def _urls(context: BrowserContext) -> list[str]:
    """Of every request of the context from now on, and its referrer."""
    seen: list[str] = []
    context.on("request", lambda request: seen.extend([request.url, request.headers.get("referer", "")]))
    return seen


@pytest.fixture(scope="module")
def stage(browser: Browser, library: Settings) -> Iterator[Stage]:
    with staged(browser, library) as stage:
        yield stage


@contextmanager
def staged(browser: Browser, library: Settings) -> Iterator[Stage]:
    """A page of another origin beside the real server over this library."""
    state = {"token": "", "api": ""}

    async def page(_: Request) -> Response:
        return Response(
            '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>课程</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<script type="module" src="{state["api"]}/sidebar/baize-sidebar.js"></script></head>'
            "<body><main>"
            '<video id="video" src="/one.mp4" controls muted width="280" aria-label="课"></video>'
            '<baize-sidebar course="elder-health" lesson="elder-health-01" player="#video" '
            f'token="{state["token"]}"></baize-sidebar></main></body></html>',
            media_type="text/html",
            headers={
                "Content-Security-Policy": f"default-src 'none'; script-src {state['api']}; "
                f"connect-src {state['api']}; media-src 'self'; img-src blob:"
            },
        )

    async def video(_: Request) -> Response:
        return FileResponse(VIDEOS / "01-measure.mp4")

    host_app: Any = Starlette(routes=[Route("/", page), Route("/one.mp4", video)])
    with DeepSeekServer() as model, LiveServer(host_app) as host:
        chat = OpenAIChat(base_url=model.base_url, model="m")
        # Another name for the same machine is another origin.
        origin = f"http://localhost:{urlsplit(host.url).port}"
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BAIZE_DATA_DIR", str(library.data_dir))
            # The library is the session's: the module before may have made the platform.
            known = [each["platform"] for each in json.loads(_run("tenants", "list", "--json"))]
            _run("tenants", "update" if "default" in known else "create", "default", "--origin", origin)
            state["token"] = _run("tenants", "token", "default", "--learner", "lin-42")
        with LiveServer(create_app(library.model_copy(update={"chat": chat}))) as server:
            state["api"] = server.url
            yield Stage(server.url, f"{origin}/", state["token"], model, browser)


def _run(*words: str) -> str:
    # Playwright's own event loop runs in this thread.
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(CliRunner().invoke, build(), list(words)).result()
    assert done.exit_code == 0, done.output
    return done.stdout.strip()


def _slowly(n_tokens: int) -> Callable[[Body], Script]:
    """A model that says what the passages of its prompt say, cited, some twenty tokens a second."""
    return lambda body: paced(draft(body["messages"][-1]["content"], n_tokens), 20)


def _kept(page: Page, *, elder: bool) -> Any:
    """Waits until the server has kept this choice."""
    wanted = f'"elder":{json.dumps(elder)}'
    return page.expect_response(
        lambda got: got.request.method == "PUT" and got.ok and wanted in (got.request.post_data or "")
    )


def _asked(page: Page) -> Any:
    """The state of the newest turn."""
    return page.evaluate("document.querySelector('baize-sidebar').conversation.turns[0].state")


def test_a_reload_in_mid_stream_loses_and_doubles_nothing(stage: Stage) -> None:
    """The real event log gives the rest; the conversation gives the question; the text is the stored one."""
    with stage.open() as page:
        stage.model.responder = _slowly(400)
        say(page, _QUESTION)
        expect(page.locator(".chip").nth(1)).to_be_visible()
        expect(page.locator(".turn")).to_have_attribute("aria-busy", "true")
        page.reload()
        ready(page)
        page.wait_for_selector(".turn[aria-busy=false]")
        expect(page.locator(".turn")).to_have_count(1)
        expect(page.locator(".turn h3")).to_have_text(_QUESTION)
        state = _asked(page)
        stored = stage.get(f"answers/{state['answerId']}")
        assert not stored.get("degraded")
        assert state["text"] == stored["text"]
        expect(page.locator(".chip")).to_have_count(len(re.findall(r"\[\d+\]", stored["text"])))
        keep_screenshot(page, "live-reload")


def test_an_answer_goes_on_behind_another_course(stage: Stage) -> None:
    """Who leaves a course in mid-stream and comes back finds the whole answer, once."""
    with stage.open() as page:
        stage.model.responder = _slowly(400)
        say(page, _QUESTION)
        expect(page.locator(".chip").first).to_be_visible()
        page.evaluate("document.querySelector('baize-sidebar').course = 'another'")
        expect(page.locator(".turn")).to_have_count(0)
        expect(page.locator("[part=send]")).to_be_enabled()
        page.evaluate("document.querySelector('baize-sidebar').course = 'elder-health'")
        page.wait_for_selector(".turn[aria-busy=false]")
        expect(page.locator(".turn")).to_have_count(1)
        expect(page.locator(".turn h3")).to_have_text(_QUESTION)
        state = _asked(page)
        assert state["text"] == stage.get(f"answers/{state['answerId']}")["text"]


def test_stop_reaches_the_model(stage: Stage) -> None:
    """`DELETE /v1/answers/{id}`: the endpoint sees its client hang up; what was sent stays."""
    with stage.open() as page:
        stage.model.reset()
        stage.model.responder = _slowly(2000)
        say(page, "袖带要绑在哪里？")
        expect(page.locator(".chip").first).to_be_visible()
        page.locator("[part=stop]").click()
        expect(page.locator(".turn")).to_contain_text("已停止")
        assert stage.model.chats[0].disconnected.wait(30)
        expect(page.locator("[part=retry]")).to_be_visible()
        keep_screenshot(page, "live-stopped")


def test_what_the_learner_chose_is_on_the_server(stage: Stage) -> None:
    """Elder mode and the dark are there again on another device; nothing is in this one's storage."""
    with stage.open() as page:
        page.get_by_role("button", name="设置").click()
        page.get_by_label("深色").check()
        with _kept(page, elder=True):
            page.get_by_label("适老模式").click()
        expect(page.get_by_role("heading", name="您想做什么？")).to_be_visible()
    assert stage.get("learners/lin-42/preferences")["elder"] is True
    with stage.open() as page:
        expect(page.get_by_role("heading", name="您想做什么？")).to_be_visible()
        expect(page.locator(".shell")).to_have_class("shell elder dark")
        page.get_by_role("button", name="设置").click()
        page.get_by_label("跟随系统").check()
        with _kept(page, elder=False):
            page.get_by_label("适老模式").click()


def test_pictures_of_the_lesson(stage: Stage) -> None:
    """Asked for when the section is opened, token in a header; a picture leads to its second."""
    with stage.open(viewport={"width": 420, "height": 1400}) as page:
        asked = _paths(page)
        page.get_by_role("tab", name="目录").click()
        expect(page.locator("[part=transcript] .line").first).to_be_visible()
        assert not [path for path in asked if "storyboard" in path or "/frames/" in path]
        page.locator("[part=storyboard] summary").click()
        expect(page.locator("[part=storyboard] img").first).to_have_js_property("naturalWidth", 480)
        scenes = stage.get("lessons/elder-health-01/storyboard")["scenes"]
        expect(page.locator("[part=scene]")).to_have_count(len(scenes))
        page.wait_for_timeout(500)
        keep_screenshot(page, "live-storyboard")
        page.locator("[part=scene]").nth(1).click()
        expect(page.locator("[part=notice-line]")).to_contain_text("已跳到")
        at = page.evaluate("document.querySelector('video').currentTime")
        assert scenes[1]["locator"]["start"] <= at < scenes[1]["locator"]["start"] + 3


def _paths(page: Page) -> list[str]:
    """Of every request from now on."""
    paths: list[str] = []
    page.on("request", lambda request: paths.append(urlsplit(request.url).path))
    return paths


def test_outline_search_and_jump(stage: Stage) -> None:
    """Chapters and transcript of the real lesson, a real search, and a landing at the found second."""
    with stage.open() as page:
        page.get_by_role("tab", name="目录").click()
        expect(page.locator("[part=transcript] .line").first).to_be_visible()
        keep_screenshot(page, "live-outline")
        page.get_by_role("tab", name="搜索").click()
        page.get_by_label("本节").check()
        page.get_by_label("找什么").fill("袖带")
        page.get_by_label("找什么").press("Enter")
        card = page.locator("[part=results] .card").first
        expect(card).to_contain_text("袖带")
        shown = card.locator(".time").inner_text()
        card.click()
        expect(page.locator("[part=notice-line]")).to_contain_text(shown)
        minutes, seconds = map(int, shown.split(":"))
        at = page.evaluate("document.querySelector('video').currentTime")
        assert minutes * 60 + seconds <= at < minutes * 60 + seconds + 3
