"""Sentence boundaries: what is one sentence, and that no character is lost or counted twice."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.domain.sentences import detect_language, ends_sentence, has_han, split_sentences

PROSE = st.text(st.sampled_from("早上量血压 aA1I。！？!?….,;；”\"'）)]】\n\t-•(Mrdetc"), max_size=60)


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@given(PROSE | st.text(max_size=60))
def test_every_visible_character_is_in_exactly_one_sentence(text: str) -> None:
    """Spans are ordered, do not overlap, have no white space at their ends, and miss white space only."""
    spans = split_sentences(text)
    covered = [position for start, end in spans for position in range(start, end)]
    assert covered == sorted(set(covered))
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)
    assert all(text[position].isspace() for position in set(range(len(text))) - set(covered))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("先坐五分钟。再量血压！", ["先坐五分钟。", "再量血压！"]),
        ("他说：“量两次。”然后走了。", ["他说：“量两次。”", "然后走了。"]),
        ("It is 3.5 cm, e.g. this one. Ask Dr. Wu.", ["It is 3.5 cm, e.g. this one.", "Ask Dr. Wu."]),
        ("J. Smith wrote it. So did I. Good.", ["J. Smith wrote it.", "So did I.", "Good."]),
        ("1. Sit down. 2. Wait.\n3. Measure.", ["1. Sit down.", "2. Wait.", "3. Measure."]),
        ("真的吗？！……是的。", ["真的吗？！……", "是的。"]),
        ("first line\nsecond line", ["first line", "second line"]),
        ("。。。", ["。。。"]),
        ("好。 ！”", ["好。 ！”"]),
        ("", []),
    ],
)
def test_boundaries_in_chinese_and_english(text: str, expected: list[str]) -> None:
    """Full stops within numbers, abbreviations, initials and list numbers end nothing; quotes close."""
    assert sentences(text) == expected


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        ("量血压。", True),
        ("he said “yes.” ", True),
        ("e.g.", False),
        ("1.", False),
        ("量血压", False),
        ("", False),
    ],
)
def test_ends_sentence_agrees_with_the_boundaries(text: str, ended: bool) -> None:
    """The end of a cue ends a sentence where `split_sentences` would."""
    assert ends_sentence(text) is ended


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("怎么用 VLOOKUP 函数？", "zh"),
        ("What does 仁 mean in this course?", "en"),
        ("Excel VLOOKUP INDEX MATCH 怎么用", "zh"),
        ("How do I say 你好 in English?", "en"),
        ("120/80", "en"),
        ("How are you", "en"),
        ("血压", "zh"),
    ],
)
def test_language_is_told_by_script(text: str, language: str) -> None:
    """A Chinese sentence with English terms is Chinese; figures alone take the default."""
    assert detect_language(text) == language
    assert has_han(text) is any("\u4e00" <= char <= "\u9fff" for char in text)


def test_the_default_language_is_for_texts_without_letters_only() -> None:
    """`？` after a Chinese question stays Chinese."""
    assert detect_language("？", default="zh") == "zh"
    assert detect_language("hm?", default="zh") == "en"


@pytest.mark.parametrize("piece", [".", ". ", ".a", "A. ", "1.", "…", "\n", ".”"])
def test_a_long_run_costs_no_more_than_its_length(piece: str) -> None:
    """A table of contents may be one line of dots: time grows with it, not with its square."""
    began = time.process_time()
    split_sentences(piece * (60_000 // len(piece)) + "x")
    assert time.process_time() - began < 2
