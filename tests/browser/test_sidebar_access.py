"""For everyone: WCAG 2.2 AA by axe-core in every state, the keyboard, a screen reader, 320 px, 200 % zoom."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import keep_screenshot
from tests.browser.host import MODULES, Host, ask, hosted, noted, say
from tests.servers.sidebar_api import OTHER, Script, answer, place

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_LONG = (
    "## 小标题\n\n先坐五分钟。[1]\n\n- 袖带和心脏一样高。[2]\n- 公式 $E=mc^2$ 与 `code`。\n\n"
    "| 数 | 意思 |\n|---|---|\n| 135 | 高的那个 |\n\n```\nlong = 'x' * 200\n```\n\n> 引用。[3]"
)
_CITED = [place(n, f"原话 {n}", start=10.0 * n) for n in (1, 2)] + [place(3, "在别处", lesson=OTHER)]


@pytest.fixture(scope="module")
def host(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with hosted(browser, tmp_path_factory.mktemp("host")) as host:
        held = answer("先坐五分钟。[1]一次量两遍。[2]", _CITED[:2])
        held.events.insert(1, ("thinking", {"text": "想一想"}))
        held.hold_after = 5
        moments = [place(n, f"近 {n}") for n in (1, 2, 3)]
        refused = ("refusal", {"reason": "not_covered", "nearest": moments})
        host.api.modes = ["explain", "guide", "test"]
        host.api.has_pictures = True
        host.api.scripts = {
            "long": answer(_LONG, _CITED, follow_ups=["然后呢？", "为什么？"], degraded="extractive"),
            "held": held,
            "refused": Script([refused, ("done", {"text": "", "citations": [], "refusal": refused[1]})]),
            "broken": Script(
                [("error", {"title": "x", "status": 503, "detail": "坏了。", "remedy": "再试。"})]
            ),
        }
        yield host


def violations(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.0 to 2.2, A and AA, in the page and its shadow trees."""
    page.evaluate((MODULES / "axe-core" / "axe.min.js").read_text())
    found: list[str] = page.evaluate(
        """async () => {
            const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
            const { violations } = await axe.run(document, { runOnly: { type: "tag", values: tags } });
            return violations.flatMap(({ id, nodes }) => nodes.map(
                ({ target, any, all }) => `${id} ${target.flat()} ${[...any, ...all][0]?.message ?? ""}`));
        }"""
    )
    return found


def tab(n: int) -> Callable[[Page], None]:
    return lambda page: page.get_by_role("tab").nth(n).click()


def outline(page: Page) -> None:
    tab(1)(page)
    page.wait_for_selector(".transcript")
    for section in page.locator(".prepared summary").all():
        section.click()


def storyboard(page: Page) -> None:
    outline(page)
    page.wait_for_selector(".scene img[src]")


def search(page: Page) -> None:
    tab(2)(page)
    page.locator("#query").fill("血压")
    page.locator("#query").press("Enter")
    page.wait_for_selector("[part=results] li")


def quote(page: Page) -> None:
    ask(page, "long")
    page.wait_for_selector("math")
    page.locator(".chip").first.focus()
    page.wait_for_selector(".quote:not([hidden])")


def dialog(page: Page) -> None:
    ask(page, "long")
    page.locator(".chip").nth(2).click()
    page.wait_for_selector("dialog[open]")


def landed(page: Page) -> None:
    ask(page, "long")
    page.locator(".chip").first.click()
    page.wait_for_selector("[part=back]")


def complaint(page: Page) -> None:
    ask(page, "long")
    page.locator("[part=thumbs] button").nth(1).click()
    page.wait_for_selector("[part=complaint]")


def thinking(page: Page) -> None:
    say(page, "held")
    page.wait_for_selector(".chip")
    page.locator("[part=thinking] summary").click()


def settings(page: Page) -> None:
    page.locator("[part=settings-button]").click()
    page.wait_for_selector("[part=settings]")


STATES: dict[str, Callable[[Page], None]] = {
    "empty": lambda page: None,
    "answering": thinking,
    "quote": quote,
    "dialog": dialog,
    "landed": landed,
    "complaint": complaint,
    "refused": lambda page: ask(page, "refused"),
    "broken": lambda page: ask(page, "broken"),
    "outline": outline,
    "storyboard": storyboard,
    "search": search,
    "settings": settings,
}


