"""The judge of support finds planted errors, and lets true sentences pass."""

from __future__ import annotations

import pytest

from baize.domain.text import Cue
from eval.judge import clock_times, supported
from eval.onset import onset

QUOTE_ZH = "在家里量，标准要低一点，高压是135，低压是85。"
QUOTE_EN = (
    "If you forget the equals sign, the spreadsheet shows your formula as plain text and calculates nothing."
)


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        (QUOTE_ZH, QUOTE_ZH),
        ("在家里量血压，高压标准是135，低压是85[1]。", QUOTE_ZH),
        ("Forget the equals sign, and the formula is shown as plain text.", QUOTE_EN),
        ("the spreadsheet shows your formula as plain text", QUOTE_EN),
    ],
)  # fmt: skip
def test_true_sentences_pass(sentence: str, quote: str) -> None:
    """Verbatim, cut and reworded sentences are supported."""
    assert supported(sentence, quote) is True


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("在家里量，标准要低一点，高压是153，低压是85。", QUOTE_ZH),
        ("在家里量，标准不会低，高压是135，低压是85。", QUOTE_ZH),
        ("水果最好趁早上凉快的时候摘。", QUOTE_ZH),
        ("A filter hides the rows that you want to keep away.", QUOTE_EN),
        ("The spreadsheet never shows your formula as plain text.", QUOTE_EN),
        ("The spreadsheet shows your formula as plain text in 3 seconds.", QUOTE_EN),
    ],
)
def test_planted_errors_fail(sentence: str, quote: str) -> None:
    """A swapped number, a negation or another lesson's fact is not supported."""
    assert supported(sentence, quote) is False


def test_across_languages_no_rule_can_judge() -> None:
    """A translation is neither supported nor unsupported by words."""
    assert supported("忘了等号，公式就会显示成普通文字。", QUOTE_EN) is None


def test_clock_times() -> None:
    """Positions in a recording are seen in every spelling; ratios, scores and dates are not positions."""
    assert clock_times("At 3:07 and 1:02:07[1], 第3分7秒, 3分钟20秒") == [
        "3:07",
        "1:02:07",
        "3分7秒",
        "3分钟20秒",
    ]
    assert clock_times("140/90, 3.5, 12:345, 2026-05") == []


CUES = (Cue(10.0, 14.0, "abcd efgh"), Cue(20.0, 22.0, "ijkl"), Cue(50.0, 54.0, "abcd efgh"))


def test_onset() -> None:
    """A quote begins within its cue by proportion, may cross cues, and of two places the nearer counts."""
    assert onset("efgh ijkl", 0.0, CUES) == pytest.approx(12.0)
    assert onset("abcd", 12.0, CUES) == 10.0
    assert onset("abcd", 40.0, CUES) == 50.0
    assert onset("never said", 0.0, CUES) is None
