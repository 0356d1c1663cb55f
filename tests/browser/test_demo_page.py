"""The demo page in a real browser, over the real application: ask, read, press, and be there.

Chromium is found by `$CHROMIUM`, else on the path. Set `$SCREENSHOTS` to a folder to keep what was seen.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import anyio
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from baize.api.app import create_app
from baize.bootstrap import opened
from baize.settings import Settings
from baize.testing.scripted_transcriber import ScriptedTranscriber
from ingest.run import ingest_paths
from tests.unit.api.library import LiveServer, opens, settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_QUESTION = "降压药忘了吃一次，可以补双份吗？"
_WIDTHS = {"desktop": (1280, 900), "narrow": (320, 640)}


def _chromium() -> str:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.fail("No Chromium: `apt-get install chromium`, or set CHROMIUM to its path.")
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A data folder with the sample course whose lessons all have subtitles, ingested for real."""
    chosen = settings(data_dir=tmp_path_factory.mktemp("data"), index={"idle_s": 20})

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


@pytest.fixture(scope="module")
def url(library: Settings) -> Iterator[str]:
    with LiveServer(create_app(library)) as server:
        yield server.url


@contextmanager
def opened_page(
    browser: Browser, url: str, *, width: str = "desktop", locale: str = "zh-CN"
) -> Iterator[Page]:
    """The demo page with its lessons loaded; fails when the page had an error or broke its own policy."""
    across, down = _WIDTHS[width]
    with browser.new_context(viewport={"width": across, "height": down}, locale=locale) as context:
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on("dialog", lambda dialog: faults.append(f"dialog: {dialog.message}"))
        page.goto(f"{url}/demo")
        page.wait_for_selector("#lesson option", state="attached")
        # Where the player lands, before it plays on.
        page.evaluate(
            "() => { window.landed = [];"
            " document.getElementById('video').addEventListener('seeked',"
            " (event) => window.landed.push(event.target.currentTime)) }"
        )
        yield page
        assert faults == []


def ask(page: Page, question: str = _QUESTION) -> dict[str, Any]:
    """Ask with the keyboard, wait for the end; the `done` event that the page was sent."""
    with page.expect_response("**/v1/answers") as streamed:
        page.get_by_role("textbox").fill(question)
        page.get_by_role("textbox").press("Enter")
    page.wait_for_selector(".turn:not([aria-busy])")
    done: dict[str, Any] = json.loads(re.findall(r"event: done\ndata: (.*)\n", streamed.value.text())[0])
    return done


def landed(page: Page) -> float:
    page.wait_for_function("() => window.landed.length > 0")
    seconds: float = page.evaluate("window.landed.at(-1)")
    return seconds


