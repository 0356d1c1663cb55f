"""Numbers of a sentence must be those of the sentence of the source that it is about."""

import pytest

from baize.answering.consistency import contradicts
from baize.answering.contrasts import contrasts, may_oppose
from baize.answering.numbers import numbers
from baize.retrieval.terms import normalise

SPANS = ["海带浸泡的时候，每次放40克盐。", "核桃晾晒的时候，每筐装65斤。"]
ENGLISH = ["The first sample weighs 40 grams.", "The second sample holds 65 millilitres of water."]


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("核桃晾晒的时候，每筐装40。", SPANS),
        ("海带浸泡的时候，每次放65。", SPANS),
        ("The first sample weighs 65.", ENGLISH),
    ],
)
def test_a_number_of_another_sentence_is_not_what_this_one_says(text: str, spans: list[str]) -> None:
    """Each number stands in the passage, but said of something else."""
    assert contradicts(text, spans)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("核桃晾晒的时候，每筐装65。", SPANS),
        ("海带浸泡的时候，每次放40。", SPANS),
        ("The first sample weighs 40.", ENGLISH),
    ],
)
def test_a_number_of_the_same_sentence_is(text: str, spans: list[str]) -> None:
    assert not contradicts(text, spans)


@pytest.mark.parametrize(("text", "expected"), [("007 号", "7"), ("000", "0"), ("第 120 页", "120")])
def test_whole_numbers_lose_their_leading_zeros(text: str, expected: str) -> None:
    assert numbers(text, strict=True) == {expected}


@pytest.mark.parametrize("source", ["血压偏低。", "多少，低压，都要记。", "A lower value, or more."])
def test_what_may_oppose_is_never_less_than_what_opposes(source: str) -> None:
    """The quick look at a whole source leaves nothing out that its parts have."""
    others = contrasts(normalise(source))
    assert others
    for mine in contrasts(normalise("血压偏高，收缩压。")) + contrasts("a higher value and less"):
        found = [one for one in others if one.group == mine.group and one.side != mine.side]
        assert may_oppose(mine, normalise(source)) >= bool(found)
