"""Released text → safe HTML for `done.html`. Whatever a model or a course says, it stays inert.

Two locks: Markdown is rendered with raw HTML, links and images off, and the result passes an allow-list.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_MARKER = re.compile(r"\[(\d{1,3})\]")
_PLAIN_LINE = r"(?![\s#>+=~|-]|\d+[.)](?:\s|$))[^\x00-\x1f\x7f\xa0\\`*_<>&]+(?<!\s)"
_PLAIN = re.compile(rf"{_PLAIN_LINE}(?:\n{_PLAIN_LINE})*")
"""A paragraph in which nothing is Markdown or HTML, as most are; a parser takes ten times as long."""
_TAGS = {
    "blockquote", "br", "cite", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p",
    "pre", "strong", "ul",
}  # fmt: skip
_ATTRIBUTES = {"cite": {"data-marker"}, "ol": {"start"}}
# A link that a model wrote is a link that nobody checked; without these rules `[1](x)` stays text.
_OFF = ["link", "image", "autolink", "reference", "html_inline", "html_block"]


def render(text: str, markers: Collection[int]) -> str:
    """HTML of Markdown `text`; `[n]` becomes `<cite data-marker="n">[n]</cite>` where n is in `markers`."""
    paragraphs = text.split("\n\n")
    if all(map(_PLAIN.fullmatch, paragraphs)):
        return "".join([f"<p>{_cited(paragraph, markers)}</p>\n" for paragraph in paragraphs])
    html = _markdown().render(text, {"markers": frozenset(markers)})
    return nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, link_rel=None)


def _cited(plain: str, markers: Collection[int]) -> str:
    def tag(match: re.Match[str]) -> str:
        number = int(match[1])
        return _cite_tag(number) if number in markers else match[0]

    return _MARKER.sub(tag, plain)


@cache
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).disable(_OFF)
    markdown.core.ruler.push("markers", _mark)
    return markdown


def _mark(state: StateCore) -> None:
    for block in state.tokens:
        if block.children:
            block.children = [
                piece for token in block.children for piece in _split(token, state.env["markers"])
            ]


def _split(token: Token, markers: Collection[int]) -> list[Token]:
    """A text token as text and `cite` tokens; any other token as it is, so that code keeps its `a[1]`."""
    if token.type != "text":
        return [token]
    pieces: list[Token] = []
    end = 0
    for match in _MARKER.finditer(token.content):
        if int(match[1]) in markers:
            pieces += [_text(token.content[end : match.start()]), _cite(match)]
            end = match.end()
    return [*pieces, _text(token.content[end:])]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _cite(match: re.Match[str]) -> Token:
    return Token("html_inline", "", 0, content=_cite_tag(int(match[1])))


def _cite_tag(number: int) -> str:
    return f'<cite data-marker="{number}">[{number}]</cite>'