@pytest.mark.parametrize("look", ["plain", "english", "dark"])
def test_no_state_breaks_wcag(host: Host, look: str) -> None:
    """0 violations, in both languages, light and dark."""
    found: dict[str, list[str]] = {}
    with host.page(look) as page:
        for name, go in STATES.items():
            page.evaluate("sessionStorage.clear()")
            page.goto(f"{host.url}/host/{look}")
            page.wait_for_selector("baize-sidebar .panel")
            go(page)
            found[name] = violations(page)
            keep_screenshot(page, f"{look}-{name}")
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_elder_mode_breaks_no_wcag_either(host: Host) -> None:
    """One thing on a screen: home, question, answer, outline, settings; light and dark."""
    found: dict[str, list[str]] = {}
    for scheme in ("light", "dark"):
        with host.page("elder", color_scheme=scheme) as page:
            found[f"home {scheme}"] = violations(page)
            keep_screenshot(page, f"elder-home-{scheme}")
            page.get_by_role("button", name="提问").click()
            found[f"question {scheme}"] = violations(page)
            ask(page, "long")
            page.wait_for_selector("math")
            found[f"answer {scheme}"] = violations(page)
            keep_screenshot(page, f"elder-answer-{scheme}")
            expect(page.locator("#question")).to_have_count(0)
            page.get_by_role("button", name="再问一个").click()
            expect(page.locator("#question")).to_be_visible()
            page.get_by_role("button", name="返回").click()
            page.get_by_role("button", name="目录").click()
            page.wait_for_selector(".transcript")
            found[f"outline {scheme}"] = violations(page)
            page.get_by_role("button", name="返回").click()
            page.get_by_role("button", name="设置").click()
            found[f"settings {scheme}"] = violations(page)
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_elder_mode_is_large(host: Host) -> None:
    """Text of at least 24 px, buttons that no thumb misses."""
    with host.page("elder", viewport={"width": 360, "height": 740}) as page:
        page.get_by_role("button", name="提问").click()
        ask(page, "long")
        size = page.locator(".answer p").first.evaluate(
            "(node) => parseFloat(getComputedStyle(node).fontSize)"
        )
        smallest = page.locator("baize-sidebar button:visible:not(.chip)").evaluate_all(
            "(all) => Math.min(...all.flatMap((one) => [one.offsetWidth, one.offsetHeight]))"
        )
    assert size >= 24
    assert smallest >= 44


def focused(page: Page) -> str:
    """Class and text of what has the focus, inside the sidebar."""
    name: str = page.evaluate(
        "() => { const inner = document.querySelector('baize-sidebar').shadowRoot.activeElement;"
        " return inner ? `${inner.id} ${inner.className} ${inner.getAttribute('part')}` : '' }"
    )
    return name


def tab_until(page: Page, wanted: str, limit: int = 40) -> None:
    for _ in range(limit):
        if wanted in focused(page):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab never reached {wanted}.")


def test_everything_by_keyboard_alone(host: Host) -> None:
    """Ask, read a quote, jump, come back, confirm another lesson, change tabs, search: without a mouse."""
    with host.page() as page:
        tab_until(page, "question")
        page.keyboard.type("long")
        page.keyboard.press("Enter")
        page.wait_for_selector(".turn[aria-busy=false]")
        tab_until(page, "chip")
        expect(page.locator(".quote")).to_be_visible()
        expect(page.locator(".chip").first).to_have_accessible_description("原话 1 在家量血压 · 0:10")
        page.keyboard.press("Escape")
        expect(page.locator(".quote")).to_be_hidden()
        page.keyboard.press("Enter")
        page.wait_for_selector("[part=back]")
        assert noted(page, "seek")[-1]["start"] == 10.0
        page.keyboard.press("Tab")
        tab_until(page, "chip")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        while "back" not in focused(page):
            page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")
        expect(page.locator("[part=back]")).to_have_count(0)

        while "tab-ask" not in focused(page):
            page.keyboard.press("Shift+Tab")
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("tab", name="目录")).to_be_focused()
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("tab", name="搜索")).to_be_focused()
        tab_until(page, "query")
        page.keyboard.type("血压")
        page.keyboard.press("Enter")
        expect(page.locator("[part=results] li")).to_have_count(1)


def test_focus_stays_on_a_chip_while_sentences_arrive(host: Host) -> None:
    """What is read by keyboard is not taken away by what comes after it."""
    with host.page() as page:
        say(page, "held")
        # An answer is hidden until the frame after its first words, and what is hidden takes no focus.
        page.locator(".chip").first.wait_for()
        page.locator(".chip").first.focus()
        expect(page.locator(".chip").first).to_be_focused()
        host.api.release()
        page.wait_for_selector(".turn[aria-busy=false]")
        expect(page.locator(".chip")).to_have_count(2)
        expect(page.locator(".chip").first).to_be_focused()


