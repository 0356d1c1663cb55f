"""Markdown to sections of readable text: what a reader sees, without the marks."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_HTML = re.compile(r"<!--.*?-->|<[^>]+>", re.DOTALL)
_SOFT_BREAK = "\r"  # the text itself has none left
_WIDE = r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff01-\uff60]"
_WIDE_BREAK = re.compile(rf"(?<={_WIDE}){_SOFT_BREAK}(?={_WIDE})")


def read_sections(text: str) -> list[tuple[tuple[str, ...], str]]:
    """(headings above, outermost first; text) of each section that has text; front matter is left out.

    Paragraphs, code blocks and tables are set off by an empty line; list items and table rows have a
    line each.
    """
    # Costs 40 ms to import.
    from markdown_it import MarkdownIt

    text = _FRONT_MATTER.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    sections = ((headings, "".join(_blocks(body))) for headings, body in _divide(tokens))
    rendered = ((headings, re.sub(r"\n{3,}", "\n\n", body).strip("\n")) for headings, body in sections)
    return [(headings, body) for headings, body in rendered if body.strip()]


def _divide(tokens: Sequence[Token]) -> Iterator[tuple[tuple[str, ...], list[Token]]]:
    """The tokens below each heading. A heading within a list or a quotation belongs to it."""
    path: dict[int, str] = {}
    body: list[Token] = []
    for n, token in enumerate(tokens):
        if token.level == 0 and token.type == "heading_open":
            yield _titles(path), body
            level = int(token.tag[1:])
            path = {above: title for above, title in path.items() if above < level}
            path[level] = _inline(tokens[n + 1])
            body = []
        elif not _is_title(tokens, n):
            body.append(token)
    yield _titles(path), body


def _is_title(tokens: Sequence[Token], n: int) -> bool:
    before = tokens[n - 1] if n else None
    return bool(before and before.type == "heading_open" and before.level == 0)


def _titles(path: dict[int, str]) -> tuple[str, ...]:
    return tuple(title for _, title in sorted(path.items()) if title)


def _blocks(tokens: Sequence[Token]) -> Iterator[str]:
    row_starts = False
    for token in tokens:
        match token.type:
            case "inline":
                yield _inline(token)
            case "fence" | "code_block":
                yield token.content.rstrip("\n") + "\n\n"
            case "html_block":
                yield html.unescape(_HTML.sub("", token.content)).strip() + "\n\n"
            case "paragraph_close":
                yield "\n\n" if token.level == 0 else "\n"
            case "th_open" | "td_open":
                yield "" if row_starts else " | "
            case "heading_close" | "tr_close":
                yield "\n"
            case "bullet_list_close" | "ordered_list_close" | "blockquote_close" | "table_close":
                yield "\n" if token.level == 0 else ""
        row_starts = token.type == "tr_open"


def _inline(token: Token) -> str:
    text = "".join(_span(child) for child in token.children or ())
    return _WIDE_BREAK.sub("", text).replace(_SOFT_BREAK, " ").strip()


def _span(child: Token) -> str:
    match child.type:
        case "softbreak":
            return _SOFT_BREAK
        case "hardbreak":
            return "\n"
        case "html_inline":
            return "\n" if child.content.lower().startswith("<br") else ""
        case _:
            return child.content
