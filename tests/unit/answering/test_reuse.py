"""When two questions are one: rarely, and never when a word that matters differs."""

from __future__ import annotations

import pytest

from baize.answering.reuse import asked, is_same
from benchmarks.answer_reuse import near_misses, paraphrases


def test_near_misses_are_never_one_without_vectors() -> None:
    """Numbers, units, negations, opposites, things and sides: 1,000 made-up pairs, none reused."""
    wrong = [pair for pair in near_misses(1000, seed=3) if is_same(asked(pair.one), asked(pair.other))]
    assert wrong == []


def test_near_misses_are_hardly_ever_one_whatever_the_vectors_say() -> None:
    """As if every embedder called them equal: at most 0.5 %."""
    pairs = near_misses(1000, seed=4)
    wrong = [pair for pair in pairs if is_same(asked(pair.one), asked(pair.other), 1.0)]
    assert len(wrong) / len(pairs) <= 0.005


@pytest.mark.parametrize("name", ["paraphrases.jsonl", "paraphrases_held_out.jsonl"])
def test_paraphrases_are_often_one(name: str) -> None:
    """At least a quarter, without any vector."""
    pairs = paraphrases(name)
    right = [pair for pair in pairs if is_same(asked(pair.one), asked(pair.other))]
    assert len(right) / len(pairs) >= 0.25


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("降压药可以和酒一起吃吗？", "降压药必须和酒一起吃吗？"),
        ("为什么要停药？", "怎么停药？"),
        ("先吃药再吃饭吗？", "先吃饭再吃药吗？"),
        ("从北京到上海怎么走？", "从上海到北京怎么走？"),
        ("Convert euros to dollars?", "Convert dollars to euros?"),
        ("每天量两次", "每天量2遍，连量3天"),
        ("", "量血压"),
    ],
)
def test_what_must_differ(one: str, other: str) -> None:
    """Permission and duty, reason and way, order and direction."""
    assert not is_same(asked(one), asked(other), 1.0)
    assert not is_same(asked(other), asked(one), 1.0)


@pytest.mark.parametrize("text", ["", "？", "\0", "👍", "a" * 3000, "能不能不不不"])
def test_any_text_can_be_taken_apart(text: str) -> None:
    """And is one with itself."""
    assert is_same(asked(text), asked(text))
