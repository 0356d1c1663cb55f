"""Metrics of summaries, and their baselines, on texts that can be counted by hand."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baize.domain.text import Cue
from eval.kinds import summaries
from eval.kinds.summaries import Line, Observed
from eval.metrics.summary import coverage, decile_coverage, rouge_1, rouge_l, tokens
from eval.record import make_record
from eval.summarizers import baselines, text_rank


def test_tokens_are_characters_in_chinese_and_words_elsewhere() -> None:
    """Punctuation is none; traditional characters are simplified."""
    assert tokens("梯度下降，GPU 2 號") == ["梯", "度", "下", "降", "gpu", "2", "号"]


def test_rouge() -> None:
    """F1 of shared tokens, and of the longest common subsequence."""
    assert rouge_1("a b c d", "d c x") == pytest.approx(2 * 2 / 7)
    assert rouge_l("a b c d", "d c x") == pytest.approx(2 * 1 / 7)
    assert rouge_l("量血压", "量血压") == 1.0
    assert rouge_1("a", "b") == rouge_l("", "a") == 0.0


@given(a=st.text("abc ", max_size=8), b=st.text("abc ", max_size=8))
def test_common_subsequence_is_the_longest(a: str, b: str) -> None:
    """As found by trying all."""
    left, right = tokens(" ".join(a)), tokens(" ".join(b))
    all_right = {tuple(c) for n in range(len(right) + 1) for c in combinations(right, n)}
    longest = max(n for n in range(len(left) + 1) for c in combinations(left, n) if tuple(c) in all_right)
    expected = 2 * longest / (len(left) + len(right)) if longest else 0.0
    assert rouge_l(" ".join(a), " ".join(b)) == pytest.approx(expected)


def test_coverage_and_deciles() -> None:
    """Shares of terms, and of tenths that anybody speaks in."""
    assert coverage("hash function ledger", "the ledger has a hash") == pytest.approx(2 / 3)
    assert coverage("the of", "x") is None
    spoken = [(0.0, 10.0), (50.0, 60.0), (90.0, 100.0)]
    assert decile_coverage([(0.0, 5.0), (95.0, 99.0)], spoken) == pytest.approx(2 / 3)
    assert decile_coverage([], []) == 0.0


def test_baselines_have_the_length() -> None:
    """Lead is the beginning; TextRank likes what shares words."""
    texts = ["alpha beta gamma", "zeta eta theta", "alpha beta delta", "alpha gamma delta"]
    found = baselines(texts, 20)
    assert found["lead"] == ("alpha beta gamma zeta",)
    assert len(found["random"]) == 20
    assert text_rank(texts)[-1] == 1


def test_score() -> None:
    """A line must stand in what is said where it points; baselines of several draws count with their mean."""
    cues = (Cue(0.0, 5.0, "The ledger is public."), Cue(5.0, 10.0, "A hash is short."))
    good, bad = Line("The ledger is public.", 0.0, 5.0), Line("A hash is long.", 5.0, 10.0)
    item = Observed("v", "t", "ledger public", cues, (good, bad), {"random": ("ledger", "public ledger")})
    scored = summaries.score([item, Observed("w", "t", "", cues, error="No reference.")])
    record = make_record("s", "summaries", scored.items, scored.measures, scored.latency, {})
    found = {name: metric["value"] for name, metric in record["metrics"].items()}
    assert (record["n"], record["unscored"]) == (2, 1)
    assert found["link_validity"] == 0.5
    assert found["decile_coverage"] == 1.0
    assert found["coverage"] == 1.0
    assert found["random/coverage"] == 0.75
    assert found["compression"] == pytest.approx(37 / 37, abs=0.05)
