"""Jumps in real players: land on the second, come back, and never move another video."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.host import Host, ask, hosted, noted, position
from tests.servers.sidebar_api import LESSON, OTHER, answer, place

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def host(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with hosted(browser, tmp_path_factory.mktemp("host")) as host:
        host.api.scripts = {
            "here": answer("在这里。[1]", [place(1, "在这里。", start=42.5)]),
            "far": answer("在别处。[1]", [place(1, "在别处。", lesson=OTHER, start=33.25)]),
            "two": answer("一。[1]二。[2]", [place(1, "一。", start=30.0), place(2, "二。", start=60.0)]),
        }
        yield host


def start_at(page: Page, second: float) -> None:
    page.evaluate(
        """(second) => new Promise((resolve) => {
            const video = document.querySelector("video");
            const go = () => {
                video.addEventListener("seeked", resolve, { once: true });
                video.currentTime = second;
            };
            video.readyState ? go() : video.addEventListener("loadedmetadata", go, { once: true });
        })""",
        second,
    )
    page.evaluate(
        "() => { window.landed = []; const video = document.querySelector('video');"
        " video.addEventListener('seeked', () => window.landed.push(video.currentTime)) }"
    )


def landed(page: Page, n: int = 1) -> float:
    page.wait_for_function("(n) => window.landed.length >= n", arg=n)
    seconds: float = page.evaluate("window.landed.at(-1)")
    return seconds


@pytest.mark.parametrize("player", ["plain", "videojs", "hls"])
def test_a_citation_lands_and_the_way_back_returns(host: Host, player: str) -> None:
    """Within 0.3 s of the cited start, and back within 0.5 s, in one and the same media element."""
    # video.js writes a style element of its own, which the strict policy of these pages refuses.
    with host.page(player, allowed="style" if player == "videojs" else "") as page:
        page.wait_for_function("() => document.querySelector('video')?.readyState > 0")
        start_at(page, 12.3)
        ask(page, "here")
        # The server is told, for platforms that keep xAPI statements.
        with page.expect_response("**/jumps"):
            page.locator(".chip").click()
        assert abs(landed(page) - 42.5) <= 0.3
        assert host.api.called("POST", "/jumps")[-1][1] == {"marker": 1}

        page.locator("[part=back]").click()
        assert abs(landed(page, 2) - 12.3) <= 0.5
        expect(page.locator("[part=back]")).to_have_count(0)
        expect(page.locator("video")).to_have_count(1)
        assert [event["start"] for event in noted(page, "seek")] == [42.5, pytest.approx(12.3, abs=0.5)]


def test_a_preview_shows_words_and_a_picture(host: Host) -> None:
    """Of the cited moment, before the jump; the picture is asked for when the chip is reached."""
    host.api.has_pictures = True
    host.api.requests.clear()
    with host.page() as page:
        ask(page, "here")
        assert host.api.called("GET", "/storyboard") == []
        page.locator(".chip").focus()
        expect(page.locator(".quote")).to_contain_text("在这里。")
        expect(page.locator(".quote img")).to_have_attribute("src", re.compile("^blob:"))
        [(headers, _)] = host.api.called("GET", "/frames/1")
        assert headers["authorization"].startswith("Bearer ")
    host.api.has_pictures = False


def test_another_lesson_is_opened_after_a_yes_and_left_again(host: Host) -> None:
    """The host opens it; the way back leads to the first lesson and its second."""
    with host.page() as page:
        start_at(page, 12.3)
        ask(page, "far")
        page.locator(".chip").click()
        expect(page.get_by_role("dialog")).to_contain_text("看懂血压")
        assert position(page) == pytest.approx(12.3, abs=0.1)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert noted(page, "lesson") == []

        page.locator(".chip").click()
        page.locator("[part=confirm]").click()
        assert abs(landed(page) - 33.25) <= 0.3
        expect(page.locator("baize-sidebar")).to_have_js_property("lesson", OTHER)
        expect(page.locator("[part=back]")).to_contain_text("在家量血压")

        page.locator("[part=back]").click()
        assert abs(landed(page, 2) - 12.3) <= 0.5
        expect(page.locator("baize-sidebar")).to_have_js_property("lesson", LESSON)


def test_hopping_between_citations_keeps_the_first_way_back(host: Host) -> None:
    """Until the learner has watched on from where a jump landed."""
    with host.page() as page:
        start_at(page, 5.0)
        ask(page, "two")
        page.locator(".chip").nth(0).click()
        landed(page)
        page.locator(".chip").nth(1).click()
        landed(page, 2)
        page.locator("[part=back]").click()
        assert abs(landed(page, 3) - 5.0) <= 0.5


def test_a_player_with_another_video_is_not_moved(host: Host) -> None:
    """The durations do not match: blocked, with the reason."""
    with host.page() as page:
        start_at(page, 12.3)
        page.evaluate("document.querySelector('video').src = '/files/two.mp4'")
        page.wait_for_function("() => document.querySelector('video').readyState > 0")
        host.api.lesson_durations[LESSON], kept = 600.0, host.api.lesson_durations[LESSON]
        try:
            page.reload()
            start_at(page, 12.3)
            ask(page, "here")
            page.locator(".chip").click()
            expect(page.locator("[part=notice-line]")).to_have_text(
                "播放器里的视频和这一课对不上，没有跳转。"
            )
        finally:
            host.api.lesson_durations[LESSON] = kept
        assert position(page) == pytest.approx(12.3, abs=0.1)
        assert noted(page, "seek") == []


def test_any_other_player_works_by_events(host: Host) -> None:
    """A host that cancels `baize-seek` moves its own player; `position` says where that is."""
    with host.page("none") as page:
        page.evaluate(
            """() => {
                const sidebar = document.querySelector("baize-sidebar");
                sidebar.position = 7.5;
                sidebar.addEventListener("baize-seek", (event) => {
                    event.preventDefault();
                    sidebar.position = event.detail.start;
                });
            }"""
        )
        ask(page, "here")
        assert host.api.called("POST", "/answers")[-1][1]["position"] == {"lesson_id": LESSON, "t": 7.5}
        page.locator(".chip").click()
        expect(page.locator("[part=back]")).to_contain_text("回到 0:07")
        assert noted(page, "seek")[-1]["start"] == 42.5


def test_without_any_player_the_second_is_told(host: Host) -> None:
    """Nothing to move, nobody who takes it: the learner hears where it is."""
    with host.page("none") as page:
        ask(page, "here")
        page.locator(".chip").click()
        expect(page.locator("[part=notice-line]")).to_contain_text("0:42")


def test_a_question_carries_the_playback_position(host: Host) -> None:
    """So that `what did he just mean?` is about the last minute."""
    with host.page() as page:
        start_at(page, 21.0)
        ask(page)
        body = host.api.called("POST", "/answers")[-1][1]
        assert body["position"] == {"lesson_id": LESSON, "t": pytest.approx(21.0, abs=0.1)}


def test_the_transcript_follows_playback(host: Host) -> None:
    """The line that is being said is marked; a line that is pressed is played; the page does not move."""
    with host.page(viewport={"width": 800, "height": 1600}) as page:
        start_at(page, 1.0)
        page.get_by_role("tab", name="目录").click()
        current = page.locator(".transcript [aria-current]")
        expect(current).to_contain_text("第 0 句")
        start_at(page, 61.0)
        expect(current).to_contain_text("第 20 句")
        expect(current).to_be_in_viewport()
        assert page.evaluate("scrollY") == 0
        expect(page.locator(".chapters [aria-current]")).to_contain_text("1:00")

        page.get_by_label("在字幕里找").fill("第 12")
        expect(page.locator(".transcript li")).to_have_count(1)
        page.locator(".transcript button").click()
        assert abs(landed(page) - 36.0) <= 0.3