def test_an_answer_is_told_once_in_sentences(host: Host) -> None:
    """One polite log; each sentence is added to it once, without markers; nothing else speaks over it."""
    with host.page() as page:
        page.evaluate(
            """() => {
                window.told = [];
                const live = document.querySelector("baize-sidebar").shadowRoot.querySelector("#live");
                new MutationObserver((records) => records.forEach((record) =>
                    record.addedNodes.forEach((node) => window.told.push(node.textContent))
                )).observe(live, { childList: true });
            }"""
        )
        ask(page, "long")
        told = page.evaluate("window.told")
        assert told[0].endswith("先坐五分钟。")
        assert told[1] == "袖带和心脏一样高。"
        assert "".join(told).count("先坐五分钟") == 1
        assert not [line for line in told if "[" in line or "#" in line]
        expect(page.locator("baize-sidebar [aria-live]")).to_have_count(1)


@pytest.mark.parametrize(("width", "scale"), [(320, 1), (400, 2)], ids=["320 px", "800 px at 200 %"])
def test_narrow_and_zoomed_screens_lose_nothing(host: Host, width: int, scale: int) -> None:
    """No sideways scrolling, nothing cut off, in every state."""
    size = {"width": width, "height": 640}
    with host.page("plain", viewport=size, device_scale_factor=scale) as page:
        for name, go in STATES.items():
            page.evaluate("sessionStorage.clear()")
            page.goto(f"{host.url}/host/plain")
            page.wait_for_selector("baize-sidebar .panel")
            go(page)
            across = page.evaluate("document.documentElement.scrollWidth")
            assert across <= width, f"{name}: {across} px"
            cut = page.evaluate(
                """() => [...document.querySelector("baize-sidebar").shadowRoot
                    .querySelectorAll("button, label, p")]
                    .filter((node) => node.offsetParent && !node.closest("pre, .wide, .sr, .transcript"))
                    .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
                    .map((node) => node.className + node.textContent.trim())"""
            )
            assert cut == [], name
            if width == 320:
                keep_screenshot(page, f"320-{name}")


def test_elder_mode_at_200_percent_on_the_narrowest_screen(host: Host) -> None:
    """320 px at 200 % are 160: every button is there, and numbers in a table stay whole."""
    host.api.scripts["table"] = answer("| 数 | 意思 | 记法 |\n|---|---|---|\n| 120 | 正常 | 高压 |")
    with host.page("bare", viewport={"width": 160, "height": 640}) as page:
        page.evaluate("document.querySelector('baize-sidebar').elder = true")
        page.wait_for_selector("[part=shell].elder")
        ask(page, "table")
        page.wait_for_selector("[part=thumbs]")
        assert (
            page.evaluate(
                """() => [...document.querySelector("baize-sidebar").shadowRoot.querySelectorAll("button")]
                .filter((node) => node.getBoundingClientRect().right > innerWidth)
                .map((node) => node.ariaLabel ?? node.textContent)"""
            )
            == []
        )
        lines = "(cell) => { const r = document.createRange(); r.selectNodeContents(cell);"
        lines += " return r.getClientRects().length; }"
        assert page.get_by_role("cell", name="120").evaluate(lines) == 1


def test_nothing_moves_for_those_who_asked_so(host: Host) -> None:
    """Reduced motion: no animation while an answer is on its way."""
    counts: list[int] = []
    for motion in ("reduce", "no-preference"):
        with host.page(reduced_motion=motion) as page:
            host.api.scripts["slow"] = Script([("delta", {"text": "一"})], hold_after=1)
            say(page, "slow")
            page.wait_for_selector(".busy")
            counts.append(
                page.evaluate("document.querySelector('baize-sidebar').shadowRoot.getAnimations().length")
            )
            host.api.release()
    assert counts[0] == 0
    assert counts[1] > 0


def test_right_to_left_pages_are_mirrored(host: Host) -> None:
    """Layout by logical sides: the sidebar follows the direction of its language, here set by hand."""
    with host.page() as page:
        ask(page, "long")
        page.evaluate(
            "document.querySelector('baize-sidebar').shadowRoot.querySelector('.shell').dir = 'rtl'"
        )
        left = page.locator("[role=tab]").first.bounding_box()
        right = page.locator("[part=settings-button]").bounding_box()
        assert left is not None
        assert right is not None
        assert left["x"] > right["x"]
        assert page.evaluate("document.documentElement.scrollWidth") <= 800


def test_a_quote_is_written_as_the_sidebar_is(host: Host) -> None:
    """On a page from right to left it is not turned, and in elder mode it is as large as the answer."""
    with host.page() as page:
        page.evaluate("document.documentElement.dir = 'rtl'")
        page.evaluate("document.querySelector('baize-sidebar').elder = true")
        page.wait_for_selector("[part=shell].elder")
        ask(page, "long")
        page.locator(".chip").first.focus()
        expect(page.locator(".quote")).to_be_visible()
        style = "(node) => [getComputedStyle(node).direction, getComputedStyle(node).fontSize]"
        assert page.locator(".quote").evaluate(style) == ["ltr", "24px"]
