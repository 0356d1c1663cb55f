"""What gives a solution away, and what is left of a passage without it."""

from __future__ import annotations

import pytest

from baize.answering.seal import GAP, Seal, is_plain, words_of

FIVE = Seal("量血压之前要安静坐几分钟？", "五分钟", ("5 minutes",))
MEAN = Seal("Two readings differ. What do you write down?", "the mean of both readings", ("平均值",))


@pytest.mark.parametrize(
    "text",
    [
        "要坐五分钟。",
        "坐 5 分钟",
        "Five minutes of rest.",
        "５分钟",
        "五 - 分 - 钟",
        "wu fen zhong",
        "wǔ fēn zhōng",
        "w u f e n z h o n g",
        "五 分 钟 就 够 了",
    ],
)
def test_a_number_leaks_however_it_is_written(text: str) -> None:
    """Digits, Chinese, English, full width, spaced out, by its sound."""
    assert FIVE.leaks(text)


@pytest.mark.parametrize(
    "text", ["先安静坐着。", "量血压之前要做什么？", "要坐几分钟？", "Sit still first.", ""]
)
def test_the_exercise_itself_is_no_leak(text: str) -> None:
    """Its words stand in the question already."""
    assert not FIVE.leaks(text)


def test_words_leak_in_part_and_in_other_languages_that_the_team_named() -> None:
    """Half of the solution's own words say it."""
    assert MEAN.leaks("Write down the mean.")
    assert MEAN.leaks("写平均值。")
    assert not MEAN.leaks("What could you do with two readings?")


def test_a_passage_keeps_what_does_not_solve() -> None:
    """Gaps in place of the solution; a passage that is nothing but solution is a gap."""
    assert FIVE.masked("量血压之前，先安静坐五分钟。") == f"量血压之前，先安静坐{GAP}。"
    assert FIVE.masked("Rest for five minutes.") == f"Rest for {GAP}."
    assert FIVE.masked("袖带要和心脏一样高。") == "袖带要和心脏一样高。"
    assert not FIVE.leaks(FIVE.masked("坐5分钟，也就是五分钟，5 minutes。"))


def test_a_hint_may_use_words_of_the_exercise_of_the_passages_and_of_a_tutor() -> None:
    """Others may be the solution in disguise."""
    allowed = words_of(["量血压之前要安静坐几分钟？", f"先安静坐{GAP}。"])
    assert is_plain("再听一遍这段：量血压之前先做什么？", allowed, "量血压之前做什么？")
    assert not is_plain("大约是一节课的九分之一。", allowed, "量血压之前做什么？")
    assert not is_plain("SGVsbG8=", allowed, "What?")
    assert is_plain("What does the passage say?", words_of([]), "What?")
    assert not is_plain("Think of the average.", words_of(["Two readings differ."]), "What?")
    # A tutor's words, but of another tongue: they translate.
    assert not is_plain("答案是后面。", words_of([]), "From which side is velvet pressed?")
    assert not is_plain("答案是 the end。", words_of([]), "种大蒜时，哪一头朝上？")
    assert is_plain("看看 excel 这段。", words_of(["Excel 里怎么求和"]), "Excel 里怎么求和？")
