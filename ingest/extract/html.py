"""HTML to sections of readable text: what a reader sees of a page's content. EPUB chapters come here too.

lxml's HTML parser: no network, no entities but HTML's own, and a limit on depth.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from baize.errors import UnreadableSource
from ingest.extract.encoding import decode_text

if TYPE_CHECKING:
    from lxml.etree import _Element

Section = tuple[tuple[str, ...], str]
"""(headings above, outermost first; text)."""

_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_CHARSET_WITHIN = 2048
_UNSEEN = frozenset(
    "script style template noscript head title nav footer aside form button select svg math iframe object "
    "audio video canvas dialog rt rp".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_PARAGRAPHS = frozenset(
    "p div section article main header blockquote figure figcaption address details summary dl ul ol table "
    "hgroup body fieldset".split()
)
_LINES = frozenset(("li", "dt", "dd", "tr", "caption", "br"))
_CELLS = frozenset(("td", "th"))


def read_html(data: bytes, path: Path) -> list[Section]:
    """The sections that have text, in document order.

    Paragraphs, code and tables are set off by an empty line; list items and table rows have a line each.
    Navigation, forms, scripts and what is hidden are left out; where a page has a main part, it is all.

    Raises:
        UnreadableSource: it cannot be decoded.
    """
    # Costs 30 ms to import.
    from lxml import etree, html

    if not data.strip():
        return []
    parser = html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(_decode(data, path).encode(), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise UnreadableSource(
            f"The page cannot be read ({error}).", remedy="Save it again as HTML.", path=str(path)
        ) from error
    if any("depth" in entry.message for entry in parser.error_log):
        # The parser drops what comes after; half a page must not pass for the whole.
        raise UnreadableSource(
            "The page is nested too deep.", remedy="Save it again in a browser, as text.", path=str(path)
        )
    writer = _Writer()
    writer.write(_main_part(root))
    return list(writer.sections())


def _decode(data: bytes, path: Path) -> str:
    """By mark, as UTF-8, as the page declares, or by guess."""
    declared = _CHARSET.search(data[:_CHARSET_WITHIN])
    if declared and not data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        name = declared[1].decode("ascii")
        # A page that says gb2312 often holds characters of its successor.
        name = "gb18030" if name.lower() in ("gb2312", "gbk", "gb_2312-80") else name
        try:
            return data.decode(name)
        except (LookupError, UnicodeDecodeError):
            pass
    return decode_text(data, path)


def _main_part(root: _Element) -> _Element:
    for tag in ("main", "article"):
        found = list(root.iter(tag))
        if len(found) == 1:
            return found[0]
    return root


@dataclass
class _Writer:
    """Text so far, divided at headings; `gap` is how many line ends stand before what comes next."""

    headings: dict[int, str] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)
    done: list[Section] = field(default_factory=list)
    gap: int = 0

    def write(self, element: _Element) -> None:
        tag = element.tag if isinstance(element.tag, str) else ""
        if tag in _UNSEEN or "hidden" in element.attrib or element.get("aria-hidden") == "true":
            return
        if tag in _HEADINGS:
            self._heading(_HEADINGS[tag], " ".join("".join(element.itertext()).split()))
        elif tag == "pre":
            self.gap = 2
            self._put("".join(element.itertext()).strip("\n"))
            self.gap = 2
        else:
            self._block(element, tag)

    def _block(self, element: _Element, tag: str) -> None:
        # A list within a list, or a paragraph within an item, needs no empty line around it.
        gap = 2 if tag in _PARAGRAPHS and not _within_item(element) else int(tag in _PARAGRAPHS | _LINES)
        self.gap = max(self.gap, gap)
        if tag in _CELLS and self.text and not self.gap:
            self._put(" | ")
        self._inline(element.text)
        for child in element:
            self.write(child)
            self._inline(child.tail)
        self.gap = max(self.gap, gap)

    def _inline(self, text: str | None) -> None:
        collapsed = re.sub(r"\s+", " ", text or "")
        if self.gap or not self.text or self.text[-1].endswith(" "):
            collapsed = collapsed.lstrip()
        if collapsed:
            self._put(collapsed)

    def _put(self, text: str) -> None:
        if self.gap and self.text:
            self.text[-1] = self.text[-1].rstrip(" ")
            self.text.append("\n" * self.gap)
        self.gap = 0
        self.text.append(text)

    def _heading(self, level: int, title: str) -> None:
        self._divide()
        self.headings = {above: name for above, name in self.headings.items() if above < level}
        if title:
            self.headings[level] = title

    def _divide(self) -> None:
        text = "".join(self.text).strip()
        if text:
            self.done.append((tuple(name for _, name in sorted(self.headings.items())), text))
        self.text, self.gap = [], 0

    def sections(self) -> Iterator[Section]:
        self._divide()
        yield from self.done


def _within_item(element: _Element) -> bool:
    parent = element.getparent()
    return parent is not None and parent.tag in ("li", "dd", "td", "th")
