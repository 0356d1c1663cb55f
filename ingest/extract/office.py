"""DOCX and PPTX to text with its place: sections of a document, slides of a deck.

python-docx and python-pptx parse with entities switched off; `archive.py` has looked at the file before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baize.errors import UnreadableSource
from ingest.extract.archive import opened_archive
from ingest.extract.html import Section

if TYPE_CHECKING:
    from pptx.slide import Slide

_HEADING_STYLE = re.compile(r"(?:heading|标题|標題)\s*(\d)", re.IGNORECASE)
_TITLE_STYLES = frozenset(("title", "标题", "標題"))
_LINE_BREAK = "\v"
_MAX_GROUP_DEPTH = 20
_MAX_COLUMNS = 1_000
"""Word itself admits 63. A cell that says it covers millions would be given once for each."""


def read_docx(path: Path) -> list[Section]:
    """(headings above, text) of each section that has text. A table row is a line; list items too.

    Raises:
        UnreadableSource: damaged, locked, or refused by `archive.py`.
    """
    # Costs 150 ms to import.
    import docx

    sections: list[Section] = []
    headings: dict[int, str] = {}
    blocks: list[str] = []
    with _reading(path, "Word file"):
        for item in docx.Document(str(path)).iter_inner_content():
            level, title = _heading(item)
            if level is None:
                blocks.extend(_docx_block(item))
                continue
            _close(sections, headings, blocks)
            headings = {above: name for above, name in headings.items() if above < level} | {level: title}
            blocks = []
    _close(sections, headings, blocks)
    return sections


def read_pptx(path: Path) -> list[tuple[int, tuple[str, ...], str]]:
    """(number from 1, the title, text) of each slide that has text and is shown, in the order of the show.

    The speaker's notes are left out: they are not for learners.

    Raises:
        UnreadableSource: damaged, locked, or refused by `archive.py`.
    """
    # Costs 200 ms to import.
    import pptx

    slides: list[tuple[int, tuple[str, ...], str]] = []
    with _reading(path, "PowerPoint file"):
        for number, slide in enumerate(pptx.Presentation(str(path)).slides, start=1):
            if slide._element.get("show") in ("0", "false"):
                continue
            title = slide.shapes.title
            heading = " ".join(title.text_frame.text.split()) if title is not None else ""
            body = "\n\n".join(_slide_blocks(slide, title))
            # A slide of nothing but its title says that.
            if body or heading:
                slides.append((number, (heading,) if heading and body else (), body or heading))
    return slides


@contextmanager
def _reading(path: Path, kind: str) -> Iterator[None]:
    with opened_archive(path, kind):
        pass
    try:
        yield
    except (UnreadableSource, MemoryError):
        raise
    except Exception as error:  # a damaged package makes both libraries fail with nearly any exception
        raise UnreadableSource(
            f"The {kind} is damaged ({type(error).__name__}: {str(error)[:200]}).",
            remedy="Open it and save it again.",
            path=str(path),
        ) from error


def _close(sections: list[Section], headings: dict[int, str], blocks: list[str]) -> None:
    text = "\n\n".join(blocks).strip()
    if text:
        sections.append((tuple(title for _, title in sorted(headings.items()) if title), text))


def _heading(item: Any) -> tuple[int | None, str]:
    """Level and text: 0 for the document's title, 1 to 9 for headings in any Word; None for what is none."""
    if not hasattr(item, "runs") or item.style is None or not item.text.strip():
        return None, ""
    name = str(item.style.name or "").strip()
    found = _HEADING_STYLE.match(name)
    level = 0 if name.lower() in _TITLE_STYLES else int(found[1]) if found else None
    return level, " ".join(item.text.split())


def _docx_block(item: Any) -> Iterator[str]:
    if hasattr(item, "rows"):
        rows = _rows([cell.text for cell in _cells(row)] for row in item.rows)
        yield "\n".join(rows)
        return
    text = "\n".join(" ".join(line.split()) for line in item.text.split("\n")).strip()
    if text:
        yield text


def _cells(row: Any) -> Iterable[Any]:
    """
    Raises:
        UnreadableSource: it has more columns than any table has.
    """
    n_columns = sum(cell.grid_span for cell in row._tr.tc_lst)
    if n_columns > _MAX_COLUMNS:
        raise UnreadableSource(
            f"A table of the Word file has {n_columns:,} columns.",
            remedy=f"Split the table: {_MAX_COLUMNS:,} columns are read at most.",
        )
    cells: Iterable[Any] = row.cells
    return cells


def _rows(rows: Iterable[list[str]]) -> Iterator[str]:
    for cells in rows:
        # A merged cell is given once for each column that it covers.
        texts = [" ".join(cell.split()) for n, cell in enumerate(cells) if n == 0 or cell != cells[n - 1]]
        if any(texts):
            yield " | ".join(texts)


def _slide_blocks(slide: Slide, title: Any) -> Iterator[str]:
    for shape in _flat(slide.shapes, 0):
        if title is not None and shape.shape_id == title.shape_id:
            continue
        if getattr(shape, "has_table", False) and shape.has_table:
            yield "\n".join(_rows([cell.text for cell in row.cells] for row in shape.table.rows))
        elif shape.has_text_frame:
            lines = (line for part in shape.text_frame.paragraphs for line in part.text.split(_LINE_BREAK))
            text = "\n".join(kept for line in lines if (kept := " ".join(line.split())))
            if text:
                yield text


def _flat(shapes: Iterable[Any], depth: int) -> Iterator[Any]:
    for shape in shapes:
        if hasattr(shape, "shapes") and depth < _MAX_GROUP_DEPTH:
            yield from _flat(shape.shapes, depth + 1)
        else:
            yield shape