def keep_screenshot(page: Page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("width", _WIDTHS)
def test_a_citation_opens_the_cited_second(browser: Browser, url: str, width: str) -> None:
    """The answer's first citation, in another lesson than the one that is shown, seeks the one player."""
    with opened_page(browser, url, width=width) as page:
        done = ask(page)
        cited = done["citations"][0]
        assert cited["lesson_id"] == "elder-health-03"
        assert page.locator("#lesson").input_value() == "elder-health-01"

        page.locator(".turn .marker").first.click()

        assert abs(landed(page) - cited["locator"]["start"]) <= 0.3
        assert page.locator("#lesson").input_value() == cited["lesson_id"]
        expect(page.locator("#quoted-text")).to_have_text(cited["quote"])
        expect(page.locator("#video")).to_be_in_viewport()
        keep_screenshot(page, f"cited-{width}")


def test_the_answer_is_shown_as_it_was_sent(browser: Browser, url: str) -> None:
    """Text, notice and one source per citation; nothing is left open at the end."""
    with opened_page(browser, url) as page:
        done = ask(page)

        shown = page.locator(".answer").inner_text()
        for line in done["text"].split("\n"):
            assert re.sub(r"^- |\[\d+\]", "", line) in shown.replace("\n", "")
        expect(page.locator(".notice")).to_have_text(done["label"])
        expect(page.locator(".places button")).to_have_count(len(done["citations"]))
        expect(page.locator(".marker:disabled")).to_have_count(0)


def test_subtitles_are_those_of_the_lesson(browser: Browser, url: str) -> None:
    """The track comes from the transcript and is on from the start."""
    with opened_page(browser, url) as page:
        page.wait_for_function("() => document.getElementById('video').textTracks[0]?.cues?.length > 0")

        state = page.evaluate(
            "() => { const [track] = document.getElementById('video').textTracks;"
            " return [track.mode, track.language, track.cues[0].text] }"
        )

    assert state[:2] == ["showing", "zh"]
    assert state[2]


def test_the_keyboard_is_enough(browser: Browser, url: str) -> None:
    """Tab from the question to the first citation, Enter, and the video is there."""
    with opened_page(browser, url) as page:
        done = ask(page)
        for _ in range(5):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.classList.contains('marker')"):
                break
        label = page.evaluate("document.activeElement.getAttribute('aria-label')")
        page.keyboard.press("Enter")

        assert abs(landed(page) - done["citations"][0]["locator"]["start"]) <= 0.3
        assert done["citations"][0]["lesson_title"] in label


def test_every_control_has_a_name_and_answers_are_announced(browser: Browser, url: str) -> None:
    """What a screen reader needs: names, a log that speaks up, and the language of the page."""
    with opened_page(browser, url) as page:
        ask(page)

        for name in ("课程", "课时"):
            expect(page.get_by_role("combobox", name=name)).to_be_visible()
        expect(page.get_by_role("textbox", name="想问什么？")).to_be_visible()
        expect(page.get_by_role("log")).to_have_attribute("aria-live", "polite")
        assert page.evaluate("document.documentElement.lang") == "zh"
        nameless = page.locator("button").evaluate_all(
            "(all) => all.filter((one) => !(one.ariaLabel || one.textContent.trim())).length"
        )
        assert nameless == 0


def test_a_narrow_english_screen_needs_no_sideways_scrolling(browser: Browser, url: str) -> None:
    """320 px, the page's own words in English, targets large enough for a finger."""
    with opened_page(browser, url, width="narrow", locale="en-GB") as page:
        ask(page)

        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        expect(page.get_by_role("heading", level=1)).to_have_text("Bai Ze")
        smallest = page.locator("button:visible").evaluate_all(
            "(all) => Math.min(...all.flatMap((one) => [one.offsetWidth, one.offsetHeight]))"
        )
        assert smallest >= 40
        keep_screenshot(page, "english-narrow")


def test_a_refusal_offers_the_nearest_moments(browser: Browser, library: Settings) -> None:
    """Up to three buttons; one that is in a video goes there."""
    strict = library.answers.model_copy(update={"min_evidence": 1.0})
    with (
        LiveServer(create_app(library.model_copy(update={"answers": strict}))) as server,
        opened_page(browser, server.url) as page,
    ):
        done = ask(page, "量血压之前要安静坐几分钟？")
        nearest = done["refusal"]["nearest"]
        timed = next(n for n, place in enumerate(nearest) if place["locator"]["kind"] == "time")

        expect(page.locator(".places button")).to_have_count(len(nearest))
        page.locator(".places button").nth(timed).click()

        assert abs(landed(page) - nearest[timed]["locator"]["start"]) <= 0.3
        keep_screenshot(page, "refusal")


def test_hostile_text_stays_text(browser: Browser) -> None:
    """Markup in a question, a quote and a lesson's title is shown, never run; no dialog opens."""
    with LiveServer(create_app(settings(), open_house=opens())) as server, browser.new_context() as context:
        page = context.new_page()
        dialogs: list[str] = []
        page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        page.goto(f"{server.url}/demo")
        page.wait_for_selector("#lesson option", state="attached")
        ask(page, "<img src=x onerror=alert(3)>降压药要天天吃吗？")
        page.locator(".places button").first.click()
        expect(page.locator("#quoted-text")).not_to_be_empty()

        assert page.locator(".turn img, .turn script, figure img").count() == 0
        expect(page.locator(".turn h2")).to_have_text("<img src=x onerror=alert(3)>降压药要天天吃吗？")
        assert "<img src=x onerror=alert(2)>" in page.locator(".answer").inner_text()
        assert dialogs == []


def test_a_problem_is_told(browser: Browser, url: str) -> None:
    """What the server refuses is said in its own words, aloud; the page stays usable."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{url}/demo")
        page.wait_for_selector("#lesson option", state="attached")
        problem = {"status": 503, "title": "x", "detail": "The index is unavailable.", "remedy": "Try later."}
        page.route(
            "**/v1/answers",
            lambda route: route.fulfill(
                status=503, content_type="application/problem+json", body=json.dumps(problem)
            ),
        )
        page.get_by_role("textbox").fill("?")
        page.get_by_role("textbox").press("Enter")

        expect(page.get_by_role("alert")).to_have_text("The index is unavailable. Try later.")
        expect(page.locator("#send")).to_be_enabled()


def test_events_are_the_same_however_the_stream_is_cut(browser: Browser, url: str) -> None:
    """A network cuts anywhere: between two events, in a line, in a name."""
    stream = 'id: 1\nevent: start\ndata: {"n": 1}\n\n: ping\n\nid: 2\nevent: delta\ndata: {"t": "你\\n"}\n\n'
    with opened_page(browser, url) as page:
        differing = page.evaluate(
            """async (stream) => {
                const { EventParser } = await import("/demo/page/sse.js");
                const parse = (...pieces) => {
                    const parser = new EventParser();
                    return JSON.stringify(pieces.flatMap((piece) => parser.feed(piece)));
                };
                const whole = parse(stream);
                const cuts = [parse(...stream)];
                for (let a = 0; a <= stream.length; a += 1)
                    for (let b = a; b <= stream.length; b += 1)
                        cuts.push(parse(stream.slice(0, a), stream.slice(a, b), stream.slice(b)));
                return [whole, cuts.filter((cut) => cut !== whole).length];
            }""",
            stream,
        )

    assert json.loads(differing[0]) == [
        {"name": "start", "data": {"n": 1}},
        {"name": "delta", "data": {"t": "你\n"}},
    ]
    assert differing[1] == 0
