"""EPUB 2 and 3 to chapters with their sections, in reading order.

A small reader over `zipfile` and lxml: the well-known library (EbookLib) is under the AGPL.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urldefrag

from baize.errors import UnreadableSource
from ingest.extract.archive import check_prologue, opened_archive
from ingest.extract.html import Section, read_html

if TYPE_CHECKING:
    from lxml.etree import _Element

_CONTAINER = "META-INF/container.xml"
_RIGHTS = "META-INF/rights.xml"
_FONT_ONLY = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_PAGE_TYPES = ("application/xhtml+xml", "text/html")


def read_epub(path: Path) -> list[Section]:
    """(headings above, text) of each section; a chapter without headings has its title in the contents.

    Raises:
        UnreadableSource: damaged, protected, or refused by `archive.py`.
    """
    with opened_archive(path, "e-book", doctypes=True) as book:
        if _RIGHTS in book.namelist() or _is_encrypted(book, path):
            raise UnreadableSource(
                "The e-book is protected (DRM).", remedy="Give a copy without protection.", path=str(path)
            )
        package_name = _package_name(book, path)
        package = _xml(book, package_name, path)
        pages, contents = _spine(package, package_name)
        titles = _titles(book, contents, path)
        return [section for page in pages for section in _chapter(book, page, titles.get(page, ""), path)]


def _chapter(book: zipfile.ZipFile, name: str, title: str, path: Path) -> Iterator[Section]:
    data = _read(book, name, path)
    check_prologue(data[:65_536], path)
    for headings, text in read_html(data, path):
        yield headings or ((title,) if title else ()), text


def _package_name(book: zipfile.ZipFile, path: Path) -> str:
    for root in _all(_xml(book, _CONTAINER, path), "rootfile"):
        return str(root.get("full-path", ""))
    raise _damaged(path, f"{_CONTAINER} names no book")


def _spine(package: _Element, package_name: str) -> tuple[list[str], list[str]]:
    """Entries of the pages in reading order, and of the tables of contents, the newer kind first."""
    folder = posixpath.dirname(package_name)
    items = {str(item.get("id")): item for item in _all(package, "item") if item.get("href")}
    pages = []
    for reference in _all(package, "itemref"):
        item = items.get(str(reference.get("idref")))
        # What is not linear (answers, notes) is reached by links only, and is part of the book all the same.
        if item is not None and item.get("media-type") in _PAGE_TYPES:
            pages.append(_entry(folder, item.get("href")))
    navigation = [i for i in items.values() if "nav" in str(i.get("properties", "")).split()]
    older = [i for i in items.values() if i.get("media-type") == "application/x-dtbncx+xml"]
    contents = [_entry(folder, item.get("href")) for item in (*navigation, *older)]
    # The page of contents itself teaches nothing.
    return [page for page in dict.fromkeys(pages) if page not in contents], contents


def _titles(book: zipfile.ZipFile, contents: list[str], path: Path) -> dict[str, str]:
    """The title of each page, from the first table of contents that can be read."""
    known = set(book.namelist())
    for name in contents:
        if name not in known:
            continue
        root = _xml(book, name, path)
        folder = posixpath.dirname(name)
        titles: dict[str, str] = {}
        for link in (*_all(root, "a"), *_all(root, "navPoint")):
            target = link.get("href") or next((c.get("src") for c in _all(link, "content")), "")
            label = next(iter(_all(link, "text")), link)
            text = " ".join("".join(label.itertext()).split())
            if target and text:
                titles.setdefault(_entry(folder, target), text)
        if titles:
            return titles
    return {}


def _is_encrypted(book: zipfile.ZipFile, path: Path) -> bool:
    """Whether anything but fonts is."""
    name = "META-INF/encryption.xml"
    if name not in book.namelist():
        return False
    methods = [str(m.get("Algorithm", "")) for m in _all(_xml(book, name, path), "EncryptionMethod")]
    return any(method not in _FONT_ONLY for method in methods)


def _xml(book: zipfile.ZipFile, name: str, path: Path) -> _Element:
    from lxml import etree

    data = _read(book, name, path)
    check_prologue(data[:65_536], path)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=False)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise _damaged(path, f"{name}: {error.msg}") from error


def _read(book: zipfile.ZipFile, name: str, path: Path) -> bytes:
    try:
        return book.read(name)
    except KeyError as error:
        raise _damaged(path, f"{name} is missing") from error


def _all(root: _Element, tag: str) -> list[Any]:
    """Elements of this local name, whatever their namespace."""
    return list(root.iter("{*}" + tag))


def _entry(folder: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(folder, unquote(urldefrag(href)[0])))


def _damaged(path: Path, cause: str) -> UnreadableSource:
    return UnreadableSource(
        f"The e-book is damaged ({cause}).",
        remedy="Check it with epubcheck, or export it again.",
        path=str(path),
    )
