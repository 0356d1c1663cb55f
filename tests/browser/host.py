"""Host pages for the sidebar, their players, and a scripted API behind them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from baize.sidebar import DIST
from tests.browser.chromium import watch
from tests.servers.sidebar_api import COURSE, LESSON, OTHER, VIDEOS, SidebarApi
from tests.unit.api.library import LiveServer

TOKEN = "secret-token.of-a.learner"
MODULES = DIST.parent / "node_modules"

_ELEMENT = (
    f'<baize-sidebar course="{COURSE}" lesson="{LESSON}" token="{TOKEN}" locale="zh-CN" player="#video">'
    "</baize-sidebar>"
)
_VIDEO = '<video id="video" src="/files/one.mp4" controls muted width="300" aria-label="课"></video>'


def page_of(body: str, *, head: str = "") -> str:
    """A host page in Chinese; the sidebar's script comes last in the head."""
    return (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>课程</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{head}{{sidebar}}</head>'
        f"<body><main>{body}</main></body></html>"
    )


PAGES = {
    "plain": page_of(_VIDEO + _ELEMENT, head='<script type="module" src="/files/host.js"></script>'),
    "two": page_of(_VIDEO + _ELEMENT + _ELEMENT.replace('player="#video"', 'id="second" player="#video"')),
    "none": page_of(_ELEMENT.replace(' player="#video"', "")),
    "twice": page_of(_VIDEO + _ELEMENT).replace(
        "{sidebar}", '{sidebar}<script type="module" src="/sidebar/baize-sidebar.js?again"></script>'
    ),
    "late": page_of(
        '<div id="place"></div>', head='<script type="module" src="/files/late.js"></script>'
    ).replace("{sidebar}", ""),
    "bare": page_of(_ELEMENT),
    "videojs": page_of(
        '<video-js id="video" class="video-js" width="300" height="170"></video-js>' + _ELEMENT,
        head='<script src="/files/video.min.js"></script>'
        '<script type="module" src="/files/videojs.js"></script>',
    ),
    "hls": page_of(
        _VIDEO.replace('src="/files/one.mp4" ', "") + _ELEMENT,
        head='<script src="/files/hls.min.js"></script><script type="module" src="/files/hls.js"></script>',
    ),
    "english": page_of(_VIDEO + _ELEMENT.replace("zh-CN", "en")).replace('lang="zh-CN"', 'lang="en"'),
    "elder": page_of(_VIDEO + _ELEMENT.replace("></baize", " elder></baize")),
    "dark": page_of(_VIDEO + _ELEMENT.replace("></baize", ' theme="dark"></baize')),
}

_HOST = f"""
const sidebar = document.querySelector("baize-sidebar");
const video = document.querySelector("#video");
const files = {{ "{LESSON}": "/files/one.mp4", "{OTHER}": "/files/two.mp4" }};
sidebar.addEventListener("baize-lesson", (event) => {{
  event.preventDefault();
  video.src = files[event.detail.lesson_id];
  sidebar.lesson = event.detail.lesson_id;
}});
"""
_LATE = f"""
const element = document.createElement("baize-sidebar");
const [course, lesson, token] = ["{COURSE}", "{LESSON}", "{TOKEN}"];
Object.assign(element, {{ course, lesson, token, locale: "en", elder: false }});
document.querySelector("#place").append(element);
setTimeout(() => import("/sidebar/baize-sidebar.js"), 100);
"""
_VIDEOJS = """
const player = videojs("video", { muted: true, controls: true, preload: "auto" });
player.src({ src: "/files/one.mp4", type: "video/mp4" });
window.player = player;
"""
_HLS = """
const hls = new Hls({ enableWorker: false });
hls.loadSource("/files/hls/index.m3u8");
hls.attachMedia(document.querySelector("#video"));
"""


