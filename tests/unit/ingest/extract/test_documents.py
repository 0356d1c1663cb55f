"""PDF, Markdown and text files to pages that know their place."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from baize.domain.text import Page
from baize.errors import EmptySource, UnreadableSource
from ingest.extract.documents import PAGE_GAP, read_pages
from ingest.extract.unwrap import unwrap


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def pdf(*pages: str) -> PdfWriter:
    """A PDF of Latin text, one line of it to a line of the page."""
    writer = PdfWriter()
    font = DictionaryObject({
        NameObject("/Type"): NameObject("/Font"),
        NameObject("/Subtype"): NameObject("/Type1"),
        NameObject("/BaseFont"): NameObject("/Helvetica"),
    })  # fmt: skip
    for text in pages:
        page = writer.add_blank_page(612, 792)
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
        lines = "".join(f"({line}) Tj T*\n" for line in text.split("\n"))
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 14 TL 72 720 Td\n{lines}ET".encode())
        page[NameObject("/Contents")] = writer._add_object(stream)
    return writer


def pdf_bytes(writer: PdfWriter) -> bytes:
    buffer = BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def assert_places(pages: list[Page]) -> None:
    whole = PAGE_GAP.join(page.text for page in pages)
    assert all(whole[page.char_start :].startswith(page.text) for page in pages)
    assert all(page.text.strip() for page in pages)


def test_pdf_pages_have_numbers_and_places(tmp_path: Path) -> None:
    """Lines that the page's width broke are joined, empty pages left out, numbers kept."""
    content = pdf(
        "Bread\nFlour, water and salt are mixed and kneaded until the dough is\n"
        "smooth. It must rise, and the temper-\nature of the room decides how long.\n"
        "- first item\n- second item",
        "",
        "The end.",
    )
    pages = read_pages(write(tmp_path, "a.pdf", pdf_bytes(content)), "docs/a.pdf")
    assert [(page.file, page.number, page.headings) for page in pages] == [
        ("docs/a.pdf", 1, ()),
        ("docs/a.pdf", 3, ()),
    ]
    assert pages[0].text.split("\n") == [
        "Bread",
        "Flour, water and salt are mixed and kneaded until the dough is smooth. It must rise, and the "
        "temperature of the room decides how long.",
        "- first item",
        "- second item",
    ]
    assert_places(pages)


def test_a_pdf_without_text_is_empty(tmp_path: Path) -> None:
    """A scan without a text layer is told as such; the remedy names text recognition."""
    with pytest.raises(EmptySource) as caught:
        read_pages(write(tmp_path, "a.pdf", pdf_bytes(pdf("", ""))), "a.pdf")
    assert "recognition" in caught.value.remedy


def test_a_locked_pdf_is_refused_and_an_open_one_read(tmp_path: Path) -> None:
    """A password to open it is an obstacle, one that only forbids printing is not."""
    locked, open_to_all = pdf("Secret."), pdf("Open.")
    locked.encrypt("user", "owner", algorithm="RC4-128")
    open_to_all.encrypt("", "owner", algorithm="RC4-128")
    with pytest.raises(UnreadableSource, match="password"):
        read_pages(write(tmp_path, "a.pdf", pdf_bytes(locked)), "a.pdf")
    (page,) = read_pages(write(tmp_path, "b.pdf", pdf_bytes(open_to_all)), "b.pdf")
    assert page.text == "Open."


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\ngarbage", b"\x00" * 500])
def test_a_broken_pdf_is_unreadable(tmp_path: Path, content: bytes) -> None:
    """Damage of any kind is one error with the path and a remedy."""
    path = write(tmp_path, "a.pdf", content)
    with pytest.raises(UnreadableSource) as caught:
        read_pages(path, "a.pdf")
    assert caught.value.path == str(path)
    assert caught.value.remedy


_MARKDOWN = """\
---
title: Front
---
Before any heading.

# Bread *and* butter

Knead the dough
until it is **smooth**, see [the film](x.mp4) or `knead()`.
面团要揉
到光滑。

- flour
- water
  - warm

1. wait
2. bake

## Table

| Word | Meaning |
|------|---------|
| crumb | inside |

```python
print("a\\n")

x = 1
```

<div>Raw &amp; ready</div>

![A loaf](loaf.png) line<br>break\\
hard

## Empty

# Last

> # Quoted heading
> quoted

***
done &copy;
"""


