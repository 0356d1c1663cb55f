"""The practice tab and the three modes, in Chromium over the real server with a real learner token."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from baize.settings import Settings
from tests.browser.chromium import keep_screenshot
from tests.browser.host import say
from tests.browser.test_sidebar_access import violations
from tests.browser.test_sidebar_live import Stage, staged

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def stage(browser: Browser, library: Settings) -> Iterator[Stage]:
    with staged(browser, library) as stage:
        yield stage


def test_a_question_is_answered_and_comes_back_as_a_card(stage: Stage) -> None:
    """By keyboard: its code comes with the tab, the solution with the attempt; the card is due later."""
    stage.forget()
    with stage.open() as page:
        before = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
        assert not [name for name in before if "panel" in name]
        page.get_by_role("tab", name="练习").click()
        options = page.locator("[part=option]")
        expect(options.first).to_be_visible()
        item = stage.get("lessons/elder-health-01/quiz")["items"]
        assert "answer" not in item[0]
        expect(page.locator("[part=review-over]")).to_contain_text("还没有复习卡片")
        assert violations(page) == []
        options.first.press("Enter")
        expect(page.locator("[part=verdict]")).to_contain_text("答案是")
        expect(page.locator("[part=quiz-moment] .card")).to_be_visible()
        assert violations(page) == []
        keep_screenshot(page, "practice-answered")

        reviews = stage.get("learners/lin-42/reviews")
        assert reviews["n_cards"] == 1
        assert sum(day["n"] for day in reviews["forecast"]) <= 1
        expect(page.locator("[part=next]")).to_be_focused()
        page.keyboard.press("Enter")
        expect(options.first).to_be_focused()
        page.locator("[part=skip]").click()


def test_todays_cards_are_turned_and_graded(stage: Stage) -> None:
    """Terms of the lesson as flashcards: three are asked, each once."""
    added = stage.post("learners/lin-42/reviews", {"lesson_id": "elder-health-02"})["cards"]
    assert added
    due = stage.get("learners/lin-42/reviews")["n_due"]
    with stage.open() as page:
        page.get_by_role("tab", name="练习").click()
        page.locator("[part=turn]").click()
        expect(page.locator("[part=back]")).to_be_visible()
        assert violations(page) == []
        keep_screenshot(page, "practice-card")
        page.get_by_role("button", name="记得", exact=True).click()
        left = re.compile(f"还有 {due - 1} 张") if due > 1 else re.compile("复习完了")
        expect(page.locator(".panel")).to_contain_text(left)
    assert stage.get("learners/lin-42/reviews")["n_due"] == due - 1


def test_three_buttons_choose_the_mode(stage: Stage) -> None:
    """带我想 hints and keeps the solution; 考考我 asks."""
    with stage.open() as page:
        for name in ("讲给我听", "带我想", "考考我"):
            expect(page.get_by_role("button", name=name)).to_be_visible()
        page.get_by_role("button", name="带我想").click()
        say(page, "量之前，要安安静静地坐几分钟？")
        page.wait_for_selector(".turn[aria-busy=false]")
        expect(page.locator(".turn").first).to_contain_text("提示 1/3")
        assert "五分钟" not in page.locator(".turn").first.inner_text()
        keep_screenshot(page, "mode-guide")
        page.get_by_role("button", name="考考我").click()
        say(page, "考考我")
        expect(page.locator(".turn")).to_have_count(2)
        expect(page.locator(".turn").first).to_contain_text("请听题")
        assert violations(page) == []
