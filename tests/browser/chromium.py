"""Chromium, the sample library behind a real server, and pages that fail when something in them went wrong.

Chromium is found by `$CHROMIUM`, else on the path. Set `$SCREENSHOTS` to a folder to keep what was seen.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import anyio
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from baize.bootstrap import opened
from baize.settings import Settings
from baize.sidebar import DIST, ENTRY
from baize.testing.scripted_transcriber import ScriptedTranscriber
from ingest.run import ingest_paths
from tests.unit.api.library import settings

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = {"desktop": (1280, 900), "narrow": (320, 640)}


def launch() -> Iterator[Browser]:
    """A browser, closed at the end."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.fail("No Chromium: `apt-get install chromium`, or set CHROMIUM to its path.")
    if not (DIST / ENTRY).is_file():
        pytest.fail("The sidebar is not built: run `make sidebar`.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_FLAGS)
        yield browser
        browser.close()


def sample_library(folder: Path) -> Settings:
    """A data folder with the sample course whose lessons all have subtitles, ingested for real."""
    chosen = settings(data_dir=folder, index={"idle_s": 20})

    async def ingest() -> None:
        async with opened(chosen) as house:
            house.__dict__["transcriber"] = ScriptedTranscriber({})
            course = Path(str(resources.files("baize.demo").joinpath("courses", "elder-health")))
            report = await ingest_paths(house, [course])
            assert not report.all_problems

    # Playwright's own event loop runs in this thread.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(anyio.run, ingest).result()
    return chosen


@contextmanager
def demo_page(
    browser: Browser, url: str, *, width: str = "desktop", locale: str = "zh-CN", **context: Any
) -> Iterator[Page]:
    """The demo page with its lessons loaded; fails when the page had an error or broke its own policy."""
    across, down = WIDTHS[width]
    size: ViewportSize = {"width": across, "height": down}
    with browser.new_context(viewport=size, locale=locale, **context) as opened_context:
        page = opened_context.new_page()
        faults = watch(page)
        page.goto(f"{url}/demo")
        page.wait_for_selector("#lessons button")
        page.wait_for_selector("baize-sidebar textarea")
        # Where the player lands, before it plays on.
        page.evaluate(
            "() => { window.landed = [];"
            " document.getElementById('video').addEventListener('seeked',"
            " (event) => window.landed.push(event.target.currentTime)) }"
        )
        yield page
        assert faults == []


def watch(page: Page) -> list[str]:
    """What goes wrong in a page from now on: exceptions, violations of its policy, dialogs."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if _is_fault(message) else None)
    page.on("dialog", lambda dialog: faults.append(f"dialog: {dialog.message}"))
    return faults


def _is_fault(message: Any) -> bool:
    # Chromium reports every 404 as an error; what is not there yet is asked for, and told by 404.
    return message.type == "error" and "status of 404" not in message.text


def ask(page: Page, question: str) -> dict[str, Any]:
    """Ask with the keyboard, wait for the end; the answer as `done` had it."""
    page.evaluate(
        "() => { window.answered = new Promise((resolve) => document.querySelector('baize-sidebar')"
        ".addEventListener('baize-answer', (event) => resolve(event.detail.answer_id), { once: true })) }"
    )
    page.locator("baize-sidebar textarea").first.fill(question)
    page.locator("baize-sidebar textarea").first.press("Enter")
    done: dict[str, Any] = page.evaluate(
        "async () => (await fetch('/v1/answers/' + await window.answered)).json()"
    )
    page.wait_for_selector("article.turn[aria-busy=false]")
    return done


def landed(page: Page) -> float:
    """The second of the latest seek."""
    page.wait_for_function("() => window.landed.length > 0")
    seconds: float = page.evaluate("window.landed.at(-1)")
    return seconds


def keep_screenshot(page: Page, name: str) -> None:
    """In `$SCREENSHOTS`, for people to look at."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