@dataclass
class Host:
    """Host pages over a scripted API."""

    api: SidebarApi
    url: str
    browser: Browser

    @contextmanager
    def page(
        self, name: str = "plain", *, allowed: str = "", init: str = "", **context: Any
    ) -> Iterator[Page]:
        """A host page whose sidebar is ready; fails when something in it went wrong.

        Args:
            allowed: faults that hold this are what the test wants.
            init: a script that runs before all others.
        """
        with self.context(**context) as opened:
            if init:
                opened.add_init_script(init)
            page = opened.new_page()
            page.set_default_timeout(30_000)
            faults = watch(page)
            page.goto(f"{self.url}/host/{name}")
            ready(page)
            yield page
            wrong = [fault for fault in faults if not allowed or allowed not in fault]
            assert wrong == [], wrong

    @contextmanager
    def context(self, **context: Any) -> Iterator[BrowserContext]:
        options = {"viewport": {"width": 800, "height": 900}, "locale": "zh-CN"} | context
        with self.browser.new_context(**options) as opened:
            opened.add_init_script(_NOTE)
            yield opened


_NOTE = """
window.noted = [];
for (const name of ["seek", "lesson", "answer", "error", "ready", "token-expired", "preferences"])
  addEventListener(`baize-${name}`, ({ detail }) => {
    const { waitUntil, ...plain } = detail;
    window.noted.push([name, plain]);
  });
"""


def ready(page: Page) -> None:
    page.wait_for_selector("baize-sidebar .panel")


def say(page: Page, question: str) -> None:
    page.locator("#question").first.fill(question)
    page.locator("#question").first.press("Enter")


def ask(page: Page, question: str = "问") -> None:
    """Ask, and wait for the end."""
    say(page, question)
    # Not `wait_for_selector`: its handle would keep the turn alive for as long as the page.
    page.locator(".turn[aria-busy=false]").first.wait_for()


def noted(page: Page, name: str) -> list[dict[str, Any]]:
    """Details of the events of this name so far."""
    events: list[Any] = page.evaluate("window.noted")
    return [detail for event, detail in events if event == name]


def position(page: Page) -> float:
    seconds: float = page.evaluate("document.querySelector('video').currentTime")
    return seconds


@contextmanager
def hosted(browser: Browser, folder: Path) -> Iterator[Host]:
    """A scripted API with its host pages, their scripts and the sample videos."""
    if not (MODULES / "axe-core").is_dir():
        pytest.fail("The sidebar's packages are not installed: run `make frontend`.")
    scripts = {"host.js": _HOST, "late.js": _LATE, "videojs.js": _VIDEOJS, "hls.js": _HLS}
    for name, text in scripts.items():
        (folder / name).write_text(text)
    one, two = VIDEOS / "01-measure.mp4", VIDEOS / "02-numbers.mp4"
    files = {name: folder / name for name in scripts} | {
        "one.mp4": one,
        "two.mp4": two,
        "video.min.js": MODULES / "video.js" / "dist" / "video.min.js",
        "hls.min.js": MODULES / "hls.js" / "dist" / "hls.min.js",
    }
    files |= {f"hls/{path.name}": path for path in _hls(one, folder / "hls")}
    api = SidebarApi(pages=PAGES, files=files)
    api.lesson_durations = {LESSON: _duration(one), OTHER: _duration(two)}
    with LiveServer(api.app) as server:
        yield Host(api, server.url, browser)


def _duration(path: Path) -> float:
    with av.open(str(path)) as media:
        return (media.duration or 0) / 1_000_000


def _hls(source: Path, folder: Path) -> list[Path]:
    """The same video as an HLS playlist, not encoded again."""
    folder.mkdir()
    with (
        av.open(str(source)) as media,
        av.open(
            str(folder / "index.m3u8"), "w", format="hls", options={"hls_time": "6", "hls_list_size": "0"}
        ) as out,
    ):
        streams = {stream.index: out.add_stream_from_template(stream) for stream in media.streams}
        for packet in media.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                out.mux(packet)
    return sorted(folder.iterdir())
