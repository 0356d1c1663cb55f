"""faq.jsonl to questions with their answers."""

from __future__ import annotations

from pathlib import Path

from baize.domain.faq import FaqLine, faq_lines
from ingest.extract.encoding import read_text


def read_faq(path: Path) -> list[FaqLine]:
    """The entries in file order; blank lines do not count.

    Raises:
        InvalidManifest: a line is no entry, or its id is taken; names the line.
        UnreadableSource: the file cannot be decoded.
    """
    return faq_lines(read_text(path), str(path))
