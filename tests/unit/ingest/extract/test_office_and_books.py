"""DOCX, PPTX, EPUB and HTML to pages that know their place, and refusals of what would hurt."""

from __future__ import annotations

import zipfile
from pathlib import Path

import docx
import pptx
import pytest
from pptx.util import Inches

from baize.domain.locator import TextSpan
from baize.domain.text import Page
from baize.errors import EmptySource, UnreadableSource
from ingest.extract.documents import PAGE_GAP, read_pages
from ingest.segment import segment_pages

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">'
    '<rootfile full-path="OEBPS/book.opf"/></container>'
)
OPF = """<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0"><manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="b" href="text/two%20b.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="text/one.xhtml" media-type="application/xhtml+xml"/>
</manifest><spine><itemref idref="nav"/><itemref idref="a"/><itemref idref="b"/></spine></package>"""
NAV = """<html xmlns="http://www.w3.org/1999/xhtml"><body><nav><ol>
<li><a href="text/one.xhtml#top">第一章 血压</a></li>
<li><a href="text/two%20b.xhtml">第二章</a></li>
</ol></nav></body></html>"""
ONE = """<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN"
"http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd"><html xmlns="http://www.w3.org/1999/xhtml">
<head><title>x</title></head><body><p>先安静坐五分钟。</p><p>袖带&amp;心脏一样高。</p></body></html>"""
TWO = """<html><body><h1>第二章 用药</h1><p>按时吃药。</p><h2>漏服</h2>
<ul><li>不要加倍</li><li>问医生</li></ul></body></html>"""


def epub(path: Path, **changed: str) -> Path:
    parts = {
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": OPF,
        "OEBPS/nav.xhtml": NAV,
        "OEBPS/text/one.xhtml": ONE,
        "OEBPS/text/two b.xhtml": TWO,
    } | changed
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in parts.items():
            if text:
                book.writestr(name, text)
    return path


def assert_places(pages: list[Page]) -> None:
    """Offsets point into the stored text, of pages and of the sentences that come from them."""
    whole = PAGE_GAP.join(page.text for page in pages)
    assert all(whole[page.char_start :].startswith(page.text) for page in pages)
    for segment in segment_pages(pages):
        assert isinstance(segment.locator, TextSpan)
        assert whole[segment.locator.char_start : segment.locator.char_end] == segment.text


def test_docx_sections_keep_their_headings(tmp_path: Path) -> None:
    """Paragraphs, lists and tables stand below the headings that a reader sees above them."""
    document = docx.Document()
    document.add_paragraph("前言一句。")
    document.add_heading("测量", level=1)
    document.add_paragraph("先安静坐五分钟。")
    document.add_heading("记录", level=2)
    document.add_paragraph("早晚各一次", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(
        (c for row in table.rows for c in row.cells), ("早", "120", "晚", "118"), strict=True
    ):
        cell.text = text
    document.add_heading("用药", level=1)
    document.add_paragraph("按时。")
    document.save(str(tmp_path / "a.docx"))

    pages = read_pages(tmp_path / "a.docx", "docs/a.docx")
    assert [(page.headings, page.text) for page in pages] == [
        ((), "前言一句。"),
        (("测量",), "先安静坐五分钟。"),
        (("测量", "记录"), "早晚各一次\n\n早 | 120\n晚 | 118"),
        (("用药",), "按时。"),
    ]
    assert {page.number for page in pages} == {None}
    assert pages[2].span.section == "记录"
    assert_places(pages)


def test_a_cell_that_covers_millions_of_columns_is_refused(tmp_path: Path) -> None:
    """A kilobyte would fill the memory of the worker; merged cells of a usual table are read once a row."""
    document = docx.Document()
    table = document.add_table(rows=2, cols=3)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "早晚"
    table.cell(0, 2).text = "各一次"
    table.cell(1, 0).text = "记下"
    document.save(str(tmp_path / "a.docx"))
    assert read_pages(tmp_path / "a.docx", "a.docx")[0].text == "早晚 | 各一次\n记下 |"

    table.cell(1, 0)._tc.grid_span = 300_000_000
    document.save(str(tmp_path / "bomb.docx"))
    with pytest.raises(UnreadableSource, match="300,000,002 columns"):
        read_pages(tmp_path / "bomb.docx", "bomb.docx")


def test_a_slide_is_a_page_with_its_number(tmp_path: Path) -> None:
    """Numbers are those of the show, hidden slides count and are not read; notes stay with the speaker."""
    deck = pptx.Presentation()
    for title, body in (("开场", "欢迎"), ("隐藏", "看不见"), ("三种学习", "监督学习\n无监督学习")):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = body
        slide.notes_slide.notes_text_frame.text = "speaker only"
    deck.slides[1]._element.set("show", "0")
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    cells = slide.shapes.add_table(1, 2, Inches(1), Inches(1), Inches(4), Inches(1)).table
    cells.cell(0, 0).text, cells.cell(0, 1).text = "a", "b"
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "in a group"
    deck.save(str(tmp_path / "s.pptx"))

    pages = read_pages(tmp_path / "s.pptx", "s.pptx")
    assert [(page.number, page.headings, page.text) for page in pages] == [
        (1, ("开场",), "欢迎"),
        (3, ("三种学习",), "监督学习\n无监督学习"),
        (4, (), "a | b\n\nin a group"),
    ]
    assert pages[1].span.page == 3
    assert_places(pages)


def test_an_e_book_is_read_by_its_chapters(tmp_path: Path) -> None:
    """In the order of the spine; a chapter without headings is called as in the contents."""
    pages = read_pages(epub(tmp_path / "b.epub"), "b.epub")
    assert [(page.headings, page.text) for page in pages] == [
        (("第一章 血压",), "先安静坐五分钟。\n\n袖带&心脏一样高。"),
        (("第二章 用药",), "按时吃药。"),
        (("第二章 用药", "漏服"), "不要加倍\n问医生"),
    ]
    assert_places(pages)


def test_html_is_read_as_a_reader_sees_it(tmp_path: Path) -> None:
    """Navigation, scripts, forms and hidden parts do not count; its declared encoding does."""
    (tmp_path / "p.html").write_bytes(
        '<html><head><meta charset="gb2312"><title>t</title><script>x()</script></head><body><nav>菜单</nav>'
        "<main><h1>标题</h1><p>第一<b>句</b>。<br>第二句。</p><div hidden>不见</div>"
        "<table><tr><th>甲</th><td>乙</td></tr></table><pre>a\n  b</pre></main>"
        "<footer>页脚</footer></body></html>".encode("gb18030")
    )
    pages = read_pages(tmp_path / "p.html", "p.html")
    assert [(page.headings, page.text) for page in pages] == [
        (("标题",), "第一句。\n第二句。\n\n甲 | 乙\n\na\n  b")
    ]
    assert_places(pages)


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("name", "parts", "message"),
    [
        ("x.docx", {"word/document.xml": f"<?xml version='1.0'?>{LAUGHS}<x>&b;</x>"}, "entities"),
        ("x.pptx", {"ppt/presentation.xml": f"{LAUGHS}<x/>".encode("utf-16")}, "entities"),
        ("x.docx", {"../../etc/passwd": "x"}, "leads out"),
        ("x.docx", {"word/document.xml": " " * 40_000_000}, "ZIP bomb"),
        ("x.docx", {"[Content_Types].xml": "<Types/>"}, "damaged"),
        ("x.pptx", {"a.xml": "<not closed"}, "damaged"),
        ("x.epub", {"a.txt": "x"}, "container.xml is missing"),
    ],
)
def test_harmful_archives_are_named(
    tmp_path: Path, name: str, parts: dict[str, str | bytes], message: str
) -> None:
    path = tmp_path / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in parts.items():
            archive.writestr(entry, content)
    with pytest.raises(UnreadableSource, match=message) as caught:
        read_pages(path, name)
    assert caught.value.path == str(path)
    assert caught.value.remedy


