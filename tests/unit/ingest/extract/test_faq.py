"""faq.jsonl to entries."""

from __future__ import annotations

from pathlib import Path

import pytest

from baize.domain.faq import FaqLine
from baize.errors import InvalidManifest
from ingest.extract.faq import read_faq

_GOOD = '{"question": "怎么退课？", "answer": " 在“我的课程”里。 "}'


def write(folder: Path, text: str) -> Path:
    path = folder / "faq.jsonl"
    path.write_text(text, encoding="utf-8")
    return path


def test_entries_are_read_in_order(tmp_path: Path) -> None:
    """An entry is called by its id, or by its line; blank lines do not count as entries."""
    path = write(tmp_path, f'{_GOOD}\n\n{{"id": "fee", "question": "Free?", "answer": "Yes."}}\r\n')
    assert read_faq(path) == [
        FaqLine("line-1", "怎么退课？", "在“我的课程”里。"),
        FaqLine("fee", "Free?", "Yes."),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"question": "q"}',
        '{"question": "q", "answer": ""}',
        '{"question": "q", "answer": 3}',
        '{"question": "q", "answer": "a", "extra": 1}',
        '{"id": "a b", "question": "q", "answer": "a"}',
        '{"id": "line-1", "question": "q", "answer": "a"}',
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    """No JSON, a missing or empty text, an unknown key, a wrong or repeated id: each at its line."""
    with pytest.raises(InvalidManifest) as caught:
        read_faq(write(tmp_path, f"{_GOOD}\n{line}\n"))
    assert caught.value.line == 2
    assert caught.value.remedy
