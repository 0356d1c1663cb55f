"""A question with slips is read as it was meant, and one without stays as it is."""

from __future__ import annotations

import pytest

from baize.domain.search import Hit
from baize.retrieval.rewrite import rewrite
from baize.retrieval.slips import mended
from tests.unit.services.world import SHEETS, make_chunk

PRESSURE = ("血压计请选上臂式的。", "保本价的算法是，每单成本除以一减去扣点。", "自己要记的数。")
HITS = [
    Hit(make_chunk(PRESSURE), 1, 1.0, "fused"),
    Hit(make_chunk(SHEETS, lesson="s", title="Your first sum", language="en"), 2, 0.5, "fused"),
]


def meant(question: str) -> str | None:
    query = mended(rewrite(question, []), HITS)
    return query.text if query else None


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("血鸭计选哪种", "血压计选哪种"),
        ("保本架怎么蒜", "保本价怎么蒜"),
        ("血鴨計选哪种", "血压计选哪种"),
        ("what does a forumla start with", "what does a formula start with"),
        ("Which key locks the cell, the doller sign?", "Which key locks the cell, the dollar sign?"),
        ("血鸭计和 forumla", "血压计和 formula"),
    ],
)
def test_homophones_and_slips_of_the_finger_are_read_as_the_course_writes_them(typed: str, read: str) -> None:
    """Punctuation, and what is right, stays."""
    assert meant(typed) == read


@pytest.mark.parametrize(
    "typed",
    [
        "血压计选哪种",
        "A dollar sign locks the cell",
        "量子计算机为什么快",
        "火星上有没有水",
        "who won the world cup",
        "",
    ],
)
def test_what_has_no_slip_stays(typed: str) -> None:
    """Words of the hits; words of another subject; a sound that only stands across two words (子|计)."""
    assert meant(typed) is None


def test_short_words_and_stop_words_are_no_spelling() -> None:
    """“sigm” has four letters; “would” is not meant by “woudl”: a question word says nothing."""
    assert meant("sigm") is None
    query = rewrite("woudl", [])
    assert mended(query, [Hit(make_chunk(["It would."], language="en"), 1, 1.0, "fused")]) is None


def test_terms_and_sounds_are_of_the_mended_text_and_the_question_of_the_typed_one() -> None:
    """What is looked up changes, not what the learner said."""
    query = mended(rewrite("血鸭计选哪种", []), HITS)
    right = rewrite("血压计选哪种", [])
    assert query is not None
    assert (query.question, query.language) == ("血鸭计选哪种", "zh")
    assert (query.terms, query.pinyin) == (right.terms, right.pinyin)


def test_nothing_found_mends_nothing() -> None:
    """There is nothing to read it by."""
    assert mended(rewrite("血鸭计选哪种", []), []) is None
