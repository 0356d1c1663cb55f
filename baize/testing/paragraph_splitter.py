"""A double of the port `Splitter`: paragraphs, and long ones in equal pieces."""

from __future__ import annotations

import re

_PARAGRAPH = re.compile(r"\S(?:.|\n(?!\s*\n))*")


class ParagraphSplitter:
    """Cuts at blank lines, and where a paragraph is longer than `chunk_chars`, there as well."""

    def __init__(self, chunk_chars: int = 800) -> None:
        self._chunk_chars = chunk_chars

    def split(self, text: str) -> list[tuple[int, str]]:
        """As `Splitter.split`; pieces have no white space around them."""
        pieces: list[tuple[int, str]] = []
        for paragraph in _PARAGRAPH.finditer(text):
            for start in range(paragraph.start(), paragraph.end(), self._chunk_chars):
                piece = text[start : min(start + self._chunk_chars, paragraph.end())]
                stripped = piece.lstrip()
                if stripped:
                    pieces.append((start + len(piece) - len(stripped), stripped.rstrip()))
        return pieces
