"""Intervals and tests: hand-computed values, and what must hold for any results."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.stats import STATISTICS, compare, interval

numbers = st.lists(
    st.floats(0, 1, allow_nan=False).map(lambda x: (round(x, 3),)), min_size=1, max_size=30
)  # fmt: skip


def value(statistic: str, cells: list[tuple[float, ...]]) -> float:
    return float(STATISTICS[statistic](np.array([cells], dtype=np.float64))[0])


@pytest.mark.parametrize(
    ("statistic", "cells", "expected"),
    [
        ("mean", [(1.0,), (0.0,), (0.0,), (1.0,)], 0.5),
        ("p50", [(1.0,), (9.0,), (2.0,)], 2.0),
        ("p95", [(0.0,), (100.0,)], 95.0),
        # matched 3, predicted 4, gold 6: 2 · 3 / 10
        ("f1", [(1.0, 1.0, 2.0), (2.0, 3.0, 4.0)], 0.6),
        # positives 0.9 and 0.4, negatives 0.5 and 0.4: above in 2 + 0.5 of 4 pairs
        ("auroc", [(0.9, 1.0), (0.4, 1.0), (0.5, 0.0), (0.4, 0.0)], 0.625),
    ],
)
def test_statistics(statistic: str, cells: list[tuple[float, ...]], expected: float) -> None:
    """Each statistic gives the number that a person computes."""
    assert value(statistic, cells) == pytest.approx(expected)


@settings(max_examples=25)
@given(numbers)
def test_interval_holds_its_value(cells: list[tuple[float, ...]]) -> None:
    """The value of a mean lies within its interval, the interval within the data, and twice is the same."""
    found = interval(cells, "mean")
    assert found is not None
    flat = [cell[0] for cell in cells]
    assert min(flat) - 1e-9 <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= max(flat) + 1e-9
    assert interval(cells, "mean") == found
    assert found.n == len(cells)


@settings(max_examples=10)
@given(numbers, st.sampled_from(["mean", "p50", "p95"]))
def test_identical_results_do_not_differ(cells: list[tuple[float, ...]], statistic: str) -> None:
    """Compared with itself, a run differs by 0 with p = 1."""
    found = compare(cells, cells, statistic)
    assert found is not None
    assert (found.difference.value, found.difference.low, found.difference.high, found.p) == (0, 0, 0, 1)


@settings(max_examples=10)
@given(numbers, numbers)
def test_comparison_is_symmetric(a: list[tuple[float, ...]], b: list[tuple[float, ...]]) -> None:
    """Swapping the two turns the sign and keeps p."""
    n = min(len(a), len(b))
    forth, back = compare(a[:n], b[:n], "mean"), compare(b[:n], a[:n], "mean")
    assert forth is not None
    assert back is not None
    assert forth.difference.value == pytest.approx(-back.difference.value)
    assert forth.p == back.p
    assert 0 < forth.p <= 1


def test_p_of_few_items() -> None:
    """Five items that all gain: of the 2⁵ swaps two are as extreme, so p is near 1/16."""
    found = compare([(0.0,)] * 5, [(1.0,)] * 5, "mean")
    assert found is not None
    assert found.p == pytest.approx(1 / 16, abs=0.01)


def test_clear_difference() -> None:
    """Forty items that all gain cannot be chance."""
    found = compare([(0.0,)] * 40, [(1.0,)] * 40, "mean")
    assert found is not None
    assert found.p < 0.001
    assert found.difference.low == 1.0


@pytest.mark.parametrize(
    ("cells", "statistic"), [([], "mean"), ([(0.5, 1.0)], "auroc"), ([(0.0, 0.0, 0.0)], "f1")]
)
def test_undefined(cells: list[tuple[float, ...]], statistic: str) -> None:
    """No item, one class only, or nothing to find: no number rather than a wrong one."""
    assert interval(cells, statistic) is None


def test_unequal_lengths_are_refused() -> None:
    """Results of different items cannot be paired."""
    with pytest.raises(ValueError, match="one shape"):
        compare([(0.0,)], [(0.0,), (1.0,)], "mean")
