"""Intervals and tests over per-item results. Seeded: the same results always give the same numbers.

A metric is a statistic over the *cells* of its items: one number an item for a mean or a percentile,
several for a ratio of sums. A bootstrap sample draws items, never cells (Efron and Tibshirani 1993); the
paired test swaps the two systems' results item by item (Fisher's randomisation; Smucker, Allan and
Carterette, CIKM 2007).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Cells = Sequence[Sequence[float]]
Statistic = Callable[[Floats], Floats]
"""(batch, items, cells) → (batch,); NaN where it is undefined."""

N_BOOTSTRAP = 2_000
N_SWAPS = 10_000
_SEED = 20_260_101
_LEVEL = 0.95
_BATCH = 250
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its 95 % percentile-bootstrap interval over `n` items."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two systems on the same items.

    Attributes:
        difference: the second's statistic minus the first's, with its paired bootstrap interval.
        p: two-sided, of the randomisation test; 1.0 when no item differs.
    """

    first: float
    second: float
    difference: Interval
    p: float


def _mean(cells: Floats) -> Floats:
    return np.asarray(cells[:, :, 0].mean(axis=1))


def _sum(cells: Floats) -> Floats:
    return np.asarray(cells[:, :, 0].sum(axis=1))


def _ratio(cells: Floats) -> Floats:
    """Σ of the first cells over Σ of the second: a micro-average."""
    above, below = (cells[:, :, n].sum(axis=1) for n in range(2))
    return np.asarray(np.divide(above, below, out=np.full_like(below, np.nan), where=below > 0))


def _percentile(q: float) -> Statistic:
    return lambda cells: np.asarray(np.percentile(cells[:, :, 0], q, axis=1))


def _f1(cells: Floats) -> Floats:
    """Micro-averaged F1 of (matched, predicted, gold): 2 · matched / (predicted + gold)."""
    matched, predicted, gold = (cells[:, :, n].sum(axis=1) for n in range(3))
    total = predicted + gold
    return np.asarray(np.divide(2 * matched, total, out=np.full_like(total, np.nan), where=total > 0))


def _auroc(cells: Floats) -> Floats:
    """Area under the ROC curve of (score, label): P(positive above negative), ties one half."""
    return np.array([auroc_of(rows[:, 0], rows[:, 1]) for rows in cells])


def auroc_of(scores: Floats, labels: Floats) -> float:
    """P(positive above negative), ties one half; NaN where either is missing."""
    positive, negative = scores[labels > 0.5], np.sort(scores[labels <= 0.5])
    if not (len(positive) and len(negative)):
        return float("nan")
    below = np.searchsorted(negative, positive, "left") + np.searchsorted(negative, positive, "right")
    return float(below.mean() / 2 / len(negative))


def _coverage(cells: Floats) -> Floats:
    """Different numbers ≥ 0 in all but the first cells, over the first cell, which is how many there are.

    A bootstrap sample repeats items, and so always covers a little less.
    """
    listed = cells[:, :, 1:].astype(np.int64)
    seen = np.zeros((len(cells), int(listed.max(initial=0)) + 2), dtype=bool)
    for row, numbers in zip(seen, listed, strict=True):
        row[numbers.ravel()] = True
    # −1 stands for nothing, and lands in the last column.
    return np.asarray(seen[:, :-1].sum(axis=1) / np.maximum(cells[:, 0, 0], 1))


STATISTICS: Mapping[str, Statistic] = {
    "mean": _mean,
    "sum": _sum,
    "ratio": _ratio,
    "p50": _percentile(50),
    "p95": _percentile(95),
    "f1": _f1,
    "auroc": _auroc,
    "coverage": _coverage,
}


def interval(cells: Cells, statistic: str) -> Interval | None:
    """The statistic of these items with its interval; None where it is undefined (no item, one class)."""
    array = _array(cells)
    if not len(array):
        return None
    compute = STATISTICS[statistic]
    value = float(compute(array[None])[0])
    if np.isnan(value):
        return None
    low, high = _quantiles(np.concatenate([compute(array[rows]) for rows in _resampled(len(array))]))
    return Interval(value, low, high, len(array))


def compare(first: Cells, second: Cells, statistic: str) -> Comparison | None:
    """Two systems' results on the same items in the same order; None where either is undefined."""
    a, b = _array(first), _array(second)
    if a.shape != b.shape:
        raise ValueError(f"paired results must have one shape, not {a.shape} and {b.shape}")
    if not len(a):
        return None
    compute = STATISTICS[statistic]
    before, after = float(compute(a[None])[0]), float(compute(b[None])[0])
    if np.isnan(before) or np.isnan(after):
        return None
    drawn = np.concatenate([compute(b[rows]) - compute(a[rows]) for rows in _resampled(len(a))])
    low, high = _quantiles(drawn)
    return Comparison(
        before, after, Interval(after - before, low, high, len(a)), _p_value(a, b, compute, after - before)
    )


def _p_value(a: Floats, b: Floats, compute: Statistic, observed: float) -> float:
    rng = np.random.default_rng(_SEED)
    n_as_extreme = 0
    for start in range(0, N_SWAPS, _BATCH):
        swapped = rng.random((min(_BATCH, N_SWAPS - start), len(a), 1)) < 0.5
        difference = compute(np.where(swapped, a, b)) - compute(np.where(swapped, b, a))
        # A permutation in which the statistic is undefined is counted against the difference.
        n_as_extreme += int(np.sum(~(np.abs(difference) < abs(observed) - _ROUNDING)))
    return (1 + n_as_extreme) / (1 + N_SWAPS)


def _resampled(n: int) -> Sequence[npt.NDArray[np.int64]]:
    rng = np.random.default_rng(_SEED)
    return [rng.integers(0, n, (_BATCH, n)) for _ in range(N_BOOTSTRAP // _BATCH)]


def _quantiles(drawn: Floats) -> tuple[float, float]:
    tail = (1 - _LEVEL) / 2
    low, high = np.nanquantile(drawn, [tail, 1 - tail])
    return float(low), float(high)


def _array(cells: Cells) -> Floats:
    return np.array(cells, dtype=np.float64).reshape(len(cells), len(cells[0]) if cells else 1)