def test_markdown_is_read_as_a_reader_sees_it(tmp_path: Path) -> None:
    """Sections under their path of headings, without marks; front matter and empty sections go."""
    pages = read_pages(write(tmp_path, "a.md", _MARKDOWN), "a.md")
    assert [(page.number, page.headings) for page in pages] == [
        (None, ()),
        (None, ("Bread and butter",)),
        (None, ("Bread and butter", "Table")),
        (None, ("Last",)),
    ]
    assert pages[0].text == "Before any heading."
    assert pages[1].text == (
        "Knead the dough until it is smooth, see the film or knead(). 面团要揉到光滑。\n\n"
        "flour\nwater\nwarm\n\nwait\nbake"
    )
    assert pages[2].text == (
        'Word | Meaning\ncrumb | inside\n\nprint("a\\n")\n\nx = 1\n\nRaw & ready\n\nA loaf line\nbreak\nhard'
    )
    assert pages[3].text == "Quoted heading\nquoted\n\ndone ©"
    assert_places(pages)


def test_a_text_file_is_one_page(tmp_path: Path) -> None:
    """Paragraphs stay apart, hard-wrapped lines are joined, any encoding of China is read."""
    text = "第一段的文字写得很长很长所以在这里换了行然后\n继续写下去。\n\n第二段。"
    (page,) = read_pages(write(tmp_path, "a.txt", text.encode("gb18030")), "a.txt")
    assert page == Page("a.txt", "第一段的文字写得很长很长所以在这里换了行然后继续写下去。\n\n第二段。", 0)


@pytest.mark.parametrize("name", ["a.md", "a.txt"])
def test_a_document_without_words_is_empty(tmp_path: Path, name: str) -> None:
    """Headings alone, or nothing at all, are nothing to learn from."""
    with pytest.raises(EmptySource):
        read_pages(write(tmp_path, name, "# \n\n" if name == "a.md" else " \n"), name)


@pytest.mark.parametrize("name", ["a.odt", "a.xlsx", "a"])
def test_other_formats_are_refused_by_name(tmp_path: Path, name: str) -> None:
    """The remedy names the formats that can be read."""
    with pytest.raises(UnreadableSource) as caught:
        read_pages(write(tmp_path, name, "x"), name)
    assert all(kind in caught.value.remedy for kind in (".pdf", ".md", ".txt"))


@pytest.mark.parametrize(
    ("wrapped", "text"),
    [
        ("A title\nThe body of it.", "A title\nThe body of it."),
        (
            "第一章\n机器学习研究怎样让机器从\n数据中学习规律。\n小结",
            "第一章\n机器学习研究怎样让机器从数据中学习规律。\n小结",
        ),
        ("今 天 我 们 学 习 向 量。", "今天我们学习向量。"),
        ("姓名 年龄 地址", "姓名 年龄 地址"),
        ("eﬃcient\u00a0ﬁt", "efficient fit"),
        ("a\r\n\r\n\r\n\r\nb", "a\n\nb"),
    ],
)
def test_line_breaks_of_the_page_go_and_those_of_the_author_stay(wrapped: str, text: str) -> None:
    """Chinese joins without a space; titles and columns are left alone."""
    assert unwrap(wrapped) == text


_lines = st.lists(st.text(alphabet="ab Z-.。字学，\n", max_size=60), max_size=8)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(sections=_lines)
def test_places_always_fit_the_whole_text(tmp_path: Path, sections: list[str]) -> None:
    """However a document is cut, each page's text stands at its place in the extracted text."""
    content = "\n\n".join(f"# h{n}\n\n{text}" for n, text in enumerate(sections))
    try:
        pages = read_pages(write(tmp_path, "a.md", content), "a.md")
    except EmptySource:
        return
    assert_places(pages)


@given(lines=_lines)
def test_unwrapping_loses_no_letter(lines: list[str]) -> None:
    """Only white space and hyphens at line ends may change."""
    text = "\n".join(lines)
    assert [char for char in unwrap(text) if char not in " \n-"] == [
        char for char in text if char not in " \n-"
    ]
