"""The four segmentations that computed chapters are compared with, over the same sentences.

*Random* and *even* are told the true number of boundaries, which no real system knows. *TextTiling* is
Hearst's (Computational Linguistics 23, 1997) with her parameters. *Tiling* is what one writes in an
afternoon: lexical cosine of a minute before and after each sentence, plus the pause before it.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from baize.domain.locator import TimeSpan
from baize.domain.text import Segment
from baize.retrieval.terms import terms

Floats = npt.NDArray[np.float64]
Outlines = tuple[tuple[float, ...], ...]
"""Boundaries in seconds, once for each draw."""

_DRAWS = 20
_SEED = 20_260_101
_PSEUDO_SENTENCE, _BLOCK = 20, 10
"""Hearst's w in tokens and k in pseudo-sentences."""
_WINDOW_S = 60.0


def baselines(segments: Sequence[Segment], duration_s: float, n: int) -> Mapping[str, Outlines]:
    """Every baseline's boundaries, by name.

    Args:
        n: boundaries of the gold outline, without the one at 0 s.
    """
    starts = [segment.locator.start for segment in segments if isinstance(segment.locator, TimeSpan)]
    return {
        "random": _random(starts, n),
        "even": (tuple(duration_s * (k + 1) / (n + 1) for k in range(n)),),
        "texttiling": (text_tiling(segments),),
        "tiling": (tiling(segments),),
    }


def _random(starts: Sequence[float], n: int) -> Outlines:
    rng = random.Random(_SEED)  # noqa: S311 - a baseline, no secret
    inside = list(starts[1:])
    return tuple(tuple(sorted(rng.sample(inside, min(n, len(inside))))) for _ in range(_DRAWS))


def text_tiling(segments: Sequence[Segment]) -> tuple[float, ...]:
    """Block comparison with smoothing; cut at depths over mean − sd / 2; snapped to sentence starts."""
    tokens: list[str] = []
    owner: list[int] = []
    for number, segment in enumerate(segments):
        found = terms(segment.text)
        tokens += found
        owner += [number] * len(found)
    n = len(tokens) // _PSEUDO_SENTENCE
    if n < 3:
        return ()
    bags = [Counter(tokens[i * _PSEUDO_SENTENCE : (i + 1) * _PSEUDO_SENTENCE]) for i in range(n)]
    scores = []
    for gap in range(1, n):
        k = min(_BLOCK, gap, n - gap)
        before = sum((bags[i] for i in range(gap - k, gap)), Counter[str]())
        after = sum((bags[i] for i in range(gap, gap + k)), Counter[str]())
        scores.append(_cosine(before, after))
    smooth = np.convolve(np.pad(scores, 1, mode="edge"), np.ones(3) / 3, mode="valid")
    depths = np.array([_depth(smooth, i) for i in range(len(smooth))])
    cut = depths.mean() - depths.std() / 2
    # Her rule against neighbours: three pseudo-sentences between boundaries at least.
    kept: list[int] = []
    for i in np.argsort(-depths, kind="stable"):
        if depths[i] > cut and depths[i] > 0 and all(abs(int(i) - other) > 3 for other in kept):
            kept.append(int(i))
    numbers = {owner[min((i + 1) * _PSEUDO_SENTENCE, len(owner) - 1)] for i in kept}
    return _seconds(segments, sorted(numbers))


def tiling(segments: Sequence[Segment]) -> tuple[float, ...]:
    """Peaks of (1 − lexical cosine) and of the pause, both in standard deviations, a minute apart."""
    spans = [segment.locator for segment in segments if isinstance(segment.locator, TimeSpan)]
    if len(spans) < 3:
        return ()
    starts = np.array([span.start for span in spans])
    bags = [Counter(terms(segment.text)) for segment in segments]
    apart = np.zeros(len(spans))
    for i in range(1, len(spans)):
        first = min(int(np.searchsorted(starts, starts[i] - _WINDOW_S)), i - 1)
        last = max(int(np.searchsorted(starts, starts[i] + _WINDOW_S)), i + 1)
        apart[i] = 1 - _cosine(sum(bags[first:i], Counter[str]()), sum(bags[i:last], Counter[str]()))
    pauses = np.array([0.0, *(max(b.start - a.end, 0.0) for a, b in pairwise(spans))])
    scores = _standard(apart) + 0.5 * _standard(np.minimum(pauses, 5.0))
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable"):
        if scores[i] < scores.mean() + scores.std():
            break
        if i > 0 and all(abs(starts[i] - starts[other]) >= _WINDOW_S for other in kept):
            kept.append(int(i))
    return _seconds(segments, sorted(kept))


def _depth(scores: Floats, at: int) -> float:
    """How far the similarity falls here below the nearest peaks on both sides."""
    left = right = at
    while left > 0 and scores[left - 1] >= scores[left]:
        left -= 1
    while right < len(scores) - 1 and scores[right + 1] >= scores[right]:
        right += 1
    return float(scores[left] + scores[right] - 2 * scores[at])


def _cosine(a: Counter[str], b: Counter[str]) -> float:
    shared = sum(n * b[term] for term, n in a.items())
    lengths = math.sqrt(sum(n * n for n in a.values()) * sum(n * n for n in b.values()))
    return shared / lengths if lengths else 0.0


def _standard(values: Floats) -> Floats:
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-9))


def _seconds(segments: Sequence[Segment], numbers: Sequence[int]) -> tuple[float, ...]:
    spans = (segments[number].locator for number in numbers if number > 0)
    return tuple(span.start for span in spans if isinstance(span, TimeSpan))
