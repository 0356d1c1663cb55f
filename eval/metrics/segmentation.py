"""Boundaries of a recording against a person's: Pk, WindowDiff and F1 within a tolerance.

Pk: Beeferman, Berger and Lafferty, Machine Learning 34 (1999). WindowDiff: Pevzner and Hearst,
Computational Linguistics 28 (2002). Both on a grid of one second, with a window of half the mean gold
segment; 0 is perfect. A boundary at 0 s is where every recording begins, and counts nowhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_GRID_S = 1.0


def pk(gold: Sequence[float], predicted: Sequence[float], duration_s: float) -> float | None:
    """Share of windows whose two ends are together in one segmentation and apart in the other.

    Returns:
        None for a recording that is no longer than the window.
    """
    windows = _windows(gold, predicted, duration_s)
    return None if windows is None else float(np.mean((windows[0] > 0) != (windows[1] > 0)))


def windowdiff(gold: Sequence[float], predicted: Sequence[float], duration_s: float) -> float | None:
    """Share of windows in which the two segmentations differ in their number of boundaries."""
    windows = _windows(gold, predicted, duration_s)
    return None if windows is None else float(np.mean(windows[0] != windows[1]))


def match(gold: Sequence[float], predicted: Sequence[float], tolerance_s: float) -> list[tuple[float, float]]:
    """Pairs (gold, predicted) at most `tolerance_s` apart, each boundary in one pair at most.

    As many pairs as possible: taking the earliest partner in both sorted lists is optimal on a line.
    """
    left, right = inner(gold), inner(predicted)
    pairs: list[tuple[float, float]] = []
    i = j = 0
    while i < len(left) and j < len(right):
        if abs(left[i] - right[j]) <= tolerance_s:
            pairs.append((left[i], right[j]))
            i, j = i + 1, j + 1
        elif left[i] < right[j]:
            i += 1
        else:
            j += 1
    return pairs


def inner(boundaries: Sequence[float]) -> list[float]:
    """Sorted, each once, without the one at 0 s."""
    return sorted({boundary for boundary in boundaries if boundary > 0})


def _windows(
    gold: Sequence[float], predicted: Sequence[float], duration_s: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None:
    """Boundaries in each window, of both segmentations."""
    n = math.ceil(duration_s / _GRID_S)
    segments = [_segment_numbers(boundaries, n) for boundaries in (gold, predicted)]
    k = max(1, round(n / (len(inner(gold)) + 1) / 2)) if n else 0
    if n <= k:
        return None
    first, second = (numbers[k:] - numbers[:-k] for numbers in segments)
    return first, second


def _segment_numbers(boundaries: Sequence[float], n: int) -> npt.NDArray[np.int64]:
    """The number of the segment that each second lies in."""
    seconds = np.arange(n) * _GRID_S
    return np.searchsorted(np.round(inner(boundaries)), seconds, side="right").astype(np.int64)
