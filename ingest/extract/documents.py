"""PDF, slides, office files, e-books, HTML, Markdown and text to pages: text with its place in the whole.

The extracted text of a document is its pages' texts joined by an empty line; `Page.char_start` counts in it.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from baize.domain.text import Page
from baize.errors import EmptySource, UnreadableSource
from ingest.extract.encoding import MAX_TEXT_BYTES, read_text
from ingest.extract.epub import read_epub
from ingest.extract.html import Section, read_html
from ingest.extract.markdown import read_sections
from ingest.extract.office import read_docx, read_pptx
from ingest.extract.unwrap import unwrap

PAGE_GAP = "\n\n"
"""What stands between two pages in the extracted text."""
_UNSTORABLE = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\xad\u200b\ufeff\ud800-\udfff]")
"""Control characters and marks that no reader sees."""


def read_pages(path: Path, name: str) -> list[Page]:
    """Pages of a PDF, slides, sections (Markdown, HTML, DOCX, EPUB), or a text file as one; no empty ones.

    A slide's number is its page. A section without pages has its headings.

    Args:
        name: the document's path inside the course folder: `Page.file`.

    Raises:
        UnreadableSource: damaged, locked, or of a format that cannot be read.
        EmptySource: there is no text in it.
    """
    match path.suffix.lower():
        case ".pdf":
            pages = _place(name, ((text, number, ()) for number, text in _pdf_texts(path)))
            remedy = "Run text recognition over the PDF, or give the original document."
        case ".md" | ".markdown":
            pages = _sections(name, read_sections(read_text(path)))
            remedy = "Write something below the headings, or remove the file."
        case ".html" | ".htm":
            pages = _sections(name, read_html(_bytes(path), path))
            remedy = "Save the page with its text, not only its scripts, or remove the file."
        case ".docx":
            pages = _sections(name, read_docx(path))
            remedy = "Write something into it; text within pictures does not count."
        case ".pptx":
            slides = read_pptx(path)
            pages = _place(name, ((_stored(text), number, headings) for number, headings, text in slides))
            remedy = "Write text on the slides; text within pictures does not count."
        case ".epub":
            pages = _sections(name, read_epub(path))
            remedy = "Give an e-book with text; one of scanned pages has none."
        case ".txt":
            pages = _place(name, [(unwrap(read_text(path)), None, ())])
            remedy = "Write something into it, or remove the file."
        case other:
            raise UnreadableSource(
                f"{other or 'A file without an extension'} is no document format that Bai Ze reads.",
                remedy="Save it as .pdf, .docx, .pptx, .epub, .html, .md or .txt.",
                path=str(path),
            )
    if not pages:
        raise EmptySource("There is no text in this document.", remedy=remedy, path=str(path))
    return pages


def _place(name: str, texts: Iterable[tuple[str, int | None, tuple[str, ...]]]) -> list[Page]:
    pages = []
    char_start = 0
    for text, number, headings in texts:
        if text.strip():
            pages.append(Page(name, text, char_start, number, headings))
            char_start += len(text) + len(PAGE_GAP)
    return pages


def _sections(name: str, sections: Iterable[Section]) -> list[Page]:
    return _place(name, ((_stored(text), None, headings) for headings, text in sections))


def _stored(text: str) -> str:
    return unicodedata.normalize("NFC", _UNSTORABLE.sub("", text))


def _bytes(path: Path) -> bytes:
    if path.stat().st_size > MAX_TEXT_BYTES:
        # Says so, with the remedy.
        read_text(path)
    return path.read_bytes()


def _pdf_texts(path: Path) -> list[tuple[int, str]]:
    """(number from 1, text) of each page."""
    # Costs 150 ms to import.
    import pypdf

    # It reports every flaw that it repairs, page by page.
    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        reader = pypdf.PdfReader(path)
        # Many files are locked against printing only: the empty password opens them.
        if reader.is_encrypted and not reader.decrypt(""):
            raise _locked(path)
        return [(number, unwrap(page.extract_text())) for number, page in enumerate(reader.pages, start=1)]
    except pypdf.errors.FileNotDecryptedError as error:
        raise _locked(path) from error
    except (UnreadableSource, MemoryError):
        raise
    except Exception as error:  # a damaged PDF makes pypdf fail with nearly any exception
        raise UnreadableSource(
            f"The PDF is damaged ({type(error).__name__}: {error}).",
            remedy="Open it in a PDF reader and save it again.",
            path=str(path),
        ) from error


def _locked(path: Path) -> UnreadableSource:
    return UnreadableSource(
        "The PDF is locked with a password.", remedy="Save a copy without a password.", path=str(path)
    )
