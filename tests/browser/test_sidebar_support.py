"""What the course has nothing on goes to the service desk, from the same input."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.host import Host, ask, hosted
from tests.browser.test_sidebar_access import violations
from tests.servers.sidebar_api import Script, place

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CALM: dict[str, Any] = {"route": "course", "language": "zh", "text": "", "suggestions": []}
ENTRY = CALM | {
    "route": "faq",
    "text": "付款后七天内可以退。\n<b>原路返回</b>。",
    "faq": {"course_id": "help", "entry_id": "refund", "question": "可以退费吗？"},
    "suggestions": [{"course_id": "help", "entry_id": "invoice", "question": "怎么开发票？"}],
}
PERSON = CALM | {
    "route": "person",
    "text": "这个问题需要人工来回答。",
    "hand_over": {"open_now": True, "opens_at": None},
}


@pytest.fixture(scope="module")
def host(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with hosted(browser, tmp_path_factory.mktemp("support")) as opened:
        refused = {"reason": "not_covered", "nearest": [place(1, "最近的一处。")]}
        done = {"text": "", "citations": [], "refusal": refused}
        opened.api.scripts["退费"] = Script([("refusal", refused), ("done", done)])
        polite = {"reason": "out_of_scope", "nearest": []}
        thanked = {"text": "不客气！", "citations": [], "refusal": polite}
        opened.api.scripts["谢谢"] = Script(
            [("refusal", polite), ("delta", {"text": "不客气！"}), ("done", thanked)]
        )
        asked = {"reason": "person", "nearest": []}
        told = {"text": "这里由 AI 作答。", "citations": [], "refusal": asked}
        opened.api.modes = ["explain", "guide", "test"]
        opened.api.scripts["转人工"] = Script(
            [("refusal", asked), ("delta", {"text": "这里由 AI 作答。"}), ("done", told)]
        )
        yield opened


@pytest.fixture(autouse=True)
def fresh(host: Host) -> None:
    host.api.requests.clear()
    host.api.takes_tickets = True


def test_an_entry_of_the_faq_is_quoted_below_the_refusal(host: Host) -> None:
    """Word for word, as text; only where the course had nothing; near entries can be asked for."""
    host.api.service = ENTRY
    with host.page() as page:
        ask(page, "血压")
        ask(page, "退费")
        desk = page.locator(".service")
        expect(desk).to_contain_text("可以退费吗？")
        expect(desk.locator(".whole")).to_have_text("付款后七天内可以退。\n<b>原路返回</b>。")
        expect(page.locator("[part=hand-over]")).to_have_count(0)
        [(_, body)] = host.api.called("POST", "/support")
        assert (body["question"], body["course_asked"]) == ("退费", True)
        page.get_by_role("button", name="怎么开发票？").click()
        expect(page.get_by_role("heading", name="怎么开发票？")).to_be_visible()


def test_a_person_is_asked_with_consent_and_once(host: Host) -> None:
    """The message is shown and can be changed; the conversation goes by consent; a retry makes no second."""
    host.api.service, host.api.takes_tickets = PERSON, False
    with host.page(allowed="404") as page:
        ask(page, "退费")
        message = page.get_by_label("转告客服的话")
        expect(message).to_have_value("退费")
        assert violations(page) == []
        expect(page.get_by_label("把这次对话也一起转过去")).not_to_be_checked()
        message.fill("想退费，请联系我")
        page.get_by_label("怎么联系您？（可不填）").fill("微信 lin")
        page.get_by_label("把这次对话也一起转过去").check()
        page.get_by_role("button", name="转给人工客服").click()
        expect(page.get_by_role("alert")).to_have_text("没有转交成功，请再试一次。")
        expect(message).to_have_value("想退费，请联系我")
        host.api.takes_tickets = True
        page.get_by_role("button", name="转给人工客服").click()
        expect(page.locator("[part=ticket]")).to_contain_text("t-7")
        calls = host.api.called("POST", "/tickets")
        assert len({headers["idempotency-key"] for headers, _ in calls}) == 1
        body = calls[-1][1]
        assert (body["message"], body["contact"], body["consent"]) == ("想退费，请联系我", "微信 lin", True)
        assert body["conversation_id"]


def test_what_is_the_courses_stays_the_courses(host: Host) -> None:
    """Where the desk has nothing to say, or there is none, the refusal stands alone."""
    for service in (CALM, None):
        host.api.service = service
        with host.page() as page:
            ask(page, "退费")
            expect(page.locator("[part=moments] .card")).to_have_count(1)
            page.wait_for_load_state("networkidle")
            expect(page.locator(".service")).to_have_count(0)
    assert len(host.api.called("POST", "/support")) == 1


def test_who_asks_for_a_person_gets_the_way_to_one(host: Host) -> None:
    """Below words of the server's own; also in an exercise."""
    host.api.service = PERSON
    with host.page() as page:
        ask(page, "转人工")
        expect(page.locator(".answer")).to_have_text("这里由 AI 作答。")
        expect(page.locator("[part=hand-over]")).to_be_visible()
        expect(page.get_by_text("课程中没有讲到")).to_have_count(0)
    with host.page() as page:
        page.get_by_role("button", name="带我想").click()
        ask(page, "转人工")
        expect(page.locator("[part=hand-over]")).to_be_visible()
    assert [body.get("mode") for _, body in host.api.called("POST", "/answers")] == ["explain", "guide"]


def test_thanks_are_nothing_for_the_desk(host: Host) -> None:
    """They are returned, and that is all: no refusal, no moments, nobody who takes a ticket."""
    host.api.service = PERSON
    with host.page() as page:
        ask(page, "谢谢")
        expect(page.locator(".answer")).to_have_text("不客气！")
        page.wait_for_load_state("networkidle")
        expect(page.get_by_text("课程中没有讲到")).to_have_count(0)
        expect(page.locator("[part=moments] .card, .service, [part=hand-over]")).to_have_count(0)
    assert host.api.called("POST", "/support") == []
