"""LangChain's recursive splitter behind the port `Splitter`: for documents of which no structure is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baize.errors import DependencyUnavailable

if TYPE_CHECKING:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

_SEPARATORS = ("\n\n", "\n", "。", "！", "？", "；", ". ", "! ", "? ", "; ", "，", "、", ", ", " ", "")
"""Coarsest first; the full-width ones, because LangChain's defaults know no Chinese sentence."""


class LangchainSplitter:
    """Splits at the coarsest separator that keeps pieces short enough, without overlap.

    Args:
        chunk_chars: longest piece, in characters.

    Raises:
        DependencyUnavailable: the extra is not installed.
    """

    def __init__(self, chunk_chars: int = 800) -> None:
        self._splitter = _recursive_splitter(chunk_chars)

    def split(self, text: str) -> list[tuple[int, str]]:
        """As `Splitter.split`; pieces of white space only are left out."""
        pieces: list[tuple[int, str]] = []
        at = 0
        for piece in self._splitter.split_text(text):
            at = text.index(piece, at)
            if not piece.isspace():
                pieces.append((at, piece))
            at += len(piece)
        return pieces


def _recursive_splitter(chunk_chars: int) -> RecursiveCharacterTextSplitter:
    try:
        from langchain_text_splitters import RecursiveCharacterTextSplitter
    except ImportError as error:
        raise DependencyUnavailable(
            "langchain-text-splitters is not installed.", remedy="Run `pip install 'baize[langchain]'`."
        ) from error
    return RecursiveCharacterTextSplitter(
        separators=list(_SEPARATORS),
        keep_separator="end",
        chunk_size=chunk_chars,
        chunk_overlap=0,
        strip_whitespace=False,
    )
