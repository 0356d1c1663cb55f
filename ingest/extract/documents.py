"""PDF, Markdown and plain text to pages: text with its place in the whole document.

The extracted text of a document is its pages' texts joined by an empty line; `Page.char_start` counts in it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from baize.domain.text import Page
from baize.errors import EmptySource, UnreadableSource
from ingest.extract.encoding import read_text
from ingest.extract.markdown import read_sections
from ingest.extract.unwrap import unwrap

PAGE_GAP = "\n\n"
"""What stands between two pages in the extracted text."""


def read_pages(path: Path, name: str) -> list[Page]:
    """The pages of a PDF, the sections of a Markdown file, or a text file as one page; no empty ones.

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
            sections = read_sections(read_text(path))
            pages = _place(name, ((text, None, headings) for headings, text in sections))
            remedy = "Write something below the headings, or remove the file."
        case ".txt":
            pages = _place(name, [(unwrap(read_text(path)), None, ())])
            remedy = "Write something into it, or remove the file."
        case other:
            raise UnreadableSource(
                f"{other or 'A file without an extension'} is no document format that Bai Ze reads.",
                remedy="Save it as .pdf, .md or .txt.",
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
