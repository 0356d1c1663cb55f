"""A highlight reel in real Chromium."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from playwright.sync_api import Browser

from baize.adapters.footage_av import AvFootage
from baize.domain.locator import TimeSpan

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_STATE = """
new Promise((done) => {
  const video = document.querySelector("video");
  const tell = () => done([video.error && video.error.code, video.duration, video.videoWidth]);
  video.addEventListener("error", tell);
  video.addEventListener("seeked", tell);
  video.addEventListener("loadeddata", () => { video.currentTime = 5; });
  video.load();
})
"""


def test_a_reel_plays_and_seeks(browser: Browser, repo_root: Path, tmp_path: Path) -> None:
    """Cut from a sample lesson: it loads, has its length, and can be sought."""
    lesson = repo_root / "baize" / "demo" / "courses" / "spreadsheets-101" / "02-references.mp4"
    out = tmp_path / "reel.mp4"
    spans = [TimeSpan(2.0, 8.5), TimeSpan(20.0, 26.0)]

    async def cut() -> float:
        return await AvFootage().cut(lesson, spans, out)

    with anyio.from_thread.start_blocking_portal() as portal:
        length_s = portal.call(cut)
    (tmp_path / "page.html").write_text('<video src="reel.mp4" muted></video>', encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    error, duration_s, width = page.evaluate(_STATE)
    page.close()
    assert error is None
    assert duration_s == pytest.approx(length_s, abs=0.1)
    assert width > 0
