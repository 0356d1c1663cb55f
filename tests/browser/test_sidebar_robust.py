"""Networks, tabs, hosts and browsers that do as they like: the answer stays whole, and nothing is doubled."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.host import TOKEN, Host, ask, hosted, noted, ready, say
from tests.servers.sidebar_api import Script, answer, place

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_TEXT = "先坐五分钟。[1]袖带和心脏一样高。[2]一次量两遍。[3]"
_CITED = [place(n, f"原话 {n}", start=10.0 * n) for n in (1, 2, 3)]
_RICH = (
    "## 步骤\n\n先坐**五分钟**。[1]再量。[2]\n\n- 袖带[1]\n- 心脏[3]\n\n```\na[1] = 2\n```\n\n"
    "| 次 | 值 |\n|---|---|\n| 一 | 130 |\n\n血压是 $p$。[3]\n\n最后记下来。[1]"
)


def script(**changes: int | float) -> Script:
    made = answer(_TEXT, _CITED)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def grown(text: str) -> Script:
    """Citations first, then the text in pieces that end anywhere."""
    pieces = [text[at : at + 5] for at in range(0, len(text), 5)]
    cited = [place(n, f"原话 {n}") for n in (1, 2, 1, 3, 3, 1)]
    events = [("citation", one) for one in cited] + [("delta", {"text": piece}) for piece in pieces]
    return Script([*events, ("done", {"text": text, "citations": cited})], pause_s=0.02)


@pytest.fixture(scope="module")
def host(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with hosted(browser, tmp_path_factory.mktemp("host")) as host:
        host.api.scripts = {
            "whole": script(),
            "cut": script(cut_after=4),
            "held": script(hold_after=4),
            "early": script(cut_after=1),
            "rich": grown(_RICH),
            "refused": Script(title="x"),
            "broken": Script(
                [("delta", {"text": "一"}), ("error", {"title": "x", "status": 503, "detail": "坏了。"})]
            ),
        }
        yield host


def check_whole(page: Page) -> None:
    """The answer is all there, once, with its three chips; and it was told once."""
    expect(page.locator(".turn")).to_have_count(1)
    expect(page.locator(".answer")).to_have_text("先坐五分钟。1袖带和心脏一样高。2一次量两遍。3")
    expect(page.locator(".chip")).to_have_count(3)
    expect(page.locator("[part=sources] > li")).to_have_count(3)


def wait_for_end(page: Page) -> None:
    page.wait_for_selector(".turn[aria-busy=false]")


@pytest.mark.parametrize("question", ["cut", "early"])
def test_a_connection_that_breaks_is_taken_up_again(host: Host, question: str) -> None:
    """From the last event on; the answer is the same as without the break."""
    with host.page(allowed="ERR_") as page:
        ask(page, question)
        check_whole(page)
        (headers, _) = host.api.called("GET", "/events")[-1]
        assert headers["last-event-id"] == {"cut": "4", "early": "1"}[question]
        assert page.locator("#live p").all_text_contents() == [
            "先坐五分钟。",
            "袖带和心脏一样高。",
            "一次量两遍。",
        ]


def test_an_answer_that_grew_looks_like_one_that_came_whole(host: Host) -> None:
    """Blocks that are done are left alone while the rest grows; what was focused in them stays so."""
    shown = "document.querySelector('baize-sidebar').shadowRoot.querySelector('.answer').innerHTML"
    with host.page() as page:
        say(page, "rich")
        page.locator(".chip").first.focus()
        wait_for_end(page)
        expect(page.locator(".answer math")).to_have_count(1)
        expect(page.locator(".chip")).to_have_count(6)
        focused = "document.querySelector('baize-sidebar').shadowRoot.activeElement?.className"
        assert page.evaluate(focused) == "chip"
        grown_html = page.evaluate(shown)
        page.reload()
        ready(page)
        expect(page.locator(".answer math")).to_have_count(1)
        expect(page.locator(".chip")).to_have_count(6)
        assert page.evaluate(shown) == grown_html


def test_a_reload_in_the_middle_of_an_answer(host: Host) -> None:
    """The answer that was going on is followed to its end; question and answer are there, once."""
    with host.page() as page:
        say(page, "held")
        expect(page.locator(".chip")).to_have_count(1)
        page.reload()
        ready(page)
        expect(page.locator(".chip")).to_have_count(1)
        host.api.release()
        wait_for_end(page)
        page.wait_for_function("() => true")
        expect(page.locator(".turn").first.locator("h3")).to_have_text("held")
        expect(page.locator(".turn").first.locator(".chip")).to_have_count(3)
        kept = page.evaluate(
            "JSON.stringify(sessionStorage) + JSON.stringify(localStorage) + document.cookie"
        )
        assert "held" not in kept
        assert TOKEN not in kept


def test_a_tab_without_storage_works(host: Host) -> None:
    """As in an iframe of another site: every access to storage is an error."""
    deny = (
        "for (const name of ['sessionStorage', 'localStorage', 'indexedDB'])"
        " Object.defineProperty(window, name, { get() { throw new DOMException('', 'SecurityError') } })"
    )
    with host.context() as context:
        context.add_init_script(deny)
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{host.url}/host/plain")
        ready(page)
        ask(page, "cut")
        check_whole(page)
        assert errors == []


def test_offline_and_online_again(host: Host) -> None:
    """What was asked without a network is sent when it is back, once."""
    with host.page() as page:
        n_before = len(host.api.called("POST", "/answers"))
        # What the page is still fetching would fail aloud.
        page.wait_for_load_state("networkidle")
        page.context.set_offline(True)
        # The page is told a moment later; what it sends before that fails aloud.
        page.wait_for_function("() => !navigator.onLine")
        say(page, "whole")
        expect(page.locator(".turn")).to_contain_text("现在没有网络")
        page.context.set_offline(False)
        wait_for_end(page)
        check_whole(page)
        assert len(host.api.called("POST", "/answers")) == n_before + 1


def test_a_silent_server_is_left_and_found_again(host: Host) -> None:
    """30 s of silence are nothing; without a heartbeat for longer, the stream is taken up anew."""
    with host.context() as context:
        page = context.new_page()
        page.clock.install()
        page.goto(f"{host.url}/host/plain")
        page.clock.run_for(1000)
        ready(page)
        say(page, "held")
        page.clock.run_for(1000)
        expect(page.locator(".chip")).to_have_count(1)
        n_before = len(host.api.called("GET", "/events"))
        page.clock.run_for(30_000)
        assert len(host.api.called("GET", "/events")) == n_before
        page.clock.run_for(4000)
        page.wait_for_timeout(200)
        page.clock.run_for(1000)
        host.api.release()
        for _ in range(20):
            page.clock.run_for(300)
            if page.locator(".turn[aria-busy=false]").count():
                break
            page.wait_for_timeout(100)
        check_whole(page)
        assert len(host.api.called("GET", "/events")) == n_before + 1


def test_a_tab_that_slept_goes_on(host: Host) -> None:
    """Frozen while the answer went on: what came meanwhile is there when it wakes, once."""
    with host.page() as page:
        say(page, "held")
        expect(page.locator(".chip")).to_have_count(1)
        session = page.context.new_cdp_session(page)
        session.send("Page.setWebLifecycleState", {"state": "frozen"})
        host.api.release()
        page.wait_for_timeout(300)
        session.send("Page.setWebLifecycleState", {"state": "active"})
        page.locator(".turn[aria-busy=false]").wait_for()
        check_whole(page)


def test_an_element_that_is_moved_goes_on(host: Host) -> None:
    """Within a task, as frameworks move nodes: same stream, same answer."""
    with host.page() as page:
        say(page, "held")
        expect(page.locator(".chip")).to_have_count(1)
        n_before = len(host.api.requests)
        page.evaluate(
            "() => { const box = document.createElement('section');"
            " document.querySelector('main').prepend(box);"
            " box.append(document.querySelector('baize-sidebar')) }"
        )
        host.api.release()
        wait_for_end(page)
        check_whole(page)
        asked = [path for _, path, _, _ in host.api.requests[n_before:] if "answers" in path]
        assert asked == []


def test_an_element_that_is_removed_lets_go(host: Host) -> None:
    """Its stream ends, and a new one starts afresh."""
    with host.page() as page:
        say(page, "held")
        expect(page.locator(".chip")).to_have_count(1)
        page.evaluate("() => { window.old = document.querySelector('baize-sidebar'); window.old.remove() }")
        page.wait_for_timeout(50)
        page.evaluate("() => document.querySelector('main').append(window.old)")
        ready(page)
        host.api.release()
        wait_for_end(page)
        expect(page.locator(".turn").first.locator(".chip")).to_have_count(3)


def test_two_elements_keep_to_themselves(host: Host) -> None:
    """Two on a page: what one is asked the other does not answer, also after a reload."""
    with host.page("two") as page:
        page.locator("#second #question").fill("whole")
        page.locator("#second #question").press("Enter")
        expect(page.locator("#second .chip")).to_have_count(3)
        expect(page.locator("baize-sidebar").first.locator(".turn")).to_have_count(0)
        page.reload()
        expect(page.locator("#second .turn").first).to_contain_text("一次量两遍。")
        expect(page.locator("baize-sidebar").first.locator(".turn")).to_have_count(0)


def test_loading_the_script_twice_is_harmless(host: Host) -> None:
    """One element, one answer, no error."""
    with host.page("twice") as page:
        ask(page, "whole")
        check_whole(page)


def test_properties_that_were_set_before_the_script_came_survive(host: Host) -> None:
    """A framework may be faster than the network."""
    with host.page("late") as page:
        expect(page.get_by_role("tab", name="Ask")).to_be_visible()
        ask(page, "whole")
        headers, body = host.api.called("POST", "/answers")[-1]
        assert headers["authorization"] == f"Bearer {TOKEN}"
        assert body["scope"] == {"course_ids": ["c1"]}


def test_stop_retry_and_refusals_of_the_server(host: Host) -> None:
    """Stopping tells the server; what failed can be asked again in its place."""
    with host.page(allowed="503") as page:
        say(page, "held")
        expect(page.locator(".chip")).to_have_count(1)
        page.locator("[part=stop]").click()
        wait_for_end(page)
        expect(page.locator(".turn")).to_contain_text("已停止。")
        page.wait_for_timeout(100)
        assert len(host.api.called("DELETE", "")) == 1
        host.api.scripts["held"].hold_after = None
        page.locator("[part=retry]").click()
        check_whole(page)
        host.api.scripts["held"].hold_after = 4

        ask(page, "refused")
        expect(page.locator(".turn").first.get_by_role("alert")).to_have_text("出错了。")
        assert noted(page, "error")[-1]["status"] == 503
        ask(page, "broken")
        expect(page.locator(".turn").first.get_by_role("alert")).to_have_text("坏了。")
        expect(page.locator("[part=send]")).to_be_enabled()


def test_the_token_travels_in_the_header_only(host: Host) -> None:
    """Not in an address, a referrer, a message or a store."""
    with host.page() as page:
        urls: list[str] = []
        messages: list[str] = []
        page.on("request", lambda request: urls.append(request.url))
        page.on("console", lambda message: messages.append(message.text))
        ask(page, "whole")
        page.get_by_role("tab", name="目录").click()
        page.get_by_role("tab", name="搜索").click()
        page.locator("#query").fill("血压")
        page.locator("#query").press("Enter")
        expect(page.locator("[part=results] li")).to_have_count(1)

        assert not [text for text in (*urls, *messages) if TOKEN in text or "secret" in text]
        for _, _, headers, _ in host.api.requests:
            assert headers.get("authorization", "") in ("", f"Bearer {TOKEN}")
            assert "referer" not in headers
            assert "cookie" not in headers
        assert re.search(r"/v1/search$", "\n".join(urls), re.MULTILINE)


def test_preferences_and_feedback_reach_the_server(host: Host) -> None:
    """Elder mode is remembered for the learner; thumbs down asks why."""
    with host.page() as page:
        ask(page, "whole")
        page.get_by_role("button", name="没帮助").click()
        page.get_by_label("说错了").check()
        page.get_by_label("怎样说才对").fill("坐五分钟")
        page.get_by_role("button", name="提交").click()
        expect(page.locator(".turn")).to_contain_text("谢谢")
        said = host.api.called("POST", "/feedback")[-1][1]
        assert (said["rating"], said["reason"], said["correction"]) == ("down", "wrong", "坐五分钟")

        page.get_by_role("button", name="设置").click()
        page.get_by_label("适老模式").click()
        expect(page.get_by_role("heading", name="您想做什么？")).to_be_visible()
        page.wait_for_timeout(100)
        assert host.api.preferences["elder"] is True
        page.reload()
        expect(page.locator(".shell.elder")).to_be_visible()
        host.api.preferences = {}


_FRAMES = """() => new Promise((resolve) => {
    let left = 30;
    const tick = () => (--left ? requestAnimationFrame(tick) : resolve());
    tick();
})"""


@pytest.mark.parametrize("tab", ["outline", "practice"])
def test_a_server_that_is_away_is_asked_once_and_again_when_told_to(host: Host, tab: str) -> None:
    """Not once a frame for as long as the tab is open."""
    asked: list[str] = []
    with host.page(allowed="ERR_") as page:
        page.on("request", lambda request: asked.append(request.url))
        page.route("**/v1/l*/**", lambda route: route.abort())
        page.locator(f"#tab-{tab}").click()
        trouble = page.locator(".trouble[role=alert]")
        expect(trouble).to_be_visible()
        page.evaluate(_FRAMES)
        assert len(asked) < 10
        page.unroute("**/v1/l*/**")
        page.locator(".panel button").click()
        expect(trouble).to_have_count(0)
        page.evaluate(_FRAMES)
        assert len(asked) < 20


def test_an_answer_whose_code_cannot_come_stands_there_in_plain_words(host: Host) -> None:
    """And takes its form as soon as the network is back."""
    with host.context() as context:
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.route("**/markdown-*.js", lambda route: route.abort())
        page.goto(f"{host.url}/host/plain")
        ready(page)
        say(page, "whole")
        expect(page.locator(".answer")).to_have_text(_TEXT)
        page.unroute("**/markdown-*.js")
        check_whole(page)


def test_what_is_asked_or_goes_on_is_seen_whatever_was_open(host: Host) -> None:
    """A question of the host on another tab; an answer that a reload interrupted, in elder mode too."""
    host.api.preferences = {}
    with host.page("elder") as page:
        expect(page.locator(".home")).to_be_visible()
        page.evaluate("document.querySelector('baize-sidebar').ask('held')")
        expect(page.locator(".chip")).to_have_count(1)
        page.reload()
        expect(page.locator(".chip")).to_have_count(1)
        host.api.release()
        check_whole(page)
