"""The text of an answer, sentence by sentence: what has grown is what would have come at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from baize.sidebar import DIST
from tests.browser.host import hosted

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ANSWERS = [
    "先坐五分钟。[1]再量两次，取平均。[2]\n\n别说话，也别**憋气**。[1]好了。[3]\n\n完。",
    "## 要点\n\n1. **收缩压**：高的那个数。[1]低于 140。[2]\n2. 舒张压：[1][2]低的那个。\n"
    "   - 在家量\n   - 别急，慢慢来\n\n后面还有一段。",
    "**注意：**后面的字。第二句 a*b*c，第三句 `代码` 后面 $x^2$ 后面。[1] "
    'Then English, "quoted" & &lt; done.',
    "标题\n===\n\n一 | 二\n--- | ---\n三 | 四\n五 | 六。[1]\n\n> 说过的话，接着说。[2]\n\n"
    "```\n代码 [1] 行\n```\n\n12. 第十二条。\n\n- 甲\n\n- 乙，松的列表。[9]还有。",
    "**一、**先坐。[1]\n\n**二**，再量 `两次`。[2]\n\n量完记下。\n\n### 记录\n\n"
    "- 早上。[1]\n- **晚上**：[2]睡前。\n- 中午 & 午后\n"
    "* 另一张\n1. 甲\n2. 乙\n3) 丙\n   丁\n4) 戊。[3]\n5) 己\n6) 庚\n\n"
    "表头 | 二\n--- | ---\n三 | 四\n\n末尾\n---\n- 完\n- 了",
    "没有出处的 [7] 留着原样。后面 [7] 也是。\n再一行，~~删~~掉的。\\* 星。 行尾空格 \n"
    "下一行 https://example.com/a 完。<b>不是</b>粗体。",
]

# Each answer is cut at other places in each round; after each piece, what has grown is compared with what a
# text that came at once shows.
_GROW = """async ([url, answers]) => {
    const { AnswerText } = await import(url);
    const shown = () => {
        const root = document.createElement("div");
        const cited = (marker) => marker === 7 ? null : { lesson_title: "课", locator: { kind: "faq" } };
        return [root, new AnswerText(root, cited, () => "出处", () => new Promise(() => {}))];
    };
    const wrong = [];
    let seed = 1;
    for (const answer of answers)
        for (let round = 0; round < 5; round += 1) {
            const [root, text] = shown();
            for (let end = 0; end < answer.length; ) {
                seed = (seed * 1103515245 + 12345) % 2147483648;
                end = Math.min(end + 1 + (seed >> 8) % (3 + 6 * round), answer.length);
                const part = answer.slice(0, end);
                text.show(part);
                const [wholeRoot, whole] = shown();
                whole.show(part);
                const [is, must] = [root.innerHTML, wholeRoot.innerHTML];
                if (is !== must) wrong.push([part, is, must]);
            }
        }
    return wrong;
}"""

_KEEP = """async (url) => {
    const { AnswerText } = await import(url);
    const root = document.createElement("div");
    let isThere = false;
    const citation = { lesson_title: "课", locator: { kind: "faq" } };
    const cited = () => (isThere ? citation : "waiting");
    const text = new AnswerText(root, cited, () => "出处", () => new Promise(() => {}));
    const chips = () => [...root.querySelectorAll("button")];
    text.show("先坐五分钟。[1]");
    const early = [chips().length, root.textContent.trim()];
    isThere = true;
    text.show("先坐五分钟。[1]再量。");
    const [first] = chips();
    const paragraph = root.firstChild;
    text.show("先坐五分钟。[1]再量。取平均。[2]");
    text.show("先坐五分钟。[1]再量。取平均。[2]\\n\\n**好**了。[1]");
    const isSame = chips()[0] === first && root.firstChild === paragraph;
    return { early, isSame, chips: chips().map((chip) => `${chip.dataset.marker} ${chip.dataset.nth}`) };
}"""


# A list that is shown far out of sight stays so while it grows, and what stood before stays in sight.
_FAR = """async (url) => {
    const { AnswerText } = await import(url);
    const root = document.createElement("div");
    root.className = "answer";
    document.querySelector("baize-sidebar").shadowRoot.querySelector(".shell").append(root);
    const text = new AnswerText(root, () => null, () => "", () => new Promise(() => {}));
    text.show("先坐。\\n\\n- 一 `a`");
    text.show("先坐。\\n\\n- 一 `a`\\n- 二 `b`\\n\\n再量。");
    root.style.marginTop = "9000px";
    // The browser tells once it has drawn.
    for (let n = 0; n < 3; n += 1) await new Promise(requestAnimationFrame);
    const before = [...root.children];
    text.show("先坐。\\n\\n- 一 `a`\\n- 二 `b`\\n\\n再量。\\n\\n- 三 `c`");
    const list = root.lastElementChild;
    text.show("先坐。\\n\\n- 一 `a`\\n- 二 `b`\\n\\n再量。\\n\\n- 三 `c`\\n- 四 `d`\\n\\n完。");
    const blocks = [...root.children];
    const skipped = blocks.map((block) => getComputedStyle(block).contentVisibility);
    root.remove();
    const isSame = before.every((block, n) => blocks[n] === block) && blocks[3] === list;
    return { tags: blocks.map(({ tagName }) => tagName), skipped, isSame };
}"""


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with hosted(browser, tmp_path_factory.mktemp("host")) as host, host.page("bare") as page:
        yield page


def _module() -> str:
    [path] = DIST.glob("markdown-*.js")
    return f"/sidebar/{path.name}"


def test_a_text_that_grew_is_the_text_that_came_at_once(page: Page) -> None:
    wrong: list[list[str]] = page.evaluate(_GROW, [_module(), ANSWERS])
    assert wrong[:1] == []


def test_only_what_begins_far_out_of_sight_is_skipped(page: Page) -> None:
    """A block that begins in sight would be laid out twice in one frame if it could be skipped."""
    assert page.evaluate(_FAR, _module()) == {
        "tags": ["P", "UL", "P", "UL", "P"],
        "skipped": ["visible", "visible", "visible", "auto", "auto"],
        "isSame": True,
    }


def test_what_is_shown_stays_the_very_same_node(page: Page) -> None:
    """What is focused, selected or read aloud goes on; a marker is filled in when its citation comes."""
    assert page.evaluate(_KEEP, _module()) == {
        "early": [0, "先坐五分钟。"],
        "isSame": True,
        "chips": ["1 0", "2 0", "1 1"],
    }
