"""What `LangchainSplitter` adds to LangChain's defaults."""

from __future__ import annotations

import sys

import pytest

from baize.adapters.split_langchain import LangchainSplitter
from baize.errors import DependencyUnavailable


def test_chinese_is_cut_after_its_sentences() -> None:
    """Full-width punctuation ends a piece and stays in it."""
    text = "学习率决定步长。太大就会来回震荡！太小呢？收敛得很慢；要等很久。"
    pieces = [piece for _, piece in LangchainSplitter(chunk_chars=16).split(text)]
    assert pieces == ["学习率决定步长。", "太大就会来回震荡！", "太小呢？收敛得很慢；要等很久。"]


def test_a_repeated_piece_keeps_its_own_place() -> None:
    """Offsets count up even where the text repeats itself."""
    pieces = LangchainSplitter(chunk_chars=5).split("再来一次。再来一次。再来一次。")
    assert pieces == [(0, "再来一次。"), (5, "再来一次。"), (10, "再来一次。")]


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the error says which extra to install."""
    monkeypatch.setitem(sys.modules, "langchain_text_splitters", None)
    with pytest.raises(DependencyUnavailable, match=r"baize\[langchain\]"):
        LangchainSplitter()