@pytest.mark.parametrize("name", ["x.docx", "x.pptx", "x.epub"])
@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "empty"), (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "password"), (b"%PDF-1.7 nothing", "This is no")],
)
def test_what_is_no_archive_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableSource, match=message):
        read_pages(tmp_path / name, name)


def test_an_entity_in_a_chapter_of_a_book_is_refused(tmp_path: Path) -> None:
    """A document type is usual in e-books, an entity is not."""
    book = epub(tmp_path / "b.epub", **{"OEBPS/text/one.xhtml": f"{LAUGHS}<html><body>&b;</body></html>"})
    with pytest.raises(UnreadableSource, match="entities"):
        read_pages(book, "b.epub")


def test_external_entities_are_not_fetched(tmp_path: Path) -> None:
    """Neither files of this machine nor the network."""
    (tmp_path / "secret.txt").write_text("secret words")
    outside = f'<!DOCTYPE x [<!ENTITY f SYSTEM "{(tmp_path / "secret.txt").as_uri()}">]>'
    book = epub(tmp_path / "b.epub", **{"OEBPS/book.opf": f"{outside}{OPF}"})
    with pytest.raises(UnreadableSource, match="entities"):
        read_pages(book, "b.epub")


def test_protected_books_are_named(tmp_path: Path) -> None:
    book = epub(tmp_path / "b.epub", **{"META-INF/rights.xml": "<rights/>"})
    with pytest.raises(UnreadableSource, match="protected"):
        read_pages(book, "b.epub")


@pytest.mark.parametrize("name", ["e.docx", "e.pptx", "e.html"])
def test_documents_without_text_are_empty(tmp_path: Path, name: str) -> None:
    if name == "e.docx":
        docx.Document().save(str(tmp_path / name))
    elif name == "e.pptx":
        pptx.Presentation().save(str(tmp_path / name))
    else:
        (tmp_path / name).write_text("<html><script>only()</script></html>")
    with pytest.raises(EmptySource):
        read_pages(tmp_path / name, name)


def test_a_page_nested_too_deep_is_no_half_page(tmp_path: Path) -> None:
    (tmp_path / "d.html").write_text("<p>before</p>" + "<div>" * 5000 + "deep" + "</div>" * 5000)
    with pytest.raises(UnreadableSource, match="nested"):
        read_pages(tmp_path / "d.html", "d.html")
