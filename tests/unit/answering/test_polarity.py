"""Negation, and what else makes a sentence say the opposite of its source with the same words."""

from __future__ import annotations

import pytest

from baize.answering.consistency import contradicts, contradicts_abroad
from baize.answering.polarity import denies, is_negative


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("可以自己换药", "不要自己换药"),
        ("家里能停药", "家里不能停药"),
        ("it deletes them", "it does not delete them"),
        ("always sort a single column", "never sort a single column"),
    ],
)
def test_denying_what_the_source_affirms_is_seen_both_ways(text: str, source: str) -> None:
    """Whichever of the two denies."""
    assert denies(text, source)
    assert denies(source, text)
    assert not denies(text, text)
    assert not denies(source, source)


def test_a_question_form_denies_nothing() -> None:
    """`能不能` asks; `跳过` and `too … to` deny by their sense only."""
    assert is_negative("能不能停药") is False
    assert is_negative("too narrow to show") is None
    assert is_negative("不能停药") is True


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("高压是85，低压是135。", "在家里量，高压是135，低压是85。"),
        ("在医院里量出来的血压会偏低。", "在医院里量出来的血压会偏高。"),
        ("每天吃盐不要超过五斤。", "每个人每天吃盐不要超过五克。"),
        ("先吃药，再上厕所。", "先上厕所，再吃药。"),
        ("Divide the income by the rent.", "Divide the rent by the income."),
        ("Columns have numbers.", "Columns run down and have letters. Rows run across and have numbers."),
        ("Use the sheet for five hours.", "Use the sheet for five minutes."),
    ],
)
def test_same_words_with_another_sense_contradict(text: str, source: str) -> None:
    """Swapped numbers, opposites, units, order and subject; the source does not contradict itself."""
    spans = [span + "." for span in source.rstrip(".").split(". ")] if source.isascii() else [source]
    assert contradicts(text, spans)
    assert not contradicts(source, spans)


def test_across_languages_units_and_negation_count() -> None:
    """`不要` and `do not` are one; five grams are no five kilograms."""
    assert not contradicts_abroad("Do not talk.", "不要说话。")
    assert contradicts_abroad("Talk.", "不要说话。")
    assert contradicts_abroad("Eat five kilograms of salt.", "吃五克盐。")
