"""The demo page in a real browser, over the real application: ask, read, press, and be there."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from baize.api.app import create_app
from baize.settings import Settings
from tests.browser.chromium import WIDTHS, ask, demo_page, keep_screenshot, landed, watch
from tests.unit.api.library import LiveServer, opens, settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_QUESTION = "降压药忘了吃一次，可以补双份吗？"


@pytest.mark.parametrize("width", WIDTHS)
def test_a_citation_opens_the_cited_second(browser: Browser, url: str, width: str) -> None:
    """The answer's first citation is in another lesson: after a yes, it opens in the one player."""
    with demo_page(browser, url, width=width) as page:
        done = ask(page, _QUESTION)
        cited = done["citations"][0]
        assert cited["lesson_id"] == "elder-health-03"
        expect(page.locator("baize-sidebar")).to_have_attribute("lesson", "elder-health-01")

        page.locator(".chip").first.click()
        expect(page.get_by_role("dialog")).to_contain_text(cited["quote"])
        expect(page.get_by_role("dialog").locator("img")).to_have_js_property("naturalWidth", 480)
        keep_screenshot(page, f"preview-{width}")
        page.get_by_role("button", name="跳到那里").click()

        assert abs(landed(page) - cited["locator"]["start"]) <= 0.3
        expect(page.locator("baize-sidebar")).to_have_attribute("lesson", cited["lesson_id"])
        expect(page.locator("#video")).to_be_in_viewport()
        expect(page.locator("video")).to_have_count(1)
        keep_screenshot(page, f"cited-{width}")


def test_the_answer_is_shown_as_it_was_sent(browser: Browser, url: str) -> None:
    """Text, notice and a chip for each marker."""
    with demo_page(browser, url) as page:
        done = ask(page, _QUESTION)

        shown = page.locator(".answer").inner_text()
        for line in done["text"].split("\n"):
            assert re.sub(r"^- |\[\d+\]", "", line) in shown.replace("\n", "")
        expect(page.locator(".notice")).to_contain_text(done["label"])
        expect(page.locator(".chip")).to_have_count(len(re.findall(r"\[\d+\]", done["text"])))


def test_subtitles_are_those_of_the_lesson(browser: Browser, url: str) -> None:
    """The track comes from the transcript and is on from the start."""
    with demo_page(browser, url) as page:
        page.wait_for_function("() => document.getElementById('video').textTracks[0]?.cues?.length > 0")

        state = page.evaluate(
            "() => { const [track] = document.getElementById('video').textTracks;"
            " return [track.mode, track.language, track.cues[0].text] }"
        )

    assert state[:2] == ["showing", "zh"]
    assert state[2]


def test_a_narrow_english_screen_needs_no_sideways_scrolling(browser: Browser, url: str) -> None:
    """320 px, the page's own words in English, targets large enough for a finger."""
    with demo_page(browser, url, width="narrow", locale="en-GB") as page:
        ask(page, _QUESTION)

        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        expect(page.get_by_role("tab", name="Ask")).to_be_visible()
        smallest = page.locator("button:visible:not(.chip)").evaluate_all(
            "(all) => Math.min(...all.flatMap((one) => [one.offsetWidth, one.offsetHeight]))"
        )
        assert smallest >= 40
        keep_screenshot(page, "english-narrow")


def test_a_refusal_offers_the_nearest_moments(browser: Browser, library: Settings) -> None:
    """Up to three buttons; one that is in a video goes there."""
    strict = library.answers.model_copy(update={"min_evidence": 1.0})
    with (
        LiveServer(create_app(library.model_copy(update={"answers": strict}))) as server,
        demo_page(browser, server.url) as page,
    ):
        done = ask(page, "量血压之前要安静坐几分钟？")
        nearest = done["refusal"]["nearest"]
        timed = next(n for n, place in enumerate(nearest) if place["lesson_id"] == "elder-health-01")

        expect(page.locator(".card")).to_have_count(len(nearest))
        page.locator(".card").nth(timed).click()

        assert abs(landed(page) - nearest[timed]["locator"]["start"]) <= 0.3
        keep_screenshot(page, "refusal")


def test_hostile_text_stays_text(browser: Browser) -> None:
    """Markup in a question, a quote and a lesson's title is shown, never run; no dialog opens."""
    with LiveServer(create_app(settings(), open_house=opens())) as server, browser.new_context() as context:
        page = context.new_page()
        faults = watch(page)
        page.goto(f"{server.url}/demo")
        page.wait_for_selector("baize-sidebar textarea")
        ask(page, "<img src=x onerror=alert(3)>降压药要天天吃吗？")

        assert page.locator(".turn img, .turn script").count() == 0
        expect(page.locator(".turn h3")).to_have_text("<img src=x onerror=alert(3)>降压药要天天吃吗？")
        assert "<img src=x onerror=alert(2)>" in page.locator(".answer").inner_text()
        assert not [fault for fault in faults if "dialog" in fault]


def test_each_course_has_its_conversation(browser: Browser) -> None:
    """Another course begins with nothing of the former one, in words and on the server; both come back."""
    with (
        LiveServer(create_app(settings(), open_house=opens())) as server,
        demo_page(browser, server.url) as page,
    ):
        asked: list[Any] = []
        page.on("request", lambda sent: asked.append(sent.post_data_json) if sent.method == "POST" else None)
        questions = {"health": "量血压之前坐多久？", "sheets": "What does a formula start with?"}
        turns = page.locator(".turn")
        said = {}
        for course, question in questions.items():
            page.locator("#course").select_option(course)
            expect(page.locator("baize-sidebar")).to_have_attribute("course", course)
            expect(turns).to_have_count(0)
            said[course] = ask(page, question)
            assert "conversation_id" not in asked[-1]
        for course, question in questions.items():
            page.locator("#course").select_option(course)
            expect(turns).to_have_count(1)
            expect(turns.locator("h3")).to_have_text(question)
            expect(turns.locator(".chip")).to_have_count(len(re.findall(r"\[\d+\]", said[course]["text"])))
        ask(page, "And then?")
        assert asked[-1]["conversation_id"] == said["sheets"]["conversation_id"]
        expect(turns).to_have_count(2)


def test_a_problem_is_told(browser: Browser, url: str) -> None:
    """What the server refuses is said in its own words, aloud; the page stays usable."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{url}/demo")
        page.wait_for_selector("baize-sidebar textarea")
        problem = {"status": 503, "title": "x", "detail": "The index is unavailable.", "remedy": "Try later."}
        page.route(
            "**/v1/answers",
            lambda route: route.fulfill(
                status=503, content_type="application/problem+json", body=json.dumps(problem)
            ),
        )
        page.get_by_role("textbox").fill("?")
        page.get_by_role("textbox").press("Enter")

        expect(page.get_by_role("alert").filter(has_text="The index")).to_have_text(
            "The index is unavailable. Try later."
        )
        expect(page.locator("[part=send]")).to_be_enabled()
