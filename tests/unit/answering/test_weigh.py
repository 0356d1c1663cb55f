"""How much of a sentence a passage holds."""

import pytest

from baize.answering.weigh import coverage, coverages, passage_terms, terms_of
from baize.domain.locator import TimeSpan
from baize.domain.text import Chunk, Segment


@pytest.mark.parametrize(
    ("wanted", "passage"),
    [("abcd", "abxy"), ("abc", "abc"), ("abc", "xyz"), ("abc", ""), ("a", "abcdef")],
)
def test_of_one_passage_as_of_several(wanted: str, passage: str) -> None:
    """The short way says what the long one says."""
    mine, theirs = frozenset(wanted), frozenset(passage)
    assert coverage(mine, theirs) == pytest.approx(coverages(mine, [mine, theirs])[1])


def test_nothing_wanted_is_nothing_held() -> None:
    assert coverage(frozenset(), frozenset("ab")) == 0.0


def test_what_only_the_sentence_holds_weighs_more() -> None:
    """Half of the terms are less than half of the weight."""
    assert 0 < coverage(frozenset("ab"), frozenset("a")) < 0.5


def test_a_passage_has_the_terms_of_its_headings_and_of_all_its_sentences() -> None:
    sentences = tuple(
        Segment(text, TimeSpan(n, n + 1)) for n, text in enumerate(["低压是舒张压。", "Measured twice."])
    )
    chunk = Chunk(
        "1",
        "p",
        "c",
        "l",
        "血压课",
        "a.vtt",
        "zh",
        ("血压课", "测量"),
        "低压是舒张压。 Measured twice.",
        sentences,
        TimeSpan(0, 2),
        0,
    )
    assert passage_terms(chunk) == terms_of(chunk.indexed_text)
    assert {"舒张压", "测量"} <= passage_terms(chunk)
